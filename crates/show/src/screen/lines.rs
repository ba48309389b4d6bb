//! A whole trace as lines of text.

use std::fmt::Write;

use crate::recording::Recording;
use crate::recording::moment::Moment;
use crate::text;
use kmapcheck_report::Finding;

use crate::screen::Replay;

/// Every trace of a replay, each step with what it leads to, ending in a line feed.
#[must_use]
pub fn render(replay: &Replay<'_>) -> String {
    let mut out = String::new();
    for (finding, recording) in replay.report.findings.iter().zip(&replay.recordings) {
        if !out.is_empty() {
            out.push('\n');
        }
        trace(&mut out, finding, recording);
    }
    out
}

fn trace(out: &mut String, finding: &Finding, recording: &Recording) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}: {}.", finding.kind.name(), finding.summary);
    if let Some(start) = text::start(finding) {
        let _ = writeln!(out, "{start}");
    }
    for state in 0..=recording.last() {
        let moment = Moment::of(recording, state);
        let _ = writeln!(out, "\n{}", moment.tell());
        let slots: Vec<String> = (recording.series.iter().enumerate())
            .map(|(i, track)| format!("{} {}", track.name, moment.usage(i)))
            .collect();
        if !slots.is_empty() {
            let _ = writeln!(out, "  slots in use: {}", slots.join("; "));
        }
        for lane in &recording.lanes {
            let standing = moment.standing(lane);
            if standing.contains("waits") {
                let _ = writeln!(out, "  {}: {standing}", lane.label);
            }
        }
    }
    let notes = text::notes(finding);
    if !notes.is_empty() {
        out.push('\n');
    }
    for note in notes {
        let _ = writeln!(out, "{note}");
    }
}
