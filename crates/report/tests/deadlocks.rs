//! What is said of deadlocks of every class, and their graphs by names.

use std::time::Duration;

use kmapcheck_engine::{Coverage, Finding, Outcome};
use kmapcheck_machine::{Trace, TraceStep};
use kmapcheck_report::{Finding as Told, Report};
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_show::picture::label;
use kmapcheck_stuck::graph::Link;
use kmapcheck_stuck::holdings::How;
use kmapcheck_testing::deadlocks::{CASES, Case};
use serde_json::json;

/// What a report says of the deadlock at the end of a run.
fn told(program: &Program, run: &[(usize, usize)]) -> Told {
    let steps = run.iter().map(|&(task, choice)| TraceStep { task, choice });
    let trace = Trace {
        steps: steps.collect(),
        ..Trace::default()
    };
    let outcome = Outcome {
        engine: "by hand",
        findings: vec![Finding::of(FindingKind::Deadlock, trace)],
        stopped: None,
        coverage: Coverage::default(),
    };
    let mut report = Report::build(program, &outcome, Duration::ZERO, &|_, _| None)
        .unwrap_or_else(|fault| panic!("{fault}"));
    report.findings.remove(0)
}

fn of_case(name: &str) -> Told {
    let case = Case::named(name);
    told(&case.program(), case.steps)
}

/// `slots` slots, `count` tasks that want two of them each; those of `holders` have their first.
fn mremap(slots: u32, count: u32, holders: &[usize]) -> Told {
    let program = kmapcheck_testing::load(&json!({
        "name": "s",
        "model": { "name": "m", "series": { "P": { "slots": slots, "reuse": "own" } } },
        "tasks": [ { "name": "mremap", "count": count, "pages": ["old", "new"], "program": [
            { "kmap": "old", "series": "P" }, { "kmap": "new", "series": "P" },
            { "kunmap": "new" }, { "kunmap": "old" } ] } ],
    }));
    let run: Vec<(usize, usize)> = holders.iter().map(|&task| (task, 0)).collect();
    told(&program, &run)
}

#[test]
fn every_class_in_a_line() {
    for case in CASES {
        let told = told(&case.program(), case.steps);
        assert_eq!(told.class.as_deref(), Some(case.class), "{}", case.name);
        assert_eq!(told.summary, case.summary, "{}", case.name);
    }
}

#[test]
fn neighbours_are_named_as_a_range() {
    let told = mremap(20, 20, &(0..20).collect::<Vec<_>>());
    assert_eq!(
        told.summary,
        "mremap#1 to mremap#20 each pin a P slot and wait for another; all 20 are held"
    );
    let graph = told.wait_for.expect("a deadlock has one");
    let node = graph
        .nodes
        .iter()
        .find(|node| node.id == "task:mremap#1..#20");
    assert_eq!(node.expect("alike tasks are one node").count, 20);
}

/// 1024 of 3000 hold a slot each, every other one of the first 2048.
#[test]
fn real_sizes_are_folded() {
    let holders: Vec<usize> = (0..1024).map(|i| 2 * i).collect();
    let told = mremap(1024, 3000, &holders);
    assert_eq!((told.core.len(), told.stuck.len()), (1024, 3000));
    let graph = told.wait_for.expect("a deadlock has one");
    assert_eq!(graph.nodes.len(), 2);
    assert_eq!(graph.nodes[0].count, 1024);
    let link = Link::HeldBy {
        count: 1024,
        how: How::Pins,
    };
    assert_eq!(graph.edges[1].link, link);
}

#[test]
fn what_is_leaked_is_on_the_graph() {
    let graph = of_case("a leaked slot").wait_for.expect("there is one");
    let slots = graph.nodes.iter().find(|node| node.id == "series:P");
    assert_eq!(slots.expect("it is waited for").leaked, 1);
}

#[test]
fn who_could_give_it() {
    let told = of_case("completions crosswise");
    let [c, d] = told.contested.as_slice() else {
        panic!("two things are waited for: {:?}", told.contested)
    };
    assert_eq!(
        (
            c.could_be_given_by.as_slice(),
            d.could_be_given_by.as_slice()
        ),
        (["b".to_owned()].as_slice(), ["a".to_owned()].as_slice())
    );
}

#[test]
fn the_graph_as_json_and_its_labels() {
    let graph = of_case("one against itself")
        .wait_for
        .expect("there is one");
    assert_eq!(
        serde_json::to_value(&graph).expect("plain data"),
        json!({
            "nodes": [ { "id": "task:mremap", "kind": "task", "label": "mremap", "count": 1 },
                       { "id": "series:P", "kind": "series", "label": "P", "count": 1, "capacity": 1 } ],
            "edges": [ { "from": "task:mremap", "to": "series:P", "kind": "waits-for", "count": 1, "need": "any" },
                       { "from": "series:P", "to": "task:mremap", "kind": "held-by", "count": 1, "how": "pins" } ],
        })
    );
    let nodes: Vec<Vec<String>> = graph.nodes.iter().map(label::node).collect();
    assert_eq!(nodes, [vec!["mremap"], vec!["P", "1 slot"]]);
    let links: Vec<String> = graph
        .edges
        .iter()
        .map(|edge| label::link(&edge.link, "slot"))
        .collect();
    assert_eq!(links, ["waits for", "pinned by"]);
}
