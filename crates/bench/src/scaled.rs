//! A scenario at real size: pools of 1,024, and 32,767 tasks in all.
//!
//! Every number of slots, units, elements or free pages that is more than one becomes 1,024: a mutex
//! stays a mutex. Tasks keep their proportions. `"any"` is read as the least number that it stands
//! for, so that a scenario about every number comes out at real size, too.

use std::path::Path;

use serde_json::{Map, Value};

/// Slots of a series, units of a semaphore, elements of a mempool.
const UNITS: u64 = 1_024;

/// Tasks in all: as many as process numbers have 15 bits for.
const TASKS: u64 = 32_767;

/// The scenario in `file` at real size.
///
/// # Errors
///
/// If it, or its model, cannot be read.
pub fn scaled(file: &Path, models: &Path) -> Result<Value, String> {
    let mut scenario = json(file)?;
    let mut model = match scenario["model"].take() {
        Value::String(name) => json(&model_file(&name, file, models))?,
        inline => inline,
    };
    let slots = (scenario.as_object_mut()).and_then(|fields| fields.remove("slots"));
    for of in [&mut model, &mut scenario] {
        for (name, series) in fields(of, "series") {
            let given = slots.as_ref().and_then(|slots| slots.get(name));
            series["slots"] = large(given.unwrap_or(&series["slots"]));
        }
        pools(of);
        if let Some(pages) = of.get_mut("free_pages") {
            *pages = large(pages);
        }
    }
    match model {
        Value::Null => scenario
            .as_object_mut()
            .map(|fields| fields.remove("model")),
        model => scenario
            .as_object_mut()
            .map(|fields| fields.insert("model".to_owned(), model)),
    };
    let tasks = scenario["tasks"].as_array_mut();
    let tasks = tasks.ok_or_else(|| format!("{}: it has no tasks", file.display()))?;
    let counts: Vec<u64> = tasks.iter().map(count).collect();
    let all: u64 = counts.iter().sum();
    let mut left = TASKS;
    for (task, count) in tasks.iter_mut().zip(&counts) {
        let share = (count * TASKS).checked_div(all).unwrap_or(0).max(1); // nobody runs: one each
        task["count"] = share.into();
        left = left.saturating_sub(share); // one each may be more than there are
        pools(task);
    }
    if let Some(first) = tasks.first_mut() {
        first["count"] = (first["count"].as_u64().unwrap_or(1) + left).into(); // it was just set
    }
    if let Some(fields) = scenario.as_object_mut() {
        fields.remove("expect");
    }
    Ok(scenario)
}

/// The fields of one field that is an object; none if it is not there.
fn fields<'a>(of: &'a mut Value, name: &str) -> impl Iterator<Item = (&'a String, &'a mut Value)> {
    let object = of.get_mut(name).and_then(Value::as_object_mut);
    object.into_iter().flat_map(Map::iter_mut)
}

/// Semaphores and mempools with more units than one get more of them.
fn pools(of: &mut Value) {
    for (_, lock) in fields(of, "locks") {
        enlarge(lock, "semaphore");
    }
    for (_, pool) in fields(of, "mempools") {
        match pool.is_object() {
            true => enlarge(pool, "elements"),
            false => *pool = large(pool),
        }
    }
}

/// Enlarges what the field says, and what is available at the start if that is all of it.
fn enlarge(pool: &mut Value, field: &str) {
    let Some(units) = pool.get(field).cloned() else {
        return;
    };
    let more = large(&units);
    if pool.get("available") == Some(&units) {
        pool["available"] = more.clone();
    }
    pool[field] = more;
}

fn large(number: &Value) -> Value {
    match number.as_u64() {
        Some(few @ 0..=1) => few.into(),
        Some(_) => UNITS.into(),
        None if number == "any" => UNITS.into(),
        None => number.clone(),
    }
}

/// How many run a task; one if nothing says it.
fn count(task: &Value) -> u64 {
    task["count"].as_u64().unwrap_or(1) // "any" too
}

fn model_file(name: &str, scenario: &Path, models: &Path) -> std::path::PathBuf {
    let beside = scenario.with_file_name(name);
    match beside.is_file() {
        true => beside,
        false => models.join(format!("{name}.json")),
    }
}

fn json(file: &Path) -> Result<Value, String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let mut text = std::fs::read_to_string(file).map_err(|e| named(&e))?;
    json_strip_comments::strip(&mut text).map_err(|e| named(&e))?;
    serde_json::from_str(&text).map_err(|e| named(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_in_proportion() {
        let folder = std::env::temp_dir().join(format!("kmapcheck-scaled-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("it can be made");
        let file = folder.join("s.json");
        let text = r#"{ "name": "s", // a comment
            "series": { "A": { "slots": 2 }, "B": { "slots": 1 } }, "slots": { "A": 3 },
            "locks": { "m": "mutex", "s": { "semaphore": 2, "available": 2 }, "t": { "semaphore": 1 } },
            "mempools": { "p": 4, "q": { "elements": 2, "available": 1 } },
            "tasks": [ { "name": "a", "count": 2 }, { "name": "b", "count": "any" } ],
            "expect": [] }"#;
        std::fs::write(&file, text).expect("it can be written");
        let large = scaled(&file, &folder).expect("it is right");
        std::fs::remove_dir_all(&folder).expect("it is there");
        assert_eq!(large["series"]["A"]["slots"], 1_024);
        assert_eq!(large["series"]["B"]["slots"], 1);
        assert_eq!(large["locks"]["s"]["available"], 1_024);
        assert_eq!(large["locks"]["t"]["semaphore"], 1);
        assert_eq!(large["mempools"]["p"], 1_024);
        assert_eq!(large["mempools"]["q"]["available"], 1);
        let counts = large["tasks"]
            .as_array()
            .expect("they are there")
            .iter()
            .map(count);
        assert_eq!(counts.collect::<Vec<_>>(), [21_845, 10_922]);
        assert!(large.get("expect").is_none() && large.get("slots").is_none());
    }
}
