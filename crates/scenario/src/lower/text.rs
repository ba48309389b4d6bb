//! Operations as traces show them.

use super::Around;
use crate::read::steps::{Arg, ArgValue, Call};

/// An argument, or the value of the parameter it is.
pub(super) fn substitute<'e>(arg: &'e Arg, around: Around<'e>) -> &'e Arg {
    match arg.value {
        ArgValue::Parameter(index) => around.args.get(index).unwrap_or(arg),
        _ => arg,
    }
}

fn arg_text(arg: &Arg) -> String {
    match &arg.value {
        ArgValue::Text(text) => text.clone(),
        ArgValue::Number(number) => number.to_string(),
        ArgValue::Flag(flag) => flag.to_string(),
        ArgValue::Parameter(index) => format!("${index}"),
    }
}

pub(super) fn call_text<'e>(name: &str, args: impl Iterator<Item = &'e Arg>) -> String {
    let args: Vec<String> = args.map(arg_text).collect();
    format!("{name}({})", args.join(", "))
}

/// How a primitive shows: `kmap(old_pte, PAGETABLE)`, `down(s, 2)`.
pub(super) fn primitive_text(call: &Call, around: Around<'_>) -> String {
    let is = |arg: &Arg, value: ArgValue| substitute(arg, around).value == value;
    let units = call
        .units
        .as_ref()
        .filter(|arg| !is(arg, ArgValue::Number(1)));
    let flush = call
        .flush
        .as_ref()
        .filter(|arg| is(arg, ArgValue::Flag(true)));
    let named = [
        call.operand.as_ref(),
        call.series.as_ref(),
        call.atomic_type.as_ref(),
        units,
    ];
    let mut args: Vec<String> = named
        .into_iter()
        .flatten()
        .map(|arg| arg_text(substitute(arg, around)))
        .collect();
    if flush.is_some() {
        args.push("flush".into());
    }
    format!("{}({})", call.primitive.name, args.join(", "))
}
