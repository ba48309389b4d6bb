//! One change of a JSON value, at random.

use fastrand::Rng;
use serde_json::{Value, json};

/// Keys of operations and of what goes with them.
const OPERATIONS: &[&str] = &[
    "kmap",
    "kunmap",
    "kunmap_any",
    "try_kmap",
    "kmap_atomic",
    "kunmap_atomic",
    "kmap_local",
    "kunmap_local",
    "spin_lock",
    "spin_unlock",
    "spin_trylock",
    "down",
    "up",
    "down_trylock",
    "down_read",
    "up_read",
    "down_write",
    "up_write",
    "lock_page",
    "unlock_page",
    "trylock_page",
    "wait_for_completion",
    "complete",
    "alloc_page",
    "free_page",
    "mempool_alloc",
    "mempool_free",
    "mempool_try_alloc",
];

/// Keys that may stand beside others.
const FIELDS: &[&str] = &[
    "series",
    "type",
    "n",
    "flush",
    "then",
    "else",
    "do",
    "blocks",
    "assumed",
    "run",
    "at",
    "note",
    "count",
    "pages",
    "locks",
    "completions",
    "mempools",
    "slots",
    "reuse",
    "for_holders",
    "order",
    "free_pages",
    "cpus",
    "preemptible",
    "stale_in",
    "highmem",
    "owned",
    "fair",
    "semaphore",
    "rwsem",
    "elements",
    "slots_of",
    "expect",
    "params",
    "defaults",
    "operations",
];

/// Texts that mean something.
const TEXTS: &[&str] = &[
    "any",
    "own",
    "none",
    "spin",
    "semaphore",
    "rwsem",
    "$page",
    "deadlock",
    "starved",
    "",
    "a b",
    "\u{1b}]0;x\u{7}",
    "é",
    "🦀",
];

/// One change. A value that is no list or object is replaced.
pub(crate) fn change(value: &mut Value, rng: &mut Rng) {
    let names = texts(value);
    let count = count(value);
    let subtree = at(value, rng.usize(..count)).cloned();
    let Some(place) = at(value, rng.usize(..count)) else {
        return;
    };
    match place {
        Value::Array(list) => change_list(list, &names, subtree, rng),
        Value::Object(_) if rng.u8(..4) == 0 => {
            let operation = place.take();
            *place = wrapped(operation, rng);
        }
        Value::Object(fields) => change_fields(fields, &names, subtree, rng),
        scalar => *scalar = another(scalar, &names, rng),
    }
}

fn change_list(list: &mut Vec<Value>, names: &[String], subtree: Option<Value>, rng: &mut Rng) {
    let at = rng.usize(..=list.len());
    let inside = (!list.is_empty()).then(|| rng.usize(..list.len()));
    match (rng.u8(..7), inside) {
        (0, Some(i)) => {
            list.remove(i);
        }
        (1, Some(i)) => list.insert(at, list[i].clone()),
        (2, Some(i)) => {
            let j = rng.usize(..list.len());
            list.swap(i, j);
        }
        (3, Some(i)) => {
            // Some in a row become the body of a block.
            let body: Vec<Value> = list.drain(i..rng.usize(i..list.len()) + 1).collect();
            list.insert(i, block(body, rng));
        }
        (4, _) => list.extend(subtree),
        (5, _) => list.truncate(at),
        _ => list.insert(at, operation(names, rng)),
    }
}

fn change_fields(
    fields: &mut serde_json::Map<String, Value>,
    names: &[String],
    subtree: Option<Value>,
    rng: &mut Rng,
) {
    let keys: Vec<String> = fields.keys().cloned().collect();
    let key = rng.choice(&keys).cloned();
    match (rng.u8(..5), key) {
        (0, Some(key)) => {
            fields.shift_remove(&key);
        }
        (1, Some(key)) => {
            // The same under another name: of an operation, of a thing, or of something new.
            let new = match rng.u8(..3) {
                0 => pick(OPERATIONS, rng),
                1 => name(names, rng),
                _ => format!("{key}2"),
            };
            let value = fields.get(&key).cloned().unwrap_or_default();
            if rng.bool() {
                fields.shift_remove(&key);
            }
            fields.insert(new, value);
        }
        (2, Some(key)) => {
            fields.extend(subtree.map(|subtree| (key, subtree)));
        }
        (3, Some(key)) => {
            if let Some(value) = fields.get_mut(&key) {
                *value = another(value, names, rng);
            }
        }
        _ => {
            let value = match rng.u8(..4) {
                0 => number(rng),
                1 => json!([operation(names, rng)]),
                2 => json!(rng.bool()),
                _ => json!(name(names, rng)),
            };
            fields.insert(pick(FIELDS, rng), value);
        }
    }
}

/// Something in place of a value: of the same kind most of the time.
fn another(value: &Value, names: &[String], rng: &mut Rng) -> Value {
    match value {
        Value::Number(n) if rng.bool() => match n.as_i64() {
            // The last number there is, is a change as good as any.
            Some(n) => json!(n.saturating_add(rng.i64(-2..=2))),
            None => number(rng),
        },
        Value::Number(_) => match rng.u8(..8) {
            0 => json!("any"),
            _ => number(rng),
        },
        Value::Bool(it) => json!(!it),
        Value::String(_) => match rng.u8(..8) {
            0 => number(rng),
            _ => json!(name(names, rng)),
        },
        _ => match rng.u8(..4) {
            0 => Value::Null,
            1 => number(rng),
            2 => json!([]),
            _ => json!({}),
        },
    }
}

/// A number: small ones, and those around which something overflows.
fn number(rng: &mut Rng) -> Value {
    let (small, any) = (rng.u64(..5), rng.u64(..));
    let powers = [8, 16, 20, 31, 32, 53, 63].map(|bits| 1u64 << bits);
    let edge = *rng.choice(&powers).unwrap_or(&1);
    match rng.u8(..10) {
        0..=4 => json!(small),
        5 => json!(edge - 1),
        6 => json!(edge),
        7 => json!(-(small as i64)),
        8 => json!(any >> rng.u32(..64)),
        _ => rng
            .choice([json!(u64::MAX), json!(i64::MIN), json!(0.5), json!(1e300)])
            .unwrap_or_default(),
    }
}

/// An operation on something that has a name here.
fn operation(names: &[String], rng: &mut Rng) -> Value {
    match rng.u8(..13) {
        12 => return json!({ "run": name(names, rng) }),
        0 => return json!({ "might_sleep": true }),
        1 => return json!({ "break": true }),
        2 => return json!({ "exit": true }),
        _ => {}
    }
    let mut operation = json!({ pick(OPERATIONS, rng): name(names, rng) });
    match rng.u8(..8) {
        0..=3 => operation["series"] = json!(name(names, rng)),
        4 => operation["n"] = number(rng),
        5 => operation["type"] = json!("KM_USER0"),
        6 => operation["else"] = json!([{ "exit": true }]),
        _ => {}
    }
    operation
}

/// Operations as the body of a block.
fn block(body: Vec<Value>, rng: &mut Rng) -> Value {
    match rng.u8(..5) {
        0 => json!({ "loop": body }),
        1 => json!({ "repeat": number(rng), "do": body }),
        2 => json!({ "choose": [body, []] }),
        3 => json!({ "choose": [body] }),
        _ => json!({ "try_kmap": "page", "then": body }),
    }
}

/// Something deeper than it was.
fn wrapped(value: Value, rng: &mut Rng) -> Value {
    (0..rng.u8(1..=8)).fold(value, |value, _| block(vec![value], rng))
}

fn pick(list: &[&str], rng: &mut Rng) -> String {
    rng.choice(list).copied().unwrap_or_default().to_owned()
}

/// A name that stands somewhere, or a text that means something everywhere.
fn name(names: &[String], rng: &mut Rng) -> String {
    match rng.choice(names) {
        Some(name) if rng.u8(..8) > 0 => name.clone(),
        _ => pick(TEXTS, rng),
    }
}

/// All texts and keys in a value.
fn texts(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut work = vec![value];
    while let Some(value) = work.pop() {
        match value {
            Value::String(text) => found.push(text.clone()),
            Value::Array(list) => work.extend(list),
            Value::Object(fields) => {
                found.extend(fields.keys().cloned());
                work.extend(fields.values());
            }
            _ => {}
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// How many values there are, the value itself among them.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// The value of that number, counted from 0 in the order of the text.
fn at(value: &mut Value, number: usize) -> Option<&mut Value> {
    fn walk<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
        if *left == 0 {
            return Some(value);
        }
        *left -= 1;
        match value {
            Value::Array(list) => list.iter_mut().find_map(|value| walk(value, left)),
            Value::Object(fields) => fields.values_mut().find_map(|value| walk(value, left)),
            _ => None,
        }
    }
    let mut left = number;
    walk(value, &mut left)
}
