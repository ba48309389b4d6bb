//! A deadlock with all that is to be known of it: its core, what kind it is, its graph, and who
//! could still help. What only a time-out ends is one as well, as long as nobody gives up.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Abilities, Resource, State, Wait, Waiting};
use kmapcheck_scenario::{FindingKind, Program};
use petgraph::graph::DiGraph;
use rustc_hash::FxHashSet;

use crate::alike::Groups;
use crate::class::{Class, class_of};
use crate::core::core_of;
use crate::graph::{Link, Node, could_give, graph_of, wait_for};
use crate::holdings::{Blockers, How, Leaks, holdings};
use crate::scene::{Scene, scene};
use crate::stuck_sets::{patient, stuck};

/// A stuck set and why it is stuck.
#[derive(Debug)]
pub struct Deadlock<'a> {
    /// The state it is in; its parties are the tasks, by their numbers.
    pub scene: Scene<'a>,
    /// What kind of deadlock it is.
    pub class: Class,
    /// The smallest set of tasks that are stuck on one another, ascending.
    pub core: Vec<usize>,
    /// The core, alike members together.
    pub blocks: Vec<Vec<usize>>,
    /// All tasks that are stuck, ascending.
    pub stuck: Vec<usize>,
    /// What is lost: held by tasks that have ended.
    pub leaks: Leaks,
    /// What each of the core waits for in vain.
    pub blockers: Blockers,
    groups: Groups,
}

impl<'a> Deadlock<'a> {
    /// The deadlock of a state, or what only a time-out ends, by `kind`; `None` if it has none.
    #[must_use]
    pub fn of(
        program: &'a Program,
        abilities: &'a Abilities,
        state: &'a State,
        kind: FindingKind,
    ) -> Option<Deadlock<'a>> {
        let scene = scene(program, abilities, state);
        let stuck = stuck(&scene);
        if !stuck.of_kind(kind).contains(&true) {
            return None;
        }
        let (scene, is_stuck) = match kind {
            FindingKind::TimeoutRescue => (patient(&scene, &stuck.deadlocked), stuck.rescued),
            _ => (scene, stuck.forever),
        };
        let groups = Groups::of(&scene);
        let leaks = Leaks::of(&scene);
        let core = core_of(&scene, &groups, &leaks, &is_stuck)?;
        let blockers = Blockers::of(&scene, &core);
        Some(Deadlock {
            class: class_of(&scene, &leaks, &blockers),
            blocks: groups.split(&core),
            stuck: (0..is_stuck.len()).filter(|&i| is_stuck[i]).collect(),
            core,
            leaks,
            blockers,
            groups,
            scene,
        })
    }

    /// The wait-for graph of the core.
    #[must_use]
    pub fn graph(&self) -> DiGraph<Node, Link> {
        graph_of(&self.scene, &self.groups, &self.blockers, &self.core)
    }

    /// In which way a task waits for that thing; `None` if it does not, or only for a CPU.
    #[must_use]
    pub fn wait(&self, task: usize, thing: Resource) -> Option<Wait> {
        wait_for(&self.scene, task, thing)
    }

    /// Whether a task can give up.
    #[must_use]
    pub fn gives_up(&self, task: usize) -> bool {
        (self.scene.parties[task].waiting()).is_some_and(Waiting::gives_up)
    }

    /// The tasks of the core that would have to be saved: not those for whom to wait there for ever is
    /// a good end. There is at least one.
    #[must_use]
    pub fn to_save(&self) -> Vec<usize> {
        let is_idle =
            |task: usize| (self.scene.parties[task].waiting()).is_some_and(Waiting::is_idle);
        let core = self.core.iter().copied();
        core.filter(|&task| !is_idle(task)).collect()
    }

    /// Each task of the core that could still give a thing that another waits for, with that thing;
    /// ascending.
    #[must_use]
    pub fn gives(&self) -> Vec<(usize, Resource)> {
        let mut gives = Vec::new();
        for block in &self.blocks {
            // Alike tasks get the same from the same tasks, each what is its own apart.
            let mut seen = FxHashSet::default();
            for &waiter in block {
                for &thing in self.blockers.of_task(waiter) {
                    if seen.insert(thing) {
                        let givers = self.givers(waiter, thing).into_iter();
                        gives.extend(givers.map(|giver| (giver, thing)));
                    }
                }
            }
        }
        gives.sort_unstable();
        gives.dedup();
        gives
    }

    /// The tasks of the core that do not hold a thing that `waiter` waits for but could still give it,
    /// if they were not stuck; ascending.
    #[must_use]
    pub fn givers(&self, waiter: usize, thing: Resource) -> Vec<usize> {
        let Some(wait) = self.wait(waiter, thing) else {
            return Vec::new();
        };
        let mut givers: Vec<usize> = Vec::new();
        for block in &self.blocks {
            ask();
            // Of alike tasks the others could give what this one waits for.
            let another = block.iter().find(|&&task| task != waiter);
            let giver = *another.unwrap_or(&block[0]);
            // A place in a queue is nothing that could be given.
            let holds = (holdings(&self.scene, block[0]).iter())
                .any(|held| held.thing == thing && held.how != How::Queues);
            if !holds && could_give(&self.scene, waiter, giver, wait) {
                givers.extend(block);
            }
        }
        givers.sort_unstable();
        givers
    }
}
