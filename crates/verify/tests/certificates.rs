//! Certificates of everything that can be proved are accepted; changed ones are not, also by
//! somebody who knows how to write the digest.

use kmapcheck_prove::certificate;
use kmapcheck_prove::reasons::Reasons;
use kmapcheck_scenario::{Bound, FindingKind, Overrides, Program, load};
use kmapcheck_testing::schema::assert_fits;
use kmapcheck_verify::{By, Certificate, NotThere, verify};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};

fn of(program: &Program) -> Option<Certificate> {
    certificate(program, &Reasons::of(program), "s.json", None).ok()
}

#[test]
fn every_scenario() {
    let mut by = [0; 6];
    for path in kmapcheck_testing::scenario_files() {
        let program =
            load(&path, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"));
        let reasons = Reasons::of(&program);
        let certificate = certificate(&program, &reasons, "s.json", None);
        if reasons.locals.is_ok() && !reasons.excluded.is_empty() {
            assert!(certificate.is_ok(), "{}: {certificate:?}", path.display());
        }
        if let Ok(certificate) = certificate {
            let json = serde_json::to_value(&certificate).expect("it is JSON");
            assert_fits("certificate", &json);
            verify(&certificate, &program)
                .unwrap_or_else(|wrong| panic!("{}: {wrong}", path.display()));
            for excluded in &certificate.excluded {
                by[match excluded.by {
                    By::Order => 0,
                    By::Equations => 1,
                    By::Flow => 2,
                    By::NeverRefused => 3,
                    By::Rests => 4,
                    By::Locals | By::Drains | By::NoLoops => 5,
                }] += 1;
            }
        }
    }
    let fewest = [100, 10, 10, 1, 1, 100];
    assert!(
        by.iter().zip(fewest).all(|(n, fewest)| *n >= fewest),
        "{by:?}"
    );
}

/// A semaphore that follows the slots, and of which two units are asked for at once, leaves no series
/// with fewer: so one kept slot is never all there is, and the proof holds for every number.
#[test]
fn as_many_slots_as_are_asked_for_at_once() {
    let program = kmapcheck_testing::load(&json!({
        "name": "reservation",
        "model": { "name": "m", "series": { "A": { "slots": "any", "reuse": "any", "for_holders": 1 } } },
        "locks": { "r": { "semaphore": { "slots_of": "A" } } },
        "tasks": [{ "name": "t", "count": 1, "pages": ["p", "q"], "program": [
            { "kmap": "p", "series": "A" }, { "kmap": "q", "series": "A" },
            { "down": "r", "n": 2 }, { "up": "r", "n": 2 },
            { "kunmap": "q" }, { "kunmap": "p" }] }],
    }));
    let certificate = of(&program).expect("it is proved");
    assert!(
        certificate
            .excluded
            .iter()
            .any(|e| e.by == By::Order || e.by == By::Equations)
    );
    assert_eq!(verify(&certificate, &program), Ok(()));
}

/// Two slots, of which a shared page can fill one: who holds the spinlock gets the other. That is
/// proved by counting the shared page once, and so it must be certified.
#[test]
fn a_shared_page_takes_one_slot() {
    let program = kmapcheck_testing::load(&json!({
        "name": "beside",
        "model": { "name": "m", "series": { "B": { "slots": 2, "reuse": "own" } } },
        "locks": { "gate": "semaphore" },
        "pages": ["shared"],
        "tasks": [{ "name": "t", "count": 2, "pages": ["own"], "program": [
            { "kmap": "shared", "series": "B" }, { "down": "gate" }, { "kmap": "own", "series": "B" },
            { "kunmap": "own" }, { "up": "gate" }, { "kunmap": "shared" }] }],
    }));
    let certificate = of(&program).expect("it is proved");
    assert!(certificate.excluded.iter().any(|e| e.by == By::Equations));
    assert_eq!(verify(&certificate, &program), Ok(()));
}

/// A series of which all slots may be kept for holders is missing though nobody holds it: whoever
/// asks for a first slot waits for ever, and no argument by what is held excludes that.
#[test]
fn what_is_kept_from_everybody_has_no_certificate() {
    for (slots, kept) in [
        (json!(2), 2),
        (json!(1), 2),
        (json!("any"), 1),
        (json!("any"), 3),
    ] {
        let program = kmapcheck_testing::load(&json!({
            "name": "kept",
            "model": { "name": "m", "series": { "A": { "slots": slots, "reuse": "none", "for_holders": kept } } },
            "tasks": [{ "name": "t", "count": "any", "pages": ["p"], "program": [
                { "kmap": "p", "series": "A" }, { "kunmap": "p" }] }],
        }));
        let certificate = of(&program).expect("something is proved");
        let deadlock = FindingKind::Deadlock.name();
        assert!(
            !certificate
                .excluded
                .iter()
                .any(|e| e.kinds.iter().any(|kind| kind == deadlock))
        );
        let mut forged = certificate;
        forged.excluded.push(NotThere {
            kinds: vec![deadlock.into()],
            by: By::Order,
        });
        forged.order = vec!["slot A".into()];
        forged.digest = forged.digest_of();
        let refused = verify(&forged, &program).expect_err("it is false");
        assert!(refused.contains("can be kept from everybody"), "{refused}");
    }
}

/// The claim is about every number of slots, those that are all kept for holders among them: where
/// tasks have pins, both cases are refuted, and a certificate with one of them alone is refused.
#[test]
fn both_cases_of_an_open_number_of_slots() {
    let task = |name: &str, first: &str, second: &str| {
        json!({ "name": name, "count": "any", "pages": ["p"], "program": [
            { "try_kmap": "p", "series": "A", "then": [
                { "down": "gate" }, { "down": first }, { "down": second },
                { "up": second }, { "up": first }, { "up": "gate" }, { "kunmap": "p" }] }] })
    };
    let program = kmapcheck_testing::load(&json!({
        "name": "gate",
        "model": { "name": "m", "series": { "A": { "slots": "any", "reuse": "none", "for_holders": 2 } } },
        "locks": { "gate": "semaphore", "a": "semaphore", "b": "semaphore" },
        "tasks": [task("t", "a", "b"), task("u", "b", "a")],
    }));
    let certificate = of(&program).expect("the gate is held once");
    assert_eq!(verify(&certificate, &program), Ok(()));
    let cases: Vec<&[String]> = certificate.sets.iter().map(|set| &*set.case).collect();
    assert_eq!(cases, [["slots of A <= 2"], ["slots of A > 2"]]);
    for left_out in 0..2 {
        let mut forged = certificate.clone();
        forged.sets.remove(left_out);
        forged.digest = forged.digest_of();
        let refused = verify(&forged, &program).expect_err("a case is left out");
        assert!(
            refused.starts_with("nothing is said about tasks stuck on"),
            "{refused}"
        );
    }
}

/// Changes the value at `path`; what kind of change depends on what is there.
fn tamper(value: &mut Value, mut at: usize) -> bool {
    fn walk(value: &mut Value, at: &mut usize) -> bool {
        match value {
            Value::Array(list) => list.iter_mut().any(|value| walk(value, at)),
            Value::Object(map) => map.values_mut().any(|value| walk(value, at)),
            leaf => {
                if *at > 0 {
                    *at -= 1;
                    return false;
                }
                *leaf = match leaf {
                    Value::String(text) => Value::String(format!("{text}x")),
                    Value::Number(n) => Value::from(n.as_i64().unwrap_or(0) + 1),
                    Value::Bool(b) => Value::Bool(!*b),
                    _ => Value::Null,
                };
                true
            }
        }
    }
    walk(value, &mut at)
}

/// The certificate of the program, with each of its entries changed in turn: refused as it is.
/// Returns how many entries there were.
fn every_change_is_noticed(program: &Program) -> usize {
    let Some(certificate) = of(program) else {
        return 0;
    };
    let json = serde_json::to_value(&certificate).expect("it is JSON");
    let mut entries = 0;
    loop {
        let mut changed = json.clone();
        if !tamper(&mut changed, entries) {
            return entries;
        }
        let accepted = serde_json::from_value::<Certificate>(changed.clone())
            .is_ok_and(|changed| verify(&changed, program).is_ok());
        assert!(!accepted, "entry {entries}: {changed}");
        entries += 1;
    }
}

#[test]
fn any_change_is_noticed() {
    let mut entries = 0;
    let mut runner = proptest::test_runner::TestRunner::new(kmapcheck_testing::config(20));
    for _ in 0..10 {
        let tree = kmapcheck_testing::private_scenario().new_tree(&mut runner);
        let scenario = tree.expect("a scenario").current();
        entries += every_change_is_noticed(&kmapcheck_testing::load(&scenario));
    }
    assert!(entries > 100, "{entries}");
}

/// A forged proof with a fresh digest: what is claimed does not follow.
#[test]
fn forgeries_are_refused() {
    let gate = kmapcheck_testing::load(&serde_json::json!({
        "name": "gate",
        "model": { "name": "m", "series": { "A": { "slots": 2, "reuse": "none" }, "B": { "slots": 2, "reuse": "none" } } },
        "locks": { "g": "semaphore" },
        "tasks": [
            { "name": "a", "count": 3, "pages": ["p", "q"], "program": [
                { "down": "g" }, { "kmap": "p", "series": "A" }, { "kmap": "q", "series": "B" },
                { "kunmap": "q" }, { "kunmap": "p" }, { "up": "g" } ] },
            { "name": "b", "count": 3, "pages": ["p", "q"], "program": [
                { "down": "g" }, { "kmap": "p", "series": "B" }, { "kmap": "q", "series": "A" },
                { "kunmap": "q" }, { "kunmap": "p" }, { "up": "g" } ] } ] }));
    let certificate = of(&gate).expect("the gate is proved");
    assert_eq!(verify(&certificate, &gate), Ok(()));
    let refused = |change: &dyn Fn(&mut Certificate)| {
        let mut forged = certificate.clone();
        change(&mut forged);
        forged.digest = forged.digest_of();
        verify(&forged, &gate).expect_err("a forgery was accepted")
    };
    refused(&|c| c.sets.clear());
    refused(&|c| c.sets[0].inequalities.iter_mut().for_each(|i| i.bound += 1));
    refused(&|c| c.sets[0].refutation.nodes.clear());
    refused(&|c| c.waiting.truncate(1));
    refused(&|c| c.waiting.iter_mut().for_each(|kind| kind.holds.clear()));
    refused(&|c| c.locals.states.truncate(3));
    refused(&|c| c.excluded[0].kinds.push("order-violation".into()));
    // The same proof does not serve for the program without its gate.
    let mut ungated = gate.clone();
    for template in &mut ungated.templates {
        template.count = Bound::Any;
    }
    let semaphore = &mut ungated.resources[0];
    semaphore.kind = kmapcheck_scenario::ResourceKind::Semaphore {
        units: 9,
        owned: true,
        available: None,
        fair: false,
    };
    assert!(verify(&certificate, &ungated).is_err());
}
