//! The plain search: every task told apart, as fast as memory allows.
//!
//! Its states are those of the reference, one for one; what differs is how they are kept. A state
//! is the number of its world and one number for each task, packed into a few words: eight bytes
//! where tasks are few, and that *is* the state, not a fingerprint of it.
//!
//! - [`key`]: packed states and their layout;
//! - [`lowered`]: the program as tables, asked of the machine once;
//! - [`fast`]: expansion by [`tables`], for programs that neither allocate nor free pages;
//! - [`named`]: the slow way, for those that do;
//! - [`space`]: what the two have in common;
//! - [`store`]: the visited states, partitioned;
//! - [`graded`]: programs for which one level is all that must be looked through;
//! - [`alarm`]: in which states there may be a stuck set at all;
//! - [`explore`]: level by level, in batches, by several [`threads`];
//! - [`trace`], [`starve`]: after the search.
//!
//! When a number does not fit its field, the search starts over with wider fields. The tables are
//! kept, so this costs the time so far at most, and it happens early: most numbers come up early.

mod alarm;
mod explore;
mod fast;
mod graded;
mod key;
mod lowered;
mod named;
mod space;
mod starve;
mod store;
mod tables;
mod threads;
mod trace;

use kmapcheck_limits::{Limits, unasked};
use kmapcheck_machine::{Coverage, Finding, Outcome, Stopped};
use kmapcheck_scenario::{FindingKind, Program};

use self::explore::{End, Search};
use self::fast::Fast;
use self::key::Layout;
use self::lowered::Lowered;
use self::named::{Named, Parts};
use self::space::{Halt, Space, cast};
use self::starve::Starving;
use self::threads::Threads;
use crate::limits::{Meter, Progress};
use crate::reference::{can_sleep, never_executed};
use crate::refusal::Refusal;

/// The name in reports.
pub(crate) const NAME: &str = "plain";

/// Explores everything, within the limits, with so many threads.
pub(crate) fn run(
    program: &Program,
    threads: usize,
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Outcome, Refusal> {
    let threads = Threads::new(threads);
    let mut meter = Meter::new(limits, progress);
    let attempt = Attempt {
        program,
        threads: &threads,
    };
    if Lowered::can(program) {
        attempt.lowered(&mut meter)
    } else {
        attempt.named(&mut meter)
    }
}

/// Runs a search with keys of as many words as the layout needs.
macro_rules! with_width {
    ($words:expr, $run:ident($($argument:expr),*)) => {
        match $words {
            1 => $run::<1>($($argument),*),
            2 => $run::<2>($($argument),*),
            4 => $run::<4>($($argument),*),
            8 => $run::<8>($($argument),*),
            16 => $run::<16>($($argument),*),
            _ => $run::<64>($($argument),*),
        }
    };
}

/// What stays the same when the search starts over.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    program: &'a Program,
    threads: &'a Threads,
}

impl Attempt<'_> {
    fn lowered(self, meter: &mut Meter<'_>) -> Result<Outcome, Refusal> {
        fn attempt<const W: usize>(
            this: Attempt<'_>,
            lowered: &mut Lowered<'_>,
            layout: Layout,
            meter: &mut Meter<'_>,
        ) -> Result<Outcome, Halt> {
            let graded = lowered.ranks.is_some();
            this.search::<W, _>(Fast::new(lowered, layout), graded, meter)
        }
        let mut lowered = Lowered::new(self.program);
        loop {
            let layout = lowered.layout().ok_or_else(|| self.too_wide())?;
            let words = layout.words;
            match with_width!(words, attempt(self, &mut lowered, layout, meter)) {
                Ok(outcome) => return Ok(outcome),
                Err(Halt::Unbounded(what)) => return Ok(unbounded(what)),
                Err(Halt::Full) => lowered.widen(),
                Err(Halt::Ungraded) => {}
            }
        }
    }

    fn named(self, meter: &mut Meter<'_>) -> Result<Outcome, Refusal> {
        fn attempt<const W: usize>(
            this: Attempt<'_>,
            parts: &mut Parts<'_>,
            layout: Layout,
            meter: &mut Meter<'_>,
        ) -> Result<Outcome, Halt> {
            let graded = parts.ranks.is_some();
            this.search::<W, _>(Named::new(parts, layout), graded, meter)
        }
        let mut parts = Parts::new(self.program);
        let cast = cast(self.program);
        loop {
            let layout = Layout::new(&cast, parts.shared_bits, &parts.task_bits)
                .ok_or_else(|| self.too_wide())?;
            let words = layout.words;
            match with_width!(words, attempt(self, &mut parts, layout, meter)) {
                Ok(outcome) => return Ok(outcome),
                Err(Halt::Unbounded(what)) => return Ok(unbounded(what)),
                Err(Halt::Full) => parts.widen(),
                Err(Halt::Ungraded) => {}
            }
        }
    }

    fn too_wide(self) -> Refusal {
        Refusal::new(
            "search --reduce none",
            format!("{} tasks told apart", cast(self.program).len()),
            "leave `--reduce none` out, or give smaller numbers with `--tasks NAME=N`".to_owned(),
        )
    }

    fn search<const W: usize, S: Space<W>>(
        self,
        space: S,
        graded: bool,
        meter: &mut Meter<'_>,
    ) -> Result<Outcome, Halt> {
        let mut search = Search::new(self.program, space, graded, self.threads);
        let End { mut stopped, depth } = search.explore(meter)?;
        let mut starving = None;
        if stopped.is_none() && self.program.has_loops() && search.space.somebody_waits() {
            match meter.run(|meter| search.starving(depth, meter)) {
                Ok(found) => match found? {
                    Ok(found) => starving = found,
                    Err(limit) => stopped = Some(limit),
                },
                Err(limit) => stopped = Some(limit),
            }
        }
        unasked(|| self.outcome(search, stopped, depth, starving))
    }

    /// What was found and seen. Whatever limit was reached: what was found is told.
    fn outcome<const W: usize, S: Space<W>>(
        self,
        mut search: Search<'_, W, S>,
        stopped: Option<Stopped>,
        depth: u64,
        starving: Starving<W>,
    ) -> Result<Outcome, Halt> {
        let exhaustive = stopped.is_none();
        let mut findings = Vec::new();
        if let Some((candidate, task)) = starving {
            findings.push(Finding {
                kind: FindingKind::Starved,
                trace: search.trace(&candidate)?,
                can_sleep: None,
                starved: Some(task),
            });
        }
        for (kind, candidate) in std::mem::take(&mut search.settled) {
            let node = candidate
                .node
                .filter(|_| kind == FindingKind::SleepInAtomic);
            findings.push(Finding {
                kind,
                trace: search.trace(&candidate)?,
                can_sleep: node.and_then(|node| {
                    can_sleep(self.program, node, search.space.sleeps_at(node), exhaustive)
                }),
                starved: None,
            });
        }
        findings.sort_by_key(|finding| finding.kind);
        let never_executed = if exhaustive {
            never_executed(self.program, &search.space.executed())
        } else {
            Vec::new()
        };
        Ok(Outcome {
            engine: NAME,
            findings,
            stopped,
            coverage: Coverage {
                states: search.states,
                transitions: search.transitions,
                depth,
                exhaustive,
                never_executed,
                stored_bytes: Some(search.most_stored),
                ..Coverage::default()
            },
        })
    }
}

/// The outcome where a counter grows without bound.
fn unbounded(what: String) -> Outcome {
    Outcome {
        engine: NAME,
        findings: Vec::new(),
        stopped: Some(Stopped::Unbounded(what)),
        coverage: Coverage::default(),
    }
}
