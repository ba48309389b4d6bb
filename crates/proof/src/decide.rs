//! Deciding a program, with `"any"` numbers or without.
//!
//! First the arguments of [`reasons`](crate::reasons), which exclude kinds of finding for all the
//! numbers that are open. Where some kinds are left and the number of slots is given, every number
//! of tasks is explored at once ([`every_number`]), which excludes more. What is left then is
//! searched for at growing numbers of tasks (and slots), each searched completely, so that the
//! sizes that show it first are the smallest; the equations say from how many tasks on a core can
//! exist at all, and that size is looked at even if it is in the thousands. What is neither
//! excluded nor found in the end is not decided, and the outcome says so.

use std::time::Instant;

use kmapcheck_cores::Cores;
use kmapcheck_limits::{Limits, Watch, entered};
use kmapcheck_machine::{Coverage, Finding, Findings, Outcome, Stopped};
use kmapcheck_scenario::{Bound, FindingKind, Program};
use kmapcheck_search::{Engine, Progress, every_number, run};

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
    pub sizes: Vec<(String, u32)>,
    /// Whether no smaller number of tasks shows these findings, the slots being what they are.
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
/// What an engine cannot do, in words.
pub fn decide(
    program: &Program,
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Decision, String> {
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
        return Ok(nothing.finish(None, Some(reached.into()), false));
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
    total: u32,
    outcome: Outcome,
    /// Whether all else that it found was found with fewer tasks as well.
    only_deadlock_is_new: bool,
}

impl Deciding<'_> {
    /// The kinds that are not excluded.
    fn open(&self) -> Findings {
        let all: Findings = FindingKind::ALL.into_iter().collect();
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
            let all: Findings = FindingKind::ALL.into_iter().collect();
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
    fn search(mut self, progress: &mut dyn FnMut(&Progress)) -> Result<Decision, String> {
        let open = self.open();
        if open.is_empty() {
            let program = self.sized(&vec![1; self.open_counts()], self.most_slots());
            return Ok(self.conclude(program, Vec::new(), None, true));
        }
        let mut best: Option<Tried> = None;
        let mut complete = true;
        for program in self.candidates() {
            let total = program.task_count().unwrap_or(0).min(u64::from(u32::MAX)) as u32;
            let Some(limits) = self.limits_of_one_search() else {
                let stopped = self.limits.out_of_time();
                return Ok(self.finish(best, Some(stopped.into()), false));
            };
            let mut outcome = run(Engine::Search, &program, &limits, progress)
                .map_err(|refusal| refusal.to_string())?;
            if matches!(outcome.stopped, Some(Stopped::Time(_))) {
                // What was given for all, not what was left of it.
                outcome.stopped = Some(self.limits.out_of_time().into());
            }
            self.seen.states += outcome.coverage.states;
            self.seen.transitions += outcome.coverage.transitions;
            self.seen.depth = self.seen.depth.max(outcome.coverage.depth);
            let user_limit = outcome.stopped.clone().filter(|_| {
                !matches!(outcome.stopped, Some(Stopped::States(n)) if self.limits.max_states != Some(n))
            });
            let found = outcome.kinds();
            let all_found = open.minus(found).is_empty();
            let before = best
                .as_ref()
                .map_or(Findings::NONE, |best| best.outcome.kinds());
            let smaller_left_out = !complete;
            complete &= outcome.stopped.is_none() || all_found;
            if !found.minus(before).is_empty() {
                let new = found.minus(before);
                best = Some(Tried {
                    program,
                    total,
                    outcome,
                    only_deadlock_is_new: new == Findings::of(FindingKind::Deadlock),
                });
                complete = !smaller_left_out;
            }
            if all_found {
                break;
            }
            if user_limit.is_some() {
                return Ok(self.finish(best, user_limit, complete));
            }
        }
        Ok(self.finish(best, None, complete))
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

    fn finish(self, best: Option<Tried>, stopped: Option<Stopped>, complete: bool) -> Decision {
        let open = self.open();
        let exact = !self.program.has_open_counts() && !self.program.has_open_slots();
        let Some(best) = best else {
            let program = self.sized(&vec![1; self.open_counts()], self.most_slots());
            let stopped = stopped.or_else(|| (!exact || !complete).then(|| self.undecided(open)));
            return self.conclude(program, Vec::new(), stopped, false);
        };
        let left = open.minus(best.outcome.kinds());
        let stopped = match best.outcome.stopped.clone() {
            _ if left.is_empty() => None,
            Some(stopped) if exact => Some(stopped),
            _ if exact => stopped,
            _ => Some(stopped.unwrap_or_else(|| self.undecided(left))),
        };
        let smallest = complete && self.are_smallest(&best);
        self.conclude(best.program, best.outcome.findings, stopped, smallest)
    }

    /// Whether fewer tasks than were tried show nothing of what was found, all that was tried with
    /// fewer having been searched to the end: nothing was left out below a handful of tasks, and
    /// what came with more is a deadlock that the equations allow to no fewer.
    fn are_smallest(&self, best: &Tried) -> bool {
        if best.total <= MOST_TASKS {
            return true;
        }
        let Some((_, Cores::Possible(possible))) = &self.reasons.cores else {
            return false;
        };
        let fewest = possible.iter().map(kmapcheck_cores::Possible::tasks).min();
        best.only_deadlock_is_new
            && possible.iter().all(|possible| possible.least)
            && fewest.is_some_and(|fewest| fewest >= u64::from(best.total))
    }

    fn undecided(&self, left: Findings) -> Stopped {
        let kinds: Vec<&str> = left.iter().map(FindingKind::name).collect();
        Stopped::Undecided(kinds.join(", "))
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
        least.unwrap_or(1).saturating_add(MOST_SLOTS - 1)
    }

    /// The program at growing sizes: few tasks and slots first, then what the equations ask for.
    fn candidates(&self) -> Vec<Program> {
        let most_slots = self.most_slots();
        let slots = if self.program.has_open_slots() {
            most_slots - MOST_SLOTS + 1..=most_slots
        } else {
            1..=1
        };
        let open = self.open_counts();
        let mut vectors: Vec<Vec<u32>> = vec![Vec::new()];
        for _ in 0..open {
            vectors = (vectors.iter())
                .flat_map(|v| (1..=MOST_TASKS).map(|n| v.iter().copied().chain([n]).collect()))
                .collect();
            let most = MOST_TASKS.max(open as u32 + 1);
            vectors.retain(|v: &Vec<u32>| v.iter().sum::<u32>() <= most);
        }
        vectors.sort_by_key(|v| (v.iter().sum::<u32>(), std::cmp::Reverse(v.clone())));
        let mut found: Vec<Program> = Vec::new();
        for counts in &vectors {
            found.extend(slots.clone().map(|slots| self.sized(counts, slots)));
        }
        found.extend(self.cores());
        found.retain(Program::numbers_fit);
        found.sort_by_key(|program| program.task_count().unwrap_or(u64::MAX));
        found.dedup();
        found
    }

    /// The sizes of the cores that the equations allow.
    fn cores(&self) -> Vec<Program> {
        let Some((graph, Cores::Possible(possible))) = &self.reasons.cores else {
            return Vec::new();
        };
        let mut found: Vec<Program> = Vec::new();
        for possible in possible {
            let mut program = self.program.clone();
            for (series, slots) in &possible.core.slots {
                let slots = u32::try_from(*slots).unwrap_or(u32::MAX);
                program.set_slots(*series, Bound::Exactly(slots));
            }
            for (id, template) in program.templates.iter_mut().enumerate() {
                let tasks = (possible.core.tasks.iter())
                    .filter(|&&(kind, _)| graph.kinds[kind].template == id)
                    .map(|&(_, n)| u32::try_from(n).unwrap_or(u32::MAX));
                if template.count == Bound::Any {
                    let tasks = tasks.fold(0, u32::saturating_add);
                    template.count = Bound::Exactly(tasks.max(1));
                }
            }
            let program = program.with_open_slots(self.most_slots());
            if !found.contains(&program) {
                found.push(program);
            }
        }
        found
    }

    /// The program with those instance counts and slots for `"any"`.
    fn sized(&self, counts: &[u32], slots: u32) -> Program {
        let mut program = self.program.clone();
        let mut counts = counts.iter();
        for template in &mut program.templates {
            if template.count == Bound::Any {
                template.count = Bound::Exactly(counts.next().copied().unwrap_or(0));
            }
        }
        program.with_open_slots(slots)
    }
}

/// What stands for `"any"` in the sized program.
fn sizes(open: &Program, sized: &Program) -> Vec<(String, u32)> {
    let tasks = (open.templates.iter().zip(&sized.templates))
        .map(|(open, sized)| (&open.name, open.count, sized.count));
    let slots = (open.series.iter().zip(&sized.series))
        .map(|(open, sized)| (&open.name, open.slots, sized.slots));
    (tasks.chain(slots))
        .filter_map(|(name, open, sized)| match (open, sized) {
            (Bound::Any, Bound::Exactly(n)) => Some((name.clone(), n)),
            _ => None,
        })
        .collect()
}
