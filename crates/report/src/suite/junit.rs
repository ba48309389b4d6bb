//! A test report in the JUnit format, by the crate quick-junit, as cargo-nextest writes it.
//!
//! One suite, a case for each scenario: its name is the file, its class the folder. What differs
//! from `expect` is a failure; a file that cannot be read, a limit that came first and a fault are
//! errors; a scenario that expects nothing is skipped.

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
    match tested {
        Tested::Passed => TestCaseStatus::success(),
        Tested::NoExpectation(said) | Tested::Refused(said) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(said.as_str());
            status
        }
        Tested::Failed(said) => not(NonSuccessKind::Failure, "not as expected", said),
        Tested::Inconclusive(said) => not(NonSuccessKind::Error, super::INCONCLUSIVE, said),
        Tested::Unreadable(said) => not(NonSuccessKind::Error, super::UNREADABLE, said),
        Tested::Fault(said) => not(NonSuccessKind::Error, super::FAULT, said),
    }
}
