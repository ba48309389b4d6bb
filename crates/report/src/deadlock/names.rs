//! What tasks, and the things they wait for, are called.

use kmapcheck_machine::{Name, PageId, Resource, instance_of, task_name};
use kmapcheck_scenario::Program;
use kmapcheck_stuck::scene::Scene;

use crate::words::list;

/// How many runs of tasks [`task_names`] spells out.
const MOST_RUNS: usize = 6;

/// The tasks, in their order, as first and last of each run of three or more neighbours in one
/// template; others are runs of their own.
fn runs(program: &Program, tasks: &[usize]) -> Vec<(usize, usize)> {
    let template = |task| instance_of(program, task).map(|(template, _)| template);
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &task in tasks {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == task && template(*last) == template(task) => {
                *last = task
            }
            _ => runs.push((task, task)),
        }
    }
    runs.into_iter()
        .flat_map(|(first, last)| {
            if last == first + 1 {
                vec![(first, first), (last, last)]
            } else {
                vec![(first, last)]
            }
        })
        .collect()
}

/// Tasks, ascending or in the order of a queue, for a sentence: `mremap#1 to mremap#3 and fork`.
pub(crate) fn task_names(program: &Program, tasks: &[usize]) -> String {
    let runs = runs(program, tasks);
    let mut names: Vec<String> = runs
        .iter()
        .take(MOST_RUNS)
        .map(|&(first, last)| {
            if first == last {
                task_name(program, first)
            } else {
                format!(
                    "{} to {}",
                    task_name(program, first),
                    task_name(program, last)
                )
            }
        })
        .collect();
    let more: usize = runs
        .iter()
        .skip(MOST_RUNS)
        .map(|(first, last)| last - first + 1)
        .sum();
    if more > 0 {
        names.push(format!("{more} more"));
    }
    list(&names)
}

/// Tasks, ascending, for a label: `mremap#1..#3, mremap#7`.
pub(crate) fn task_label(program: &Program, tasks: &[usize]) -> String {
    let labels: Vec<String> = runs(program, tasks)
        .into_iter()
        .map(|(first, last)| match instance_of(program, last) {
            Some((_, number)) if first != last => {
                format!("{}..#{}", task_name(program, first), number + 1)
            }
            _ => task_name(program, first),
        })
        .collect();
    labels.join(", ")
}

/// The name of a page, and the task that alone knows it by that name, if it is not shared.
pub(crate) fn page_name(scene: &Scene<'_>, page: PageId) -> (String, Option<usize>) {
    let is_page = |name: &Name| *name == Name::Page(page);
    if let Some(shared) = scene.shared.names.iter().position(is_page) {
        return (scene.program.pages[shared].name.clone(), None);
    }
    for (i, party) in scene.parties.iter().enumerate() {
        if let Some(own) = party.task.names.iter().position(is_page) {
            let template = &scene.program.templates[party.task.template];
            return (template.vars[own].name.clone(), Some(i));
        }
    }
    (format!("page {page}"), None)
}

/// The name of a thing as the scenario has it, and the task whose own it is, if it is one's own.
pub(crate) fn thing_name(scene: &Scene<'_>, thing: Resource) -> (String, Option<usize>) {
    match thing {
        Resource::Series(series) => (scene.program.series[series].name.clone(), None),
        Resource::Shared(index) => (scene.program.resources[index].name.clone(), None),
        Resource::Own { task, index } => {
            let template = &scene.program.templates[scene.parties[task].task.template];
            (template.resources[index].name.clone(), Some(task))
        }
        Resource::PageLock(page) => page_name(scene, page),
        Resource::FreePages => ("free pages".into(), None),
        Resource::Cpus => ("CPUs".into(), None),
    }
}
