//! The numbers of a program: slots of series and instances of task programs.
//!
//! Numbers hang together: a semaphore with `slots_of` has as many units as its series has slots,
//! and declared leftovers have to fit the slots. Whoever changes a number does it here.

use crate::program::{Bound, PageDecl, Program, ResourceKind, Series, SeriesId, StaleIn, Template};

/// A number that a program leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open<'a> {
    /// The instances of a task program.
    Count(&'a Template),
    /// The slots of a series.
    Slots(&'a Series),
}

impl Open<'_> {
    /// What the file says.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Open::Count(template) => format!("`\"count\": \"any\"` of task `{}`", template.name),
            Open::Slots(series) => format!("`\"slots\": \"any\"` of series `{}`", series.name),
        }
    }

    /// How to give a number for one run.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Open::Count(template) => format!("give a number with `--tasks {}=N`", template.name),
            Open::Slots(series) => format!("give a number with `--slots {}=K`", series.name),
        }
    }
}

impl Program {
    /// Gives a series another number of slots, and the semaphores that follow it as many units.
    pub fn set_slots(&mut self, series: SeriesId, slots: Bound) {
        self.series[series].slots = slots;
        let own = self.templates.iter_mut().flat_map(|t| &mut t.resources);
        for resource in self.resources.iter_mut().chain(own) {
            if let (true, ResourceKind::Semaphore { units, .. }) =
                (resource.follows == Some(series), &mut resource.kind)
            {
                *units = match slots {
                    Bound::Exactly(n) => n,
                    Bound::Any => u32::MAX,
                };
            }
        }
    }

    /// The same with that number of slots in every series that leaves it open.
    #[must_use]
    pub fn with_open_slots(mut self, slots: u32) -> Program {
        for series in 0..self.series.len() {
            if self.series[series].slots == Bound::Any {
                self.set_slots(series, Bound::Exactly(slots));
            }
        }
        self
    }

    /// The first number that is open, if any is.
    #[must_use]
    pub fn first_open(&self) -> Option<Open<'_>> {
        let count = self.templates.iter().find(|t| t.count == Bound::Any);
        let slots = self.series.iter().find(|s| s.slots == Bound::Any);
        count.map(Open::Count).or(slots.map(Open::Slots))
    }

    /// Whether some number of instances is open.
    #[must_use]
    pub fn has_open_counts(&self) -> bool {
        self.templates.iter().any(|t| t.count == Bound::Any)
    }

    /// Whether some number of slots is open.
    #[must_use]
    pub fn has_open_slots(&self) -> bool {
        self.series.iter().any(|s| s.slots == Bound::Any)
    }

    /// Whether the leftovers that are declared for certain fit the slots. A file in which they do
    /// not is refused, so this is for numbers that no file gave.
    #[must_use]
    pub fn leftovers_fit(&self) -> bool {
        let certain = |page: &PageDecl, series: SeriesId| matches!(&page.stale_in, StaleIn::Exactly(list) if list.contains(&series));
        (self.series.iter().enumerate()).all(|(id, series)| {
            let Bound::Exactly(slots) = series.slots else {
                return true;
            };
            let shared = self.pages.iter().filter(|page| certain(page, id)).count() as u64;
            let all = self.templates.iter().try_fold(shared, |sum, template| {
                let own = (template.vars.iter().filter_map(|var| var.page.as_ref()))
                    .filter(|page| certain(page, id))
                    .count() as u64;
                match template.count {
                    Bound::Exactly(n) => Some(sum + own * u64::from(n)),
                    Bound::Any => (own == 0).then_some(sum),
                }
            });
            all.is_some_and(|all| all <= u64::from(slots))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Overrides, load_str};

    /// Series A and B; `gate` follows A, as does a lock of each task's own; `two` follows nothing.
    fn program(count: &str, slots: &str) -> Program {
        let text = format!(
            r#"{{ "name": "s", "model": {{ "name": "m", "series": {{
                   "A": {{ "slots": {slots}, "reuse": "own" }},
                   "B": {{ "slots": 5, "reuse": "own" }} }} }},
                 "locks": {{ "gate": {{ "semaphore": {{ "slots_of": "A" }} }},
                             "two": {{ "semaphore": 2 }} }},
                 "pages": [ {{ "name": "s", "stale_in": "B" }} ],
                 "tasks": [ {{ "name": "t", "count": {count}, "program": [],
                    "pages": [ {{ "name": "p", "stale_in": "B" }} ],
                    "locks": {{ "own": {{ "semaphore": {{ "slots_of": "A" }} }} }} }} ] }}"#
        );
        load_str("s.json", &text, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"))
    }

    fn units(program: &Program) -> Vec<u32> {
        (program
            .resources
            .iter()
            .chain(&program.templates[0].resources))
        .map(|resource| match resource.kind {
            ResourceKind::Semaphore { units, .. } => units,
            _ => 0,
        })
        .collect()
    }

    #[test]
    fn semaphores_follow() {
        let mut program = program("1", "3");
        assert_eq!(units(&program), [3, 2, 3]);
        program.set_slots(0, Bound::Exactly(7));
        assert_eq!(units(&program), [7, 2, 7]);
        program.set_slots(1, Bound::Exactly(9));
        assert_eq!(units(&program), [7, 2, 7]);
        program.set_slots(0, Bound::Any);
        assert_eq!(units(&program), [u32::MAX, 2, u32::MAX]);
        // Only what is open gets the number.
        let program = program.with_open_slots(4);
        assert_eq!(units(&program), [4, 2, 4]);
        assert_eq!(program.series[1].slots, Bound::Exactly(9));
    }

    #[test]
    fn what_is_open_is_named() {
        assert_eq!(program("1", "3").first_open(), None);
        let open = program("1", "\"any\"");
        assert!(open.has_open_slots() && !open.has_open_counts());
        let first = open.first_open().map(|open| (open.what(), open.remedy()));
        let (what, remedy) = first.expect("the slots of A are open");
        assert_eq!(what, "`\"slots\": \"any\"` of series `A`");
        assert_eq!(remedy, "give a number with `--slots A=K`");
        let mut both = open;
        both.templates[0].count = Bound::Any;
        assert!(matches!(both.first_open(), Some(Open::Count(t)) if t.name == "t"));
    }

    /// One leftover of the shared page in B and one of each task's own: four tasks fit five slots.
    #[test]
    fn leftovers_have_to_fit() {
        let mut program = program("4", "3");
        assert!(program.leftovers_fit());
        program.templates[0].count = Bound::Exactly(5);
        assert!(!program.leftovers_fit());
        program.templates[0].count = Bound::Any;
        assert!(!program.leftovers_fit());
        program.set_slots(1, Bound::Any);
        assert!(program.leftovers_fit());
    }
}
