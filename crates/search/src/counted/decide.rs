//! Deciding without visiting every state: which kinds of finding are possible at all, and a search
//! straight for a deadlock. See [`crate::closure`] and [`crate::aim`] for the arguments.

use kmapcheck_machine::Stopped;
use kmapcheck_scenario::FindingKind;

use super::explore::{AIMED_STATES, Explorer};
use super::unfold;
use crate::aim::{self, Aim, Hit};
use crate::closure::Closure;
use crate::limits::Meter;

impl Explorer<'_> {
    /// Finds out which kinds of finding are possible at all, and searches straight for a deadlock
    /// where there is something to aim at.
    pub(super) fn take_aim(&mut self, meter: &mut Meter<'_>) -> Option<Stopped> {
        let program = self.table.program();
        let closure = Closure::of(program);
        self.possible = Some(closure.as_ref().map(|closure| closure.possible));
        let aim = Aim::of(program, &closure?)?;
        if self.candidates.has(FindingKind::Deadlock) {
            return None;
        }
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
