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

/// The report of the only file, or an array of all, ending in a line feed; `None`: the only file has
/// no report.
///
/// # Errors
///
/// As [`one`].
pub fn all(reports: &[Report], only: bool) -> Result<Option<String>, serde_json::Error> {
    let json = match (only, reports) {
        (true, []) => return Ok(None),
        (true, [report]) => one(report)?,
        (_, reports) => serde_json::to_string_pretty(reports)?,
    };
    Ok(Some(json + "\n"))
}
