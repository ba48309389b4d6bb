//! The inequalities, held against states.
//!
//! An inequality that is wrong can leave a system without a solution, and then a refutation of it
//! says nothing. But whatever is said of any tasks, stuck or not, must hold in every state, with the
//! tasks that wait in it as the core. So before a refutation counts, the scenario is run: at each
//! number of slots at the [edges](crate::bounds::edges), with few tasks, from the start along random
//! runs. A state that breaks an inequality refuses the certificate; so does a task that waits in a
//! way in which, by the local states, none does. That is no proof of the inequalities, but a guard
//! against a slip in their derivation.
//!
//! The runs are drawn from a fixed seed: the same certificate is judged the same.

use std::collections::BTreeMap;

use kmapcheck_limits::ask;
use kmapcheck_local::{LocalState, unqueued};
use kmapcheck_machine::{Standing, Start, Starts, State, initial, steps};
use kmapcheck_scenario::{Bound, Program, SeriesId};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::bounds::{Range, edges};
use crate::inequalities::open_series;
use crate::kinds::{Kind, kinds_of};
use crate::names::wanted;
use crate::systems::System;

/// Tasks that take part, and instances of one task program: the more programs the fewer of each.
const TASKS: usize = 24;
const INSTANCES: usize = 4;
/// Runs at each number of slots, and steps of each.
const RUNS: u64 = 4;
const STEPS: usize = 120;
/// Initial states that are looked at.
const STARTS: usize = 16;

/// What was seen in some states.
#[derive(Debug)]
pub(crate) struct Observed {
    /// Each once.
    states: Vec<Waiters>,
}

/// The kinds of waiting task, by position, of the program as it was declared.
struct Known<'a> {
    declared: &'a Program,
    kinds: BTreeMap<&'a Kind, usize>,
}

/// Who waits in a state.
#[derive(Debug, PartialEq, Eq)]
struct Waiters {
    /// How many of each kind, kinds by position, sorted.
    kinds: Vec<(usize, i64)>,
    /// The slots of each series.
    slots: Vec<u32>,
}

impl Observed {
    /// Runs the program, without the queues that local states do not know.
    ///
    /// # Errors
    ///
    /// A sentence, if some task waits in a way that is none of the `kinds`.
    pub(crate) fn of(declared: &Program, kinds: &[Kind]) -> Result<Observed, String> {
        let kinds = Known {
            declared,
            kinds: kinds.iter().zip(0..).collect(),
        };
        let mut observed = Observed { states: Vec::new() };
        for sized in sizes(&unqueued(declared)) {
            let starts: Vec<Start> = Starts::of(&sized).take(STARTS).collect();
            for start in &starts {
                observed.note(&sized, &kinds, &initial(&sized, start))?;
            }
            for run in 0..RUNS {
                let mut random = ChaCha8Rng::seed_from_u64(run);
                let Some(start) = pick(&mut random, &starts) else {
                    break;
                };
                let mut state = initial(&sized, start);
                for _ in 0..STEPS {
                    ask();
                    if !step(&sized, &mut state, &mut random) {
                        break;
                    }
                    observed.note(&sized, &kinds, &state)?;
                }
            }
        }
        Ok(observed)
    }

    fn note(&mut self, program: &Program, known: &Known<'_>, state: &State) -> Result<(), String> {
        // A task that waits for two things at once is stuck on one of them: on the first, or on the
        // last. Each task counts once.
        let slots: Vec<u32> = program.series.iter().map(|s| number(s.slots)).collect();
        let mut both = [false, true].map(|last| {
            let kinds = Vec::new();
            let slots = slots.clone();
            (last, Waiters { kinds, slots })
        });
        for (id, task) in state.tasks.iter().enumerate() {
            let Standing::Waits(waiting) = state.standing(program, id) else {
                continue;
            };
            let local = LocalState::of(program, task, &state.shared);
            let of = kinds_of(known.declared, &local, waiting).ok_or(
                "a fault of this program: a task waits for what nobody need hold, as no local state does",
            )?;
            for (last, waiters) in &mut both {
                let Some(kind) = (if *last { of.last() } else { of.first() }) else {
                    continue;
                };
                let &position = known.kinds.get(kind).ok_or_else(|| {
                    let task = &program.templates[kind.template].name;
                    let thing = wanted(program, kind.waits_for);
                    format!("a fault of this program: {task} waits for `{thing}` in a way that no local state has")
                })?;
                match waiters
                    .kinds
                    .iter_mut()
                    .find(|(known, _)| *known == position)
                {
                    Some((_, n)) => *n += 1,
                    None => waiters.kinds.push((position, 1)),
                }
            }
        }
        for (_, mut waiters) in both {
            waiters.kinds.sort_unstable();
            if !self.states.contains(&waiters) {
                self.states.push(waiters);
            }
        }
        Ok(())
    }

    /// Whether what a system says of any tasks is so in all states that were seen.
    ///
    /// # Errors
    ///
    /// A sentence, if it is not.
    pub(crate) fn agrees_with(&self, program: &Program, system: &System) -> Result<(), String> {
        let open = open_series(program);
        for waiters in &self.states {
            ask();
            let is_of_the_case = |&(series, range): &(SeriesId, Range)| {
                let all_kept = waiters.slots[series] <= program.series[series].for_holders;
                (range == Range::AllKept) == all_kept
            };
            if !system.assumed.ranges.iter().all(is_of_the_case) {
                continue;
            }
            let tasks = |kind: &usize| {
                let known = waiters.kinds.iter().find(|(other, _)| other == kind);
                // Of a kind that is not listed nobody waits.
                known.map_or(0, |&(_, n)| n)
            };
            let mut values: Vec<i64> = system.unknowns.iter().map(tasks).collect();
            values.extend(open.iter().map(|&series| i64::from(waiters.slots[series])));
            for inequality in &system.follows.of_any_tasks {
                if !inequality.constraint().satisfied_by(&values) {
                    return Err(format!(
                        "a fault of this program: a run breaks what is said of tasks stuck on {:?}",
                        system.awaited
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The program at few tasks and, where slots are open, at each edge of them.
fn sizes(program: &Program) -> Vec<Program> {
    let mut few = program.clone();
    let each = TASKS / few.templates.len().max(1);
    let each = u32::try_from(each.clamp(1, INSTANCES)).expect("few take part");
    for (position, template) in few.templates.iter_mut().enumerate() {
        template.count = Bound::Exactly(match template.count {
            Bound::Exactly(count) => count.min(each),
            Bound::Any => each,
        });
        if position >= TASKS {
            // It stays, so that what is numbered by task programs does, and never begins.
            template.entry.node = None;
        }
    }
    let mut numbers: Vec<u64> = (program.series.iter())
        .filter(|series| series.slots == Bound::Any)
        .flat_map(edges)
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        numbers.push(1);
    }
    (numbers.into_iter())
        .filter_map(|slots| Some(few.clone().with_open_slots(u32::try_from(slots).ok()?)))
        .filter(Program::numbers_fit)
        .collect()
}

/// Lets some task that can take some step; false if none can.
fn step(program: &Program, state: &mut State, random: &mut ChaCha8Rng) -> bool {
    let movers: Vec<(usize, Vec<_>)> = (0..state.tasks.len())
        .map(|task| (task, steps(program, &state.tasks[task], &state.shared)))
        .filter(|(_, successors)| !successors.is_empty())
        .collect();
    let Some((task, successors)) = pick(random, &movers) else {
        return false;
    };
    let successor = pick(random, successors).expect("it has a step");
    state.advance(program, *task, successor);
    true
}

fn pick<'a, T>(random: &mut ChaCha8Rng, from: &'a [T]) -> Option<&'a T> {
    // Of fixed width, so that the same seed draws the same on every machine.
    let n = u32::try_from(from.len()).expect("few are drawn from");
    (n > 0).then(|| &from[random.random_range(0..n) as usize])
}

fn number(slots: Bound) -> u32 {
    match slots {
        Bound::Exactly(slots) => slots,
        Bound::Any => unreachable!("the program has numbers"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::Inequality;
    use crate::kinds::kinds;
    use crate::systems::systems;
    use kmapcheck_local::Locals;
    use serde_json::json;

    /// Tasks that take two slots one by one, of a series that keeps one for holders. So one of two
    /// tasks can have a pin, if there are two slots; it gets the second one, and the other waits.
    fn program() -> Program {
        kmapcheck_testing::load(&json!({
            "name": "s",
            "model": { "name": "m",
                       "series": { "A": { "slots": "any", "reuse": "none", "for_holders": 1 } } },
            "tasks": [{ "name": "t", "count": "any", "pages": ["p", "q"], "program": [
                { "kmap": "p", "series": "A" }, { "kmap": "q", "series": "A" },
                { "kunmap": "q" }, { "kunmap": "p" }] }],
        }))
    }

    fn all_systems(program: &Program, locals: &Locals, kinds: &[Kind]) -> Vec<System> {
        let systems = systems(program, locals, kinds).expect("few things are waited for");
        systems
            .collect::<Result<_, _>>()
            .expect("the bounds are right")
    }

    #[test]
    fn what_is_so_is_accepted_and_what_is_not_is_refused() {
        let program = program();
        let locals = Locals::of(&program).expect("it has a closure");
        let kinds = kinds(&program, &locals).expect("only slots are waited for");
        let observed = Observed::of(&program, &kinds).expect("the kinds are all there are");
        let mut refused = 0;
        for system in all_systems(&program, &locals, &kinds) {
            assert_eq!(observed.agrees_with(&program, &system), Ok(()));
            let slots = system.unknowns.len();
            // No waiting task at all, one with a pin more than there can be, and no slots.
            for wrong in [
                Inequality {
                    terms: vec![(0, 1)],
                    at_least: false,
                    bound: 0,
                },
                Inequality {
                    terms: vec![(0, 1)],
                    at_least: true,
                    bound: 4,
                },
                Inequality {
                    terms: vec![(slots, 1)],
                    at_least: false,
                    bound: 0,
                },
            ] {
                let mut system = system.clone();
                system.follows.of_any_tasks.push(wrong.clone());
                if !system.unknowns.is_empty() {
                    let said = observed.agrees_with(&program, &system);
                    assert!(
                        said.is_err_and(|said| said.contains("a run breaks")),
                        "{wrong:?}"
                    );
                    refused += 1;
                }
            }
        }
        assert!(refused > 0);
    }

    /// The bound as it once was: no more than the slots less those kept, whatever the case.
    #[test]
    fn the_bound_without_its_case_is_refused() {
        let program = program();
        let locals = Locals::of(&program).expect("it has a closure");
        let kinds = kinds(&program, &locals).expect("only slots are waited for");
        let observed = Observed::of(&program, &kinds).expect("the kinds are all there are");
        let mut systems = all_systems(&program, &locals, &kinds);
        let system = systems
            .first_mut()
            .expect("a slot is waited for with a slot in hand");
        system.assumed.ranges.clear();
        system.follows.of_any_tasks = vec![Inequality {
            terms: vec![(system.unknowns.len(), -1)],
            at_least: false,
            bound: -2,
        }];
        assert!(
            observed.agrees_with(&program, system).is_err(),
            "one slot is an edge"
        );
    }

    #[test]
    fn a_waiting_task_of_an_unknown_kind_is_noticed() {
        let program = program();
        let locals = Locals::of(&program).expect("it has a closure");
        let kinds = kinds(&program, &locals).expect("only slots are waited for");
        for left_out in 0..kinds.len() {
            let mut fewer = kinds.clone();
            fewer.remove(left_out);
            let said = Observed::of(&program, &fewer).map(|_| ());
            assert!(
                said.is_err_and(|said| said.contains("no local state has")),
                "{left_out}"
            );
        }
    }
}
