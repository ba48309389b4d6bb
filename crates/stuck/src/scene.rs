//! A state as those see it who ask who is stuck in it: tasks that are alike, what they hold, and what
//! they wait for.

use std::borrow::Cow;

use kmapcheck_limits::ask;
use kmapcheck_machine::{
    Abilities, Name, PageId, Resource, Shared, Standing, State, Task, Wait, Waiting, alternatives,
    resolve,
};
use kmapcheck_scenario::{Op, Program, Ref, ResourceKind, SeriesId};
use smallvec::SmallVec;

/// Tasks that are alike.
#[derive(Debug, Clone)]
pub struct Party<'a> {
    /// One of them.
    pub task: &'a Task,
    /// How many there are.
    pub count: u32,
    /// Whether each of them can go on.
    pub standing: Standing,
    /// For each series, the slots that each of them pins all by itself.
    pub solo_slots: Cow<'a, [u32]>,
    /// Pins of each of them on mappings that have other users too: page, series, how many.
    pub joint_pins: Vec<(PageId, SeriesId, u32)>,
}

impl Party<'_> {
    /// What each of them waits for, if they wait.
    #[must_use]
    pub fn waiting(&self) -> Option<Waiting> {
        match self.standing {
            Standing::Waits(waiting) => Some(waiting),
            Standing::Moves | Standing::Ended => None,
        }
    }
}

/// A state as the reduction sees it.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    /// The program.
    pub program: &'a Program,
    /// What the rest of the task programs can still do.
    pub abilities: &'a Abilities,
    /// The shared part.
    pub shared: &'a Shared,
    /// Page numbers below this mean the same page for every party; others are a party's own.
    pub common_pages: PageId,
    /// The tasks. Those that have ended may be left out.
    pub parties: Vec<Party<'a>>,
    /// Whether those who can give up count as waiting, like all others; else as able to move, if it is
    /// no CPU that they lack.
    pub patient: bool,
}

impl Scene<'_> {
    /// What would each by itself end the wait of a party's operation; nothing if it lacks a CPU only.
    #[must_use]
    pub fn alternatives(&self, i: usize) -> SmallVec<[Wait; 1]> {
        let party = &self.parties[i];
        match party.waiting().and_then(|waiting| waiting.wait) {
            Some(wait) => alternatives(self.program, party.task, self.shared, wait),
            None => SmallVec::new(),
        }
    }

    /// By party, whether it waits in such a way.
    pub(crate) fn who_waits(&self, way: impl Fn(Waiting) -> bool) -> Vec<bool> {
        let waits = |party: &Party<'_>| party.waiting().is_some_and(&way);
        self.parties.iter().map(waits).collect()
    }

    /// The lock, pool or completion that a resource is, if it is one.
    #[must_use]
    pub fn resource_kind(&self, what: Resource) -> Option<ResourceKind> {
        match what {
            Resource::Shared(index) => Some(self.program.resources[index].kind),
            Resource::Own { task, index } => {
                let template = self.parties[task].task.template;
                Some(self.program.templates[template].resources[index].kind)
            }
            _ => None,
        }
    }
}

/// The operation that `task` is at.
pub(crate) fn op_of(program: &Program, task: &Task) -> Option<Op> {
    task.at
        .map(|at| program.templates[task.template].nodes[at].op)
}

/// The operations that `task` waits for together: the one that it is at, or the first ones of a
/// select.
fn calls<'a>(program: &'a Program, task: &'a Task) -> impl Iterator<Item = Op> + 'a {
    let template = &program.templates[task.template];
    let calls = task.at.into_iter().flat_map(|at| template.calls(at));
    calls.map(|node| template.nodes[node].op)
}

/// The names through which `task` waits for a page to be mapped or unlocked.
pub(crate) fn page_names<'a>(
    scene: &'a Scene<'_>,
    task: &'a Task,
    page: PageId,
) -> impl Iterator<Item = Ref> + 'a {
    let names = calls(scene.program, task).filter_map(|op| match op {
        Op::Kmap { page, .. } | Op::LockPage { page } => Some(page),
        _ => None,
    });
    names.filter(move |&name| resolve(task, scene.shared, name) == Name::Page(page))
}

/// The scene of a state that names every task, each a party of its own.
#[must_use]
pub fn scene<'a>(program: &'a Program, abilities: &'a Abilities, state: &'a State) -> Scene<'a> {
    let parties = state
        .tasks
        .iter()
        .map(|task| {
            ask();
            let (solo_slots, joint_pins) = pins(program, task, &state.shared);
            let standing = kmapcheck_machine::standing(program, task, &state.shared);
            Party {
                task,
                count: 1,
                standing,
                solo_slots: Cow::Owned(solo_slots),
                joint_pins,
            }
        })
        .collect();
    Scene {
        program,
        abilities,
        shared: &state.shared,
        common_pages: PageId::MAX,
        parties,
        patient: false,
    }
}

/// The slots that `task` pins by itself, series by series, and its pins on mappings with other
/// users too.
#[must_use]
pub fn pins(
    program: &Program,
    task: &Task,
    shared: &Shared,
) -> (Vec<u32>, Vec<(PageId, SeriesId, u32)>) {
    let mut solo = vec![0; program.series.len()];
    let mut joint: Vec<(PageId, SeriesId, u32)> = Vec::new();
    for map in &task.maps {
        let kmapcheck_machine::Map::Pin { page, lies, .. } = *map else {
            continue;
        };
        if !program.series[lies].reuse.keeps_mappings() {
            solo[lies] += 1;
        } else if let Some(entry) = joint
            .iter_mut()
            .find(|entry| (entry.0, entry.1) == (page, lies))
        {
            entry.2 += 1;
        } else {
            joint.push((page, lies, 1));
        }
    }
    joint.retain(|&(page, lies, pins)| {
        let alone = shared.page(page).count[lies] == pins + 1;
        solo[lies] += u32::from(alone);
        !alone
    });
    (solo, joint)
}
