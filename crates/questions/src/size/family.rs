//! The core equations of a program with its sizes left open.
//!
//! All slots and instance counts are made unknowns once. What can be said about a size, or about all
//! sizes from some on, is then a matter of a few more inequalities: the slots of a series equal to a
//! number, or at least it; the tasks of a template in the core at most its instances. Where every
//! set of things waited for is excluded with them, there is no deadlock at any of those sizes. The
//! closure with open slots contains the one of every number of slots, so nothing is missed.

use kmapcheck_equations::{Amount, Cores, Graph, Judged, cannot_starve, comes_to_rest, judge};
use kmapcheck_linear::{Answer, Constraint, Problem, solve};
use kmapcheck_local::Locals;
use kmapcheck_machine::{Findings, Wanted};
use kmapcheck_scenario::{Bound, Program, SeriesId};

use super::resize::{Numbers, resized};

/// Pivots for each system of inequalities.
const BUDGET: u64 = 20_000;

/// Equations for all sizes of a program.
#[derive(Debug)]
pub struct Family {
    systems: Vec<System>,
    /// Whether nobody starves where the equations exclude deadlocks.
    pub cannot_starve: bool,
    /// Whether everything is asked for in one order, so that no size can deadlock.
    pub ordered: bool,
    /// The kinds of finding, other than deadlock and starvation, that may occur at some size.
    pub possible: Findings,
}

/// The inequalities for one set of things waited for.
#[derive(Debug)]
struct System {
    problem: Problem,
    /// The unknown of each series' slots.
    slots: Vec<(SeriesId, usize)>,
    /// For each template the unknowns of its tasks.
    tasks: Vec<Vec<usize>>,
}

/// How many slots a series has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slots {
    /// So many.
    Exactly(u32),
    /// So many or more.
    AtLeast(u32),
}

impl Slots {
    /// Those of a program; an open number is any from 1 on.
    #[must_use]
    pub fn of(numbers: &Numbers) -> Vec<Slots> {
        (numbers.slots.iter())
            .map(|n| n.map_or(Slots::AtLeast(1), Slots::Exactly))
            .collect()
    }
}

impl Family {
    /// The equations; `None` if the program is outside the closure's premises, or a task can end
    /// without giving back what others wait for, or there are too many.
    #[must_use]
    pub fn of(program: &Program) -> Option<Family> {
        let open = resized(
            program,
            &Numbers {
                slots: vec![None; program.series.len()],
                tasks: vec![None; program.templates.len()],
            },
        )?;
        let locals = Locals::of(&open).ok()?;
        let Judged { graph, cores, .. } = judge(&open, &locals);
        let mut systems = Vec::new();
        // That all drain says something where what is missing is held: not if it had to be counted.
        let drain = || !matches!(cores, Cores::NeverMissing(_)) && cannot_starve(&open, &locals);
        let cannot_starve = !open.has_loops() || drain() || comes_to_rest(&open, &locals);
        let ordered = match cores {
            Cores::Excluded(excluded) => excluded.is_empty(),
            Cores::NeverMissing(_) => false,
            Cores::Undecided(_) => return None,
            Cores::Possible(possible) => {
                for possible in possible {
                    systems.push(match possible.equations {
                        Some(equations) => System {
                            slots: (equations.open.iter().enumerate())
                                .map(|(i, &series)| (series, equations.kinds.len() + i))
                                .collect(),
                            tasks: (0..open.templates.len())
                                .map(|template| {
                                    (0..equations.kinds.len())
                                        .filter(|&i| {
                                            graph.kinds[equations.kinds[i]].template == template
                                        })
                                        .collect()
                                })
                                .collect(),
                            problem: equations.problem,
                        },
                        None => System::missing_anyway(&open, &graph, possible.core.awaited[0]),
                    });
                }
                false
            }
        };
        Some(Family {
            systems,
            cannot_starve,
            ordered,
            possible: locals.possible(),
        })
    }

    /// Whether no deadlock is possible with those slots and at most so many tasks (`None`: any
    /// number).
    #[must_use]
    pub fn excludes(&self, slots: &[Slots], tasks: &[Option<u32>]) -> bool {
        self.systems.iter().all(|system| {
            let mut problem = system.problem.clone();
            for &(series, unknown) in &system.slots {
                let term = [(unknown, 1)];
                match slots[series] {
                    Slots::AtLeast(n) => {
                        problem
                            .constraints
                            .push(Constraint::at_least(term, n.into()));
                    }
                    Slots::Exactly(n) => {
                        problem
                            .constraints
                            .push(Constraint::at_least(term, n.into()));
                        problem
                            .constraints
                            .push(Constraint::at_most(term, n.into()));
                    }
                }
            }
            for (unknowns, count) in system.tasks.iter().zip(tasks) {
                if let (Some(count), false) = (*count, unknowns.is_empty()) {
                    let sum: Vec<(usize, i64)> = unknowns.iter().map(|&x| (x, 1)).collect();
                    problem
                        .constraints
                        .push(Constraint::at_most(sum, i64::from(count)));
                }
            }
            matches!(solve(&problem, BUDGET), Answer::Infeasible(_))
        })
    }
}

impl System {
    /// One task that waits for something that may be missing though nobody holds it: as a system,
    /// so that sizes can exclude it too.
    fn missing_anyway(open: &Program, graph: &Graph, need: Wanted) -> System {
        let series: Vec<SeriesId> = (0..open.series.len())
            .filter(|&s| open.series[s].slots == Bound::Any)
            .collect();
        let templates = open.templates.len();
        let slots: Vec<(SeriesId, usize)> = (series.iter().enumerate())
            .map(|(i, &s)| (s, templates + i))
            .collect();
        let waits: Vec<usize> = (0..templates)
            .filter(|&t| {
                graph
                    .kinds
                    .iter()
                    .any(|kind| kind.need == need && kind.template == t)
            })
            .collect();
        let waiting: Vec<(usize, i64)> = waits.iter().map(|&t| (t, 1)).collect();
        let mut constraints = vec![Constraint::at_least(waiting, 1)];
        // Missing at no more than nothing held: slots + plus <= 0.
        if let Some(amount) = Amount::missing(open, need)
            && let Some(of) = amount.slots_of
            && let Some(&(_, unknown)) = slots.iter().find(|&&(s, _)| s == of)
        {
            constraints.push(Constraint::at_most([(unknown, 1)], -amount.plus));
        }
        System {
            problem: Problem {
                variables: templates + slots.len(),
                constraints,
            },
            slots,
            tasks: (0..templates).map(|t| vec![t]).collect(),
        }
    }
}

/// The least number from 1 to `largest` from which on `holds` is true; it must not be true and
/// then false.
pub fn least(largest: u32, mut holds: impl FnMut(u32) -> bool) -> Option<u32> {
    let (mut below, mut at) = (0, 1);
    while !holds(at) {
        if at == largest {
            return None;
        }
        // Twice as many, or the largest if that is less.
        (below, at) = (at, at.saturating_mul(2).min(largest));
    }
    while below + 1 < at {
        let middle = below + (at - below) / 2;
        if holds(middle) {
            at = middle;
        } else {
            below = middle;
        }
    }
    Some(at)
}
