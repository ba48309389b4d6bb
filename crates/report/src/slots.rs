//! What the slots of a series are called, in one place.
//!
//! In the words of the kernel a task *pins* a *slot* of a series. A scenario's own pool, of
//! connections or threads, has *units* that tasks *hold*, as semaphores have: see
//! [`Series::is_pool`].

use kmapcheck_scenario::{Bound, Series};

use crate::words::{article, count, plural};

/// One of a series, without an article: `PAGETABLE slot`, `unit of CONNECTIONS`.
#[must_use]
pub fn slot(series: &Series) -> String {
    some("", series, 1)
}

/// The same with its article: `a PAGETABLE slot`, `a unit of CONNECTIONS`.
#[must_use]
pub fn a_slot(series: &Series) -> String {
    match series.has_units() {
        false => article(&slot(series)),
        true => format!("a {}", slot(series)),
    }
}

/// So many: `2 PAGETABLE slots`, `2 units of CONNECTIONS`.
#[must_use]
pub fn slots(series: &Series, n: u32) -> String {
    some(&n.to_string(), series, n)
}

/// Some of a series, with a word before them: `the only PAGETABLE slot`, `another unit of
/// CONNECTIONS`, for `n` of them.
#[must_use]
pub fn some(before: &str, series: &Series, n: u32) -> String {
    let name = &series.name;
    let ones = plural(n.into(), series.one());
    let said = match series.has_units() {
        false => format!("{before} {name} {ones}"),
        true => format!("{before} {ones} of {name}"),
    };
    said.trim_start().to_owned()
}

/// How many there are: `2 slots`, `1 unit`.
#[must_use]
pub fn number_of(series: &Series) -> String {
    match series.slots {
        Bound::Exactly(n) => count(n.into(), series.one()),
        Bound::Any => format!("any number of {}s", series.one()),
    }
}

/// What a task does with one that it has: it pins or holds it, in the singular or plural.
#[must_use]
pub(crate) fn pins(series: &Series, many: bool) -> &'static str {
    match (series.has_units(), many) {
        (false, false) => "pins",
        (false, true) => "pin",
        (true, false) => "holds",
        (true, true) => "hold",
    }
}

/// What was not done with one that is lost.
pub(crate) fn not_given_back(series: &Series, many: bool) -> &'static str {
    match (series.has_units(), many) {
        (false, _) => "kunmap",
        (true, false) => "giving it back",
        (true, true) => "giving them back",
    }
}

#[cfg(test)]
mod tests {
    use kmapcheck_scenario::Reuse;

    use super::*;

    #[test]
    fn kernels_have_slots_and_pools_have_units() {
        let mut series = Series {
            name: "S0".to_owned(),
            slots: Bound::Exactly(2),
            reuse: Reuse::None,
            for_holders: 0,
            rank: None,
            of_units: false,
            is_pool: false,
        };
        let all = |series: &Series| {
            [
                slot(series),
                a_slot(series),
                slots(series, 1),
                slots(series, 3),
                some("both", series, 2),
                number_of(series),
                pins(series, true).to_owned(),
            ]
        };
        let kernel = [
            "S0 slot",
            "an S0 slot",
            "1 S0 slot",
            "3 S0 slots",
            "both S0 slots",
            "2 slots",
            "pin",
        ];
        assert_eq!(all(&series), kernel);
        series.is_pool = true;
        let pool = [
            "unit of S0",
            "a unit of S0",
            "1 unit of S0",
            "3 units of S0",
            "both units of S0",
            "2 units",
            "hold",
        ];
        assert_eq!(all(&series), pool);
    }
}
