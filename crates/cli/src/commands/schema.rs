//! `kmapcheck schema`: the JSON Schemas.

use std::io;

use kmapcheck_proof::schema;

use crate::args::{Schema, SchemaOf};
use crate::exit::Exit;
use crate::output::Output;

/// Runs the command.
pub fn run(args: &Schema, output: &mut Output) -> io::Result<Exit> {
    let schema = match args.what {
        SchemaOf::Model => kmapcheck_scenario::schema_model(),
        SchemaOf::Scenario => kmapcheck_scenario::schema_scenario(),
        SchemaOf::Report => kmapcheck_report::schema_report(),
        SchemaOf::Rule => schema::schema_rule(),
        SchemaOf::Conform => schema::schema_conform(),
        SchemaOf::Order => schema::schema_order(),
        SchemaOf::Size => schema::schema_size(),
        SchemaOf::Suggest => schema::schema_suggest(),
        SchemaOf::Simulation => kmapcheck_simulate::schema(),
        SchemaOf::Comparison => kmapcheck_proof::compare::schema(),
        SchemaOf::Trace => kmapcheck_recording::saved::schema(),
    };
    output.print(&(serde_json::to_string_pretty(&schema)? + "\n"))?;
    Ok(Exit::Clean)
}
