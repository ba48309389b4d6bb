//! Sets of findings.

use kmapcheck_scenario::FindingKind;

/// A set of finding kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Findings(u16);

impl Findings {
    /// No finding.
    pub const NONE: Findings = Findings(0);

    /// Every kind.
    pub const ALL: Findings = Findings((1 << FindingKind::ALL.len()) - 1);

    /// The set of one kind.
    #[must_use]
    pub fn of(kind: FindingKind) -> Findings {
        Findings(1 << kind as u16)
    }

    /// Adds a kind.
    pub fn insert(&mut self, kind: FindingKind) {
        self.0 |= 1 << kind as u16;
    }

    /// Whether the kind is in the set.
    #[must_use]
    pub fn contains(self, kind: FindingKind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// All kinds of either set.
    #[must_use]
    pub fn union(self, other: Findings) -> Findings {
        Findings(self.0 | other.0)
    }

    /// The kinds in both sets.
    #[must_use]
    pub fn intersection(self, other: Findings) -> Findings {
        Findings(self.0 & other.0)
    }

    /// The kinds of `self` that are not in `other`.
    #[must_use]
    pub fn minus(self, other: Findings) -> Findings {
        Findings(self.0 & !other.0)
    }

    /// The kinds, in the order of [`FindingKind::ALL`].
    pub fn iter(self) -> impl Iterator<Item = FindingKind> {
        FindingKind::ALL
            .into_iter()
            .filter(move |&kind| self.contains(kind))
    }
}

impl FromIterator<FindingKind> for Findings {
    fn from_iter<I: IntoIterator<Item = FindingKind>>(kinds: I) -> Self {
        let mut set = Findings::NONE;
        kinds.into_iter().for_each(|kind| set.insert(kind));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_keeps_what_was_inserted_in_report_order() {
        let set: Findings = [FindingKind::Misuse, FindingKind::Deadlock]
            .into_iter()
            .collect();
        assert_eq!(
            set.iter().collect::<Vec<_>>(),
            [FindingKind::Deadlock, FindingKind::Misuse]
        );
        assert_eq!(
            set.minus(Findings::of(FindingKind::Misuse)),
            Findings::of(FindingKind::Deadlock)
        );
        assert!(!set.contains(FindingKind::Starved));
    }
}
