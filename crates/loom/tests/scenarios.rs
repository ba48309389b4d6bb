//! Every scenario with at most three tasks, on loom and on the search: the same findings, of the
//! same class. Those that loom explores to the end are listed in docs/engines.md;
//! `KMAPCHECK_UPDATE=1` rewrites the list.

mod common;

use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Classes, differences, fitting, root, search};
use kmapcheck_engine::Verdict;
use kmapcheck_loom::{LoomLimits, run};
use kmapcheck_scenario::Program;

/// What is not explored to the end within so many interleavings is bounded instead.
const MOST: u64 = 3_000;
/// Enough for every finding of the scenarios, with so many interleavings at most.
const PREEMPTIONS: u8 = 2;
const MOST_BOUNDED: u64 = 3_000;

/// What loom makes of a scenario: how many interleavings, if these are all, and what is wrong.
fn judge(program: &Program) -> (Option<u64>, Vec<String>) {
    let known = search(program, None);
    let unbounded = LoomLimits {
        max_interleavings: Some(MOST),
        ..LoomLimits::default()
    };
    let loom = match run(program, &unbounded, &mut |_| {}) {
        Ok(loom) => loom,
        Err(error) => return (None, vec![error.to_string()]),
    };
    let mut wrong = differences(program, &known, &loom, Classes::Same);
    if loom.complete {
        return (Some(loom.interleavings), wrong);
    }
    let bounded = LoomLimits {
        max_interleavings: Some(MOST_BOUNDED),
        preemptions: Some(PREEMPTIONS),
        ..LoomLimits::default()
    };
    match run(program, &bounded, &mut |_| {}) {
        Ok(bounded) => {
            wrong.extend(differences(program, &known, &bounded, Classes::Same));
            let verdict = |outcome: &kmapcheck_engine::Outcome| match outcome.verdict() {
                Verdict::Violated => Verdict::Violated,
                // Cut short, loom vouches for nothing.
                Verdict::Clean | Verdict::Inconclusive => Verdict::Clean,
            };
            let seen = [&loom.outcome, &bounded.outcome];
            if !seen
                .iter()
                .any(|outcome| verdict(outcome) == verdict(&known))
            {
                wrong.push("another verdict than the search's".to_owned());
            }
        }
        Err(error) => wrong.push(error.to_string()),
    }
    (None, wrong)
}

#[test]
fn every_scenario_of_at_most_three_tasks() {
    let programs = fitting(3);
    assert!(programs.len() > 250, "only {} scenarios", programs.len());
    let next = AtomicUsize::new(0);
    let judged = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((path, program)) = programs.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let (count, wrong) = judge(program);
                    judged
                        .lock()
                        .expect("no judge panics")
                        .push((path, count, wrong));
                }
            });
        }
    });
    let mut judged = judged.into_inner().expect("no judge panics");
    judged.sort();
    let wrong: Vec<_> = judged
        .iter()
        .filter(|(_, _, wrong)| !wrong.is_empty())
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let mut table = String::from("| scenario | interleavings |\n|---|---|\n");
    for (path, count, _) in &judged {
        if let Some(count) = count {
            let _ = writeln!(table, "| `{path}` | {count} |");
        }
    }
    same_as_documented(&table);
}

/// Compares the list in the book with this one, or rewrites it.
fn same_as_documented(table: &str) {
    const BEGIN: &str = "<!-- complete: begin -->\n";
    const END: &str = "<!-- complete: end -->";
    let page = root().join("docs/engines.md");
    let text = std::fs::read_to_string(&page).expect("docs/engines.md can be read");
    let (before, rest) = text.split_once(BEGIN).expect("the list begins");
    let (stale, after) = rest.split_once(END).expect("the list ends");
    if std::env::var_os("KMAPCHECK_UPDATE").is_some() {
        std::fs::write(&page, format!("{before}{BEGIN}{table}{END}{after}"))
            .expect("the page can be written");
    } else {
        assert!(
            stale == table,
            "docs/engines.md is stale; `just update` rewrites it:\n{table}"
        );
    }
}
