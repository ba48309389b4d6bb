//! A trace without the tasks that do not matter to it.
//!
//! In a trace of 32,767 tasks most tasks never move. Instances of one task program that start
//! without a stale mapping and never move stay alike. So one of them stands for all, with their
//! number, and the run of the other tasks is the same: those left out hold nothing, take up no
//! slot, wait in no queue, and the order of page numbers among the rest does not change.
//!
//! Instances that start with a stale mapping take up slots, and whether a kmap finds a free slot
//! depends on them: each of them stays. There are no more of them than slots.

use kmapcheck_machine::{Start, TaskId, Trace, TraceStep, instances, is_open};
use kmapcheck_scenario::{Bound, PageDecl, Program, SeriesId, StaleIn};

/// A trace of fewer tasks.
pub(crate) struct ReducedTrace {
    /// The program with these instances.
    pub program: Program,
    /// The trace.
    pub trace: Trace,
    /// The tasks that were asked for, by their new numbers.
    pub core: Vec<TaskId>,
    /// Tasks that stand for others, with how many others.
    pub alike: Vec<(TaskId, u32)>,
}

impl ReducedTrace {
    /// The tasks of a trace, those of `core`, those with stale mappings, and one of each other sort
    /// that stands idle; `None` if the trace names tasks that there are not.
    pub(crate) fn of(program: &Program, trace: &Trace, core: &[TaskId]) -> Option<ReducedTrace> {
        let counts = program
            .templates
            .iter()
            .map(|t| instances(t.count) as usize);
        let tasks: usize = counts.clone().sum();
        let mut matters = vec![false; tasks];
        let moving = trace.steps.iter().map(|step| step.task);
        for task in moving.chain(core.iter().copied()) {
            *matters.get_mut(task)? = true;
        }
        let mut stale = trace.start.stale.iter();
        let shared = program.pages.iter().filter(|page| is_open(page)).count();
        let mut kept: Vec<Vec<SeriesId>> = stale.by_ref().take(shared).cloned().collect();
        let mut number: Vec<Option<TaskId>> = vec![None; tasks];
        let (mut first, mut next) = (0, 0);
        let mut alike: Vec<(TaskId, u32)> = Vec::new();
        let mut smaller = program.clone();
        for (template, count) in smaller.templates.iter_mut().zip(counts) {
            let own = || template.vars.iter().filter_map(|var| var.page.as_ref());
            let open = own().filter(|page| is_open(page)).count();
            let certain = |page: &PageDecl| match &page.stale_in {
                StaleIn::Exactly(series) => !series.is_empty(),
                StaleIn::Any => false,
            };
            let all_stale = own().any(certain);
            let mut idle: Option<usize> = None;
            let before = next;
            for task in first..first + count {
                let way: Vec<&Vec<SeriesId>> = stale.by_ref().take(open).collect();
                let is_stale = all_stale || way.iter().any(|series| !series.is_empty());
                if !matters[task] && !is_stale {
                    if let Some(i) = idle {
                        alike[i].1 += 1;
                        continue;
                    }
                    idle = Some(alike.len());
                    alike.push((next, 0));
                }
                kept.extend(way.into_iter().cloned());
                number[task] = Some(next);
                next += 1;
            }
            if let Bound::Exactly(count) = &mut template.count {
                *count = u32::try_from(next - before).ok()?;
            }
            first += count;
        }
        let step = |step: &TraceStep| {
            let task = number[step.task]?;
            Some(TraceStep { task, ..*step })
        };
        Some(ReducedTrace {
            program: smaller,
            trace: Trace {
                start: Start { stale: kept },
                steps: trace.steps.iter().map(step).collect::<Option<_>>()?,
            },
            core: core
                .iter()
                .map(|&task| number[task])
                .collect::<Option<_>>()?,
            alike,
        })
    }
}
