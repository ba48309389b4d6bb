//! The model file, as written: what kmap does in one kernel, and the rule one means to keep.

use crate::program::{Bound, Reuse};
use crate::read::decode::{Decode, Line, Map, Name, Number, Prose, record, wrong_type};
use crate::read::json::{Json, Value};
use crate::read::scenario::LockFile;
use crate::read::steps::{Block, Scalar};
use crate::source::diagnostic::{Code, Log, Problem};
use crate::source::nearest::{help_for, quoted};
use crate::source::text::Spanned;

record! {
    /// A kernel variant: its series of kmap slots, its rule, and what its functions do.
    ModelFile "a model" {
        /// What the model is called; the file's name without `.json`.
        name: Name,
        /// What it is, in a sentence.
        about: Option<Prose>,
        /// Where it comes from.
        source: Option<Line>,
        /// A remark.
        note: Option<Prose>,
        /// The series of kmap slots, by name.
        series: Map<SeriesFile>,
        /// The kernel's own locks: every scenario has them, unless it declares the name itself.
        locks: Option<Map<LockFile>>,
        /// The rule: series and locks in the order in which a task may ask for them.
        order: Option<Vec<Name>>,
        /// What the kernel's own functions do, in primitives.
        operations: Option<Map<OperationFile>>,
        /// Where editors find the schema of this file.
        schema as "$schema": Option<String>,
    }
}

record! {
    /// A series: a pool of kmap slots.
    SeriesFile "a series" {
        /// What it is for.
        about: Option<Prose>,
        /// How many slots it has, or "any": the claim is then about every number.
        slots: BoundFile,
        /// Which existing mapping a kmap takes: "any" (in whatever series), "own" (in the same
        /// series), "none" (each kmap takes a slot of its own; if left out).
        reuse: Option<ReuseFile>,
        /// So many last slots are kept for tasks that already have a pin lying in the series.
        for_holders: Option<Number<0>>,
    }
}

record! {
    /// A function of the kernel, in primitives or other operations.
    OperationFile "an operation" {
        /// What it is.
        about: Option<Prose>,
        /// Its parameters; the value of the operation's own key is the first.
        params: Option<Vec<Name>>,
        /// What it does; `"$name"` stands for a parameter.
        steps as "do": Block,
        /// Values of parameters that are left out.
        defaults: Option<Map<Scalar>>,
    }
}

/// A number from 1, or "any".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BoundFile(pub(crate) Spanned<Bound>);

impl Decode for BoundFile {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        let bound = match &json.value {
            Value::Text(text) if text == "any" => Bound::Any,
            Value::Number(_) => Bound::Exactly(Number::<1>::decode(json, log)?.0.value),
            _ => return wrong_type(json, "a number or \"any\"", log),
        };
        Some(BoundFile(Spanned {
            value: bound,
            span: json.span,
        }))
    }
}

/// A reuse policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReuseFile(pub(crate) Reuse);

impl Decode for ReuseFile {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        let text = String::decode(json, log)?;
        match text.as_str() {
            "any" => Some(ReuseFile(Reuse::Any)),
            "own" => Some(ReuseFile(Reuse::Own)),
            "none" => Some(ReuseFile(Reuse::None)),
            _ => {
                unknown_value(&text, json, "reuse policy", &["any", "own", "none"], log);
                None
            }
        }
    }
}

/// Notes a word that is none of those allowed.
pub(crate) fn unknown_value(
    text: &str,
    json: &Json,
    what: &str,
    known: &[&'static str],
    log: &mut Log,
) {
    let message = format!("{} is no {what}", quoted(text));
    log.push(
        Problem::at(Code::UnknownValue, json.span, message)
            .label(format!("not a {what}"))
            .help(help_for(text, "values", known.iter().copied())),
    );
}
