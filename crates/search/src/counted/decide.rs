//! Deciding without visiting every state: which kinds of finding are possible at all, and a search
//! straight for a deadlock. See [`kmapcheck_locals`], [`kmapcheck_cores`] and [`crate::aim`] for the arguments.

use kmapcheck_cores::{Cores, Graph, cannot_starve, exclude, shortest_run};
use kmapcheck_locals::Locals;
use kmapcheck_machine::{Findings, Stopped};
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_waitgraph::stuck::{scene, stuck};

use super::explore::{AIMED_STATES, Explorer};
use super::unfold;
use crate::aim::{self, Aim, Hit};
use crate::limits::Meter;

impl Explorer<'_> {
    /// Finds out which kinds of finding are possible at all, and searches straight for a deadlock
    /// where there is something to aim at.
    pub(super) fn take_aim(&mut self, meter: &mut Meter<'_>) -> Option<Stopped> {
        let program = self.table.program();
        let Ok(locals) = Locals::of(program) else {
            self.possible = Some(None);
            return None;
        };
        let graph = Graph::of(program, &locals);
        let cores = exclude(program, &locals, &graph);
        let possible = possible_by(program, &locals, &cores);
        self.possible = Some(Some(possible));
        let wanted = possible.contains(FindingKind::Deadlock);
        if !wanted || self.candidates.has(FindingKind::Deadlock) {
            return None;
        }
        if let Some((trace, last)) = shortest_run(program, &locals, &graph, &cores)
            && stuck(&scene(program, &self.abilities, &last)).contains(&true)
        {
            self.aimed = Some(trace);
            self.candidates.decide(FindingKind::Deadlock);
            return None;
        }
        let aim = Aim::of(program, &locals)?;
        let mut explorer = Explorer::new(program);
        explorer.memory_elsewhere = self.memory();
        if let Some(stopped) = explorer.start(meter) {
            return Some(stopped);
        }
        match aim::search(&mut explorer, &aim, AIMED_STATES, meter) {
            Ok(Hit::Deadlock { start, steps }) => {
                let start = explorer.start_of(start);
                self.aimed = Some(unfold::named(&mut explorer, start, &steps));
                self.candidates.decide(FindingKind::Deadlock);
            }
            Ok(Hit::None) => self.candidates.decide(FindingKind::Deadlock),
            Ok(Hit::Unknown) => {}
            Err(stopped) => return Some(stopped),
        }
        None
    }

    /// Whether every kind of finding that is possible has been found or excluded.
    pub(super) fn is_decided(&self) -> bool {
        let possible = self.possible.flatten();
        possible.is_some_and(|possible| self.candidates.news(possible).is_empty())
    }
}

/// The kinds of finding that may occur at all; `None`: nothing is known.
#[cfg(test)]
pub(crate) fn possible(program: &Program) -> Option<Findings> {
    let locals = Locals::of(program).ok()?;
    let cores = exclude(program, &locals, &Graph::of(program, &locals));
    Some(possible_by(program, &locals, &cores))
}

/// The kinds of finding that may occur at all: in some local state, and as far as the core
/// equations allow a deadlock.
fn possible_by(program: &Program, locals: &Locals, cores: &Cores) -> Findings {
    let mut possible = locals.possible();
    let stuck = !matches!(cores, Cores::Excluded(_));
    if stuck {
        possible.insert(FindingKind::Deadlock);
    }
    if program.has_loops() && (stuck || !cannot_starve(program, locals)) {
        possible.insert(FindingKind::Starved);
    }
    possible
}
