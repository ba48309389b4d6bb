//! The report as JSON.

use kmapcheck_report::Report;

/// One report as a JSON object.
///
/// # Errors
///
/// If it cannot be written as JSON, which no report should bring about.
pub fn one(report: &Report) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report)
}

/// Several reports as a JSON array.
///
/// # Errors
///
/// As [`one`].
pub fn many(reports: &[Report]) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(reports)
}
