//! Which of several runs to the same kind of finding is reported.
//!
//! The shortest; among deadlocks of the same length the one whose class comes first, so that every
//! engine names the same class; then the one met first in the engine's fixed order.

use kmapcheck_machine::Findings;
use kmapcheck_scenario::FindingKind;
use rustc_hash::FxHashMap;

/// The findings settled so far and the candidates of the level under exploration.
pub struct Candidates<T> {
    settled: FxHashMap<FindingKind, (u64, T)>,
    found: Findings,
    open: FxHashMap<FindingKind, (u64, u32, T)>,
}

/// What [`Candidates::parts`] gives: kind, length and run of what is settled; the kinds that are;
/// kind, length, rank and run of what is open.
pub type Parts<'a, T> = (
    Vec<(FindingKind, u64, &'a T)>,
    Findings,
    Vec<(FindingKind, u64, u32, &'a T)>,
);

impl<T> Default for Candidates<T> {
    fn default() -> Self {
        Candidates::new()
    }
}

impl<T> Candidates<T> {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Candidates {
            settled: FxHashMap::default(),
            found: Findings::NONE,
            open: FxHashMap::default(),
        }
    }

    /// Those of `kinds` that would still be news.
    pub fn news(&self, kinds: Findings) -> Findings {
        kinds.minus(self.found)
    }

    /// Whether the kind has been settled.
    pub fn has(&self, kind: FindingKind) -> bool {
        self.found.contains(kind)
    }

    /// Offers a run of `length` steps that shows `kind`; smaller `rank` first.
    pub fn offer(&mut self, kind: FindingKind, length: u64, rank: u32, run: impl FnOnce() -> T) {
        if self.has(kind) {
            return;
        }
        let better = self
            .open
            .get(&kind)
            .is_none_or(|&(best, first, _)| (length, rank) < (best, first));
        if better {
            self.open.insert(kind, (length, rank, run()));
        }
    }

    /// Settles a kind by other means: it was found, or shown to be impossible.
    pub fn decide(&mut self, kind: FindingKind) {
        self.open.remove(&kind);
        self.found.insert(kind);
    }

    /// Settles the candidates of at most `length` steps: no shorter run is to come.
    pub fn settle(&mut self, length: u64) {
        for kind in FindingKind::ALL {
            if self.open.get(&kind).is_some_and(|open| open.0 <= length)
                && let Some((length, _, run)) = self.open.remove(&kind)
            {
                self.found.insert(kind);
                self.settled.insert(kind, (length, run));
            }
        }
    }

    /// What is settled, which kinds are, and what is not yet; in report order.
    pub fn parts(&self) -> Parts<'_, T> {
        let settled = FindingKind::ALL.into_iter().filter_map(|kind| {
            let (length, run) = self.settled.get(&kind)?;
            Some((kind, *length, run))
        });
        let open = FindingKind::ALL.into_iter().filter_map(|kind| {
            let (length, rank, run) = self.open.get(&kind)?;
            Some((kind, *length, *rank, run))
        });
        (settled.collect(), self.found, open.collect())
    }

    /// Takes up from there.
    pub fn restore(
        &mut self,
        settled: Vec<(FindingKind, u64, T)>,
        found: Findings,
        open: Vec<(FindingKind, u64, u32, T)>,
    ) {
        let settled = settled.into_iter();
        self.settled = settled
            .map(|(kind, length, run)| (kind, (length, run)))
            .collect();
        self.found = found;
        let open = open.into_iter();
        self.open = open
            .map(|(kind, length, rank, run)| (kind, (length, rank, run)))
            .collect();
    }

    /// What was found, candidates of an unfinished level included, in report order.
    pub fn into_found(mut self) -> Vec<(FindingKind, T)> {
        self.settle(u64::MAX);
        FindingKind::ALL
            .into_iter()
            .filter_map(|kind| self.settled.remove(&kind).map(|(_, run)| (kind, run)))
            .collect()
    }
}
