//! `kmapcheck schema`: the JSON Schemas.

use std::io;

use crate::args::{Schema, SchemaOf};
use crate::exit::Exit;
use crate::output::Output;

/// Runs the command.
pub fn run(args: &Schema, output: &mut Output) -> io::Result<Exit> {
    let schema = match args.what {
        SchemaOf::Model => kmapcheck_scenario::schema_model(),
        SchemaOf::Scenario => kmapcheck_scenario::schema_scenario(),
        SchemaOf::Report => kmapcheck_report::schema_report(),
        SchemaOf::Trace => kmapcheck_recording::saved::schema(),
    };
    output.print(&(serde_json::to_string_pretty(&schema)? + "\n"))?;
    Ok(Exit::Clean)
}
