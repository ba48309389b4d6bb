//! What was assumed, each entry where it was used.

use std::collections::BTreeMap;

/// Kinds of assumptions, in the words of docs/extract.md.
pub const KINDS: [&str; 18] = [
    "unfinished",
    "loop-bound",
    "recursion-bound",
    "distinct-pointers",
    "unchanged",
    "unread-function",
    "pointer",
    "path-ends",
    "private-lock",
    "private-page",
    "one-object",
    "lock-order",
    "count",
    "set",
    "offset-in-page",
    "unread-region",
    "hand-over",
    "contract",
];

/// One assumption.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assumed {
    /// One of [`KINDS`].
    pub kind: &'static str,
    /// Where it was used first: file and line.
    pub at: String,
    /// What was assumed.
    pub text: String,
    /// How often.
    pub count: usize,
    /// What to type to assume something else.
    pub change: Option<String>,
}

impl Assumed {
    /// What every scenario assumes as long as not everything that is left out is noted.
    #[must_use]
    pub fn unfinished(file: &str) -> Assumed {
        Assumed {
            kind: "unfinished",
            at: file.to_owned(),
            text: "what is left out without a word here does not matter: reading C is not finished, and \
                   clean may be wrong"
                .to_owned(),
            count: 1,
            change: Some("see docs/extract.md for what is known to be missed".to_owned()),
        }
    }
}

/// All assumptions so far.
#[derive(Debug, Default)]
pub struct Assumptions {
    all: BTreeMap<(usize, String), Assumed>,
}

impl Assumptions {
    /// Notes an assumption. The same text counts as the same assumption, at its first place.
    pub fn note(&mut self, kind: &'static str, at: String, text: String, change: Option<String>) {
        let rank = KINDS
            .iter()
            .position(|known| *known == kind)
            .unwrap_or(KINDS.len());
        let entry = self.all.entry((rank, text.clone())).or_insert(Assumed {
            kind,
            at: at.clone(),
            text,
            count: 0,
            change,
        });
        entry.count += 1;
        // Paths are followed in an order of their own; places in that of the text.
        if (at.len(), &at) < (entry.at.len(), &entry.at) {
            entry.at = at;
        }
    }

    /// All of them, by kind and text.
    #[must_use]
    pub fn into_vec(self) -> Vec<Assumed> {
        self.all.into_values().collect()
    }
}
