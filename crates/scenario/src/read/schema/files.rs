//! What the types that files are read into look like in a schema, where that does not follow from
//! their fields.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{LINE, PROSE};
use crate::program::FindingKind;
use crate::read::decode::{LARGEST_NUMBER, LONGEST_NAME, Line, Map, Name, Number, Prose};
use crate::read::model::{BoundFile, ModelFile, ReuseFile};
use crate::read::scenario::{
    ExpectFile, LOCK_KINDS, LockFile, MempoolFile, MempoolOptions, ModelChoice, PageEntry,
    PageFile, RwsemFile, SemaphoreFile, SlotsFile, SlotsOfFile, StaleFile, UnitsFile,
};
use crate::read::steps::Scalar;
use crate::source::text::Spanned;

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl JsonSchema for Name {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^[^$\p{Cc}]\P{Cc}*$", "maxLength": LONGEST_NAME })
    }
}

impl JsonSchema for Prose {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Prose".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": PROSE })
    }
}

impl JsonSchema for Line {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Line".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": LINE })
    }
}

impl<const LEAST: u32> JsonSchema for Number<LEAST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("NumberFrom{LEAST}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": LEAST, "maximum": LARGEST_NUMBER })
    }
}

impl<T: JsonSchema> JsonSchema for Map<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("MapOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": value })
    }
}

impl JsonSchema for BoundFile {
    fn schema_name() -> Cow<'static, str> {
        "Bound".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number, or \"any\": the claim is about every number.",
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER },
                { "const": "any" }
            ]
        })
    }
}

impl JsonSchema for ReuseFile {
    fn schema_name() -> Cow<'static, str> {
        "Reuse".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": ["any", "own", "none"] })
    }
}

impl JsonSchema for SlotsFile {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Map::<BoundFile>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Map::<BoundFile>::json_schema(generator)
    }
}

impl JsonSchema for ModelChoice {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ModelChoice".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let model = generator.subschema_for::<ModelFile>();
        json_schema!({ "anyOf": [{ "type": "string" }, model] })
    }
}

impl JsonSchema for UnitsFile {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Units".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let number = generator.subschema_for::<Number<1>>();
        let slots_of = generator.subschema_for::<SlotsOfFile>();
        json_schema!({ "anyOf": [number, slots_of] })
    }
}

impl JsonSchema for LockFile {
    fn schema_name() -> Cow<'static, str> {
        "Lock".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let semaphore = generator.subschema_for::<SemaphoreFile>();
        let rwsem = generator.subschema_for::<RwsemFile>();
        json_schema!({ "anyOf": [{ "enum": LOCK_KINDS }, semaphore, rwsem] })
    }
}

impl JsonSchema for MempoolFile {
    fn schema_name() -> Cow<'static, str> {
        "Mempool".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let number = generator.subschema_for::<Number<1>>();
        let options = generator.subschema_for::<MempoolOptions>();
        json_schema!({ "anyOf": [number, options] })
    }
}

impl JsonSchema for PageEntry {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PageEntry".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = generator.subschema_for::<Name>();
        let page = generator.subschema_for::<PageFile>();
        json_schema!({ "anyOf": [name, page] })
    }
}

impl JsonSchema for StaleFile {
    fn schema_name() -> Cow<'static, str> {
        "StaleIn".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A series, several, or \"any\": every possible set of stale mappings.",
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" } }
            ]
        })
    }
}

impl JsonSchema for ExpectFile {
    fn schema_name() -> Cow<'static, str> {
        "Finding".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": FindingKind::ALL.map(FindingKind::name) })
    }
}

impl JsonSchema for Scalar {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Argument".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer", "boolean"] })
    }
}
