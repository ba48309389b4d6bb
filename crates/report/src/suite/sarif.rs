//! What is not as it should be, in SARIF 2.1.0 (OASIS, *Static Analysis Results Interchange Format*),
//! by the crate serde-sarif.
//!
//! A rule for each kind of finding, and for what else can go wrong; a result for each problem. A
//! result stands where the finding is: at the scenario's line, or in the kernel where `at` names a
//! file and a line. Further places of a deadlock are related locations. The trace is a code flow.

use std::collections::BTreeMap;

use kmapcheck_scenario::{FindingKind, Level};
use serde_json::{Value, json};
use serde_sarif::sarif::{
    ArtifactLocation, CodeFlow, Location, Message, MultiformatMessageString, PhysicalLocation,
    PropertyBag, Region, ReportingConfiguration, ReportingDescriptor, Result as SarifResult,
    ResultLevel, Run, SCHEMA_URL, Sarif, ThreadFlow, ThreadFlowLocation, Tool, ToolComponent,
};

use super::{Case, OTHER_RULES, Problem, about};
use crate::place::Place;
use crate::report::Finding;

/// Longer traces are left out: viewers show them step by step.
const MOST_STEPS: usize = 500;

/// The cases' problems as a SARIF log.
///
/// # Errors
///
/// If it cannot be written as JSON, which nothing should bring about.
pub fn render(cases: &[Case]) -> Result<String, serde_json::Error> {
    let rules: Vec<(&str, &str, Level)> = (FindingKind::ALL.into_iter())
        .map(|kind| (kind.name(), about(kind), kind.level()))
        .chain(OTHER_RULES.map(|(name, about)| {
            let level = match name {
                super::INCONCLUSIVE => Level::Warning,
                _ => Level::Error,
            };
            (name, about, level)
        }))
        .collect();
    let mut results = Vec::new();
    for case in cases {
        for problem in case.problems() {
            let index = rules.iter().position(|(name, ..)| *name == problem.rule);
            let findings = case.report.iter().flat_map(|report| &report.findings);
            let finding = findings.into_iter().find(|f| f.kind.name() == problem.rule);
            let index = index.expect("the rules are those of the problems");
            results.push(result(case, &problem, index, finding));
        }
    }
    let driver = ToolComponent::builder()
        .name("kmapcheck")
        .semantic_version(env!("CARGO_PKG_VERSION"))
        .information_uri(env!("CARGO_PKG_REPOSITORY"))
        .rules(rules.iter().map(descriptor).collect::<Vec<_>>())
        .build();
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .column_kind(json!("unicodeCodePoints"))
        .results(results)
        .build();
    let sarif = Sarif::builder()
        .schema(SCHEMA_URL)
        .version(json!("2.1.0"))
        .runs(vec![run])
        .build();
    serde_json::to_string_pretty(&sarif).map(|text| text + "\n")
}

fn descriptor(&(name, about, level): &(&str, &str, Level)) -> ReportingDescriptor {
    let text = MultiformatMessageString::builder().text(about).build();
    let configuration = ReportingConfiguration::builder().level(level_name(level));
    ReportingDescriptor::builder()
        .id(name)
        .short_description(text)
        .default_configuration(configuration.build())
        .build()
}

fn level_name(level: Level) -> Value {
    match level {
        Level::Error => json!("error"),
        Level::Warning => json!("warning"),
    }
}

fn result(case: &Case, problem: &Problem, rule: usize, finding: Option<&Finding>) -> SarifResult {
    let locations: Vec<Location> = problem.places.iter().map(location).collect();
    let mut locations = locations.into_iter();
    let first: Vec<Location> = locations.next().into_iter().collect();
    let related: Vec<Location> = locations.collect();
    let properties = PropertyBag::builder()
        .additional_properties(BTreeMap::from([("scenario".to_owned(), json!(case.file))]))
        .build();
    let mut result = SarifResult::builder()
        .rule_id(problem.rule)
        .rule_index(i64::try_from(rule).expect("there are a few rules"))
        .level(match problem.level {
            Level::Error => ResultLevel::Error,
            Level::Warning => ResultLevel::Warning,
        })
        .message(message(&problem.message))
        .locations(first)
        .properties(properties)
        .build();
    if !related.is_empty() {
        result.related_locations = Some(related);
    }
    result.code_flows = finding.and_then(flow).map(|flow| vec![flow]);
    result
}

/// The trace, step by step.
fn flow(finding: &Finding) -> Option<CodeFlow> {
    if finding.trace.is_empty() || finding.trace.len() > MOST_STEPS {
        return None;
    }
    let steps = finding
        .trace
        .iter()
        .zip(1_i64..)
        .filter_map(|(step, number)| {
            let mut at = location(&Place::of(&step.source, step.at.as_deref())?);
            at.message = Some(message(&format!("{}: {}", step.task, step.op)));
            let step = ThreadFlowLocation::builder().location(at);
            Some(step.execution_order(number).build())
        });
    let thread = ThreadFlow::builder().locations(steps.collect::<Vec<_>>());
    Some(
        CodeFlow::builder()
            .thread_flows(vec![thread.build()])
            .build(),
    )
}

fn message(text: &str) -> Message {
    Message::builder().text(text).build()
}

fn location(place: &Place) -> Location {
    let number = |n: usize| i64::try_from(n).expect("a file has fewer than 2^63 lines");
    let mut region = Region::builder().start_line(number(place.line)).build();
    region.start_column = place.column.map(number);
    let artifact = ArtifactLocation::builder().uri(uri(&place.file)).build();
    let physical = PhysicalLocation::builder()
        .artifact_location(artifact)
        .region(region);
    Location::builder()
        .physical_location(physical.build())
        .build()
}

/// A path as a URI reference (RFC 3986): what is not allowed in a path is percent-encoded.
fn uri(path: &str) -> String {
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
