//! Every inequality that the prover writes down, held against states of random runs: at each number
//! of slots from one to two more than are kept for holders, with the waiting tasks as the core.

#[path = "common/evaluate.rs"]
mod evaluate;

use std::collections::BTreeSet;

use evaluate::wrong;
use kmapcheck_equations::{Equations, Graph, Sizes};
use kmapcheck_local::{Locals, unqueued};
use kmapcheck_machine::State;
use kmapcheck_scenario::{Bound, Program};
use kmapcheck_testing::for_each_state_of_runs;
use proptest::prelude::*;
use serde_json::{Value, json};

/// More sets of things waited for are not looked at.
const SETS: usize = 64;

/// All systems for a program: of each strongly connected set of things waited for, and of all.
fn systems(program: &Program, sizes: &Sizes<'_>, graph: &Graph) -> Vec<Equations> {
    let mut sets: BTreeSet<Vec<usize>> = [(0..graph.needs.len()).collect()].into();
    for knot in graph.knots().into_iter().filter(|knot| knot.len() <= 6) {
        for bits in 1u32..1 << knot.len() {
            let chosen = (0..knot.len()).filter(|i| bits >> i & 1 == 1);
            sets.insert(chosen.map(|i| knot[i]).collect());
        }
    }
    let systems = (sets.into_iter().filter(|set| !set.is_empty()).take(SETS))
        .flat_map(|set| Equations::of(sizes, graph, &set))
        .collect();
    assert_eq!(program, sizes.program);
    systems
}

/// The program with that many instances of each task program that leaves it open, at each number of
/// slots of those that are open.
fn sized(program: &Program, tasks: u32) -> impl Iterator<Item = Program> {
    let mut sized = program.clone();
    for template in &mut sized.templates {
        if template.count == Bound::Any {
            template.count = Bound::Exactly(tasks);
        }
    }
    let kept = program.series.iter().map(|series| series.for_holders).max();
    let last = if program.has_open_slots() {
        kept.map_or(1, |kept| kept + 2)
    } else {
        1
    };
    (1..=last)
        .map(move |slots| sized.clone().with_open_slots(slots))
        .filter(Program::numbers_fit)
}

/// How many inequalities were held against states.
fn check(program: &Program) -> usize {
    let program = &*unqueued(program);
    let Ok(locals) = Locals::of(program) else {
        return 0;
    };
    let graph = Graph::of(program, &locals);
    let sizes = Sizes::of(program, &locals);
    let systems = systems(program, &sizes, &graph);
    let mut seen = 0;
    for sized in sized(program, 3) {
        for_each_state_of_runs(&sized, 6, 40, |state: &State| {
            for system in &systems {
                if let Some(wrong) = wrong(&sized, &graph, system, state) {
                    panic!("{wrong:?} in {:?} with {:?}", system.case, sized.series);
                }
                seen += system.facts.len();
            }
        });
    }
    seen
}

/// The scenario with numbers that are at the edge of one another, and some of them open.
fn at_the_edge(scenario: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let kept = [0..=3u32, 0..=3u32];
    (scenario, kept, any::<[bool; 2]>(), any::<bool>()).prop_map(
        |(mut scenario, kept, open, any_count)| {
            for (name, (kept, open)) in ["A", "B"].iter().zip(kept.into_iter().zip(open)) {
                let series = &mut scenario["model"]["series"][name];
                series["for_holders"] = json!(kept);
                if open {
                    series["slots"] = json!("any");
                }
            }
            let tasks = scenario["tasks"].as_array_mut().into_iter().flatten();
            tasks
                .filter(|_| any_count)
                .for_each(|task| task["count"] = json!("any"));
            scenario
        },
    )
}

fn check_all(scenarios: impl Strategy<Value = Value>, cases: u32, least: u32) {
    let tally = kmapcheck_testing::tally(at_the_edge(scenarios), cases, |program| {
        match check(program) {
            0 => "no closure, or nothing is waited for",
            _ => "checked",
        }
    });
    assert!(tally["checked"] > least, "{tally:?}");
}

#[test]
fn random_programs() {
    check_all(kmapcheck_testing::scenario(), 100, 20);
}

#[test]
fn random_programs_with_private_pages() {
    check_all(kmapcheck_testing::private_scenario(), 100, 40);
}

#[test]
fn random_programs_about_shared_and_declared_pages() {
    check_all(kmapcheck_testing::shared_page_scenario(), 200, 10);
}

/// Three tasks of any number that hold one slot together, of a series that keeps some for holders.
#[test]
fn holders_that_share_a_slot() {
    let program = kmapcheck_testing::load(&json!({
        "name": "joint",
        "model": { "name": "m", "series": { "A": { "slots": 3, "reuse": "own", "for_holders": 1 } } },
        "pages": ["p"],
        "locks": { "s": { "semaphore": 2 } },
        "tasks": [{ "name": "t", "count": "any", "pages": ["o"], "program": [
            { "kmap": "o", "series": "A" }, { "kmap": "p", "series": "A" }, { "kunmap": "o" },
            { "down": "s" }, { "down": "s" }, { "up": "s" }, { "up": "s" }, { "kunmap": "p" }] }],
    }));
    assert!(check(&program) > 0);
    let locals = Locals::of(&program).expect("it has a closure");
    assert_eq!(Sizes::of(&program, &locals).holders_bounded, [false]);
}

/// Every scenario of the repository that is small enough to be run.
#[test]
fn scenarios() {
    let mut checked = 0;
    for path in kmapcheck_testing::scenario_files() {
        let program = kmapcheck_scenario::load(&path, &kmapcheck_scenario::Overrides::default())
            .unwrap_or_else(|errors| panic!("{errors}"));
        let few = |template: &kmapcheck_scenario::Template| match template.count {
            Bound::Exactly(count) => count <= 4,
            Bound::Any => true,
        };
        if program.templates.iter().all(few) && check(&program) > 0 {
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked}");
}
