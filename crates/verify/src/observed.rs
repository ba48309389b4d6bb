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
use kmapcheck_machine::{Shared, Standing, Start, Starts, State, initial, steps};
use kmapcheck_scenario::{Bound, NodeId, Program, SeriesId};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::bounds::{Range, edges};
use crate::counted::change;
use crate::flow::{Flow, Step};
use crate::inequalities::open_series;
use crate::kinds::{Kind, kinds_of};
use crate::local::Local;
use crate::names::wanted;
use crate::plain::unqueued;
use crate::systems::System;

/// Tasks that take part, and instances of one task program: the more programs the fewer of each.
const TASKS: usize = 24;
const INSTANCES: usize = 4;
/// Runs at each number of slots, and steps of each.
const RUNS: u64 = 4;
const STEPS: usize = 120;
/// Initial states that are looked at.
const STARTS: usize = 16;
/// States that are held against inequalities which count steps: of more, some from all over.
const COUNTED: usize = 200;

/// What was seen in some states.
#[derive(Debug)]
pub(crate) struct Observed {
    /// Each once.
    states: Vec<Seen>,
}

/// What was seen in a state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Seen {
    /// How many tasks wait, by kind and operation; sorted.
    waiting: Vec<((usize, NodeId), i64)>,
    /// The slots of each series.
    slots: Vec<u32>,
    /// How often each step was taken; empty where that is not counted.
    taken: Vec<i64>,
    /// How many tasks there are of each program of which there is any number.
    instances: Vec<i64>,
}

/// A program that is run, without queues.
struct Run<'a> {
    program: &'a Program,
    /// As it was declared.
    declared: &'a Program,
    kinds: BTreeMap<&'a Kind, usize>,
    flow: Option<&'a Flow<'a>>,
    /// The unknowns of the steps.
    steps: FxHashMap<&'a Step, usize>,
    /// Whether a local state is among those listed.
    is_listed: &'a dyn Fn(&Local) -> bool,
    seen: FxHashSet<Seen>,
    /// In the order seen.
    states: Vec<Seen>,
}

impl Observed {
    /// Runs the program, without its queues. Steps are counted if there is a state equation.
    ///
    /// # Errors
    ///
    /// A sentence, if some task waits in a way that is none of the `kinds`, is in a local state that is
    /// not listed, or takes a step that is none of those counted.
    pub(crate) fn of(
        declared: &Program,
        kinds: &[Kind],
        flow: Option<&Flow<'_>>,
        is_listed: &dyn Fn(&Local) -> bool,
    ) -> Result<Observed, String> {
        let mut states = Vec::new();
        for sized in sizes(&unqueued(declared)) {
            let mut run = Run {
                program: &sized,
                declared,
                kinds: kinds.iter().zip(0..).collect(),
                flow,
                steps: flow.map_or_else(FxHashMap::default, |flow| {
                    flow.steps.iter().zip(0..).collect()
                }),
                is_listed,
                seen: FxHashSet::default(),
                states: Vec::new(),
            };
            run.all()?;
            states.append(&mut run.states);
        }
        Ok(Observed { states })
    }

    /// Whether what a system says of any tasks is so in all states that were seen.
    ///
    /// # Errors
    ///
    /// A sentence, if it is not.
    pub(crate) fn agrees_with(&self, program: &Program, system: &System) -> Result<(), String> {
        let open = open_series(program);
        let counts_steps = system.variables > system.unknowns.len() + open.len();
        let apart = match counts_steps {
            true => self.states.len().div_ceil(COUNTED).max(1),
            false => 1,
        };
        for seen in self.states.iter().step_by(apart) {
            ask();
            let is_of_the_case = |&(series, range): &(SeriesId, Range)| {
                let all_kept = seen.slots[series] <= program.series[series].for_holders;
                (range == Range::AllKept) == all_kept
            };
            if !system.assumed.ranges.iter().all(is_of_the_case) {
                continue;
            }
            // Of a kind that is not listed nobody waits.
            let tasks = |unknown: usize| {
                let kind = system.unknowns[unknown];
                let here = |&&((other, at), _): &&((usize, NodeId), i64)| {
                    other == kind && system.at.get(unknown).is_none_or(|&node| node == at)
                };
                seen.waiting.iter().filter(here).map(|&(_, n)| n).sum()
            };
            let mut values: Vec<i64> = (0..system.unknowns.len()).map(tasks).collect();
            values.extend(open.iter().map(|&series| i64::from(seen.slots[series])));
            if counts_steps {
                values.extend(&seen.taken);
                values.extend(&seen.instances);
            }
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

impl Run<'_> {
    /// Some runs, from some of the starts.
    fn all(&mut self) -> Result<(), String> {
        let starts: Vec<Start> = Starts::of(self.program).take(STARTS).collect();
        let counted = self.steps.len();
        for start in &starts {
            self.note(&initial(self.program, start), &vec![0; counted])?;
        }
        for run in 0..RUNS {
            let mut random = ChaCha8Rng::seed_from_u64(run);
            let Some(start) = pick(&mut random, &starts) else {
                break;
            };
            let mut state = initial(self.program, start);
            let mut taken = vec![0; counted];
            for _ in 0..STEPS {
                ask();
                let shared = state.shared.clone();
                let at: Vec<Option<NodeId>> = state.tasks.iter().map(|task| task.at).collect();
                let Some(task) = step(self.program, &mut state, &mut random) else {
                    break;
                };
                self.count(&shared, at[task], &state, task, &mut taken)?;
                self.note(&state, &taken)?;
            }
        }
        Ok(())
    }

    /// Counts the step that a task has taken from there.
    fn count(
        &self,
        before: &Shared,
        from: Option<NodeId>,
        state: &State,
        task: usize,
        taken: &mut [i64],
    ) -> Result<(), String> {
        let (Some(flow), Some(from)) = (self.flow, from) else {
            return Ok(());
        };
        let step = Step {
            task: state.tasks[task].template,
            from,
            to: state.tasks[task].at,
            change: change(&flow.counted, before, &state.shared),
        };
        if step.is_idle() {
            return Ok(());
        }
        let unknown = self.steps.get(&step).ok_or_else(|| {
            let task = &self.program.templates[step.task].name;
            format!("a fault of this program: {task} takes a step that no local state has")
        })?;
        taken[*unknown] += 1;
        Ok(())
    }

    fn note(&mut self, state: &State, taken: &[i64]) -> Result<(), String> {
        let program = self.program;
        let slots: Vec<u32> = program.series.iter().map(|s| number(s.slots)).collect();
        let instances = |id: usize| {
            let of_it = state.tasks.iter().filter(|task| task.template == id);
            i64::try_from(of_it.count()).expect("few take part")
        };
        let open = self.flow.map(Flow::open_programs).unwrap_or_default();
        let instances: Vec<i64> = open.into_iter().map(instances).collect();
        // A task that waits for two things at once is stuck on one of them: on the first, or on the
        // last. Each task counts once.
        let mut both: [BTreeMap<(usize, NodeId), i64>; 2] = Default::default();
        for (id, task) in state.tasks.iter().enumerate() {
            let local = Local::of(program, task, &state.shared);
            let name = || &program.templates[task.template].name;
            if !(self.is_listed)(&local) {
                return Err(format!(
                    "a fault of this program: {} gets into a local state that is not listed",
                    name()
                ));
            }
            let (Standing::Waits(waiting), Some(at)) = (state.standing(program, id), task.at)
            else {
                continue;
            };
            let of = kinds_of(self.declared, &local, waiting)?;
            for (kind, seen) in [of.first(), of.last()].into_iter().zip(&mut both) {
                let Some(kind) = kind else { continue };
                let &position = self.kinds.get(kind).ok_or_else(|| {
                    let thing = wanted(program, kind.waits_for);
                    format!(
                        "a fault of this program: {} waits for `{thing}` in a way that no local state has",
                        name()
                    )
                })?;
                *seen.entry((position, at)).or_default() += 1;
            }
        }
        for waiting in both {
            let seen = Seen {
                waiting: waiting.into_iter().collect(),
                slots: slots.clone(),
                taken: taken.to_vec(),
                instances: instances.clone(),
            };
            if self.seen.insert(seen.clone()) {
                self.states.push(seen);
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

/// Lets some task that can take some step, and says which; `None` if none can.
fn step(program: &Program, state: &mut State, random: &mut ChaCha8Rng) -> Option<usize> {
    let movers: Vec<(usize, Vec<_>)> = (0..state.tasks.len())
        .map(|task| (task, steps(program, &state.tasks[task], &state.shared)))
        .filter(|(_, successors)| !successors.is_empty())
        .collect();
    let (task, successors) = pick(random, &movers)?;
    let successor = pick(random, successors).expect("it has a step");
    state.advance(program, *task, successor);
    Some(*task)
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
    use crate::closed::Closed;
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

    fn closed(program: &Program) -> Closed {
        let locals = Locals::of(program).expect("it has a closure");
        let local = |local: &kmapcheck_local::LocalState| Local {
            task: local.task.clone(),
            pages: local.pages.clone(),
        };
        let list: Vec<Local> = locals.states.iter().map(local).collect();
        Closed::of_list(program, &list).expect("the list is complete")
    }

    fn observed(program: &Program, kinds: &[Kind]) -> Result<Observed, String> {
        Observed::of(program, kinds, None, &|_| true)
    }

    fn all_systems(program: &Program, closed: &Closed, kinds: &[Kind]) -> Vec<System> {
        let systems = systems(program, closed, kinds).expect("few things are waited for");
        systems
            .collect::<Result<_, _>>()
            .expect("the bounds are right")
    }

    #[test]
    fn what_is_so_is_accepted_and_what_is_not_is_refused() {
        let program = program();
        let closed = closed(&program);
        let kinds = kinds(&program, &closed).expect("only slots are waited for");
        let observed = observed(&program, &kinds).expect("the kinds are all there are");
        let mut refused = 0;
        for system in all_systems(&program, &closed, &kinds) {
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
        let closed = closed(&program);
        let kinds = kinds(&program, &closed).expect("only slots are waited for");
        let observed = observed(&program, &kinds).expect("the kinds are all there are");
        let mut systems = all_systems(&program, &closed, &kinds);
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
        let closed = closed(&program);
        let kinds = kinds(&program, &closed).expect("only slots are waited for");
        for left_out in 0..kinds.len() {
            let mut fewer = kinds.clone();
            fewer.remove(left_out);
            let said = observed(&program, &fewer).map(|_| ());
            assert!(
                said.is_err_and(|said| said.contains("no local state has")),
                "{left_out}"
            );
        }
    }

    /// Whoever gets into a local state that a certificate does not have refuses it.
    #[test]
    fn a_local_state_that_is_not_listed_is_noticed() {
        let program = program();
        let kinds = kinds(&program, &closed(&program)).expect("only slots are waited for");
        let said = Observed::of(&program, &kinds, None, &|local| local.task.maps.len() < 2);
        let said = said.map(|_| ());
        assert!(said.is_err_and(|said| said.contains("gets into a local state")));
    }
}
