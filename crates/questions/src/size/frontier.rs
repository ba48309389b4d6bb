//! The smallest slots: all minimal vectors over the series in use, for the tasks as given.
//!
//! More slots can let more tasks in (a series of one slot is a lock), so safety is not monotone in
//! slots, and every vector within the limit is looked at, in the order of its sum: one that lies
//! above a safe one cannot be minimal and is passed over. Of each minimal one it is asked whether
//! the equations exclude deadlocks for everything above it as well.

use kmapcheck_prove::settle::By;
use kmapcheck_scenario::SeriesId;
use serde::Serialize;

use super::cells::{Cell, Cells};
use super::family::{Slots, least};
use super::resize::Numbers;
use super::{LARGEST, Options, counts};

/// The smallest safe slots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Frontier {
    /// The series in use.
    pub series: Vec<String>,
    /// What there are of them.
    #[serde(skip)]
    pub counts: &'static str,
    /// Every number of slots from 1 to this was tried, for each series.
    pub up_to: u32,
    /// The minimal safe vectors.
    pub minimal: Vec<Minimal>,
    /// Vectors, not above a safe one, for which it was not found out.
    pub unknown: Vec<Vec<u32>>,
    /// For each series by itself, the others as given: from how many slots on it is safe.
    pub from: Vec<From>,
}

/// A vector none of whose numbers can be smaller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Minimal {
    /// The slots, series by series.
    pub slots: Vec<u32>,
    /// What its being safe rests on.
    pub by: By,
    /// Whether every larger vector is safe too, by the equations.
    pub and_all_larger: bool,
}

/// A number of slots of one series from which on every number is safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct From {
    /// The series.
    pub series: String,
    /// The number; none: the equations exclude deadlocks for no number from some on.
    pub safe_from: Option<u32>,
    /// What holds with one slot fewer.
    pub one_fewer: Option<Cell>,
}

/// Looks at all vectors.
pub fn frontier(
    cells: &mut Cells<'_>,
    given: &Numbers,
    series: &[SeriesId],
    options: &Options,
) -> Frontier {
    let up_to = options.vectors_up_to(series.len());
    let mut frontier = Frontier {
        series: (series.iter())
            .map(|&s| cells.program.series[s].name.clone())
            .collect(),
        counts: counts(cells.program, series),
        up_to,
        minimal: Vec::new(),
        unknown: Vec::new(),
        from: Vec::new(),
    };
    for slots in vectors(series.len(), up_to) {
        let above = |known: &[u32]| known.iter().zip(&slots).all(|(known, n)| known <= n);
        if frontier.minimal.iter().any(|known| above(&known.slots)) {
            continue;
        }
        let numbers = put(given, series, &slots);
        match cells.at(&numbers) {
            Cell::Safe { by } => {
                let mut larger = Slots::of(&numbers);
                for (&s, &n) in series.iter().zip(&slots) {
                    larger[s] = Slots::AtLeast(n);
                }
                frontier.minimal.push(Minimal {
                    and_all_larger: cells.excluded(&larger, &numbers.tasks),
                    slots,
                    by,
                });
            }
            Cell::Unknown { .. } => frontier.unknown.push(slots),
            Cell::Unsafe { .. } | Cell::Misfit => {}
        }
    }
    for (i, &s) in series.iter().enumerate() {
        let safe_from = safe_from(cells, given, s);
        if cells.stopped().is_some() {
            // Then it is not known.
            break;
        }
        let one_fewer =
            (safe_from.filter(|&n| n > 1)).map(|n| cells.at(&given.with_slots(s, n - 1)));
        frontier.from.push(From {
            series: frontier.series[i].clone(),
            safe_from,
            one_fewer,
        });
    }
    frontier
}

/// From how many slots of a series on every number is safe, everything else as given; `None`: the
/// equations exclude deadlocks for no number from some on.
pub fn safe_from(cells: &mut Cells<'_>, given: &Numbers, series: SeriesId) -> Option<u32> {
    least(LARGEST, |n| {
        let mut slots = Slots::of(given);
        slots[series] = Slots::AtLeast(n);
        cells.excluded(&slots, &given.tasks)
    })
}

fn put(given: &Numbers, series: &[SeriesId], slots: &[u32]) -> Numbers {
    let mut numbers = given.clone();
    for (&s, &n) in series.iter().zip(slots) {
        numbers.slots[s] = Some(n);
    }
    numbers
}

/// All vectors of numbers from 1 to `up_to`, by their sum, then in lexicographic order.
fn vectors(length: usize, up_to: u32) -> Vec<Vec<u32>> {
    let mut vectors: Vec<Vec<u32>> = vec![Vec::new()];
    for _ in 0..length {
        vectors = (vectors.iter())
            .flat_map(|vector| {
                (1..=up_to).map(move |n| vector.iter().copied().chain([n]).collect())
            })
            .collect();
    }
    vectors.sort_by_key(|vector| vector.iter().sum::<u32>());
    if length == 0 { Vec::new() } else { vectors }
}
