//! Random walks: how likely is a deadlock, and how soon does it come?
//!
//! A search says whether a deadlock can be reached. This says how often a scheduler that knows
//! nothing reaches it: in every state one of the tasks that can move is chosen, each as likely as the
//! others, and then one of the ways in which it can go on, likewise. The share of runs that deadlock
//! is an estimate of a probability *under that scheduler*, with the interval of Wilson (*Probable
//! inference, the law of succession, and statistical inference*, 1927); it says nothing about
//! schedulers with preferences, and a run without a deadlock proves nothing.
//!
//! | module | what |
//! |---|---|
//! | [`mod@walk`] | one run, and the step with which its deadlock closes |
//! | [`statistics`] | shares, means, histograms |
//! | [`text`], [`picture`] | what people see |
//!
//! Run *i* draws from stream *i* of a ChaCha8 generator with the given seed, and sums are sums of
//! whole numbers: the same seed gives the same bytes, whatever the number of threads, and any run can
//! be walked again by its number.

pub mod picture;
pub mod statistics;
pub mod text;
pub mod walk;

use std::time::Duration;

use kmapcheck_engine::{Coverage, Finding as Found, Outcome, Verdict};
use kmapcheck_limits::{Limits, Watch, ask, entered};
use kmapcheck_machine::{Abilities, Start, Starts};
use kmapcheck_report::{Finding, Report, Stopped, close};
use kmapcheck_scenario::{FindingKind, Program};
use rayon::prelude::*;
use serde::Serialize;

use self::statistics::{Bucket, Share, Steps};
use self::walk::{End, Walk, walk};

/// Runs that count together: all of them, or none.
const BATCH: u64 = 256;
/// Initial states that are told apart; a scenario with more is refused.
const MOST_STARTS: usize = 100_000;

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// So many runs.
    pub runs: u64,
    /// Where the random numbers come from.
    pub seed: u64,
    /// A run is cut short after so many steps.
    pub steps: u64,
    /// So many threads.
    pub threads: usize,
}

/// What the runs came to.
#[derive(Debug, Clone, Serialize)]
pub struct Simulation {
    /// The scenario.
    pub scenario: String,
    /// Its file.
    pub file: String,
    /// The model.
    pub model: String,
    /// The seed.
    pub seed: u64,
    /// How many runs there were.
    pub runs: u64,
    /// Whether there were to be more, had nothing ended them early.
    pub interrupted: bool,
    /// What ended them early, in words; left out if nothing did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// The most steps of a run.
    pub step_limit: u64,
    /// Runs in which some tasks were stuck on one another.
    pub deadlocks: u64,
    /// Runs at the end of which all tasks had ended.
    pub ended: u64,
    /// Runs cut short at the limit of steps, with no tasks stuck so far.
    pub cut: u64,
    /// Deadlocks per million runs.
    pub per_million: Share,
    /// Steps until the deadlock closed; left out if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Steps>,
    /// How many runs needed how many steps.
    pub histogram: Vec<Bucket>,
    /// The first of the runs that needed the fewest steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
}

/// What so many deadlocks come to: without one it is inconclusive, for random runs prove nothing.
#[must_use]
pub fn verdict(deadlocks: u64) -> Verdict {
    match deadlocks {
        0 => Verdict::Inconclusive,
        _ => Verdict::Violated,
    }
}

impl Simulation {
    /// What the runs come to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        verdict(self.deadlocks)
    }
}

/// A run that is shown.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// Its number, from 0: `--run` walks it again.
    pub run: u64,
    /// What it came to.
    pub finding: Finding,
}

/// Why there was no simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The scenario leaves open what a run needs, in words.
    Refused(String),
    /// Something is wrong with this program.
    Fault(String),
}

/// Runs the program so many times. `progress` is called with the number of runs done now and then.
///
/// # Errors
///
/// If the program leaves numbers open, or a walk does not replay.
pub fn simulate(
    program: &Program,
    options: &Options,
    limits: &Limits,
    progress: &mut dyn FnMut(u64),
) -> Result<Simulation, Failure> {
    let watch = Watch::start(limits);
    let world = World::new(program)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .build()
        .map_err(|error| Failure::Fault(error.to_string()))?;
    let (mut ended, mut cut, mut done) = (0, 0, 0);
    let mut needed: Vec<u64> = Vec::new();
    let mut shortest: Option<(u64, u64)> = None;
    while done < options.runs {
        let batch = done..options.runs.min(done + BATCH);
        let end = batch.end;
        let walked = watch.run(|| {
            let watch = Watch::current();
            pool.install(|| -> Vec<(u64, End)> {
                (batch.into_par_iter())
                    .map(|run| {
                        let _watched = entered(watch.as_ref());
                        ask();
                        (run, world.walk(options, run).end)
                    })
                    .collect()
            })
        });
        // Of a batch that is cut short nothing counts: which runs were done is left to chance.
        let Ok(ends) = walked else { break };
        done = end;
        for (run, end) in ends {
            match end {
                End::Ended => ended += 1,
                End::Cut => cut += 1,
                End::Deadlock { steps } => {
                    needed.push(steps);
                    if shortest.is_none_or(|(fewest, _)| steps < fewest) {
                        shortest = Some((steps, run));
                    }
                }
            }
        }
        progress(done);
    }
    // What was found is told, whatever the limits.
    let _apart = entered(None);
    needed.sort_unstable();
    let deadlocks = needed.len() as u64;
    let shown = match shortest {
        Some((_, run)) => show(&world, options, run)?,
        None => None,
    };
    Ok(Simulation {
        scenario: program.name.clone(),
        file: program.files.first().cloned().unwrap_or_default(),
        model: program.model.clone(),
        seed: options.seed,
        runs: done,
        interrupted: done < options.runs,
        stopped: (watch.reached().filter(|_| done < options.runs))
            .map(|reached| Stopped::of(reached, "walking").text),
        step_limit: options.steps,
        deadlocks,
        ended,
        cut,
        per_million: Share::of(deadlocks, done),
        steps: Steps::of(&needed),
        histogram: statistics::histogram(&needed),
        shown,
    })
}

/// Walks one run again; `None`: it does not deadlock.
///
/// # Errors
///
/// As [`simulate`].
pub fn one(program: &Program, options: &Options, run: u64) -> Result<Option<Shown>, Failure> {
    show(&World::new(program)?, options, run)
}

/// A program that can be walked.
struct World<'a> {
    program: &'a Program,
    abilities: Abilities,
    starts: Vec<Start>,
}

impl<'a> World<'a> {
    fn new(program: &'a Program) -> Result<World<'a>, Failure> {
        let refused = |said: String| Err(Failure::Refused(said));
        if let Some(open) = program.first_open() {
            let what = open.what();
            let remedy = close(open);
            return refused(format!("a run needs all numbers, and not {what}; {remedy}"));
        }
        let starts: Vec<Start> = Starts::of(program).take(MOST_STARTS + 1).collect();
        if starts.len() > MOST_STARTS {
            return refused(format!(
                "it can start in more than {MOST_STARTS} states; say which mappings are stale instead of `\"stale_in\": \"any\"`"
            ));
        }
        Ok(World {
            program,
            abilities: Abilities::of(program),
            starts,
        })
    }

    fn walk(&self, options: &Options, run: u64) -> Walk {
        walk(
            self.program,
            &self.abilities,
            &self.starts,
            (options.seed, run),
            options.steps,
        )
    }
}

/// The deadlock of a run, replayed and in words.
fn show(world: &World<'_>, options: &Options, run: u64) -> Result<Option<Shown>, Failure> {
    let walked = world.walk(options, run);
    if !matches!(walked.end, End::Deadlock { .. }) {
        return Ok(None);
    }
    let outcome = Outcome {
        engine: "simulate",
        findings: vec![Found {
            kind: FindingKind::Deadlock,
            trace: walked.trace,
            can_sleep: None,
            starved: None,
        }],
        stopped: None,
        coverage: Coverage::default(),
    };
    let report = Report::build(world.program, &outcome, Duration::ZERO, &|_, _| None)
        .map_err(|fault| Failure::Fault(fault.to_string()))?;
    let finding = report.findings.into_iter().next();
    Ok(finding.map(|finding| Shown { run, finding }))
}
