//! Who is stuck, held against the definition: a set of waiting tasks is stuck if nothing outside it that
//! still lives could ever give one of them what it waits for. The definition is written down here a
//! second time, set by set, and asked in states of random runs; so are smallest cores, what is lost,
//! and who could still give.

mod held;
mod plain;

use std::cell::Cell;

use kmapcheck_machine::{Abilities, Findings, Name, State, Task};
use kmapcheck_scenario::{FindingKind, Op, Program, Ref};
use kmapcheck_stuck::class::{class_in, classify};
use kmapcheck_stuck::deadlock::Deadlock;
use kmapcheck_stuck::graph::{Link, Node, could_give};
use kmapcheck_stuck::holdings::{Holding, How, Leaks, holdings};
use kmapcheck_stuck::scene::{Party, Scene, scene};
use kmapcheck_stuck::stuck_sets::{
    Stuck, deadlocked_together, possible_stuck_kinds, stuck, stuck_kinds,
};
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
    let kinds = Findings::from_iter(
        [
            (FindingKind::Deadlock, &plain.deadlocked),
            (FindingKind::TimeoutRescue, &plain.rescued),
        ]
        .into_iter()
        .filter(|(_, who)| who.contains(&true))
        .map(|(kind, _)| kind),
    );
    prop_assert_eq!(stuck_kinds(program, &abilities, state), kinds);
    prop_assert!(kinds.minus(possible_stuck_kinds(program)).is_empty());
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
    folded(&scene, &plain)?;
    together(&world, &plain)
}

/// Alike tasks as one party of many, as engines see them that count tasks: the same is said of each.
fn folded(scene: &Scene<'_>, plain: &Stuck) -> Result<(), TestCaseError> {
    let program = scene.program;
    let common = program.pages.len();
    let is_common = |name: &Name| matches!(name, Name::Page(page) if *page < common);
    if !scene.shared.names.iter().all(is_common) || shares_new_pages(program) {
        return Ok(());
    }
    // Pages that only one task knows, by when it first names them.
    let alike = |task: &Task| {
        let mut own = Vec::new();
        task.for_each_page(|page| {
            if page >= common && !own.contains(&page) {
                own.push(page);
            }
        });
        let number = |page| own.iter().position(|&it| it == page);
        let content: Vec<_> = own
            .iter()
            .map(|&page| scene.shared.page(page).clone())
            .collect();
        (
            task.with_pages(|page| number(page).map_or(page, |at| common + at)),
            content,
        )
    };
    let mut parties: Vec<Party<'_>> = Vec::new();
    let (mut keys, mut of) = (Vec::new(), Vec::new());
    for party in &scene.parties {
        let key = alike(party.task);
        let place = keys.iter().position(|known| *known == key);
        of.push(place.unwrap_or(keys.len()));
        match place {
            Some(place) => parties[place].count += 1,
            None => {
                keys.push(key);
                parties.push(party.clone());
            }
        }
    }
    let folded = Scene {
        parties,
        common_pages: common,
        ..scene.clone()
    };
    let found = stuck(&folded);
    for (task, &party) in of.iter().enumerate() {
        prop_assert_eq!(found.forever[party], plain.forever[task]);
        prop_assert_eq!(found.deadlocked[party], plain.deadlocked[task]);
        prop_assert_eq!(found.resting[party], plain.resting[task]);
        prop_assert_eq!(found.rescued[party], plain.rescued[task]);
    }
    let (many, each) = (Leaks::of(&folded), Leaks::of(scene));
    prop_assert_eq!((many.slots, many.resources), (each.slots, each.resources));
    Ok(())
}

/// Whether pages that are allocated later have a name that all tasks know.
fn shares_new_pages(program: &Program) -> bool {
    let nodes = program
        .templates
        .iter()
        .flat_map(|template| &template.nodes);
    let mut ops = nodes.map(|node| node.op);
    ops.any(|op| match op {
        Op::AllocPage { var } | Op::TryAllocPage { var } => matches!(var, Ref::Shared(_)),
        Op::FreePage { page } => matches!(page, Ref::Shared(_)),
        _ => false,
    })
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

/// The graph has the edges that the definition gives it, and no others.
fn graph(world: &World<'_>, deadlock: &Deadlock<'_>) -> Result<(), TestCaseError> {
    let patient = deadlock.scene.patient;
    let core = &deadlock.core;
    let set = core.iter().fold(0, |set, task| set | 1 << task);
    for &task in core {
        let awaited = world.waits_in_vain(set, task, patient);
        prop_assert_eq!(deadlock.blockers.of_task(task), awaited, "task {}", task);
    }
    let graph = deadlock.graph();
    let edges = graph.raw_edges().iter();
    let mut found: Vec<(Node, Node, Link)> = edges
        .map(|edge| {
            (
                graph[edge.source()].clone(),
                graph[edge.target()].clone(),
                edge.weight,
            )
        })
        .collect();
    let mut expected = Vec::new();
    // So few alike tasks are each a node of its own.
    let node = |task: usize| Node::Tasks(vec![task]);
    let things = deadlock.blockers.things();
    for &task in core {
        for &thing in deadlock.blockers.of_task(task) {
            let wait = deadlock.wait(task, thing);
            let need = world.need(thing, wait);
            let link = Link::WaitsFor { count: 1, need };
            expected.push((node(task), Node::Resource(thing), link));
        }
        let mut holds = Vec::new();
        for held in world.holdings(task) {
            let in_the_way = held.how != How::Queues
                || !world.has_queue(held.thing)
                || core
                    .iter()
                    .any(|&other| world.is_behind(other, task, held.thing));
            if things.contains(&held.thing) && in_the_way {
                let link = Link::HeldBy {
                    count: held.n,
                    how: held.how,
                };
                holds.push(held.thing);
                expected.push((Node::Resource(held.thing), node(task), link));
            }
        }
        for &thing in things.iter().filter(|thing| !holds.contains(thing)) {
            let asked = core.iter().any(|&waiter| {
                let wait = world.alternative(waiter, thing);
                wait.is_some_and(|wait| world.could_give(waiter, task, wait))
            });
            if asked {
                expected.push((
                    Node::Resource(thing),
                    node(task),
                    Link::GivenBy { count: 1 },
                ));
            }
        }
    }
    let key = |(from, to, link): &(Node, Node, Link)| format!("{from:?} {to:?} {link:?}");
    found.sort_by_key(key);
    expected.sort_by_key(key);
    prop_assert_eq!(found, expected);
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
        assert!(count > 50, "{what} in {count} states only");
    }
}
