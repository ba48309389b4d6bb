//! Sections in which sleep is forbidden, such as that of RCU readers.
//!
//! A scenario knows one thing that forbids sleep and that a task has for itself: a spinlock of its
//! own. So a section is one. It nests, and a spinlock does not: only the outermost begin takes it, and
//! only the last end gives it back. How deep a path is in it is part of its state. What sleeps within
//! is then found exactly as it is under any spinlock, and nobody else can wait for the lock.

use crate::read::names::Name;
use crate::run::label::Label;
use crate::run::state::{Hold, State};
use crate::run::step::{Machine, Scope, Thing};
use crate::run::value::Linear;

/// What ends a section.
const END: &str = "allow_sleep";

impl Machine<'_> {
    /// Begins or ends a section. The label, if it is the outermost.
    pub fn section(
        &mut self,
        state: &mut State,
        function: &str,
        op: &str,
        section: &str,
    ) -> Option<Label> {
        // No name of C has this character.
        let name = self.names.name(&format!("{section}-section"));
        let open = (state.held.iter()).position(|hold| hold.release == END && hold.name == name);
        let deep = open.and_then(|at| state.held[at].of.number()).unwrap_or(0); // not in it
        let is_end = op == END;
        match open {
            None if is_end => {
                let text = format!(
                    "`{function}` ends a section that did not begin on this path: it does nothing"
                );
                let at = self.at();
                self.assumptions.note("unread-function", at, text, None);
                return None;
            }
            None => state.held.push(Hold {
                release: END,
                of: Linear::of(1),
                name,
                atomic: true,
            }),
            Some(at) if is_end && deep == 1 => {
                state.held.remove(at);
            }
            Some(at) => state.held[at].of = Linear::of(if is_end { deep - 1 } else { deep + 1 }),
        }
        if deep != i64::from(is_end) {
            return None;
        }
        self.things.insert(name, Thing::Lock("spin", Scope::Own));
        Some(self.section_label(function, is_end, name))
    }

    fn section_label(&self, function: &str, is_end: bool, name: Name) -> Label {
        let (file, line, here) = self.here;
        Label {
            op: if is_end { "spin_unlock" } else { "spin_lock" },
            of: Some(name),
            with: None,
            file,
            line,
            function: here,
            note: Some(format!("{function}()")),
            taken: None,
        }
    }
}
