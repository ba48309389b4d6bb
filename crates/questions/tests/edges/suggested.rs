//! `suggest`: what is offered is free of what it is to help against, by the plain search and decided
//! once more; what is said not to help does not.

use kmapcheck_machine::Findings;
use kmapcheck_prove::decide;
use kmapcheck_prove::settle::stuck;
use kmapcheck_questions::suggest::repair::Repair;
use kmapcheck_questions::suggest::replace::{Change, Instead, replaced, sites};
use kmapcheck_questions::suggest::variant::{Policy, with_policies};
use kmapcheck_questions::suggest::{SuggestReport, suggest};
use kmapcheck_scenario::{FindingKind, Level, Program, Reuse, SeriesId};
use kmapcheck_testing::edge::Numbers;
use kmapcheck_testing::edge::aim::aimed;
use kmapcheck_testing::judge::{found, states};
use kmapcheck_testing::load;
use kmapcheck_testing::sizes::{numbers, small};

/// Larger searches are cut short.
const MAX_STATES: u64 = 1_000;
/// Tasks for `"any"`.
const MOST_TASKS: u32 = 3;

fn series_of(program: &Program, name: &str) -> Result<SeriesId, String> {
    let position = program.series.iter().position(|series| series.name == name);
    position.ok_or(format!("there is no series {name}"))
}

/// The program under those policies, with that order.
fn variant(program: &Program, policies: &[Policy], order: &[String]) -> Result<Program, String> {
    let mut series = Vec::new();
    for policy in policies {
        series.push(series_of(program, &policy.series)?);
    }
    let reuse: Vec<Reuse> = (policies.iter())
        .map(|policy| match policy.reuse {
            "any" => Reuse::Any,
            "own" => Reuse::Own,
            _ => Reuse::None,
        })
        .collect();
    let mut variant = with_policies(program, &series, &reuse);
    for (rank, name) in order.iter().enumerate() {
        let id = series_of(program, name)?;
        variant.series[id].rank = Some(rank);
    }
    Ok(variant)
}

/// The errors of a program that were no errors of the one that it comes of, by the plain search at
/// small numbers and by the proofs.
fn new_errors(variant: &Program, known: Findings) -> Result<(), String> {
    let bad = |kind: &FindingKind| {
        let always = *kind == FindingKind::OrderViolation || stuck().contains(*kind);
        kind.level() == Level::Error && (always || !known.contains(*kind))
    };
    for sized in small(variant, MOST_TASKS) {
        if let Some(kind) = found(&sized, MAX_STATES).0.iter().find(bad) {
            return Err(format!("{kind} with {}", numbers(&sized)));
        }
    }
    let decision =
        decide(variant, &states(MAX_STATES), &mut |_| {}).map_err(|refusal| refusal.to_string())?;
    let again = decision.outcome.kinds();
    again
        .iter()
        .find(bad)
        .map_or(Ok(()), |kind| Err(format!("{kind}, decided once more")))
}

fn check(program: &Program) -> Result<&'static str, String> {
    let programs = [program.clone()];
    let Ok(report) = suggest(&programs, &states(MAX_STATES), &mut |_| {}) else {
        return Ok("too many series");
    };
    // What is known of the scenario as it is; the judge may know less, and then forgives less.
    let plain = variant(program, &[], &[])?;
    let sizes = small(&plain, MOST_TASKS);
    let known = (sizes.iter()).fold(Findings::NONE, |known, sized| {
        known.union(found(sized, 20 * MAX_STATES).0)
    });
    for works in &report.works {
        for order in works.orders.iter().chain([&Vec::new()]) {
            let variant = variant(program, &works.policies, order)?;
            new_errors(&variant, known)
                .map_err(|why| format!("{:?} {order:?} is said to work: {why}", works.policies))?;
        }
    }
    fails(program, &report)?;
    for repair in report
        .offenders
        .iter()
        .flat_map(|offender| &offender.repairs)
    {
        let variant = variant(&repaired(program, repair)?, &repair.policies, &[])?;
        new_errors(&variant, known)
            .map_err(|why| format!("{repair:?} is said to be enough: {why}"))?;
    }
    smallest(&report)?;
    Ok(
        match (report.works.is_empty(), report.offenders.is_empty()) {
            (false, true) if !report.not_judged.is_empty() => "works, orders not judged",
            (false, true) => "solved",
            (false, false) => "works, without an order",
            (true, _) if report.offenders.iter().any(|o| !o.repairs.is_empty()) => "repaired",
            (true, _) => "nothing helps",
        },
    )
}

/// What is said to be found under policies that are not enough is found.
fn fails(program: &Program, report: &SuggestReport) -> Result<(), String> {
    for fails in &report.fails {
        let variant = variant(program, &fails.policies, &[])?;
        if variant.first_open().is_some() {
            continue;
        }
        let (kinds, complete) = found(&variant, 20 * MAX_STATES);
        let there = |name: &&str| kinds.iter().any(|kind| kind.name() == *name);
        if complete && !fails.findings.iter().all(there) {
            return Err(format!("{fails:?}: {kinds:?}"));
        }
    }
    Ok(())
}

/// The smallest change is one that works, and of those that do with as many series in order, none
/// changes less.
fn smallest(report: &SuggestReport) -> Result<(), String> {
    let Some(smallest) = &report.smallest else {
        return match report.works.is_empty() {
            true => Ok(()),
            false => Err("something works, and nothing is the smallest change".to_owned()),
        };
    };
    let is_it = |works: &&kmapcheck_questions::suggest::Works| works.policies == smallest.policies;
    let works = report
        .works
        .iter()
        .find(is_it)
        .ok_or("the smallest change does not work")?;
    // It may be a part of one of those that are listed.
    let part = |order: &Vec<String>| {
        let mut rest = order.iter();
        smallest
            .order
            .iter()
            .all(|name| rest.any(|other| other == name))
    };
    if !report.not_judged.is_empty() {
        // Then nothing is said of orders.
        return match smallest.orders_all || !works.orders.is_empty() {
            true => Err("an order is kept that was not judged".to_owned()),
            false => Ok(()),
        };
    }
    if !works.orders.iter().any(part) {
        return Err(format!("the order {:?} does not work", smallest.order));
    }
    let all = |works: &kmapcheck_questions::suggest::Works| {
        works
            .orders
            .iter()
            .any(|order| order.len() == report.series.len())
    };
    let less = (report.works.iter())
        .find(|works| works.changes < smallest.changes && all(works) >= smallest.orders_all);
    less.map_or(Ok(()), |less| {
        Err(format!("{less:?} is less than {smallest:?}"))
    })
}

fn repaired(program: &Program, repair: &Repair) -> Result<Program, String> {
    let site = sites(program).into_iter().find(|site| {
        let origin = &program.origins[site.origin];
        origin.text() == repair.kmap.op
            && program.show_location(origin.location()) == repair.kmap.source
            && program.templates[site.template].name == repair.task
    });
    let site = site.ok_or("there is no such kmap")?;
    let change = match (repair.instead, &repair.series) {
        (Instead::Atomic, None) => Change::Atomic,
        (Instead::Nowait, None) => Change::Nowait,
        (Instead::Moved, Some(name)) => Change::Moved(series_of(program, name)?),
        _ => return Err("a series that no kmap is moved to".to_owned()),
    };
    Ok(replaced(program, site, change))
}

#[test]
fn what_is_suggested_helps() {
    let came = aimed(Numbers::Given, 20, |scenario| check(&load(scenario)));
    assert!(came.of("solved") > 2);
    aimed(Numbers::Open, 8, |scenario| check(&load(scenario)));
}
