//! Known answers of `rule`, what it derives about numbers, and certificates that were tampered with.

use std::path::{Path, PathBuf};

use kmapcheck_limits::Limits;
use kmapcheck_prove::rule::scenario::Place;
use kmapcheck_prove::rule::{
    Argument, Decision, Options, Refuted, RuleCertificate, decide, sizes, verify_rule,
};
use kmapcheck_scenario::{
    FindingKind, Overrides, Program, Reuse, load_model_program, load_model_program_str, load_str,
};
use kmapcheck_search::{Engine, run};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A model in a file of its own, where scenarios find it.
fn model(name: &str, model: &Value) -> (Program, Place) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rule");
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join(format!("{name}.json"));
    std::fs::write(&file, model.to_string()).expect("a file");
    let program = load_model_program(&file).unwrap_or_else(|errors| panic!("{errors}"));
    let place = Place {
        file: folder.join("scenario.json").display().to_string(),
        model: format!("{name}.json"),
    };
    (program, place)
}

fn decided(name: &str, json: &Value, pins: Option<u32>) -> (Program, Decision) {
    let (program, place) = model(name, json);
    let decision = decide(&program, &Options { pins, place });
    (program, decision)
}

#[track_caller]
fn proved(name: &str, json: &Value, pins: Option<u32>) -> (Program, RuleCertificate) {
    match decided(name, json, pins) {
        (program, Decision::Sufficient(certificate)) => {
            verify_rule(&certificate, &program).unwrap_or_else(|said| panic!("{said}"));
            (program, *certificate)
        }
        (_, other) => panic!("not proved: {other:?}"),
    }
}

/// The refutation, confirmed by the plain engine.
#[track_caller]
fn refuted(name: &str, json: &Value, pins: Option<u32>) -> Refuted {
    let Decision::NotSufficient(refuted) = decided(name, json, pins).1 else {
        panic!("not refuted");
    };
    let outcome = run(
        Engine::Reference,
        &refuted.program,
        &Limits::default(),
        &mut |_| {},
    )
    .unwrap_or_else(|refusal| panic!("{refusal}"));
    let found: Vec<FindingKind> = outcome.kinds().iter().collect();
    assert_eq!(Some(&found), refuted.program.expect.as_ref());
    assert!(found.contains(&FindingKind::Deadlock), "{found:?}");
    *refuted
}

/// A model of the repository, as a value without comments.
fn of_the_repository(name: &str) -> Value {
    let text =
        std::fs::read_to_string(root().join(format!("models/{name}.json"))).expect("a model");
    let without: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    serde_json::from_str(&without.join("\n")).expect("comments have lines of their own")
}

fn with_order(mut model: Value, order: &[&str]) -> Value {
    model["order"] = json!(order);
    model
}

const PROPOSED: [&str; 3] = ["PAGETABLE2", "PAGETABLE", "DEFAULT"];

#[test]
fn the_proposal_is_sufficient() {
    let (_, certificate) = proved("proposed", &of_the_repository("proposed"), None);
    let Argument::Order(order) = certificate.argument else {
        panic!("by order");
    };
    let names: Vec<String> = order.into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, PROPOSED);
    assert_eq!(certificate.pairs.len(), 3);
}

#[test]
fn the_order_alone_is_not() {
    let model = with_order(of_the_repository("pte-highmem-5"), &PROPOSED);
    let refuted = refuted("pte5-ordered", &model, None);
    assert_eq!(refuted.tasks, 2);
    assert_eq!(
        refuted.findings,
        [FindingKind::Deadlock, FindingKind::SeriesMixture]
    );
    assert!(
        refuted
            .scenario
            .contains(r#"{ "kmap": "page1", "series": "PAGETABLE" }"#)
    );
    assert!(
        refuted
            .scenario
            .contains(r#"{ "name": "page1", "stale_in": "DEFAULT" }"#)
    );
}

#[test]
fn the_order_with_remapping_is() {
    proved(
        "rekmap-ordered",
        &with_order(of_the_repository("rekmap"), &PROPOSED),
        None,
    );
}

#[test]
fn without_an_order_two_tasks_take_two_slots_each() {
    for name in ["pte-highmem-5", "rekmap", "one-pool", "atomic", "linux-2.4"] {
        let refuted = refuted(name, &of_the_repository(name), None);
        assert_eq!(
            (refuted.tasks, refuted.program.templates.len()),
            (2, 1),
            "{name}"
        );
        assert_eq!(refuted.findings, [FindingKind::Deadlock]);
    }
    // One slot at a time of one pool cannot deadlock, of three series it can.
    proved("one-pool-1", &of_the_repository("one-pool"), Some(1));
    refuted("rekmap-1", &of_the_repository("rekmap"), Some(1));
}

fn series(reuse: &str, for_holders: u32) -> Value {
    json!({ "slots": 1024, "reuse": reuse, "for_holders": for_holders })
}

#[test]
fn locks_of_the_order_are_taken_too() {
    let two = json!({ "name": "m", "series": { "A": series("none", 0), "B": series("none", 0) },
                      "locks": { "page_table_lock": "spin" },
                      "order": ["mmap_sem", "A", "B", "page_table_lock"] });
    proved("locks", &two, None);
    // B is free of the rule: held under the lock, and asked for with the lock in hand.
    let open = json!({ "name": "m", "series": { "A": series("none", 0), "B": series("none", 0) },
                       "order": ["mmap_sem", "A"] });
    refuted("locks-open", &open, Some(1));
    // Under a spinlock nobody asks for a slot, whatever the order says.
    let spin = json!({ "name": "m", "series": { "A": series("none", 0) },
                       "locks": { "l": "spin" }, "order": ["l"] });
    let (_, certificate) = proved("spin", &spin, Some(1));
    assert!(
        certificate.pairs.iter().all(|pair| pair.held != "l"),
        "{:?}",
        certificate.pairs
    );
    let lent = json!({ "name": "m", "series": { "A": series("none", 0) },
                       "locks": { "io": { "semaphore": 1, "owned": false } }, "order": ["A", "io"] });
    assert!(matches!(
        decided("lent", &lent, None).1,
        Decision::Undecided(_)
    ));
}

#[test]
fn the_last_slots_for_holders() {
    let of = |n: u32, reuse: &str| json!({ "name": "m", "series": { "A": series(reuse, n) } });
    proved("holders-2", &of(1, "none"), Some(2));
    refuted("holders-3", &of(1, "none"), Some(3));
    // 513 of 1024 will do for three at once; that is a claim about 1024.
    let (_, certificate) = proved("holders-513", &of(513, "none"), Some(3));
    assert_eq!(json!(certificate.slots), "as-in-the-model");
    // Leftovers give first slots to as many as there are slots.
    let refutation = refuted("holders-own", &of(1, "own"), Some(2));
    assert!(
        refutation.scenario.contains("stale_in"),
        "{}",
        refutation.scenario
    );
    let all = json!({ "name": "m", "series": { "A": { "slots": 2, "reuse": "none", "for_holders": 2 } } });
    assert!(matches!(
        decided("holders-all", &all, Some(1)).1,
        Decision::Undecided(_)
    ));
}

/// Tasks of at most K slots, the last n of P kept: no deadlock exactly if (P - n)(K - 1) < P. The
/// equations say so, and so does the search where it is small enough.
#[test]
fn how_many_slots_to_keep() {
    for slots in 2..=9u32 {
        for pins in 2..=4u32 {
            for n in 0..slots {
                let formula = (slots - n) * (pins - 1) < slots;
                let solved = sizes::for_holders_works(slots, n, pins, Reuse::None);
                assert_eq!(solved, formula, "P = {slots}, K = {pins}, n = {n}");
                if slots <= 4 {
                    let scenario = holders_scenario(slots, n, pins);
                    let program = load_str("x.json", &scenario, &Overrides::default())
                        .unwrap_or_else(|errors| panic!("{errors}"));
                    let outcome = run(Engine::Search, &program, &Limits::default(), &mut |_| {})
                        .unwrap_or_else(|refusal| panic!("{refusal}"));
                    let deadlocks = outcome.finding(FindingKind::Deadlock).is_some();
                    assert_eq!(deadlocks, !formula, "P = {slots}, K = {pins}, n = {n}");
                }
            }
            let formula = (0..slots).find(|n| (slots - n) * (pins - 1) < slots);
            assert_eq!(sizes::least_for_holders(slots, pins, Reuse::None), formula);
            assert_eq!(sizes::least_for_holders(slots, pins, Reuse::Own), None);
        }
    }
}

/// As many tasks as slots, each taking `pins` slots one by one.
fn holders_scenario(slots: u32, n: u32, pins: u32) -> String {
    let pages: Vec<String> = (0..pins).map(|i| format!("p{i}")).collect();
    let take = pages
        .iter()
        .map(|page| json!({ "kmap": page, "series": "A" }));
    let give = pages.iter().rev().map(|page| json!({ "kunmap": page }));
    let program: Vec<Value> = take.chain(give).collect();
    json!({ "name": "x", "model": { "name": "m", "series": { "A":
                { "slots": slots, "reuse": "none", "for_holders": n } } },
            "tasks": [{ "name": "t", "count": slots, "pages": pages, "program": program }] })
    .to_string()
}

/// That no number of slots kept will do where leftovers are taken: as many tasks as slots.
#[test]
fn leftovers_defeat_holders() {
    for (slots, n) in [(2, 1), (3, 1), (3, 2)] {
        let scenario = json!({ "name": "x", "model": { "name": "m", "series": { "A":
                { "slots": slots, "reuse": "own", "for_holders": n } } },
            "tasks": [{ "name": "t", "count": slots, "pages": [{ "name": "a", "stale_in": "A" }, "b"],
                "program": [{ "kmap": "a", "series": "A" }, { "kmap": "b", "series": "A" },
                            { "kunmap": "b" }, { "kunmap": "a" }] }] });
        let program = load_str("x.json", &scenario.to_string(), &Overrides::default())
            .unwrap_or_else(|errors| panic!("{errors}"));
        let outcome = run(Engine::Reference, &program, &Limits::default(), &mut |_| {})
            .unwrap_or_else(|refusal| panic!("{refusal}"));
        assert!(outcome.finding(FindingKind::Deadlock).is_some());
    }
}

fn reservation(reuse: &str) -> Value {
    json!({ "name": "m", "series": { "A": series(reuse, 0), "B": series(reuse, 0) },
            "locks": { "a": { "semaphore": { "slots_of": "A" } }, "b": { "semaphore": { "slots_of": "B" } } },
            "order": ["a", "b"] })
}

#[test]
fn reservations() {
    for reuse in ["none", "own"] {
        proved(&format!("reserved-{reuse}"), &reservation(reuse), None);
        let (program, _) = proved(&format!("reserved-2-{reuse}"), &reservation(reuse), Some(2));
        let rows = sizes::reservations(&program);
        assert!(
            rows.len() == 8 && rows.iter().all(|row| row.works),
            "{rows:?}"
        );
    }
    // What is reserved in one series is no right to a slot of another.
    refuted("reserved-any", &reservation("any"), None);
    // Two semaphores without an order.
    let mut unordered = reservation("none");
    unordered["order"] = json!([]);
    assert!(!matches!(
        decided("unreserved", &unordered, None).1,
        Decision::Sufficient(_)
    ));
}

/// Replaces each value of a JSON document in turn.
fn tampered(value: &Value) -> Vec<Value> {
    match value {
        Value::Object(fields) => (fields.iter())
            .flat_map(|(key, field)| {
                tampered(field).into_iter().map(|field| {
                    let mut other = fields.clone();
                    other.insert(key.clone(), field);
                    Value::Object(other)
                })
            })
            .collect(),
        Value::Array(list) => {
            let mut all: Vec<Value> = (0..list.len())
                .flat_map(|i| {
                    tampered(&list[i]).into_iter().map(move |entry| {
                        let mut other = list.clone();
                        other[i] = entry;
                        Value::Array(other)
                    })
                })
                .collect();
            all.extend((0..list.len()).map(|i| {
                let mut other = list.clone();
                other.remove(i);
                Value::Array(other)
            }));
            all.extend((0..list.len()).map(|i| {
                let mut other = list.clone();
                other.insert(i, list[i].clone());
                Value::Array(other)
            }));
            all
        }
        Value::String(text) => vec![json!(format!("{text}x")), Value::Null],
        Value::Number(n) => vec![json!(n.as_i64().unwrap_or(0) + 1), Value::Null],
        Value::Bool(so) => vec![json!(!so)],
        Value::Null => vec![json!(1)],
    }
}

/// Refutations are left alone: one of many that hold may become another that holds as well.
fn without_refutations(mut certificate: Value) -> Value {
    let cases = certificate.pointer_mut("/argument/equations");
    for case in cases.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(case) = case.as_object_mut() {
            case.remove("refutation");
        }
    }
    certificate
}

#[test]
fn a_certificate_that_was_tampered_with_does_not_hold() {
    let models = [
        ("t-proposed", of_the_repository("proposed"), None),
        (
            "t-locks",
            json!({ "name": "m", "series": { "A": series("own", 0) },
                            "order": ["sem", "A", "lock"], "locks": { "lock": "spin" } }),
            None,
        ),
        (
            "t-holders",
            json!({ "name": "m", "series": { "A": series("none", 1) } }),
            Some(2),
        ),
    ];
    for (name, model, pins) in models {
        let (program, certificate) = proved(name, &model, pins);
        let original = json!(certificate);
        let again: RuleCertificate = serde_json::from_value(original.clone()).expect("it reads");
        assert_eq!(again, certificate);
        let bare = without_refutations(original.clone());
        let mut count = 0;
        for mut changed in tampered(&bare) {
            // Put the refutations back where their cases still are.
            let cases = original["argument"]["equations"].as_array();
            for (i, case) in cases.into_iter().flatten().enumerate() {
                let place = format!("/argument/equations/{i}");
                if let Some(fields) = changed.pointer_mut(&place).and_then(Value::as_object_mut) {
                    fields.insert("refutation".into(), case["refutation"].clone());
                }
            }
            let Ok(changed_certificate) =
                serde_json::from_value::<RuleCertificate>(changed.clone())
            else {
                continue;
            };
            count += 1;
            assert!(
                verify_rule(&changed_certificate, &program).is_err(),
                "{name}: {changed}"
            );
            // Also if whoever changed it knows how to write the digest.
            let as_before = changed_certificate.digest == certificate.digest;
            assert!(
                !as_before || verify_rule(&changed_certificate.sealed(), &program).is_err(),
                "{name}, sealed: {changed}"
            );
        }
        assert!(count > 20, "{name}: {count}");
        // And no refutation at all.
        if let Argument::Equations(cases) = &certificate.argument {
            for i in 0..cases.len() {
                let mut cases = cases.clone();
                cases[i].refutation.nodes.clear();
                let argument = Argument::Equations(cases);
                let changed = RuleCertificate {
                    argument,
                    ..certificate.clone()
                };
                assert!(verify_rule(&changed.sealed(), &program).is_err());
            }
        }
        let swapped = match &certificate.argument {
            Argument::Order(order) => {
                let mut order = order.clone();
                order.reverse();
                Argument::Order(order)
            }
            Argument::Equations(_) => Argument::Order(Vec::new()),
        };
        let changed = RuleCertificate {
            argument: swapped,
            ..certificate
        };
        assert!(verify_rule(&changed.sealed(), &program).is_err());
    }
}

#[test]
fn a_certificate_is_about_one_model() {
    let (_, certificate) = proved("one", &of_the_repository("proposed"), None);
    let mut other = of_the_repository("proposed");
    other["series"]["PAGETABLE"]["reuse"] = json!("any");
    let other =
        load_model_program_str("m.json", &other.to_string()).unwrap_or_else(|e| panic!("{e}"));
    assert!(verify_rule(&certificate, &other).is_err());
}

/// A scenario brings what it takes itself: of that a model without series says nothing, and no certificate
/// does.
#[test]
fn a_model_of_nothing_has_no_rule() {
    let (_, decision) = decided("pool", &of_the_repository("pool"), None);
    assert!(matches!(decision, Decision::Undecided(_)), "{decision:?}");
    let one = json!({ "name": "m", "series": { "S": { "slots": 2, "reuse": "none" } } });
    let (_, certificate) = proved("one slot each", &one, Some(1));
    let none = json!({ "name": "m", "series": {} });
    let none =
        load_model_program_str("m.json", &none.to_string()).unwrap_or_else(|e| panic!("{e}"));
    let forged = RuleCertificate {
        series: Vec::new(),
        pairs: Vec::new(),
        argument: Argument::Order(Vec::new()),
        ..certificate
    };
    let said = verify_rule(&forged.sealed(), &none).expect_err("it is about nothing");
    assert!(said.contains("no series"), "{said}");
}
