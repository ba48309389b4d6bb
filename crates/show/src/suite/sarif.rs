//! What is not as it should be, in SARIF 2.1.0 (OASIS, *Static Analysis Results Interchange Format*).
//!
//! A rule for each kind of finding, and for what else can go wrong; a result for each problem. A
//! result stands where the finding is: at the scenario's line, or in the kernel where `at` names a
//! file and a line. Further places of a deadlock are related locations. The trace is a code flow.
//!
//! What a scenario assumes is in the message of each of its results, in numbers, and in their
//! properties; and, since a clean scenario has no results, in notifications of the run, which viewers
//! show beside them.

use kmapcheck_scenario::{FindingKind, Level};
use serde_json::{Value, json};

use super::{Case, OTHER_RULES, Problem, Tested, about};
use crate::text;
use kmapcheck_report::place::Place;
use kmapcheck_report::{Finding, IdleWait};

/// Longer traces are left out: viewers show them step by step.
const MOST_STEPS: usize = 500;
/// The notification about idle waits.
const IDLE_WAIT: &str = "idle-wait";
/// Where the schema is, as the standard's annex names it.
pub const SCHEMA: &str = "https://schemastore.azurewebsites.net/schemas/json/sarif-2.1.0.json";

/// The cases' problems as a SARIF log.
///
/// # Errors
///
/// If it cannot be written as JSON, which nothing should bring about.
pub fn render(cases: &[Case]) -> Result<String, serde_json::Error> {
    let rules = rules();
    let mut results = Vec::new();
    let mut notifications = Vec::new();
    for case in cases {
        notifications.extend(notification(case));
        for problem in case.problems() {
            let index = rules.iter().position(|(name, ..)| *name == problem.rule);
            let findings = case.report.iter().flat_map(|report| &report.findings);
            let finding = findings.into_iter().find(|f| f.kind.name() == problem.rule);
            let index = index.expect("the rules are those of the problems");
            results.push(result(case, &problem, index, finding));
        }
    }
    let reports = cases.iter().filter_map(|case| case.report.as_ref());
    let idle = reports.flat_map(|report| report.idle_waits.iter().flatten());
    notifications.extend(idle.map(note));
    let mut log = json!({
        "$schema": SCHEMA,
        "runs": [{
            "columnKind": "unicodeCodePoints",
            "results": results,
            "tool": { "driver": {
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "name": "kmapcheck",
                "notifications": [{
                    "defaultConfiguration": { "level": "note" },
                    "id": IDLE_WAIT,
                    "shortDescription": { "text": "A task can stay in an idle wait for ever, with a good end." },
                }],
                "rules": rules.iter().map(descriptor).collect::<Vec<_>>(),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
            } },
        }],
        "version": "2.1.0",
    });
    if !notifications.is_empty() {
        let fault = |case: &Case| matches!(case.tested, Tested::Fault(_));
        log["runs"][0]["invocations"] = json!([{
            "executionSuccessful": !cases.iter().any(fault),
            "toolExecutionNotifications": notifications,
        }]);
    }
    serde_json::to_string_pretty(&log).map(|text| text + "\n")
}

/// Name, description and level of each rule.
fn rules() -> Vec<(&'static str, &'static str, Level)> {
    let of_findings = FindingKind::ALL.map(|kind| (kind.name(), about(kind), kind.level()));
    let others = OTHER_RULES.map(|(name, about)| {
        let level = match name {
            super::INCONCLUSIVE | super::NO_EXPECTATION => Level::Warning,
            _ => Level::Error,
        };
        (name, about, level)
    });
    of_findings.into_iter().chain(others).collect()
}

fn descriptor(&(name, about, level): &(&str, &str, Level)) -> Value {
    json!({
        "defaultConfiguration": { "level": level_name(level) },
        "id": name,
        "shortDescription": { "text": about },
    })
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}

fn result(case: &Case, problem: &Problem, rule: usize, finding: Option<&Finding>) -> Value {
    let mut result = serde_json::Map::new();
    let mut put = |key: &str, value| result.insert(key.to_owned(), value);
    let (first, related) = problem.places.split_at(problem.places.len().min(1));
    let locations = |places: &[Place]| places.iter().map(location).collect::<Vec<Value>>();
    if let Some(flow) = finding.and_then(flow) {
        put("codeFlows", json!([flow]));
    }
    put("level", json!(level_name(problem.level)));
    put("locations", json!(locations(first)));
    let assumed = case
        .report
        .as_ref()
        .map_or(&[][..], |report| &report.assumed);
    let (mut message, mut properties) = (problem.message.clone(), json!({ "scenario": case.file }));
    if let Some(condition) = case.report.as_ref().and_then(text::condition) {
        message += &format!(" ({condition})");
    }
    if !assumed.is_empty() {
        properties["assumed"] = json!(assumed);
    }
    put("message", json!({ "text": message }));
    put("properties", properties);
    if !related.is_empty() {
        put("relatedLocations", json!(locations(related)));
    }
    put("ruleId", json!(problem.rule));
    put("ruleIndex", json!(rule));
    Value::Object(result)
}

/// What a scenario assumes, if it says so.
fn notification(case: &Case) -> Option<Value> {
    let report = case.report.as_ref()?;
    let condition = text::condition(report)?;
    let lines = report.assumed.iter().map(text::assumption);
    let start = Place {
        file: case.file.clone(),
        line: 1,
        column: None,
    };
    let said = format!("{}: {}, {condition}", case.file, report.verdict.name());
    let said: Vec<String> = std::iter::once(said).chain(lines).collect();
    Some(json!({
        "level": "note",
        "locations": [location(&start)],
        "message": { "text": said.join("\n") },
    }))
}

/// An idle wait: nothing is wrong with it, so it is no result, but one may want to know.
fn note(wait: &IdleWait) -> Value {
    let verb = if wait.seen { "can" } else { "may" };
    json!({
        "descriptor": { "id": IDLE_WAIT, "index": 0 },
        "level": "note",
        "locations": [location(&Place::of(&wait.place, wait.at.as_deref()))],
        "message": { "text": format!(
            "{} {verb} stay for ever in an idle wait, {}, for {}.",
            wait.task, wait.op, wait.waits_for
        ) },
    })
}

/// The trace, step by step.
fn flow(finding: &Finding) -> Option<Value> {
    if finding.trace.is_empty() || finding.trace.len() > MOST_STEPS {
        return None;
    }
    let steps = finding.trace.iter().zip(1..).map(|(step, number)| {
        let mut at = location(&Place::of(&step.place, step.at.as_deref()));
        at["message"] = json!({ "text": format!("{}: {}", step.task, step.op) });
        json!({ "executionOrder": number, "location": at })
    });
    let steps: Vec<Value> = steps.collect();
    Some(json!({ "threadFlows": [{ "locations": steps }] }))
}

fn location(place: &Place) -> Value {
    let region = match place.column {
        Some(column) => json!({ "startColumn": column, "startLine": place.line }),
        None => json!({ "startLine": place.line }),
    };
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&place.file) },
        "region": region,
    } })
}

/// A path as a URI reference (RFC 3986): what is not allowed in a path is percent-encoded.
#[must_use]
pub fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for &byte in path.as_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => out += &format!("%{byte:02X}"),
        }
    }
    match out.starts_with("//") {
        // Two slashes would begin the name of a host.
        true => format!("/.{out}"),
        false => out,
    }
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_are_uri_references() {
        assert_eq!(uri("a b/c:1#é.json"), "a%20b/c%3A1%23%C3%A9.json");
        assert_eq!(uri("/abs/x.json"), "/abs/x.json");
        assert_eq!(uri("//x"), "/.//x");
    }
}
