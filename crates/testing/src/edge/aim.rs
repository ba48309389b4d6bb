//! A property on scenarios, each aimed at two constructs that have met least often.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestError, TestRunner};
use serde_json::Value;

use super::met::Met;
use super::{Numbers, edge_scenario};
use crate::campaign;

/// Disagreements of one run that are looked for; each is shrunk.
const MOST_FAILURES: usize = 5;

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Came {
    /// How often each answer came.
    pub answers: BTreeMap<&'static str, u32>,
    /// Which constructs met.
    pub met: Met,
}

impl Came {
    /// How often an answer came.
    #[must_use]
    pub fn of(&self, answer: &str) -> u32 {
        // What is not in the map never came.
        self.answers.get(answer).copied().unwrap_or(0)
    }
}

/// Judges `cases` scenarios (unless it is a [campaign]); an answer, or what is wrong.
///
/// # Panics
///
/// If anything is wrong: with the smallest scenarios found that show it.
pub fn aimed(
    numbers: Numbers,
    cases: u32,
    judge: impl Fn(&Value) -> Result<&'static str, String>,
) -> Came {
    let (cases, seed) = match campaign() {
        None => (cases, 2002),
        Some(cases) => (cases, seed()),
    };
    if campaign().is_some() {
        // At once: a campaign that is killed can be repeated.
        println!("{cases} scenarios from seed {seed}");
    }
    let answers = RefCell::new(BTreeMap::new());
    let mut met = Met::none(&numbers.constructs());
    let mut failures = Vec::new();
    for case in 0..cases {
        let Some(pair) = met.rarest(case as usize) else {
            break;
        };
        let config = ProptestConfig {
            cases: 1,
            rng_seed: RngSeed::Fixed(seed.wrapping_add(case.into())),
            ..crate::config(1)
        };
        let first = RefCell::new(None);
        let came = TestRunner::new(config).run(&edge_scenario(numbers, pair), |scenario: Value| {
            first.borrow_mut().get_or_insert_with(|| scenario.clone());
            let answer = judge(&scenario).map_err(TestCaseError::fail)?;
            *answers.borrow_mut().entry(answer).or_insert(0) += 1;
            Ok(())
        });
        first
            .into_inner()
            .iter()
            .for_each(|scenario| met.note(scenario));
        match came {
            Ok(()) => {}
            Err(TestError::Fail(why, scenario)) => {
                let failure = format!("seed {seed}, case {case}: {why}\n{scenario}");
                println!("{failure}");
                failures.push(failure);
                if failures.len() == MOST_FAILURES {
                    break;
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
    let answers = answers.into_inner();
    println!("{cases} scenarios from seed {seed}: {answers:?}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Came { answers, met }
}

/// `KMAPCHECK_SEED`, to run a campaign again, or a fresh seed.
fn seed() -> u64 {
    let given = std::env::var("KMAPCHECK_SEED").ok();
    given
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| RandomState::new().hash_one(0) >> 16)
}
