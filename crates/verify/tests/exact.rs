//! What follows from small programs, counted by hand from docs/semantics.md and docs/proofs.md: no more
//! and no less. More than there is makes proofs weaker, and less makes them wrong; where the prover goes
//! by the same words, nobody else would notice.

mod common;

use common::{certified, claim, claims, refusal};
use kmapcheck_linear::{Answer, solve};
use kmapcheck_local::Locals;
use kmapcheck_scenario::Program;
use kmapcheck_verify::{
    By, Certificate, Closed, Content, Flow, Inequality, Map, Page, State, States, System,
    flow_systems, kinds, open_pools, problem,
};
use serde_json::{Value, json};

fn closed(program: &Program) -> Closed {
    let locals = Locals::of(program).expect("no premise is broken");
    kmapcheck_prove::closed(program, &locals).expect("those are the local states")
}

fn scenario(tasks: &[Value]) -> Value {
    let task = |(i, program): (usize, &Value)| json!({ "name": format!("t{i}"), "pages": ["p", "q", "r"], "program": program });
    json!({
        "name": "exact", "model": { "name": "m", "series": {} },
        "tasks": tasks.iter().enumerate().map(task).collect::<Vec<Value>>(),
    })
}

fn written(scenario: &Value) -> States {
    closed(&kmapcheck_testing::load(scenario)).written()
}

/// What the tasks of the first program have that stand there.
fn at(states: &States, node: usize) -> Vec<(&State, &Content)> {
    (states.states.iter())
        .filter(|state| (state.task, state.at) == (0, Some(node)))
        .map(|state| (state, &states.contents[state.has]))
        .collect()
}

/// What follows where steps are counted, with all pools taken to refuse gives.
fn systems_that_count(scenario: &Value) -> Vec<System> {
    let program = kmapcheck_testing::load(scenario);
    let closed = closed(&program);
    let flow = Flow::of(&program, &closed, &[]).expect("there are few steps");
    let systems = flow_systems(&flow, &closed).expect("all is counted");
    systems
        .map(|one| one.expect("the bounds are right"))
        .collect()
}

/// A page that all know lies in one series at a time where each takes whatever mapping there is: who has
/// it mapped twice has it twice in the same.
#[test]
fn a_page_in_one_series_at_a_time() {
    let map = |series: &str| json!({ "kmap": "s", "series": series });
    let unmap = json!({ "kunmap": "s" });
    let twice = json!([map("A"), map("A"), unmap, unmap]);
    let mut both = scenario(&[twice, json!([map("B"), unmap])]);
    both["pages"] = json!(["s"]);
    both["model"]["series"] =
        json!({ "A": { "slots": 2, "reuse": "any" }, "B": { "slots": 2, "reuse": "any" } });
    let states = written(&both);
    for (node, maps, ways) in [(0, 0, 1), (1, 1, 2), (2, 2, 2), (3, 1, 2)] {
        let there = at(&states, node);
        assert_eq!(there.len(), ways, "before operation {node}");
        for (_, content) in there {
            let lies = |map: &Map| match *map {
                Map::Pin(.., lies) => lies,
                _ => panic!("{map:?} is no pin"),
            };
            let lies: Vec<usize> = content.maps.iter().map(lies).collect();
            assert_eq!(lies.len(), maps);
            assert!(lies.windows(2).all(|two| two[0] == two[1]), "{lies:?}");
        }
    }
}

/// Low memory takes no slot and waits for none, whoever knows it.
#[test]
fn low_memory_that_all_know() {
    let [map, unmap] = [
        json!({ "kmap": "low", "series": "A" }),
        json!({ "kunmap": "low" }),
    ];
    let mut low = scenario(&[json!([map, map, unmap, unmap])]);
    low["pages"] = json!([{ "name": "low", "highmem": false }]);
    low["model"]["series"] = json!({ "A": { "slots": 1, "reuse": "any" } });
    let states = written(&low);
    assert_eq!(states.states.len(), 5);
    for (node, maps) in [0, 1, 2, 1].into_iter().enumerate() {
        let [(state, content)] = at(&states, node)[..] else {
            panic!("there is one way to stand at operation {node}");
        };
        assert_eq!(content.maps, vec![Map::Low(0); maps]);
        assert!(state.waits.is_empty() && states.holdings[state.holds].is_empty());
        assert!(
            state.steps.iter().all(|moves| moves.len() == 1),
            "it goes on"
        );
    }
}

/// How a certificate writes a page: mapped in A, stale there, mapped nowhere; and through a slot that
/// nobody finds. It is read as it was written.
#[test]
fn a_page_as_it_is_written() {
    let map = |series: &str| json!({ "kmap": "p", "series": series });
    let unmap = json!({ "kunmap": "p" });
    let mut pages = scenario(&[json!([map("A"), unmap, map("B"), unmap])]);
    pages["tasks"][0]["pages"] = json!(["p"]);
    pages["model"]["series"] =
        json!({ "A": { "slots": 1, "reuse": "own" }, "B": { "slots": 1, "reuse": "none" } });
    let certified = certified(&pages);
    let states = &certified.1.locals;
    let page = |mapped: &[u32], pins, holders| Page {
        mapped: mapped.to_vec(),
        pins,
        holders,
        ..Page::default()
    };
    for (node, pages) in [
        (0, vec![page(&[], 0, 0)]),
        (1, vec![page(&[2, 0], 0, 1)]),
        (2, vec![page(&[1, 0], 0, 0), page(&[], 0, 0)]),
        (3, vec![page(&[1, 0], 1, 1), page(&[], 1, 1)]),
    ] {
        let there: Vec<Page> = at(states, node)
            .iter()
            .flat_map(|(_, content)| content.pages.clone())
            .collect();
        assert_eq!(there.len(), pages.len(), "before operation {node}");
        assert!(pages.iter().all(|page| there.contains(page)), "{there:?}");
    }
    // What is waited for, too.
    for (node, waits) in [
        (0, Some("slot A")),
        (1, None),
        (2, Some("slot B")),
        (3, None),
    ] {
        let expected: Vec<Vec<&str>> = waits.iter().map(|&thing| vec![thing]).collect();
        for (state, _) in at(states, node) {
            let ways: Vec<&Vec<String>> =
                state.waits.iter().map(|&way| &states.waits[way]).collect();
            assert_eq!(
                ways,
                expected.iter().collect::<Vec<_>>(),
                "operation {node}"
            );
        }
    }
    let text = serde_json::to_string(&certified.1).expect("it is plain data");
    let read: Certificate = serde_json::from_str(&text).expect("it was written so");
    assert_eq!(read, certified.1);
}

/// Of three slots one is kept for holders. Two of them have the task's own stale mappings, which are no
/// use of a slot: whatever others have of the third, there is one for it.
#[test]
fn stale_slots_are_not_in_use() {
    let maps = |page: &str| {
        [
            json!({ "kmap": page, "series": "A" }),
            json!({ "kunmap": page }),
        ]
    };
    let program: Vec<Value> = ["p", "q", "r"].iter().flat_map(|page| maps(page)).collect();
    let mut kept = scenario(&[Value::Array(program)]);
    kept["model"]["series"] = json!({ "A": { "slots": 3, "reuse": "own", "for_holders": 1 } });
    let states = written(&kept);
    let third = at(&states, 4);
    assert_eq!(
        third.len(),
        3,
        "both are stale, or the second, or none: a flush takes all"
    );
    for (state, content) in third {
        let stale = content
            .pages
            .iter()
            .filter(|page| page.mapped == [1])
            .count();
        assert_eq!(state.waits.is_empty(), stale == 2, "{stale} stale");
        // It waits; or all is taken but what is stale, here or with others, and goes; or there is a
        // free slot too, and what is stale goes or stays.
        let mut ways: Vec<usize> = state.steps.iter().map(Vec::len).collect();
        ways.sort_unstable();
        let expected = [vec![0, 1], vec![0, 1, 2], vec![1, 2]];
        assert_eq!(ways, expected[stale], "{stale} stale");
    }
}

/// A page that is freed while its task has it mapped is no matter where nobody allocates.
#[test]
fn freed_while_mapped_where_nobody_allocates() {
    let [map, unmap] = [
        json!({ "kmap": "p", "series": "A" }),
        json!({ "kunmap": "p" }),
    ];
    let mut freed = scenario(&[json!([map, { "free_page": "p" }, unmap])]);
    freed["model"]["series"] = json!({ "A": { "slots": 1, "reuse": "own" } });
    let certified = certified(&freed);
    assert!(claims(&certified.1, "deadlock", By::Order));
    let said = refusal(&certified, claim("freed-while-mapped", By::Locals));
    assert_eq!(
        said,
        "`freed-while-mapped` is not excluded by that argument"
    );
}

/// A call that is wrong where it waits, and never goes on.
#[test]
fn what_is_wrong_with_a_wait() {
    let [down, up] = [json!({ "down": "mine" }), json!({ "up": "mine" })];
    let mut twice =
        scenario(&[json!([down, { "spin_lock": "s" }, down, { "spin_unlock": "s" }, up])]);
    twice["locks"] = json!({ "s": "spin" });
    twice["tasks"][0]["locks"] = json!({ "mine": "semaphore" });
    let said = refusal(&certified(&twice), claim("sleep-in-atomic", By::Locals));
    assert_eq!(said, "`sleep-in-atomic` is not excluded by that argument");
}

/// All requests to a queue count as the largest to that queue; what is a task's own is not listed.
#[test]
fn kinds_of_waiting_task() {
    let takes = |what: &str, n: u64| json!([{ "down": what, "n": n }, { "up": what, "n": n }]);
    let own = json!([{ "down": "mine" }, { "down": "l" }, { "up": "l" }, { "up": "mine" }]);
    let mut queues = scenario(&[
        takes("one", 1),
        takes("one", 3),
        takes("two", 4),
        takes("two", 2),
        own,
    ]);
    let fair = json!({ "semaphore": 4, "fair": true });
    queues["locks"] = json!({ "one": fair, "two": fair, "l": "semaphore" });
    queues["tasks"][4]["locks"] = json!({ "mine": "semaphore" });
    let program = kmapcheck_testing::load(&queues);
    let kinds = kinds(&program, &closed(&program)).expect("waits are what they seem");
    let kinds = kinds.iter().map(|kind| kind.written(&program));
    let found: Vec<(String, String)> = kinds
        .inspect(|kind| assert!(kind.holds.is_empty(), "{kind:?}"))
        .map(|kind| (kind.task, kind.waits_for))
        .collect();
    let expected = [
        ("t0", "units 3 of one"),
        ("t1", "units 3 of one"),
        ("t2", "units 4 of two"),
        ("t3", "units 4 of two"),
        ("t4", "units 1 of l"),
    ];
    let expected = expected.map(|(task, thing)| (task.to_owned(), thing.to_owned()));
    let mut found = found;
    found.sort();
    assert_eq!(found, expected);
}

/// The steps that count, with what they give; one that leads to where it was and gives nothing is none.
#[test]
fn steps_that_are_counted() {
    let gives = json!([{ "spin_lock": "s" }, { "complete": "c" }, { "spin_unlock": "s" }]);
    let round = json!([{ "loop": [{ "might_sleep": true }] }]);
    let mut counted = scenario(&[json!([{ "up": "u" }]), gives, round]);
    counted["locks"] =
        json!({ "s": "spin", "u": { "semaphore": 3, "owned": false, "available": 1 } });
    counted["completions"] = json!(["c"]);
    let program = kmapcheck_testing::load(&counted);
    let flow = Flow::of(&program, &closed(&program), &open_pools(&program)).expect("few steps");
    let taken = serde_json::to_value(flow.taken()).expect("it is plain data");
    let expected = json!([
        { "task": 0, "from": 0, "gives": { "units of u": 1 } },
        { "task": 1, "from": 0, "to": 1, "gives": { "spin s": -1 } },
        { "task": 1, "from": 1, "to": 2, "gives": { "completion c": 1 } },
        { "task": 1, "from": 2, "gives": { "spin s": 1 } },
    ]);
    assert_eq!(taken, expected);
}

/// Of three units one is there. All that follows if one of two tasks is about to give one too many: one
/// unknown for those who stand there, one for the gives.
#[test]
fn the_state_equation_of_one_give() {
    let mut gives = scenario(&[json!([{ "up": "u" }])]);
    gives["locks"] = json!({ "u": { "semaphore": 3, "owned": false, "available": 1 } });
    gives["tasks"][0]["count"] = json!(2);
    let program = kmapcheck_testing::load(&gives);
    let flow = Flow::of(&program, &closed(&program), &open_pools(&program)).expect("one step");
    let row = |terms: &[(usize, i64)], at_least, bound| Inequality {
        terms: terms.to_vec(),
        at_least,
        bound,
    };
    let rows = vec![
        row(&[(0, 1)], true, 1),
        // Two have come, and with a third one there would be one too many.
        row(&[(1, 1)], true, 2),
        row(&[(1, 1)], true, 0),
        row(&[(0, -1), (1, -1)], true, -2),
        // There is not less than none, nor more than three.
        row(&[(1, 1)], true, -1),
        row(&[(1, 1)], false, 2),
    ];
    assert_eq!(flow.gives(), [("units of u".to_owned(), 0, 0, rows)]);
}

/// Steps are counted up to 2,000.
#[test]
fn too_many_steps() {
    for (steps, counts) in [(2_000, true), (2_001, false)] {
        let sleeps = json!({ "repeat": steps, "do": [{ "might_sleep": true }] });
        let program = kmapcheck_testing::load(&scenario(&[json!([sleeps])]));
        let said = Flow::of(&program, &closed(&program), &[]).map(|flow| flow.taken().len());
        match counts {
            true => assert_eq!(said, Ok(steps)),
            false => assert_eq!(
                said,
                Err("there are too many steps to be counted".to_owned())
            ),
        }
    }
}

/// Each thing may be waited for idly or not: all sets of them are cases, of up to six things.
#[test]
fn cases_of_what_is_waited_for_idly() {
    for n in [0usize, 1, 2, 3, 6, 7] {
        let idly = |i: usize| json!([{ "wait_for_completion": format!("c{i}"), "idle": true }]);
        let mut tasks: Vec<Value> = (0..n).map(idly).collect();
        tasks.push(json!([{ "wait_for_completion": "awake" }]));
        let mut waits = scenario(&tasks);
        let names = (0..n).map(|i| format!("c{i}"));
        waits["completions"] = names.chain(["awake".to_owned()]).collect();
        if n == 7 {
            let program = kmapcheck_testing::load(&waits);
            let closed = closed(&program);
            let flow = Flow::of(&program, &closed, &[]).expect("there are few steps");
            let said = flow_systems(&flow, &closed)
                .map(|_| ())
                .expect_err("these are too many");
            assert_eq!(said, "too much is waited for idly");
            continue;
        }
        let mut cases: Vec<Vec<String>> = (systems_that_count(&waits).into_iter())
            .filter(|system| system.awaited == ["completion awake"])
            .map(|system| system.case)
            .collect();
        cases.sort();
        let words = |i: usize| format!("completion c{i} is waited for idly");
        let mut expected: Vec<Vec<String>> = vec![Vec::new()];
        for i in 0..n {
            let with = expected
                .clone()
                .into_iter()
                .map(|case| [case, vec![words(i)]].concat());
            expected = [expected.clone(), with.collect()].concat();
        }
        expected.sort();
        assert_eq!(cases, expected);
    }
}

/// The unknowns: the waiting tasks, the slots, the steps; none stands for two things.
#[test]
fn unknowns_where_slots_are_open() {
    let mut open = scenario(&[
        json!([{ "kmap": "p", "series": "A" }, { "kunmap": "p" }]),
        json!([{ "complete": "c" }]),
        json!([{ "wait_for_completion": "c" }]),
    ]);
    open["completions"] = json!(["c"]);
    open["model"]["series"] = json!({ "A": { "slots": "any", "reuse": "none" } });
    let systems = systems_that_count(&open);
    let [system] = &systems[..] else {
        panic!("{systems:?}");
    };
    assert_eq!(system.unknowns.len(), 1);
    assert_eq!(system.variables, 1 + 1 + 4);
    // The slots are at least one; the completion was given and taken, or not.
    let follows = system.inequalities();
    let has = |terms: &[(usize, i64)], at_least, bound| {
        let row = Inequality {
            terms: terms.to_vec(),
            at_least,
            bound,
        };
        assert!(follows.contains(&row), "{row:?} of {follows:?}");
    };
    has(&[(1, 1)], true, 1);
    has(&[(4, 1), (5, -1)], true, 0);
}

/// Somebody who goes round a loop for ever comes to no last state: that another waits beside it, for
/// what nobody gives, is a deadlock all the same.
#[test]
fn stuck_beside_a_loop() {
    let mut beside = scenario(&[
        json!([{ "wait_for_completion": "c" }]),
        json!([{ "loop": [{ "might_sleep": true }, { "might_sleep": true }] }]),
    ]);
    beside["completions"] = json!(["c"]);
    let stuck = systems_that_count(&beside).iter().any(|system| {
        let problem = problem(system.variables, &system.inequalities());
        matches!(solve(&problem, 10_000), Answer::Feasible(_))
    });
    assert!(stuck);
}
