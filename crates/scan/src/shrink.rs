//! The smallest part of the paths of an alarm that still shows it.
//!
//! What each task did in the trace is a path of its entry, without branches: a part of the scenario.
//! Of these operations some are left out, first many at once and then one by one (A. Zeller and
//! R. Hildebrandt, *Simplifying and Isolating Failure-Inducing Input*, 2002), as long as a check of what
//! is left still finds the same kind at the same places. In the end none can be left out.
//!
//! What a task still holds is given back at the end, in the reverse order, so that the part is a
//! scenario by itself that shows nothing else.

use kmapcheck_check::{Ask, Overrides, check, load_str};
use kmapcheck_limits::Limits;
use kmapcheck_scenario::FindingKind;
use serde_json::{Map, Value, json};

use crate::alarm::{Alarm, SEVERAL, Task, key, sites};
use crate::leak::{held, leaked};
use crate::prepared::Prepared;

/// States of a part: it is small.
const STATES: u64 = 20_000;

/// Checks of parts of one alarm.
const CHECKS: usize = 400;

/// Shrinks the paths of an alarm, and writes them as a scenario. What does not show it by itself is
/// left as it is, without a scenario.
pub fn shrink(alarm: &mut Alarm, group: &[&Prepared], limits: &Limits) {
    let limits = Limits {
        max_states: Some(STATES),
        ..limits.clone()
    };
    let shows = |tasks: &[Task]| {
        let value = scenario(alarm, tasks, group);
        let text = serde_json::to_string(&value).ok()?;
        let loaded = load_str("part", &text, &Overrides::default()).ok()?;
        let ask = Ask {
            limits: limits.clone(),
            ..Ask::default()
        };
        let checked = check(&loaded, &ask).ok()?;
        let mut findings = checked.report.findings.iter();
        if alarm.kind.ends_with("-leak") {
            let is_it = findings.any(|found| found.kind.name() == alarm.kind)
                && leaked(tasks) == alarm.sites;
            return is_it.then_some(value);
        }
        let kind = |found: FindingKind| match (found, alarm.kind) {
            (FindingKind::Deadlock, SEVERAL) => SEVERAL,
            (found, _) => found.name(),
        };
        findings
            .any(|found| key(kind(found.kind), &sites(found)) == alarm.key)
            .then_some(value)
    };
    let mut tasks = alarm.tasks.clone();
    let Some(mut smallest) = shows(&tasks) else {
        return;
    };
    let mut checks = 0;
    let longest = tasks.iter().map(|task| task.program.len()).max();
    let mut size = longest.unwrap_or_default().div_ceil(2);
    while size > 0 {
        let mut is_smaller = false;
        for task in 0..tasks.len() {
            let mut from = 0;
            while from < tasks[task].program.len() && checks < CHECKS {
                let mut fewer = tasks.clone();
                let program = &mut fewer[task].program;
                let to = (from + size).min(program.len());
                program.drain(from..to);
                checks += 1;
                match shows(&fewer) {
                    Some(value) => {
                        (tasks, smallest) = (fewer, value);
                        is_smaller = true;
                    }
                    None => from += size,
                }
            }
        }
        if size > 1 || !is_smaller {
            size /= 2;
        }
    }
    alarm.tasks = tasks;
    alarm.scenario = Some(smallest);
}

/// The paths as a scenario.
fn scenario(alarm: &Alarm, tasks: &[Task], group: &[&Prepared]) -> Value {
    let mut file = Map::new();
    file.insert("name".to_owned(), json!(alarm.kind));
    for of in group {
        for what in [
            "model",
            "slots",
            "series",
            "locks",
            "mempools",
            "pages",
            "completions",
        ] {
            let Some(more) = of.value.get(what) else {
                continue;
            };
            match (file.get_mut(what), more) {
                (Some(Value::Object(known)), Value::Object(more)) => {
                    known.extend(more.clone());
                }
                (Some(Value::Array(known)), Value::Array(more)) => {
                    let fresh: Vec<Value> = more
                        .iter()
                        .filter(|one| !known.contains(one))
                        .cloned()
                        .collect();
                    known.extend(fresh);
                }
                _ => {
                    file.insert(what.to_owned(), more.clone());
                }
            }
        }
    }
    for (name, slots) in &alarm.slots {
        if let Some(series) = file.get_mut("series").and_then(|all| all.get_mut(name)) {
            series["slots"] = json!(slots);
        }
    }
    let tasks = tasks.iter().map(|task| {
        let of = &group[task.entry.min(group.len() - 1)].value["tasks"][0];
        let mut written = Map::new();
        written.insert("name".to_owned(), json!(plain(&task.task)));
        for what in ["pages", "locks", "completions"] {
            if let Some(own) = of.get(what) {
                written.insert(what.to_owned(), own.clone());
            }
        }
        let mut program = task.program.clone();
        if !alarm.kind.ends_with("-leak") {
            program.extend(closing(&task.program));
        }
        written.insert("program".to_owned(), Value::Array(program));
        Value::Object(written)
    });
    file.insert("tasks".to_owned(), Value::Array(tasks.collect()));
    Value::Object(file)
}

/// A name without blanks.
fn plain(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// What gives back what a program still holds at its end.
fn closing(program: &[Value]) -> Vec<Value> {
    let held = held(program);
    (held.into_iter().rev())
        .map(|(_, give, step, take)| json!({ give: step[take] }))
        .collect()
}
