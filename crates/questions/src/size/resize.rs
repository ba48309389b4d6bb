//! A program with other numbers of slots and tasks.
//!
//! What a file with those numbers would be refused for is refused here: leftovers that do not fit,
//! and more units asked for at once than a semaphore that follows the slots has.

use kmapcheck_scenario::{Bound, Op, Program, SeriesId};

/// The numbers of a program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Numbers {
    /// The slots of each series.
    pub slots: Vec<Option<u32>>,
    /// The instances of each template; `None`: any number.
    pub tasks: Vec<Option<u32>>,
}

impl Numbers {
    /// Those that a program has.
    #[must_use]
    pub fn of(program: &Program) -> Numbers {
        let number = |bound: Bound| match bound {
            Bound::Exactly(n) => Some(n),
            Bound::Any => None,
        };
        Numbers {
            slots: program.series.iter().map(|s| number(s.slots)).collect(),
            tasks: program.templates.iter().map(|t| number(t.count)).collect(),
        }
    }

    /// With another number of slots of one series.
    #[must_use]
    pub fn with_slots(&self, series: SeriesId, n: u32) -> Numbers {
        let mut numbers = self.clone();
        numbers.slots[series] = Some(n);
        numbers
    }
}

/// The program with those numbers; `None` if no file with them would be accepted. A template
/// without instances is one that ends at once.
#[must_use]
pub fn resized(program: &Program, numbers: &Numbers) -> Option<Program> {
    let bound = |n: Option<u32>| n.map_or(Bound::Any, Bound::Exactly);
    let mut resized = program.clone();
    resized.expect = None;
    for (series, &n) in numbers.slots.iter().enumerate() {
        resized.set_slots(series, bound(n));
    }
    for (template, &n) in resized.templates.iter_mut().zip(&numbers.tasks) {
        template.count = bound(n);
    }
    resized.numbers_fit().then_some(resized)
}

/// The series whose numbers of slots can make a difference: those that the tasks ask for, and those
/// that semaphores follow.
#[must_use]
pub fn used_series(program: &Program) -> Vec<SeriesId> {
    let asked = |series: SeriesId| {
        (program.templates.iter().flat_map(|template| &template.nodes)).any(|node| {
            matches!(node.op, Op::Kmap { series: s, .. } | Op::TryKmap { series: s, .. } if s == series)
        })
    };
    let followed = |series: SeriesId| {
        (program.templates.iter().enumerate()).any(|(template, declared)| {
            declared.nodes.iter().any(|node| match node.op {
                Op::Down { pool, .. } | Op::DownTrylock { pool, .. } => {
                    program.resource(template, pool).follows == Some(series)
                }
                _ => false,
            })
        })
    };
    (0..program.series.len())
        .filter(|&series| asked(series) || followed(series))
        .collect()
}
