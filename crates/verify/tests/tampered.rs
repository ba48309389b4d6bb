//! Certificates with one thing changed, or left out, by somebody who knows how to write the digest:
//! every entry of certificates of every argument.

use kmapcheck_prove::certificate;
use kmapcheck_prove::reasons::Reasons;
use kmapcheck_scenario::Program;
use kmapcheck_testing::schema::strict;
use kmapcheck_testing::small::{kmap, nested, op, pins, scenario, slot};
use kmapcheck_verify::{By, Certificate, verify};
use serde_json::{Value, json};

/// A step into JSON: a key, or a place in a list.
type Path = Vec<String>;

/// All entries that are no list and no object, and all members of either.
fn entries(value: &Value, at: &Path, leaves: &mut Vec<Path>, members: &mut Vec<Path>) {
    let into = |key: String| [at.as_slice(), &[key]].concat();
    let parts: Vec<(Path, &Value)> = match value {
        Value::Array(list) => (list.iter().enumerate())
            .map(|(i, part)| (into(i.to_string()), part))
            .collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, part)| (into(key.clone()), part))
            .collect(),
        _ => return leaves.push(at.clone()),
    };
    for (path, part) in parts {
        members.push(path.clone());
        entries(part, &path, leaves, members);
    }
}

fn find<'a>(value: &'a mut Value, path: &[String]) -> &'a mut Value {
    path.iter().fold(value, |value, key| match value {
        Value::Array(list) => &mut list[key.parse::<usize>().expect("a place")],
        other => &mut other[key.as_str()],
    })
}

/// What a leaf may be changed into.
fn others(leaf: &Value) -> Vec<Value> {
    match leaf {
        Value::String(text) => vec![json!(format!("{text}x")), json!("")],
        Value::Number(n) => {
            let n = n.as_i64().unwrap_or(0);
            vec![
                json!(n + 1),
                json!(n - 1),
                json!(n.wrapping_add(1 << 40)),
                json!(i64::MAX),
            ]
        }
        Value::Bool(is) => vec![json!(!is)],
        _ => vec![json!(0)],
    }
}

/// Whether an entry says nothing that is proved: where the scenario was read. Another refutation may
/// hold as well; and to claim less is no forgery.
fn is_free(path: &Path, is_left_out: bool) -> bool {
    let first = path.first().map(String::as_str);
    let claims_less = is_left_out && first == Some("excluded");
    first == Some("scenario") || claims_less || path.iter().any(|key| key == "refutation")
}

fn accepted(changed: Value, program: &Program) -> bool {
    let Ok(mut certificate) = serde_json::from_value::<Certificate>(changed) else {
        return false;
    };
    certificate.digest = certificate.digest_of();
    verify(&certificate, program).is_ok()
}

/// The arguments of the certificate. How many changes there were, and how many of refutations were
/// refused.
fn every_change_is_refused(scenario: &Value) -> (Vec<By>, usize, usize) {
    let program = kmapcheck_testing::load(scenario);
    let certificate = certificate(&program, &Reasons::of(&program), "s.json", None);
    let certificate = certificate.unwrap_or_else(|said| panic!("{said}"));
    assert_eq!(verify(&certificate, &program), Ok(()));
    let json = serde_json::to_value(&certificate).expect("it is JSON");
    let (mut leaves, mut members) = (Vec::new(), Vec::new());
    entries(&json, &Path::new(), &mut leaves, &mut members);
    let (mut changes, mut refutations) = (0, 0);
    let schema = strict("certificate");
    for path in leaves.iter().filter(|path| path[0] != "digest") {
        let leaf = find(&mut json.clone(), path).clone();
        for other in others(&leaf).into_iter().filter(|other| *other != leaf) {
            let mut changed = json.clone();
            *find(&mut changed, path) = other.clone();
            let accepted = accepted(changed, &program);
            assert!(
                !accepted || is_free(path, false),
                "{path:?}: {leaf} -> {other}"
            );
            changes += 1;
            refutations += usize::from(!accepted && path.contains(&"refutation".to_owned()));
        }
    }
    for path in members.iter().filter(|path| path[0] != "digest") {
        let mut changed = json.clone();
        let (last, before) = path.split_last().expect("it is a member");
        match find(&mut changed, before) {
            Value::Array(list) => drop(list.remove(last.parse().expect("a place"))),
            Value::Object(map) => drop(map.remove(last)),
            other => panic!("{other} has no members"),
        }
        // What must be there and what need not: the schema and the reader agree.
        let is_read = serde_json::from_value::<Certificate>(changed.clone()).is_ok();
        assert_eq!(schema.is_valid(&changed), is_read, "{path:?} left out");
        assert!(
            !accepted(changed, &program) || is_free(path, true),
            "{path:?} left out"
        );
        changes += 1;
    }
    (
        certificate.excluded.iter().map(|e| e.by).collect(),
        changes,
        refutations,
    )
}

#[track_caller]
fn rests_on(scenario: &Value, arguments: &[By]) {
    let (by, changes, refutations) = every_change_is_refused(scenario);
    assert!(
        arguments.iter().all(|argument| by.contains(argument)),
        "{by:?}"
    );
    assert!(changes > 100, "{changes}");
    let solved = [By::Equations, By::Flow, By::NeverRefused];
    let solves = arguments.iter().any(|argument| solved.contains(argument));
    assert!(!solves || refutations > 0);
}

/// A before B, with pages of all sorts.
#[test]
fn an_order() {
    let ab = nested(slot("A"), slot("B"));
    let mut scenario = scenario(
        [json!(2), json!(1)],
        &[(json!("any"), &ab), (json!(2), &pins(1))],
    );
    scenario["model"]["series"]["A"]["reuse"] = json!("any");
    scenario["pages"] = json!(["s"]);
    scenario["tasks"][1]["pages"] = json!([{ "name": "p", "stale_in": "any" }, "q"]);
    let program = json!([
        kmap("p", "A"), { "kmap_atomic": "q", "type": "KM_USER0" },
        { "kunmap_atomic": "q" }, op("kunmap", "p"), kmap("s", "A"), op("kunmap", "s"),
        { "alloc_page": "v" }, { "lock_page": "v" }, { "unlock_page": "v" }, { "free_page": "v" }
    ]);
    scenario["tasks"][1]["program"] = program;
    rests_on(&scenario, &[By::Order, By::NoLoops, By::Locals]);
}

/// Two slots each under a gate, again and again.
#[test]
fn equations_and_letting_go() {
    let gated = [vec![op("down", "gate")], pins(2), vec![op("up", "gate")]].concat();
    let again = json!({ "loop": gated });
    let mut scenario = scenario([json!(2), json!(1)], &[(json!("any"), &[again])]);
    scenario["locks"] = json!({ "gate": "semaphore" });
    rests_on(&scenario, &[By::Equations, By::Drains, By::Locals]);
}

/// As many completed as waited for, and a pool that is filled no further than it goes.
#[test]
fn counting_what_is_given() {
    let scenario = json!({
        "name": "s", "model": { "name": "m", "series": {} },
        "locks": { "s": { "semaphore": 2, "owned": false, "available": 0 }, "l": "spin" },
        "completions": ["c"], "free_pages": 1,
        "tasks": [
            { "name": "giver", "count": 2, "program": [
                { "spin_lock": "l" }, { "spin_unlock": "l" }, { "up": "s" }, { "complete": "c" }] },
            { "name": "taker", "count": 2, "program": [
                { "wait_for_completion": "c" }, { "down": "s" }, { "alloc_page": "p" },
                { "free_page": "p" }] }],
    });
    rests_on(
        &scenario,
        &[By::Flow, By::NeverRefused, By::NoLoops, By::Locals],
    );
}

/// A server that waits idly, in a loop.
#[test]
fn coming_to_rest() {
    let scenario = json!({
        "name": "s", "model": { "name": "m", "series": {} },
        "completions": ["work"],
        "tasks": [
            { "name": "client", "count": "any", "program": [{ "complete": "work" }] },
            { "name": "server", "count": "any", "program": [
                { "loop": [{ "wait_for_completion": "work", "idle": true }] }] }],
    });
    rests_on(&scenario, &[By::Flow, By::Rests, By::Locals]);
}
