//! Random small models: where the rule is said to be sufficient, random programs that keep it do not
//! deadlock; where not, the plain engine deadlocks too.

#[path = "common/evaluate.rs"]
mod evaluate;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use evaluate::wrong;
use kmapcheck_limits::Limits;
use kmapcheck_prove::rule::equations::{Slots, cases};
use kmapcheck_prove::rule::scenario::Place;
use kmapcheck_prove::rule::{Decision, Discipline, Options, decide, verify_rule};
use kmapcheck_scenario::{FindingKind, Level, Overrides, Program, load_model_program, load_str};
use kmapcheck_search::{Engine, run};
use kmapcheck_testing::for_each_state_of_runs;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

#[derive(Debug, Clone)]
struct Model {
    series: Vec<(&'static str, u32)>,
    order: Vec<String>,
    pins: Option<u32>,
}

const SERIES: [&str; 3] = ["A", "B", "C"];

fn model() -> impl Strategy<Value = Model> {
    let series = || {
        (
            select(vec!["any", "own", "none"]),
            select(vec![0u32, 0, 1, 2]),
        )
    };
    (
        prop::collection::vec(series(), 2..=3),
        select(vec![None, None, Some(1), Some(2)]),
    )
        .prop_flat_map(|(series, pins)| {
            let mut names: Vec<String> = SERIES[..series.len()]
                .iter()
                .map(|&s| s.to_owned())
                .collect();
            names.extend(["sem".to_owned(), "spin".to_owned()]);
            // Mostly all of the series have a place, in any order.
            let least = series.len().saturating_sub(1);
            let order = subsequence(names.clone(), least..=names.len()).prop_shuffle();
            (Just(series), order, Just(pins))
        })
        .prop_map(|(series, order, pins)| Model {
            series,
            order,
            pins,
        })
}

impl Model {
    fn json(&self, slots: u32) -> Value {
        let series: serde_json::Map<String, Value> = (self.series.iter().zip(SERIES))
            .map(|(&(reuse, for_holders), name)| {
                let slots = slots.max(for_holders + 1);
                (
                    name.to_owned(),
                    json!({ "slots": slots, "reuse": reuse, "for_holders": for_holders }),
                )
            })
            .collect();
        json!({ "name": "m", "series": series, "order": self.order,
                "locks": { "sem": "semaphore", "spin": "spin" } })
    }
}

/// What a task takes, one inside the other: a page in a series, perhaps without waiting, or a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Take {
    Map {
        page: usize,
        series: usize,
        tries: bool,
    },
    Lock(&'static str),
}

/// Nests of things taken, one nest after the other, with a page freed and allocated in between.
type Body = Vec<(Vec<Take>, bool)>;

fn body() -> impl Strategy<Value = Body> {
    let map = (
        0..4usize,
        0..3usize,
        select(vec![false, false, false, true]),
    )
        .prop_map(|(page, series, tries)| Take::Map {
            page,
            series,
            tries,
        });
    let take = prop_oneof![6 => map, 1 => select(vec!["sem", "spin"]).prop_map(Take::Lock)];
    prop::collection::vec((prop::collection::vec(take, 1..=3), any::<bool>()), 1..=2)
}

const PAGES: [&str; 4] = ["own", "left", "shared", "new"];

/// The program of a body in a model, such that a task asks in order: each nest is sorted.
fn program(model: &Model, body: &Body) -> Vec<Value> {
    let place = |name: &str| model.order.iter().position(|known| known == name);
    let mut steps = vec![json!({ "alloc_page": "new" })];
    for (nest, renews) in body {
        let mut nest: Vec<Take> = (nest.iter())
            .map(|&take| match take {
                Take::Map {
                    page,
                    series,
                    tries,
                } => Take::Map {
                    page,
                    series: series % model.series.len(),
                    tries,
                },
                lock => lock,
            })
            .filter(|&take| !matches!(take, Take::Lock(lock) if place(lock).is_none()))
            .collect();
        nest.sort_by_key(|take| match *take {
            Take::Map { series, .. } => (place(SERIES[series]), 0),
            Take::Lock(lock) => (place(lock), 1),
        });
        nest.dedup_by(|a, b| matches!((a, b), (Take::Lock(a), Take::Lock(b)) if a == b));
        let mut inner: Vec<Value> = Vec::new();
        for take in nest.into_iter().rev() {
            inner = match take {
                Take::Map {
                    page,
                    series,
                    tries,
                } => {
                    let (page, series) = (PAGES[page], SERIES[series]);
                    if tries {
                        inner.push(json!({ "kunmap": page }));
                        vec![
                            json!({ "try_kmap": page, "series": series, "flush": true, "then": inner }),
                        ]
                    } else {
                        let kmap = json!({ "kmap": page, "series": series });
                        [vec![kmap], inner, vec![json!({ "kunmap": page })]].concat()
                    }
                }
                Take::Lock("spin") => [
                    vec![json!({ "spin_lock": "spin" })],
                    inner,
                    vec![json!({ "spin_unlock": "spin" })],
                ]
                .concat(),
                Take::Lock(lock) => [
                    vec![json!({ "down": lock })],
                    inner,
                    vec![json!({ "up": lock })],
                ]
                .concat(),
            };
        }
        steps.extend(inner);
        if *renews {
            steps.extend([
                json!({ "free_page": "new" }),
                json!({ "alloc_page": "new" }),
            ]);
        }
    }
    steps
}

/// Whether no nest asks for more slots of a series than a task may have at once.
fn keeps_pins(model: &Model, body: &Body) -> bool {
    let few = |pins: u32| {
        body.iter().all(|(nest, _)| {
            (0..model.series.len()).all(|wanted| {
                let of = |take: &&Take| {
                    matches!(take, Take::Map { series, .. } if series % model.series.len() == wanted)
                };
                nest.iter().filter(of).count() <= pins as usize
            })
        })
    };
    model.pins.is_none_or(few)
}

/// Holds the inequalities of a rule, sufficient or not, against states of a program that keeps it.
fn hold_against_states(rule: &Program, pins: Option<u32>, program: &Program) {
    let discipline = Discipline::of(rule, pins);
    let cases = cases(&discipline, &discipline.pairs(), Slots::Any).unwrap_or_default();
    for_each_state_of_runs(program, 6, 30, |state| {
        for case in cases.iter().take(100) {
            if let Some(wrong) = wrong(&discipline, case, program, state) {
                let inequality = &case.problem.constraints[wrong];
                panic!("{inequality:?} over {:?}\n{state:?}", case.unknowns);
            }
        }
    });
}

/// Whether the program keeps the rule, and if so whether it deadlocks; `None`: it does not, or it
/// is too large.
fn deadlocks(
    rule: &Program,
    model: &Model,
    bodies: &[(Body, u32)],
    slots: u32,
    stale: usize,
) -> Option<bool> {
    if !bodies.iter().all(|(body, _)| keeps_pins(model, body)) {
        return None;
    }
    let lies = stale % model.series.len();
    let left = if model.series[lies].0 == "none" {
        json!("left")
    } else {
        json!({ "name": "left", "stale_in": "any" })
    };
    let tasks: Vec<Value> = (bodies.iter().enumerate())
        .map(|(i, (body, count))| {
            json!({ "name": format!("t{i}"), "count": count, "pages": ["own", left],
                    "program": program(model, body) })
        })
        .collect();
    let scenario = json!({ "name": "x", "model": model.json(slots),
                           "pages": ["shared"], "tasks": tasks });
    let program = load_str("x.json", &scenario.to_string(), &Overrides::default())
        .unwrap_or_else(|errors| panic!("{errors}\n{scenario}"));
    let limits = Limits {
        max_states: Some(20_000),
        ..Limits::default()
    };
    let outcome = run(Engine::Search, &program, &limits, &mut |_| {})
        .unwrap_or_else(|refusal| panic!("{refusal}"));
    let kept = (outcome.findings.iter())
        .all(|f| f.kind == FindingKind::Deadlock || f.kind.level() == Level::Warning);
    if kept && outcome.stopped.is_none() {
        hold_against_states(rule, model.pins, &program);
    }
    (kept && outcome.stopped.is_none()).then(|| outcome.finding(FindingKind::Deadlock).is_some())
}

#[test]
fn random_models() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("random");
    std::fs::create_dir_all(&folder).expect("a folder");
    let tally: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());
    let count = |what: String| {
        *tally
            .lock()
            .expect("nobody panicked")
            .entry(what)
            .or_insert(0) += 1
    };
    let programs = prop::collection::vec(
        (
            prop::collection::vec((body(), 1..=2u32), 2..=2),
            1..=3u32,
            0..3usize,
        ),
        6,
    );
    let mut runner = TestRunner::new(kmapcheck_testing::config(150));
    runner
        .run(&(model(), programs), |(model, programs)| {
            let file = folder.join("m.json");
            std::fs::write(&file, model.json(8).to_string()).expect("a file");
            let program = load_model_program(&file).unwrap_or_else(|errors| panic!("{errors}"));
            let place = Place {
                file: folder.join("x.json").display().to_string(),
                model: "m.json".to_owned(),
            };
            match decide(
                &program,
                &Options {
                    pins: model.pins,
                    place,
                },
            ) {
                Decision::Sufficient(certificate) => {
                    verify_rule(&certificate, &program).unwrap_or_else(|said| panic!("{said}"));
                    count("sufficient".into());
                    for (mut bodies, slots, stale) in programs {
                        // At most three tasks.
                        if bodies[0].1 == 2 {
                            bodies[1].1 = 1;
                        }
                        let answer = deadlocks(&program, &model, &bodies, slots, stale);
                        count(format!("program {answer:?}"));
                        prop_assert!(answer != Some(true), "{model:?} {bodies:?} {slots}");
                    }
                }
                Decision::NotSufficient(refuted) => {
                    count("not sufficient".into());
                    for (bodies, slots, stale) in programs.into_iter().take(2) {
                        let answer = deadlocks(&program, &model, &bodies, slots, stale);
                        count(format!("program of another {answer:?}"));
                    }
                    let outcome = run(
                        Engine::Reference,
                        &refuted.program,
                        &Limits::default(),
                        &mut |_| {},
                    )
                    .unwrap_or_else(|refusal| panic!("{refusal}"));
                    let found: Vec<FindingKind> = outcome.kinds().iter().collect();
                    prop_assert!(
                        found.contains(&FindingKind::Deadlock),
                        "{}",
                        refuted.scenario
                    );
                    prop_assert_eq!(Some(found), refuted.program.expect.clone());
                    prop_assert!(refuted.tasks >= 2);
                }
                Decision::Undecided(undecided) => count(format!("undecided: {}", undecided.why)),
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let tally = tally.into_inner().expect("nobody panicked");
    println!("{tally:?}");
    let of = |what: &str| tally.get(what).copied().unwrap_or(0);
    assert!(
        of("sufficient") > 15 && of("not sufficient") > 15,
        "{tally:?}"
    );
    assert!(of("program Some(false)") > 40, "{tally:?}");
}
