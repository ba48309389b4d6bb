//! Common pages brought into order, so that one state has one form.

use kmapcheck_machine::{Name, PageId, is_forgettable};
use kmapcheck_scenario::Program;

use super::{COMMON, Local, World};

/// Brings common pages into order: those with a shared name come first, in the order of the names;
/// nameless ones that nobody refers to leave; one that a single task refers to, and that is not
/// free, becomes that task's own. Returns `None` if all is in order.
///
/// `locals` are the local states there are, with how many tasks are in each.
///
/// If pages are told apart by number, all keep their order, and only those leave that make no
/// difference any more.
pub(crate) fn tidy_as(
    program: &Program,
    world: &World,
    locals: &[(Local, u32)],
    names_pages: bool,
) -> Option<(World, Vec<Local>)> {
    let mut order: Vec<PageId> = Vec::new();
    for name in world.names.iter().filter(|_| !names_pages) {
        if let Name::Page(page) | Name::Dangling(Some(page)) = *name
            && !order.contains(&page)
        {
            order.push(page);
        }
    }
    let mut free = world.free.clone();
    let refers = |page| {
        locals
            .iter()
            .any(|(local, n)| *n > 0 && local.refers_to(page))
    };
    if names_pages {
        order.extend((0..world.common.len()).filter(|&page| {
            world.is_named(page) || refers(page) || !is_forgettable(program, &world.common[page])
        }));
    }
    let unnamed = (0..world.common.len()).filter(|&page| !names_pages && !world.is_named(page));
    for page in unnamed {
        let references: u32 = locals
            .iter()
            .filter(|(local, _)| local.refers_to(page))
            .map(|&(_, n)| n)
            .sum();
        let content = &world.common[page];
        match references {
            0 if content.free => World::add_free(&mut free, program, content.clone(), 1),
            0 => {}
            1 if !content.free => {}
            _ => order.push(page),
        }
    }
    if order.len() == world.common.len() && order.iter().enumerate().all(|(i, &page)| i == page) {
        return None;
    }
    let number = |page: PageId| order.iter().position(|&other| other == page);
    let to_common =
        |page: PageId| number(page).expect("what has a name, or is not a task's own, stays common");
    let tidied = World {
        names: world
            .names
            .iter()
            .map(|name| name.with_page(to_common))
            .collect(),
        common: order
            .iter()
            .map(|&page| world.common[page].clone())
            .collect(),
        free,
        ..world.clone()
    };
    let locals = locals
        .iter()
        .map(|(local, _)| {
            let content = |page: PageId| match page.checked_sub(COMMON) {
                None => Some(local.pages[page].clone()),
                Some(common) if number(common).is_none() => Some(world.common[common].clone()),
                Some(_) => None,
            };
            Local::new(&local.task, content, |page| to_common(page - COMMON))
        })
        .collect();
    Some((tidied, locals))
}
