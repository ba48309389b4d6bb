//! What the checker's inequalities say: tasks that really are stuck on one another satisfy them. The
//! programs are such that with one task or unit less, or a slot more, nobody is stuck: so nothing may
//! be stricter than it is, or more would be excluded than is true.

use kmapcheck_linear::{Answer, solve};
use kmapcheck_locals::Locals;
use kmapcheck_testing::small::{kmap, kunmap, nested, op, pins, scenario, semaphore, slot};
use kmapcheck_verify::{kinds, problem, systems};
use serde_json::{Value, json};

/// Whether every system that tasks stuck on one another would satisfy has no solution.
fn none_is_stuck(scenario: &Value) -> bool {
    let program = kmapcheck_testing::load(scenario);
    let locals = Locals::of(&program).expect("no premise is broken");
    let kinds = kinds(&program, &locals).expect("everything waited for is held");
    let mut systems = systems(&program, &locals, &kinds).expect("few things are waited for");
    systems.all(|system| {
        let system = system.unwrap_or_else(|wrong| panic!("{wrong}"));
        let problem = problem(&program, system.unknowns.len(), &system.inequalities());
        match solve(&problem, 10_000) {
            Answer::Infeasible(_) => true,
            Answer::Feasible(_) => false,
            Answer::Unknown(reason) => panic!("{reason:?}"),
        }
    })
}

/// *t* tasks that take *k* slots each, one by one, can all be waiting while every slot is held if and
/// only if *t* (*k* - 1) is at least the slots.
#[test]
fn slots_of_one_series() {
    for k in 1..=3u64 {
        for slots in k..=6 {
            for tasks in 1..=4 {
                let program = pins(usize::try_from(k).expect("small"));
                let scenario = scenario([json!(slots), json!(1)], &[(json!(tasks), &program)]);
                let stuck = (1..=tasks).any(|t| t * (k - 1) >= slots);
                assert_eq!(
                    none_is_stuck(&scenario),
                    !stuck,
                    "{tasks} times {k} of {slots}"
                );
            }
        }
    }
}

/// All of A held by tasks that wait for B, and all of B by tasks that wait for A.
#[test]
fn opposite_orders() {
    let (ab, ba) = (nested(slot("A"), slot("B")), nested(slot("B"), slot("A")));
    for (tasks, none) in [
        ([2, 3], false),
        ([1, 3], true),
        ([2, 2], true),
        ([9, 9], false),
    ] {
        let tasks = [(json!(tasks[0]), ab.as_slice()), (json!(tasks[1]), &ba)];
        assert_eq!(none_is_stuck(&scenario([json!(2), json!(3)], &tasks)), none);
    }
}

/// A and B in opposite orders under a gate of which so many can be had at once.
#[test]
fn a_gate() {
    let stuck = |key: &str, declared: Value, take: &str, give: &str| {
        let within = |inner| [vec![op(take, "g")], inner, vec![op(give, "g")]].concat();
        let (ab, ba) = (
            within(nested(slot("A"), slot("B"))),
            within(nested(slot("B"), slot("A"))),
        );
        let tasks = [(json!("any"), ab.as_slice()), (json!("any"), &ba)];
        let mut scenario = scenario([json!(1), json!(1)], &tasks);
        scenario[key] = declared;
        !none_is_stuck(&scenario)
    };
    let locks = |lock: Value| json!({ "g": lock });
    assert!(!stuck(
        "locks",
        locks(json!("spin")),
        "spin_lock",
        "spin_unlock"
    ));
    assert!(!stuck(
        "locks",
        locks(json!("rwsem")),
        "down_write",
        "up_write"
    ));
    assert!(stuck(
        "locks",
        locks(json!("rwsem")),
        "down_read",
        "up_read"
    ));
    assert!(!stuck("locks", locks(json!("semaphore")), "down", "up"));
    assert!(stuck(
        "locks",
        locks(json!({ "semaphore": 2 })),
        "down",
        "up"
    ));
    assert!(!stuck(
        "mempools",
        json!({ "g": 1 }),
        "mempool_alloc",
        "mempool_free"
    ));
    assert!(stuck(
        "mempools",
        json!({ "g": 2 }),
        "mempool_alloc",
        "mempool_free"
    ));
    assert!(!stuck("pages", json!(["g"]), "lock_page", "unlock_page"));
    // As many as the series has slots, which is one.
    let follows = locks(json!({ "semaphore": { "slots_of": "A" } }));
    assert!(!stuck("locks", follows, "down", "up"));
}

/// A lock of one kind after another of that kind, in both orders, and one lock twice.
#[test]
fn locks() {
    for (kind, take, give) in [
        ("spin", "spin_lock", "spin_unlock"),
        ("rwsem", "down_write", "up_write"),
        ("page", "lock_page", "unlock_page"),
        ("semaphore", "down", "up"),
    ] {
        let stuck = |orders: [[&str; 2]; 2]| {
            let lock = |name: &str| [op(take, name), op(give, name)];
            let programs = orders.map(|[first, second]| nested(lock(first), lock(second)));
            let tasks = programs
                .each_ref()
                .map(|program| (json!(1), program.as_slice()));
            let mut scenario = scenario([json!(1), json!(1)], &tasks);
            if kind == "page" {
                scenario["pages"] = json!(["x", "y"]);
            } else {
                scenario["locks"] = json!({ "x": kind, "y": kind });
            }
            !none_is_stuck(&scenario)
        };
        assert!(!stuck([["x", "y"], ["x", "y"]]), "{kind}");
        assert!(stuck([["x", "y"], ["y", "x"]]), "{kind}");
        assert!(stuck([["x", "y"], ["y", "y"]]), "{kind}");
    }
}

/// A writer is kept out by a reader, a reader by a writer, and by one that queues if the lock is
/// fair. One holds it for reading while another does for writing: never.
#[test]
fn readers_and_writers() {
    let read = || [op("down_read", "rw"), op("up_read", "rw")];
    let write = || [op("down_write", "rw"), op("up_write", "rw")];
    let stuck = |first: &[Value], second: &[Value], fair: bool| {
        let mut scenario = scenario(
            [json!(1), json!(1)],
            &[(json!(1), first), (json!(1), second)],
        );
        scenario["locks"] =
            json!({ "rw": { "rwsem": { "fair": fair } }, "a": "semaphore", "b": "semaphore" });
        !none_is_stuck(&scenario)
    };
    assert!(stuck(&nested(read(), read()), &write(), true));
    assert!(!stuck(&nested(read(), read()), &write(), false));
    assert!(stuck(&nested(read(), write()), &read(), false));
    assert!(stuck(&nested(write(), read()), &read(), false));
    assert!(stuck(
        &nested(read(), semaphore("a")),
        &nested(semaphore("a"), write()),
        false
    ));
    assert!(!stuck(
        &nested(read(), semaphore("a")),
        &nested(semaphore("a"), read()),
        false
    ));
    assert!(stuck(
        &nested(write(), semaphore("a")),
        &nested(semaphore("a"), read()),
        false
    ));
    let under = |[first, last]: [Value; 2], inner| [vec![first], inner, vec![last]].concat();
    let ab = nested(semaphore("a"), semaphore("b"));
    let ba = nested(semaphore("b"), semaphore("a"));
    assert!(!stuck(
        &under(read(), ab.clone()),
        &under(write(), ba.clone()),
        false
    ));
    assert!(stuck(&under(read(), ab), &under(read(), ba), false));
}

/// Several units at once cannot be had if all but fewer are held.
#[test]
fn units() {
    let stuck = |units: u64, n: u64, tasks: u64| {
        let [down, up] = ["down", "up"].map(|op| json!({ op: "s", "n": n }));
        let program = [down.clone(), down, up.clone(), up];
        let mut scenario = scenario([json!(1), json!(1)], &[(json!(tasks), &program)]);
        scenario["locks"] = json!({ "s": { "semaphore": units } });
        !none_is_stuck(&scenario)
    };
    assert!(stuck(5, 2, 2) && !stuck(5, 2, 1));
    assert!(stuck(6, 2, 3) && !stuck(6, 2, 2));
    assert!(stuck(3, 1, 3) && !stuck(3, 1, 2));
}

/// A page that all know lies in one slot, whoever maps it.
#[test]
fn slots_that_are_shared() {
    let stuck = |slots: u64, shared: u64, own: u64| {
        let common = nested([kmap("s", "A"), kunmap("s")], [kmap("p", "A"), kunmap("p")]);
        let mut tasks = vec![(json!(shared), common.as_slice())];
        let pins = pins(2);
        if own > 0 {
            tasks.push((json!(own), &pins));
        }
        let mut scenario = scenario([json!(slots), json!(1)], &tasks);
        scenario["model"]["series"]["A"]["reuse"] = json!("own");
        scenario["pages"] = json!(["s"]);
        !none_is_stuck(&scenario)
    };
    assert!(stuck(1, 1, 0));
    assert!(stuck(2, 1, 1));
    assert!(stuck(3, 1, 2));
    assert!(!stuck(3, 1, 1));
}

/// With some slots kept for holders, fewer tasks hold any, so they have to hold more each.
#[test]
fn slots_kept_for_holders() {
    let stuck = |slots: u64, kept: u64, each: usize| {
        let mut scenario = scenario([json!(slots), json!(1)], &[(json!("any"), &pins(each))]);
        scenario["model"]["series"]["A"]["for_holders"] = json!(kept);
        !none_is_stuck(&scenario)
    };
    assert!(stuck(2, 0, 2) && !stuck(2, 1, 2));
    assert!(stuck(3, 1, 3) && !stuck(3, 2, 3));
    assert!(stuck(4, 2, 3) && !stuck(4, 2, 2));
}

/// Spinners on all CPUs keep them from the one that holds the lock and sleeps.
#[test]
fn cpus() {
    let stuck = |cpus: u64, tasks: u64| {
        let sleeps = json!({ "might_sleep": true });
        let program = [op("spin_lock", "l"), sleeps, op("spin_unlock", "l")];
        let mut scenario = scenario([json!(1), json!(1)], &[(json!(tasks), &program)]);
        scenario["locks"] = json!({ "l": "spin" });
        scenario["cpus"] = json!(cpus);
        !none_is_stuck(&scenario)
    };
    assert!(stuck(1, 2) && !stuck(1, 1));
    assert!(stuck(2, 3) && !stuck(2, 2));
}

/// For every number of slots: two taken one by one, and two reserved beforehand.
#[test]
fn slots_that_are_open() {
    let stuck = |program: &[Value]| {
        let mut scenario = scenario([json!("any"), json!(1)], &[(json!("any"), program)]);
        scenario["locks"] = json!({ "reserved": { "semaphore": { "slots_of": "A" } } });
        !none_is_stuck(&scenario)
    };
    assert!(stuck(&pins(2)));
    assert!(!stuck(&pins(1)));
    let [first, last] = ["down", "up"].map(|op| json!({ op: "reserved", "n": 2 }));
    assert!(!stuck(&[vec![first], pins(2), vec![last]].concat()));
    let [first, last] = ["down", "up"]
        .map(|op| op.to_owned())
        .map(|down| op(&down, "reserved"));
    assert!(stuck(&[vec![first], pins(2), vec![last]].concat()));
}
