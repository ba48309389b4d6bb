//! What happened, in the order in which it took effect. Outside loom's sight: loom runs all its
//! threads as coroutines of one thread, so plain memory does.
//!
//! An operation is logged inside the critical section in which it takes effect, so the log of an
//! execution is a sequential history of it. [`follow`](crate::follow) checks that the machine can
//! take the same steps.

use std::cell::RefCell;

use kmapcheck_machine::{Effect, Findings, Start};
use kmapcheck_scenario::NodeId;

use crate::tasks::TaskId;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Which task.
    pub task: TaskId,
    /// Its node.
    pub node: NodeId,
    /// What.
    pub what: What,
}

/// What happened to an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It took effect.
    Step {
        /// Where control went: the index of the target; `None`: it stayed.
        branch: Option<usize>,
        /// What it did.
        effect: Effect,
        /// What the driver found wrong with it.
        findings: Findings,
    },
    /// It began to wait.
    Waits {
        /// What the driver found wrong with the call.
        findings: Findings,
    },
    /// The kernel would have hit a `BUG()`.
    Bug(&'static str),
}

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Every task has ended.
    Finished,
    /// Nobody could go on any more.
    Deadlock,
}

/// The log of an execution.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    pub(crate) events: Vec<Event>,
    pub(crate) end: End,
}

/// What the exploring thread sends.
#[derive(Debug)]
pub(crate) enum Message {
    /// The logs that follow begin here.
    Start(Start),
    /// An execution.
    Log(Log),
}

/// Writes the log.
#[derive(Default)]
pub(crate) struct Recorder {
    events: RefCell<Vec<Event>>,
}

impl Recorder {
    pub(crate) fn add(&self, event: Event) {
        let mut events = self.events.borrow_mut();
        events.push(event);
    }

    /// Adds findings to the latest step of a task: those of its end.
    pub(crate) fn amend(&self, task: TaskId, more: Findings) {
        let mut events = self.events.borrow_mut();
        if let Some(Event {
            what: What::Step { findings, .. },
            ..
        }) = events.iter_mut().rev().find(|event| event.task == task)
        {
            *findings = findings.union(more);
        }
    }

    pub(crate) fn take(&self) -> Vec<Event> {
        self.events.take()
    }
}
