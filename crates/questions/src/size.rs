//! `kmapcheck size`: which numbers of slots and tasks are safe.
//!
//! *Safe* is: no deadlock, and nobody starves. Other errors hardly depend on sizes and are listed
//! beside. What is asked is answered for one size ([`Cells`]) or, by the equations with sizes left
//! open ([`Family`]), for all from some on; every answer says which of the two it is.
//!
//! Nothing is interpolated. Safety is not monotone in slots: a series of one slot is a lock, and a
//! second slot can let in a second task that then takes other things in the other order. In tasks
//! it is, where [fewer tasks can do nothing that more cannot](kmapcheck_prove::settle::fewer_is_a_run_of_more)
//! and as far as deadlocks go.
//!
//! | module | what |
//! |---|---|
//! | [`resize`] | a program with other numbers |
//! | [`family`] | the equations with all numbers left open |
//! | [`cells`] | what holds at one size |
//! | [`axis`] | what is counted along the tasks' side |
//! | [`mod@frontier`] | the smallest slots |
//! | [`tasks`] | the largest number of tasks |
//! | [`text`], [`picture`] | what people see |

pub mod axis;
pub mod cells;
pub mod family;
pub mod frontier;
pub mod picture;
pub mod resize;
pub mod tasks;
pub mod text;

use kmapcheck_engine::{Progress, Verdict};
use kmapcheck_limits::{Limits, Watch, entered};
use kmapcheck_scenario::{Level, Program, SeriesId};
use kmapcheck_search::{Engine, run};
use serde::Serialize;

pub use axis::Axis;
pub use cells::{Cell, Cells};
pub use family::{Family, Slots};
pub use frontier::{Frontier, frontier, safe_from};
pub use resize::{Numbers, resized, used_series};
pub use tasks::{TaskLimit, limit};

use kmapcheck_prove::settle::stuck;
use kmapcheck_report::ended;

/// The largest number of slots or instances that scenarios allow.
pub const LARGEST: u32 = 1_000_000;

/// Vectors of slots are so many at most; with many series, each goes less far.
const MOST_VECTORS: u32 = 1_000;

/// What to look at.
#[derive(Debug, Clone)]
pub struct Options {
    /// Numbers of slots from 1 to this.
    pub slots_up_to: u32,
    /// Numbers of tasks from 1 to this.
    pub tasks_up_to: u32,
    /// For each search; but `timeout` is for everything together.
    pub limits: Limits,
}

impl Options {
    fn vectors_up_to(&self, series: usize) -> u32 {
        let exponent = u32::try_from(series).expect("a model has at most 1,000 series");
        (1..=self.slots_up_to)
            .rev()
            .find(|n| n.checked_pow(exponent).is_some_and(|n| n <= MOST_VECTORS))
            .unwrap_or(1)
    }
}

/// Everything about the sizes of one scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SizeReport {
    /// The scenario.
    pub scenario: String,
    /// The model.
    pub model: String,
    /// What a cell is judged by.
    pub judged: Vec<&'static str>,
    /// Other errors, which are found with the numbers as given.
    pub other_errors: Vec<&'static str>,
    /// Whether those are all that there are with these numbers.
    pub other_errors_complete: bool,
    /// Numbers of slots as given, of the series in use; none: any.
    pub slots: Vec<(String, Option<u32>)>,
    /// Numbers of tasks as given.
    pub tasks: Vec<(String, Option<u32>)>,
    /// What holds with the numbers as given.
    pub given: Cell,
    /// The smallest slots.
    pub smallest_slots: Frontier,
    /// The largest numbers of tasks.
    pub most_tasks: Vec<TaskLimit>,
    /// Slots by tasks.
    pub tables: Vec<Table>,
    /// Why the rest is missing, if a limit came before all was asked; left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

/// Slots of one series by tasks, everything else as given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// The series.
    pub series: String,
    /// Whether that is slots or units.
    #[serde(skip)]
    pub counts: &'static str,
    /// What is counted.
    pub tasks: String,
    /// Whether that is all tasks together.
    #[serde(skip)]
    pub all_tasks: bool,
    /// For each number of slots, from 1 on.
    pub rows: Vec<Row>,
}

/// One number of slots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The slots.
    pub slots: u32,
    /// For each number of tasks, from 1 on.
    pub cells: Vec<Cell>,
}

/// Finds out all of it.
pub fn sizes(
    program: &Program,
    options: &Options,
    progress: &mut dyn FnMut(&Progress),
) -> SizeReport {
    let program = &program.clone().with_series_of_units();
    let given = Numbers::of(program);
    let series = used_series(program);
    let axes = Axis::all(program);
    // All that follows has the limits together.
    let watch = Watch::start(&options.limits);
    let _under = entered(Some(&watch));
    let (other_errors, other_errors_complete) = other_errors(program, options, progress);
    let mut cells = Cells::new(program, &options.limits, progress);
    // What is known must not be lost on the way: the cells look at the limits.
    let _apart = entered(None);
    let at_given = cells.at(&given);
    let mut tables = Vec::new();
    let pairs = (series.iter()).flat_map(|&series| axes.iter().map(move |axis| (series, axis)));
    for (series, axis) in pairs {
        if cells.stopped().is_some() {
            break;
        }
        tables.push(table(&mut cells, &given, series, axis, options));
    }
    let smallest_slots = frontier(&mut cells, &given, &series, options);
    let mut most_tasks = Vec::new();
    for axis in &axes {
        // One answer at least, if only that it was not found out.
        if cells.stopped().is_some() && !most_tasks.is_empty() {
            break;
        }
        most_tasks.push(limit(&mut cells, &given, axis, options));
    }
    SizeReport {
        scenario: program.name.clone(),
        model: program.model.clone(),
        judged: cells::names(stuck()),
        other_errors,
        other_errors_complete,
        slots: (series.iter())
            .map(|&s| (program.series[s].name.clone(), given.slots[s]))
            .collect(),
        tasks: (program.templates.iter().zip(&given.tasks))
            .map(|(template, &n)| (template.name.clone(), n))
            .collect(),
        given: at_given,
        smallest_slots,
        most_tasks,
        tables,
        stopped: cells.stopped().map(|reached| ended(&reached.into())),
    }
}

/// What there are of those series.
pub(crate) fn counts(program: &Program, series: &[SeriesId]) -> &'static str {
    let of_units = |&s: &SeriesId| program.series[s].has_units();
    match (series.iter().any(of_units), series.iter().all(of_units)) {
        (false, _) => "slots",
        (true, true) => "units",
        (true, false) => "slots and units",
    }
}

/// What holds for numbers of slots of one series by numbers of tasks.
fn table(
    cells: &mut Cells<'_>,
    given: &Numbers,
    series: SeriesId,
    axis: &Axis,
    options: &Options,
) -> Table {
    let mut row = |slots| {
        let numbers = given.with_slots(series, slots);
        let mut cell = |n| {
            let numbers = axis.put(&numbers, n);
            numbers.map_or(Cell::Misfit, |numbers| cells.at(&numbers))
        };
        Row {
            slots,
            cells: (1..=options.tasks_up_to).map(&mut cell).collect(),
        }
    };
    let rows = (1..=options.slots_up_to).map(&mut row).collect();
    Table {
        series: cells.program.series[series].name.clone(),
        counts: counts(cells.program, &[series]),
        tasks: axis.name.clone(),
        all_tasks: axis.is_joint(),
        rows,
    }
}

/// Errors other than those that sizes are judged by, as the search finds them with the numbers as
/// given; and whether there can be no others.
fn other_errors(
    program: &Program,
    options: &Options,
    progress: &mut dyn FnMut(&Progress),
) -> (Vec<&'static str>, bool) {
    let errors = |findings: kmapcheck_machine::Findings| -> kmapcheck_machine::Findings {
        (findings.minus(stuck()).iter())
            .filter(|kind| kind.level() == Level::Error)
            .collect()
    };
    let watch = Watch::start(&options.limits);
    let locals = watch.run(|| kmapcheck_local::Locals::of(program));
    let Ok(locals) = locals else {
        return (Vec::new(), false);
    };
    let possible = locals.ok().map(|locals| errors(locals.possible()));
    if possible.is_some_and(kmapcheck_machine::Findings::is_empty) {
        return (Vec::new(), true);
    }
    match run(Engine::Search, program, &options.limits, progress) {
        Err(_) => (Vec::new(), false),
        Ok(outcome) => {
            let found = errors(outcome.kinds());
            let complete = outcome.stopped.is_none() || possible == Some(found);
            (cells::names(found), complete)
        }
    }
}

impl SizeReport {
    /// Clean: all is known, whatever it is.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict::of_whole(self.is_complete())
    }

    /// Whether nothing was left open for want of time, memory or states.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let open = |cell: &Cell| matches!(cell, Cell::Unknown { .. });
        let mut cells = (self.tables.iter())
            .flat_map(|table| table.rows.iter().flat_map(|row| &row.cells))
            .chain(
                self.most_tasks
                    .iter()
                    .filter_map(|limit| limit.one_more.as_ref()),
            )
            .chain(
                self.smallest_slots
                    .from
                    .iter()
                    .filter_map(|from| from.one_fewer.as_ref()),
            )
            .chain([&self.given]);
        self.stopped.is_none() && self.smallest_slots.unknown.is_empty() && !cells.any(open)
    }
}
