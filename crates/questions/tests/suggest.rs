//! Suggestions: what is suggested is confirmed by the plain search, on the discussion's scenarios.

use std::path::Path;

use kmapcheck_limits::Limits;
use kmapcheck_questions::suggest::judge::{Flaw, Judge};
use kmapcheck_questions::suggest::offers::{Change, changes};
use kmapcheck_questions::suggest::replace::{self, Instead, replaced, sites};
use kmapcheck_questions::suggest::variant::with_policies;
use kmapcheck_questions::suggest::{SuggestReport, suggest};
use kmapcheck_scenario::{FindingKind, Op, Overrides, Program, Reuse, load};
use kmapcheck_search::{Engine, run};
use serde_json::{Value, json};

fn scenario(name: &str) -> Program {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../scenarios/pte-highmem")
        .join(name);
    load(&path, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

fn limits() -> Limits {
    Limits {
        max_states: Some(100_000),
        ..Limits::default()
    }
}

fn suggestions(programs: &[Program]) -> SuggestReport {
    suggest(programs, &limits(), &mut |_| {}).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn reuse(name: &str) -> Reuse {
    match name {
        "any" => Reuse::Any,
        "own" => Reuse::Own,
        _ => Reuse::None,
    }
}

/// What the plain search finds in the program under those policies and that order.
fn found(
    program: &Program,
    report: &SuggestReport,
    policies: &[&str],
    order: &[String],
) -> Vec<FindingKind> {
    let number = |name: &String| {
        let at = program.series.iter().position(|s| s.name == *name);
        at.expect("it is a series")
    };
    let series: Vec<usize> = report.series.iter().map(number).collect();
    let reuse: Vec<Reuse> = policies.iter().map(|name| reuse(name)).collect();
    let mut variant = with_policies(program, &series, &reuse);
    for (rank, name) in order.iter().enumerate() {
        variant.series[number(name)].rank = Some(rank);
    }
    let outcome = run(Engine::Reference, &variant, &limits(), &mut |_| {})
        .unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(outcome.stopped, None);
    outcome.kinds().iter().collect()
}

const BAD: [FindingKind; 3] = [
    FindingKind::Deadlock,
    FindingKind::Starved,
    FindingKind::OrderViolation,
];

/// Everything that a report says about scenarios under policies.
fn confirm(programs: &[Program], report: &SuggestReport) {
    for works in &report.works {
        let policies: Vec<&str> = works.policies.iter().map(|p| p.reuse).collect();
        for program in programs {
            for order in &works.orders {
                let found = found(program, report, &policies, order);
                assert!(
                    !found.iter().any(|kind| BAD.contains(kind)),
                    "{}: {policies:?} {order:?}: {found:?}",
                    program.name
                );
            }
        }
    }
    for fails in &report.fails {
        let policies: Vec<&str> = fails.policies.iter().map(|p| p.reuse).collect();
        let program = programs
            .iter()
            .find(|program| program.name == fails.scenario);
        let found = found(program.expect("it is one of them"), report, &policies, &[]);
        assert!(!fails.findings.is_empty());
        for finding in &fails.findings {
            assert!(
                found.iter().any(|kind| kind.name() == *finding),
                "{finding}: {found:?}"
            );
        }
    }
}

/// mremap with two series needs nothing but an order, and there is only one.
#[test]
fn mremap_in_two_series() {
    let programs = [scenario("mremap-proposed.json")];
    let report = suggestions(&programs);
    confirm(&programs, &report);
    assert_eq!(report.tried, 9);
    assert!(report.is_solved());
    let smallest = report.smallest.as_ref().expect("it is clean as it is");
    assert_eq!(smallest.changes, 0);
    assert_eq!(smallest.order, ["PAGETABLE2", "PAGETABLE"]);
}

/// Two slots of one series: no order of it can be kept. The second kmap must not wait; if the first
/// one does not, its slot or its atomic map is still held while the second waits.
#[test]
fn mremap_in_one_series() {
    let programs = [scenario("mremap-two-pagetables.json")];
    let report = suggestions(&programs);
    confirm(&programs, &report);
    assert!(!report.is_solved());
    assert!(report.works.is_empty());
    let [offender] = report.offenders.as_slice() else {
        panic!("one scenario: {:?}", report.offenders);
    };
    assert_eq!(offender.paths.len(), 1);
    assert_eq!(offender.paths[0].held_by.op, "kmap(old_pte, PAGETABLE)");
    assert_eq!(offender.paths[0].asked_by.op, "kmap(new_pte, PAGETABLE)");
    let repairs: Vec<(&str, Instead)> = (offender.repairs.iter())
        .map(|r| (r.kmap.op.as_str(), r.instead))
        .collect();
    assert_eq!(
        repairs,
        [
            // Either kmap in either of the two other series: then each series is asked for once.
            ("kmap(old_pte, PAGETABLE)", Instead::Moved),
            ("kmap(old_pte, PAGETABLE)", Instead::Moved),
            ("kmap(new_pte, PAGETABLE)", Instead::Moved),
            ("kmap(new_pte, PAGETABLE)", Instead::Moved),
            ("kmap(new_pte, PAGETABLE)", Instead::Atomic),
            ("kmap(new_pte, PAGETABLE)", Instead::Nowait),
        ]
    );
}

/// The read maps data first and the fault the table first.
#[test]
fn reads_against_faults() {
    let programs = [scenario("read-against-fault.json")];
    let report = suggestions(&programs);
    confirm(&programs, &report);
    assert!(!report.is_solved());
    let repairs = &report.offenders[0].repairs;
    assert!(!repairs.is_empty(), "{report:?}");
    assert!(
        repairs
            .iter()
            .any(|repair| repair.kmap.written.starts_with("read_fault"))
    );
}

/// Each replacement that is called enough leaves nothing to find.
#[test]
fn repairs_are_enough() {
    for name in ["mremap-two-pagetables.json", "read-against-fault.json"] {
        let programs = [scenario(name)];
        let report = suggestions(&programs);
        for repair in &report.offenders[0].repairs {
            let site = sites(&programs[0]).into_iter().find(|site| {
                let origin = &programs[0].origins[site.origin];
                origin.text() == repair.kmap.op
                    && programs[0].templates[site.template].name == repair.task
            });
            let to = (programs[0].series.iter())
                .position(|series| Some(&series.name) == repair.series.as_ref());
            let change = match (repair.instead, to) {
                (Instead::Atomic, None) => replace::Change::Atomic,
                (Instead::Nowait, None) => replace::Change::Nowait,
                (Instead::Moved, Some(to)) => replace::Change::Moved(to),
                other => panic!("{other:?}"),
            };
            let changed = replaced(&programs[0], site.expect("it is there"), change);
            let policies: Vec<&str> = repair.policies.iter().map(|p| p.reuse).collect();
            let found = found(&changed, &report, &policies, &[]);
            assert!(
                found.iter().all(|kind| *kind == FindingKind::SeriesMixture),
                "{name}: {repair:?}: {found:?}"
            );
        }
    }
}

/// Scenarios that fit one by one but keep no common order.
#[test]
fn together_is_another_question() {
    let side = |name: &str, first: &str, second: &str| {
        kmapcheck_testing::load(&serde_json::json!({
            "name": name,
            "model": { "name": "m", "series": { "A": { "slots": 2, "reuse": "none" },
                                                "B": { "slots": 2, "reuse": "none" } } },
            "tasks": [{ "name": name, "count": 2, "pages": ["p", "q"], "program": [
                { "kmap": "p", "series": first }, { "kmap": "q", "series": second },
                { "kunmap": "q" }, { "kunmap": "p" } ] }] }))
    };
    let programs = [side("s", "A", "B"), side("t", "B", "A")];
    let alone = suggestions(&programs[..1]);
    assert!(alone.is_solved());
    assert_eq!(alone.smallest.expect("it is clean").order, ["A", "B"]);
    let both = suggestions(&programs);
    confirm(&programs, &both);
    assert!(!both.is_solved());
    assert_eq!(both.works.len(), 9);
    assert_eq!(both.works[0].orders, [["A"], ["B"]]);
    // Whichever of the two second kmaps does not wait, the other task's order is left.
    let [offender] = both.offenders.as_slice() else {
        panic!("all together: {:?}", both.offenders);
    };
    let enough = |task: &str, op: &str, instead: Instead| {
        (offender.repairs.iter()).any(|r| r.task == task && r.kmap.op == op && r.instead == instead)
    };
    assert!(enough("s", "kmap(q, B)", Instead::Atomic));
    assert!(enough("t", "kmap(q, A)", Instead::Atomic));
    // An atomic map must not be held while the next may sleep.
    assert!(!enough("s", "kmap(p, A)", Instead::Atomic));
}

/// What the judge does not find out is not called clean.
#[test]
fn nothing_is_clean_for_want_of_states() {
    let programs = [scenario("mremap-two-pagetables.json")];
    let few = Limits {
        max_states: Some(1),
        ..Limits::default()
    };
    let mut progress = |_: &kmapcheck_engine::Progress| {};
    let given: Vec<Reuse> = programs[0].series.iter().map(|s| s.reuse).collect();
    let series: Vec<usize> = (0..given.len()).collect();
    let mut judge = Judge::new(&programs, &series, &few, &mut progress);
    let said = "the search ended after 1 state; `--max-states` gives it more";
    assert_eq!(
        judge.one(0, &programs[0], &given),
        Err(Flaw::Unknown(said.to_owned()))
    );
}

/// A page is freed through a name that all tasks know: then it is not known who holds what, so
/// neither that an order is kept nor that none is.
#[test]
fn orders_that_are_not_judged() {
    let with_order = |order: &[&str]| {
        kmapcheck_testing::load(&serde_json::json!({
            "name": "shared", "pages": ["h"],
            "model": { "name": "m", "series": { "K": { "slots": 2, "reuse": "own" } },
                       "order": order },
            "tasks": [
                { "name": "t", "pages": ["p"], "program": [
                    { "kmap": "p", "series": "K" }, { "kunmap": "p" }, { "free_page": "h" } ] },
                { "name": "u", "count": 2, "pages": ["p"], "program": [
                    { "kmap": "p", "series": "K" }, { "kunmap": "p" } ] } ],
        }))
    };
    for order in [&["K"][..], &[]] {
        let report = suggestions(&[with_order(order)]);
        let smallest = report.smallest.as_ref().expect("it is clean as it is");
        assert_eq!(smallest.order, order, "the order stays");
        assert!(!smallest.orders_all);
        assert!(report.offenders.is_empty(), "{:?}", report.offenders);
        assert!(!report.is_solved() && !report.is_complete());
        let text = kmapcheck_questions::suggest::text::render(&report);
        assert!(
            text.contains("Which orders shared keeps was not judged"),
            "{text}"
        );
        assert!(text.contains("orders: not judged"), "{text}");
        assert!(!text.contains("No order saves"), "{text}");
    }
}

/// A program without a model, from its locks and its tasks: how many, and what each does.
fn pools(locks: &Value, tasks: &[(u32, Value)]) -> Program {
    let tasks: Vec<Value> = (tasks.iter().enumerate())
        .map(|(i, (count, program))| {
            json!({ "name": format!("t{i}"), "count": count, "program": program })
        })
        .collect();
    kmapcheck_testing::load(&json!({ "name": "pools", "locks": locks, "tasks": tasks }))
}

/// Each change that is offered, with what the reference finds in the changed program: nothing.
fn confirmed(program: &Program) -> Vec<Change> {
    let kinds = |program: &Program| {
        let outcome = run(Engine::Reference, program, &limits(), &mut |_| {})
            .unwrap_or_else(|refusal| panic!("{refusal}"));
        assert_eq!(outcome.stopped, None);
        outcome.kinds()
    };
    assert!(kinds(program).contains(FindingKind::Deadlock));
    let mut is_clean = |changed: &Program| kinds(changed).is_empty();
    let by_reference: Vec<Change> = (changes(program, &mut is_clean).into_iter())
        .map(|(change, changed)| {
            assert!(kinds(&changed).is_empty(), "{change:?}");
            change
        })
        .collect();
    let report = suggestions(std::slice::from_ref(program));
    let offered: Vec<Change> = report
        .offers
        .into_iter()
        .map(|offer| offer.change)
        .collect();
    assert_eq!(offered, by_reference);
    offered
}

/// Three tasks that take two of three units, one by one: four are enough, a gate of two, or both at once.
#[test]
fn what_helps_a_pool_that_runs_out() {
    let two = json!([{ "down": "pool" }, { "down": "pool" }, { "up": "pool", "n": 2 }]);
    let program = pools(&json!({ "pool": { "semaphore": 3 } }), &[(3, two)]);
    let offered = confirmed(&program);
    let more = Change::More {
        pool: "pool".to_owned(),
        has: 3,
        enough: 4,
    };
    let gate = Change::Gate {
        pool: "pool".to_owned(),
        units: 2,
        tasks: vec!["t0".to_owned()],
    };
    assert!(
        offered.contains(&more) && offered.contains(&gate),
        "{offered:?}"
    );
    assert!(
        matches!(&offered[2], Change::AtOnce { units: 2, .. }) && offered.len() == 3,
        "{offered:?}"
    );
}

/// Three each of four: two at a time pass, as a gate of three does not let them; so it is narrower.
#[test]
fn a_gate_is_as_narrow_as_it_must_be() {
    let down = || json!({ "down": "pool" });
    let three = json!([down(), down(), down(), { "up": "pool", "n": 3 }]);
    let program = pools(&json!({ "pool": { "semaphore": 4 } }), &[(3, three)]);
    let gate = |change: &Change| match change {
        Change::Gate { units, .. } => Some(*units),
        _ => None,
    };
    assert_eq!(confirmed(&program).iter().find_map(gate), Some(1));
}

/// Two locks in opposite orders: either task may ask the other way round.
#[test]
fn what_helps_against_opposite_orders() {
    let nested = |a: &str, b: &str| json!([{ "down": a }, { "down": b }, { "up": b }, { "up": a }]);
    let program = pools(
        &json!({ "a": "semaphore", "b": "semaphore" }),
        &[(1, nested("a", "b")), (1, nested("b", "a"))],
    );
    let tasks: Vec<String> = (confirmed(&program).into_iter())
        .map(|change| match change {
            Change::Order { task, .. } => task,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(tasks, ["t0", "t1"]);
}

/// For any number of tasks no number of units is enough, but a gate is.
#[test]
fn more_does_not_help_any_number_of_tasks() {
    let two = json!([{ "down": "pool" }, { "down": "pool" }, { "up": "pool", "n": 2 }]);
    let program = kmapcheck_testing::load(&json!({
        "name": "pools",
        "locks": { "pool": { "semaphore": 3 } },
        "tasks": [{ "name": "t", "count": "any", "program": two }],
    }));
    let report = suggestions(&[program]);
    let offered = serde_json::to_value(&report.offers).expect("it has no maps");
    assert_eq!(offered[0]["change"], "gate");
    assert_eq!(offered[1]["change"], "at-once");
    assert_eq!(offered.as_array().map(Vec::len), Some(2));
}

/// A step of a block is in the file once: it is replaced wherever it runs, and changes that cannot be
/// made in one place alone are not offered.
#[test]
fn a_step_of_a_block_is_changed_everywhere() {
    let task = |name: &str| {
        json!({ "name": name, "pages": ["p", "q"], "program": [
            { "run": "pin" }, { "kmap": "q", "series": "A" }, { "kunmap": "q" }, { "kunmap": "p" } ] })
    };
    let program = kmapcheck_testing::load(&json!({
        "name": "blocks", "series": { "A": { "slots": 2 }, "B": { "slots": 2 } },
        "blocks": { "pin": [{ "kmap": "p", "series": "A" }, { "kmap": "q", "series": "B" }, { "kunmap": "q" }] },
        "tasks": [task("s"), task("t")]
    }));
    let all = sites(&program);
    let shown: Vec<&str> = (all.iter())
        .map(|site| program.origins[site.origin].text())
        .collect();
    assert_eq!(
        shown,
        ["kmap(p, A)", "kmap(q, B)", "kmap(q, A)", "kmap(q, A)"]
    );
    let moved = replaced(&program, all[0], replace::Change::Moved(1));
    for template in &moved.templates {
        let first = template.nodes[template.entry.node.expect("it does something")].op;
        assert!(matches!(first, Op::Kmap { series: 1, .. }), "{first:?}");
    }
    let swaps = changes(&program, &mut |_| true).into_iter();
    let swaps = swaps.filter(|(change, _)| matches!(change, Change::Order { .. }));
    assert_eq!(swaps.count(), 0);
}
