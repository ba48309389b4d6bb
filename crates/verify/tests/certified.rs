//! Certificates: what is proved can be certified and is accepted, and nothing that is accepted
//! happens, whoever wrote the certificate.

use std::cell::RefCell;
use std::collections::BTreeMap;

use kmapcheck_limits::Limits;
use kmapcheck_linear::{Answer, solve};
use kmapcheck_local::Locals;
use kmapcheck_machine::{Findings, Wanted};
use kmapcheck_prove::certificate::{certificate, closed, counting};
use kmapcheck_prove::reasons::{Reason, Reasons};
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_search::{Engine, run};
use kmapcheck_testing::edge::Numbers;
use kmapcheck_testing::edge::aim::aimed;
use kmapcheck_testing::load;
use kmapcheck_testing::sizes::{numbers, small};
use kmapcheck_verify::{
    By, Certificate, FORMAT, NotThere, Set, System, flow_systems, keeps, kinds, problem,
    ranks_to_drain, ranks_to_rest, systems, verify, wanted,
};
use serde_json::json;

/// Pivots for each system of inequalities.
const BUDGET: u64 = 50_000;
/// Larger searches are cut short.
const MAX_STATES: u64 = 1_000;

/// What our own certificate excludes; nothing where there is nothing to certify.
fn ours(program: &Program) -> Result<Findings, String> {
    let reasons = Reasons::of(program);
    let by_arguments = reasons
        .excluded
        .iter()
        .any(|excluded| !matches!(excluded.reason, Reason::EveryNumber { .. }));
    let certifiable = reasons.locals.is_ok() && by_arguments;
    match certificate(program, &reasons, "s.json", None) {
        Ok(certificate) => match verify(&certificate, program) {
            Ok(()) => Ok(claimed(&certificate)),
            Err(why) => Err(format!("our own certificate is refused: {why}")),
        },
        Err(why) if certifiable && !why.contains("in circles") => {
            Err(format!("what is proved cannot be certified: {why}"))
        }
        Err(_) => Ok(Findings::NONE),
    }
}

fn claimed(certificate: &Certificate) -> Findings {
    let names = certificate
        .excluded
        .iter()
        .flat_map(|excluded| &excluded.kinds);
    names
        .filter_map(|name| {
            FindingKind::ALL
                .into_iter()
                .find(|kind| kind.name() == name)
        })
        .collect()
}

/// What the checker can be made to accept by somebody who claims all that he can: each kind of
/// finding by each argument, with an order and refutations made for the checker's own systems.
fn boldest(program: &Program) -> Findings {
    let Ok(locals) = Locals::of(program) else {
        return Findings::NONE;
    };
    let Ok(closed) = closed(program, &locals) else {
        panic!("the checker knows other local states");
    };
    let waiting = kinds(program, &closed).unwrap_or_else(|wrong| panic!("{wrong}"));
    let (mut counting, flow) = counting(program, &closed).unwrap_or_else(|wrong| panic!("{wrong}"));
    counting.sets = flow_systems(&flow, &closed).map_or_else(|_| Vec::new(), refuted);
    let mut certificate = Certificate {
        format: FORMAT.to_owned(),
        scenario: "s.json".to_owned(),
        model: None,
        excluded: Vec::new(),
        locals: closed.written(),
        order: Vec::new(),
        sets: Vec::new(),
        flow: None,
        ranks: Vec::new(),
        waiting: waiting.iter().map(|kind| kind.written(program)).collect(),
        digest: String::new(),
    };
    let not_there = |kind: &str, by| NotThere {
        kinds: vec![kind.to_owned()],
        by,
    };
    let mut accepted = Findings::NONE;
    for kind in FindingKind::ALL {
        for by in ARGUMENTS {
            let mut claims = vec![vec![not_there(kind.name(), by)]];
            if [By::Drains, By::Rests].contains(&by) {
                // Says something only beside one of these.
                claims = [By::Order, By::Equations, By::Flow]
                    .map(|first| vec![not_there("deadlock", first), not_there(kind.name(), by)])
                    .to_vec();
            }
            for claim in claims {
                let rests_on = |by| claim.iter().any(|claim| claim.by == by);
                certificate.order = match rests_on(By::Order) {
                    true => order(program, &waiting),
                    false => Vec::new(),
                };
                certificate.sets = match rests_on(By::Equations) {
                    true => systems(program, &closed, &waiting).map_or_else(Vec::new, refuted),
                    false => Vec::new(),
                };
                let mut counting = counting.clone();
                if !rests_on(By::Flow) {
                    counting.sets.clear();
                }
                let counts = rests_on(By::Flow) || rests_on(By::NeverRefused);
                certificate.flow = Some(counting).filter(|_| counts);
                certificate.ranks = match by {
                    By::Drains => ranks_to_drain(program, &closed),
                    By::Rests => ranks_to_rest(program, &closed),
                    _ => None,
                }
                .unwrap_or_default();
                certificate.excluded = claim;
                certificate.digest = certificate.digest_of();
                if verify(&certificate, program).is_ok() {
                    accepted = accepted.union(claimed(&certificate));
                }
            }
        }
    }
    accepted
}

const ARGUMENTS: [By; 8] = [
    By::Locals,
    By::Order,
    By::Equations,
    By::Flow,
    By::NeverRefused,
    By::NoLoops,
    By::Drains,
    By::Rests,
];

/// An order of what is waited for, as far as there is one.
fn order(program: &Program, waiting: &[kmapcheck_verify::Kind]) -> Vec<String> {
    let mut left: Vec<Wanted> = waiting.iter().map(|kind| kind.waits_for).collect();
    left.sort_by_cached_key(|&thing| wanted(program, thing));
    left.dedup();
    let mut order = Vec::new();
    while !left.is_empty() {
        let after = |thing: &Wanted, first: &Wanted| {
            waiting
                .iter()
                .any(|kind| kind.waits_for == *thing && keeps(kind, *first))
        };
        let next = left
            .iter()
            .position(|thing| !left.iter().any(|first| after(thing, first)));
        order.push(wanted(program, left.remove(next.unwrap_or(0))));
    }
    order
}

/// The checker's systems that have no solution, with the refutation of each.
fn refuted(systems: impl Iterator<Item = Result<System, String>>) -> Vec<Set> {
    systems
        .filter_map(|system| {
            let system = system.unwrap_or_else(|wrong| panic!("{wrong}"));
            let inequalities = system.inequalities();
            let problem = problem(system.variables, &inequalities);
            let Answer::Infeasible(refutation) = solve(&problem, BUDGET) else {
                return None;
            };
            Some(Set {
                awaited: system.awaited,
                case: system.case,
                unknowns: system.unknowns,
                at: system.at,
                inequalities,
                refutation,
            })
        })
        .collect()
}

fn certified_rightly(program: &Program) -> Result<&'static str, String> {
    let ours = ours(program)?;
    let accepted = ours.union(boldest(program));
    for sized in small(program, 5) {
        let limits = Limits {
            max_states: Some(MAX_STATES),
            ..Limits::default()
        };
        let found = run(Engine::Reference, &sized, &limits, &mut |_| {});
        let kinds = found.map_err(|refusal| refusal.to_string())?.kinds();
        let wrong = kinds.minus(kinds.minus(accepted));
        if let Some(kind) = wrong.iter().next() {
            let numbers = numbers(&sized);
            return Err(format!(
                "a certificate against {kind} is accepted: {numbers}"
            ));
        }
    }
    Ok(match ours.contains(FindingKind::Deadlock) {
        true => "no deadlock",
        false if ours.is_empty() => "nothing",
        false => "something",
    })
}

#[test]
fn what_is_certified_is_so() {
    let came = aimed(Numbers::Open, 100, |scenario| {
        certified_rightly(&load(scenario))
    });
    assert!(came.of("no deadlock") > 15);
    aimed(Numbers::Given, 30, |scenario| {
        certified_rightly(&load(scenario))
    });
}

/// Two units at once of a semaphore with as many units as a series has slots: then there are two
/// slots at least, and the argument needs that.
#[test]
fn units_of_slots_say_how_many_slots_there_are() {
    let program = load(&json!({
        "name": "units-of-slots",
        "model": { "name": "m", "series": { "A": { "slots": "any", "reuse": "any", "for_holders": 1 } } },
        "locks": { "R": { "semaphore": { "slots_of": "A" } } },
        "tasks": [{ "name": "t", "count": 2, "pages": ["p", "q"], "program": [
            { "kmap": "p", "series": "A" }, { "kmap": "q", "series": "A" },
            { "down": "R", "n": 2 }, { "up": "R", "n": 2 },
            { "kunmap": "q" }, { "kunmap": "p" } ] }] }));
    assert_eq!(certified_rightly(&program), Ok("no deadlock"));
}

/// What anybody may give, in loops, idly and with time-outs, on programs about little else.
#[test]
fn what_is_certified_of_gives_is_so() {
    let by = RefCell::new(BTreeMap::new());
    let came = kmapcheck_testing::tally(kmapcheck_testing::given_scenario(), 250, |program| {
        let ours = certificate(program, &Reasons::of(program), "s.json", None);
        for excluded in ours.iter().flat_map(|ours| &ours.excluded) {
            *by.borrow_mut()
                .entry(format!("{:?}", excluded.by))
                .or_insert(0) += 1;
        }
        certified_rightly(program).unwrap_or_else(|why| panic!("{why}"))
    });
    let by: BTreeMap<String, u32> = by.into_inner();
    println!("{by:?}");
    assert!(came["no deadlock"] > 30, "{came:?}");
    let often = |name: &str| by.get(name).is_some_and(|&n| n > 3);
    assert!(
        ["Flow", "NeverRefused", "Rests", "Order"]
            .into_iter()
            .all(often),
        "{by:?}"
    );
}
