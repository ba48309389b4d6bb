//! For which numbers a discipline of numbers works, by solving the equations for each.
//!
//! One series by itself, in which a task has at most *K* slots at once. Where the last *n* of *P*
//! slots are kept for holders the question is how large *n* has to be; where slots are reserved,
//! for which *K*.

use kmapcheck_limits::ask;
use kmapcheck_linear::{Answer, solve};
use kmapcheck_scenario::{Bound, Program, Resource, ResourceKind, Reuse, Series, SeriesId};

use super::discipline::Discipline;
use super::equations::{Slots, cases};

/// Pivots for each case.
const BUDGET: u64 = 20_000;

/// The least number of slots to keep for holders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldersRow {
    /// The series.
    pub series: SeriesId,
    /// Its slots.
    pub slots: u32,
    /// At most so many at once for a task.
    pub pins: u32,
    /// So many have to be kept, of the series as it is; `None`: no number will do.
    pub least: Option<u32>,
    /// The same with `"reuse": "none"`.
    pub least_without_reuse: Option<u32>,
}

/// Whether reservations of up to so many slots do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationRow {
    /// The series.
    pub series: SeriesId,
    /// At most so many at once for a task.
    pub pins: u32,
    /// Whether that is enough.
    pub works: bool,
}

/// The rows for K = 2, 3, 4 of each series that keeps slots for holders.
#[must_use]
pub fn holders(program: &Program) -> Vec<HoldersRow> {
    let mut rows = Vec::new();
    for (id, series) in program.series.iter().enumerate() {
        let Bound::Exactly(slots) = series.slots else {
            continue;
        };
        if series.for_holders == 0 {
            continue;
        }
        rows.extend((2..=4).map(|pins| HoldersRow {
            series: id,
            slots,
            pins,
            least: least_for_holders(slots, pins, series.reuse),
            least_without_reuse: least_for_holders(slots, pins, Reuse::None),
        }));
    }
    rows
}

/// The rows for up to 4 slots at once of each series whose slots are reserved.
#[must_use]
pub fn reservations(program: &Program) -> Vec<ReservationRow> {
    let discipline = Discipline::of(program, None);
    let mut rows = Vec::new();
    for series in 0..program.series.len() {
        ask();
        if discipline.reservation_of(series).is_some() {
            rows.extend((1..=4).map(|pins| ReservationRow {
                series,
                pins,
                works: reservation_works(program.series[series].reuse, pins),
            }));
        }
    }
    rows
}

/// The least *n* < `slots` with which the equations of one series have no solution, if a task has
/// at most `pins` slots. More slots kept only take solutions away, so it is bisected.
#[must_use]
pub fn least_for_holders(slots: u32, pins: u32, reuse: Reuse) -> Option<u32> {
    let works = |n: u32| for_holders_works(slots, n, pins, reuse);
    let mut above = slots.checked_sub(1)?;
    if !works(above) {
        return None;
    }
    let mut below = 0;
    if works(below) {
        return Some(0);
    }
    while above - below > 1 {
        ask();
        let middle = below + (above - below) / 2;
        if works(middle) {
            above = middle;
        } else {
            below = middle;
        }
    }
    Some(above)
}

/// Whether the equations of one series of `slots` slots, the last `n` of them for holders, have no
/// solution.
#[must_use]
pub fn for_holders_works(slots: u32, n: u32, pins: u32, reuse: Reuse) -> bool {
    unsolvable(&one_series(slots, n, reuse, false), pins)
}

fn reservation_works(reuse: Reuse, pins: u32) -> bool {
    let mut program = one_series(1, 0, reuse, true);
    program.series[0].slots = Bound::Any;
    unsolvable(&program, pins)
}

fn unsolvable(program: &Program, pins: u32) -> bool {
    let discipline = Discipline::of(program, Some(pins));
    let pairs = discipline.pairs();
    let cases = cases(&discipline, &pairs, Slots::AsInTheModel);
    cases.is_some_and(|cases| {
        (cases.iter()).all(|case| matches!(solve(&case.problem, BUDGET), Answer::Infeasible(_)))
    })
}

/// A model of one series, whose slots may be reserved.
fn one_series(slots: u32, for_holders: u32, reuse: Reuse, reserved: bool) -> Program {
    let reservation = Resource {
        name: "reservation".into(),
        kind: ResourceKind::Semaphore {
            units: slots,
            owned: true,
            available: None,
            fair: false,
        },
        follows: Some(0),
        rank: Some(0),
    };
    Program {
        name: "one-series".into(),
        about: None,
        source: None,
        note: None,
        model: "one-series".into(),
        files: Vec::new(),
        series: vec![Series {
            name: "series".into(),
            slots: Bound::Exactly(slots),
            reuse,
            for_holders,
            rank: None,
            of_units: false,
            is_pool: false,
        }],
        atomic_types: Vec::new(),
        resources: reserved.then_some(reservation).into_iter().collect(),
        pages: Vec::new(),
        free_pages: None,
        cpus: None,
        templates: Vec::new(),
        origins: Vec::new(),
        blocks: Vec::new(),
        assumed: Vec::new(),
        expect: None,
    }
}
