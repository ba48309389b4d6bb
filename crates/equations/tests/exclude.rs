//! Which cores small programs have, and how many tasks the smallest; all derived by hand.

mod common;

use common::Judged;
use kmapcheck_equations::{Cores, Undecided};
use kmapcheck_linear::refutes;
use kmapcheck_machine::Wanted;
use kmapcheck_testing::small::{kmap, kunmap, nested, op, pins, scenario, semaphore, slot};
use serde_json::{Value, json};

/// *t* tasks that each take *k* of one kind, one by one, can all be waiting for their last while
/// everything is held if and only if *t* (*k* - 1) is at least all there is; the fewest that can are
/// the least such *t*.
#[test]
fn tasks_that_take_several_slots_of_one_series() {
    for k in 1..=3u64 {
        for slots in k..=6 {
            for tasks in 1..=4 {
                let program = pins(usize::try_from(k).expect("small"));
                let judged = Judged::of(&scenario(
                    [json!(slots), json!(1)],
                    &[(json!(tasks), program.as_slice())],
                ));
                let stuck = (1..=tasks).find(|t| t * (k - 1) >= slots);
                assert_eq!(judged.smallest(), stuck, "{tasks} times {k} of {slots}");
                assert_eq!(judged.is_excluded(), stuck.is_none());
            }
        }
    }
}

/// One that takes more slots than there are is stuck by itself.
#[test]
fn more_slots_than_there_are() {
    let program = pins(3);
    let judged = Judged::of(&scenario([json!(2), json!(1)], &[(json!(1), &program)]));
    assert_eq!(judged.smallest(), Some(1));
}

/// *a* tasks that hold all of A wait for B, whose *b* slots are held by tasks that wait for A.
#[test]
fn opposite_orders() {
    let (ab, ba) = (nested(slot("A"), slot("B")), nested(slot("B"), slot("A")));
    let of = |slots: [u64; 2], tasks: [u64; 2]| {
        Judged::of(&scenario(
            slots.map(|n| json!(n)),
            &[(json!(tasks[0]), ab.as_slice()), (json!(tasks[1]), &ba)],
        ))
    };
    for a in 1..=3 {
        for b in 1..=3 {
            assert_eq!(of([a, b], [3, 3]).smallest(), Some(a + b));
            if a > 1 && b > 1 {
                assert!(of([a, b], [a - 1, 3]).is_excluded());
                assert!(of([a, b], [3, b - 1]).is_excluded());
            }
        }
    }
    // With none of the other kind there is no circle, and nothing to refute.
    let same = Judged::of(&scenario([json!(1), json!(1)], &[(json!("any"), &ab)]));
    assert!(matches!(&same.cores, Cores::Excluded(list) if list.is_empty()));
}

/// A and B in opposite orders, by any number of tasks, under a gate.
fn with_gate(declared: (&str, Value), gate: [Value; 2]) -> Value {
    let gated = |inner: Vec<Value>| {
        let [first, last] = gate.clone();
        [vec![first], inner, vec![last]].concat()
    };
    let (ab, ba) = (
        gated(nested(slot("A"), slot("B"))),
        gated(nested(slot("B"), slot("A"))),
    );
    let mut scenario = scenario(
        [json!(1), json!(1)],
        &[(json!("any"), ab.as_slice()), (json!("any"), &ba)],
    );
    scenario[declared.0] = declared.1;
    scenario
}

fn with_units(units: u64) -> Value {
    let gate = json!({ "gate": { "semaphore": units } });
    with_gate(("locks", gate), semaphore("gate"))
}

/// Who takes part in a circle holds the gate, so where one task at most holds it there is no circle
/// of two. Several can hold units, or read.
#[test]
fn a_gate() {
    let gate = |take: &str, give: &str| [op(take, "gate"), op(give, "gate")];
    let smallest = |declared, gate| Judged::of(&with_gate(declared, gate)).smallest();
    let spin = ("locks", json!({ "gate": "spin" }));
    let rwsem = || ("locks", json!({ "gate": "rwsem" }));
    let pool = |elements: u64| ("mempools", json!({ "gate": elements }));
    assert_eq!(smallest(spin, gate("spin_lock", "spin_unlock")), None);
    assert_eq!(smallest(rwsem(), gate("down_write", "up_write")), None);
    assert_eq!(smallest(rwsem(), gate("down_read", "up_read")), Some(2));
    assert_eq!(
        smallest(pool(1), gate("mempool_alloc", "mempool_free")),
        None
    );
    assert_eq!(
        smallest(pool(2), gate("mempool_alloc", "mempool_free")),
        Some(2)
    );
    let page = ("pages", json!(["gate"]));
    assert_eq!(smallest(page, gate("lock_page", "unlock_page")), None);
    assert_eq!(Judged::of(&with_units(1)).smallest(), None);
    assert_eq!(Judged::of(&with_units(2)).smallest(), Some(2));
}

/// What is excluded comes with a proof, and what is possible with a solution.
#[test]
fn answers_come_with_what_shows_them() {
    let judged = Judged::of(&with_units(1));
    let Cores::Excluded(list) = &judged.cores else {
        panic!("the gate excludes all");
    };
    assert!(!list.is_empty());
    for excluded in list {
        assert!(refutes(&excluded.equations.problem, &excluded.refutation));
    }
    let judged = Judged::of(&with_units(2));
    for possible in judged.possible() {
        let equations = possible.equations.as_ref().expect("things are held");
        let mut values = vec![0; equations.problem.variables];
        for &(kind, n) in &possible.core.tasks {
            let at = equations.kinds.iter().position(|&k| k == kind);
            values[at.expect("it is among them")] = i64::try_from(n).expect("small");
        }
        assert!(equations.problem.satisfied_by(&values));
        assert_eq!(equations.core(&values), possible.core);
    }
}

/// Two locks in opposite orders, by one task that has `rw` for reading and one that has it for
/// writing: never both. Two readers can.
#[test]
fn an_rwsem_held_by_readers_or_by_a_writer() {
    let of = |how: &str| {
        let under = |how: &str, inner: Vec<Value>| {
            let (first, last) = (
                op(&format!("down_{how}"), "rw"),
                op(&format!("up_{how}"), "rw"),
            );
            [vec![first], inner, vec![last]].concat()
        };
        let ab = under("read", nested(semaphore("a"), semaphore("b")));
        let ba = under(how, nested(semaphore("b"), semaphore("a")));
        let mut scenario = scenario(
            [json!(1), json!(1)],
            &[(json!("any"), ab.as_slice()), (json!("any"), &ba)],
        );
        scenario["locks"] = json!({ "rw": "rwsem", "a": "semaphore", "b": "semaphore" });
        Judged::of(&scenario)
    };
    assert!(of("write").is_excluded());
    assert_eq!(of("read").smallest(), Some(2));
}

/// A writer in the queue of a fair rwsem keeps a reader from reading once more; one that does not
/// queue waits for the reader, and nobody for him.
#[test]
fn a_reader_that_reads_once_more() {
    let of = |fair: bool| {
        let read = [op("down_read", "rw"), op("up_read", "rw")];
        let reader = nested(read.clone(), read);
        let writer = [op("down_write", "rw"), op("up_write", "rw")];
        let mut scenario = scenario(
            [json!(1), json!(1)],
            &[(json!(1), reader.as_slice()), (json!(1), &writer)],
        );
        scenario["locks"] = json!({ "rw": { "rwsem": { "fair": fair } } });
        Judged::of(&scenario)
    };
    assert_eq!(of(true).smallest(), Some(2));
    assert!(of(false).is_excluded());
}

/// Two of a kind, of which one task at most has each: in one order, in both orders, and one twice.
#[test]
fn two_locks() {
    for (kind, take, give) in [
        ("spin", "spin_lock", "spin_unlock"),
        ("rwsem", "down_write", "up_write"),
        ("page", "lock_page", "unlock_page"),
    ] {
        let of = |orders: [[&str; 2]; 2]| {
            let lock = |name: &str| [op(take, name), op(give, name)];
            let programs = orders.map(|[first, second]| nested(lock(first), lock(second)));
            let tasks = programs
                .each_ref()
                .map(|program| (json!("any"), program.as_slice()));
            let mut scenario = scenario([json!(1), json!(1)], &tasks);
            if kind == "page" {
                scenario["pages"] = json!(["x", "y"]);
            } else {
                scenario["locks"] = json!({ "x": kind, "y": kind });
            }
            Judged::of(&scenario).smallest()
        };
        assert_eq!(of([["x", "y"], ["x", "y"]]), None, "{kind}");
        assert_eq!(of([["x", "y"], ["y", "x"]]), Some(2), "{kind}");
        assert_eq!(of([["x", "y"], ["y", "y"]]), Some(1), "{kind}");
    }
}

/// Pages of several tasks lie in one slot if they are the same page: of two slots one stays for
/// whoever holds nothing but a share of the other.
#[test]
fn a_shared_page_takes_one_slot() {
    let of = |slots: u64| {
        let program = nested([kmap("s", "A"), kunmap("s")], [kmap("p", "A"), kunmap("p")]);
        let mut scenario = scenario(
            [json!(slots), json!(1)],
            &[(json!("any"), program.as_slice())],
        );
        scenario["model"]["series"]["A"]["reuse"] = json!("own");
        scenario["pages"] = json!(["s"]);
        Judged::of(&scenario)
    };
    assert_eq!(of(1).smallest(), Some(1));
    assert!(of(2).is_excluded());
}

/// Only holders get the last slot: with one for all others, one task at most holds any.
#[test]
fn slots_kept_for_holders() {
    let of = |slots: u64, kept: u64, each: usize| {
        let program = pins(each);
        let mut scenario = scenario(
            [json!(slots), json!(1)],
            &[(json!("any"), program.as_slice())],
        );
        scenario["model"]["series"]["A"]["for_holders"] = json!(kept);
        Judged::of(&scenario)
    };
    assert_eq!(of(2, 0, 2).smallest(), Some(2));
    assert!(of(2, 1, 2).is_excluded());
    assert!(of(3, 2, 3).is_excluded());
    assert_eq!(of(3, 1, 3).smallest(), Some(2));
    // Nobody ever gets a first one.
    assert_eq!(of(1, 1, 1).smallest(), Some(1));
}

/// The same program for every number of slots: whoever reserves both at once does not wait, and
/// whoever takes one after the other does, with one slot by itself.
#[test]
fn every_number_of_slots() {
    let open = |program: &[Value]| {
        let mut scenario = scenario([json!("any"), json!(1)], &[(json!("any"), program)]);
        scenario["locks"] = json!({ "reserved": { "semaphore": { "slots_of": "A" } } });
        Judged::of(&scenario)
    };
    let taken = pins(2);
    let judged = open(&taken);
    assert_eq!(judged.smallest(), Some(1));
    assert!((judged.possible().iter()).any(|possible| possible.core.slots == [(0, 1)]));
    let [first, last] = ["down", "up"].map(|op| json!({ op: "reserved", "n": 2 }));
    assert!(open(&[vec![first], taken, vec![last]].concat()).is_excluded());
}

/// With one CPU a task that spins keeps it from the one that holds the lock and has slept. With two
/// it takes two that spin, so three tasks.
#[test]
fn spinners_that_keep_the_cpus() {
    let of = |cpus: u64, tasks: u64| {
        let program = [
            op("spin_lock", "l"),
            json!({ "might_sleep": true }),
            op("spin_unlock", "l"),
        ];
        let mut scenario = scenario([json!(1), json!(1)], &[(json!(tasks), program.as_slice())]);
        scenario["locks"] = json!({ "l": "spin" });
        scenario["cpus"] = json!(cpus);
        Judged::of(&scenario)
    };
    assert_eq!(of(1, 3).smallest(), Some(2));
    assert_eq!(of(2, 3).smallest(), Some(3));
    assert!(of(1, 1).is_excluded());
    assert!(of(2, 2).is_excluded());
}

/// Units of a pool, several at once: *n* cannot be had if all but fewer than *n* are held.
#[test]
fn several_units_at_once() {
    let of = |units: u64, n: u64, tasks: u64| {
        let [down, up] = ["down", "up"].map(|op| json!({ op: "s", "n": n }));
        let program = [down.clone(), down, up.clone(), up];
        let mut scenario = scenario([json!(1), json!(1)], &[(json!(tasks), program.as_slice())]);
        scenario["locks"] = json!({ "s": { "semaphore": units } });
        Judged::of(&scenario)
    };
    // 5 units, 2 at once: two tasks that hold 4 leave 1. One leaves 3.
    assert_eq!(of(5, 2, 9).smallest(), Some(2));
    assert!(of(5, 2, 1).is_excluded());
    // 6 units: two tasks leave 2.
    assert_eq!(of(6, 2, 9).smallest(), Some(3));
    assert!(of(6, 2, 2).is_excluded());
}

/// Elements of a pool, one after the other.
#[test]
fn elements_of_a_pool() {
    let element = || [op("mempool_alloc", "s"), op("mempool_free", "s")];
    let program = nested(element(), element());
    let of = |elements: u64| {
        let mut scenario = scenario([json!(1), json!(1)], &[(json!(3), program.as_slice())]);
        scenario["mempools"] = json!({ "s": elements });
        Judged::of(&scenario)
    };
    assert_eq!(of(3).smallest(), Some(3));
    assert!(of(4).is_excluded());
}

/// What nobody need hold for it to be missing: of two tasks, one alone may wait for it, for ever.
#[test]
fn what_may_never_come() {
    let alone = |operation: Value, declared: (&str, Value)| {
        let mut scenario = scenario([json!(1), json!(1)], &[(json!(2), &[operation])]);
        scenario[declared.0] = declared.1;
        Judged::of(&scenario)
    };
    for judged in [
        alone(
            op("wait_for_completion", "c"),
            ("completions", json!(["c"])),
        ),
        alone(
            op("down", "io"),
            ("locks", json!({ "io": { "semaphore": 1, "owned": false } })),
        ),
        alone(op("alloc_page", "v"), ("free_pages", json!(1))),
    ] {
        assert_eq!(judged.smallest(), Some(1));
        assert!(matches!(judged.possible()[0].awaited(), [Wanted::Given(_)]));
    }
}

/// A slot that is lost has no holder: nothing is known then.
#[test]
fn a_leak() {
    let judged = Judged::of(&scenario(
        [json!(2), json!(1)],
        &[(json!(2), &[kmap("p", "A")])],
    ));
    assert!(matches!(judged.cores, Cores::Undecided(Undecided::Leak(_))));
    let program = [op("spin_lock", "l")];
    let mut locked = scenario([json!(2), json!(1)], &[(json!(2), program.as_slice())]);
    locked["locks"] = json!({ "l": "spin" });
    let judged = Judged::of(&locked);
    assert!(matches!(judged.cores, Cores::Undecided(Undecided::Leak(_))));
}

/// *n* locks, each task holding one and waiting for the next: as many tasks as locks. Beyond a dozen
/// there are too many sets of locks to look at.
#[test]
fn a_ring_of_locks() {
    let ring = |n: usize| {
        let names: Vec<String> = (0..n).map(|i| format!("l{i}")).collect();
        let programs: Vec<Vec<Value>> = (0..n)
            .map(|i| nested(semaphore(&names[i]), semaphore(&names[(i + 1) % n])))
            .collect();
        let tasks: Vec<(Value, &[Value])> = programs
            .iter()
            .map(|program| (json!(1), program.as_slice()))
            .collect();
        let mut scenario = scenario([json!(1), json!(1)], &tasks);
        scenario["locks"] = names
            .iter()
            .map(|name| (name.clone(), json!("semaphore")))
            .collect();
        Judged::of(&scenario)
    };
    for n in [2, 3, 12] {
        assert_eq!(ring(n).smallest(), Some(n as u64));
    }
    assert!(matches!(
        ring(40).cores,
        Cores::Undecided(Undecided::TooManyNeeds)
    ));
}

/// A branch of a select takes a mapping that is there already, which is never refused: so a second task
/// has a pin though one slot of two is kept for those that have one.
#[test]
fn a_first_pin_in_a_select() {
    let scenario = |kept: u32| {
        json!({
            "name": "s",
            "model": { "name": "m", "series": {
                "A": { "slots": 2, "reuse": "own", "for_holders": kept } } },
            "tasks": [{ "name": "t", "count": 2, "pages": [{ "name": "p", "stale_in": "A" }, "q"],
                "program": [{ "select": [[kmap("p", "A")]] }, kmap("q", "A"), kunmap("q"), kunmap("p")] }],
        })
    };
    assert!(!Judged::of(&scenario(1)).is_excluded());
    assert!(!Judged::of(&scenario(0)).is_excluded());
}

/// Who could give up but has no CPU for it waits for one like anybody else: it may hold the lock for which
/// the only CPU is spun on.
#[test]
fn giving_up_takes_a_cpu() {
    let scenario = |cpus: u32| {
        let waits = json!({ "wait_for_completion": "c", "gives_up": true });
        kmapcheck_testing::load(&json!({
            "name": "s", "cpus": cpus,
            "model": { "name": "m", "series": {} },
            "locks": { "l": "spin" },
            "tasks": [
                { "name": "sleeps", "completions": ["c"],
                  "program": [op("spin_lock", "l"), waits, op("spin_unlock", "l")] },
                { "name": "spins", "program": [op("spin_lock", "l"), op("spin_unlock", "l")] } ],
        }))
    };
    for (cpus, is_excluded) in [(1, false), (2, true)] {
        let program = scenario(cpus);
        let locals = kmapcheck_local::Locals::of(&program).expect("no premise is broken");
        let judged = kmapcheck_equations::judge_the_patient(&program, &locals);
        let cores = judged.expect("somebody can give up").cores;
        assert_eq!(
            matches!(cores, Cores::Excluded(_)),
            is_excluded,
            "{cpus}: {cores:?}"
        );
    }
}
