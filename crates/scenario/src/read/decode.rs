//! From JSON values to Rust types, noting what does not fit.
//!
//! [`Decode`] is for this crate what serde's `Deserialize` is elsewhere; serde itself stops at
//! the first mistake and forgets places. [`record!`] declares an object: from one list of fields
//! come the struct and its reading (unknown fields are noted).
//!
//! A value that does not fit is noted and becomes `None`, and so does what holds it; its
//! neighbours are still read, so that their mistakes come to light in the same run.

use crate::read::json::{Json, Member, Value};
use crate::source::diagnostic::{Code, Log, Problem};
use crate::source::nearest::{help_for, quoted};
use crate::source::text::{Span, Spanned};

/// The largest number allowed anywhere.
pub(crate) const LARGEST_NUMBER: u32 = 1_000_000;

/// Characters of the longest name.
pub(crate) const LONGEST_NAME: usize = 200;

/// Read from a JSON value.
pub(crate) trait Decode: Sized {
    /// Reads `json`; what is wrong goes to `log`.
    fn decode(json: &Json, log: &mut Log) -> Option<Self>;

    /// The value of a field that is not there; `None`: it has to be.
    fn if_missing() -> Option<Self> {
        None
    }
}

/// Notes that `json` is not what it should be.
pub(crate) fn wrong_type<T>(json: &Json, wanted: &str, log: &mut Log) -> Option<T> {
    let message = format!("this should be {wanted}, not {}", json.value.kind());
    log.push(Problem::at(Code::WrongType, json.span, message).label(json.value.kind()));
    None
}

impl<T: Decode> Decode for Option<T> {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        T::decode(json, log).map(Some)
    }

    fn if_missing() -> Option<Self> {
        Some(None)
    }
}

impl Decode for Spanned<bool> {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        match json.value {
            Value::Bool(value) => Some(Spanned {
                value,
                span: json.span,
            }),
            _ => wrong_type(json, "true or false", log),
        }
    }
}

impl Decode for String {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        match &json.value {
            Value::Text(text) => Some(text.clone()),
            _ => wrong_type(json, "a string", log),
        }
    }
}

/// Text for people, of as many lines as it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prose(pub(crate) String);

/// Text for people, of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line(pub(crate) String);

impl Decode for Prose {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        let text = String::decode(json, log)?;
        let wrong = text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\t'));
        if wrong {
            log.push(
                Problem::at(
                    Code::InvalidName,
                    json.span,
                    "this text has control characters in it",
                )
                .label("control characters")
                .help("only line breaks (\\n) and tabs (\\t) may stand here"),
            );
        }
        (!wrong).then_some(Prose(text))
    }
}

impl Decode for Line {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        let text = String::decode(json, log)?;
        let wrong = text.chars().any(char::is_control);
        if wrong {
            log.push(
                Problem::at(
                    Code::InvalidName,
                    json.span,
                    "this text has control characters in it",
                )
                .label("control characters")
                .help("this is one line: what takes several belongs into `about` or `note`"),
            );
        }
        (!wrong).then_some(Line(text))
    }
}

/// Reads all items, so that what is wrong with any of them comes to light; unless so much is
/// wrong already that nobody wants to know.
pub(crate) fn read_all<'a, I, T>(
    items: &'a [I],
    log: &mut Log,
    mut read: impl FnMut(&'a I, &mut Log) -> Option<T>,
) -> Option<Vec<T>> {
    let mut all = Some(Vec::new());
    for item in items {
        match (read(item, log), &mut all) {
            (Some(value), Some(values)) => values.push(value),
            _ => all = None,
        }
        if log.is_full() {
            return None;
        }
    }
    all
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        let Value::List(items) = &json.value else {
            return wrong_type(json, "a list", log);
        };
        read_all(items, log, T::decode)
    }
}

/// What something is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(pub(crate) Spanned<String>);

impl Name {
    /// The name itself.
    pub(crate) fn text(&self) -> &str {
        &self.0.value
    }

    pub(crate) fn span(&self) -> Span {
        self.0.span
    }
}

impl Decode for Name {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        let text = String::decode(json, log)?;
        check_name(&text, json.span, log).then_some(Name(Spanned {
            value: text,
            span: json.span,
        }))
    }
}

/// Whether something may be called `text`; notes why not.
pub(crate) fn check_name(text: &str, span: Span, log: &mut Log) -> bool {
    let wrong = if text.is_empty() {
        "a name cannot be empty".to_owned()
    } else if text.starts_with('$') {
        format!(
            "the name {} starts with `$`, which marks parameters",
            quoted(text)
        )
    } else if text.chars().any(char::is_control) {
        format!("the name {} has control characters in it", quoted(text))
    } else if text.chars().nth(LONGEST_NAME).is_some() {
        format!("this name is longer than {LONGEST_NAME} characters")
    } else {
        return true;
    };
    log.push(Problem::at(Code::InvalidName, span, wrong).label("not a name"));
    false
}

/// A whole number from `LEAST` to [`LARGEST_NUMBER`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Number<const LEAST: u32>(pub(crate) Spanned<u32>);

impl<const LEAST: u32> Decode for Number<LEAST> {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        let Value::Number(text) = &json.value else {
            return wrong_type(json, "a number", log);
        };
        number_in_range(text, LEAST, json.span, log).map(|value| {
            Number(Spanned {
                value,
                span: json.span,
            })
        })
    }
}

/// Reads a whole number from `least` to [`LARGEST_NUMBER`].
pub(crate) fn number_in_range(text: &str, least: u32, span: Span, log: &mut Log) -> Option<u32> {
    let number = text
        .parse::<u32>()
        .ok()
        .filter(|n| (least..=LARGEST_NUMBER).contains(n));
    if number.is_none() {
        let range = format!("a whole number from {least} to {LARGEST_NUMBER}");
        let message = format!("{} is not {range}", quoted(text));
        log.push(Problem::at(Code::NumberRange, span, message).label("out of range"));
    }
    number
}

/// An object whose keys are names of the author's choice, in the order written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Map<T>(pub(crate) Vec<(Name, T)>);

/// The entries of a field that may be left out.
pub(crate) fn entries<T>(map: Option<&Map<T>>) -> &[(Name, T)] {
    map.map_or(&[], |map| &map.0)
}

impl<T: Decode> Decode for Map<T> {
    fn decode(json: &Json, log: &mut Log) -> Option<Self> {
        let Value::Object(members) = &json.value else {
            return wrong_type(json, "an object", log);
        };
        let entry = |Member { key, value }: &Member, log: &mut Log| {
            let named = check_name(&key.value, key.span, log);
            let value = T::decode(value, log);
            value
                .filter(|_| named)
                .map(|value| (Name(key.clone()), value))
        };
        read_all(members, log, entry).map(Map)
    }
}

/// The fields of an object while they are read.
pub(crate) struct Fields<'a> {
    members: &'a [Member],
    span: Span,
    what: &'static str,
}

impl<'a> Fields<'a> {
    /// Opens an object that may have the fields `known`; others are noted.
    pub(crate) fn open(
        json: &'a Json,
        what: &'static str,
        known: &[&'static str],
        log: &mut Log,
    ) -> Option<Self> {
        let Value::Object(members) = &json.value else {
            return wrong_type(json, what, log);
        };
        for Member { key, .. } in members {
            if !known.contains(&key.value.as_str()) && !log.is_full() {
                let name = quoted(&key.value);
                log.push(
                    Problem::at(
                        Code::UnknownField,
                        key.span,
                        format!("{what} has no field {name}"),
                    )
                    .label("unknown field")
                    .help(help_for(
                        &key.value,
                        "fields",
                        known.iter().copied(),
                    )),
                );
            }
        }
        Some(Fields {
            members,
            span: json.span,
            what,
        })
    }

    /// Reads one field.
    pub(crate) fn take<T: Decode>(&self, name: &str, log: &mut Log) -> Option<T> {
        if let Some(member) = self.members.iter().find(|member| member.key.value == name) {
            return T::decode(&member.value, log);
        }
        let value = T::if_missing();
        if value.is_none() {
            let start = Span {
                end: self.span.start + 1,
                ..self.span
            };
            log.push(
                Problem::at(
                    Code::MissingField,
                    start,
                    format!("{} needs the field `{name}`", self.what),
                )
                .label("not in this object")
                .help(format!("add `\"{name}\": …`")),
            );
        }
        value
    }
}

/// Declares an object: the struct and its reading.
///
/// The string after the name is what messages call it.
macro_rules! record {
    (
        $(#[$doc:meta])*
        $type:ident $what:literal {
            $($(#[$field_doc:meta])* $field:ident $(as $key:literal)?: $value:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) struct $type {
            $($(#[$field_doc])* pub(crate) $field: $value,)*
        }

        impl crate::read::decode::Decode for $type {
            fn decode(
                json: &crate::read::json::Json,
                log: &mut crate::source::diagnostic::Log,
            ) -> Option<Self> {
                const KNOWN: &[&str] = &[$(crate::read::decode::key!($field $($key)?),)*];
                let fields = crate::read::decode::Fields::open(json, $what, KNOWN, log)?;
                $(let $field = fields.take(crate::read::decode::key!($field $($key)?), log);)*
                Some($type { $($field: $field?,)* })
            }
        }
    };
}

/// The key of a field: its own name, or the one given.
macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}

pub(crate) use {key, record};
