//! What `kmapcheck order` prints.

use std::fmt::Write;

use kmapcheck_report::quoted;
use kmapcheck_report::words::{list, on_model, width};

use super::{Cycle, Judged, Pair, Pairs, Site};
use crate::conform::NotJudged;
use crate::place::Place;

/// Operations shown for each pair, and cycles shown.
const SHOWN: usize = 6;

/// The order that a model states.
#[must_use]
pub fn stated(model: &str, order: &[String]) -> String {
    match order.is_empty() {
        true => format!("{model} states no order.\n"),
        false => format!("{model} states this order: {}.\n", order.join(", then ")),
    }
}

/// The pairs, and what follows from them.
#[must_use]
pub fn render(pairs: &Pairs) -> String {
    let mut out = format!(
        "{} ({})\n",
        on_model(&pairs.scenario, &pairs.model),
        pairs.file
    );
    if pairs.order.is_none() && pairs.cycles.is_empty() {
        let why = pairs.not_judged.as_ref().map(NotJudged::line);
        let _ = writeln!(
            out,
            "\nNot judged: {}.\nIts interleavings can be explored: `kmapcheck check {}`",
            why.unwrap_or_default(),
            quoted(&pairs.file)
        );
        return out;
    }
    match pairs.pairs.is_empty() {
        true => out.push_str("\nNothing is held while something else is asked for.\n"),
        false => out.push_str("\nHeld while something else is asked for:\n"),
    }
    for pair in &pairs.pairs {
        show(&mut out, pair);
    }
    if !pairs.all_paths {
        out.push_str("\nThere are more operations that make these pairs.\n");
    }
    conclude(&mut out, pairs);
    out
}

fn show(out: &mut String, pair: &Pair) {
    let _ = writeln!(out, "\n  {} -> {}", pair.held, pair.asked);
    for site in pair.sites.iter().take(SHOWN) {
        show_site(out, site);
    }
    if let Some(more) = pair.sites.len().checked_sub(SHOWN).filter(|&n| n > 0) {
        let _ = writeln!(out, "    and {more} more");
    }
}

fn show_site(out: &mut String, site: &Site) {
    let operation = |place: &Place| format!("{} ({})", place.operation, place.whereabouts());
    let lies = match &site.lies_in {
        Some(series) => format!(", takes a mapping that lies in {series}"),
        None => String::new(),
    };
    let _ = match &site.taken {
        Some(taken) => writeln!(out, "    {}: {}{lies}", site.task, operation(taken)),
        None => writeln!(out, "    {}: while it waits", site.task),
    };
    let indent = " ".repeat(width(&site.task) + 6);
    let _ = writeln!(out, "{indent}{}", operation(&site.asked));
}

fn conclude(out: &mut String, pairs: &Pairs) {
    out.push('\n');
    match &pairs.order {
        Some(order) if order.is_empty() => out.push_str("No task ever has to wait.\n"),
        Some(order) => {
            let order = order.join(", then ");
            let _ = writeln!(out, "There is an order: {order}.");
        }
        None => out.push_str("There is no order, but a circle:\n"),
    }
    for cycle in pairs.cycles.iter().take(SHOWN) {
        show_cycle(out, cycle);
    }
    if let Some(more) = pairs.cycles.len().checked_sub(SHOWN).filter(|&n| n > 0) {
        let _ = writeln!(
            out,
            "\n  and {more} more, made of these; --format json has them all"
        );
    }
    if !pairs.cycles.is_empty() {
        out.push('\n');
    }
    if !pairs.may_never_come.is_empty() {
        let what = list(&pairs.may_never_come);
        let _ = writeln!(out, "What may never come although nobody holds it: {what}.");
    }
    out.push_str(match (pairs.judged, pairs.order.is_some()) {
        (Judged::Excluded, true) => "So no tasks can be stuck on one another, however many run.\n",
        (Judged::Excluded, false) => "So no tasks can be stuck on one another.\n",
        (Judged::Open, _) => "Whether tasks do get stuck, `kmapcheck check` says.\n",
        (Judged::NotJudged, _) => "",
    });
    if let Some(not_judged) = &pairs.not_judged {
        let _ = writeln!(
            out,
            "Whether tasks can be stuck was not judged: {}.",
            not_judged.line()
        );
    }
}

fn show_cycle(out: &mut String, cycle: &Cycle) {
    let through = match (cycle.one_circle, cycle.through.first()) {
        (true, Some(first)) => format!("{} -> {first}", cycle.through.join(" -> ")),
        _ => format!("{}, in more than one circle", list(&cycle.through)),
    };
    let _ = writeln!(out, "\n  {through}");
    match cycle.judged {
        Judged::Excluded => {
            out.push_str("    No tasks can be stuck on it. These cannot all be so:\n")
        }
        Judged::Open => out.push_str("    As far as numbers go, these could be stuck on it:\n"),
        Judged::NotJudged => {}
    }
    for why in &cycle.why {
        let _ = writeln!(out, "    - {why}");
    }
}
