//! The machine, held step for step against the contract: a second writing of `docs/semantics.md`, from
//! its words, in the plainest way. Both go along the same runs. In every state, what each task can do
//! next has to be the same: the states that it leads to, what is wrong with it, what it does to others;
//! and so has what the task waits for.

mod abilities;
mod form;
mod locks;
mod loose;
mod pages;
mod parts;
mod starts;
mod state;
mod step;
mod traces;
mod waits;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use kmapcheck_machine::{Abilities, CpuChange, Standing, Start, State, Successor, initial, steps};
use kmapcheck_scenario::{FindingKind, Overrides, Program, load};
use kmapcheck_testing::edge::construct::Construct;
use kmapcheck_testing::{
    campaign, config, edge, given_scenario, page_scenario, queued_scenario, scenario,
    shared_page_scenario,
};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::form::{Form, Numbers, form_of, held_of, is_small, map_of, map_renumbered, numbers_of};
use crate::state::World;
use crate::step::Said;
use crate::traces::Recorded;

/// Every kind of random scenario.
fn any_scenario() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => loose::loose_scenario(),
        4 => scenario(),
        2 => shared_page_scenario(),
        2 => queued_scenario(),
        1 => given_scenario(),
        2 => page_scenario(),
        3 => (any_construct(), any_construct())
            .prop_flat_map(|pair| edge::edge_scenario(edge::Numbers::Given, pair)),
    ]
}

fn any_construct() -> impl Strategy<Value = Construct> {
    select(edge::Numbers::Given.constructs())
}

/// What the machine says of a step.
fn said(step: &Successor, before: &Numbers) -> Said {
    Said {
        node: step.node,
        branch: step.branch,
        findings: step.findings.iter().collect(),
        effect: format!("{:?}", step.effect),
        cpu: match step.cpu {
            CpuChange::Kept => "Kept",
            CpuChange::Taken => "Taken",
            CpuChange::GivenUp => "GivenUp",
            CpuChange::TakenAndGivenUp => "TakenAndGivenUp",
        },
        lost: step.lost.as_deref().map(|lost| {
            (
                (lost.maps.iter())
                    .map(|&map| map_renumbered(map_of(map), before))
                    .collect(),
                lost.held.iter().map(|&held| held_of(held)).collect(),
                lost.page_locks.iter().map(|page| before[page]).collect(),
            )
        }),
        flushed: step.broadcast.flushed,
        freed: step.broadcast.freed.map(|page| before[&page]),
        left: step.broadcast.left.map(|left| (left.pool, left.place)),
    }
}

/// A state of the machine beside the same of the contract.
type Pair<'a> = (State, World<'a>);

/// Shows what was compared when a comparison failed.
struct Compared<'a>(&'a Program, &'a State, usize);

impl Drop for Compared<'_> {
    fn drop(&mut self) {
        let Compared(program, state, task) = *self;
        if std::thread::panicking() {
            let at = state.tasks[task].at;
            let op = at.map(|at| program.templates[state.tasks[task].template].nodes[at].op);
            println!("{}: task {task} at {op:?} of {state:?}", program.name);
        }
    }
}

/// Holds all that can be said of a state against the contract, and returns what follows, by task and
/// as the machine numbers the steps.
fn compare<'a>(
    program: &'a Program,
    (state, world): &Pair<'a>,
    met: &mut Met,
) -> Vec<Vec<Pair<'a>>> {
    let numbers = numbers_of(state);
    parts::compare(program, state);
    let mut compare_task = |task: usize| {
        let _compared = Compared(program, state, task);
        waits::compare(world, state, &numbers, task);
        met.waits(&world.standing(task));
        let listed = steps(program, &state.tasks[task], &state.shared);
        parts::compare_alone(program, state, task, &listed);
        let successors = state.successors(program, task);
        assert!(successors.iter().map(|(step, _)| step).eq(&listed));
        let found: Vec<(Form, Said, State)> = (successors.into_iter())
            .map(|(step, next)| {
                parts::compare_others(program, state, task, &step, &next, world);
                assert_eq!(state.after(program, task, &step), next);
                (form_of(&next), said(&step, &numbers), next)
            })
            .collect();
        let expected: Vec<(Form, Said, World<'a>)> = (world.steps(task).into_iter())
            .map(|step| (step.world.form(), step.said, step.world))
            .collect();
        let seen: BTreeSet<_> = found.iter().map(|(form, said, _)| (form, said)).collect();
        // Of a task that ends nobody can tell which page it was that it took last.
        let goes_on = |(.., next): &&(Form, Said, State)| next.tasks[task].at.is_some();
        let listed = found.iter().filter(goes_on);
        let distinct: BTreeSet<_> = listed.clone().map(|(form, said, _)| (form, said)).collect();
        assert_eq!(distinct.len(), listed.count(), "a step is listed twice");
        let right: BTreeSet<_> = expected
            .iter()
            .map(|(form, said, _)| (form, said))
            .collect();
        assert!(
            seen == right,
            "only the machine: {:?}\nonly the contract: {:?}",
            seen.difference(&right).collect::<Vec<_>>(),
            right.difference(&seen).collect::<Vec<_>>(),
        );
        found.iter().for_each(|(_, said, _)| met.step(said));
        let follow = |(form, said, next): (Form, Said, State)| {
            let same = expected.iter().find(|(f, s, _)| (f, s) == (&form, &said));
            (next, same.expect("they are the same").2.clone())
        };
        found.into_iter().map(follow).collect()
    };
    (0..state.tasks.len()).map(&mut compare_task).collect()
}

/// What was met on the way: a comparison in which nothing ever happens says nothing.
#[derive(Default)]
struct Met(BTreeMap<String, u32>);

impl Met {
    fn note(&mut self, what: String) {
        *self.0.entry(what).or_insert(0) += 1;
    }

    fn step(&mut self, said: &Said) {
        for finding in &said.findings {
            self.note(finding.to_string());
        }
        let effect = said.effect.split(' ').next();
        self.note(effect.expect("it has a name").to_string());
        self.note(said.cpu.to_string());
        for (what, is) in [
            ("branch of a select", said.branch.is_some()),
            ("flush", said.flushed.is_some()),
            ("freed page", said.freed.is_some()),
            ("left queue", said.left.is_some()),
        ] {
            if is {
                self.note(what.to_string());
            }
        }
    }

    fn waits(&mut self, standing: &Standing) {
        if let Standing::Waits(waiting) = standing {
            let wait = format!("{:?}", waiting.wait);
            let word = wait.split(['(', ')', ' ']).nth(1);
            // Only for a CPU.
            self.note(word.unwrap_or("Cpu").to_string());
        }
    }

    fn is_rare(&self, what: &str, least: u32) -> bool {
        self.0.get(what).is_none_or(|&times| times < least)
    }
}

/// The pair of initial states of a start.
fn start<'a>(program: &'a Program, stale: &[Vec<usize>]) -> Pair<'a> {
    let start = Start {
        stale: stale.to_vec(),
    };
    let pair = (initial(program, &start), World::new(program, stale));
    assert_eq!(form_of(&pair.0), pair.1.form());
    pair
}

/// A run on which each step is chosen by the next of the numbers.
fn run(program: &Program, starts: &[Vec<Vec<usize>>], choices: &[u16], met: &mut Met) {
    let mut choices = choices.iter().map(|&choice| usize::from(choice));
    let Some(first) = choices.next().filter(|_| !starts.is_empty()) else {
        return;
    };
    let stale = &starts[first % starts.len()];
    let abilities = Abilities::of(program);
    let mut recorded = Recorded::new(program, stale);
    let mut pair = start(program, stale);
    for choice in choices {
        let next = compare(program, &pair, met);
        let movers: Vec<usize> = (0..next.len())
            .filter(|&task| !next[task].is_empty())
            .collect();
        if movers.is_empty() {
            break;
        }
        let task = movers[choice % movers.len()];
        let step = choice / movers.len() % next[task].len();
        pair = next[task][step].clone();
        recorded.take(program, task, step, pair.0.clone());
    }
    abilities::compare_tasks(program, &abilities, &pair.0);
    recorded.compare(program);
}

#[test]
fn the_machine_keeps_to_the_contract_on_random_runs() {
    let runs = prop::collection::vec(prop::collection::vec(any::<u16>(), 40), 3);
    let met = RefCell::new(Met::default());
    let tested = TestRunner::new(config(1_200)).run(&(any_scenario(), runs), |(scenario, runs)| {
        let program = kmapcheck_testing::load(&scenario);
        parts::compare_program(&program);
        abilities::compare(&program);
        if let Some(starts) = starts::all(&program, 1_000) {
            starts::compare(&program);
            for choices in &runs {
                run(&program, &starts, choices, &mut met.borrow_mut());
            }
        }
        Ok(())
    });
    tested.unwrap_or_else(|failure| panic!("{failure}"));
    let met = met.into_inner();
    let findings = FindingKind::ALL.into_iter().filter(|&kind| {
        let of_sets = [
            FindingKind::Deadlock,
            FindingKind::Starved,
            FindingKind::TimeoutRescue,
        ];
        // No step has these.
        !of_sets.contains(&kind)
    });
    let rare: Vec<String> = (findings.map(|kind| kind.to_string()))
        .chain(EVENTS.split_whitespace().map(String::from))
        .filter(|what| met.is_rare(what, 20))
        .collect();
    // How much a campaign meets depends on how long it is.
    assert!(
        rare.is_empty() || campaign().is_some(),
        "{rare:?} of {:?}",
        met.0
    );
}

/// Effects, changes of CPUs, and what is waited for.
const EVENTS: &str = "TookSlot Reused MappedLow StillMapped WentStale FreedSlot Failed UnitsLeft \
    Announced Queued GaveUp Allocated Chose Skipped Sleeps Spins flush Taken GivenUp TakenAndGivenUp \
    Kept Slot Spin Read Write Units Turn PageLock Completion Memory AnyOf Cpu";

#[test]
fn what_can_still_be_given_is_what_can_still_be_reached() {
    let tested = TestRunner::new(config(4)).run(&abilities::many_completions(), |scenario| {
        prop_assert!(abilities::compare(&kmapcheck_testing::load(&scenario)) > 128);
        Ok(())
    });
    tested.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Compares up to so many states of a program, the nearest first; how many.
fn explore(program: &Program, most: usize) -> usize {
    parts::compare_program(program);
    abilities::compare(program);
    starts::compare(program);
    let mut met = Met::default();
    let Some(starts) = starts::all(program, 200) else {
        return 0;
    };
    let mut queue: VecDeque<Pair<'_>> = starts.iter().map(|stale| start(program, stale)).collect();
    let mut seen: HashSet<State> = queue.iter().map(|(state, _)| state.clone()).collect();
    let mut compared = 0;
    while let Some(pair) = queue.pop_front() {
        if compared == most {
            break;
        }
        compared += 1;
        for (state, world) in compare(program, &pair, &mut met).into_iter().flatten() {
            if seen.insert(state.clone()) {
                queue.push_back((state, world));
            }
        }
    }
    compared
}

#[test]
fn the_machine_keeps_to_the_contract_on_the_scenarios_of_the_repository() {
    let (mut compared, mut scenarios) = (0, 0);
    for path in kmapcheck_testing::scenario_files() {
        let program = load(&path, &Overrides::default());
        let program = program.unwrap_or_else(|errors| panic!("{errors}"));
        if program.first_open().is_none() && is_small(&program) {
            compared += explore(&program, 30);
            scenarios += 1;
        }
    }
    assert!(
        scenarios > 300 && compared > 3_000,
        "{compared} states of {scenarios}"
    );
}
