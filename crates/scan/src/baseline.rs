//! Alarms that were judged: a file that says which, and why they are none.
//!
//! An alarm is found in it by its [key](crate::alarm::Alarm::key), which has no line numbers. One
//! without a reason was not judged: it is told like one that is not in the file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::alarm::{Of, Severity};
use crate::scan::Check;

/// A baseline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The alarms, in the order of their keys.
    pub judged: Vec<Judged>,
}

/// An alarm that was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// The alarm's key.
    pub alarm: String,
    /// Which entries show it, for the reader.
    #[serde(default)]
    pub entries: Vec<String>,
    /// Where it was at that time, for the reader.
    #[serde(default)]
    pub at: Vec<String>,
    /// Why it is none, or why it is left; empty: it was not judged.
    pub reason: String,
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub fn read(text: &str) -> Result<Baseline, String> {
        serde_json::from_str(text).map_err(|error| {
            format!(
                "it is no baseline: {error}; it looks like \
                 {{ \"judged\": [{{ \"alarm\": \"..\", \"reason\": \"..\" }}] }}, as `--update-baseline` writes it"
            )
        })
    }

    /// Marks the alarms that were judged, and notes which of them are gone.
    pub fn apply(&self, check: &mut Check) {
        let reasons: BTreeMap<&str, &str> = (self.judged.iter())
            .map(|judged| (judged.alarm.as_str(), judged.reason.trim()))
            .collect();
        for alarm in &mut check.alarms {
            let reason = reasons
                .get(alarm.key.as_str())
                .filter(|reason| !reason.is_empty());
            alarm.judged = reason.map(|reason| (*reason).to_owned());
        }
        let is_there = |key: &str| check.alarms.iter().any(|alarm| alarm.key == key);
        check.gone = (self.judged.iter())
            .filter(|judged| !is_there(&judged.alarm))
            .map(|judged| judged.alarm.clone())
            .collect();
    }

    /// The alarms of a scan, with the reasons that this one has. Notes need none.
    #[must_use]
    pub fn updated(&self, check: &Check) -> Baseline {
        let named = |of: &Of| format!("{} ({})", of.function, of.file);
        let mut judged: Vec<Judged> = (check.alarms.iter())
            .filter(|alarm| alarm.severity != Severity::Note)
            .map(|alarm| {
                let known = self.judged.iter().find(|known| known.alarm == alarm.key);
                Judged {
                    alarm: alarm.key.clone(),
                    entries: alarm.entries.iter().map(named).collect(),
                    at: alarm.sites.iter().map(|site| site.at.clone()).collect(),
                    reason: known.map_or(String::new(), |known| known.reason.clone()),
                }
            })
            .collect();
        judged.sort_by(|a, b| a.alarm.cmp(&b.alarm));
        Baseline { judged }
    }

    /// The text of its file.
    ///
    /// # Errors
    ///
    /// If it cannot be written as JSON, which nothing should bring about.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::Baseline;

    #[test]
    fn what_is_no_baseline_says_so() {
        for wrong in [
            "",
            "[]",
            r#"{ "judged": [{ "alarm": "x" }] }"#,
            r#"{ "other": 1 }"#,
        ] {
            let said = Baseline::read(wrong).expect_err("it is none");
            assert!(said.contains("--update-baseline"), "{said}");
        }
        let one = r#"{ "judged": [{ "alarm": "x", "reason": "y" }] }"#;
        assert_eq!(Baseline::read(one).expect("it is one").judged.len(), 1);
    }
}
