//! In which states there may be a stuck set at all.
//!
//! The reduction for stuck sets costs microseconds, and this search has ten million states a
//! second, nearly all of them with somebody who waits. So it is run only where it may find
//! something. Take a stuck set *K* that is not empty. Slots, locks and units have holders, and a
//! member that waits for them is in *K* only because another member, or the same, holds some of
//! them: if no member held any, everything would have been given back, and (units asked for being
//! no more than there are, and a reserve being smaller than its series) would be enough. So go from
//! a member to a member that holds what it waits for, and on: a cycle closes. Draw an edge from a
//! class of resources to another where some waiting local state holds the one and waits for the
//! other: the cycle is a cycle of this graph, and each of its members holds a class that can be
//! reached from the one it waits for. Such a waiter is *suspicious*, and a state without one has no
//! stuck set.
//!
//! The argument needs holders. Whoever waits for something else is suspicious by itself: for a
//! completion, a unit that anybody may give back, memory, a CPU, a turn in a queue, one of several
//! things, a lock of its own, or a slot of a series that keeps all its slots back for holders; and
//! once something has been leaked, every waiter is.
//!
//! The graph has an edge for each waiting local state met so far. A state is judged when all its
//! local states have been met, so all edges of its own cycle are there.

use kmapcheck_machine::{Findings, Map, Standing, Task, Wait};
use kmapcheck_scenario::{Bound, FindingKind, Op, Program, Ref};

/// What a waiting local state holds and waits for, as classes of resources: first the series, then
/// the shared resources, last the locks of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grip {
    /// It waits for nothing that has holders.
    Odd,
    /// A set of classes held, and the class awaited.
    Waits { held: u64, awaited: usize },
}

/// The graph.
pub(crate) struct Alarm {
    classes: usize,
    /// By class: the classes awaited by those who hold it.
    edges: Vec<u64>,
    /// By class: those that can be reached from it, itself included.
    reach: Vec<u64>,
    /// Whether anything can be leaked, or there are too many classes to be told apart.
    always: bool,
}

impl Alarm {
    pub(crate) fn new(program: &Program) -> Alarm {
        let classes = program.series.len() + program.resources.len() + 1;
        let told_apart = classes.min(64);
        Alarm {
            classes,
            edges: vec![0; told_apart],
            reach: (0..told_apart).map(|class| 1 << class).collect(),
            always: classes > 64,
        }
    }

    /// What a task that waits so holds and waits for.
    pub(crate) fn grip(&self, program: &Program, task: &Task, standing: Standing) -> Option<Grip> {
        let Standing::Waits(waiting) = standing else {
            return None;
        };
        let series = program.series.len();
        let pages = self.classes - 1;
        let awaited = match waiting.wait {
            _ if self.always || waiting.cpu => None,
            Some(Wait::Slot { series, .. }) => {
                let declared = &program.series[series];
                let enough = match declared.slots {
                    Bound::Exactly(slots) => declared.for_holders < slots,
                    Bound::Any => true,
                };
                enough.then_some(series)
            }
            Some(
                Wait::Spin(Ref::Shared(i))
                | Wait::Read(Ref::Shared(i))
                | Wait::Write(Ref::Shared(i)),
            ) => Some(series + i),
            Some(Wait::Units(Ref::Shared(i), _)) => {
                program.resources[i].kind.is_owned().then_some(series + i)
            }
            Some(Wait::PageLock(_)) => Some(pages),
            _ => None,
        };
        let Some(awaited) = awaited else {
            return Some(Grip::Odd);
        };
        let mut held = 0u64;
        for map in &task.maps {
            if let Map::Pin { lies, .. } = *map {
                held |= 1 << lies;
            }
        }
        for held_lock in &task.held {
            if let Ref::Shared(i) = held_lock.what {
                held |= 1 << (series + i);
            }
        }
        if let (Some(_), Some(at)) = (task.queued, task.at)
            && let Op::DownWrite {
                lock: Ref::Shared(i),
            } = program.templates[task.template].nodes[at].op
        {
            // New readers wait for whoever has announced himself.
            held |= 1 << (series + i);
        }
        if !task.page_locks.is_empty() {
            held |= 1 << pages;
        }
        Some(Grip::Waits { held, awaited })
    }

    /// Takes note of a local state; whether that may make others suspicious.
    pub(crate) fn note_grip(&mut self, grip: Grip) -> bool {
        let Grip::Waits { held, awaited } = grip else {
            return false;
        };
        let mut changed = false;
        for class in (0..self.edges.len()).filter(|class| held >> class & 1 == 1) {
            changed |= self.edges[class] >> awaited & 1 == 0;
            self.edges[class] |= 1 << awaited;
        }
        if !changed {
            return false;
        }
        let before = self.reach.clone();
        for (reach, edges) in self.reach.iter_mut().zip(&self.edges) {
            *reach |= edges;
        }
        for via in 0..self.reach.len() {
            for from in 0..self.reach.len() {
                if self.reach[from] >> via & 1 == 1 {
                    self.reach[from] |= self.reach[via];
                }
            }
        }
        before != self.reach
    }

    /// Takes note of the findings of a step; whether that makes others suspicious.
    pub(crate) fn note_findings(&mut self, findings: Findings) -> bool {
        let leaks =
            findings.contains(FindingKind::SlotLeak) || findings.contains(FindingKind::LockLeak);
        let changed = leaks && !self.always;
        self.always |= leaks;
        changed
    }

    /// Whether the waiter may be part of what closes a stuck set.
    pub(crate) fn is_suspicious(&self, grip: Grip) -> bool {
        match grip {
            _ if self.always => true,
            Grip::Odd => true,
            Grip::Waits { held, awaited } => self.reach[awaited] & held != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(classes: usize) -> Alarm {
        Alarm {
            classes,
            edges: vec![0; classes],
            reach: (0..classes).map(|class| 1 << class).collect(),
            always: false,
        }
    }

    #[test]
    fn waiters_on_a_cycle_are_suspicious_and_others_are_not() {
        let waits = |held: &[u32], awaited| Grip::Waits {
            held: held.iter().map(|class| 1 << class).sum(),
            awaited,
        };
        let mut alarm = alarm(4);
        // 0 held, 1 awaited; 1 held, 2 awaited: an order.
        let (a, b) = (waits(&[0], 1), waits(&[1], 2));
        alarm.note_grip(a);
        alarm.note_grip(b);
        assert!(!alarm.is_suspicious(a) && !alarm.is_suspicious(b));
        // 2 held, 0 awaited closes it; 3 is not on it.
        let (c, d) = (waits(&[2, 3], 0), waits(&[3], 0));
        assert!(alarm.note_grip(c));
        assert!(alarm.is_suspicious(a) && alarm.is_suspicious(b) && alarm.is_suspicious(c));
        assert!(!alarm.is_suspicious(d));
        // One resource against itself, and waits without holders.
        assert!(alarm.is_suspicious(waits(&[3], 3)) && alarm.is_suspicious(Grip::Odd));
        assert!(alarm.note_findings(Findings::of(FindingKind::SlotLeak)));
        assert!(alarm.is_suspicious(d));
    }
}
