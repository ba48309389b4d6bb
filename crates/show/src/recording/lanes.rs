//! Which tasks are shown as one: those that run the same program through the same lines, end up
//! waiting for the same, and have the same part in the finding.

use std::collections::BTreeMap;

use kmapcheck_report::{Who, folded};

use crate::recording::types::{Lane, Recording};

/// Up to so many tasks are shown one by one.
const SHOWN_SINGLY: usize = 8;

/// What a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Awaited<'a> {
    /// Something that belongs to a task, by the name that it has there.
    Own(&'a str),
    /// Something of all tasks, in [`Recording::things`].
    Shared(usize),
}

/// The lanes of a recording, in the order of their first tasks.
pub(crate) fn lanes(recording: &Recording, who: &[Who]) -> Vec<Lane> {
    let single = |task: usize| Lane {
        label: recording.tasks[task].name.clone(),
        tasks: vec![task],
    };
    if recording.tasks.len() <= SHOWN_SINGLY {
        return (0..recording.tasks.len()).map(single).collect();
    }
    let mut paths: Vec<Vec<(usize, Option<usize>)>> = vec![Vec::new(); recording.tasks.len()];
    for step in &recording.steps {
        paths[step.task].push((step.at, step.to));
    }
    // What each waits for; things of tasks' own count as the same.
    let mut waits: Vec<Vec<Awaited<'_>>> = vec![Vec::new(); recording.tasks.len()];
    for wait in recording.waits_at(recording.last()) {
        waits[wait.task].push(match &recording.things[wait.thing].own {
            Some(name) => Awaited::Own(name),
            None => Awaited::Shared(wait.thing),
        });
    }
    let mut alike: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (task, actor) in recording.tasks.iter().enumerate() {
        let key = (
            actor.program,
            actor.core,
            actor.stuck,
            &paths[task],
            &waits[task],
        );
        alike.entry(key).or_default().push(task);
    }
    let mut lanes: Vec<Lane> = alike
        .into_values()
        .map(|tasks| {
            let names: Vec<(Who, &str)> = (tasks.iter())
                .map(|&task| (who[task], recording.tasks[task].name.as_str()))
                .collect();
            Lane {
                label: folded(&names).join(", "),
                tasks,
            }
        })
        .collect();
    lanes.sort_by_key(|lane| lane.tasks[0]);
    lanes
}
