//! Sections that nest: those in which sleep is forbidden, such as that of RCU readers, and those in
//! which it is not, such as that of the big kernel lock.
//!
//! A scenario knows one thing that forbids sleep and that a task has for itself: a spinlock of its
//! own. So a section is one. It nests, and a spinlock does not: only the outermost begin takes it, and
//! only the last end gives it back. How deep a path is in it is part of its state. What sleeps within
//! is then found exactly as it is under any spinlock, and nobody else can wait for the lock.
//!
//! A section in which a task may sleep is a semaphore of its own in the same way. That is what is left
//! of a lock that its holder lets go of whenever it sleeps: it keeps nobody out who waits for what
//! sleeps, so tasks that do not exclude one another have all runs that there are; and a path that
//! forgets to leave is found. That it is waited for with a spinlock held is not followed.

use crate::read::names::Name;
use crate::run::label::Label;
use crate::run::state::{Hold, State};
use crate::run::step::{Machine, Scope, Thing};
use crate::run::value::Linear;

/// What ends a section: one in which sleep is forbidden, and another one.
const ENDS: [&str; 2] = ["allow_sleep", "leave"];

/// The operation that gives back what is held, in a scenario; `None`: nothing is to be given back.
#[must_use]
pub fn given_back(hold: &Hold) -> Option<(&'static str, Name)> {
    let op = match hold.release {
        "allow_sleep" => "spin_unlock",
        "leave" if hold.of.number().is_some_and(|deep| deep < 0) => return None,
        "leave" => "up",
        other => other,
    };
    Some((op, hold.name))
}

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
        let atomic = matches!(op, "forbid_sleep" | "allow_sleep");
        let end = ENDS[usize::from(!atomic)];
        let open = (state.held.iter()).position(|hold| hold.release == end && hold.name == name);
        let deep = open.and_then(|at| state.held[at].of.number()).unwrap_or(0); // not in it
        let is_end = op == end;
        match open {
            None if is_end && !atomic => {
                // The caller's, to whom it may be given back: it is not taken by entering it again.
                let text = format!("`{function}` leaves what the caller has entered");
                let at = self.at();
                self.assumptions.note("contract", at, text, None);
                state.held.push(Hold {
                    release: end,
                    of: Linear::of(-1),
                    name,
                    atomic,
                });
                return None;
            }
            None if is_end => {
                let text = format!(
                    "`{function}` ends a section that did not begin on this path: it does nothing"
                );
                let at = self.at();
                self.assumptions.note("unread-function", at, text, None);
                return None;
            }
            None => state.held.push(Hold {
                release: end,
                of: Linear::of(1),
                name,
                atomic,
            }),
            Some(at) if deep == if is_end { 1 } else { -1 } => {
                state.held.remove(at);
            }
            Some(at) => state.held[at].of = Linear::of(if is_end { deep - 1 } else { deep + 1 }),
        }
        if deep != i64::from(is_end) {
            return None;
        }
        let [kind, take, give] = match atomic {
            true => ["spin", "spin_lock", "spin_unlock"],
            false => ["semaphore", "down", "up"],
        };
        self.things.insert(name, Thing::Lock(kind, Scope::Own));
        if !atomic {
            self.sizes.insert(name, 1);
        }
        let op = if is_end { give } else { take };
        Some(self.section_label(function, op, name))
    }

    fn section_label(&self, function: &str, op: &'static str, name: Name) -> Label {
        let (file, line, here) = self.here;
        Label {
            op,
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
