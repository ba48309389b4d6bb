//! Deciding a program, with `"any"` numbers or without.
//!
//! First the arguments of [`reasons`](crate::reasons), which exclude kinds of finding for all the
//! numbers that are open. Where some kinds are left and the number of slots is given, every number
//! of tasks is explored at once ([`every_number`]), which excludes more. What is left then is
//! searched for at growing numbers of tasks (and slots); the equations say from how many tasks on a
//! core can exist at all, and that size is looked at even if it is in the thousands. What is neither
//! excluded nor found in the end is not decided, and the outcome says so.
//!
//! **Smallest numbers.** What is reported was found at some numbers for `"any"`. Two arguments show
//! that no smaller number of tasks shows all of it, the slots being the same (`are_smallest`):
//! every assignment with a smaller sum was searched to its end and lacks something, or there is a
//! deadlock among it and the equations allow no core with fewer tasks. Where neither holds, nothing
//! is claimed; nor where no number of tasks is open.

mod cores;
mod vectors;

use std::iter::from_fn;
use std::mem;
use std::time::Instant;

use kmapcheck_engine::{Coverage, Finding, Outcome, Progress, Refusal, Stopped, Verdict};
use kmapcheck_equations::Cores;
use kmapcheck_limits::{Limits, Watch, entered};
use kmapcheck_machine::Findings;
use kmapcheck_report::{NumberOf, Size};
use kmapcheck_scenario::{Bound, FindingKind, Program, Series};
use kmapcheck_search::{Engine, every_number, run};

use self::vectors::{most_tasks, vectors};
use crate::reasons::{Reason, Reasons};

/// The name of this engine.
pub const ENGINE: &str = "proof";

/// What is known of a program.
#[derive(Debug)]
pub struct Decision {
    /// The findings and whether anything is left open.
    pub outcome: Outcome,
    /// The program that the findings' traces run on: numbers stand for `"any"`.
    pub program: Program,
    /// What was excluded, and why.
    pub reasons: Reasons,
    /// What `"any"` stands for in the traces, if there are any: `mremap` = 2 tasks, and so on.
    pub sizes: Vec<Size>,
    /// Whether it is shown that no smaller number of the tasks that are open shows all of the
    /// findings: no numbers from 1 on with a smaller sum, with these slots and the other tasks as
    /// given. False where there are no findings, or no number of tasks is open.
    pub smallest: bool,
}

/// Numbers of tasks, and of slots, that are tried for `"any"` unless the equations say more.
const MOST_TASKS: u32 = 4;
const MOST_SLOTS: u32 = 3;

/// States of holders that may be explored, and states of each search.
const CROWD_STATES: u64 = 200_000;
const SEARCH_STATES: u64 = 300_000;

/// Decides a program.
///
/// # Errors
///
/// What an engine cannot do.
pub fn decide(
    program: &Program,
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Decision, Refusal> {
    let deadline = limits.deadline();
    let watch = Watch::start(limits);
    let _under = entered(Some(&watch));
    let reasons = arguments(program, limits);
    if let Some(reached) = watch.reached() {
        let nothing = Deciding {
            program,
            limits,
            deadline,
            reasons,
            seen: Coverage::default(),
        };
        return Ok(nothing.finish(Vec::new(), Some(reached.into())));
    }
    let mut deciding = Deciding {
        program,
        limits,
        deadline,
        reasons,
        seen: Coverage::default(),
    };
    deciding.explore_every_number(progress);
    deciding.search(progress)
}

/// The arguments, as far as there is time for them: half of it, so that there is some left to search
/// for what they do not exclude.
fn arguments(program: &Program, limits: &Limits) -> Reasons {
    let half = Limits {
        timeout: limits.timeout.map(|timeout| timeout / 2),
        ..limits.clone()
    };
    let watch = Watch::start(&half);
    (watch.run(|| Reasons::of(program))).unwrap_or_else(|_| Reasons::none())
}

struct Deciding<'a> {
    program: &'a Program,
    limits: &'a Limits,
    /// When the time is up, for all searches together.
    deadline: Option<Instant>,
    reasons: Reasons,
    seen: Coverage,
}

/// A search at some sizes.
struct Tried {
    program: Program,
    outcome: Outcome,
}

impl Deciding<'_> {
    /// The kinds that are not excluded.
    fn open(&self) -> Findings {
        let all: Findings = self.program.kinds_in_question().collect();
        all.minus(self.reasons.kinds())
    }

    fn explore_every_number(&mut self, progress: &mut dyn FnMut(&Progress)) {
        if self.open().is_empty() || !self.program.has_open_counts() {
            return;
        }
        let Some(limits) = self.limits.until(self.deadline) else {
            return;
        };
        let limits = Limits {
            max_states: Some(limits.max_states.unwrap_or(CROWD_STATES)),
            ..limits
        };
        let Ok(every) = every_number(self.program, &limits, progress) else {
            return;
        };
        self.seen.states += every.states;
        self.seen.transitions += every.transitions;
        if every.stopped.is_none() {
            let all: Findings = self.program.kinds_in_question().collect();
            let starved = Findings::of(FindingKind::Starved);
            self.reasons.exclude(
                all.minus(starved).minus(every.possible),
                Reason::EveryNumber {
                    states: every.states,
                    crowd: every.crowd,
                },
            );
        }
    }

    /// Looks for what is left at growing sizes.
    fn search(mut self, progress: &mut dyn FnMut(&Progress)) -> Result<Decision, Refusal> {
        let open = self.open();
        if open.is_empty() {
            let program = self.sized(&vec![1; self.open_counts()], self.most_slots());
            return Ok(self.conclude(program, Vec::new(), None, false));
        }
        let mut tried: Vec<Tried> = Vec::new();
        let mut stopped = None;
        let mut seen = mem::take(&mut self.seen);
        for program in self.candidates() {
            if tried.last().is_some_and(|last| last.program == program) {
                continue;
            }
            let Some(limits) = self.limits_of_one_search() else {
                stopped = Some(self.limits.out_of_time().into());
                break;
            };
            let mut outcome = run(Engine::Search, &program, &limits, progress)?;
            if matches!(outcome.stopped, Some(Stopped::Time(_))) {
                // What was given for all, not what was left of it.
                outcome.stopped = Some(self.limits.out_of_time().into());
            }
            seen.states += outcome.coverage.states;
            seen.transitions += outcome.coverage.transitions;
            seen.depth = seen.depth.max(outcome.coverage.depth);
            let user_limit = outcome.stopped.clone().filter(|_| {
                !matches!(outcome.stopped, Some(Stopped::States(n)) if self.limits.max_states != Some(n))
            });
            let all_found = open.minus(outcome.kinds()).is_empty();
            tried.push(Tried { program, outcome });
            if all_found {
                break;
            }
            // So many states are for each search; any other limit is for all of them.
            let ends = user_limit
                .as_ref()
                .is_some_and(|limit| !matches!(limit, Stopped::States(_)));
            stopped = stopped.or(user_limit);
            if ends {
                break;
            }
        }
        self.seen = seen;
        Ok(self.finish(tried, stopped))
    }

    /// `None`: there is no time left.
    fn limits_of_one_search(&self) -> Option<Limits> {
        let limits = self.limits.until(self.deadline)?;
        let exact = !self.program.has_open_counts() && !self.program.has_open_slots();
        Some(Limits {
            max_states: if exact {
                limits.max_states
            } else {
                Some(limits.max_states.unwrap_or(SEARCH_STATES))
            },
            ..limits
        })
    }

    /// The decision after all searches; `stopped` is why there were no more.
    fn finish(self, mut tried: Vec<Tried>, stopped: Option<Stopped>) -> Decision {
        let open = self.open();
        let exact = !self.program.has_open_counts() && !self.program.has_open_slots();
        // The first one that shows something, and each later one that shows all that and more; or that
        // shows an error, where there were only warnings: else the verdict would leave it out.
        let mut best: Option<usize> = None;
        for (i, one) in tried.iter().enumerate() {
            let before = best.map(|best| &tried[best].outcome);
            let kinds = before.map_or(Findings::NONE, Outcome::kinds);
            let found = one.outcome.kinds();
            let is_more = found != kinds && kinds.minus(found).is_empty();
            let is_worse = one.outcome.verdict() == Verdict::Violated
                && before.is_none_or(|before| before.verdict() != Verdict::Violated);
            if is_more || is_worse {
                best = Some(i);
            }
        }
        let Some(best) = best else {
            let complete = tried.iter().all(|tried| tried.outcome.stopped.is_none());
            let program = self.sized(&vec![1; self.open_counts()], self.most_slots());
            let undecided = || self.undecided(open, &tried, None);
            let stopped = stopped.or_else(|| (!exact || !complete).then(undecided));
            return self.conclude(program, Vec::new(), stopped, false);
        };
        let left = open.minus(tried[best].outcome.kinds());
        let stopped = match tried[best].outcome.stopped.clone() {
            _ if left.is_empty() => None,
            Some(stopped) if exact => Some(stopped),
            _ if exact => stopped,
            _ => Some(stopped.unwrap_or_else(|| self.undecided(left, &tried, Some(best)))),
        };
        let smallest = self.are_smallest(&tried[best], &tried);
        let best = tried.swap_remove(best);
        self.conclude(best.program, best.outcome.findings, stopped, smallest)
    }

    /// Whether no numbers for the open counts with a smaller sum, from 1 on, show all of what `best`
    /// shows, with the same slots and the other tasks as given.
    ///
    /// Either a deadlock is among it, and every core that the equations allow, with any slots, has
    /// as many tasks as there are now; the equations must know that to be the fewest. Or all such
    /// numbers were `tried` with these slots, searched to the end, and lack something of it.
    fn are_smallest(&self, best: &Tried, tried: &[Tried]) -> bool {
        if !self.program.has_open_counts() {
            return false;
        }
        let shown = best.outcome.kinds().minus(self.reasons.kinds());
        if shown.contains(FindingKind::Deadlock)
            && let Some((_, Cores::Possible(possible))) = &self.reasons.cores
            && let Some(tasks) = best.program.task_count()
            && (possible.iter()).all(|possible| possible.least && possible.tasks() >= tasks)
        {
            return true;
        }
        let counts = self.counts_of(&best.program);
        let sum: u32 = counts.iter().sum();
        let lacks_something = |counts: Vec<u32>| {
            let program = self.with_counts(&best.program, &counts);
            tried.iter().any(|tried| {
                tried.program == program
                    && tried.outcome.stopped.is_none()
                    && !shown.minus(tried.outcome.kinds()).is_empty()
            })
        };
        // Beyond that, not all numbers with a smaller sum are among the vectors.
        sum <= most_tasks(counts.len()) + 1
            && vectors(counts.len())
                .take_while(|counts| counts.iter().sum::<u32>() < sum)
                .all(lacks_something)
    }

    /// The kinds that are `left` open, in words: those that no search shows, and those that some of
    /// the `tried` show, but not the one at `best`, which is reported.
    fn undecided(&self, left: Findings, tried: &[Tried], best: Option<usize>) -> Stopped {
        let mut said = Vec::new();
        let mut unknown = left;
        for (i, one) in tried.iter().enumerate() {
            let new = unknown.intersection(one.outcome.kinds());
            if Some(i) == best || new.is_empty() {
                continue;
            }
            unknown = unknown.minus(new);
            let sizes: Vec<String> = (sizes(self.program, &one.program).iter())
                .map(|size| format!("{} = {}", size.name, size.number))
                .collect();
            said.push(format!("{} shows with {}", names(new), sizes.join(", ")));
        }
        if !unknown.is_empty() {
            said.insert(
                0,
                format!("not decided for every number: {}", names(unknown)),
            );
        }
        Stopped::Undecided(said.join("; "))
    }

    fn conclude(
        self,
        program: Program,
        findings: Vec<Finding>,
        stopped: Option<Stopped>,
        smallest: bool,
    ) -> Decision {
        let any = self.program.has_open_counts() || self.program.has_open_slots();
        let findings: Vec<_> = (findings.into_iter())
            .filter(|finding| self.open().contains(finding.kind))
            .map(|finding| Finding {
                // That a call never sleeps was seen at these numbers only.
                can_sleep: finding.can_sleep.filter(|&can| can || !any),
                ..finding
            })
            .collect();
        let sizes = sizes(self.program, &program);
        Decision {
            outcome: Outcome {
                engine: ENGINE,
                findings,
                stopped,
                coverage: self.seen,
            },
            program,
            reasons: self.reasons,
            sizes,
            smallest,
        }
    }

    fn open_counts(&self) -> usize {
        let open = |t: &&kmapcheck_scenario::Template| t.count == Bound::Any;
        self.program.templates.iter().filter(open).count()
    }

    /// The most slots that are tried for `"any"`: from as many on as there have to be.
    fn most_slots(&self) -> u32 {
        let series = 0..self.program.series.len();
        let open = series.filter(|&series| self.program.series[series].slots == Bound::Any);
        let least = open.map(|series| self.program.least_slots(series)).max();
        // Units that are asked for are given in a file, and so at most a million.
        least.unwrap_or(1) + (MOST_SLOTS - 1)
    }

    /// The program at growing sizes: with few tasks first, and where there are as many, with few
    /// slots, then with what the equations ask for.
    fn candidates(&self) -> impl Iterator<Item = Program> {
        let most_slots = self.most_slots();
        let slots = if self.program.has_open_slots() {
            most_slots - MOST_SLOTS + 1..=most_slots
        } else {
            1..=1
        };
        let small = vectors(self.open_counts()).flat_map(move |counts| {
            let sized = move |slots| self.sized(&counts, slots);
            slots.clone().map(sized)
        });
        let mut small = small.filter(Program::numbers_fit).peekable();
        let mut cores = self.cores();
        cores.retain(Program::numbers_fit);
        cores.sort_by_key(tasks);
        let mut cores = cores.into_iter().peekable();
        from_fn(move || match (small.peek(), cores.peek()) {
            (Some(one), Some(core)) if tasks(core) < tasks(one) => cores.next(),
            (None, _) => cores.next(),
            (Some(_), _) => small.next(),
        })
    }

    /// The program with those instance counts and slots for `"any"`.
    fn sized(&self, counts: &[u32], slots: u32) -> Program {
        self.with_counts(self.program, counts)
            .with_open_slots(slots)
    }

    /// A program with those instance counts where this one has `"any"`.
    fn with_counts(&self, sized: &Program, counts: &[u32]) -> Program {
        let mut program = sized.clone();
        let mut counts = counts.iter();
        for (open, template) in self.program.templates.iter().zip(&mut program.templates) {
            if open.count == Bound::Any {
                let count = counts.next().expect("there is a count for every open one");
                template.count = Bound::Exactly(*count);
            }
        }
        program
    }

    /// The instance counts that a sized program has for `"any"`.
    fn counts_of(&self, sized: &Program) -> Vec<u32> {
        (self.program.templates.iter().zip(&sized.templates))
            .filter(|(open, _)| open.count == Bound::Any)
            .map(|(_, template)| match template.count {
                Bound::Exactly(n) => n,
                Bound::Any => unreachable!("it has numbers"),
            })
            .collect()
    }
}

/// How many tasks a sized program has.
fn tasks(sized: &Program) -> u64 {
    sized.task_count().expect("all its numbers are given")
}

fn names(kinds: Findings) -> String {
    let names: Vec<&str> = kinds.iter().map(FindingKind::name).collect();
    names.join(", ")
}

fn number_of(series: &Series) -> NumberOf {
    match series.of_units {
        true => NumberOf::Units,
        false => NumberOf::Slots,
    }
}

/// What stands for `"any"` in the sized program.
fn sizes(open: &Program, sized: &Program) -> Vec<Size> {
    let tasks = (open.templates.iter().zip(&sized.templates))
        .map(|(open, sized)| (NumberOf::Tasks, &open.name, open.count, sized.count));
    let slots = (open.series.iter().zip(&sized.series))
        .map(|(open, sized)| (number_of(open), &open.name, open.slots, sized.slots));
    (tasks.chain(slots))
        .filter_map(|(of, name, open, sized)| match (open, sized) {
            (Bound::Any, Bound::Exactly(number)) => Some(Size {
                of,
                name: name.clone(),
                number,
            }),
            _ => None,
        })
        .collect()
}
