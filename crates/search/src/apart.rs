//! The search that tells every task apart, as fast as memory allows.
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
//! - [`most`]: how many states and parts of states can be told apart;
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
mod most;
mod named;
mod space;
mod starve;
mod store;
mod tables;
mod threads;
mod trace;

use kmapcheck_engine::{
    Coverage, Finding, Meter, Outcome, Progress, Refusal, Remedy, Stopped, can_sleep,
    never_executed,
};
use kmapcheck_limits::{Limits, unasked};
use kmapcheck_scenario::{FindingKind, Program};

use self::explore::{End, Search};
use self::fast::Fast;
use self::key::Layout;
use self::lowered::Lowered;
use self::most::Most;
use self::named::{Named, Parts};
use self::space::{Halt, Space, cast};
use self::starve::Starving;
use self::threads::Threads;

/// The name in reports.
pub(crate) const NAME: &str = "apart";

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
        most: Most::ALL,
    };
    attempt.run(&mut meter)
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
    most: Most,
}

impl Attempt<'_> {
    fn run(self, meter: &mut Meter<'_>) -> Result<Outcome, Refusal> {
        if Lowered::can(self.program) {
            self.lowered(meter)
        } else {
            self.named(meter)
        }
    }

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
        let mut lowered = Lowered::new(self.program, self.most.lowered);
        loop {
            let layout = lowered.layout().ok_or_else(|| self.too_wide())?;
            let words = layout.words;
            match with_width!(words, attempt(self, &mut lowered, layout, meter)) {
                Ok(outcome) => return Ok(outcome),
                Err(Halt::Stopped(stopped)) => return Ok(Outcome::nothing(NAME, stopped)),
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
        let mut parts = Parts::new(self.program, self.most.named);
        let cast = cast(self.program);
        loop {
            let layout = Layout::new(&cast, parts.shared_bits, &parts.task_bits)
                .ok_or_else(|| self.too_wide())?;
            let words = layout.words;
            match with_width!(words, attempt(self, &mut parts, layout, meter)) {
                Ok(outcome) => return Ok(outcome),
                Err(Halt::Stopped(stopped)) => return Ok(Outcome::nothing(NAME, stopped)),
                Err(Halt::Full) => parts.widen(),
                Err(Halt::Ungraded) => {}
            }
        }
    }

    fn too_wide(self) -> Refusal {
        let tasks = cast(self.program).len();
        Refusal::cannot(
            NAME,
            format!("{tasks} tasks told apart"),
            Remedy::CountTasks,
        )
    }

    fn search<const W: usize, S: Space<W>>(
        self,
        space: S,
        graded: bool,
        meter: &mut Meter<'_>,
    ) -> Result<Outcome, Halt> {
        let mut search = Search::new(self.program, space, graded, self.threads, self.most);
        let End { mut stopped, depth } = search.explore(meter)?;
        let mut starving = None;
        // Where every step takes its task one rank on, every run ends, and nobody starves; and states
        // of earlier levels are no more to be found.
        let loops = self.program.has_loops() && !graded;
        if stopped.is_none() && loops && search.space.somebody_waits() {
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
            findings.push(Finding::starved(search.trace(&candidate)?, task));
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
                rests: Some(search.space.rests().seen()),
                open: None,
                stored_bytes: Some(search.most_stored),
                ..Coverage::default()
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use kmapcheck_engine::Verdict;

    use super::*;

    /// Two tasks that each take two slots of two: a deadlock after two steps.
    const DEADLOCK: &str = r#""tasks": [ { "name": "t", "count": 2, "pages": ["p", "q"], "program": [
        { "kmap": "p", "series": "S" }, { "kmap": "q", "series": "S" },
        { "kunmap": "q" }, { "kunmap": "p" } ] } ]"#;
    /// The same with pages that are allocated.
    const ALLOCATED: &str = r#""tasks": [ { "name": "t", "count": 2, "pages": ["p"], "program": [
        { "kmap": "p", "series": "S" }, { "alloc_page": "q" }, { "kmap": "q", "series": "S" },
        { "kunmap": "q" }, { "kunmap": "p" } ] } ]"#;

    fn outcome(tasks: &str, most: Most) -> Outcome {
        let scenario = format!(
            r#"{{ "name": "s", "model": {{ "name": "m", "series": {{ "S": {{ "slots": 2, "reuse": "none" }} }} }}, {tasks} }}"#
        );
        let program = kmapcheck_scenario::load_str("s.json", &scenario, &Default::default())
            .unwrap_or_else(|errors| panic!("{errors}"));
        let threads = Threads::new(1);
        let attempt = Attempt {
            program: &program,
            threads: &threads,
            most,
        };
        let (limits, mut silent) = (Limits::default(), |_: &Progress| {});
        attempt
            .run(&mut Meter::new(&limits, &mut silent))
            .unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// A loop behind an `exit` is no loop: the program is graded all the same.
    #[test]
    fn a_loop_that_nobody_reaches() {
        let tasks = DEADLOCK.replace(
            r#"] } ]"#,
            r#"] }, { "name": "busy", "program": [ { "exit": true }, { "loop": [ { "might_sleep": true } ] } ] } ]"#,
        );
        let found = outcome(&tasks, Most::ALL);
        assert_eq!((found.verdict(), found.stopped), (Verdict::Violated, None));
    }

    /// Whatever is full before the deadlock is met, the run does not end as clean.
    #[test]
    fn what_cannot_be_numbered_is_not_clean() {
        let all = Most::ALL;
        for tasks in [DEADLOCK, ALLOCATED] {
            assert_eq!(outcome(tasks, all).verdict(), Verdict::Violated);
        }
        let full = |what, most: u64| {
            (
                Verdict::Inconclusive,
                Some(Stopped::Capacity { what, most }),
            )
        };
        let ended = |tasks, most| {
            let outcome = outcome(tasks, most);
            (outcome.verdict(), outcome.stopped)
        };
        for tasks in [DEADLOCK, ALLOCATED] {
            assert_eq!(ended(tasks, Most { states: 1, ..all }), full("states", 1));
            let none = Most {
                in_partition: 0,
                ..all
            };
            assert_eq!(ended(tasks, none), full("states", all.states));
        }
        let lowered = Most { lowered: 1, ..all };
        assert_eq!(ended(DEADLOCK, lowered), full("local states of tasks", 1));
        // The two begin with pages of their own, which are told apart.
        let named = Most { named: 1, ..all };
        assert_eq!(ended(ALLOCATED, named), full("states of tasks", 1));
    }
}
