//! One program: is it free of certain findings?
//!
//! The equations are asked first: if the [core equations](kmapcheck_equations) have no solution there
//! is no deadlock, if moreover all local states drain nobody starves, and a kind of finding that no
//! step of the [closure](kmapcheck_local) shows does not occur. What they leave open is for the
//! search. Neither answers beyond what it knows: an end at a limit is [`Settled::Unknown`].
//!
//! **Fewer tasks first.** The equations' smallest core says how few tasks could be stuck. Where
//! [fewer tasks can do nothing that more cannot](fewer_is_a_run_of_more), the search is given only
//! those: a deadlock of theirs is one of all.

use kmapcheck_engine::Progress;
use kmapcheck_equations::{Cores, Undecided};
use kmapcheck_limits::{Limits, Watch, entered};
use kmapcheck_local::Locals;
use kmapcheck_machine::Findings;
use kmapcheck_report::ended;
use kmapcheck_scenario::{Bound, FindingKind, Op, Program, ResourceKind, StaleIn};
use kmapcheck_search::{Engine, run};
use serde::Serialize;

use crate::reasons::{Excluded, Reason, Reasons};

/// What is known of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// None of the findings occurs.
    Safe(By),
    /// These occur.
    Unsafe(Findings, By),
    /// That was not found out, for that reason.
    Unknown(String),
}

/// What an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Everything is asked for in one order.
    Order,
    /// The core equations have no solution.
    Equations,
    /// The search, at this very size.
    Search,
    /// The search, with fewer tasks, of which the rest need not begin.
    FewerTasks,
}

/// Deadlock and starvation: what depends on sizes.
#[must_use]
pub fn stuck() -> Findings {
    [FindingKind::Deadlock, FindingKind::Starved]
        .into_iter()
        .collect()
}

/// Whether any of the `judged` findings occurs.
///
/// Numbers may be open (`"any"`): the answer is then about all of them, and the search looks at
/// those that the equations' solutions name.
pub fn settle(
    program: &Program,
    judged: Findings,
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
) -> Settled {
    let deadline = limits.deadline();
    let watch = Watch::start(limits);
    let reasons = match watch.run(|| Reasons::of(program)) {
        Ok(reasons) => reasons,
        Err(reached) => return Settled::Unknown(ended(&reached.into())),
    };
    let _under = entered(Some(&watch));
    let mut smaller = Vec::new();
    let mut why = "";
    match &reasons.cores {
        Some((_, Cores::Excluded(_) | Cores::NeverMissing(_)))
            if judged.minus(reasons.kinds()).is_empty() =>
        {
            let ordered = |excluded: &Excluded| matches!(excluded.reason, Reason::Order(_));
            return Settled::Safe(if reasons.excluded.iter().any(ordered) {
                By::Order
            } else {
                By::Equations
            });
        }
        Some((graph, Cores::Possible(possible))) => {
            for possible in possible {
                let of = |template: usize| {
                    (possible.core.tasks.iter())
                        .filter(|&&(kind, _)| graph.kinds[kind].template == template)
                        .map(|&(_, n)| n)
                        .sum::<u64>()
                };
                let tasks: Vec<u64> = (0..program.templates.len()).map(of).collect();
                smaller.extend(with_numbers(program, &tasks, &possible.core.slots));
            }
        }
        Some((_, Cores::Undecided(undecided))) => why = words(undecided),
        Some((_, Cores::Excluded(_) | Cores::NeverMissing(_))) | None => {}
    }
    if judged.contains(FindingKind::Deadlock)
        && !smaller.is_empty()
        && fewer_is_a_run_of_more(program)
    {
        smaller.sort_by_key(Program::task_count);
        smaller.truncate(SMALLER);
        for smaller in smaller {
            let Some(limits) = limits.until(deadline) else {
                break;
            };
            let found = run(Engine::Search, &smaller, &limits, progress);
            let deadlock = |outcome: &kmapcheck_engine::Outcome| {
                outcome.finding(FindingKind::Deadlock).is_some()
            };
            if found.as_ref().is_ok_and(deadlock) {
                let by = if smaller.task_count() == program.task_count() {
                    By::Search
                } else {
                    By::FewerTasks
                };
                return Settled::Unsafe(Findings::of(FindingKind::Deadlock), by);
            }
        }
    }
    let Some(limits) = limits.until(deadline) else {
        return Settled::Unknown(ended(&limits.out_of_time().into()));
    };
    match run(Engine::Search, program, &limits, progress) {
        Err(_) if why.is_empty() => Settled::Unknown(
            "numbers are open, the equations have a solution, and no run was found for it".into(),
        ),
        Err(_) => Settled::Unknown(why.into()),
        Ok(outcome) => {
            let judged_found = judged.minus(judged.minus(outcome.kinds()));
            match &outcome.stopped {
                _ if !judged_found.is_empty() => Settled::Unsafe(judged_found, By::Search),
                None => Settled::Safe(By::Search),
                Some(stopped) => Settled::Unknown(ended(stopped)),
            }
        }
    }
}

/// So many cores are tried by themselves.
const SMALLER: usize = 4;

/// The program with as many instances as a core has tasks, and the slots that it names; `None` if
/// it is as large as the program itself, or has no numbers.
fn with_numbers(program: &Program, tasks: &[u64], slots: &[(usize, u64)]) -> Option<Program> {
    let mut smaller = program.clone();
    for (template, &n) in smaller.templates.iter_mut().zip(tasks) {
        template.count = Bound::Exactly(u32::try_from(n).ok()?);
    }
    // The templates stay, so that what is numbered by them does.
    for template in &mut smaller.templates {
        if template.count == Bound::Exactly(0) {
            template.count = Bound::Exactly(1);
            template.entry.node = None;
        }
    }
    for &(series, n) in slots {
        smaller.set_slots(series, Bound::Exactly(u32::try_from(n).ok()?));
    }
    (smaller != *program && smaller.numbers_fit()).then_some(smaller)
}

/// Whether a run of fewer tasks, with the others standing at their beginning, is a run of more,
/// and what is stuck in one is stuck in the other.
///
/// A task that has not begun holds nothing, so it takes nothing from the others, unless its pages
/// come with leftovers in slots. And it could free those who are stuck only by giving what need not
/// be taken first (a completion, units that nobody owns, a page), or by mapping a page that they
/// wait for. So: no leftovers, no shared pages, no completions, no unowned units, and no bounded number
/// of free pages. Where there are always free pages nobody waits for one. A page is private while it is
/// allocated, so a task that has not begun can neither free nor map a page that somebody waits for; that
/// no local state shows a use after free makes sure of it. CPUs are left out as well, for simplicity.
#[must_use]
pub fn fewer_is_a_run_of_more(program: &Program) -> bool {
    let unowned = |kind: ResourceKind| !kind.is_owned();
    program.pages.is_empty()
        && program.cpus.is_none()
        && program.free_pages.is_none()
        && !program
            .resources
            .iter()
            .any(|resource| unowned(resource.kind))
        && program.templates.iter().all(|template| {
            (template.vars.iter().filter_map(|var| var.page.as_ref()))
                .all(|page| page.stale_in == StaleIn::Exactly(Vec::new()))
                && !template
                    .resources
                    .iter()
                    .any(|resource| unowned(resource.kind))
        })
        && (!program.has_op(Op::uses_freelist) || pages_are_used_well(program))
}

/// Whether no task ever uses a page, or frees it, that has been freed.
fn pages_are_used_well(program: &Program) -> bool {
    let wrong = [FindingKind::UseAfterFree, FindingKind::DoubleFree];
    Locals::of(program)
        .is_ok_and(|locals| !wrong.iter().any(|&kind| locals.possible().contains(kind)))
}

fn words(undecided: &Undecided) -> &'static str {
    match undecided {
        Undecided::Leak(_) => "a task can end without giving back what others wait for",
        Undecided::TooManyNeeds => "too many things are waited for in a circle",
        Undecided::Budget => "the equations are too hard",
    }
}
