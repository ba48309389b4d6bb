//! JSON Schemas of both kinds of file, for editors: from the types the files are read into.
//!
//! What a schema cannot know (which names exist) is left to the reading.

mod files;

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::read::decode::{LARGEST_NUMBER, LONGEST_NAME};
use crate::read::model::ModelFile;
use crate::read::operations::{Argument, Operand, PRIMITIVES, Primitive, RIDERS};
use crate::read::scenario::ScenarioFile;
use crate::read::steps::{Block, LONGEST_REMARK};

/// What [`Prose`](crate::read::decode::Prose) matches.
const PROSE: &str = r"^[\P{Cc}\n\t]*$";

/// What [`Line`](crate::read::decode::Line) matches.
const LINE: &str = r"^\P{Cc}*$";

/// The JSON Schema of model files.
#[must_use]
pub fn schema_model() -> Value {
    schema_of::<ModelFile>("kmapcheck model")
}

/// The JSON Schema of scenario files.
#[must_use]
pub fn schema_scenario() -> Value {
    schema_of::<ScenarioFile>("kmapcheck scenario")
}

fn schema_of<T: JsonSchema>(title: &str) -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(NoNull);
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".into(), title.into());
    schema.to_value()
}

/// A field that may be left out is not one that may be null, which is what schemars makes of it.
#[derive(Clone)]
struct NoNull;

impl Transform for NoNull {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                schema.insert("type".into(), only);
            }
        }
        if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
            let before = choices.len();
            choices.retain(|choice| *choice != json!({ "type": "null" }));
            if choices.len() < before && choices.len() == 1 {
                let only = choices.remove(0);
                schema.remove("anyOf");
                for (key, value) in only.as_object().into_iter().flatten() {
                    if schema.get(key).is_none() {
                        schema.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        transform_subschemas(self, schema);
    }
}

impl JsonSchema for Block {
    fn schema_name() -> Cow<'static, str> {
        "Program".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let operation = generator.subschema_for::<Operation>();
        json_schema!({ "type": "array", "items": operation })
    }
}

/// An operation object; a type for the schema only, since reading one takes the model.
struct Operation;

impl JsonSchema for Operation {
    fn schema_name() -> Cow<'static, str> {
        "Operation".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let block = generator.subschema_for::<Block>().to_value();
        let mut kinds: Vec<Value> = PRIMITIVES
            .iter()
            .map(|primitive| primitive_schema(primitive, &block))
            .collect();
        kinds.push(model_operation_schema());
        json_schema!({ "anyOf": kinds })
    }
}

fn primitive_schema(primitive: &Primitive, block: &Value) -> Value {
    let mut properties = riders();
    properties.insert(
        primitive.name.into(),
        operand_schema(primitive.operand, block),
    );
    let mut required = vec![primitive.name];
    for argument in primitive.arguments {
        properties.insert(argument.key().into(), argument_schema(*argument, block));
        if argument.is_required() {
            required.push(argument.key());
        }
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false
    })
}

/// An object that names none of the primitives.
fn model_operation_schema() -> Value {
    let primitives: Vec<Value> = PRIMITIVES
        .iter()
        .map(|primitive| json!({ "required": [primitive.name] }))
        .collect();
    json!({
        "description": "One of the model's operations.",
        "type": "object",
        "properties": riders(),
        "minProperties": 1,
        "additionalProperties": { "type": ["string", "integer", "boolean"] },
        "not": { "anyOf": primitives }
    })
}

fn riders() -> Map<String, Value> {
    RIDERS
        .iter()
        .map(|key| {
            let pattern = if *key == "note" { PROSE } else { LINE };
            (
                (*key).to_owned(),
                json!({ "type": "string", "pattern": pattern, "maxLength": LONGEST_REMARK }),
            )
        })
        .collect()
}

fn operand_schema(operand: Operand, block: &Value) -> Value {
    match operand {
        Operand::Nothing => json!({ "const": true }),
        Operand::Times => number_schema(),
        Operand::Block => json!({ "allOf": [block], "minItems": 1 }),
        Operand::Branches => json!({ "type": "array", "items": block, "minItems": 1 }),
        _ => name_schema(),
    }
}

fn argument_schema(argument: Argument, block: &Value) -> Value {
    match argument {
        Argument::Series | Argument::Type => name_schema(),
        Argument::Units => number_schema(),
        Argument::Flush => json!({ "anyOf": [{ "type": "boolean" }, parameter_schema()] }),
        Argument::Then | Argument::Else | Argument::Do => block.clone(),
    }
}

/// A name, or a parameter that stands for one.
fn name_schema() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": LONGEST_NAME })
}

fn number_schema() -> Value {
    let number = json!({ "type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER });
    json!({ "anyOf": [number, parameter_schema()] })
}

fn parameter_schema() -> Value {
    json!({ "type": "string", "pattern": r"^\$" })
}
