//! JSON with comments, as values that know where they stand.
//!
//! jsonc-parser does the reading; its tree borrows from the text, and this one does not. Before
//! it reads, [`check_nesting`] makes sure that nothing which walks the tree by recursion, here or
//! there, can run out of stack. Keys given twice are reported here, since no later stage sees
//! them.

use std::collections::HashMap;

use kmapcheck_limits::ask;

use jsonc_parser::ast;
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::source::diagnostic::{Code, Log, Problem};
use crate::source::nearest::quoted;
use crate::source::text::{Span, Spanned};

/// How deep brackets may stand in one another.
const DEEPEST: usize = 100;

/// A value and where it stands.
pub(crate) type Json = Spanned<Value>;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<Member>),
}

/// A key of an object with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) key: Spanned<String>,
    pub(crate) value: Json,
}

impl Value {
    /// The kind of value, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        }
    }
}

/// Reads the text of file number `file`, which `log` holds.
pub(crate) fn parse(file: usize, log: &mut Log) -> Option<Json> {
    // Taken out so that problems can be noted while the text is looked at.
    let text = std::mem::take(&mut log.sources.files[file].text);
    let json = parse_text(file, &text, log);
    log.sources.files[file].text = text;
    json
}

fn parse_text(file: usize, text: &str, log: &mut Log) -> Option<Json> {
    if let Some(offset) = check_nesting(text) {
        let span = Span {
            file,
            start: offset,
            end: offset + 1,
        };
        log.push(
            Problem::at(
                Code::TooDeep,
                span,
                format!("brackets stand more than {DEEPEST} deep"),
            )
            .label("one too many")
            .help("make a block of the inner part, or in a model an operation"),
        );
        return None;
    }
    let options = ParseOptions {
        allow_comments: true,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    match parse_to_ast(text, &CollectOptions::default(), &options) {
        Ok(result) => match result.value {
            Some(value) => Some(convert(file, value, log)),
            None => {
                let span = Span {
                    file,
                    start: 0,
                    end: 0,
                };
                log.push(
                    Problem::at(Code::Empty, span, "there is nothing in this file")
                        .help("a file starts with `{`"),
                );
                None
            }
        },
        Err(error) => {
            let span = span_of(file, error.range());
            log.push(
                Problem::at(Code::NotJson, span, format!("this is not JSON: {}", lower_first(&error.kind().to_string())))
                    .label("here")
                    .help("JSON with // and /* */ comments: keys in double quotes, commas between, none after the last"),
            );
            None
        }
    }
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

fn span_of(file: usize, range: Range) -> Span {
    Span {
        file,
        start: range.start,
        end: range.end,
    }
}

/// Where the first bracket stands that is too deep, if any.
///
/// Knows of strings and comments and nothing else: on text that is not JSON it may say anything,
/// and the parser says the rest.
fn check_nesting(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > DEEPEST {
                    return Some(at);
                }
            }
            // One too many is for the parser to find.
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                at += 1;
                while let Some(byte) = bytes.get(at) {
                    match byte {
                        b'"' => break,
                        b'\\' => at += 2,
                        _ => at += 1,
                    }
                }
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                while bytes.get(at).is_some_and(|byte| *byte != b'\n') {
                    at += 1;
                }
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at += 2;
                while at < bytes.len() && !bytes[at..].starts_with(b"*/") {
                    at += 1;
                }
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn convert(file: usize, value: ast::Value<'_>, log: &mut Log) -> Json {
    ask();
    let span = span_of(file, value.range());
    let value = match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
        ast::Value::NumberLit(literal) => Value::Number(literal.value.to_owned()),
        ast::Value::StringLit(literal) => Value::Text(literal.value.into_owned()),
        ast::Value::Array(array) => Value::List(
            array
                .elements
                .into_iter()
                .map(|item| convert(file, item, log))
                .collect(),
        ),
        ast::Value::Object(object) => Value::Object(convert_members(file, object, log)),
    };
    Json { value, span }
}

/// The members of an object; of a key given twice, the first.
fn convert_members(file: usize, object: ast::Object<'_>, log: &mut Log) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::with_capacity(object.properties.len());
    let mut first: HashMap<String, Span> = HashMap::new();
    for property in object.properties {
        let span = span_of(file, property.name.range());
        let name = property.name.into_string();
        let value = convert(file, property.value, log);
        if let Some(earlier) = first.get(&name) {
            let line = log.sources.files[file].line_of(earlier.start) + 1;
            log.push(
                Problem::at(
                    Code::DuplicateKey,
                    span,
                    format!("the key {} is given twice", quoted(&name)),
                )
                .label("again")
                .help(format!("the first one is in line {line}; keep one of them")),
            );
            continue;
        }
        first.insert(name.clone(), span);
        members.push(Member {
            key: Spanned { value: name, span },
            value,
        });
    }
    members
}
