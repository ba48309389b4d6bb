//! What is wrong with a file, for the person who has to put it right.
//!
//! Checks push [`Problem`]s into a [`Log`] and go on, so that one run shows all that is wrong;
//! the log drops repetitions (an operation expanded twice has its mistake once) and is full after
//! [`KEPT`]: nobody reads further, and checks stop when they see it, so that a huge file full of
//! mistakes costs no more than a small one. [`Errors`] is a log that has something in it.

use std::collections::HashSet;
use std::fmt;

use crate::program::Location;
use crate::source::render;
use crate::source::text::{Sources, Span};

/// How many problems are kept.
const KEPT: usize = 50;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The kinds of problem a file can have.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The name shown with the message, such as `unknown-series`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }
        }
    };
}

codes! {
    /// The file cannot be read.
    Unreadable = "unreadable",
    /// A directory, or something else that is no plain file.
    NotAFile = "not-a-file",
    /// Larger than a file of this kind ever needs to be.
    TooLarge = "too-large",
    /// Nothing in it.
    Empty = "empty",
    /// Not text in UTF-8.
    NotUtf8 = "not-utf8",
    /// Brackets within brackets, too many.
    TooDeep = "too-deep",
    /// Not JSON (with comments).
    NotJson = "not-json",
    /// A key given twice in one object.
    DuplicateKey = "duplicate-key",
    /// A field that does not exist.
    UnknownField = "unknown-field",
    /// A field that must be there and is not.
    MissingField = "missing-field",
    /// Units that are not there at the start, of what has an owner, or more than there are.
    Available = "available",
    /// `idle`, `gives_up`, `then` or `else` where it means nothing.
    MisplacedMark = "misplaced-mark",
    /// A branch of `select` that does not begin with something to wait for.
    BadBranch = "bad-branch",
    /// A value of the wrong type.
    WrongType = "wrong-type",
    /// A word that is none of those allowed.
    UnknownValue = "unknown-value",
    /// A number that is not whole, too small or too large.
    NumberRange = "number-range",
    /// Something that nobody could be called.
    InvalidName = "invalid-name",
    /// A name given twice.
    DuplicateName = "duplicate-name",
    /// Nothing where at least one is needed.
    EmptyList = "empty-list",
    /// A field that means nothing without another.
    NeedsOther = "needs-other",
    /// No such model.
    UnknownModel = "unknown-model",
    /// No such finding in `expect`.
    UnknownFinding = "unknown-finding",
    /// No such series.
    UnknownSeries = "unknown-series",
    /// No such operation.
    UnknownOperation = "unknown-operation",
    /// An object that names more than one operation.
    SeveralOperations = "several-operations",
    /// A key that the operation does not take.
    UnknownArgument = "unknown-argument",
    /// An argument that the operation needs.
    MissingArgument = "missing-argument",
    /// A `$name` that is no parameter.
    UnknownParameter = "unknown-parameter",
    /// A model's operation with the name of a built-in one.
    PrimitiveRedefined = "primitive-redefined",
    /// Operations that use each other in a circle.
    Recursion = "recursion",
    /// `break` where there is nothing to leave.
    BreakOutside = "break-outside",
    /// A loop that never takes a step.
    SteplessLoop = "stepless-loop",
    /// A program that unrolls to too many operations.
    ProgramTooLarge = "program-too-large",
    /// No such page.
    UnknownPage = "unknown-page",
    /// No such block of the scenario, or none that can be run there.
    UnknownBlock = "unknown-block",
    /// No such lock.
    UnknownLock = "unknown-lock",
    /// No such mempool.
    UnknownMempool = "unknown-mempool",
    /// No such completion.
    UnknownCompletion = "unknown-completion",
    /// A lock of the wrong kind for the operation.
    WrongKind = "wrong-kind",
    /// More of something than a file of this kind ever needs.
    TooMany = "too-many",
    /// More units than there are.
    TooManyUnits = "too-many-units",
    /// A stale mapping that cannot be.
    StaleMapping = "stale-mapping",
    /// An override, given beside the files, that does not fit them.
    BadOverride = "bad-override",
}

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// Where, unless it is about a file as a whole.
    pub(crate) span: Option<Span>,
    /// What the underlined text is.
    pub(crate) label: Option<String>,
    /// What to do.
    pub(crate) help: Option<String>,
}

impl Problem {
    pub(crate) fn at(code: Code, span: Span, message: impl Into<String>) -> Self {
        Problem {
            code,
            message: message.into(),
            span: Some(span),
            label: None,
            help: None,
        }
    }

    /// A problem that has no place in a text.
    pub(crate) fn nowhere(code: Code, message: impl Into<String>) -> Self {
        Problem {
            code,
            message: message.into(),
            span: None,
            label: None,
            help: None,
        }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Collects problems while files are checked, and keeps the files they are in.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) sources: Sources,
    /// The model asked for on this run in place of the scenario's; set when the models have been
    /// read, so that what is wrong with the scenario's own use of it can be put down to that.
    pub(crate) model_of_run: Option<String>,
    problems: Vec<Problem>,
    seen: HashSet<(Code, Option<Span>)>,
}

impl Log {
    /// Notes a problem, unless the same place already has one of that kind.
    pub(crate) fn push(&mut self, problem: Problem) {
        if problem.span.is_some() && !self.seen.insert((problem.code, problem.span)) {
            return;
        }
        if !self.is_full() {
            self.problems.push(problem);
        }
    }

    /// Whether looking further is of no use.
    pub(crate) fn is_full(&self) -> bool {
        self.problems.len() >= KEPT
    }

    /// Whether anything is wrong so far.
    pub(crate) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// Nothing wrong: the files' names; else the errors, in the order of their places.
    pub(crate) fn finish(mut self) -> Result<Vec<String>, Errors> {
        if self.problems.is_empty() {
            return Ok(self
                .sources
                .files
                .into_iter()
                .map(|file| file.name)
                .collect());
        }
        self.problems.sort_by_key(|problem| problem.span);
        Err(Errors {
            sources: self.sources,
            problems: self.problems,
        })
    }

    /// [`Log::finish`] after a problem that leaves nothing to go on with.
    pub(crate) fn into_errors(self) -> Errors {
        match self.finish() {
            Err(errors) => errors,
            // Not reached: callers have pushed a problem. An empty list says so without a panic.
            Ok(_) => Errors {
                sources: Sources::default(),
                problems: Vec::new(),
            },
        }
    }
}

/// One thing that is wrong, for those who show it in their own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mistake<'a> {
    /// The file and where in it, unless it is about no place in particular.
    pub place: Option<(&'a str, Location)>,
    /// What is wrong.
    pub message: &'a str,
    /// What to do.
    pub help: Option<&'a str>,
}

/// Everything that is wrong with the files of one run.
///
/// `Display` gives one line for each problem, `file:line:column: message`;
/// [`Errors::render`] the picture with the text underlined.
#[derive(Debug)]
pub struct Errors {
    pub(crate) sources: Sources,
    pub(crate) problems: Vec<Problem>,
}

impl Errors {
    /// Whether there may be more problems than are shown, and how to say so.
    #[must_use]
    pub fn more(&self) -> Option<String> {
        (self.problems.len() >= KEPT)
            .then(|| format!("these are the first {KEPT} problems; there may be more"))
    }

    /// The kind of each problem shown, in their order.
    pub fn codes(&self) -> impl Iterator<Item = Code> + '_ {
        self.problems.iter().map(|problem| problem.code)
    }

    /// Each problem, in the order of their places.
    pub fn mistakes(&self) -> impl Iterator<Item = Mistake<'_>> {
        self.problems.iter().map(|problem| Mistake {
            place: problem.span.map(|span| {
                let file = &self.sources.files[span.file];
                (file.name.as_str(), self.sources.locate(span))
            }),
            message: &problem.message,
            help: problem.help.as_deref(),
        })
    }

    /// All problems with the text underlined, for a terminal of `width` columns.
    #[must_use]
    pub fn render(&self, colour: bool, width: usize) -> String {
        render::render(self, colour, width)
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            if let Some(span) = problem.span {
                write!(f, "{}: ", self.sources.show(span))?;
            }
            write!(f, "{}", problem.message)?;
            if let Some(help) = &problem.help {
                write!(f, " ({help})")?;
            }
        }
        if let Some(more) = self.more() {
            write!(f, "\n{more}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Errors {}
