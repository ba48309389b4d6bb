//! What becomes of what a task had when it ends.

use kmapcheck_scenario::{FindingKind, TemplateId};

use crate::build::Way;
use crate::build::world::World;
use crate::ir::{Expr, Stmt};
use crate::local::{Class, Kind, Local, NEW, Name};

/// Ends the task: what it still holds is lost, and what only it knew is forgotten.
pub(super) fn end(world: &mut World<'_>, template: TemplateId, way: &mut Way) {
    let shared = world.program.pages.len();
    let local = std::mem::replace(&mut way.next, Local::ended());
    if !local.maps.is_empty() {
        way.found.push(FindingKind::SlotLeak);
    }
    if !local.held.is_empty() || !local.locks.is_empty() {
        way.found.push(FindingKind::LockLeak);
    }
    let number = |world: &World<'_>, class: Class| match class {
        NEW => way.new.clone().unwrap_or(Expr::Int(0)),
        class => world.number(template, class),
    };
    let mut stmts = Vec::new();
    if world.is_dynamic() {
        for class in local
            .maps
            .iter()
            .map(|map| map.page)
            .chain(local.locks.iter().copied())
        {
            stmts.extend(world.holder(&number(world, class), -1));
        }
        for class in local.held_pages() {
            let always = class < shared && world.shared_name(class).is_none();
            let named = local.names_page(class) || always;
            stmts.extend(world.after_release(&number(world, class), named));
        }
        for name in &local.names {
            if let Name::Page(class) = *name {
                stmts.extend(world.lose(&number(world, class)));
            }
        }
    } else {
        for (v, name) in local.names.iter().enumerate() {
            if matches!(name, Name::Page(_)) && world.options.counted {
                stmts.extend(world.forget_own_page(template, v));
            }
        }
        for &class in &local.locks {
            if class >= shared && world.options.counted {
                let page = number(world, class);
                stmts.push(Stmt::set_at(world.locked_var(), page, Expr::Bool(false)));
            }
        }
        for map in &local.maps {
            let unshared = match map.kind {
                Kind::Low => true,
                Kind::Pin { lies, .. } => !world.program.series[lies].reuse.keeps_mappings(),
                _ => false,
            };
            if unshared && map.page < shared {
                world.leaks_unshared = true;
            } else if unshared {
                stmts.push(world.unshared(&number(world, map.page), -1));
            }
        }
    }
    if world.options.counted {
        stmts.extend(world.reset_own_locks(template));
    }
    way.stmts.extend(stmts);
}
