//! What the checker's inequalities say: tasks that really are stuck on one another satisfy them. The
//! programs are such that with one task or unit less, or a slot more, nobody is stuck: so nothing may
//! be stricter than it is, or more would be excluded than is true.

use kmapcheck_linear::{Answer, solve};
use kmapcheck_local::Locals;
use kmapcheck_prove::closed;
use kmapcheck_testing::small::{kmap, kunmap, nested, op, pins, scenario, semaphore, slot};
use kmapcheck_verify::{kinds, problem, systems};
use serde_json::{Value, json};

/// Whether every system that tasks stuck on one another would satisfy has no solution.
fn none_is_stuck(scenario: &Value) -> bool {
    let program = kmapcheck_testing::load(scenario);
    let locals = Locals::of(&program).expect("no premise is broken");
    let closed = closed(&program, &locals).expect("those are the local states");
    let kinds = kinds(&program, &closed).expect("waits are what they seem");
    let mut systems = systems(&program, &closed, &kinds).expect("few things are waited for");
    systems.all(|system| {
        let system = system.unwrap_or_else(|wrong| panic!("{wrong}"));
        let problem = problem(system.variables, &system.inequalities());
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
    // Whatever the number of slots, if one is kept: the holders are fewer, and each waits with one.
    let any = |kept: u64| {
        let mut scenario = scenario([json!("any"), json!(1)], &[(json!("any"), &pins(2))]);
        scenario["model"]["series"]["A"]["for_holders"] = json!(kept);
        none_is_stuck(&scenario)
    };
    assert!(any(1) && !any(0));
}

/// Two series, each with its own slots kept: the range of one says nothing of the other.
#[test]
fn ranges_of_two_series() {
    let of_b = [kmap("p", "B"), kmap("q", "B"), kunmap("q"), kunmap("p")];
    let tasks = [(json!("any"), &pins(2)[..]), (json!("any"), &of_b)];
    let mut kept = scenario([json!("any"), json!("any")], &tasks);
    kept["model"]["series"]["A"]["for_holders"] = json!(1);
    kept["model"]["series"]["B"]["for_holders"] = json!(2);
    assert!(none_is_stuck(&kept));
    kept["model"]["series"]["B"]["for_holders"] = json!(0);
    assert!(!none_is_stuck(&kept));
}

/// Who holds a slot and waits for a lock, which is given back, is not stuck on slots: the one who waits
/// for a second slot gets it.
#[test]
fn who_waits_for_something_else() {
    let holds = nested([kmap("p", "A"), kunmap("p")], semaphore("l"));
    let tasks = [
        (json!(1), &pins(2)[..]),
        (json!(1), &holds),
        (json!(1), &semaphore("l")),
    ];
    let mut beside = scenario([json!(2), json!(1)], &tasks);
    beside["locks"] = json!({ "l": "semaphore" });
    assert!(none_is_stuck(&beside));
}

/// A large request at the head of a queue keeps small ones waiting behind it, also that of a task which
/// holds a unit that the large one needs.
#[test]
fn a_queue() {
    let stuck = |fair: bool, large: u64| {
        let again = nested(semaphore("s"), semaphore("s"));
        let [down, up] = ["down", "up"].map(|op| json!({ op: "s", "n": large }));
        let all = [down, up];
        let tasks = [(json!(1), &again[..]), (json!(1), &all[..])];
        let mut scenario = scenario([json!(1), json!(1)], &tasks);
        scenario["locks"] = json!({ "s": { "semaphore": 3, "fair": fair } });
        !none_is_stuck(&scenario)
    };
    assert!(stuck(true, 3) && !stuck(false, 3));
    assert!(!stuck(true, 2));
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

/// The cases of the systems of a scenario: all sets have the same here.
fn cases(scenario: &Value) -> Vec<Vec<String>> {
    let program = kmapcheck_testing::load(scenario);
    let locals = Locals::of(&program).expect("no premise is broken");
    let closed = closed(&program, &locals).expect("those are the local states");
    let kinds = kinds(&program, &closed).expect("waits are what they seem");
    let mut cases: Vec<Vec<String>> = systems(&program, &closed, &kinds)
        .expect("few things are waited for")
        .map(|system| system.unwrap_or_else(|wrong| panic!("{wrong}")).case)
        .collect();
    cases.sort_unstable();
    cases.dedup();
    cases
}

/// Two slots of A one by one, with each of the gates held in the given way.
fn pins_within(gates: &[(&str, &str)]) -> Vec<Value> {
    let take = gates
        .iter()
        .map(|&(how, gate)| op(&format!("down_{how}"), gate));
    let give = gates
        .iter()
        .rev()
        .map(|&(how, gate)| op(&format!("up_{how}"), gate));
    take.chain(pins(2)).chain(give).collect()
}

/// Tasks with two slots of A each, on a series that keeps one slot for holders.
fn keeping(slots: Value, reuse: &str, programs: &[&[Value]]) -> Value {
    let tasks: Vec<(Value, &[Value])> = programs
        .iter()
        .map(|program| (json!("any"), *program))
        .collect();
    let mut scenario = scenario([slots, json!(1)], &tasks);
    let declared = &mut scenario["model"]["series"]["A"];
    declared["for_holders"] = json!(1);
    declared["reuse"] = json!(reuse);
    scenario
}

#[test]
fn slots_that_are_open_and_kept_make_two_cases() {
    let (few, more) = (vec!["slots of A <= 1"], vec!["slots of A > 1"]);
    assert_eq!(
        cases(&keeping(json!("any"), "none", &[&pins(2)])),
        [few, more]
    );
    // What is given, what others may have mapped, and a series where nobody has a pin make one.
    let one: [Vec<String>; 1] = [Vec::new()];
    assert_eq!(cases(&keeping(json!(3), "none", &[&pins(2)])), one);
    let mut shared = keeping(json!("any"), "any", &[&pins(2)]);
    shared["pages"] = json!(["p", "q"]);
    shared["tasks"][0]["pages"] = json!([]);
    assert_eq!(cases(&shared), one);
    let mut nothing_kept = keeping(json!("any"), "none", &[&pins(2)]);
    nothing_kept["model"]["series"]["A"]["for_holders"] = json!(0);
    assert_eq!(cases(&nothing_kept), one);
    let in_b = [kmap("p", "B"), kmap("q", "B"), kunmap("q"), kunmap("p")];
    let elsewhere = keeping(json!("any"), "none", &[&in_b]);
    assert_eq!(cases(&elsewhere), one);
}

/// Slots in use count holders only where each has a slot to itself, and got its first pin by one.
#[test]
fn what_bounds_holders_and_what_does_not() {
    let two = [vec!["slots of A <= 1"], vec!["slots of A > 1"]];
    let one: [Vec<String>; 1] = [Vec::new()];
    for reuse in ["own", "any"] {
        assert_eq!(
            cases(&keeping(json!("any"), reuse, &[&pins(2)])),
            two,
            "{reuse}"
        );
        // The second time the first pin may be on what is left of the first time.
        let again = [vec![kmap("p", "A"), kunmap("p")], pins(2)].concat();
        assert_eq!(
            cases(&keeping(json!("any"), reuse, &[&again])),
            one,
            "{reuse}"
        );
    }
    // At the end it has a pin without a slot to itself, in whatever else it has one.
    let shared = [
        kmap("r", "B"),
        kmap("q", "A"),
        kmap("s", "A"),
        kunmap("q"),
        kunmap("s"),
        kunmap("r"),
    ];
    let mut scenario = keeping(json!("any"), "own", &[&shared]);
    scenario["pages"] = json!(["s"]);
    assert_eq!(cases(&scenario), one);
}

#[test]
fn a_lock_held_in_both_ways_makes_two_cases() {
    let (reads, writes) = (
        pins_within(&[("read", "g")]),
        pins_within(&[("write", "g")]),
    );
    let gated = |programs: &[&[Value]]| {
        let mut scenario = keeping(json!(3), "none", programs);
        scenario["locks"] = json!({ "g": "rwsem" });
        scenario
    };
    let both = [vec!["nobody holds read g"], vec!["nobody holds write g"]];
    assert_eq!(cases(&gated(&[&reads, &writes])), both);
    let one: [Vec<String>; 1] = [Vec::new()];
    assert_eq!(cases(&gated(&[&reads])), one);
    assert_eq!(cases(&gated(&[&writes])), one);
}

/// Each gate doubles the cases, and then the slots do: up to 64 are told apart.
#[test]
fn cases_have_a_limit() {
    for (gates, there_are) in [(1, 4), (5, 64), (6, 64), (7, 64)] {
        let names: Vec<String> = (0..gates).map(|gate| format!("g{gate}")).collect();
        let held = |how| {
            names
                .iter()
                .map(|name| (how, name.as_str()))
                .collect::<Vec<_>>()
        };
        let (reads, writes) = (pins_within(&held("read")), pins_within(&held("write")));
        let mut scenario = keeping(json!("any"), "none", &[&reads, &writes]);
        let locks = names.iter().map(|name| (name.clone(), json!("rwsem")));
        scenario["locks"] = Value::Object(locks.collect());
        assert_eq!(cases(&scenario).len(), there_are, "{gates}");
    }
}

/// A branch of a select takes a mapping that is there already, which is never refused: so more tasks
/// have a pin than the slots that are not kept for holders.
#[test]
fn a_first_pin_in_a_select() {
    let low = json!({ "name": "low", "highmem": false });
    let nested = nested(slot("A"), [kmap("q", "A"), kunmap("q")]);
    let program = json!([
        kmap("p", "A"), kunmap("p"),
        { "select": [nested, [kmap("low", "A"), kunmap("low")]] } ]);
    let scenario = |for_holders: u32| {
        json!({
            "name": "s",
            "model": { "name": "m", "series": {
                "A": { "slots": 2, "reuse": "own", "for_holders": for_holders } } },
            "tasks": [{ "name": "t", "count": 2, "pages": ["p", "q", low], "program": program }],
        })
    };
    assert!(!none_is_stuck(&scenario(1)));
    assert!(!none_is_stuck(&scenario(0)));
}
