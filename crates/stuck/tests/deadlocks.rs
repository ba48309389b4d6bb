//! Deadlocks of every class, driven step by step, with cores worked out by hand.

use kmapcheck_machine::{Abilities, Start, State, initial};
use kmapcheck_scenario::{Overrides, Program, load_str};
use kmapcheck_stuck::graph::{Link, Need, Node};
use kmapcheck_stuck::holdings::How;
use kmapcheck_stuck::label;
use kmapcheck_stuck::names::task_name;
use kmapcheck_stuck::stuck::{scene, stuck_among};
use kmapcheck_stuck::{Class, Deadlock, explain};

const TWO_SLOTS: &str = r#""series": { "P": { "slots": 2, "reuse": "own" } }"#;
const ONE_EACH: &str =
    r#""series": { "P": { "slots": 1, "reuse": "own" }, "Q": { "slots": 1, "reuse": "own" } }"#;

fn program(series: &str, fields: &str) -> Program {
    let text = format!(r#"{{ "name": "s", "model": {{ "name": "m", {series} }}, {fields} }}"#);
    match load_str("test.json", &text, &Overrides::default()) {
        Ok(program) => program,
        Err(errors) => panic!("{errors}"),
    }
}

/// The state after the tasks have taken their first possible steps, in that order.
fn after(program: &Program, tasks: &[usize]) -> State {
    let mut state = initial(program, &Start::default());
    for &task in tasks {
        let successors = kmapcheck_machine::steps(program, &state.tasks[task], &state.shared);
        let first = successors
            .first()
            .unwrap_or_else(|| panic!("task {task} waits"));
        state.advance(program, task, first);
    }
    state
}

fn explained(program: &Program, state: &State) -> Option<Deadlock> {
    explain(program, &Abilities::of(program), state)
}

fn deadlock(program: &Program, tasks: &[usize]) -> Deadlock {
    let deadlock = explained(program, &after(program, tasks)).expect("a deadlock");
    let abilities = Abilities::of(program);
    let state = after(program, tasks);
    let scene = scene(program, &abilities, &state);
    let core: Vec<bool> = (0..state.tasks.len())
        .map(|i| deadlock.core.contains(&i))
        .collect();
    assert_eq!(
        stuck_among(&scene, &core),
        core,
        "the core is stuck on itself"
    );
    deadlock
}

fn links(deadlock: &Deadlock) -> Vec<(&str, &str, Link)> {
    deadlock
        .graph
        .edges
        .iter()
        .map(|edge| (edge.from.as_str(), edge.to.as_str(), edge.link))
        .collect()
}

fn node<'a>(deadlock: &'a Deadlock, id: &str) -> &'a Node {
    deadlock
        .graph
        .nodes
        .iter()
        .find(|node| node.id == id)
        .expect("a node")
}

/// `count` tasks that pin two pages of series P at once.
fn mremap(slots: u32, count: u32) -> Program {
    program(
        &format!(r#""series": {{ "P": {{ "slots": {slots}, "reuse": "own" }} }}"#),
        &format!(
            r#""tasks": [ {{ "name": "mremap", "count": {count}, "pages": ["old", "new"],
                 "program": [ {{ "kmap": "old", "series": "P" }}, {{ "kmap": "new", "series": "P" }},
                              {{ "kunmap": "new" }}, {{ "kunmap": "old" }} ] }} ]"#
        ),
    )
}

#[test]
fn two_pin_a_slot_each_and_want_another() {
    let deadlock = deadlock(&mremap(2, 2), &[0, 1]);
    assert_eq!(deadlock.class, Class::SlotExhaustion);
    assert_eq!(deadlock.core, [0, 1]);
    assert_eq!(
        deadlock.summary,
        "mremap#1 and mremap#2 each pin a P slot and wait for another; all 2 are held"
    );
    let waits = Link::WaitsFor {
        count: 1,
        need: Need::Any,
    };
    let held = Link::HeldBy {
        count: 1,
        how: How::Pins,
    };
    assert_eq!(
        links(&deadlock),
        [
            ("task:mremap#1", "series:P", waits),
            ("task:mremap#2", "series:P", waits),
            ("series:P", "task:mremap#1", held),
            ("series:P", "task:mremap#2", held),
        ]
    );
    assert_eq!(node(&deadlock, "series:P").capacity, Some(2));
    let [line] = deadlock.sentences.as_slice() else {
        panic!("alike tasks are one line")
    };
    assert_eq!(
        (line.tasks.as_slice(), line.waits_for.as_str()),
        ([0, 1].as_slice(), "a P slot")
    );
    assert_eq!(
        (
            line.held_by[0].resource.as_str(),
            line.held_by[0].tasks.as_slice()
        ),
        ("a P slot", [0, 1].as_slice())
    );
}

#[test]
fn one_against_itself() {
    let deadlock = deadlock(&mremap(1, 1), &[0]);
    assert_eq!(
        (deadlock.class, deadlock.core.as_slice()),
        (Class::SlotExhaustion, [0].as_slice())
    );
    assert_eq!(
        deadlock.summary,
        "mremap pins the only P slot and waits for another"
    );
}

#[test]
fn bystanders_are_stuck_but_not_in_the_core() {
    // Tasks 0 and 2 hold the slots; 1 and 3 wait for their first.
    let deadlock = deadlock(&mremap(2, 4), &[0, 2]);
    assert_eq!(deadlock.core, [0, 2]);
    assert_eq!(deadlock.stuck, [0, 1, 2, 3]);
    assert!(
        deadlock
            .summary
            .starts_with("mremap#1 and mremap#3 each pin"),
        "{}",
        deadlock.summary
    );
}

#[test]
fn real_sizes_are_folded() {
    // 1024 of 3000 hold a slot each, every other one of the first 2048.
    let program = mremap(1024, 3000);
    let mut state = initial(&program, &Start::default());
    let holders: Vec<usize> = (0..1024).map(|i| 2 * i).collect();
    for &task in &holders {
        let first = kmapcheck_machine::steps(&program, &state.tasks[task], &state.shared).remove(0);
        state.advance(&program, task, &first);
    }
    let deadlock = explained(&program, &state).expect("a deadlock");
    assert_eq!(deadlock.core, holders);
    assert_eq!(deadlock.stuck.len(), 3000);
    assert_eq!(deadlock.graph.nodes.len(), 2);
    assert_eq!(deadlock.graph.nodes[0].count, 1024);
    assert_eq!(
        links(&deadlock)[1].2,
        Link::HeldBy {
            count: 1024,
            how: How::Pins
        }
    );
}

#[test]
fn neighbours_are_named_as_a_range() {
    let deadlock = deadlock(&mremap(20, 20), &(0..20).collect::<Vec<_>>());
    assert_eq!(
        deadlock.summary,
        "mremap#1 to mremap#20 each pin a P slot and wait for another; all 20 are held"
    );
    assert_eq!(node(&deadlock, "task:mremap#1..#20").count, 20);
}

#[test]
fn series_cycle() {
    let program = program(
        ONE_EACH,
        r#""tasks": [ { "name": "read", "pages": ["a", "b"], "program": [
                 { "kmap": "a", "series": "P" }, { "kmap": "b", "series": "Q" }, { "kunmap": "b" }, { "kunmap": "a" } ] },
               { "name": "fault", "pages": ["a", "b"], "program": [
                 { "kmap": "a", "series": "Q" }, { "kmap": "b", "series": "P" }, { "kunmap": "b" }, { "kunmap": "a" } ] } ]"#,
    );
    let deadlock = deadlock(&program, &[0, 1]);
    assert_eq!(
        (deadlock.class, deadlock.core.as_slice()),
        (Class::SeriesCycle, [0, 1].as_slice())
    );
    assert_eq!(
        deadlock.summary,
        "read pins the only P slot and waits for a Q slot; fault pins the only Q slot and waits for a P slot"
    );
}

#[test]
fn one_user_of_a_joint_mapping_keeps_its_slot() {
    // One slot, one mapping, two users: with the other gone, each still waits for itself.
    let program = program(
        r#""series": { "P": { "slots": 1, "reuse": "own" } }"#,
        r#""pages": ["s"], "tasks": [ { "name": "t", "count": 2, "pages": ["p"], "program": [
                 { "kmap": "s", "series": "P" }, { "kmap": "p", "series": "P" }, { "kunmap": "p" }, { "kunmap": "s" } ] } ]"#,
    );
    let deadlock = deadlock(&program, &[0, 1]);
    assert_eq!(
        (deadlock.class, deadlock.core.as_slice()),
        (Class::SlotExhaustion, [0].as_slice())
    );
    assert_eq!(
        deadlock.summary,
        "t#1 pins a shared P slot and waits for another; the only one is held"
    );
}

#[test]
fn a_joint_mapping_is_one_slot() {
    // P: one slot, shared page s, pinned by u and v, who wait for locks that w holds; w wants P.
    // The slot comes free if both u and v let go, so one of them is enough to hold it.
    let program = program(
        r#""series": { "P": { "slots": 1, "reuse": "own" } }"#,
        r#""pages": ["s"], "locks": { "l": "semaphore" }, "tasks": [
             { "name": "w", "pages": ["p"], "program": [ { "down": "l" }, { "kmap": "p", "series": "P" }, { "kunmap": "p" }, { "up": "l" } ] },
             { "name": "u", "count": 2, "program": [ { "kmap": "s", "series": "P" }, { "down": "l" }, { "up": "l" }, { "kunmap": "s" } ] } ]"#,
    );
    let deadlock = deadlock(&program, &[0, 1, 2]);
    assert_eq!(
        (deadlock.class, deadlock.core.as_slice()),
        (Class::SlotsAndLocks, [0, 1].as_slice())
    );
    assert_eq!(
        deadlock.summary,
        "w holds semaphore l and waits for a P slot; u#1 pins a shared P slot and waits for semaphore l; the only P slot is held"
    );
}

#[test]
fn lock_cycle() {
    let program = program(
        TWO_SLOTS,
        r#""locks": { "l": "spin", "m": "spin" }, "tasks": [
             { "name": "a", "program": [ { "spin_lock": "l" }, { "spin_lock": "m" }, { "spin_unlock": "m" }, { "spin_unlock": "l" } ] },
             { "name": "b", "program": [ { "spin_lock": "m" }, { "spin_lock": "l" }, { "spin_unlock": "l" }, { "spin_unlock": "m" } ] } ]"#,
    );
    let deadlock = deadlock(&program, &[0, 1]);
    assert_eq!(
        (deadlock.class, deadlock.core.as_slice()),
        (Class::LockCycle, [0, 1].as_slice())
    );
    assert_eq!(
        deadlock.summary,
        "a holds spinlock l and waits for spinlock m; b holds spinlock m and waits for spinlock l"
    );
}

#[test]
fn the_same_lock_twice() {
    let program = program(
        TWO_SLOTS,
        r#""locks": { "l": "spin" }, "tasks": [ { "name": "a", "program": [ { "spin_lock": "l" }, { "spin_lock": "l" } ] } ]"#,
    );
    let deadlock = deadlock(&program, &[0]);
    assert_eq!(
        (deadlock.class, deadlock.core.as_slice()),
        (Class::LockCycle, [0].as_slice())
    );
    assert_eq!(
        deadlock.summary,
        "a waits for spinlock l, which it holds itself"
    );
}

#[test]
fn a_writer_waits_for_all_readers() {
    // Readers 1 and 2 wait for what the writer holds: each of them alone keeps it out.
    let program = program(
        TWO_SLOTS,
        r#""locks": { "r": "rwsem", "l": "semaphore" }, "tasks": [
             { "name": "w", "program": [ { "down": "l" }, { "down_write": "r" }, { "up_write": "r" }, { "up": "l" } ] },
             { "name": "r", "count": 2, "program": [ { "down_read": "r" }, { "down": "l" }, { "up": "l" }, { "up_read": "r" } ] } ]"#,
    );
    let both = deadlock(&program, &[0, 1, 2]);
    assert_eq!(
        (both.class, both.core.as_slice()),
        (Class::LockCycle, [0, 1].as_slice())
    );
    assert!(links(&both).contains(&(
        "task:w",
        "lock:r",
        Link::WaitsFor {
            count: 1,
            need: Need::All
        }
    )));
    // With one reader that still moves the other is enough.
    let state = after(&program, &[1, 0]);
    let one = explained(&program, &state).expect("a deadlock");
    assert_eq!(one.core, [0, 1]);
}

#[test]
fn a_waiting_writer_holds_back_a_recursive_reader() {
    let program = program(
        TWO_SLOTS,
        r#""locks": { "s": { "rwsem": { "fair": true } } }, "tasks": [
             { "name": "r", "program": [ { "down_read": "s" }, { "down_read": "s" }, { "up_read": "s" }, { "up_read": "s" } ] },
             { "name": "w", "program": [ { "down_write": "s" }, { "up_write": "s" } ] } ]"#,
    );
    let deadlock = deadlock(&program, &[0, 1]);
    assert_eq!(
        (deadlock.class, deadlock.core.as_slice()),
        (Class::LockCycle, [0, 1].as_slice())
    );
    assert_eq!(
        deadlock.summary,
        "r holds rwsem s for reading and waits to read it again; w waits for rwsem s to write"
    );
    assert!(links(&deadlock).contains(&(
        "lock:s",
        "task:w",
        Link::HeldBy {
            count: 1,
            how: How::Queues
        }
    )));
}

#[test]
fn enough_holders_for_so_many_units() {
    // 4 units, 1 free; "big" wants 3, so it needs 2 of the 3 held, and those who have them want big's lock.
    // Leaving one of the three out frees 2 units in all: not enough, so two of them suffice.
    let program = program(
        TWO_SLOTS,
        r#""locks": { "l": "semaphore", "s": { "semaphore": 4 } }, "tasks": [
             { "name": "big", "program": [ { "down": "l" }, { "down": "s", "n": 3 }, { "up": "s", "n": 3 }, { "up": "l" } ] },
             { "name": "t", "count": 3, "program": [ { "down": "s" }, { "down": "l" }, { "up": "l" }, { "up": "s" } ] } ]"#,
    );
    let deadlock = deadlock(&program, &[0, 1, 2, 3]);
    assert_eq!(
        (deadlock.class, deadlock.core.as_slice()),
        (Class::LockCycle, [0, 1, 2].as_slice())
    );
    assert!(links(&deadlock).contains(&(
        "task:big",
        "lock:s",
        Link::WaitsFor {
            count: 1,
            need: Need::Units(3)
        }
    )));
}

#[test]
fn leaked_slots() {
    let program = program(
        r#""series": { "P": { "slots": 1, "reuse": "none" } }"#,
        r#""tasks": [ { "name": "leak", "pages": ["p"], "program": [ { "kmap": "p", "series": "P" } ] },
                      { "name": "t", "count": 2, "pages": ["p"], "program": [ { "kmap": "p", "series": "P" }, { "kunmap": "p" } ] } ]"#,
    );
    let deadlock = deadlock(&program, &[0]);
    assert_eq!(
        (deadlock.class, deadlock.core.as_slice()),
        (Class::LeakedSlots, [1].as_slice())
    );
    assert_eq!(
        deadlock.summary,
        "t#1 waits for a P slot; the only P slot is leaked: its last holder ended without kunmap"
    );
    assert_eq!(node(&deadlock, "series:P").leaked, 1);
    assert_eq!(deadlock.sentences[0].lost.len(), 1);
}

#[test]
fn mempools_and_the_freelist_are_memory() {
    let program = program(
        TWO_SLOTS,
        r#""mempools": { "bio": 2 }, "tasks": [ { "name": "io", "count": 2, "program": [
             { "mempool_alloc": "bio" }, { "mempool_alloc": "bio" }, { "mempool_free": "bio" }, { "mempool_free": "bio" } ] } ]"#,
    );
    let pool = deadlock(&program, &[0, 1]);
    assert_eq!(
        (pool.class, pool.core.as_slice()),
        (Class::Memory, [0, 1].as_slice())
    );
    assert_eq!(
        pool.summary,
        "io#1 and io#2 each hold an element of mempool bio and wait for another; all 2 are taken"
    );
}

#[test]
fn nobody_frees_a_page() {
    let program = program(
        TWO_SLOTS,
        r#""free_pages": 0, "tasks": [ { "name": "a", "program": [ { "alloc_page": "p" }, { "free_page": "p" } ] } ]"#,
    );
    let deadlock = deadlock(&program, &[]);
    assert_eq!(
        (deadlock.class, deadlock.core.as_slice()),
        (Class::Memory, [0].as_slice())
    );
    assert_eq!(
        deadlock.summary,
        "a waits for a free page; nobody else is left who could free one"
    );
}

#[test]
fn completions() {
    let program = program(
        TWO_SLOTS,
        r#""completions": ["c", "d"], "tasks": [
             { "name": "a", "program": [ { "wait_for_completion": "c" }, { "complete": "d" } ] },
             { "name": "b", "program": [ { "wait_for_completion": "d" }, { "complete": "c" } ] } ]"#,
    );
    let cycle = deadlock(&program, &[]);
    assert_eq!(
        (cycle.class, cycle.core.as_slice()),
        (Class::Completion, [0, 1].as_slice())
    );
    assert_eq!(
        cycle.summary,
        "a waits for completion c; b waits for completion d; only b could complete c; only a could complete d"
    );
    assert!(links(&cycle).contains(&("completion:c", "task:b", Link::GivenBy { count: 1 })));
}

#[test]
fn nobody_completes() {
    let program = program(
        TWO_SLOTS,
        r#""completions": ["c"], "tasks": [ { "name": "t", "count": 2, "program": [ { "wait_for_completion": "c" } ] } ]"#,
    );
    let deadlock = deadlock(&program, &[]);
    assert_eq!(
        (deadlock.class, deadlock.core.as_slice()),
        (Class::Completion, [0].as_slice())
    );
    assert_eq!(
        deadlock.summary,
        "t#1 waits for completion c; nobody is left who could complete it"
    );
}

#[test]
fn a_spinner_starves_the_holder() {
    // t#1 takes the lock and sleeps (its second successor gives the CPU up); t#2 spins on the CPU.
    let program = program(
        TWO_SLOTS,
        r#""locks": { "a": "spin" }, "cpus": 1, "tasks": [ { "name": "t", "count": 2, "program": [
             { "spin_lock": "a" }, { "might_sleep": true }, { "spin_unlock": "a" } ] } ]"#,
    );
    let mut state = after(&program, &[0]);
    let sleeps = kmapcheck_machine::steps(&program, &state.tasks[0], &state.shared).remove(1);
    state.advance(&program, 0, &sleeps);
    assert!(explained(&program, &state).is_none(), "the CPU is free");
    let spins = kmapcheck_machine::steps(&program, &state.tasks[1], &state.shared).remove(0);
    state.advance(&program, 1, &spins);
    let deadlock = explained(&program, &state).expect("a deadlock");
    assert_eq!(
        (deadlock.class, deadlock.core.as_slice()),
        (Class::CpuStarvation, [0, 1].as_slice())
    );
    assert_eq!(
        deadlock.summary,
        "t#1 holds spinlock a and waits for a CPU; t#2 occupies a CPU and spins on spinlock a; the only CPU is occupied"
    );
}

#[test]
fn cpus_do_not_matter_where_locks_are_stuck_anyway() {
    // Two semaphores crosswise, one CPU: both sleep.
    let program = program(
        TWO_SLOTS,
        r#""locks": { "a": "semaphore", "b": "semaphore" }, "cpus": 1, "tasks": [
             { "name": "t", "program": [ { "down": "a" }, { "might_sleep": true }, { "down": "b" }, { "up": "b" }, { "up": "a" } ] },
             { "name": "u", "program": [ { "down": "b" }, { "down": "a" }, { "up": "a" }, { "up": "b" } ] } ]"#,
    );
    let mut state = after(&program, &[0]);
    // t gives the CPU up, u takes b, then finds a taken and sleeps; t wants b.
    for (task, choice) in [(0, 1), (1, 0), (1, 0)] {
        let step =
            kmapcheck_machine::steps(&program, &state.tasks[task], &state.shared).remove(choice);
        state.advance(&program, task, &step);
    }
    let deadlock = explained(&program, &state).expect("a deadlock");
    assert_eq!(
        (deadlock.class, deadlock.core.as_slice()),
        (Class::LockCycle, [0, 1].as_slice())
    );
}

#[test]
fn slots_kept_for_holders() {
    let program = program(
        r#""series": { "P": { "slots": 2, "reuse": "none", "for_holders": 1 } }"#,
        r#""completions": ["y"], "tasks": [
             { "name": "t", "pages": ["a"], "program": [ { "kmap": "a", "series": "P" }, { "wait_for_completion": "y" }, { "kunmap": "a" } ] },
             { "name": "u", "pages": ["b"], "program": [ { "kmap": "b", "series": "P" }, { "kunmap": "b" }, { "complete": "y" } ] } ]"#,
    );
    let deadlock = deadlock(&program, &[0]);
    assert_eq!(
        (deadlock.class, deadlock.core.as_slice()),
        (Class::Completion, [0, 1].as_slice())
    );
    assert_eq!(
        deadlock.summary,
        "t pins a P slot and waits for completion y; u waits for a P slot; \
         the last P slot is kept for tasks that pin one; only u could complete it"
    );
}

#[test]
fn of_two_cores_the_smaller() {
    // Three exhaust P between them, while two more are crosswise on locks.
    let program = program(
        r#""series": { "P": { "slots": 3, "reuse": "own" } }"#,
        r#""locks": { "l": "semaphore", "m": "semaphore" }, "tasks": [
             { "name": "t", "count": 3, "pages": ["p", "q"], "program": [ { "kmap": "p", "series": "P" }, { "kmap": "q", "series": "P" }, { "kunmap": "q" }, { "kunmap": "p" } ] },
             { "name": "a", "program": [ { "down": "l" }, { "down": "m" }, { "up": "m" }, { "up": "l" } ] },
             { "name": "b", "program": [ { "down": "m" }, { "down": "l" }, { "up": "l" }, { "up": "m" } ] } ]"#,
    );
    let deadlock = deadlock(&program, &[0, 1, 2, 3, 4]);
    assert_eq!(
        (deadlock.class, deadlock.core.as_slice()),
        (Class::LockCycle, [3, 4].as_slice())
    );
    assert_eq!(deadlock.stuck, [0, 1, 2, 3, 4]);
}

#[test]
fn of_two_pairs_the_first_class() {
    // Locks crosswise (0, 1) and slots exhausted (2, 3): slot-exhaustion comes first.
    let program = program(
        TWO_SLOTS,
        r#""locks": { "l": "semaphore", "m": "semaphore" }, "tasks": [
             { "name": "a", "program": [ { "down": "l" }, { "down": "m" }, { "up": "m" }, { "up": "l" } ] },
             { "name": "b", "program": [ { "down": "m" }, { "down": "l" }, { "up": "l" }, { "up": "m" } ] },
             { "name": "t", "count": 2, "pages": ["p", "q"], "program": [ { "kmap": "p", "series": "P" }, { "kmap": "q", "series": "P" }, { "kunmap": "q" }, { "kunmap": "p" } ] } ]"#,
    );
    let deadlock = deadlock(&program, &[0, 1, 2, 3]);
    assert_eq!(
        (deadlock.class, deadlock.core.as_slice()),
        (Class::SlotExhaustion, [2, 3].as_slice())
    );
}

#[test]
fn the_graph_as_json_and_its_labels() {
    let deadlock = deadlock(&mremap(1, 1), &[0]);
    assert_eq!(
        serde_json::to_value(&deadlock.graph).expect("plain data"),
        serde_json::json!({
            "nodes": [ { "id": "task:mremap", "kind": "task", "label": "mremap", "count": 1 },
                       { "id": "series:P", "kind": "series", "label": "P", "count": 1, "capacity": 1 } ],
            "edges": [ { "from": "task:mremap", "to": "series:P", "kind": "waits-for", "count": 1, "need": "any" },
                       { "from": "series:P", "to": "task:mremap", "kind": "held-by", "count": 1, "how": "pins" } ],
        })
    );
    let nodes: Vec<Vec<String>> = deadlock.graph.nodes.iter().map(label::node).collect();
    assert_eq!(nodes, [vec!["mremap"], vec!["P", "1 slot"]]);
    let links = deadlock.graph.edges.iter();
    let links: Vec<String> = links.map(|edge| label::link(&edge.link)).collect();
    assert_eq!(links, ["waits for", "pinned by"]);
}

#[test]
fn task_names() {
    let program = program(
        TWO_SLOTS,
        r#""tasks": [ { "name": "a", "program": [ { "might_sleep": true } ] },
                      { "name": "b", "count": 2, "program": [ { "might_sleep": true } ] } ]"#,
    );
    assert_eq!(
        [0, 1, 2].map(|task| task_name(&program, task)),
        ["a", "b#1", "b#2"]
    );
}
