//! What a scenario declares, checked against its model, and the way from there to templates.
//!
//! Numbers of slots and instances are settled first (the model's, the scenario's, the user's),
//! since what may be declared depends on them.

use std::collections::HashSet;

use crate::check::blocks::Blocks;
use crate::check::model::{Model, note_duplicate};
use crate::check::scope::{Kernel, Resources, Scope};
use crate::check::stale::{Pages, StaleCount};
use crate::load::Overrides;
use crate::lower::{Growth, Parts, Shared, lower};
use crate::program::{Bound, Series, Template};
use crate::read::blocks::BlockNames;
use crate::read::decode::{LARGEST_NUMBER, entries};
use crate::read::operation::Reader;
use crate::read::scenario::{ScenarioFile, TaskFile};
use crate::read::steps::{Step, note_foreign_slots};
use crate::source::diagnostic::{Code, Log, Problem};
use crate::source::nearest::{help_for, quoted};

/// A scenario's declarations, checked against its model.
pub(crate) struct Checked<'a> {
    scenario: &'a ScenarioFile,
    model: &'a Model,
    /// For each series, the slots that hold in the end.
    pub(crate) slots: Vec<Bound>,
    /// The series that stand for units, which come after the model's.
    pub(crate) series_of_units: Vec<Series>,
    /// For each task, the instances that hold in the end.
    counts: Vec<Bound>,
    pub(crate) resources: Resources,
    pub(crate) pages: Pages,
    task_resources: Vec<Resources>,
    task_pages: Vec<Pages>,
}

impl<'a> Checked<'a> {
    pub(crate) fn new(
        scenario: &'a ScenarioFile,
        model: &'a Model,
        overrides: &Overrides,
        log: &mut Log,
    ) -> Self {
        let slots = settle_slots(scenario, model, overrides, log);
        let counts = settle_counts(scenario, overrides, log);
        if let (Some(preemptible), None) = (&scenario.preemptible, &scenario.cpus) {
            log.push(
                Problem::at(
                    Code::NeedsOther,
                    preemptible.span,
                    "`preemptible` means nothing without `cpus`",
                )
                .label("without `cpus`")
                .help("add `\"cpus\": 1`, or take this out"),
            );
        }
        let kernel = Kernel {
            model,
            slots: &slots,
            units: &overrides.units,
        };
        let mut resources = Resources::declare(
            scenario.locks.as_ref(),
            scenario.mempools.as_ref(),
            scenario.completions.as_ref(),
            kernel,
            log,
        );
        resources.inherit(kernel);
        check_units(&resources, overrides, log);
        let series_of_units = resources.follow_series_of_their_own(model.series.len());
        // The user's numbers are for what all tasks share.
        let kernel = Kernel {
            units: &[],
            ..kernel
        };
        let mut names = HashSet::new();
        for task in &scenario.tasks {
            if !names.insert(task.name.text()) {
                note_duplicate("task", &task.name, log);
            }
        }
        let task_resources: Vec<Resources> = scenario
            .tasks
            .iter()
            .map(|task| {
                Resources::declare(
                    task.locks.as_ref(),
                    task.mempools.as_ref(),
                    task.completions.as_ref(),
                    kernel,
                    log,
                )
            })
            .collect();
        for (task, own) in scenario.tasks.iter().zip(&task_resources) {
            refuse_open(task, own, log);
        }
        let declared = [&resources].into_iter().chain(&task_resources);
        let locks = declared.flat_map(Resources::lock_names);
        model.order.check(&model.series_names, locks, log);
        let mut stale = StaleCount::new(model, &slots);
        let pages = stale.declare(scenario.pages.as_ref(), Bound::Exactly(1), log);
        let task_pages = scenario
            .tasks
            .iter()
            .zip(&counts)
            .map(|(task, count)| stale.declare(task.pages.as_ref(), *count, log))
            .collect();
        Checked {
            scenario,
            model,
            slots,
            series_of_units,
            counts,
            resources,
            pages,
            task_resources,
            task_pages,
        }
    }

    /// Reads the blocks and the task programs.
    pub(crate) fn read_programs(&self, log: &mut Log) -> (Blocks, Vec<Vec<Step>>) {
        let names = BlockNames::of(entries(self.scenario.blocks.as_ref()));
        let reader = Reader {
            series: &self.model.series_names,
            operations: &self.model.signatures,
            params: None,
            in_loop: false,
            blocks: Some(&names),
        };
        let mut blocks = Blocks::read(self.scenario, reader, log);
        let tasks = self.scenario.tasks.iter();
        let programs: Vec<Vec<Step>> = tasks
            .map(|task| reader.read_block(&task.program.items, log))
            .collect();
        blocks.check(&programs, log);
        (blocks, programs)
    }

    pub(crate) fn lower(
        &self,
        blocks: &Blocks,
        steps: &[Vec<Step>],
        shared: &mut Shared,
        log: &mut Log,
    ) -> Vec<Template> {
        let mut templates = Vec::new();
        let mut spent = 0;
        let mut growth = Growth::default();
        for (index, task) in self.scenario.tasks.iter().enumerate() {
            let pages = &self.task_pages[index];
            let name = match blocks.list.as_slice() {
                [] => "this task".to_owned(),
                // What is wrong may stand in a block, far from the task.
                _ => format!("task {}", quoted(task.name.text())),
            };
            let scope = Scope {
                task: &name,
                own: &self.task_resources[index],
                shared: &self.resources,
                own_pages: &pages.by_name,
                shared_pages: &self.pages.by_name,
            };
            let parts = Parts {
                model: self.model,
                blocks,
                scope,
            };
            let lowered = lower(task, &steps[index], parts, pages, shared, log);
            spent += lowered.spent;
            growth = growth.and(lowered.growth);
            if spent > LARGEST_SCENARIO {
                note_too_large(task, growth, log);
            }
            if spent > LARGEST_SCENARIO || log.is_full() {
                break;
            }
            templates.push(Template {
                name: task.name.text().to_owned(),
                count: self.counts[index],
                vars: lowered.vars,
                resources: self.task_resources[index].list.clone(),
                nodes: lowered.nodes,
                entry: lowered.entry,
            });
        }
        templates
    }
}

/// Operations of all task programs together, unrolled and expanded.
const LARGEST_SCENARIO: usize = 1_000_000;

fn note_too_large(task: &TaskFile, growth: Growth, log: &mut Log) {
    let message = format!("the task programs unroll to more than {LARGEST_SCENARIO} operations");
    log.push(
        Problem::at(Code::ProgramTooLarge, task.name.span(), message)
            .label("with this one")
            .help(growth.help()),
    );
}

/// The slots of each series: the model's, the scenario's, the user's.
fn settle_slots(
    scenario: &ScenarioFile,
    model: &Model,
    overrides: &Overrides,
    log: &mut Log,
) -> Vec<Bound> {
    let mut slots: Vec<Bound> = model.series.iter().map(|series| series.slots).collect();
    let find = |name: &str| model.series_names.iter().position(|known| known == name);
    for (name, bound) in entries(scenario.slots.as_ref().map(|slots| &slots.0)) {
        if log.is_full() {
            break;
        }

        match find(name.text()) {
            Some(index) => slots[index] = bound.0.value,
            None => note_foreign_slots(name.text(), name.span(), &model.series_names, log),
        }
    }
    for (name, bound) in &overrides.slots {
        let known = model.series_names.iter().map(String::as_str);
        if let Some(index) =
            settle_override(("series", "series"), "slots", name, *bound, known, log)
        {
            slots[index] = *bound;
        }
    }
    slots
}

/// Notes numbers of units for what has none, and for what has as many as there are slots.
fn check_units(resources: &Resources, overrides: &Overrides, log: &mut Log) {
    let pools = || {
        let pools = resources.list.iter();
        pools.filter(|resource| resource.kind.units().is_some())
    };
    for (name, bound) in &overrides.units {
        let known = pools().map(|pool| pool.name.as_str());
        let kind = ("semaphore or mempool", "shared semaphores and mempools");
        settle_override(kind, "units", name, *bound, known, log);
        if pools().any(|pool| pool.name == *name && pool.follows.is_some()) {
            let message = format!("{} has as many units as a series has slots", quoted(name));
            let help = "give the series another number of slots";
            log.push(Problem::nowhere(Code::BadOverride, message).help(help));
        }
    }
}

/// Notes a task's own semaphores and mempools with any number of units: there would be as many
/// numbers as instances.
fn refuse_open(task: &TaskFile, own: &Resources, log: &mut Log) {
    let locks = entries(task.locks.as_ref()).iter().map(|(name, _)| name);
    let mempools = entries(task.mempools.as_ref()).iter().map(|(name, _)| name);
    for name in locks
        .chain(mempools)
        .filter(|name| own.is_open(name.text()))
    {
        let message = format!(
            "each instance of a task has a {} of its own, with any number of units",
            quoted(name.text())
        );
        log.push(
            Problem::at(Code::NumberRange, name.span(), message)
                .label("needs a number")
                .help("give one, or declare it beside `tasks`, where all tasks share it"),
        );
    }
}

/// The instances of each task: the scenario's, the user's.
fn settle_counts(scenario: &ScenarioFile, overrides: &Overrides, log: &mut Log) -> Vec<Bound> {
    let declared = scenario.tasks.iter();
    let mut counts: Vec<Bound> = declared
        .map(|task| {
            task.count
                .as_ref()
                .map_or(Bound::Exactly(1), |count| count.0.value)
        })
        .collect();
    for (name, bound) in &overrides.tasks {
        let known = scenario.tasks.iter().map(|task| task.name.text());
        if let Some(index) =
            settle_override(("task", "tasks"), "instances", name, *bound, known, log)
        {
            counts[index] = *bound;
        }
    }
    counts
}

/// Which of the `known` an override is for; notes a name or number that will not do.
fn settle_override<'k>(
    (kind, kinds): (&str, &str),
    what: &str,
    name: &str,
    bound: Bound,
    known: impl Iterator<Item = &'k str> + Clone,
    log: &mut Log,
) -> Option<usize> {
    let found = known.clone().position(|known| known == name);
    if found.is_none() {
        let message = format!(
            "an override is for the {kind} {}, which does not exist",
            quoted(name)
        );
        log.push(Problem::nowhere(Code::BadOverride, message).help(help_for(name, kinds, known)));
    }
    if let Bound::Exactly(number) = bound
        && !(1..=LARGEST_NUMBER).contains(&number)
    {
        let message = format!("an override gives {} {number} {what}", quoted(name));
        let help = format!("give a number from 1 to {LARGEST_NUMBER}");
        log.push(Problem::nowhere(Code::BadOverride, message).help(help));
        return None;
    }
    found
}
