//! Each engine, from a program to a report.

use std::fmt;
use std::time::{Duration, Instant};

use kmapcheck_loom::{Error, LoomLimits, LoomOutcome, LoomProgress};
use kmapcheck_prove::{Decision, words};
use kmapcheck_report::words::{bytes, number};
use kmapcheck_report::{NotThere, Proof, Report, refused};
use kmapcheck_scenario::Program;
use kmapcheck_search::Options;

use crate::ask::{Ask, Engine};
use crate::conclude;
use crate::failure::Failure;
use crate::run::{EXPLORING, Run};

/// How far an engine has come; told a few times a second.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// One that counts states.
    States(&'a kmapcheck_engine::Progress),
    /// loom.
    Interleavings(&'a LoomProgress),
}

impl fmt::Display for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = |done: u64, elapsed: Duration| {
            // Shown only; nothing runs so long that this is cut off.
            let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
            (number(done.saturating_mul(1000) / millis.max(1)), millis)
        };
        match self {
            Progress::States(progress) => {
                let (rate, millis) = rate(progress.states, progress.elapsed);
                write!(
                    f,
                    "{} states, {rate}/s, frontier {}, depth {}, {}, {} s",
                    number(progress.states),
                    number(progress.frontier),
                    number(progress.depth),
                    bytes(progress.memory >> 20 << 20),
                    // Shown only.
                    millis.saturating_add(500) / 1000
                )
            }
            Progress::Interleavings(progress) => {
                let (rate, millis) = rate(progress.interleavings, progress.elapsed);
                let done = number(progress.interleavings);
                write!(f, "{done} interleavings, {rate}/s, {} s", millis / 1000)
            }
        }
    }
}

/// The report of the engine that is asked for, which fits the rest, and what was decided if that is the one of proofs.
pub(crate) fn run(
    program: &Program,
    ask: &Ask,
    run: &Run,
    watcher: &mut dyn FnMut(Progress<'_>),
) -> Result<(Report, Option<Decision>), Failure> {
    match ask.engine_for(Some(program)) {
        Engine::Loom => Ok((interleavings(program, ask, run, watcher)?, None)),
        Engine::Proof => {
            let (report, decision) = prove(program, ask, run, watcher)?;
            Ok((report, Some(decision)))
        }
        engine @ (Engine::Search | Engine::Reference) => {
            Ok((states(program, engine, ask, run, watcher)?, None))
        }
    }
}

fn states(
    program: &Program,
    engine: Engine,
    ask: &Ask,
    run: &Run,
    watcher: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, Failure> {
    let start = Instant::now();
    let limits = &ask.limits;
    let mut explore = || {
        let progress = &mut |progress: &kmapcheck_engine::Progress| {
            watcher(Progress::States(progress));
        };
        let search = &ask.search;
        match (engine, search.reductions) {
            (Engine::Search, Some(reductions)) => {
                let options = Options {
                    reductions,
                    check: search.check_reductions,
                    storage: search.storage(),
                    checkpoint: search.checkpoint.clone(),
                };
                kmapcheck_search::search(program, &options, limits, progress)
            }
            (Engine::Search, None) => {
                let threads = search.threads;
                let plain = kmapcheck_search::Engine::Apart { threads };
                kmapcheck_search::run(plain, program, limits, progress)
            }
            _ => {
                let reference = kmapcheck_search::Engine::Reference;
                kmapcheck_search::run(reference, program, limits, progress)
            }
        }
    };
    let outcome = run.phase(EXPLORING, || {
        explore().map_err(|refusal| Failure::Refused(refused(&refusal)))
    })?;
    conclude::report(program, &outcome, start.elapsed(), run)
}

/// Decides a program by arguments first, for every number that it leaves open.
fn prove(
    program: &Program,
    ask: &Ask,
    run: &Run,
    watcher: &mut dyn FnMut(Progress<'_>),
) -> Result<(Report, Decision), Failure> {
    let start = Instant::now();
    let mut decide = || {
        kmapcheck_prove::decide(program, &ask.limits, &mut |progress| {
            watcher(Progress::States(progress));
        })
    };
    let decision = run.phase("proving", || {
        decide().map_err(|refusal| Failure::Refused(refused(&refusal)))
    })?;
    let mut report = conclude::report(&decision.program, &decision.outcome, start.elapsed(), run)?;
    report.proof = Some(Proof {
        claim: words::claim(program),
        excluded: (decision.excluded(program).into_iter())
            .map(|(kinds, because)| NotThere { kinds, because })
            .collect(),
        sizes: decision.sizes.clone(),
        smallest: decision.smallest,
    });
    Ok((report, decision))
}

fn interleavings(
    program: &Program,
    ask: &Ask,
    run: &Run,
    watcher: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, Failure> {
    let limits = LoomLimits {
        max_interleavings: ask.loom.max_interleavings,
        budget: None,
        preemptions: ask.loom.preemptions,
        limits: ask.limits.clone(),
    };
    let start = Instant::now();
    let loom = run.phase(EXPLORING, || explore(program, &limits, watcher))?;
    let mut report = conclude::report(program, &loom.outcome, start.elapsed(), run)?;
    report.coverage.interleavings = Some(loom.interleavings);
    Ok(report)
}

/// Lets loom run a program.
pub(crate) fn explore(
    program: &Program,
    limits: &LoomLimits,
    watcher: &mut dyn FnMut(Progress<'_>),
) -> Result<LoomOutcome, Failure> {
    let outcome = kmapcheck_loom::run(program, limits, &mut |progress| {
        watcher(Progress::Interleavings(progress));
    });
    outcome.map_err(|error| match error {
        Error::Refused(refusal) => Failure::Refused(refused(&refusal)),
        Error::Disagreement(disagreement) => {
            let mut said = format!("{disagreement}\nWhat the tasks did on the allocator:");
            for line in disagreement.lines(program) {
                said.push_str("\n  ");
                said.push_str(&line);
            }
            said.push_str("\nWhat the machine can follow of it:");
            let followed = kmapcheck_machine::replay(program, &disagreement.trace);
            for step in followed.iter().flat_map(|replay| replay.steps.iter()) {
                said.push_str(&format!("\n  {:?}", step.effect));
            }
            Failure::Fault(said)
        }
    })
}
