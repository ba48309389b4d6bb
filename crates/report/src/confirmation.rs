//! What another engine says about a report: loom, which runs the kernel's own allocator.

use kmapcheck_scenario::FindingKind;

use crate::words::count;

/// What loom came to, beside what the search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// It was not asked: one interleaving is beyond the budget.
    NotAsked {
        /// A budget that is enough for about a hundred interleavings, in steps of work.
        enough: u64,
    },
    /// It ran.
    Ran {
        /// How many interleavings.
        interleavings: u64,
        /// Whether these are all there are.
        complete: bool,
        /// What the search found and none of them shows.
        missing: Vec<FindingKind>,
    },
}

impl Confirmation {
    /// In a line.
    #[must_use]
    pub fn line(&self) -> String {
        let (interleavings, complete, missing) = match self {
            Confirmation::NotAsked { enough } => {
                return format!(
                    "loom was not asked: one interleaving of the kernel's own allocator is beyond its \
                     budget; `--loom-budget {enough}` is enough for about a hundred."
                );
            }
            Confirmation::Ran {
                interleavings,
                complete,
                missing,
            } => (count(*interleavings, "interleaving"), complete, missing),
        };
        let missing: Vec<&str> = missing.iter().map(|kind| kind.name()).collect();
        let ran = match complete {
            true => format!(
                "loom agrees: every interleaving of the kernel's own allocator, {interleavings}"
            ),
            false => format!(
                "loom found nothing else in {interleavings} of the kernel's own allocator, and there \
                 are more"
            ),
        };
        match (complete, missing.is_empty()) {
            (_, true) => format!("{ran}."),
            (true, false) => format!(
                "{ran}; not seen there: {}, which depends on what a scan flushes.",
                missing.join(", ")
            ),
            (false, false) => format!(
                "{ran}; none of those that it ran shows {}.",
                missing.join(" or ")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_it_can_come_out_is_a_line() {
        let ran = |complete, missing: &[FindingKind]| {
            let missing = missing.to_vec();
            let interleavings = 500;
            let came = Confirmation::Ran {
                interleavings,
                complete,
                missing,
            };
            came.line()
        };
        let both = [FindingKind::Deadlock, FindingKind::SlotLeak];
        for (line, begins, ends) in [
            (ran(true, &[]), "loom agrees: every", ", 500 interleavings."),
            (
                ran(true, &both),
                "loom agrees: every",
                "deadlock, slot-leak, which depends on what a scan flushes.",
            ),
            (
                ran(false, &[]),
                "loom found nothing else in 500",
                "and there are more.",
            ),
            (
                ran(false, &both),
                "loom found nothing else in 500",
                "shows deadlock or slot-leak.",
            ),
            (
                Confirmation::NotAsked { enough: 7 }.line(),
                "loom was not asked",
                "`--loom-budget 7` is enough for about a hundred.",
            ),
        ] {
            assert!(line.starts_with(begins) && line.ends_with(ends), "{line}");
        }
    }
}
