//! Blocks of a scenario, as written, and the step that runs one.

use std::collections::HashMap;

use crate::read::decode::{Decode, Line, Name, Prose, record, wrong_type};
use crate::read::json::{Json, Member, Value};
use crate::read::operation::read_remark;
use crate::read::steps::Block;
use crate::source::diagnostic::{Code, Log, Problem};
use crate::source::nearest::{help_for, quoted};

/// A block: its steps, or an object that says more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockFile {
    pub(crate) steps: Block,
    /// Of those of its steps that have none themselves.
    pub(crate) at: Option<String>,
    pub(crate) note: Option<String>,
}

record! {
    /// A block with what is to be said of it.
    BlockOptions "a block" {
        /// What it is.
        about: Option<Prose>,
        /// Where in the kernel: of those of its steps that do not say so themselves.
        at: Option<Line>,
        /// A remark, likewise.
        note: Option<Prose>,
        /// What it does.
        steps as "do": Block,
    }
}

impl Decode for BlockFile {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        match &json.value {
            Value::List(_) => Some(BlockFile {
                steps: Block::decode(json, log)?,
                at: None,
                note: None,
            }),
            Value::Object(members) => {
                let options = BlockOptions::decode(json, log)?;
                Some(BlockFile {
                    steps: options.steps,
                    at: read_remark(members, "at", log),
                    note: read_remark(members, "note", log),
                })
            }
            _ => wrong_type(json, "a list of operations or an object", log),
        }
    }
}

/// The blocks that a step can run, by name.
#[derive(Debug)]
pub(crate) struct BlockNames<'a> {
    names: Vec<&'a str>,
    by_name: HashMap<&'a str, usize>,
}

impl<'a> BlockNames<'a> {
    pub(crate) fn of(blocks: &'a [(Name, BlockFile)]) -> Self {
        let names: Vec<&str> = blocks.iter().map(|(name, _)| name.text()).collect();
        let by_name = names.iter().enumerate().map(|(i, name)| (*name, i));
        BlockNames {
            by_name: by_name.collect(),
            names,
        }
    }
}

/// The number of the block that a `run` runs; notes one that is not there. `blocks`: `None` in an
/// operation of a model.
pub(crate) fn read_run(
    own: &Member,
    blocks: Option<&BlockNames<'_>>,
    log: &mut Log,
) -> Option<usize> {
    let Some(blocks) = blocks else {
        log.push(
            Problem::at(
                Code::UnknownBlock,
                own.key.span,
                "an operation of the model cannot run a block: blocks are for task programs",
            )
            .label("in an operation of the model")
            .help("make an operation of what the block does, and use that here and there"),
        );
        return None;
    };
    let Value::Text(name) = &own.value.value else {
        return wrong_type(&own.value, "the name of a block", log);
    };
    let found = blocks.by_name.get(name.as_str()).copied();
    if found.is_none() {
        let help = match blocks.names.as_slice() {
            [] => format!("declare it beside `tasks`: `\"blocks\": {{ {name:?}: [ … ] }}`"),
            names => help_for(name, "blocks", names.iter().copied()),
        };
        let message = format!("there is no block {}", quoted(name));
        log.push(
            Problem::at(Code::UnknownBlock, own.value.span, message)
                .label("not a block of the scenario")
                .help(help),
        );
    }
    found
}
