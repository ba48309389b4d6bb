//! `order` and `conform`: in the states that really happen, whatever is waited for while something
//! is held goes forward in an order that is printed, and is printed if it goes in a circle; where
//! that is said to be harmless, nobody is stuck; and no operation breaks the rule unmentioned.

use std::collections::BTreeSet;

use kmapcheck_local::{Holding, LocalState};
use kmapcheck_machine::{Mode, Standing, Wait};
use kmapcheck_questions::conform::{Conformance, Verdict};
use kmapcheck_questions::order::{Cycle, Judged, Pair, Pairs};
use kmapcheck_report::resource;
use kmapcheck_scenario::{FindingKind, Program, Ref, ResourceKind, TemplateId};
use kmapcheck_testing::edge::Numbers;
use kmapcheck_testing::edge::aim::aimed;
use kmapcheck_testing::judge::found;
use kmapcheck_testing::sizes::{numbers, small};
use kmapcheck_testing::{for_each_state, load};

use super::common::breaks_the_order;

/// Larger searches are cut short.
const MAX_STATES: usize = 800;
/// Tasks for `"any"`.
const MOST_TASKS: u32 = 4;

/// Something held, as what it keeps from others, while something is waited for: in the words of
/// `order`.
type Edge = (String, String);

/// All of them in the states of a program, as `order` calls them that was asked about `open`: a pool of
/// as many units as there are slots is not called a lock because there is one slot here.
fn edges(program: &Program, open: &Program) -> BTreeSet<Edge> {
    let mut found = BTreeSet::new();
    for_each_state(program, MAX_STATES, |state| {
        for id in 0..state.tasks.len() {
            let Standing::Waits(waiting) = state.standing(program, id) else {
                continue;
            };
            let local = LocalState::of(program, &state.tasks[id], &state.shared);
            let template = local.task.template;
            let mut asked: Vec<String> = waiting
                .wait
                .map(|wait| waited(open, &local, wait))
                .into_iter()
                .collect();
            asked.extend(waiting.cpu.then(|| "CPU".to_owned()));
            for (holding, _) in local.holdings(program) {
                for kept in kept(open, template, holding) {
                    found.extend(asked.iter().map(|asked| (kept.clone(), asked.clone())));
                }
            }
        }
    });
    found
}

fn waited(program: &Program, local: &LocalState, wait: Wait) -> String {
    let own = "something of its own".to_owned();
    let template = local.task.template;
    let name = |what: Ref| resource(program, template, what);
    match wait {
        Wait::Slot { series, .. } => {
            let declared = &program.series[series];
            match local.task.pins_in(series) && declared.for_holders > 0 {
                true => format!("{} slot for a holder", declared.name),
                false => format!("{} slot", declared.name),
            }
        }
        Wait::Memory => "free page".to_owned(),
        Wait::PageLock(page) => match program.pages.get(page) {
            Some(page) => format!("lock of page {}", page.name),
            None => own,
        },
        // Nobody need hold one of these.
        Wait::AnyOf(_) => "one of several things".to_owned(),
        // Queues are forgotten, or there are no local states.
        Wait::Turn { pool, n, .. } => waited(program, local, Wait::Units(pool, n)),
        Wait::Spin(Ref::Own(_))
        | Wait::Read(Ref::Own(_))
        | Wait::Write(Ref::Own(_))
        | Wait::Units(Ref::Own(_), _)
        | Wait::Completion(Ref::Own(_)) => own,
        Wait::Spin(lock) | Wait::Completion(lock) => name(lock),
        Wait::Read(lock) => format!("{}, to read", name(lock)),
        Wait::Write(lock) => format!("{}, to write", name(lock)),
        Wait::Units(pool, _) => match program.resource(template, pool).kind {
            ResourceKind::Semaphore { owned: false, .. }
            | ResourceKind::Mempool { owned: false, .. } => format!("unit of {}", name(pool)),
            // Whatever number of units.
            _ => name(pool),
        },
    }
}

/// What others cannot have, or less of, because of something held.
fn kept(program: &Program, template: TemplateId, holding: Holding) -> Vec<String> {
    match holding {
        Holding::Slots(series) | Holding::JointSlots(series) => {
            let name = &program.series[series].name;
            vec![format!("{name} slot"), format!("{name} slot for a holder")]
        }
        Holding::Held(Ref::Own(_), _) | Holding::Queued(Ref::Own(_)) => Vec::new(),
        Holding::Held(what, mode) => {
            let name = resource(program, template, what);
            match mode {
                Mode::Spin | Mode::Units => vec![name],
                Mode::Read => vec![format!("{name}, to write")],
                Mode::Write => vec![format!("{name}, to read"), format!("{name}, to write")],
            }
        }
        Holding::Queued(lock) => vec![format!("{}, to read", resource(program, template, lock))],
        Holding::PageLock(page) => vec![format!("lock of page {}", program.pages[page].name)],
        Holding::Cpu => vec!["CPU".to_owned()],
    }
}

fn order_holds(pairs: &Pairs, edge: &Edge, order: &[String]) -> Result<(), String> {
    let place = |name: &String| order.iter().position(|known| known == name);
    let (held, asked) = edge;
    let Some(to) = place(asked) else {
        return Err(format!(
            "{asked} is waited for, and is not in the order {order:?}"
        ));
    };
    match place(held) {
        Some(from) if from >= to => Err(format!(
            "{held} is held while {asked} is waited for: {order:?}, {:?}",
            pairs.judged
        )),
        _ => Ok(()),
    }
}

/// The series, lock, pool or page that words are about: its name is one of them.
fn thing<'a>(program: &'a Program, words: &str) -> &'a str {
    let is_named = |name: &str| words.split([' ', ',']).any(|word| word == name);
    let names = (program.series.iter().map(|series| &series.name))
        .chain(program.resources.iter().map(|resource| &resource.name))
        .chain(program.pages.iter().map(|page| &page.name));
    names
        .map(String::as_str)
        .find(|name| is_named(name))
        .unwrap_or("CPU")
}

/// For each step of a circle that is printed, operations that make it are printed, too.
fn circle_is_there(program: &Program, pairs: &Pairs, cycle: &Cycle) -> Result<(), String> {
    if !cycle.one_circle {
        return Ok(());
    }
    let next = cycle.through.iter().skip(1).chain(cycle.through.first());
    for (held, asked) in cycle.through.iter().zip(next) {
        let is_it = |pair: &Pair| {
            let same = thing(program, &pair.held) == thing(program, held);
            same && pair.asked == *asked && !pair.sites.is_empty()
        };
        if !pairs.pairs.iter().any(is_it) {
            return Err(format!("no pair {held} -> {asked} for {:?}", cycle.through));
        }
    }
    Ok(())
}

fn check(program: &Program) -> Result<&'static str, String> {
    let conformance = Conformance::of(program);
    let pairs = Pairs::of(program);
    for cycle in &pairs.cycles {
        circle_is_there(program, &pairs, cycle)?;
    }
    let reported: BTreeSet<_> = (conformance.violations.iter())
        .map(|v| {
            (
                v.task.clone(),
                v.asked.by.operation.clone(),
                v.asked.by.location.clone(),
            )
        })
        .collect();
    for sized in small(program, MOST_TASKS) {
        let at = |why: String| format!("{why}, with {}", numbers(&sized));
        if conformance.verdict != Verdict::NotJudged {
            let (happens, _) = breaks_the_order(&sized, MAX_STATES);
            if let Some(missed) = happens.difference(&reported).next() {
                return Err(at(format!("not reported: {missed:?}")));
            }
        }
        if pairs.not_judged.is_none() || !pairs.pairs.is_empty() {
            for edge in edges(&sized, program) {
                if let Some(order) = &pairs.order {
                    order_holds(&pairs, &edge, order).map_err(at)?;
                }
                if !pairs.pairs.iter().any(|pair| pair.asked == edge.1) {
                    return Err(at(format!("no pair asks for {}", edge.1)));
                }
            }
        }
        if pairs.judged == Judged::Excluded {
            let (kinds, _) = found(&sized, MAX_STATES as u64);
            if kinds.contains(FindingKind::Deadlock) {
                return Err(at("nobody is said to be stuck, and somebody is".to_owned()));
            }
        }
    }
    Ok(match (pairs.judged, &pairs.order) {
        (Judged::NotJudged, _) => "not judged",
        (_, Some(_)) => "an order",
        (Judged::Excluded, None) => "a harmless circle",
        (Judged::Open, None) => "a circle",
    })
}

#[test]
fn orders_and_circles_are_there() {
    let came = aimed(Numbers::Open, 80, |scenario| check(&load(scenario)));
    assert!(came.of("an order") > 5 && came.of("a circle") > 3);
    aimed(Numbers::Given, 20, |scenario| check(&load(scenario)));
}
