//! Operations: as the files hold them, unread ([`Block`]), and as `read` leaves them ([`Step`]).
//!
//! Names of pages and locks are left as they are: what they mean depends on the task. A `$name`
//! is the number of a parameter.

use crate::program::Patience;
use crate::read::decode::{Decode, check_name, number_in_range, wrong_type};
use crate::read::json::{Json, Value};
use crate::read::operations::Primitive;
use crate::source::diagnostic::{Code, Log, Problem};
use crate::source::nearest::{help_for, quoted};
use crate::source::text::{Span, Spanned};

/// Characters of the longest `at` or `note` of an operation; every expansion holds a copy.
pub(crate) const LONGEST_REMARK: usize = 1000;

/// A list of operation objects, not yet read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) items: Vec<Json>,
}

impl Decode for Block {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        match &json.value {
            Value::List(items) => Some(Block {
                items: items.clone(),
            }),
            _ => wrong_type(json, "a list of operations", log),
        }
    }
}

/// The value of an argument: of an operation object, or of a parameter left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar(pub(crate) Arg);

impl Decode for Scalar {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        read_scalar(json, None, log).map(Scalar)
    }
}

/// An argument and where it stands.
pub(crate) type Arg = Spanned<ArgValue>;

/// What an argument is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ArgValue {
    Text(String),
    Number(u32),
    Flag(bool),
    /// The operation's parameter of that number.
    Parameter(usize),
}

/// An operation, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The whole object.
    pub(crate) span: Span,
    /// The key that names the operation.
    pub(crate) key: Span,
    pub(crate) at: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) action: Action,
}

/// What an operation does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// A built-in operation that is a node of its own.
    Primitive(Box<Call>),
    /// One of the model's, with a value for each parameter.
    Operation {
        index: usize,
        args: Vec<Arg>,
    },
    Choose(Vec<Vec<Step>>),
    Select(Box<Select>),
    Repeat {
        times: Arg,
        body: Vec<Step>,
    },
    Loop(Vec<Step>),
    Break,
    Exit,
    /// A block of the scenario, by its number.
    Run(usize),
}

impl Action {
    /// The lists of steps in it.
    pub(crate) fn parts(&self) -> Vec<&[Step]> {
        match self {
            Action::Primitive(call) => vec![&call.on_success, &call.on_failure],
            Action::Choose(branches) => branches.iter().map(Vec::as_slice).collect(),
            Action::Select(select) => {
                let mut parts: Vec<&[Step]> = select.branches.iter().map(Vec::as_slice).collect();
                parts.extend([select.on_success.as_slice(), &select.on_failure]);
                parts
            }
            Action::Repeat { body, .. } | Action::Loop(body) => vec![body],
            Action::Operation { .. } | Action::Run(_) | Action::Break | Action::Exit => Vec::new(),
        }
    }
}

/// A select; without `then` or `else` these are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Select {
    pub(crate) branches: Vec<Vec<Step>>,
    pub(crate) patience: Patience,
    pub(crate) on_success: Vec<Step>,
    pub(crate) on_failure: Vec<Step>,
}

/// A built-in operation with its arguments; those it does not take are `None` or empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) primitive: &'static Primitive,
    pub(crate) operand: Option<Arg>,
    pub(crate) series: Option<Arg>,
    pub(crate) atomic_type: Option<Arg>,
    pub(crate) units: Option<Arg>,
    pub(crate) flush: Option<Arg>,
    pub(crate) patience: Patience,
    pub(crate) on_success: Vec<Step>,
    pub(crate) on_failure: Vec<Step>,
}

impl Call {
    /// Whether it has two outcomes.
    pub(crate) fn forks(&self) -> bool {
        self.primitive.verb.is_try() || self.patience == Patience::GivesUp
    }
}

/// What the model says of an operation's parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) name: String,
    pub(crate) params: Vec<String>,
    /// For each parameter, the value if it is left out.
    pub(crate) defaults: Vec<Option<Arg>>,
}

/// Reads a string, number or flag; a string `$name` is a parameter, of those in `params`.
pub(crate) fn read_scalar(json: &Json, params: Option<&[String]>, log: &mut Log) -> Option<Arg> {
    let span = json.span;
    let value = match &json.value {
        Value::Text(text) if text.starts_with('$') => {
            let found = params.and_then(|names| names.iter().position(|name| *name == text[1..]));
            if found.is_none() {
                note_unknown_parameter(text, span, params, log);
            }
            ArgValue::Parameter(found?)
        }
        Value::Text(text) => {
            if !check_name(text, span, log) {
                return None;
            }
            ArgValue::Text(text.clone())
        }
        Value::Number(text) => ArgValue::Number(number_in_range(text, 1, span, log)?),
        Value::Bool(flag) => ArgValue::Flag(*flag),
        _ => return wrong_type(json, "a name, a number, true or false", log),
    };
    Some(Arg { value, span })
}

fn note_unknown_parameter(text: &str, span: Span, params: Option<&[String]>, log: &mut Log) {
    let message = format!("there is no parameter {}", quoted(text));
    let help = match params {
        Some(names) => {
            let names: Vec<String> = names.iter().map(|name| format!("${name}")).collect();
            help_for(text, "parameters", names.iter().map(String::as_str))
        }
        None => "parameters are for declared operations; write the name itself".into(),
    };
    log.push(
        Problem::at(Code::UnknownParameter, span, message)
            .label("not a parameter")
            .help(help),
    );
}

/// Notes a series that the model does not have.
pub(crate) fn note_unknown_series(name: &str, span: Span, series: &[String], log: &mut Log) {
    let known = series.iter().map(String::as_str);
    let problem = match &log.model_of_run {
        Some(model) => Problem::at(
            Code::UnknownSeries,
            span,
            format!(
                "there is no series {} in `{model}`, the model of this run",
                quoted(name)
            ),
        )
        .label("a series of another model")
        .help(format!(
            "{}; run it on its own model, or on another that has this series",
            help_for(name, "series", known)
        )),
        None => Problem::at(
            Code::UnknownSeries,
            span,
            format!("there is no series {}", quoted(name)),
        )
        .label("not a series that is declared")
        .help(match series {
            [] => format!(
                "declare it beside `tasks`: `\"series\": {{ {name:?}: {{ \"slots\": 10 }} }}`"
            ),
            _ => help_for(name, "series", known),
        }),
    };
    log.push(problem);
}

/// Notes an entry of the scenario's `slots` for a series that the model of this run lacks.
pub(crate) fn note_foreign_slots(name: &str, span: Span, series: &[String], log: &mut Log) {
    let Some(model) = &log.model_of_run else {
        return note_unknown_series(name, span, series, log);
    };
    let message = format!(
        "`slots` gives a number for {}, which `{model}`, the model of this run, does not have",
        quoted(name)
    );
    let known = if series.is_empty() {
        "no series".into()
    } else {
        let shown: Vec<String> = series.iter().take(8).map(|name| quoted(name)).collect();
        shown.join(", ")
    };
    log.push(
        Problem::at(Code::UnknownSeries, span, message)
            .label("a series of another model")
            .help(format!(
                "the file's `slots` are those of its own model, and `{model}` has {known}: take the \
                 entry out; other numbers for one run are given to `check`, not written here"
            )),
    );
}
