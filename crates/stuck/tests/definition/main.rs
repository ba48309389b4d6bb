//! Who is stuck, held against the definition: a set of waiting tasks is stuck if nothing outside it that
//! still lives could ever give one of them what it waits for. The definition is written down here a
//! second time, set by set, and asked in states of random runs; so are smallest cores, what is lost,
//! and who could still give.

mod plain;

use std::cell::Cell;

use kmapcheck_machine::{Abilities, State};
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_stuck::class::{class_in, classify};
use kmapcheck_stuck::deadlock::Deadlock;
use kmapcheck_stuck::graph::{Link, Node, could_give};
use kmapcheck_stuck::holdings::{Holding, How, Leaks, holdings};
use kmapcheck_stuck::scene::scene;
use kmapcheck_stuck::stuck_sets::{Stuck, deadlocked_together, stuck, stuck_kinds};
use kmapcheck_testing::edge::construct::Construct;
use kmapcheck_testing::{
    config, edge, for_each_state_of_runs, given_scenario, load, page_scenario, queued_scenario,
    scenario, shared_page_scenario,
};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::plain::World;

/// More tasks than these make too many sets.
const MOST_TASKS: usize = 7;

/// Every kind of random scenario.
fn any_scenario() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => scenario(),
        2 => shared_page_scenario(),
        2 => queued_scenario(),
        2 => given_scenario(),
        2 => page_scenario(),
        3 => (any_construct(), any_construct())
            .prop_flat_map(|pair| edge::edge_scenario(edge::Numbers::Given, pair)),
    ]
}

fn any_construct() -> impl Strategy<Value = Construct> {
    select(edge::Numbers::Given.constructs())
}

fn check(program: &Program, state: &State, met: &Met) -> Result<(), TestCaseError> {
    let abilities = Abilities::of(program);
    let scene = scene(program, &abilities, state);
    let world = World { program, state };
    let found = stuck(&scene);
    let plain = world.stuck();
    prop_assert_eq!(&found, &plain);
    met.note(&plain);
    prop_assert_eq!(stuck_kinds(program, &abilities, state), plain.kinds());
    for series in 0..program.series.len() {
        prop_assert_eq!(Leaks::of(&scene).slots[series], world.lost_slots(series));
    }
    for index in 0..program.resources.len() {
        prop_assert_eq!(Leaks::of(&scene).resources[index], world.lost(index));
    }
    for kind in [FindingKind::Deadlock, FindingKind::TimeoutRescue] {
        let deadlock = Deadlock::of(program, &abilities, state, kind);
        prop_assert_eq!(deadlock.is_some(), plain.of_kind(kind).contains(&true));
        let class = class_in(program, &abilities, state, kind);
        prop_assert_eq!(deadlock.as_ref().map(|deadlock| deadlock.class), class);
        if let Some(deadlock) = deadlock {
            core(&world, &plain, kind, &deadlock)?;
            graph(&world, &deadlock)?;
        }
    }
    together(&world, &plain)
}

/// The core is stuck on itself, and no smaller set is.
fn core(
    world: &World<'_>,
    plain: &Stuck,
    kind: FindingKind,
    deadlock: &Deadlock<'_>,
) -> Result<(), TestCaseError> {
    let patient = kind == FindingKind::TimeoutRescue;
    let all = if patient {
        &plain.rescued
    } else {
        &plain.forever
    };
    let stuck: Vec<usize> = (0..all.len()).filter(|&task| all[task]).collect();
    prop_assert_eq!(&deadlock.stuck, &stuck);
    let waiting = |task: usize| world.waiting(task).expect("who is stuck waits");
    let counts = |task: usize| match patient {
        true => waiting(task).gives_up(),
        false => !waiting(task).is_idle(),
    };
    let is_core = |set: u32| {
        let members = || (0..all.len()).filter(|task| set >> task & 1 == 1);
        members().all(|task| all[task]) && members().any(counts) && world.is_stuck(set, patient)
    };
    let set = deadlock.core.iter().fold(0, |set, task| set | 1 << task);
    prop_assert!(is_core(set), "{:?} is no core", deadlock.core);
    let smaller = (1..1u32 << all.len())
        .filter(|other| other.count_ones() < set.count_ones())
        .find(|&other| is_core(other));
    prop_assert_eq!(smaller, None, "smaller than {:?}", deadlock.core);
    prop_assert_eq!(deadlock.class, classify(&deadlock.scene, &deadlock.core));
    let saved: Vec<usize> = (deadlock.core.iter().copied())
        .filter(|&task| !waiting(task).is_idle())
        .collect();
    prop_assert_eq!(deadlock.to_save(), saved);
    for &task in &deadlock.core {
        prop_assert_eq!(deadlock.gives_up(task), waiting(task).gives_up());
    }
    let mut blocks = deadlock.blocks.concat();
    blocks.sort_unstable();
    prop_assert_eq!(&blocks, &deadlock.core);
    Ok(())
}

/// Edges say what tasks of the core have and could give, and everybody in it waits for something.
fn graph(world: &World<'_>, deadlock: &Deadlock<'_>) -> Result<(), TestCaseError> {
    let graph = deadlock.graph();
    let tasks = |node| match &graph[node] {
        Node::Tasks(tasks) => Some(tasks.clone()),
        Node::Resource(_) => None,
    };
    let mut waiters = Vec::new();
    for edge in graph.raw_edges() {
        let (from, to) = (edge.source(), edge.target());
        match edge.weight {
            Link::WaitsFor { count, .. } => {
                let from = tasks(from).expect("tasks wait");
                prop_assert_eq!(count as usize, from.len());
                waiters.extend(from);
            }
            Link::HeldBy { count, how } => {
                let Node::Resource(thing) = graph[from] else {
                    return Err(TestCaseError::fail("what is held is a resource"));
                };
                let holders = tasks(to).expect("tasks hold");
                let mut held = 0;
                for &task in &holders {
                    let of_task = world.holdings(task);
                    let of_thing = of_task
                        .iter()
                        .find(|held| held.thing == thing && held.how == how);
                    held += of_thing.expect("it holds that").n;
                }
                prop_assert_eq!(count, if how == How::SharesPins { count } else { held });
            }
            Link::GivenBy { count } => {
                let Node::Resource(thing) = graph[from] else {
                    return Err(TestCaseError::fail("what is given is a resource"));
                };
                let givers = tasks(to).expect("tasks give");
                prop_assert_eq!(count as usize, givers.len());
                let asked = (deadlock.core.iter())
                    .any(|&waiter| deadlock.givers(waiter, thing).contains(&givers[0]));
                prop_assert!(asked, "nobody waits for what {givers:?} could give");
            }
        }
    }
    waiters.sort_unstable();
    waiters.dedup();
    prop_assert_eq!(waiters, deadlock.core.clone());
    // Whoever could give, and does not hold.
    let mut gives = Vec::new();
    for &waiter in &deadlock.core {
        for &thing in deadlock.blockers.of_task(waiter) {
            let Some(wait) = deadlock.wait(waiter, thing) else {
                continue;
            };
            let block = deadlock.blocks.iter().find(|block| block.contains(&waiter));
            let mut givers = Vec::new();
            for &giver in &deadlock.core {
                let could = world.could_give(waiter, giver, wait);
                prop_assert_eq!(could_give(&deadlock.scene, waiter, giver, wait), could);
                // Those who are alike wait for the same, each what is its own apart.
                let could = could
                    || (block.into_iter().flatten()).any(|&waiter| {
                        let wait = deadlock.wait(waiter, thing);
                        wait.is_some_and(|wait| world.could_give(waiter, giver, wait))
                    });
                let holds = world.holds(giver, thing);
                if could && !holds {
                    givers.push(giver);
                }
            }
            prop_assert_eq!(deadlock.givers(waiter, thing), givers.clone());
            gives.extend(givers.into_iter().map(|giver| (giver, thing)));
        }
    }
    gives.sort_unstable();
    gives.dedup();
    prop_assert_eq!(deadlock.gives(), gives);
    for task in 0..world.state.tasks.len() {
        let mut found: Vec<Holding> = holdings(&deadlock.scene, task);
        found.sort_unstable();
        prop_assert_eq!(found, world.holdings(task), "of task {}", task);
    }
    Ok(())
}

/// Tasks of the first template against all others.
fn together(world: &World<'_>, plain: &Stuck) -> Result<(), TestCaseError> {
    let abilities = Abilities::of(world.program);
    let scene = scene(world.program, &abilities, world.state);
    let is_first = |task: usize| world.state.tasks[task].template == 0;
    let of_one_group = [true, false]
        .into_iter()
        .any(|first| world.is_deadlocked_within(|task| is_first(task) == first));
    prop_assert_eq!(
        deadlocked_together(&scene, |template| template == 0),
        plain.deadlocked.contains(&true) && !of_one_group
    );
    Ok(())
}

/// What the states were in which somebody was stuck.
#[derive(Default)]
struct Met {
    deadlocked: Cell<u32>,
    resting: Cell<u32>,
    rescued: Cell<u32>,
}

impl Met {
    fn note(&self, found: &Stuck) {
        for (count, who) in [
            (&self.deadlocked, &found.deadlocked),
            (&self.resting, &found.resting),
            (&self.rescued, &found.rescued),
        ] {
            count.set(count.get() + u32::from(who.contains(&true)));
        }
    }
}

#[test]
fn the_reduction_finds_what_the_definition_says() {
    let met = Met::default();
    let tested = TestRunner::new(config(400)).run(&any_scenario(), |scenario| {
        let program = load(&scenario);
        let mut result = Ok(());
        for_each_state_of_runs(&program, 6, 40, |state| {
            if result.is_ok() && state.tasks.len() <= MOST_TASKS {
                result = check(&program, state, &met);
            }
        });
        result
    });
    tested.unwrap_or_else(|failure| panic!("{failure}"));
    for (what, count) in [
        ("deadlocked", met.deadlocked.get()),
        ("at rest", met.resting.get()),
        ("rescued", met.rescued.get()),
    ] {
        assert!(count > 100, "{what} in {count} states only");
    }
}
