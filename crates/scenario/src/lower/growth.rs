//! What makes a program larger than its file.

/// What makes a program larger than its file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Growth {
    pub(super) repeats: bool,
    pub(super) expands: bool,
    /// Some block is there several times.
    pub(super) copies: bool,
}

impl Growth {
    /// What either of two has.
    pub(crate) fn and(self, other: Self) -> Self {
        Growth {
            repeats: self.repeats || other.repeats,
            expands: self.expands || other.expands,
            copies: self.copies || other.copies,
        }
    }

    /// What to do where it has become too large.
    pub(crate) fn help(self) -> &'static str {
        match self {
            Growth { repeats: true, .. } => "repeat less often, or use `loop`",
            Growth { copies: true, .. } => {
                "a block is there once for each thing that comes after it: run it as the last step \
                 of branches and of other blocks, where it is shared, or less often"
            }
            Growth { expands: true, .. } => {
                "declared operations are expanded where they are used: let them use fewer of one \
                 another"
            }
            _ => "make several scenarios of it, or a `loop` of what recurs",
        }
    }
}
