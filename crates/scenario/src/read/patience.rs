//! How long an operation waits: `idle` and `gives_up`, and what goes with them.

use crate::program::Patience;
use crate::read::decode::wrong_type;
use crate::read::json::{Member, Value};
use crate::read::operations::{Argument, PRIMITIVES, Primitive, Verb};
use crate::source::diagnostic::{Code, Log, Problem};
use crate::source::nearest::quoted;

/// The operations that can wait asleep, one by one: the first ones of a `select`.
pub(crate) fn sleepers() -> impl Iterator<Item = &'static Primitive> {
    let waits = |primitive: &&Primitive| primitive.waits_asleep() && primitive.verb != Verb::Select;
    PRIMITIVES.iter().filter(waits)
}

pub(crate) fn member(members: &[Member], which: Argument) -> Option<&Member> {
    members
        .iter()
        .find(|member| member.key.value == which.key())
}

/// How long an operation waits. Notes what follows it if it does not give up.
pub(crate) fn read_patience(own: &Member, members: &[Member], log: &mut Log) -> Option<Patience> {
    let mut mark = |which| match member(members, which) {
        Some(Member { key, value }) => match value.value {
            Value::Bool(given) => Some(given.then_some(key.span)),
            _ => wrong_type(value, "true or false", log),
        },
        None => Some(None),
    };
    let (idle, gives_up) = (mark(Argument::Idle), mark(Argument::GivesUp));
    let patience = match (idle?, gives_up?) {
        (Some(_), Some(second)) => {
            let message = "to wait for ever is no good end of a wait that may be ended";
            log.push(
                Problem::at(Code::MisplacedMark, second, message)
                    .label("and `idle` as well")
                    .help("take one of the two out"),
            );
            return None;
        }
        (None, Some(_)) => return Some(Patience::GivesUp),
        (Some(_), None) => Patience::Idle,
        (None, None) => Patience::Endless,
    };
    for which in [Argument::Then, Argument::Else] {
        if let Some(Member { key, .. }) = member(members, which) {
            let (name, key_name) = (quoted(&own.key.value), quoted(&key.value));
            log.push(
                Problem::at(
                    Code::MisplacedMark,
                    key.span,
                    format!("{name} goes on or waits: {key_name} has no meaning here"),
                )
                .label("for an operation with two outcomes")
                .help("say `\"gives_up\": true` if the wait may be ended, or write what follows behind the operation"),
            );
        }
    }
    Some(patience)
}
