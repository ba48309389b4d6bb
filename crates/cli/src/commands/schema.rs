//! `kmapcheck schema`: the JSON Schemas.

use std::io;

use crate::args::{Schema, SchemaOf};
use crate::exit::Exit;
use crate::output::Output;

/// The schema of that name, as docs/schema has it. Tests hold what is read and printed to them.
macro_rules! stored {
    ($name:literal) => {
        include_str!(concat!("../../../../docs/schema/", $name, ".schema.json"))
    };
}

/// Runs the command.
pub fn run(args: &Schema, output: &mut Output) -> io::Result<Exit> {
    output.print(match args.what {
        SchemaOf::Model => stored!("model"),
        SchemaOf::Scenario => stored!("scenario"),
        SchemaOf::Report => stored!("report"),
        SchemaOf::Rule => stored!("rule"),
        SchemaOf::Conform => stored!("conform"),
        SchemaOf::Order => stored!("order"),
        SchemaOf::Size => stored!("size"),
        SchemaOf::Suggest => stored!("suggest"),
        SchemaOf::Simulation => stored!("simulation"),
        SchemaOf::Comparison => stored!("comparison"),
        SchemaOf::Trace => stored!("trace"),
    })?;
    Ok(Exit::Clean)
}
