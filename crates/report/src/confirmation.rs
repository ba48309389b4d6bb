//! What another engine says about a report: loom, which runs the kernel's own allocator.

use kmapcheck_scenario::FindingKind;

use crate::words::count;

/// What loom came to, beside what the search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// Whether tasks use the kernel's allocator, and not only pools and locks of their own.
    pub of_kernel: bool,
    /// How far it came, and what it saw.
    pub extent: Extent,
}

/// How far loom came, and what it saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
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
        let of_kernel = match self.of_kernel {
            true => " of the kernel's own allocator",
            false => "",
        };
        let (interleavings, complete, missing) = match &self.extent {
            Extent::NotAsked { enough } => {
                return format!(
                    "loom was not asked: one interleaving{of_kernel} is beyond its budget; \
                     `--loom-budget {enough}` is enough for about a hundred."
                );
            }
            Extent::Ran {
                interleavings,
                complete,
                missing,
            } => (count(*interleavings, "interleaving"), complete, missing),
        };
        let missing: Vec<&str> = missing.iter().map(|kind| kind.name()).collect();
        let ran = match complete {
            true => format!("loom agrees: every interleaving{of_kernel}, {interleavings}"),
            false => {
                format!("loom found nothing else in {interleavings}{of_kernel}, and there are more")
            }
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

    fn line(of_kernel: bool, extent: Extent) -> String {
        Confirmation { of_kernel, extent }.line()
    }

    #[test]
    fn of_pools_and_locks_no_kernel_is_named() {
        let extent = Extent::Ran {
            interleavings: 3,
            complete: true,
            missing: Vec::new(),
        };
        let said = "loom agrees: every interleaving, 3 interleavings.";
        assert_eq!(line(false, extent), said);
        let said = line(false, Extent::NotAsked { enough: 7 });
        assert!(
            said.starts_with("loom was not asked: one interleaving is beyond"),
            "{said}"
        );
    }

    #[test]
    fn each_way_it_can_come_out_is_a_line() {
        let ran = |complete, missing: &[FindingKind]| {
            let missing = missing.to_vec();
            let interleavings = 500;
            let extent = Extent::Ran {
                interleavings,
                complete,
                missing,
            };
            line(true, extent)
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
                line(true, Extent::NotAsked { enough: 7 }),
                "loom was not asked",
                "`--loom-budget 7` is enough for about a hundred.",
            ),
        ] {
            assert!(line.starts_with(begins) && line.ends_with(ends), "{line}");
        }
    }
}
