//! What was assumed, each entry where it was used.

use std::collections::BTreeMap;

/// Kinds of assumptions, in the words of docs/extract.md.
pub const KINDS: [&str; 19] = [
    "unfinished",
    "unreached",
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
#[derive(Debug, Clone, Default)]
pub struct Assumptions {
    /// By kind, those of interest before others, and text.
    all: BTreeMap<(usize, bool, String), Assumed>,
}

impl Assumptions {
    /// Notes an assumption. The same text counts as the same assumption, at its first place.
    pub fn note(&mut self, kind: &'static str, at: String, text: String, change: Option<String>) {
        self.add(true, kind, at, text, 1, change);
    }

    /// Notes one that was used several times.
    pub fn note_many(
        &mut self,
        kind: &'static str,
        at: String,
        text: String,
        count: usize,
        change: Option<String>,
    ) {
        self.add(true, kind, at, text, count, change);
    }

    /// Notes one that comes before others of its kind. What was noted of it on the paths is taken
    /// over.
    pub fn note_first(
        &mut self,
        kind: &'static str,
        at: String,
        text: String,
        count: usize,
        change: Option<String>,
    ) {
        self.all.remove(&(rank(kind), true, text.clone()));
        self.add(false, kind, at, text, count, change);
    }

    /// Whether it was noted.
    #[must_use]
    pub fn has(&self, kind: &str, text: &str) -> bool {
        [false, true]
            .iter()
            .any(|last| self.all.contains_key(&(rank(kind), *last, text.to_owned())))
    }

    fn add(
        &mut self,
        last: bool,
        kind: &'static str,
        at: String,
        text: String,
        count: usize,
        change: Option<String>,
    ) {
        let key = (rank(kind), last, text.clone());
        let entry = self.all.entry(key).or_insert(Assumed {
            kind,
            at: at.clone(),
            text,
            count: 0,
            change,
        });
        entry.count += count;
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

fn rank(kind: &str) -> usize {
    KINDS
        .iter()
        .position(|known| *known == kind)
        .unwrap_or(KINDS.len())
}
