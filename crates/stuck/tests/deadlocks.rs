//! Deadlocks of every class: cores, classes and graphs worked out by hand.

use kmapcheck_machine::{Abilities, Resource};
use kmapcheck_scenario::FindingKind;
use kmapcheck_stuck::deadlock::Deadlock;
use kmapcheck_stuck::graph::{Link, Need, Node};
use kmapcheck_stuck::holdings::How;
use kmapcheck_stuck::reduction::stuck_among;
use kmapcheck_testing::deadlocks::{CASES, Case};

#[test]
fn classes_and_cores() {
    for case in CASES {
        let program = case.program();
        let (abilities, state) = (Abilities::of(&program), case.state(&program));
        let deadlock =
            Deadlock::of(&program, &abilities, &state, FindingKind::Deadlock).expect(case.name);
        let found = (deadlock.class.name(), deadlock.core.as_slice());
        assert_eq!(found, (case.class, case.core), "{}", case.name);
        let mut stuck = [case.core, case.bystanders].concat();
        stuck.sort_unstable();
        assert_eq!(deadlock.stuck, stuck, "{}", case.name);
        let core: Vec<bool> = (0..state.tasks.len())
            .map(|i| case.core.contains(&i))
            .collect();
        assert_eq!(stuck_among(&deadlock.scene, &core), core, "{}", case.name);
    }
}

/// The edges of the graph: from tasks to what they wait for, and back.
fn edges(case: &Case) -> Vec<(Node, Node, Link)> {
    let program = case.program();
    let (abilities, state) = (Abilities::of(&program), case.state(&program));
    let graph = Deadlock::of(&program, &abilities, &state, FindingKind::Deadlock)
        .expect(case.name)
        .graph();
    let ends = |edge: &petgraph::graph::Edge<Link>| (edge.source(), edge.target());
    (graph.raw_edges().iter())
        .map(|edge| (ends(edge), edge.weight))
        .map(|((from, to), link)| (graph[from].clone(), graph[to].clone(), link))
        .collect()
}

fn task(number: usize) -> Node {
    Node::Tasks(vec![number])
}

const fn waits(need: Need) -> Link {
    Link::WaitsFor { count: 1, need }
}

const fn held(how: How) -> Link {
    Link::HeldBy { count: 1, how }
}

#[test]
fn who_waits_for_what_and_who_holds_it() {
    let slots = Node::Resource(Resource::Series(0));
    assert_eq!(
        edges(Case::named("two pin a slot each and want another")),
        [
            (task(0), slots.clone(), waits(Need::Any)),
            (task(1), slots.clone(), waits(Need::Any)),
            (slots.clone(), task(0), held(How::Pins)),
            (slots, task(1), held(How::Pins)),
        ]
    );
    let shared = |index| Node::Resource(Resource::Shared(index));
    let all = [
        (
            "a writer waits for all readers",
            (task(0), shared(0), waits(Need::All)),
        ),
        (
            "a waiting writer holds back a recursive reader",
            (shared(0), task(1), held(How::Queues)),
        ),
        (
            "enough holders for so many units",
            (task(0), shared(1), waits(Need::Units(3))),
        ),
        (
            "completions crosswise",
            (shared(0), task(1), Link::GivenBy { count: 1 }),
        ),
    ];
    for (name, edge) in all {
        let edges = edges(Case::named(name));
        assert!(edges.contains(&edge), "{name}: {edges:?}");
    }
}

#[test]
fn what_is_lost_is_counted() {
    let case = Case::named("a leaked slot");
    let program = case.program();
    let (abilities, state) = (Abilities::of(&program), case.state(&program));
    let deadlock =
        Deadlock::of(&program, &abilities, &state, FindingKind::Deadlock).expect("a deadlock");
    assert_eq!(deadlock.leaks.slots, [1]);
}
