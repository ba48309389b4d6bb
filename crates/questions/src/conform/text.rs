//! What `kmapcheck conform` prints.

use std::fmt::Write;

use kmapcheck_report::words::count;

use super::{Conformance, NotJudged, Summary, Verdict, Violation};
use crate::place::{Place, ordinal};

/// The rule, and what is not judged.
#[must_use]
pub fn rule(model: &str, order: &[String]) -> String {
    format!(
        "The rule of {model}: {}.\n\
         Only this order is judged; `kmapcheck rule` lists what else it takes to rule out deadlock.\n",
        order.join(" before ")
    )
}

/// One scenario. `quiet`: nothing about those that keep the rule.
#[must_use]
pub fn scenario(scenario: &Conformance, quiet: bool) -> String {
    let paths = count(scenario.paths as u64, "path");
    let (file, model) = (&scenario.file, &scenario.model);
    match scenario.verdict {
        Verdict::Keeps if quiet => String::new(),
        Verdict::Keeps => format!("keeps   {file}: {paths}\n"),
        Verdict::NotJudged => {
            let why = scenario.not_judged.as_ref().map(NotJudged::line);
            format!("?       {file}: not judged: {}\n", why.unwrap_or_default())
        }
        Verdict::Breaks => {
            let broken = scenario.violations.len();
            let mut out = format!("breaks  {file}: {broken} of {paths} on {model}\n");
            for violation in &scenario.violations {
                out.push('\n');
                out.push_str(&chain(violation));
            }
            if !scenario.all_paths {
                let _ = writeln!(out, "\n    There are more paths than are shown.");
            }
            out.push('\n');
            out
        }
    }
}

/// A path that breaks the rule: what is held, in the order taken, and what is asked for then.
fn chain(violation: &Violation) -> String {
    let asked = &violation.asked;
    let mut out = format!("    {}: {}\n", violation.task, reason(violation));
    for held in &violation.held {
        let place = match held.place {
            Some(place) => format!(" ({})", ordinal(place - 1)),
            None => String::new(),
        };
        let _ = writeln!(
            out,
            "      holds {}{place}: {}",
            held.what, held.taken.operation
        );
        place_lines(&mut out, &held.taken);
    }
    let place = ordinal(asked.place - 1);
    let _ = writeln!(
        out,
        "      asks for {} ({place}): {}",
        asked.what, asked.by.operation
    );
    place_lines(&mut out, &asked.by);
    out
}

/// What the rule has against it: `PAGETABLE is asked for while DEFAULT is held`.
fn reason(violation: &Violation) -> String {
    let asked = &violation.asked;
    let mut later: Vec<&str> = Vec::new();
    let mut same = false;
    for held in violation.held.iter().filter(|held| held.in_the_way) {
        match &held.name {
            Some(name) if *name == asked.name => same = true,
            Some(name) if !later.contains(&name.as_str()) => later.push(name),
            _ => {}
        }
    }
    let name = &asked.name;
    let later = kmapcheck_report::words::list(&later);
    match (same, later.is_empty()) {
        (true, true) => format!("{name} is asked for while {name} is held"),
        (true, false) => {
            format!("{name} is asked for while {name} is held, and {later}, which comes later")
        }
        (false, _) => format!("{name} is asked for while {later} is held, which comes later"),
    }
}

fn place_lines(out: &mut String, place: &Place) {
    let _ = writeln!(out, "        {}", place.whereabouts());
    if let Some(note) = &place.note {
        let _ = writeln!(out, "        note: {note}");
    }
}

/// The last line.
#[must_use]
pub fn summary(summary: &Summary) -> String {
    let scenarios = |n: usize| count(n as u64, "scenario");
    let (paths, broken) = (count(summary.paths as u64, "path"), summary.violations);
    let (keep, break_it) = (scenarios(summary.keep), summary.break_it);
    let not_judged = match summary.not_judged {
        0 => String::new(),
        n => format!(", {n} not judged"),
    };
    let keep_word = if summary.keep == 1 { "keeps" } else { "keep" };
    let break_word = if break_it == 1 { "breaks" } else { "break" };
    format!(
        "{paths} checked, {broken} against the rule: {keep} {keep_word} it, {break_it} {break_word} it{not_judged}\n"
    )
}
