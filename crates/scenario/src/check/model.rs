//! The model, checked: its series numbered, its operations read, no operation using itself.

use crate::check::order::Order;
use crate::check::recursion::{find_circles, note_circle, uses};
use crate::program::{Bound, Reuse, Series};
use crate::read::decode::{Map, Name, Number, entries};
use crate::read::model::{ModelFile, OperationFile};
use crate::read::operation::Reader;
use crate::read::operations::{Argument, RIDERS, find};
use crate::read::scenario::{LockFile, UnitsFile};
use crate::read::steps::{Action, Arg, Signature, Step, note_unknown_series};
use crate::source::diagnostic::{Code, Log, Problem};
use crate::source::nearest::{help_for, quoted};

/// How many series, operations or parameters of an operation a model may have: they are looked
/// for one by one.
const MOST: usize = 1000;

/// A model in which every name means something.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) series: Vec<Series>,
    /// The names of `series`, in the same order.
    pub(crate) series_names: Vec<String>,
    /// The kernel's own locks.
    pub(crate) locks: Option<Map<LockFile>>,
    pub(crate) order: Order,
    pub(crate) signatures: Vec<Signature>,
    /// What each operation does.
    pub(crate) bodies: Vec<Vec<Step>>,
    /// Whether it is about pools that the scenario declares, and so speaks of in its own words.
    pub(crate) has_own_words: bool,
}

/// Checks a model; what is wrong goes to `log`, and the rest is still good to check against,
/// unless there is no bound to it.
pub(crate) fn check_model(file: &ModelFile, log: &mut Log) -> Option<Model> {
    let operations = entries(file.operations.as_ref());
    let places = file.order.iter().flatten();
    let in_bounds = check_number("series", file.series.0.iter().map(|(name, _)| name), log)
        & check_number("places in the order", places, log)
        & check_number("operations", operations.iter().map(|(name, _)| name), log)
        & operations.iter().all(|(_, operation)| {
            check_number("parameters", operation.params.iter().flatten(), log)
        });
    if !in_bounds {
        return None;
    }

    let series_names: Vec<String> = file
        .series
        .0
        .iter()
        .map(|(name, _)| name.text().to_owned())
        .collect();
    let order = Order::read(file.order.as_deref().unwrap_or_default(), log);
    for (name, lock) in entries(file.locks.as_ref()) {
        check_lock(name, lock, &series_names, log);
        if let LockFile::Semaphore(semaphore) = lock
            && semaphore.semaphore == UnitsFile::Given(Bound::Any)
        {
            let message = format!(
                "the model's {} has any number of units",
                quoted(name.text())
            );
            log.push(
                Problem::at(Code::NumberRange, name.span(), message)
                    .label("needs a number")
                    .help("give one here; a scenario may have a semaphore of that name with `\"any\"`"),
            );
        }
    }
    let mut series = Vec::new();
    for (name, declared) in &file.series.0 {
        if name.text() == "any" {
            log.push(
                Problem::at(
                    Code::InvalidName,
                    name.span(),
                    "a series cannot be called `any`",
                )
                .label("not a name")
                .help("`any` stands for every series where a series is named"),
            );
        }
        series.push(Series {
            name: name.text().to_owned(),
            slots: declared.slots.0.value,
            reuse: (declared.reuse.as_ref()).map_or(Reuse::None, |reuse| reuse.0),
            // None are kept unless the model says so.
            for_holders: (declared.for_holders.as_ref()).map_or(0, |number| number.0.value),
            rank: order.rank(name.text()),
            of_units: false,
            is_pool: false,
        });
    }

    let operation_names: Vec<&str> = operations.iter().map(|(name, _)| name.text()).collect();
    let signatures: Vec<Signature> = operations
        .iter()
        .map(|(name, operation)| check_signature(name, operation, &operation_names, log))
        .collect();
    let bodies: Vec<Vec<Step>> = operations
        .iter()
        .zip(&signatures)
        .map(|((_, operation), signature)| {
            let reader = Reader {
                series: &series_names,
                operations: &signatures,
                params: Some(&signature.params),
                in_loop: false,
                blocks: None,
            };
            reader.read_block(&operation.steps.items, log)
        })
        .collect();
    check_recursion(&signatures, &bodies, log);
    Some(Model {
        name: file.name.text().to_owned(),
        series,
        series_names,
        locks: file.locks.clone(),
        order,
        signatures,
        bodies,
        has_own_words: false,
    })
}

/// Notes more than [`MOST`] of something.
fn check_number<'n>(what: &str, mut names: impl Iterator<Item = &'n Name>, log: &mut Log) -> bool {
    let beyond = names.nth(MOST);
    if let Some(name) = beyond {
        log.push(
            Problem::at(
                Code::TooMany,
                name.span(),
                format!("there are more than {MOST} {what}"),
            )
            .label("one too many")
            .help("make several models of it"),
        );
    }
    beyond.is_none()
}

/// Notes a semaphore whose units are the slots of a series that the model does not have, or of
/// which a number is there at the start that cannot be.
/// (What is there at the start is held against what the file has: of fewer units all are there.)
pub(crate) fn check_lock(name: &Name, lock: &LockFile, series: &[String], log: &mut Log) {
    let LockFile::Semaphore(semaphore) = lock else {
        return;
    };
    if log.is_full() {
        return;
    }
    let units = match &semaphore.semaphore {
        UnitsFile::Given(units) => Some(*units),
        UnitsFile::SlotsOf(of) => {
            if !series.iter().any(|known| known == of.text()) {
                note_unknown_series(of.text(), of.span(), series, log);
            }
            None
        }
    };
    let owned = semaphore.owned.as_ref().is_none_or(|owned| owned.value);
    check_available(
        name,
        semaphore.available.as_ref(),
        owned,
        units,
        "units",
        log,
    );
}

/// Notes `available` of something that is owned, and more than there is.
pub(crate) fn check_available(
    name: &Name,
    available: Option<&Number<0>>,
    owned: bool,
    declared: Option<Bound>,
    what: &str,
    log: &mut Log,
) {
    let Some(available) = available.map(|number| &number.0) else {
        return;
    };
    let name = quoted(name.text());
    let problem = match declared {
        _ if owned => Problem::at(
            Code::Available,
            available.span,
            format!("some {what} of {name} are out at the start, and nobody could give them back"),
        )
        .label(format!("{what} that have an owner are all there at the start"))
        .help("say `\"owned\": false` beside it if anybody may give them back, or take `available` out"),
        Some(Bound::Exactly(declared)) if available.value > declared => Problem::at(
            Code::Available,
            available.span,
            format!("{} {what} of {name} at the start, which has only {declared}", available.value),
        )
        .label("more than there are")
        .help(format!("at most {declared}; or declare more")),
        _ => return,
    };
    log.push(problem);
}

/// Notes a name given twice in one list.
pub(crate) fn note_duplicate(kind: &str, name: &Name, log: &mut Log) {
    let message = format!("the {kind} {} is given twice", quoted(name.text()));
    log.push(
        Problem::at(Code::DuplicateName, name.span(), message)
            .label("again")
            .help("call one of them something else, or take it out"),
    );
}

fn check_signature(
    name: &Name,
    operation: &OperationFile,
    operations: &[&str],
    log: &mut Log,
) -> Signature {
    if Argument::ALL
        .iter()
        .map(|argument| argument.key())
        .chain(RIDERS)
        .any(|key| key == name.text())
    {
        let message = format!("an operation cannot be called {}", quoted(name.text()));
        log.push(
            Problem::at(Code::PrimitiveRedefined, name.span(), message)
                .label("taken")
                .help("it is an argument of operations, and would be taken for one"),
        );
    } else if find(name.text()).is_some() {
        let message = format!(
            "{} is built in and cannot be defined anew",
            quoted(name.text())
        );
        log.push(
            Problem::at(Code::PrimitiveRedefined, name.span(), message)
                .label("taken")
                .help("call the model's operation something else"),
        );
    }
    let mut params: Vec<String> = Vec::new();
    for param in operation.params.iter().flatten() {
        let text = param.text();
        if params.iter().any(|known| known == text) {
            note_duplicate("parameter", param, log);
        }
        if RIDERS.contains(&text) || find(text).is_some() || operations.contains(&text) {
            let message = format!("a parameter cannot be called {}", quoted(text));
            log.push(
                Problem::at(Code::InvalidName, param.span(), message)
                    .label("taken")
                    .help("operations, `at` and `note` have their names in the same object"),
            );
        }
        params.push(text.to_owned());
    }
    let mut defaults: Vec<Option<Arg>> = vec![None; params.len()];
    for (param, value) in entries(operation.defaults.as_ref()) {
        match params.iter().position(|known| known == param.text()) {
            Some(index) => defaults[index] = Some(value.0.clone()),
            None => {
                let message = format!("there is no parameter {}", quoted(param.text()));
                log.push(
                    Problem::at(Code::UnknownParameter, param.span(), message)
                        .label("not a parameter")
                        .help(help_for(
                            param.text(),
                            "parameters",
                            params.iter().map(String::as_str),
                        )),
                );
            }
        }
    }
    Signature {
        name: name.text().to_owned(),
        params,
        defaults,
    }
}

/// Notes every circle of operations, once, where it closes.
fn check_recursion(signatures: &[Signature], bodies: &[Vec<Step>], log: &mut Log) {
    let operation = |action: &Action| match action {
        Action::Operation { index, .. } => Some(*index),
        _ => None,
    };
    let uses: Vec<_> = bodies.iter().map(|body| uses(body, operation)).collect();
    find_circles(&uses, |circle, span| {
        let names = circle.iter().map(|index| signatures[*index].name.as_str());
        let help = "operations are expanded in place: write the repetition as `repeat` or `loop`";
        note_circle("operations use", names, span, help, log);
    });
}
