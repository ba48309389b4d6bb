//! The numbers of a program: slots of series and instances of task programs.
//!
//! Numbers hang together: a semaphore with `slots_of` has as many units as its series has slots,
//! and declared leftovers have to fit the slots. Whoever changes a number does it here.
//!
//! A semaphore or mempool with any number of units follows a series of its own, in which nobody maps
//! pages. Such a series has no influence but on the units, so what is proved for any number of slots
//! is proved for any number of units.

use std::fmt;
use std::str::FromStr;

use crate::program::{
    Bound, Op, PageDecl, Program, Ref, ResourceKind, Reuse, Series, SeriesId, StaleIn, Template,
    TemplateId,
};
use crate::read::decode::LARGEST_NUMBER;

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Exactly(n) => write!(f, "{n}"),
            Bound::Any => f.write_str("any"),
        }
    }
}

impl FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Bound, String> {
        if text == "any" {
            return Ok(Bound::Any);
        }
        (text.parse().ok())
            .filter(|number| (1..=LARGEST_NUMBER).contains(number))
            .map(Bound::Exactly)
            .ok_or_else(|| {
                format!("`{text}` is neither `any` nor a number from 1 to {LARGEST_NUMBER}")
            })
    }
}

impl Bound {
    /// The number; for every number, one that none exceeds.
    #[must_use]
    pub fn most(self) -> u32 {
        match self {
            Bound::Exactly(n) => n,
            Bound::Any => u32::MAX,
        }
    }
}

impl ResourceKind {
    /// Gives a semaphore another number of units, or a mempool of elements.
    pub fn set_units(&mut self, n: u32) {
        if let ResourceKind::Semaphore { units, .. } | ResourceKind::Mempool { units, .. } = self {
            *units = n;
        }
    }
}

/// A number that a program leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open<'a> {
    /// The instances of a task program.
    Count(&'a Template),
    /// The slots of a series.
    Slots(&'a Series),
    /// The units of a semaphore or mempool.
    Units(&'a Series),
}

impl Open<'_> {
    /// What the file says.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Open::Count(template) => format!("`\"count\": \"any\"` of task `{}`", template.name),
            Open::Slots(series) => format!("`\"slots\": \"any\"` of series `{}`", series.name),
            Open::Units(series) => format!("any number of units of `{}`", series.name),
        }
    }
}

impl Series {
    /// The series that a semaphore or mempool with any number of units follows.
    #[must_use]
    pub fn of_units(name: &str) -> Series {
        Series {
            name: name.to_owned(),
            slots: Bound::Any,
            reuse: Reuse::None,
            for_holders: 0,
            rank: None,
            of_units: true,
            is_pool: false,
        }
    }

    /// Whether what there is of it goes by the name of units, not of slots.
    #[must_use]
    pub fn has_units(&self) -> bool {
        self.of_units || self.is_pool
    }

    /// What one of it is called: a slot, or a unit.
    #[must_use]
    pub fn one(&self) -> &'static str {
        match self.has_units() {
            true => "unit",
            false => "slot",
        }
    }
}

impl Program {
    /// Gives a series another number of slots, and the semaphores that follow it as many units.
    pub fn set_slots(&mut self, series: SeriesId, slots: Bound) {
        self.series[series].slots = slots;
        let own = self.templates.iter_mut().flat_map(|t| &mut t.resources);
        for resource in self.resources.iter_mut().chain(own) {
            if resource.follows == Some(series) {
                resource.kind.set_units(slots.most());
            }
        }
    }

    /// The same with a series for each semaphore or mempool of several units that all tasks share, which it
    /// follows: so its number can vary as slots do. One of one unit is a lock.
    #[must_use]
    pub fn with_series_of_units(mut self) -> Program {
        for resource in &mut self.resources {
            if let (None, Some(units @ 2..)) = (resource.follows, resource.kind.units()) {
                resource.follows = Some(self.series.len());
                self.series.push(Series {
                    slots: Bound::Exactly(units),
                    ..Series::of_units(&resource.name)
                });
            }
        }
        self
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
        let slots = slots.map(|series| match series.of_units {
            true => Open::Units(series),
            false => Open::Slots(series),
        });
        count.map(Open::Count).or(slots)
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

    /// The fewest slots that a series can have: one, and as many as units are asked for at once of a
    /// semaphore that follows it. A file that gives fewer is refused.
    #[must_use]
    pub fn least_slots(&self, series: SeriesId) -> u32 {
        self.most_units_at_once(|id, pool| self.resource(id, pool).follows == Some(series))
    }

    /// The most units of some pools, one at least, that an operation takes or gives at once. `which` says
    /// of what a task program calls a pool whether it is one of these.
    pub fn most_units_at_once(&self, which: impl Fn(TemplateId, Ref) -> bool) -> u32 {
        let mut most = 1;
        for (id, template) in self.templates.iter().enumerate() {
            for node in &template.nodes {
                if let Op::Down { pool, n } | Op::Up { pool, n } | Op::DownTrylock { pool, n } =
                    node.op
                    && which(id, pool)
                {
                    most = most.max(n);
                }
            }
        }
        most
    }

    /// Whether a file with these numbers would be accepted: leftovers fit, and nobody asks for more
    /// units at once than there are.
    #[must_use]
    pub fn numbers_fit(&self) -> bool {
        let units = (self.series.iter().enumerate()).all(|(id, series)| match series.slots {
            Bound::Exactly(slots) => slots >= self.least_slots(id),
            Bound::Any => true,
        });
        units && self.leftovers_fit()
    }
}
