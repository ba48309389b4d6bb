//! What a target cannot express, refused by name.

use std::fmt;

/// A scenario, or an operation in it, that a target cannot express.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub(crate) place: Option<String>,
    pub(crate) what: String,
    pub(crate) remedy: String,
}

impl Refusal {
    pub(crate) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Refusal {
            place: None,
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    /// The operation's place, if it is about one.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "cannot export {}; {}", self.what, self.remedy)
    }
}

impl std::error::Error for Refusal {}
