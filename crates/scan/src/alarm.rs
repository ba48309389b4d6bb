//! Alarms: what is wrong with an entry, alone or beside others, and how bad that is.
//!
//! Several entries may come to the same places: a helper that is wrong is wrong in whoever calls it.
//! An alarm is told once, with all entries that show it. What tells alarms apart is their [`key`]: the
//! kind, and of each place the file, the function, the operation and its object, but not the line. So
//! an alarm is found again after lines have moved.
//!
//! [`key`]: Alarm::key

use kmapcheck_report::{Finding, Standing};
use kmapcheck_scenario::{FindingKind, Level};
use serde::Serialize;
use serde_json::Value;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It can happen, if what was assumed holds.
    Error,
    /// It can happen once a pool is used up.
    Warning,
    /// It is probably meant.
    Note,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// Which tasks show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// Those of two different entries.
    TwoEntries,
    /// Two of one entry.
    TwoTasks,
    /// One.
    OneTask,
}

/// An entry, as alarms name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Of {
    /// The function.
    pub function: String,
    /// The file that it is in.
    pub file: String,
}

/// A place that an alarm is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Site {
    /// The operation, such as `down(gate)`.
    pub op: String,
    /// Where: file, line and function.
    pub at: String,
    /// What is held there that matters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
}

/// A task of the smallest part that shows an alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Task {
    /// Its name.
    pub task: String,
    /// The entry that it runs: the first or the second of the alarm.
    #[serde(skip)]
    pub entry: usize,
    /// Its operations, as scenarios have them.
    pub program: Vec<Value>,
}

/// Something wrong.
#[derive(Debug, Clone, Serialize)]
pub struct Alarm {
    /// How bad it is.
    pub severity: Severity,
    /// The name of the finding, or `several-slots`.
    pub kind: &'static str,
    /// Of a deadlock: what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Which tasks show it.
    pub shown_by: Shown,
    /// The entries of these: one or two.
    pub entries: Vec<Of>,
    /// Other entries that show the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Vec<Of>>,
    /// One sentence.
    pub summary: String,
    /// What it is about.
    pub sites: Vec<Site>,
    /// The smallest part of the paths that still shows it, task by task.
    pub tasks: Vec<Task>,
    /// The same as a scenario, if the alarm is one of a check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<Value>,
    /// What tells it apart from others.
    pub key: String,
    /// Why it is none, if the baseline says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged: Option<String>,
    /// Slots of the series with which it was found, if nobody gave them.
    #[serde(skip)]
    pub slots: Vec<(String, u32)>,
    /// The entries by their numbers.
    #[serde(skip)]
    pub numbers: Vec<usize>,
}

/// The alarm that a task has several slots at once.
pub const SEVERAL: &str = "several-slots";

/// The rule of an alarm in one sentence.
#[must_use]
pub fn about(kind: &str) -> &'static str {
    let known = FindingKind::ALL.iter().find(|known| known.name() == kind);
    match known {
        Some(kind) => kmapcheck_show::suite::about(*kind),
        None => {
            "One task has several slots or elements of a pool at once: tasks like it deadlock when the pool is used up."
        }
    }
}

impl Alarm {
    /// Puts alarms in order: errors first, and of these deadlocks of different entries.
    #[must_use]
    pub fn rank(&self) -> (Severity, bool, Shown, usize) {
        let is_deadlock = self.kind == FindingKind::Deadlock.name();
        let kinds = FindingKind::ALL.iter();
        let kind = kinds.enumerate().find(|(_, kind)| kind.name() == self.kind);
        // What is no finding comes after all that are.
        let kind = kind.map_or(FindingKind::ALL.len(), |(i, _)| i);
        (self.severity, !is_deadlock, self.shown_by, kind)
    }
}

/// How bad a finding is by itself.
#[must_use]
pub fn severity(level: Level) -> Severity {
    match level {
        Level::Error => Severity::Error,
        Level::Warning => Severity::Warning,
    }
}

/// The places that a finding is about.
#[must_use]
pub fn sites(finding: &Finding) -> Vec<Site> {
    let mut sites = Vec::new();
    match finding.kind {
        FindingKind::Deadlock | FindingKind::TimeoutRescue | FindingKind::Starved => {
            let contested = |name: &str| finding.contested.iter().any(|c| c.resource == name);
            let waits = (finding.tasks.iter())
                .filter(|task| task.standing == Standing::Waits)
                .filter(|task| finding.core.is_empty() || finding.core.contains(&task.task));
            for task in waits {
                let mut holds: Vec<String> = (task.holds.iter())
                    .filter(|held| contested(&held.resource))
                    .map(|held| held.resource.clone())
                    .collect();
                holds.sort();
                holds.dedup();
                sites.push(Site {
                    op: task.next.clone().unwrap_or_default(),
                    at: task.at.clone().unwrap_or_default(),
                    holds,
                });
            }
        }
        _ => {}
    }
    if sites.is_empty() {
        let last = finding.trace.iter().rev();
        let last = last
            .clone()
            .find(|step| step.findings.contains(&finding.kind));
        if let Some(step) = last.or(finding.trace.last()) {
            sites.push(Site {
                op: step.op.clone(),
                at: step.at.clone().unwrap_or_default(),
                holds: Vec::new(),
            });
        }
    }
    sites.sort();
    sites.dedup();
    sites
}

/// What tells an alarm apart from others.
#[must_use]
pub fn key(kind: &str, sites: &[Site]) -> String {
    let mut parts: Vec<String> = (sites.iter())
        .map(|site| {
            let (place, function) = site.at.rsplit_once(' ').unwrap_or((&site.at, ""));
            let file = place.rsplit_once(':').map_or(place, |(file, _)| file);
            let held = match site.holds.as_slice() {
                [] => String::new(),
                holds => format!(" with {}", holds.join(", ")),
            };
            format!("{file} {function}: {}{held}", site.op)
        })
        .collect();
    parts.sort();
    parts.dedup();
    format!("{kind}: {}", parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_no_lines() {
        let site = |line: u32| Site {
            op: "down(gate)".to_owned(),
            at: format!("fs/a.c:{line} get"),
            holds: vec!["dev".to_owned()],
        };
        let one = key("deadlock", &[site(3)]);
        assert_eq!(one, "deadlock: fs/a.c get: down(gate) with dev");
        assert_eq!(one, key("deadlock", &[site(70)]));
        assert_ne!(one, key("starved", &[site(3)]));
    }
}
