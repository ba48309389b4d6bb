//! A test report in the JUnit format, as cargo-nextest and Jenkins have it.
//!
//! One suite, a case for each scenario: its name is the file, its class the folder. What differs
//! from `expect` is a failure; a file that cannot be read, a limit that came first and a fault are
//! errors; a scenario without `expect` is skipped, or a failure where every one is to have it.

use std::io;
use std::path::Path;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use kmapcheck_report::Report;

use super::{Case, Tested};
use crate::text;

/// The name of the report and of its only suite.
const NAME: &str = "kmapcheck";

/// The cases as JUnit XML.
///
/// # Errors
///
/// If that cannot be written, which nothing should bring about.
pub fn render(cases: &[Case]) -> io::Result<String> {
    let outcomes: Vec<Option<NotPassed>> = cases.iter().map(|case| of(&case.tested)).collect();
    let count = |element| {
        let those = outcomes.iter().flatten();
        those
            .filter(|not| not.element == element)
            .count()
            .to_string()
    };
    let (tests, failures, errors) = (cases.len().to_string(), count("failure"), count("error"));
    let skipped = count("skipped");
    let time = seconds(cases.iter().map(elapsed).sum());

    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 4);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    // The suite says how many were skipped; the schema of Jenkins has no place for it above.
    let all = writer.create_element("testsuites").with_attributes([
        ("name", NAME),
        ("tests", &tests),
        ("failures", &failures),
        ("errors", &errors),
        ("time", &time),
    ]);
    all.write_inner_content(|writer| {
        let suite = writer.create_element("testsuite").with_attributes([
            ("name", NAME),
            ("tests", &tests),
            ("skipped", &skipped),
            ("errors", &errors),
            ("failures", &failures),
            ("time", &time),
        ]);
        suite.write_inner_content(|writer| {
            (cases.iter().zip(&outcomes))
                .try_for_each(|(case, not)| test(writer, case, not.as_ref()))
        })?;
        Ok(())
    })?;
    let text = String::from_utf8(writer.into_inner()).map_err(io::Error::other)?;
    Ok(text + "\n")
}

fn test(writer: &mut Writer<Vec<u8>>, case: &Case, not: Option<&NotPassed>) -> io::Result<()> {
    let folder = Path::new(&case.file)
        .parent()
        .map(|path| path.display().to_string());
    let class = folder.filter(|folder| !folder.is_empty());
    let (file, time) = (allowed(&case.file), seconds(elapsed(case)));
    let element = writer.create_element("testcase").with_attributes([
        ("name", file.as_str()),
        ("classname", &allowed(class.as_deref().unwrap_or(NAME))),
        ("time", &time),
    ]);
    let assumed = case.report.as_ref().and_then(assumed);
    if not.is_none() && assumed.is_none() {
        element.write_empty()?;
        return Ok(());
    }
    element.write_inner_content(|writer| {
        if let Some(not) = not {
            not_passed(writer, not)?;
        }
        if let Some(assumed) = &assumed {
            let out = writer.create_element("system-out");
            out.write_text_content(BytesText::new(&allowed(assumed)))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// What the verdict depends on, in lines.
fn assumed(report: &Report) -> Option<String> {
    let condition = text::condition(report)?;
    let lines = report.assumed.iter().map(text::assumption);
    let first = format!("{}, {condition}", report.verdict.name());
    let said: Vec<String> = std::iter::once(first).chain(lines).collect();
    Some(said.join("\n"))
}

fn not_passed(writer: &mut Writer<Vec<u8>>, not: &NotPassed) -> io::Result<()> {
    let said = allowed(&not.said);
    let first = said.lines().next().unwrap_or_default();
    let status = writer
        .create_element(not.element)
        .with_attribute(("message", first));
    match not.kind {
        None => status.write_empty()?,
        Some(kind) => {
            let status = status.with_attribute(("type", kind));
            status.write_text_content(BytesText::new(&said))?
        }
    };
    Ok(())
}

/// Why a test is not one that passed.
struct NotPassed {
    /// `failure`, `error` or `skipped`.
    element: &'static str,
    /// What sort of failure or error.
    kind: Option<&'static str>,
    said: String,
}

fn of(tested: &Tested) -> Option<NotPassed> {
    let not = |element, kind, said: &str| NotPassed {
        element,
        kind,
        said: said.to_owned(),
    };
    let failure = |kind, said: &str| not("failure", Some(kind), said);
    let error = |kind, said: &str| not("error", Some(kind), said);
    Some(match tested {
        Tested::Passed => return None,
        Tested::NoExpectation(unexpecting) if unexpecting.required => {
            failure(super::NO_EXPECTATION, &unexpecting.to_string())
        }
        Tested::NoExpectation(unexpecting) => not("skipped", None, &unexpecting.to_string()),
        Tested::Refused(said) => not("skipped", None, said),
        Tested::Failed(said) => failure("not as expected", said),
        Tested::Inconclusive(said) => error(super::INCONCLUSIVE, said),
        Tested::Unreadable(mistakes) => {
            let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            error(super::UNREADABLE, &lines.join("\n"))
        }
        Tested::Fault(said) => error(super::FAULT, said),
    })
}

/// Milliseconds.
fn elapsed(case: &Case) -> f64 {
    let report = case.report.as_ref();
    // A file without a report took no time that is known.
    report.map_or(0.0, |report| report.elapsed_ms.max(0.0))
}

fn seconds(millis: f64) -> String {
    format!("{:.3}", millis / 1e3)
}

/// Text with a mark in place of each character that XML cannot hold (XML 1.0, section 2.2).
fn allowed(text: &str) -> String {
    let is_allowed = |c: char| {
        !c.is_control() && c != '\u{FFFE}' && c != '\u{FFFF}' || matches!(c, '\t' | '\n' | '\r')
    };
    text.chars()
        .map(|c| if is_allowed(c) { c } else { '\u{FFFD}' })
        .collect()
}
