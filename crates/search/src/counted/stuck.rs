//! Stuck sets of counted states: the tasks in one local state are one party of the reduction.

use std::borrow::Cow;
use std::rc::Rc;

use kmapcheck_scenario::FindingKind;
use kmapcheck_stuck::class::class_in;
use kmapcheck_stuck::scene::{Party, Scene, pins};
use kmapcheck_stuck::stuck_sets::{Stuck, stuck};

use super::explore::Explorer;
use super::local::materialise;
use super::packed::Counts;
use super::table::{Entry, Seen};

impl Explorer<'_> {
    /// For each local state of a state, whether and how tasks in it are stuck.
    pub(crate) fn stuck(&mut self, state: &Counts) -> Stuck {
        self.judged(state, stuck)
    }

    /// What is said of a state as the reduction sees it.
    pub(crate) fn judged<T>(&mut self, state: &Counts, judge: impl FnOnce(&Scene<'_>) -> T) -> T {
        let world = Rc::clone(self.table.world(state.world));
        let shared = world.shared_for(None);
        let entries: Vec<Entry> = state
            .tasks
            .iter()
            .map(|&(local, _)| self.table.entry(local, state.world))
            .collect();
        let seen: Vec<(Rc<Seen>, Vec<_>)> = state
            .tasks
            .iter()
            .map(|&(local, _)| match self.table.seen(local, &world) {
                Some(seen) => (seen, Vec::new()),
                None => {
                    let thing = self.table.local(local);
                    let task = thing.seen_task(&world);
                    let (solo_slots, joint) =
                        pins(self.table.program(), &task, &world.shared_for(Some(thing)));
                    (Rc::new(Seen { task, solo_slots }), joint)
                }
            })
            .collect();
        let parties = (state.tasks.iter().zip(&entries).zip(&seen))
            .map(|((&(_, count), entry), (seen, joint))| Party {
                task: &seen.task,
                count,
                standing: entry.standing,
                solo_slots: Cow::Borrowed(&seen.solo_slots),
                joint_pins: joint.clone(),
            })
            .collect();
        let scene = Scene {
            program: self.table.program(),
            abilities: &self.abilities,
            shared: &shared,
            common_pages: world.common_pages(),
            parties,
            patient: false,
        };
        judge(&scene)
    }

    /// The rank of the class of that finding in a state.
    ///
    /// # Panics
    ///
    /// If nobody is stuck in that way in the state.
    pub(crate) fn class_rank(&mut self, state: &Counts, kind: FindingKind) -> u32 {
        let world = self.table.world(state.world);
        let locals: Vec<_> = state
            .tasks
            .iter()
            .map(|&(local, n)| (Rc::clone(self.table.local(local)), n))
            .collect();
        let named = materialise(world, &locals);
        class_in(self.table.program(), &self.abilities, &named, kind)
            .expect("tasks that are stuck have a smallest core") as u32
    }
}
