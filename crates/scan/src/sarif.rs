//! A scan in SARIF 2.1.0 (OASIS, *Static Analysis Results Interchange Format*).
//!
//! A result for each alarm, at its first place; further places are related locations. What each task
//! does is a thread flow. An alarm that was judged is suppressed, with the reason. What tells alarms
//! apart is a fingerprint, so that systems that keep results find them again after lines moved. Entries
//! that were refused are notifications of the run.

use kmapcheck_show::suite::sarif::{SCHEMA, uri};
use serde_json::{Map, Value, json};

use crate::alarm::{Alarm, SEVERAL, Severity, about};
use crate::entry::Outcome;
use crate::scan::Scan;

/// The scan as a SARIF log.
///
/// # Errors
///
/// If it cannot be written as JSON, which nothing should bring about.
pub fn render(scan: &Scan) -> Result<String, serde_json::Error> {
    let alarms = scan.check.iter().flat_map(|check| &check.alarms);
    let alarms: Vec<&Alarm> = alarms.collect();
    let mut rules: Vec<&str> = alarms.iter().map(|alarm| alarm.kind).collect();
    rules.sort_unstable();
    rules.dedup();
    let results: Vec<Value> = (alarms.iter())
        .map(|alarm| result(alarm, rules.binary_search(&alarm.kind).ok()))
        .collect();
    let rule = |kind: &&str| {
        let level = if *kind == SEVERAL { "warning" } else { "error" };
        json!({
            "defaultConfiguration": { "level": level },
            "id": kind,
            "shortDescription": { "text": about(kind) },
        })
    };
    let log = json!({
        "$schema": SCHEMA,
        "runs": [{
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notifications(scan),
            }],
            "results": results,
            "tool": { "driver": {
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "name": "kmapcheck",
                "rules": rules.iter().map(rule).collect::<Vec<Value>>(),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
            } },
        }],
        "version": "2.1.0",
    });
    serde_json::to_string_pretty(&log).map(|text| text + "\n")
}

fn result(alarm: &Alarm, rule: Option<usize>) -> Value {
    let mut result = Map::new();
    let mut places: Vec<Value> = (alarm.sites.iter())
        .filter_map(|site| location(&site.at, &site.op))
        .collect();
    let related = places.split_off(places.len().min(1));
    let flows: Vec<Value> = (alarm.tasks.iter())
        .filter_map(|task| {
            let steps = task.program.iter().filter_map(|step| {
                let at = step.get("at")?.as_str()?;
                let (op, of) = step.as_object()?.iter().next()?;
                let of = of.as_str().unwrap_or_default();
                let text = format!("{}: {op}({of})", task.task);
                Some(json!({ "location": location(at, &text)? }))
            });
            let steps: Vec<Value> = steps.collect();
            (!steps.is_empty()).then(|| json!({ "id": task.task, "locations": steps }))
        })
        .collect();
    if !flows.is_empty() {
        result.insert("codeFlows".to_owned(), json!([{ "threadFlows": flows }]));
    }
    result.insert("level".to_owned(), json!(alarm.severity.name()));
    result.insert("locations".to_owned(), json!(places));
    result.insert("message".to_owned(), json!({ "text": alarm.summary }));
    let fingerprint = json!({ "kmapcheck/v1": alarm.key });
    result.insert("partialFingerprints".to_owned(), fingerprint);
    if !related.is_empty() {
        result.insert("relatedLocations".to_owned(), json!(related));
    }
    result.insert("ruleId".to_owned(), json!(alarm.kind));
    if let Some(rule) = rule {
        result.insert("ruleIndex".to_owned(), json!(rule));
    }
    if let Some(reason) = &alarm.judged {
        let suppression = json!([{ "justification": reason, "kind": "external" }]);
        result.insert("suppressions".to_owned(), suppression);
    }
    Value::Object(result)
}

/// What was refused, and what was not checked to its end.
fn notifications(scan: &Scan) -> Vec<Value> {
    let note = |text: String, at: Option<String>| {
        let place = at.and_then(|at| location(&at, ""));
        json!({
            "level": Severity::Note.name(),
            "locations": place.into_iter().collect::<Vec<Value>>(),
            "message": { "text": text },
        })
    };
    let refused = scan
        .entries
        .iter()
        .filter_map(|entry| match &entry.outcome {
            Outcome::Refused(refused) => Some(note(
                format!("{} is refused: {}", entry.function, refused.why),
                Some(format!("{}:{}", entry.file, entry.line)),
            )),
            _ => None,
        });
    let unread = (scan.unread.iter()).map(|refused| note(refused.why.clone(), refused.at.clone()));
    let open = scan.check.iter().flat_map(|check| &check.unfinished);
    let open = open.map(|of| {
        let names: Vec<&str> = of.entries.iter().map(|of| of.function.as_str()).collect();
        let text = format!(
            "{} was not checked to its end: {}",
            names.join(" beside "),
            of.why
        );
        note(text, None)
    });
    refused.chain(unread).chain(open).collect()
}

/// `file:line function` as a location, with what is said of it.
fn location(at: &str, text: &str) -> Option<Value> {
    let place = at.split_once(' ').map_or(at, |(place, _)| place);
    let (file, line) = place.rsplit_once(':')?;
    let line: usize = line.parse().ok().filter(|line| *line > 0)?;
    let mut location = json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(file) },
        "region": { "startLine": line },
    } });
    if !text.is_empty() {
        location["message"] = json!({ "text": text });
    }
    Some(location)
}
