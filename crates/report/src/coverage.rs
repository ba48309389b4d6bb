//! What an engine saw, why it stopped, and what the reader should know before trusting it.

use kmapcheck_machine::{Outcome, Stopped as Why, instances};
use kmapcheck_scenario::{Bound, Op, Program};

use crate::report::{Coverage, NeverExecuted, StopReason, Stopped};
use crate::words::{bytes, count};

pub(crate) fn coverage(program: &Program, outcome: &Outcome) -> Coverage {
    let seen = &outcome.coverage;
    let never = seen.never_executed.iter().map(|&(template, origin)| {
        let origin = &program.origins[origin];
        NeverExecuted {
            task: program.templates[template].name.clone(),
            op: origin.text().to_owned(),
            source: program.show_location(origin.location()),
            at: origin.at().map(str::to_owned),
        }
    });
    Coverage {
        engine: outcome.engine.to_owned(),
        complete: seen.exhaustive,
        states: seen.states,
        transitions: seen.transitions,
        depth: seen.depth,
        never_executed: seen.exhaustive.then(|| never.collect()),
    }
}

pub(crate) fn stopped(program: &Program, outcome: &Outcome) -> Option<Stopped> {
    let file = program.files.first().map_or("FILE", String::as_str);
    let again = |option: &str, value: String| format!("kmapcheck check {option} {value} {file}");
    let (reason, text, next) = match outcome.stopped.as_ref()? {
        Why::States(limit) => (
            StopReason::MaxStates,
            format!("the limit of {} came first", count(*limit, "state")),
            again("--max-states", limit.saturating_mul(10).to_string()),
        ),
        Why::Memory(limit) => (
            StopReason::MaxMemory,
            format!("the limit of {} of memory came first", bytes(*limit)),
            again(
                "--max-memory",
                format!("{}M", (limit >> 20).saturating_mul(2).max(1)),
            ),
        ),
        Why::Time(limit) => (
            StopReason::Timeout,
            format!("the limit of {} came first", seconds(*limit)),
            again(
                "--timeout",
                format!("{}s", limit.saturating_mul(10).div_ceil(1000).max(1)),
            ),
        ),
        Why::Interrupted => (
            StopReason::Interrupted,
            "interrupted".to_owned(),
            format!("kmapcheck check {file}"),
        ),
        Why::Unbounded(what) => (
            StopReason::Unbounded,
            what.clone(),
            "bound it: let a loop take back what it gives, or use `repeat` in place of `loop`"
                .to_owned(),
        ),
    };
    Some(Stopped { reason, text, next })
}

fn seconds(millis: u64) -> String {
    if millis.is_multiple_of(1000) {
        count(millis / 1000, "second")
    } else {
        format!("{millis} ms")
    }
}

/// Reasons to doubt that a verdict means what it seems to mean.
pub(crate) fn remarks(program: &Program, outcome: &Outcome) -> Vec<String> {
    let runs = |count: Bound| count == Bound::Any || instances(count) > 0;
    if !program
        .templates
        .iter()
        .any(|template| runs(template.count))
    {
        return vec!["the scenario has no tasks: the verdict proves nothing".to_owned()];
    }
    let mut said = Vec::new();
    if !outcome.coverage.exhaustive {
        return said;
    }
    for (id, template) in program.templates.iter().enumerate() {
        let never = |origin| outcome.coverage.never_executed.contains(&(id, origin));
        let mut ops = template.nodes.iter().filter(|node| node.op != Op::Choose);
        if ops.clone().next().is_none() {
            said.push(format!(
                "task {} has no operations: the verdict says nothing about it",
                template.name
            ));
        } else if ops.all(|node| never(node.origin)) {
            said.push(format!(
                "no interleaving executes any operation of task {}: the verdict says nothing about what it does",
                template.name
            ));
        }
    }
    said
}
