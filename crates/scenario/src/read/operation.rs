//! Operation objects, read: which operation each is, and its arguments.
//!
//! An object names its operation by whichever of its keys is one, built in or the model's; so
//! the reading needs the model's operations, and begins when all of them are known by name.

use crate::program::Patience;
use crate::read::blocks::{BlockNames, read_run};
use crate::read::decode::{Decode, Line, Prose, read_all, wrong_type};
use crate::read::json::{Json, Member, Value};
use crate::read::operations::{Argument, Operand, PRIMITIVES, Primitive, RIDERS, Verb, find};
use crate::read::patience::{member, read_patience, sleepers};
use crate::read::steps::{
    Action, Arg, ArgValue, Block, Call, LONGEST_REMARK, Select, Signature, Step,
    note_unknown_series, read_scalar,
};
use crate::source::diagnostic::{Code, Log, Problem};
use crate::source::nearest::{help_for, listed, quoted};
use crate::source::text::Span;

/// What reading needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    /// The names of the model's series.
    pub(crate) series: &'a [String],
    /// The model's operations.
    pub(crate) operations: &'a [Signature],
    /// The parameters of the operation being read; `None` in a task program.
    pub(crate) params: Option<&'a [String]>,
    /// Whether there is something for `break` to leave.
    pub(crate) in_loop: bool,
    /// The scenario's blocks; `None` where none can be run: in an operation of the model.
    pub(crate) blocks: Option<&'a BlockNames<'a>>,
}

impl Reader<'_> {
    /// Reads a list of operations; those that are wrong are noted and left out.
    pub(crate) fn read_block(&self, items: &[Json], log: &mut Log) -> Vec<Step> {
        let mut steps = Vec::new();
        for item in items {
            if log.is_full() {
                break;
            }
            steps.extend(self.read_step(item, log));
        }
        steps
    }

    fn read_step(&self, json: &Json, log: &mut Log) -> Option<Step> {
        let Value::Object(members) = &json.value else {
            return wrong_type(
                json,
                "an operation object, such as { \"kunmap\": \"page\" }",
                log,
            );
        };
        let named: Vec<&Member> = members
            .iter()
            .filter(|member| self.is_operation(&member.key.value))
            .collect();
        let Some(named_first) = named.first() else {
            self.note_unknown_operation(json.span, members, log);
            return None;
        };
        if let Some(second) = named.get(1) {
            let (a, b) = (quoted(&named_first.key.value), quoted(&second.key.value));
            log.push(
                Problem::at(
                    Code::SeveralOperations,
                    second.key.span,
                    format!("one object names two operations, {a} and {b}"),
                )
                .label("a second operation")
                .help("give each operation an object of its own"),
            );
            return None;
        }
        let at = read_remark(members, "at", log);
        let note = read_remark(members, "note", log);
        let name = named_first.key.value.as_str();
        let action = match find(name) {
            Some(primitive) => self.read_primitive(primitive, named_first, members, log)?,
            None => self.read_operation(named_first, members, log)?,
        };
        Some(Step {
            span: json.span,
            key: named_first.key.span,
            at,
            note,
            action,
        })
    }

    fn is_operation(&self, name: &str) -> bool {
        find(name).is_some()
            || self
                .operations
                .iter()
                .any(|operation| operation.name == name)
    }

    fn note_unknown_operation(&self, whole: Span, members: &[Member], log: &mut Log) {
        // A list is cut: the model's own come first, then what other operations stand in.
        let (around, others): (Vec<&Primitive>, Vec<&Primitive>) =
            (PRIMITIVES.iter()).partition(|primitive| primitive.is_control());
        let own = self
            .operations
            .iter()
            .map(|operation| operation.name.as_str());
        let built_in = around.into_iter().chain(others);
        let known: Vec<&str> = own
            .chain(built_in.map(|primitive| primitive.name))
            .collect();
        let is_argument = |key: &str| {
            RIDERS.contains(&key) || Argument::ALL.iter().any(|argument| argument.key() == key)
        };
        // The key that is nothing else was meant to be the operation.
        match members
            .iter()
            .find(|member| !is_argument(&member.key.value))
        {
            Some(Member { key, .. }) => log.push(
                Problem::at(
                    Code::UnknownOperation,
                    key.span,
                    format!("there is no operation {}", quoted(&key.value)),
                )
                .label("neither built in nor declared")
                .help(match key.value.as_str() {
                    "acquire" | "release" => {
                        "the model `pool` has it: `\"model\": \"pool\"`".to_owned()
                    }
                    name => help_for(name, "operations", known),
                }),
            ),
            None => log.push(
                Problem::at(
                    Code::UnknownOperation,
                    whole,
                    "this object names no operation",
                )
                .label("no operation")
                .help("write { \"operation\": operand }, such as { \"kunmap\": \"page\" }"),
            ),
        }
    }

    /// Notes keys that the operation does not take.
    fn check_keys(&self, name: &str, allowed: &[&str], members: &[Member], log: &mut Log) {
        for Member { key, .. } in members {
            let taken = key.value == name || allowed.contains(&key.value.as_str());
            if !taken && !RIDERS.contains(&key.value.as_str()) && !log.is_full() {
                let known = allowed.iter().chain(&RIDERS).copied().collect::<Vec<_>>();
                let is_mark = [Argument::Idle, Argument::GivesUp]
                    .iter()
                    .any(|mark| mark.key() == key.value);
                let help = if is_mark {
                    format!(
                        "it goes with what can wait asleep: {}, or `select`; where an operation of \
                         the model waits, with the primitive in its `do`",
                        listed(sleepers().map(|primitive| primitive.name))
                    )
                } else {
                    help_for(&key.value, "arguments", known)
                };
                log.push(
                    Problem::at(
                        Code::UnknownArgument,
                        key.span,
                        format!("{} takes no {}", quoted(name), quoted(&key.value)),
                    )
                    .label("unknown argument")
                    .help(help),
                );
            }
        }
    }

    fn read_primitive(
        &self,
        primitive: &'static Primitive,
        own: &Member,
        members: &[Member],
        log: &mut Log,
    ) -> Option<Action> {
        let keys: Vec<&str> = primitive
            .arguments
            .iter()
            .map(|argument| argument.key())
            .collect();
        self.check_keys(primitive.name, &keys, members, log);
        for argument in primitive.arguments {
            if argument.is_required() && !members.iter().any(|m| m.key.value == argument.key()) {
                note_missing(own.key.span, primitive.name, argument.key(), log);
            }
        }
        let argument = |which: Argument| {
            let is_taken = primitive.arguments.contains(&which);
            let given = is_taken.then(|| member(members, which)).flatten();
            given.map(|member| &member.value)
        };
        let inner = Reader {
            in_loop: true,
            ..*self
        };
        match primitive.verb {
            Verb::Choose => self
                .read_branches("choose", &own.value, log)
                .map(Action::Choose),
            Verb::Select => {
                let branches = self.read_branches("select", &own.value, log);
                let patience = read_patience(own, members, log);
                let (on_success, on_failure) = self.read_outcomes(argument, log);
                Some(Action::Select(Box::new(Select {
                    branches: branches?,
                    patience: patience?,
                    on_success: on_success?,
                    on_failure: on_failure?,
                })))
            }
            Verb::Loop => {
                let items = &Block::decode(&own.value, log)?.items;
                if items.is_empty() {
                    note_empty(&own.value, "a loop needs an operation in it", log);
                }
                Some(Action::Loop(inner.read_block(items, log)))
            }
            Verb::Repeat => {
                let times = self.read_number(&own.value, log);
                let body = argument(Argument::Do).and_then(|json| Block::decode(json, log));
                let body = body.map(|block| inner.read_block(&block.items, log));
                Some(Action::Repeat {
                    times: times?,
                    body: body?,
                })
            }
            Verb::Break => {
                read_true(own, log)?;
                if !self.in_loop {
                    log.push(
                        Problem::at(
                            Code::BreakOutside,
                            own.key.span,
                            "`break` outside of any loop",
                        )
                        .label("nothing to leave")
                        .help(
                            "`break` leaves the innermost `loop` or `repeat`; `exit` ends the task",
                        ),
                    );
                }
                Some(Action::Break)
            }
            Verb::Exit => read_true(own, log).map(|()| Action::Exit),
            Verb::Run => read_run(own, self.blocks, log).map(Action::Run),
            _ => {
                let (on_success, on_failure) = self.read_outcomes(argument, log);
                let patience = match primitive.waits_asleep() {
                    true => read_patience(own, members, log),
                    false => Some(Patience::Endless),
                };
                let operand = match primitive.operand {
                    Operand::Nothing => read_true(own, log).map(|()| None),
                    _ => self.read_name(&own.value, log).map(Some),
                };
                // Each `None` has been noted; all arguments are read before any is asked for.
                let series = argument(Argument::Series).map(|json| self.read_series(json, log));
                let atomic_type = argument(Argument::Type).map(|json| self.read_name(json, log));
                let units = argument(Argument::Units).map(|json| self.read_number(json, log));
                let flush = argument(Argument::Flush).map(|json| self.read_flag(json, log));
                Some(Action::Primitive(Box::new(Call {
                    primitive,
                    operand: operand?,
                    series: series.map_or(Some(None), |read| read.map(Some))?,
                    atomic_type: atomic_type.map_or(Some(None), |read| read.map(Some))?,
                    units: units.map_or(Some(None), |read| read.map(Some))?,
                    flush: flush.map_or(Some(None), |read| read.map(Some))?,
                    patience: patience?,
                    on_success: on_success?,
                    on_failure: on_failure?,
                })))
            }
        }
    }

    /// What follows where an operation has gone on, and where it has not: `then` and `else`.
    fn read_outcomes<'j>(
        &self,
        argument: impl Fn(Argument) -> Option<&'j Json>,
        log: &mut Log,
    ) -> (Option<Vec<Step>>, Option<Vec<Step>>) {
        let mut block = |which: Argument| match argument(which) {
            Some(json) => Block::decode(json, log).map(|block| self.read_block(&block.items, log)),
            None => Some(Vec::new()),
        };
        (block(Argument::Then), block(Argument::Else))
    }

    fn read_branches(&self, name: &str, json: &Json, log: &mut Log) -> Option<Vec<Vec<Step>>> {
        let Value::List(branches) = &json.value else {
            return wrong_type(json, "a list of lists of operations", log);
        };
        if branches.is_empty() {
            note_empty(json, &format!("`{name}` needs a branch"), log);
        }
        read_all(branches, log, |branch, log| {
            Block::decode(branch, log).map(|block| self.read_block(&block.items, log))
        })
    }

    /// One of the model's operations, with a value for each parameter.
    fn read_operation(&self, own: &Member, members: &[Member], log: &mut Log) -> Option<Action> {
        let name = own.key.value.as_str();
        let index = self
            .operations
            .iter()
            .position(|operation| operation.name == name)?;
        let signature = &self.operations[index];
        let further: Vec<&str> = signature
            .params
            .iter()
            .skip(1)
            .map(String::as_str)
            .collect();
        self.check_keys(name, &further, members, log);
        let mut args = Vec::new();
        for (position, param) in signature.params.iter().enumerate() {
            let given = if position == 0 {
                Some(own)
            } else {
                members.iter().find(|member| member.key.value == *param)
            };
            let arg = match (given, &signature.defaults[position]) {
                // `true` for a first parameter that may be left out.
                (
                    Some(Member {
                        value:
                            Json {
                                value: Value::Bool(true),
                                ..
                            },
                        ..
                    }),
                    Some(default),
                ) if position == 0 => Some(default.clone()),
                (Some(member), _) => read_scalar(&member.value, self.params, log),
                (None, Some(default)) => Some(default.clone()),
                (None, None) => {
                    note_missing(own.key.span, name, param, log);
                    None
                }
            };
            args.push(arg);
        }
        if signature.params.is_empty() {
            read_true(own, log)?;
        }
        let args = args.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Action::Operation { index, args })
    }

    /// The name of something that the task's scope will know.
    fn read_name(&self, json: &Json, log: &mut Log) -> Option<Arg> {
        match &json.value {
            Value::Text(_) => read_scalar(json, self.params, log),
            _ => wrong_type(json, "a name", log),
        }
    }

    /// The name of a series, which the model knows.
    fn read_series(&self, json: &Json, log: &mut Log) -> Option<Arg> {
        let arg = self.read_name(json, log)?;
        if let ArgValue::Text(name) = &arg.value
            && !self.series.contains(name)
        {
            note_unknown_series(name, arg.span, self.series, log);
        }
        Some(arg)
    }

    fn read_number(&self, json: &Json, log: &mut Log) -> Option<Arg> {
        match &json.value {
            Value::Number(_) => read_scalar(json, self.params, log),
            Value::Text(text) if text.starts_with('$') => read_scalar(json, self.params, log),
            _ => wrong_type(json, "a number", log),
        }
    }

    fn read_flag(&self, json: &Json, log: &mut Log) -> Option<Arg> {
        match &json.value {
            Value::Bool(_) => read_scalar(json, self.params, log),
            Value::Text(text) if text.starts_with('$') => read_scalar(json, self.params, log),
            _ => wrong_type(json, "true or false", log),
        }
    }
}

fn note_missing(span: Span, operation: &str, argument: &str, log: &mut Log) {
    let message = format!("{} needs {}", quoted(operation), quoted(argument));
    log.push(
        Problem::at(Code::MissingArgument, span, message)
            .label(format!("without {}", quoted(argument)))
            .help(format!("add `\"{argument}\": …` to this object")),
    );
}

fn note_empty(json: &Json, message: &str, log: &mut Log) {
    log.push(Problem::at(Code::EmptyList, json.span, message).label("empty"));
}

/// The value of a key that has nothing to say.
fn read_true(own: &Member, log: &mut Log) -> Option<()> {
    if own.value.value == Value::Bool(true) {
        return Some(());
    }
    let key = quoted(&own.key.value);
    let (label, help) = match own.value.value {
        Value::Bool(false) => (
            "false",
            "an operation that is not to happen is left out, whole",
        ),
        _ => (own.value.value.kind(), "there is nothing else to say of it"),
    };
    log.push(
        Problem::at(
            Code::WrongType,
            own.value.span,
            format!("the value of {key} means nothing: write `true`"),
        )
        .label(label)
        .help(help),
    );
    None
}

/// Reads `at` or `note`, if it is there.
pub(crate) fn read_remark(members: &[Member], key: &str, log: &mut Log) -> Option<String> {
    let member = members.iter().find(|member| member.key.value == key)?;
    let text = if key == "note" {
        Prose::decode(&member.value, log)?.0
    } else {
        Line::decode(&member.value, log)?.0
    };
    if text.chars().nth(LONGEST_REMARK).is_some() {
        let message = format!("`{key}` is longer than {LONGEST_REMARK} characters");
        log.push(Problem::at(Code::InvalidName, member.value.span, message).label("too long"));
    }
    Some(text)
}
