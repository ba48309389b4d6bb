//! Findings of an engine, and what engines say about them alike.

use std::collections::HashSet;
use std::hash::BuildHasher;

use kmapcheck_machine::{TaskId, Trace};
use kmapcheck_scenario::{FindingKind, NodeId, Op, OriginId, Program, TemplateId};

/// Something wrong, with the shortest way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// How to get there: the trace ends in the first state (or with the first step) that shows it.
    pub trace: Trace,
    /// For `sleep-in-atomic`: whether the call can really sleep there, if that was seen.
    pub can_sleep: Option<bool>,
    /// For `starved`: the task that starves, in the last state.
    pub starved: Option<TaskId>,
}

impl Finding {
    /// A finding of which nothing more is known than how to get there.
    #[must_use]
    pub fn of(kind: FindingKind, trace: Trace) -> Finding {
        Finding {
            kind,
            trace,
            can_sleep: None,
            starved: None,
        }
    }

    /// A task that starves in the last state of a trace.
    #[must_use]
    pub fn starved(trace: Trace, task: TaskId) -> Finding {
        Finding {
            starved: Some(task),
            ..Finding::of(FindingKind::Starved, trace)
        }
    }
}

/// Whether a call in atomic context can really sleep: it was seen to, it always does, or a search
/// that is `complete` has not seen it.
#[must_use]
pub fn can_sleep(
    program: &Program,
    (template, node): (TemplateId, NodeId),
    seen: bool,
    complete: bool,
) -> Option<bool> {
    if seen || program.templates[template].nodes[node].op == Op::MightSleep {
        Some(true)
    } else {
        complete.then_some(false)
    }
}

/// The operations that were not executed, in program order.
#[must_use]
pub fn never_executed<S: BuildHasher + Clone>(
    program: &Program,
    executed: &HashSet<(TemplateId, OriginId), S>,
) -> Vec<(TemplateId, OriginId)> {
    let mut never = Vec::new();
    let mut seen = executed.clone();
    for (id, template) in program.templates.iter().enumerate() {
        let operations = template.nodes.iter().map(|node| (id, node.origin));
        never.extend(operations.filter(|&operation| seen.insert(operation)));
    }
    never
}
