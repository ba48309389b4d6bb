//! A scan as text for people.

use std::fmt::Write;

use kmapcheck_questions::markdown;
use kmapcheck_report::words::{count, padded, width};
use serde_json::Value;

use crate::alarm::{Alarm, Of, Severity, Shown};
use crate::entry::{Entry, Made, Outcome};
use crate::scan::{Check, Scan};

/// The whole, ending in a line feed.
#[must_use]
pub fn render(scan: &Scan) -> String {
    // Writing to a String cannot fail.
    let mut out = String::new();
    let _ = writeln!(out, "{}", head(scan));
    if let Some(check) = &scan.check {
        alarms(&mut out, check);
        let _ = writeln!(out);
        for line in counts(check) {
            let _ = writeln!(out, "{line}");
        }
    }
    entries(&mut out, scan);
    refused(&mut out, scan);
    out
}

/// The same as Markdown.
#[must_use]
pub fn markdown(scan: &Scan) -> String {
    let mut out = format!("{}\n", markdown::text(&head(scan)));
    if let Some(check) = &scan.check {
        let _ = writeln!(out, "\n| | alarm | entries | what |\n|---|---|---|---|");
        for (number, alarm) in (1..).zip(check.fresh()) {
            let _ = writeln!(
                out,
                "| {number} | {}: {} | {} | {} |",
                alarm.severity.name(),
                alarm.kind,
                markdown::text(&who(alarm)),
                markdown::text(&alarm.summary)
            );
        }
        for line in counts(check) {
            let _ = writeln!(out, "\n{}", markdown::text(&line));
        }
    }
    let _ = writeln!(out, "\n| entry | place | needs |\n|---|---|---|");
    for entry in &scan.entries {
        let what = match &entry.outcome {
            Outcome::Read(made) => needs(made),
            Outcome::Refused(refused) => format!("refused: {}", refused.why),
            Outcome::NotReached => "not reached".to_owned(),
        };
        let (name, place) = (
            markdown::text(&entry.function),
            format!("{}:{}", entry.file, entry.line),
        );
        let _ = writeln!(
            out,
            "| {name} | {} | {} |",
            markdown::text(&place),
            markdown::text(&what)
        );
    }
    out
}

/// The entries of an alarm.
fn who(alarm: &Alarm) -> String {
    let entries: Vec<String> = alarm.entries.iter().map(named).collect();
    let how = match alarm.shown_by {
        Shown::TwoTasks => " beside itself",
        _ => "",
    };
    entries.join(" beside ") + how
}

/// What was checked, and what was not.
fn counts(check: &Check) -> Vec<String> {
    let mut lines = Vec::new();
    let pairs = check.pairs.map_or(String::new(), |pairs| {
        format!(", and {}", count(pairs as u64, "pair"))
    });
    let mut checked = match check.checked {
        1 => "1 entry was checked".to_owned(),
        n => format!("{n} entries were checked"),
    };
    checked += &pairs;
    let judged = check.alarms.iter().filter(|alarm| alarm.judged.is_some());
    match judged.count() {
        0 => {}
        1 => checked += "; 1 alarm was judged before",
        n => checked += &format!("; {n} alarms were judged before"),
    }
    lines.push(checked + ".");
    if !check.unfinished.is_empty() {
        lines.push(format!(
            "{} came to no end, so there may be more:",
            count(check.unfinished.len() as u64, "check")
        ));
        for of in check.unfinished.iter().take(NAMED) {
            let names: Vec<String> = of.entries.iter().map(named).collect();
            lines.push(format!("  {}: {}", names.join(" beside "), of.why));
        }
    }
    if !check.gone.is_empty() {
        lines.push(
            "Judged alarms that are not there any more; `--update-baseline` drops them:".to_owned(),
        );
        lines.extend(check.gone.iter().map(|key| format!("  {key}")));
    }
    lines
}

/// What was read, in one line.
fn head(scan: &Scan) -> String {
    let mut said = format!(
        "{}: {} with {}, {}",
        scan.folders.join(", "),
        count(scan.files as u64, "file"),
        count(scan.functions as u64, "function"),
        match scan.entries.len() {
            1 => "1 entry".to_owned(),
            n => format!("{n} entries"),
        },
    );
    for (number, what) in [
        (scan.in_part(), "read in part"),
        (scan.refused(), "refused"),
        (scan.not_reached(), "not reached"),
    ] {
        if number > 0 {
            said += &format!(", {number} {what}");
        }
    }
    said
}

/// What is wrong, the worst first.
fn alarms(out: &mut String, check: &Check) {
    let mut last = None;
    for (number, alarm) in (1..).zip(check.fresh()) {
        if last.replace(alarm.severity) != Some(alarm.severity) {
            let _ = writeln!(out, "\n{}:", headed(alarm.severity));
        }
        let (kind, who, said) = (alarm.kind, who(alarm), &alarm.summary);
        let _ = writeln!(out, "{number}. {kind} in {who}: {said}");
        for task in &alarm.tasks {
            let _ = writeln!(out, "     {}", task.task);
            for step in &task.program {
                let _ = writeln!(out, "       {}", operation(step));
            }
        }
        if alarm.tasks.is_empty() {
            for site in &alarm.sites {
                let _ = writeln!(out, "     {}  {}", site.op, site.at);
            }
        }
        if !alarm.also.is_empty() {
            let list: Vec<String> = (alarm.also.iter().take(NAMED))
                .map(|of| of.iter().map(named).collect::<Vec<_>>().join(" beside "))
                .collect();
            let more = match alarm.also.len() - list.len() {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            let _ = writeln!(out, "     the same in {}{more}", list.join(", "));
        }
    }
}

/// The head of the alarms of a severity.
fn headed(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "Errors",
        Severity::Warning => "Warnings: what can happen once a pool is used up",
        Severity::Note => "Notes: what is probably meant",
    }
}

/// Entries that are named where an alarm is of many.
const NAMED: usize = 4;

fn named(of: &Of) -> String {
    format!("{} ({})", of.function, of.file)
}

/// A step of a scenario in one line: `down(gate)  fs/a.c:3 get`.
fn operation(step: &Value) -> String {
    let Some(fields) = step.as_object() else {
        return step.to_string();
    };
    let word = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) => String::new(),
        other => other.to_string(),
    };
    let first = fields.iter().next();
    let (op, of) = first.map_or((String::new(), String::new()), |(op, of)| {
        (op.clone(), word(of))
    });
    let with = ["series", "type"].iter().find_map(|key| fields.get(*key));
    let with = with.map_or(String::new(), |with| format!(", {}", word(with)));
    let at = fields
        .get("at")
        .map_or(String::new(), |at| format!("  {}", word(at)));
    let note = fields
        .get("note")
        .map_or(String::new(), |note| format!("  {}", word(note)));
    format!("{op}({of}{with}){at}{note}")
}

/// The entries that were read, those that need most first.
fn entries(out: &mut String, scan: &Scan) {
    let mut rows: Vec<(&Entry, &Made)> = (scan.entries.iter())
        .filter_map(|entry| Some((entry, entry.made()?)))
        .collect();
    let most = |made: &Made| made.needs.pools.values().map(|most| most.number).max();
    rows.sort_by_key(|(_, made)| std::cmp::Reverse(most(made)));
    let place = |entry: &Entry| format!("{}:{}", entry.file, entry.line);
    let of = |text: &dyn Fn(&Entry) -> String| rows.iter().map(|(e, _)| width(&text(e))).max();
    let name = |entry: &Entry| entry.function.clone();
    let (names, places) = (
        of(&name).unwrap_or_default(),
        of(&place).unwrap_or_default(),
    );
    if !rows.is_empty() {
        let _ = writeln!(out, "\nEntries, and what one task of each needs:");
    }
    for (entry, made) in &rows {
        let _ = writeln!(
            out,
            "  {}  {}  {}",
            padded(&name(entry), names),
            padded(&place(entry), places),
            needs(made)
        );
    }
}

/// What an entry needs, in one line.
fn needs(made: &Made) -> String {
    let needs = &made.needs;
    let mut parts: Vec<String> = (needs.pools.iter())
        .map(|(pool, most)| format!("{} {pool}", most.number))
        .collect();
    if !needs.shared.is_empty() {
        let list: Vec<&str> = needs.shared.iter().map(String::as_str).collect();
        parts.push(format!("shared {}", list.join(" ")));
    }
    if !needs.own.is_empty() {
        let list: Vec<&str> = needs.own.iter().map(String::as_str).collect();
        parts.push(format!("own {}", list.join(" ")));
    }
    if !needs.lent.is_empty() {
        let list: Vec<&str> = needs.lent.keys().map(String::as_str).collect();
        parts.push(format!("called with {}", list.join(" ")));
    }
    if let Some(first) = needs.sleeps.first() {
        parts.push(format!("may sleep in atomic context at {}", first.at));
    }
    if !made.left_out.is_empty() {
        parts.push(format!("without {}", made.left_out.join(", ")));
    }
    parts.join("; ")
}

/// The entries that were refused.
fn refused(out: &mut String, scan: &Scan) {
    let mut is_first = true;
    for entry in &scan.entries {
        let Outcome::Refused(refused) = &entry.outcome else {
            continue;
        };
        if std::mem::take(&mut is_first) {
            let _ = writeln!(out, "\nRefused:");
        }
        let _ = writeln!(
            out,
            "  {} ({}:{}): {}",
            entry.function, entry.file, entry.line, refused.why
        );
    }
}
