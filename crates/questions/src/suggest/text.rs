//! Suggestions as text.

use std::fmt::{Result, Write as _};

use kmapcheck_report::stopped_early;
use kmapcheck_report::words::{count, list, on_model};

use super::offers::{Change, Offer};
use super::repair::{Offender, Operation, Path, Repair};
use super::replace::Instead;
use super::variant::Policy;
use super::{OrdersNotJudged, Smallest, SuggestReport, Works};

/// Rows of a table that are printed; JSON has them all.
const MOST_ROWS: usize = 12;

/// The report as text.
#[must_use]
pub fn render(report: &SuggestReport) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, report);
    out
}

fn write(out: &mut String, report: &SuggestReport) -> Result {
    writeln!(
        out,
        "suggestions for {}",
        on_model(&report.scenarios.join(", "), &report.model)
    )?;
    if report.series.is_empty() {
        if report.offers.is_empty() && report.stopped.is_none() {
            return writeln!(
                out,
                "\nThere is nothing to suggest: nothing that is asked for has a reuse policy, and no change to a pool of several units or to an order makes this better than it is."
            );
        }
        offers(out, report)?;
        return match &report.stopped {
            Some(stopped) => writeln!(out, "\n{}", stopped_early(stopped)),
            None => Ok(()),
        };
    }
    writeln!(
        out,
        "\nClean here: no deadlock, nobody starves, every path keeps the order, and no error of another\n\
         kind that is not there now. All of this is about {} only. Whether a\n\
         rule is enough for every program that keeps it, `kmapcheck rule MODEL` says.",
        match report.scenarios.len() {
            1 => "this scenario",
            _ => "these scenarios",
        }
    )?;
    works(out, report)?;
    if let Some(change) = &report.smallest {
        let it = report.works.iter().find(|w| w.policies == change.policies);
        smallest(out, change, it.is_some_and(Works::is_judged))?;
    }
    for OrdersNotJudged { scenario, why } in &report.not_judged {
        writeln!(
            out,
            "\nWhich orders {scenario} keeps was not judged: {}",
            why.line()
        )?;
    }
    for offender in &report.offenders {
        offending(out, offender)?;
    }
    offers(out, report)?;
    if let Some(stopped) = &report.stopped {
        writeln!(out, "\n{}", stopped_early(stopped))?;
    }
    Ok(())
}

fn policies(list: &[Policy]) -> String {
    let parts: Vec<String> = list
        .iter()
        .map(|p| format!("{}={}", p.series, p.reuse))
        .collect();
    parts.join(" ")
}

fn order(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

fn works(out: &mut String, report: &SuggestReport) -> Result {
    writeln!(
        out,
        "\n{} of {} choices of reuse policies make all of them clean{}",
        report.works.len(),
        report.tried,
        if report.works.is_empty() { "." } else { ":" }
    )?;
    for works in report.works.iter().take(MOST_ROWS) {
        let Works {
            policies: list,
            changes,
            orders,
            mixtures,
        } = works;
        let orders: Vec<String> = match works.is_judged() {
            true => orders.iter().map(|names| order(names)).collect(),
            false => vec!["not judged".to_owned()],
        };
        writeln!(
            out,
            "  {}  ({}; orders: {}){}",
            policies(list),
            match changes {
                0 => "as it is".to_owned(),
                1 => "1 change".to_owned(),
                n => format!("{n} changes"),
            },
            orders.join(" | "),
            if mixtures.is_empty() {
                String::new()
            } else {
                format!("  warning: series-mixture in {}", mixtures.join(", "))
            }
        )?;
    }
    if report.works.len() > MOST_ROWS {
        writeln!(out, "  and {} more", report.works.len() - MOST_ROWS)?;
    }
    for fails in report
        .fails
        .iter()
        .take(if report.works.is_empty() { 3 } else { 1 })
    {
        let (policies, scenario) = (policies(&fails.policies), &fails.scenario);
        match &fails.unknown {
            Some(why) => writeln!(
                out,
                "  Not with {policies}: in {scenario} it was not found out: {why}"
            )?,
            None => {
                let found = fails.findings.join(" and ");
                writeln!(out, "  Not with {policies}: {found} in {scenario}")?;
            }
        }
    }
    Ok(())
}

fn smallest(out: &mut String, change: &Smallest, is_judged: bool) -> Result {
    let all = match (change.orders_all, is_judged) {
        (true, _) => "",
        (false, true) => " (no order of all series is kept by every path)",
        (false, false) => " (as it is: whether every path keeps it was not judged)",
    };
    writeln!(
        out,
        "\nSmallest change: {}, order {}{all}",
        policies(&change.policies),
        order(&change.order)
    )?;
    match change.diff.as_deref() {
        Some("") => writeln!(out, "  none: the model has it already"),
        Some(diff) => {
            writeln!(out)?;
            for line in diff.lines() {
                writeln!(out, "  {line}")?;
            }
            Ok(())
        }
        None => Ok(()),
    }
}

fn offers(out: &mut String, report: &SuggestReport) -> Result {
    let mut last = None;
    for Offer { scenario, change } in &report.offers {
        if last != Some(scenario) {
            writeln!(out, "\nEach of these makes {scenario} clean:")?;
            last = Some(scenario);
        }
        match change {
            Change::More { pool, has, enough } => {
                writeln!(out, "  more of {pool}: {enough} instead of {has}")?;
            }
            Change::Gate { pool, units, tasks } => writeln!(
                out,
                "  a gate for {pool}: a semaphore of {}, which {} at the end",
                count(u64::from(*units), "unit"),
                match tasks.as_slice() {
                    [task] => format!("{task} takes before all else and gives back"),
                    tasks => format!("{} each take before all else and give back", list(tasks)),
                }
            )?,
            Change::AtOnce {
                task,
                pool,
                units,
                request,
            } => writeln!(
                out,
                "  all at once: {task} takes {units} units of {pool} in {}, instead of one after the other",
                place(request)
            )?,
            Change::Order { task, first, then } => writeln!(
                out,
                "  another order: {task} asks in {} before {}",
                place(first),
                place(then)
            )?,
        }
    }
    Ok(())
}

fn place(place: &Operation) -> String {
    let at = place
        .at
        .as_ref()
        .map_or(String::new(), |at| format!(", {at}"));
    if place.written == place.op {
        format!("{} ({}{at})", place.op, place.source)
    } else {
        format!("{} in {} ({}{at})", place.op, place.written, place.source)
    }
}

fn offending(out: &mut String, offender: &Offender) -> Result {
    if offender.certain {
        writeln!(out, "\nNo order saves {}:", offender.scenario)?;
    } else {
        writeln!(
            out,
            "\nNo order was found that saves {}; not everything was found out:",
            offender.scenario
        )?;
    }
    for Path {
        task,
        held,
        held_by,
        asked,
        asked_by,
    } in &offender.paths
    {
        writeln!(out, "  {task} asks for {asked} in {}", place(asked_by))?;
        writeln!(out, "    while it holds {held} from {}", place(held_by))?;
    }
    if offender.repairs.is_empty() {
        let known = match offender.all_repairs {
            true => "is",
            false => "is known to be",
        };
        return writeln!(
            out,
            "  No single kmap moved to another series, made atomic or nowait {known} enough."
        );
    }
    writeln!(out, "  One of these is enough:")?;
    for Repair {
        task,
        kmap,
        instead,
        series,
        policies: list,
    } in &offender.repairs
    {
        let how = match (instead, series) {
            (Instead::Atomic, _) => "kmap_atomic".to_owned(),
            (Instead::Nowait, _) => "try_kmap, else kmap_atomic".to_owned(),
            (Instead::Moved, None) => "kmap in another series".to_owned(),
            (Instead::Moved, Some(series)) => format!("kmap in {series}"),
        };
        writeln!(
            out,
            "    {how} for {} of {task}, with {}",
            place(kmap),
            policies(list)
        )?;
    }
    Ok(())
}
