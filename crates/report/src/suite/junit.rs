//! A test report in the JUnit format, by the crate quick-junit, as cargo-nextest writes it.
//!
//! One suite, a case for each scenario: its name is the file, its class the folder. What differs
//! from `expect` is a failure; a file that cannot be read, a limit that came first and a fault are
//! errors; a scenario without `expect` is skipped, or a failure where every one is to have it.

use std::path::Path;
use std::time::Duration;

use quick_junit::{NonSuccessKind, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{Case, Tested};

/// The name of the report and of its only suite.
const NAME: &str = "kmapcheck";

/// The cases as JUnit XML.
///
/// # Errors
///
/// If that cannot be written, which nothing should bring about.
pub fn render(cases: &[Case]) -> Result<String, SerializeError> {
    let mut suite = TestSuite::new(NAME);
    let mut total = Duration::ZERO;
    for case in cases {
        let elapsed = (case.report.as_ref()).map(|report| report.elapsed_ms.max(0.0) / 1e3);
        let elapsed = elapsed.map_or(Duration::ZERO, Duration::from_secs_f64);
        total += elapsed;
        let mut test = TestCase::new(case.file.as_str(), status(&case.tested));
        let folder = Path::new(&case.file)
            .parent()
            .map(|path| path.display().to_string());
        test.set_classname(
            folder
                .filter(|folder| !folder.is_empty())
                .unwrap_or_else(|| NAME.into()),
        );
        test.set_time(elapsed);
        suite.add_test_case(test);
    }
    suite.set_time(total);
    let mut report = quick_junit::Report::new(NAME);
    report.set_time(total);
    report.add_test_suite(suite);
    // The suite says how many were skipped; the schema of Jenkins has no place for it above.
    let skipped = format!(" skipped=\"{}\"", report.skipped);
    let text = report.to_string()?;
    Ok(text.replacen(&skipped, "", 1))
}

fn status(tested: &Tested) -> TestCaseStatus {
    let not = |kind, what: &str, said: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        let first = said.lines().next().unwrap_or_default();
        status
            .set_type(what)
            .set_message(first)
            .set_description(said);
        status
    };
    let skipped = |said: String| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(said);
        status
    };
    match tested {
        Tested::Passed => TestCaseStatus::success(),
        Tested::NoExpectation(unexpecting) if unexpecting.required => not(
            NonSuccessKind::Failure,
            super::NO_EXPECTATION,
            &unexpecting.to_string(),
        ),
        Tested::NoExpectation(unexpecting) => skipped(unexpecting.to_string()),
        Tested::Refused(said) => skipped(said.clone()),
        Tested::Failed(said) => not(NonSuccessKind::Failure, "not as expected", said),
        Tested::Inconclusive(said) => not(NonSuccessKind::Error, super::INCONCLUSIVE, said),
        Tested::Unreadable(mistakes) => {
            let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            not(NonSuccessKind::Error, super::UNREADABLE, &lines.join("\n"))
        }
        Tested::Fault(said) => not(NonSuccessKind::Error, super::FAULT, said),
    }
}
