//! The scenario file, as written: what the tasks share, and the task programs.

use crate::program::{Bound, FindingKind};
use crate::read::assumed::AssumptionFile;
use crate::read::blocks::BlockFile;
use crate::read::decode::{Decode, Line, Map, Name, Number, Prose, record, wrong_type};
use crate::read::json::{Json, Value};
use crate::read::model::{BoundFile, ModelFile, OperationFile, SeriesFile, unknown_value};
use crate::read::steps::Block;
use crate::source::diagnostic::{Code, Log, Problem};
use crate::source::nearest::{help_for, quoted};
use crate::source::text::Spanned;

record! {
    /// Tasks that run on a model, and what they share.
    ScenarioFile "a scenario" {
        /// What the scenario is called.
        name: Name,
        /// What it shows, in a sentence.
        about: Option<Prose>,
        /// Where it comes from.
        source: Option<Line>,
        /// A remark.
        note: Option<Prose>,
        /// The model: a name in models/, a path relative to this file, or the object itself; left
        /// out: what the scenario declares is all there is.
        model: Option<ModelChoice>,
        /// Series besides those of the model.
        series: Option<Map<SeriesFile>>,
        /// Operations besides those of the model.
        operations: Option<Map<OperationFile>>,
        /// Other numbers of slots than the model's, by series.
        slots: Option<SlotsFile>,
        /// Locks that all tasks share.
        locks: Option<Map<LockFile>>,
        /// Completions that all tasks share.
        completions: Option<Vec<Name>>,
        /// Pages that all tasks share, allocated at the start.
        pages: Option<Vec<PageEntry>>,
        /// Mempools that all tasks share.
        mempools: Option<Map<MempoolFile>>,
        /// How many free pages there are at the start; left out: as many as anybody asks for.
        free_pages: Option<Number<0>>,
        /// CPUs as a resource.
        cpus: Option<Number<1>>,
        /// Whether a task can lose its CPU at any step outside atomic context.
        preemptible: Option<Spanned<bool>>,
        /// Steps that task programs run by name.
        blocks: Option<Map<BlockFile>>,
        /// The task programs.
        tasks: Vec<TaskFile>,
        /// The findings expected, no more and no fewer; left out: nothing is expected.
        expect: Option<Vec<ExpectFile>>,
        /// What was assumed when it was written: a verdict depends on it.
        assumed: Option<Vec<AssumptionFile>>,
        /// Where editors find the schema of this file.
        schema as "$schema": Option<String>,
    }
}

record! {
    /// A task program and how many instances run it.
    TaskFile "a task" {
        /// What the task is called.
        name: Name,
        /// What it is.
        about: Option<Prose>,
        /// A remark.
        note: Option<Prose>,
        /// How many instances (1 if left out), or "any": the claim is then about every number.
        count: Option<BoundFile>,
        /// Pages that each instance has for itself, allocated at the start.
        pages: Option<Vec<PageEntry>>,
        /// Locks that each instance has for itself.
        locks: Option<Map<LockFile>>,
        /// Mempools that each instance has for itself.
        mempools: Option<Map<MempoolFile>>,
        /// Completions that each instance has for itself.
        completions: Option<Vec<Name>>,
        /// What it does.
        program: Block,
    }
}

/// Other numbers of slots than the model's, by series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SlotsFile(pub(crate) Map<BoundFile>);

impl Decode for SlotsFile {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        // One number for all of them is an easy mistake, and "an object" would not help.
        if let Value::Text(_) | Value::Number(_) = json.value {
            let message = "the slots of a scenario go by series";
            log.push(
                Problem::at(Code::WrongType, json.span, message)
                    .label("for which series?")
                    .help("name the series: `\"slots\": { \"DEFAULT\": \"any\" }`; those that are not named have the model's"),
            );
            return None;
        }
        Map::decode(json, log).map(SlotsFile)
    }
}

/// Which model: a name, a path, or the object itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ModelChoice {
    Named(Spanned<String>),
    Inline(Box<ModelFile>),
}

impl Decode for ModelChoice {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        match &json.value {
            Value::Text(text) => Some(ModelChoice::Named(Spanned {
                value: text.clone(),
                span: json.span,
            })),
            Value::Object(_) => {
                ModelFile::decode(json, log).map(|model| ModelChoice::Inline(Box::new(model)))
            }
            _ => wrong_type(json, "a model's name, a path or an object", log),
        }
    }
}

/// A lock: its kind, or an object that says more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LockFile {
    Spin,
    Semaphore(SemaphoreFile),
    Rwsem { fair: bool },
}

record! {
    /// A semaphore with several units, one that anybody may give back, or one with a queue.
    SemaphoreFile "a semaphore" {
        /// Units that there are.
        semaphore: UnitsFile,
        /// Whether only the task that took units may give them back (true if left out).
        owned: Option<Spanned<bool>>,
        /// Units that are there at the start, where anybody may give them back (all if left out).
        available: Option<Number<0>>,
        /// Whether those who wait are served in the order in which they came (false if left out).
        fair: Option<Spanned<bool>>,
    }
}

/// How many units: a number, every number, or as many as a series has slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UnitsFile {
    Given(Bound),
    SlotsOf(Name),
}

record! {
    /// As many units as a series has slots, whatever number that is in the end.
    SlotsOfFile "the number of units" {
        /// The series.
        slots_of: Name,
    }
}

/// Whether that is a number or `"any"`.
fn is_bound(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::Text(text) => text == "any",
        _ => false,
    }
}

impl Decode for UnitsFile {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        match &json.value {
            Value::Object(_) => {
                SlotsOfFile::decode(json, log).map(|units| UnitsFile::SlotsOf(units.slots_of))
            }
            value if is_bound(value) => {
                BoundFile::decode(json, log).map(|bound| UnitsFile::Given(bound.0.value))
            }
            _ => wrong_type(
                json,
                "a number of units, \"any\" or { \"slots_of\": a series }",
                log,
            ),
        }
    }
}

record! {
    /// A reader-writer semaphore.
    RwsemFile "an rwsem" {
        /// How it treats its waiters.
        rwsem: RwsemOptions,
    }
}

record! {
    /// How an rwsem treats its waiters.
    RwsemOptions "an rwsem" {
        /// Whether a waiting writer holds new readers back (false if left out).
        fair: Option<Spanned<bool>>,
    }
}

/// The kinds of lock that can be given by name alone.
pub(crate) const LOCK_KINDS: [&str; 3] = ["spin", "semaphore", "rwsem"];

impl Decode for LockFile {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        match &json.value {
            Value::Text(text) => match text.as_str() {
                "spin" => Some(LockFile::Spin),
                "semaphore" => Some(LockFile::Semaphore(SemaphoreFile {
                    semaphore: UnitsFile::Given(Bound::Exactly(1)),
                    owned: None,
                    available: None,
                    fair: None,
                })),
                "rwsem" => Some(LockFile::Rwsem { fair: false }),
                _ => {
                    unknown_value(text, json, "kind of lock", &LOCK_KINDS, log);
                    None
                }
            },
            Value::Object(members) if members.iter().any(|m| m.key.value == "rwsem") => {
                let options = RwsemFile::decode(json, log)?.rwsem;
                Some(LockFile::Rwsem {
                    fair: options.fair.is_some_and(|fair| fair.value),
                })
            }
            Value::Object(_) => SemaphoreFile::decode(json, log).map(LockFile::Semaphore),
            _ => wrong_type(
                json,
                "a kind of lock (\"spin\", \"semaphore\", \"rwsem\") or an object",
                log,
            ),
        }
    }
}

/// A mempool: its elements, or an object that says more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MempoolFile {
    pub(crate) elements: Bound,
    pub(crate) owned: bool,
    pub(crate) available: Option<Number<0>>,
}

record! {
    /// A mempool that anybody may give elements back to.
    MempoolOptions "a mempool" {
        /// Elements that there are.
        elements: BoundFile,
        /// Whether only the task that took elements may give them back (true if left out).
        owned: Option<Spanned<bool>>,
        /// Elements that are there at the start, where anybody may give them back (all if left out).
        available: Option<Number<0>>,
    }
}

impl Decode for MempoolFile {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        match &json.value {
            value if is_bound(value) => {
                let elements = BoundFile::decode(json, log)?.0.value;
                Some(MempoolFile {
                    elements,
                    owned: true,
                    available: None,
                })
            }
            Value::Object(_) => {
                let options = MempoolOptions::decode(json, log)?;
                let owned = options.owned.is_none_or(|owned| owned.value);
                Some(MempoolFile {
                    elements: options.elements.0.value,
                    owned,
                    available: options.available,
                })
            }
            _ => wrong_type(json, "a number of elements, \"any\" or an object", log),
        }
    }
}

record! {
    /// A page that exists from the start, allocated.
    PageFile "a page" {
        /// What it is called.
        name: Name,
        /// False for low memory, which needs no kmap slot (true if left out).
        highmem: Option<Spanned<bool>>,
        /// The series that still map it from an earlier use; "any": every possible set of them.
        stale_in: Option<StaleFile>,
    }
}

/// A page as it may also be written: the name alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageEntry(pub(crate) PageFile);

impl Decode for PageEntry {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        match &json.value {
            Value::Text(_) => {
                let name = Name::decode(json, log)?;
                Some(PageEntry(PageFile {
                    name,
                    highmem: None,
                    stale_in: None,
                }))
            }
            Value::Object(_) => PageFile::decode(json, log).map(PageEntry),
            _ => wrong_type(json, "a page's name or an object", log),
        }
    }
}

/// Which series still map a page: names, or "any". Names are resolved later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StaleFile(pub(crate) Spanned<Stale>);

/// What [`StaleFile`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stale {
    Any,
    In(Vec<Name>),
}

impl Decode for StaleFile {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        let value = match &json.value {
            Value::Text(text) if text == "any" => Stale::Any,
            Value::Text(_) => Stale::In(vec![Name::decode(json, log)?]),
            Value::List(_) => Stale::In(Vec::decode(json, log)?),
            _ => return wrong_type(json, "a series, a list of series or \"any\"", log),
        };
        Some(StaleFile(Spanned {
            value,
            span: json.span,
        }))
    }
}

/// A finding that is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExpectFile(pub(crate) Spanned<FindingKind>);

impl Decode for ExpectFile {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        let text = String::decode(json, log)?;
        let kind = FindingKind::ALL
            .into_iter()
            .find(|kind| kind.name() == text);
        if kind.is_none() {
            let known = FindingKind::ALL.map(FindingKind::name);
            log.push(
                Problem::at(
                    Code::UnknownFinding,
                    json.span,
                    format!("{} is no finding", quoted(&text)),
                )
                .label("not a finding")
                .help(help_for(&text, "findings", known)),
            );
        }
        kind.map(|value| {
            ExpectFile(Spanned {
                value,
                span: json.span,
            })
        })
    }
}
