//! Deadlocks of every class: cores, classes and graphs worked out by hand.

use kmapcheck_machine::{Abilities, Resource, Start, initial, steps};
use kmapcheck_scenario::FindingKind;
use kmapcheck_stuck::deadlock::Deadlock;
use kmapcheck_stuck::graph::{Link, Need, Node, could_give};
use kmapcheck_stuck::holdings::How;
use kmapcheck_stuck::reduction::stuck_among;
use kmapcheck_testing::deadlocks::{CASES, Case};
use kmapcheck_testing::for_each_state;
use serde_json::json;

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
    let deadlock = Deadlock::of(&program, &abilities, &state, FindingKind::Deadlock);
    all_edges(&deadlock.expect(case.name))
}

fn all_edges(deadlock: &Deadlock<'_>) -> Vec<(Node, Node, Link)> {
    let graph = deadlock.graph();
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

/// More than sixteen alike tasks are one node. Each has a slot of its own, all of them use one more,
/// and each wants a second of its own: one slot too few.
#[test]
fn many_alike_tasks_are_one_node() {
    for (count, nodes) in [(16, 16), (17, 1)] {
        let program = kmapcheck_testing::load(&json!({
            "name": "s",
            "model": { "name": "m", "series": {
                "P": { "slots": count + 1, "reuse": "own" }, "Q": { "slots": 1, "reuse": "own" } } },
            "pages": ["s"],
            "tasks": [{ "name": "t", "count": count, "pages": ["p", "q"], "program": [
                { "kmap": "s", "series": "P" }, { "kmap": "p", "series": "P" },
                { "kmap": "q", "series": "P" }, { "kunmap": "q" }, { "kunmap": "p" }, { "kunmap": "s" } ] }],
        }));
        let abilities = Abilities::of(&program);
        let mut state = initial(&program, &Start::default());
        for task in (0..count).chain(0..count) {
            let step = steps(&program, &state.tasks[task], &state.shared).remove(0);
            state.advance(&program, task, &step);
        }
        let deadlock = Deadlock::of(&program, &abilities, &state, FindingKind::Deadlock);
        let graph = deadlock.expect("all slots are held").graph();
        let mut links: Vec<Link> = graph.edge_weights().copied().collect();
        links.dedup();
        let tasks = graph
            .node_weights()
            .filter(|node| matches!(node, Node::Tasks(_)));
        assert_eq!(tasks.count(), nodes);
        if nodes == 1 {
            let count = u32::try_from(count).expect("few");
            let waits = Link::WaitsFor {
                count,
                need: Need::Any,
            };
            let held = |how, count| Link::HeldBy { count, how };
            assert_eq!(
                links,
                [waits, held(How::Pins, count), held(How::SharesPins, 1)]
            );
        }
    }
}

/// A completion of a task's own: another task completes one of the same name, which is its own.
#[test]
fn nobody_gives_what_is_a_tasks_own() {
    for (own, wait, give) in [
        (
            json!({ "completions": ["c"] }),
            "wait_for_completion",
            "complete",
        ),
        (
            json!({ "locks": { "c": { "semaphore": 1, "owned": false, "available": 0 } } }),
            "down",
            "up",
        ),
    ] {
        let mut one = json!({ "name": "t", "count": 2, "program": [{ wait: "c" }, { give: "c" }] });
        for (key, value) in own.as_object().expect("an object") {
            one[key] = value.clone();
        }
        let program = kmapcheck_testing::load(&json!({
            "name": "s",
            "model": { "name": "m", "series": { "P": { "slots": 1, "reuse": "own" } } },
            "tasks": [one],
        }));
        let abilities = Abilities::of(&program);
        let state = initial(&program, &Start::default());
        let deadlock = Deadlock::of(&program, &abilities, &state, FindingKind::Deadlock);
        let deadlock = deadlock.expect("nobody gives");
        assert_eq!(
            (deadlock.core.as_slice(), deadlock.stuck.as_slice()),
            (&[0][..], &[0, 1][..])
        );
        let thing = Resource::Own { task: 0, index: 0 };
        let wait = deadlock.wait(0, thing).expect("it waits for that");
        assert!(could_give(&deadlock.scene, 0, 0, wait));
        assert!(!could_give(&deadlock.scene, 0, 1, wait));
        let kind = deadlock.scene.resource_kind(thing).expect("it is declared");
        assert!(!kind.is_owned());
        let expected = [
            (task(0), Node::Resource(thing), waits(Need::Any)),
            (Node::Resource(thing), task(0), Link::GivenBy { count: 1 }),
        ];
        assert_eq!(all_edges(&deadlock), expected);
    }
}

/// To map another page in the same series is no help, nor the same page where that will not do.
#[test]
fn only_a_mapping_of_that_page_would_do() {
    let case = Case::named("two pin a slot each and want another");
    let program = case.program();
    let (abilities, state) = (Abilities::of(&program), case.state(&program));
    let deadlock = Deadlock::of(&program, &abilities, &state, FindingKind::Deadlock);
    let deadlock = deadlock.expect(case.name);
    let wait = deadlock
        .wait(0, Resource::Series(0))
        .expect("it waits for a slot");
    assert!(!could_give(&deadlock.scene, 0, 1, wait));
    assert_eq!(deadlock.gives(), []);
}

/// Two tasks that wait for one another's locks, one of them spinning on the only CPU: more CPUs would
/// not help, so it is no matter of CPUs.
#[test]
fn no_matter_of_cpus_where_locks_are_enough() {
    let program = kmapcheck_testing::load(&json!({
        "name": "s",
        "model": { "name": "m", "series": { "P": { "slots": 1, "reuse": "own" } } },
        "locks": { "l": "spin", "s": "semaphore" },
        "cpus": 1,
        "tasks": [
            { "name": "sleeps", "program": [
                { "spin_lock": "l" }, { "down": "s" }, { "up": "s" }, { "spin_unlock": "l" } ] },
            { "name": "spins", "program": [
                { "down": "s" }, { "might_sleep": true }, { "spin_lock": "l" },
                { "spin_unlock": "l" }, { "up": "s" } ] } ],
    }));
    let abilities = Abilities::of(&program);
    let mut met = 0;
    assert!(for_each_state(&program, 10_000, |state| {
        let on_cpu = state.tasks.iter().any(|task| task.on_cpu);
        let deadlock = Deadlock::of(&program, &abilities, state, FindingKind::Deadlock);
        if let Some(deadlock) = deadlock {
            assert_eq!(deadlock.class.name(), "lock-cycle");
            assert!(!deadlock.blockers.things().contains(&Resource::Cpus));
            met += u32::from(on_cpu);
        }
    }));
    assert!(met > 0, "somebody spins in the deadlock");
}
