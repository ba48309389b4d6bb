//! What cannot be read, or is not: said by name, with the place and what to do next.

use std::fmt;

use kmapcheck_limits::Reached;

/// A place in a C file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column of what is underlined, from 1, in characters; 0: the whole line.
    pub column: usize,
    /// How many characters are underlined.
    pub length: usize,
    /// The text of the line.
    pub text: String,
}

/// Why there is no scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it is, in the words of the documentation.
    pub kind: Kind,
    /// What is wrong.
    pub said: String,
    /// Where.
    pub place: Option<Box<Place>>,
    /// What to do about it.
    pub help: String,
}

/// The kinds of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The file is no text.
    NotText,
    /// A mapping file is wrong.
    Mapping,
    /// A conditional is not closed, or closed twice.
    Conditional,
    /// There is no such function.
    NoFunction,
    /// A region that does not parse lies on the way.
    NotParsed,
    /// A macro on the way cannot be read.
    Macro,
    /// Assembler or a computed goto lies on the way.
    Asm,
    /// A function calls itself.
    Recursion,
    /// No path comes to its end.
    NoPath,
    /// More than a limit allows.
    Budget,
    /// The type of an atomic map is no constant.
    AtomicType,
    /// What is unmapped was never traced to a page.
    Untraced,
    /// A pointer to a function that nothing resolves.
    Pointer,
    /// The mapping refuses the function.
    Inexpressible,
    /// What is asked for does not fit together.
    Usage,
}

impl Refusal {
    /// A refusal without a place.
    pub fn new(kind: Kind, said: impl Into<String>, help: impl Into<String>) -> Refusal {
        Refusal {
            kind,
            said: said.into(),
            place: None,
            help: help.into(),
        }
    }

    /// The same at a place.
    #[must_use]
    pub fn at(self, place: Option<Place>) -> Refusal {
        Refusal {
            place: place.map(Box::new),
            ..self
        }
    }

    pub(crate) fn in_mapping(file: &str, line: usize, column: usize, said: &str) -> Refusal {
        Refusal::new(
            Kind::Mapping,
            format!("{file}:{line}:{column}: {said}"),
            "`kmapcheck schema c-mapping` prints what a mapping file may say",
        )
    }

    pub(crate) fn in_cases(file: &str, error: &serde_json::Error) -> Refusal {
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or_default();
        Refusal::new(
            Kind::Mapping,
            format!("{file}:{}:{}: {said}", error.line(), error.column()),
            "`kmapcheck schema extract-cases` prints what a case file may say",
        )
    }

    pub(crate) fn in_operation(file: &str, text: &str, function: &str, said: &str) -> Refusal {
        let key = format!("\"{function}\"");
        let line = text.lines().position(|line| line.contains(&key));
        let line = line.map_or(1, |line| line + 1);
        Refusal::in_mapping(file, line, 1, &format!("`{function}`: {said}"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.said)?;
        if let Some(place) = &self.place {
            let number = place.line.to_string();
            let margin = " ".repeat(number.len());
            let text = place.text.replace('\t', " ");
            let (before, length) = match place.column {
                0 => {
                    let start = text.len() - text.trim_start().len();
                    (start, text.trim().chars().count())
                }
                column => (column - 1, place.length),
            };
            let line = "^".repeat(length.max(1));
            writeln!(f, "{margin}--> {}:{}", place.file, place.line)?;
            writeln!(f, "{margin} |")?;
            writeln!(f, "{number} | {text}")?;
            writeln!(f, "{margin} | {}{line}", " ".repeat(before))?;
        }
        write!(f, "help: {}", self.help)
    }
}

impl std::error::Error for Refusal {}

/// Why there is no scenario: refused, or stopped by a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It cannot be read, or is not.
    Refused(Box<Refusal>),
    /// A limit came first.
    Stopped(Reached),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Refused(Box::new(refusal))
    }
}
