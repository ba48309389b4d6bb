//! Tasks that are alike: nothing but their number tells them apart.
//!
//! Two tasks are alike if they run the same template from the same node, hold the same, wait for
//! the same, and name the same pages, where pages that a task has for itself (no other task and no
//! shared name refers to them) count as the same if they come up in the same places. Exchanging
//! alike tasks maps a state onto itself, so whatever is true of one of them is true of all; a core
//! needs only to say *how many* of them it takes, and a report may show them as one.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Name, PageId, Standing, Task, Wait};
use kmapcheck_scenario::SeriesId;
use rustc_hash::FxHashMap;

use crate::scene::Scene;

/// The parties of a scene, in groups of alike ones.
#[derive(Debug)]
pub(crate) struct Groups {
    /// The members of each group, ascending; groups in the order of their first members.
    pub members: Vec<Vec<usize>>,
    /// For each party its group.
    pub of: Vec<usize>,
    /// The task that has a page for itself, for pages that one has.
    owner: FxHashMap<PageId, Owner>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    One(usize),
    Common,
}

/// All that the reduction sees of a task, its own pages numbered in the order in which they come
/// up.
#[derive(PartialEq, Eq, Hash)]
struct Likeness {
    task: Task,
    standing: (u8, Option<Wait>, bool),
    solo_slots: Vec<u32>,
    joint_pins: Vec<(PageId, SeriesId, u32)>,
}

impl Groups {
    /// Sorts the parties of a scene, each of them one task, into groups.
    pub(crate) fn of(scene: &Scene<'_>) -> Groups {
        let owner = owners(scene);
        let mut number: FxHashMap<Likeness, usize> = FxHashMap::default();
        let mut members: Vec<Vec<usize>> = Vec::new();
        let mut of = Vec::with_capacity(scene.parties.len());
        for i in 0..scene.parties.len() {
            ask();
            let group = *number
                .entry(likeness(scene, &owner, i))
                .or_insert(members.len());
            match members.get_mut(group) {
                Some(members) => members.push(i),
                None => members.push(vec![i]),
            }
            of.push(group);
        }
        Groups { members, of, owner }
    }

    /// Whether only one task refers to the page.
    pub(crate) fn is_private(&self, page: PageId) -> bool {
        matches!(self.owner.get(&page), Some(Owner::One(_)))
    }

    /// Splits a set of tasks, ascending, into those that are alike, by first members.
    pub(crate) fn split(&self, tasks: &[usize]) -> Vec<Vec<usize>> {
        let mut place: FxHashMap<usize, usize> = FxHashMap::default();
        let mut split: Vec<Vec<usize>> = Vec::new();
        for &task in tasks {
            let i = *place.entry(self.of[task]).or_insert(split.len());
            match split.get_mut(i) {
                Some(alike) => alike.push(task),
                None => split.push(vec![task]),
            }
        }
        split
    }
}

fn owners(scene: &Scene<'_>) -> FxHashMap<PageId, Owner> {
    let mut owner: FxHashMap<PageId, Owner> = FxHashMap::default();
    for name in &scene.shared.names {
        if let Name::Page(page) | Name::Dangling(Some(page)) = name {
            owner.insert(*page, Owner::Common);
        }
    }
    for (i, party) in scene.parties.iter().enumerate() {
        ask();
        party.task.for_each_page(|page| {
            let owner = owner.entry(page).or_insert(Owner::One(i));
            if *owner != Owner::One(i) {
                *owner = Owner::Common;
            }
        });
    }
    owner
}

fn likeness(scene: &Scene<'_>, owner: &FxHashMap<PageId, Owner>, i: usize) -> Likeness {
    let party = &scene.parties[i];
    let mut own: Vec<PageId> = Vec::new();
    let mut rename = |page: PageId| {
        if owner.get(&page) != Some(&Owner::One(i)) {
            return page;
        }
        let at = own
            .iter()
            .position(|&known| known == page)
            .unwrap_or_else(|| {
                own.push(page);
                own.len() - 1
            });
        // Counted down from the top: page tables are far too small for such numbers.
        PageId::MAX - at
    };
    let task = party.task.with_pages(&mut rename);
    let standing = match party.standing {
        Standing::Ended => (0, None, false),
        Standing::Moves => (1, None, false),
        Standing::Waits(waiting) => {
            let wait = waiting.wait.map(|wait| match wait {
                Wait::Slot { series, page } => Wait::Slot {
                    series,
                    page: rename(page),
                },
                Wait::PageLock(page) => Wait::PageLock(rename(page)),
                other => other,
            });
            (2, wait, waiting.cpu)
        }
    };
    let joint_pins = party
        .joint_pins
        .iter()
        .map(|&(page, series, pins)| (rename(page), series, pins))
        .collect();
    Likeness {
        task,
        standing,
        solo_slots: party.solo_slots.to_vec(),
        joint_pins,
    }
}
