//! `kmapcheck matrix`: what each scenario does beside each other one.
//!
//! The tasks of two scenarios run [side by side](Program::beside), for each number of slots and on
//! each model that is asked for. A scenario beside itself is the scenario alone. Of two that are
//! different, what counts is what was not found of either alone: of them the diagonal tells.
//!
//! **What one does alone it does in a pair,** starvation apart, where [fewer tasks can do nothing that more
//! cannot](fewer_is_a_run_of_more): the other tasks need not move. So if one of the two deadlocks
//! alone, the pair does. If moreover no local state of either shows an error that was not found alone,
//! nothing is left to be asked but whether there is a further deadlock, for which both are needed: a
//! [search of its own](further::further) looks for it, as far as a number of states goes.

pub mod further;
pub mod picture;
mod sign;
pub mod text;

use kmapcheck_engine::{Progress, Verdict};
use kmapcheck_limits::{Limits, Watch, entered};
use kmapcheck_local::Locals;
use kmapcheck_machine::Findings;
use kmapcheck_prove::settle::{fewer_is_a_run_of_more, stuck};
use kmapcheck_report::{NumberOf, ended};
use kmapcheck_scenario::{Bound, FindingKind, Level, Program, TemplateId};
use serde::Serialize;

use crate::explored::explored;
use further::{FURTHER_STATES, Further, further};

pub use further::Together;
pub use sign::Sign;

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// The scenarios, in the order of rows and columns.
    pub scenarios: Vec<Named>,
    /// The size at each place of a cell, such as `2 slots`; only one, that is empty: as the files have it.
    pub sizes: Vec<String>,
    /// What these are sizes of: `in each series`, `of connections`.
    pub sizes_of: String,
    /// Whether all scenarios are about every number of tasks.
    pub any_tasks: bool,
    /// One for each model.
    pub tables: Vec<Table>,
}

/// A scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its name.
    pub scenario: String,
    /// Its file.
    pub file: String,
}

/// What holds on one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// The model that was asked for; null: each scenario's own.
    pub model: Option<String>,
    /// For each scenario in turn: beside each one before it, and alone.
    pub rows: Vec<Vec<Cell>>,
}

/// Two scenarios side by side, or one alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// The scenarios' names; twice the same: alone.
    pub of: [String; 2],
    /// What holds at each of the sizes, in their order.
    pub at: Vec<Entry>,
}

/// What holds at one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Entry {
    /// It was run.
    Ran(Ran),
    /// There is no such program, or it cannot be run.
    NotRun {
        /// Why.
        why: String,
    },
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ran {
    /// `clean`, `violated` or `inconclusive`.
    pub verdict: String,
    /// Kinds of finding, in the order of reports.
    pub findings: Vec<&'static str>,
    /// Those of them that were not found of either scenario alone; of a scenario alone: all.
    pub new: Vec<&'static str>,
    /// Of a deadlock: its class, if it was looked for here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Of findings about every number of tasks: the numbers with which they were found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Number>,
    /// Where one of the two deadlocks alone: whether there is a further deadlock, of tasks of both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub together: Option<Together>,
    /// Why there may be more, if there may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// All that was found.
    #[serde(skip)]
    found: Findings,
    /// What neither has alone.
    #[serde(skip)]
    added: Findings,
}

/// So many tasks of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Number {
    /// The task program.
    pub task: String,
    /// How many.
    pub number: u32,
}

/// Scenarios on a model.
#[derive(Debug)]
pub struct OnModel {
    /// The model that was asked for; `None`: each scenario's own.
    pub model: Option<String>,
    /// For each scenario, in order, the program at each size; or why there is none.
    pub programs: Vec<Sized>,
}

/// A program at each size, or why there is none.
pub type Sized = Vec<Result<Program, String>>;

/// How far it has come.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    /// Cells that are done.
    pub cells: usize,
    /// Of so many.
    pub of: usize,
}

/// Fills the tables. The programs are at the `sizes`, one at least, of what is named beside them. The
/// limits are for each program, but for `timeout`, which is for all of them together.
pub fn matrix(
    scenarios: Vec<Named>,
    models: &[OnModel],
    (sizes, sizes_of): (Vec<String>, String),
    limits: &Limits,
    progress: &mut dyn FnMut(Done, &Progress),
) -> Matrix {
    let mut asking = Asking {
        limits,
        watch: Watch::start(limits),
        done: Done {
            cells: 0,
            of: models.len() * scenarios.len() * (scenarios.len() + 1) / 2,
        },
        progress,
    };
    // What is known must not be lost on the way: the cells look at the limits.
    let _apart = entered(None);
    let tables = models.iter().map(|on| Table {
        model: on.model.clone(),
        rows: asking.rows(&scenarios, &on.programs),
    });
    let tables = tables.collect();
    let programs = models
        .iter()
        .flat_map(|on| on.programs.iter().flatten().flatten());
    let mut templates = programs.flat_map(|program| &program.templates);
    Matrix {
        tables,
        any_tasks: templates.all(|template| template.count == Bound::Any),
        sizes,
        sizes_of,
        scenarios,
    }
}

/// What is known of the two scenarios of a pair, each alone.
struct Alone<'e> {
    entries: [&'e Entry; 2],
    /// How many task programs of the pair are the first one's.
    split: TemplateId,
}

/// Two scenarios side by side, in the order of their rows; or why there is no such program.
///
/// # Errors
///
/// Why there is none.
pub fn pair(
    one: &Result<Program, String>,
    other: &Result<Program, String>,
) -> Result<Program, String> {
    (one.as_ref().map_err(Clone::clone))
        .and_then(|one| one.beside(other.as_ref().map_err(Clone::clone)?))
}

struct Asking<'a> {
    limits: &'a Limits,
    watch: Watch,
    done: Done,
    progress: &'a mut dyn FnMut(Done, &Progress),
}

impl Asking<'_> {
    fn rows(&mut self, scenarios: &[Named], programs: &[Sized]) -> Vec<Vec<Cell>> {
        let name = |i: usize| scenarios[i].scenario.clone();
        let alone: Vec<Cell> = (programs.iter().enumerate())
            .map(|(i, sized)| Cell {
                of: [name(i), name(i)],
                at: self.cell(sized.iter().map(|program| (program.clone(), None))),
            })
            .collect();
        let beside = |asking: &mut Self, i: usize, j: usize| {
            let each = programs[i].iter().zip(&programs[j]).enumerate();
            let pairs = each.map(|(at, (one, other))| {
                let alone = Alone {
                    entries: [&alone[i].at[at], &alone[j].at[at]],
                    // Without the first there is no pair, and nothing to be split.
                    split: one.as_ref().map_or(0, |one| one.templates.len()),
                };
                (pair(one, other), Some(alone))
            });
            Cell {
                of: [name(i), name(j)],
                at: asking.cell(pairs),
            }
        };
        (0..programs.len())
            .map(|i| {
                (0..i)
                    .map(|j| beside(self, j, i))
                    .chain([alone[i].clone()])
                    .collect()
            })
            .collect()
    }

    /// What holds of each program. Beside it, for a pair, stands what holds of either alone.
    fn cell<'e>(
        &mut self,
        programs: impl Iterator<Item = (Result<Program, String>, Option<Alone<'e>>)>,
    ) -> Vec<Entry> {
        let entries = programs.map(|(program, alone)| match (program, alone) {
            (Err(why), _) => Entry::NotRun { why },
            (Ok(program), None) => self.explore(&program, Findings::NONE, Findings::NONE),
            (Ok(program), Some(Alone { entries, split })) => {
                let alone = entries[0].found().union(entries[1].found());
                let mut carried = alone.minus(Findings::of(FindingKind::Starved));
                // Where there is no time left, that is not known.
                let carries = || self.watch.run(|| fewer_is_a_run_of_more(&program));
                if !carried.is_empty() && !carries().unwrap_or(false) {
                    carried = Findings::NONE;
                }
                let mut entry = if self.is_all(&program, carried) {
                    Entry::Ran(Ran::new(carried, alone, Verdict::Violated))
                } else {
                    self.explore(&program, alone, carried)
                };
                if let (Entry::Ran(ran), true) = (&mut entry, alone.contains(FindingKind::Deadlock))
                {
                    ran.together = Some(self.together(&program, split));
                }
                entry
            }
        });
        let entries = entries.collect();
        self.done.cells += 1;
        entries
    }

    /// Whether what a pair is known to have is a deadlock, and all else that it can have.
    fn is_all(&self, pair: &Program, known: Findings) -> bool {
        let possible =
            || (self.watch.run(|| Locals::of(pair)).ok()?.ok()).map(|locals| locals.possible());
        known.contains(FindingKind::Deadlock)
            && possible().is_some_and(|possible| possible.minus(stuck()).minus(known).is_empty())
    }

    /// Whether tasks of both are deadlocked on one another, as far as a short search says.
    fn together(&mut self, pair: &Program, split: TemplateId) -> Together {
        let limits = Limits {
            timeout: self.watch.time_left(),
            max_states: Some(
                (self.limits.max_states).map_or(FURTHER_STATES, |n| n.min(FURTHER_STATES)),
            ),
            ..self.limits.clone()
        };
        let (done, progress) = (self.done, &mut *self.progress);
        let cell = Watch::start(&Limits::default());
        let found =
            cell.run(|| further(pair, split, &limits, &mut |states| progress(done, states)));
        let why = match found {
            Ok(Ok(Further::Found(report))) => {
                return report
                    .findings
                    .iter()
                    .find_map(Together::of)
                    .unwrap_or(Together::Nothing);
            }
            Ok(Ok(Further::Nothing)) => return Together::Nothing,
            Ok(Ok(Further::NotKnown(why)) | Err(why)) => why,
            Err(reached) => ended(&self.watch.reached().unwrap_or(reached).into()),
        };
        Together::NotKnown { why }
    }

    /// What holds of a program, which has the findings `known`, and of which those `alone` are no news.
    fn explore(&mut self, program: &Program, alone: Findings, known: Findings) -> Entry {
        let nothing = |why| {
            Entry::Ran(Ran {
                stopped: Some(why),
                ..Ran::new(known, alone, Verdict::Inconclusive)
            })
        };
        if let Some(reached) = self.watch.reached() {
            return nothing(ended(&reached.into()));
        }
        let limits = Limits {
            timeout: self.watch.time_left(),
            ..self.limits.clone()
        };
        let (done, progress) = (self.done, &mut *self.progress);
        // A limit that comes where nothing can be kept ends this cell, and not the others.
        let cell = Watch::start(&Limits::default());
        let explored =
            cell.run(|| explored(program, &limits, &mut |states| progress(done, states)));
        let (report, sizes) = match explored {
            Ok(Ok(explored)) => explored,
            Ok(Err(why)) => return nothing(why),
            Err(reached) => {
                let reached = self.watch.reached().unwrap_or(reached);
                return nothing(ended(&reached.into()));
            }
        };
        let stopped = report
            .stopped
            .as_ref()
            .map(|stopped| match self.watch.reached() {
                // What was given for all, not what was left of it.
                Some(reached) => ended(&reached.into()),
                None => stopped.text.clone(),
            });
        let found: Findings = report.findings.iter().map(|finding| finding.kind).collect();
        let sizes = sizes.into_iter().filter(|size| size.of == NumberOf::Tasks);
        let tasks = sizes.map(|size| Number {
            task: size.name,
            number: size.number,
        });
        Entry::Ran(Ran {
            class: report
                .findings
                .iter()
                .find_map(|finding| finding.class.clone()),
            tasks: tasks.collect(),
            stopped,
            ..Ran::new(found.union(known), alone, report.verdict)
        })
    }
}

impl Ran {
    /// What was `found`, of which those `alone` are no news.
    fn new(found: Findings, alone: Findings, verdict: Verdict) -> Ran {
        let names = |kinds: Findings| kinds.iter().map(FindingKind::name).collect();
        let added = found.minus(alone);
        Ran {
            verdict: verdict.name().to_owned(),
            findings: names(found),
            new: names(added),
            class: None,
            tasks: Vec::new(),
            together: None,
            stopped: None,
            found,
            added,
        }
    }
}

impl Entry {
    fn found(&self) -> Findings {
        match self {
            Entry::Ran(ran) => ran.found,
            Entry::NotRun { .. } => Findings::NONE,
        }
    }

    /// Whether all that is asked about it is answered.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        match self {
            Entry::Ran(ran) => ran.stopped.is_none() && ran.verdict != Verdict::Inconclusive.name(),
            Entry::NotRun { .. } => true,
        }
    }

    /// Its sign in tables.
    #[must_use]
    pub fn sign(&self) -> Sign {
        let Entry::Ran(ran) = self else {
            return Sign::NotRun;
        };
        let has_error = |kinds: Findings| kinds.iter().any(|kind| kind.level() == Level::Error);
        let is_stuck = |kinds: Findings| !kinds.intersection(stuck()).is_empty();
        if is_stuck(ran.added) {
            Sign::Stuck
        } else if has_error(ran.added) {
            Sign::Error
        } else if matches!(ran.together, Some(Together::Found { .. })) {
            Sign::StuckBesides
        } else if is_stuck(ran.found) {
            Sign::StuckAlone
        } else if !self.is_complete() {
            Sign::Unknown
        } else if has_error(ran.found) {
            Sign::ErrorAlone
        } else {
            Sign::Nothing
        }
    }
}

impl Matrix {
    /// Every cell of every table.
    fn cells(&self) -> impl Iterator<Item = &Cell> {
        (self.tables.iter()).flat_map(|table| table.rows.iter().flatten())
    }

    /// The signs that occur.
    pub(crate) fn signs(&self) -> impl Iterator<Item = Sign> {
        let occurs = |sign: &Sign| {
            let mut entries = self.cells().flat_map(|cell| &cell.at);
            entries.any(|entry| entry.sign() == *sign)
        };
        Sign::ALL.into_iter().filter(occurs)
    }

    /// Clean: all is known, whatever it is.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let complete = self
            .cells()
            .flat_map(|cell| &cell.at)
            .all(Entry::is_complete);
        Verdict::of_whole(complete)
    }
}
