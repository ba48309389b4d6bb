//! Certificates of everything that can be proved are accepted; changed ones are not, also by
//! somebody who knows how to write the digest.

use kmapcheck_proof::certificate;
use kmapcheck_proof::reasons::Reasons;
use kmapcheck_scenario::{Bound, Overrides, Program, load};
use kmapcheck_verify::{By, Certificate, verify};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::Value;

fn of(program: &Program) -> Option<Certificate> {
    certificate(program, &Reasons::of(program), "s.json", None).ok()
}

#[test]
fn every_scenario() {
    let mut by = [0; 3];
    for path in kmapcheck_testing::scenario_files() {
        let program =
            load(&path, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"));
        if let Some(certificate) = of(&program) {
            verify(&certificate, &program)
                .unwrap_or_else(|wrong| panic!("{}: {wrong}", path.display()));
            for excluded in &certificate.excluded {
                match excluded.by {
                    By::Order => by[0] += 1,
                    By::Equations => by[1] += 1,
                    _ => by[2] += 1,
                }
            }
        }
    }
    assert!(by[0] > 100 && by[1] > 10 && by[2] > 100, "{by:?}");
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
    refused(&|c| c.locals += 1);
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
    };
    assert!(verify(&certificate, &ungated).is_err());
}
