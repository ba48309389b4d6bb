//! How much of a thing can be held, and how much must be for it to be missing.
//!
//! The prover has formulas for that, and a formula can be wrong where numbers are at an edge. So
//! nothing is taken over from it here. What the semantics says of one request is written down as a
//! question about numbers: with that much in use, is it granted? A bound is then found by asking for
//! 0, 1, 2 and so on in use, as tasks would come one by one.
//!
//! Where the number of slots is open, a bound is that number less another, or none. Such a bound on
//! slots is compared with the answers to the questions: for one slot, and for numbers up to two more
//! than are kept for holders ([`edges`]). So is one on the units that follow an open series, for
//! numbers about as many as are asked for.

use kmapcheck_scenario::{Bound, Op, Program, ResourceKind, Series, SeriesId};

/// What is kept back from a request, and from whom.
#[derive(Debug, Clone, Copy)]
struct Request {
    /// How much there is.
    of: u64,
    /// How much is asked for.
    n: u64,
    /// How much more must be left for others.
    leaving: u64,
}

impl Request {
    /// A slot, for a task with or without a pin lying in the series: those kept for holders are
    /// left to them.
    fn slot(slots: u64, series: &Series, has_pin: bool) -> Request {
        Request {
            of: slots,
            n: 1,
            leaving: if has_pin {
                0
            } else {
                u64::from(series.for_holders)
            },
        }
    }

    /// Whether it is granted while so much is in use.
    fn is_granted(self, in_use: u64) -> bool {
        in_use + self.n + self.leaving <= self.of
    }

    /// The least in use at which it is not.
    fn refused_from(self) -> u64 {
        let mut in_use = 0;
        while self.is_granted(in_use) {
            in_use += 1;
        }
        in_use
    }
}

/// A number, or the slots of a series less a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Amount {
    /// The series whose slots are added, if their number is open.
    pub slots_of: Option<SeriesId>,
    /// What is added.
    pub plus: i64,
}

impl Amount {
    pub(crate) fn number(n: u64) -> Amount {
        Amount {
            slots_of: None,
            plus: i64::try_from(n).expect("numbers in files are far smaller"),
        }
    }

    fn slots_less(series: SeriesId, n: u64) -> Amount {
        let less = Amount::number(n).plus;
        Amount {
            slots_of: Some(series),
            plus: -less,
        }
    }

    /// What it comes to with that many slots.
    fn at(self, slots: u64) -> i64 {
        match self.slots_of {
            None => self.plus,
            Some(_) => Amount::number(slots).plus + self.plus,
        }
    }
}

/// Which numbers of slots a bound is about, of a series that leaves the number open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Range {
    /// Every number.
    Every,
    /// No more than are kept for holders.
    AllKept,
    /// More than are kept for holders.
    SomeNotKept,
}

/// Numbers of slots at which a bound is compared with what the semantics grants: all from 1 to two
/// more than are kept for holders, or those at both ends if there are many.
pub(crate) fn edges(series: &Series) -> Vec<u64> {
    let last = u64::from(series.for_holders) + 2;
    // If there are few, those at the ends are all.
    let middle = last.saturating_sub(5).max(4);
    (1..=last.min(4)).chain(middle + 1..=last).collect()
}

/// The fewest slots that a series with an open number has: one, and as many as units are asked for
/// or given back at once of a semaphore that follows it, since a file with fewer is refused.
pub(crate) fn fewest_slots(program: &Program, series: SeriesId) -> u64 {
    let mut fewest = 1;
    for (id, template) in program.templates.iter().enumerate() {
        for node in &template.nodes {
            if let Op::Down { pool, n } | Op::DownTrylock { pool, n } | Op::Up { pool, n } = node.op
                && program.resource(id, pool).follows == Some(series)
            {
                fewest = fewest.max(u64::from(n));
            }
        }
    }
    fewest
}

/// How many slots there are.
pub(crate) fn slots(program: &Program, series: SeriesId) -> Amount {
    match program.series[series].slots {
        Bound::Exactly(slots) => Amount::number(u64::from(slots)),
        Bound::Any => Amount::slots_less(series, 0),
    }
}

/// How many slots must be in use for a task to be refused one.
///
/// # Errors
///
/// A sentence, if the bound is not what the semantics says.
pub(crate) fn slot_missing_at(
    program: &Program,
    series: SeriesId,
    has_pin: bool,
) -> Result<Amount, String> {
    let declared = &program.series[series];
    let refused = |slots| Request::slot(slots, declared, has_pin).refused_from();
    match declared.slots {
        Bound::Exactly(slots) => Ok(Amount::number(refused(u64::from(slots)))),
        Bound::Any => {
            // At least: with fewer slots than are kept it is below zero, and says nothing.
            let kept = Request::slot(0, declared, has_pin).leaving;
            let amount = Amount::slots_less(series, kept);
            let is_no_more = |slots: u64| amount.at(slots) <= Amount::number(refused(slots)).plus;
            match edges(declared).into_iter().find(|&n| !is_no_more(n)) {
                None => Ok(amount),
                Some(n) => Err(wrong(declared, "what is missing", n)),
            }
        }
    }
}

/// How many tasks at most have a pin in a series, if each gets its first one by a slot, and keeps a
/// slot to itself as long as it has any. With an open number of slots: in that range.
///
/// # Errors
///
/// A sentence, if the bound is not what the semantics says.
pub(crate) fn most_holders(
    program: &Program,
    series: SeriesId,
    range: Range,
) -> Result<Option<Amount>, String> {
    let declared = &program.series[series];
    // They come one by one, each with as few slots in use as there can be: one for each before.
    let most = |slots| Request::slot(slots, declared, false).refused_from();
    let amount = match (declared.slots, range) {
        (Bound::Exactly(slots), _) => return Ok(Some(Amount::number(most(u64::from(slots))))),
        (Bound::Any, Range::Every) => return Ok(None),
        (Bound::Any, Range::AllKept) => Amount::number(0),
        (Bound::Any, Range::SomeNotKept) => {
            Amount::slots_less(series, u64::from(declared.for_holders))
        }
    };
    let in_range =
        |slots: &u64| (*slots <= u64::from(declared.for_holders)) == (range == Range::AllKept);
    let is_so = |slots: u64| amount.at(slots) == Amount::number(most(slots)).plus;
    match edges(declared)
        .into_iter()
        .filter(in_range)
        .find(|&n| !is_so(n))
    {
        None => Ok(Some(amount)),
        Some(n) => Err(wrong(declared, "who can have a pin", n)),
    }
}

/// How many units of a shared pool there are.
pub(crate) fn units(program: &Program, pool: usize) -> Amount {
    let resource = &program.resources[pool];
    match (resource.follows, resource.kind) {
        (Some(series), _) => slots(program, series),
        (_, ResourceKind::Semaphore { units, .. } | ResourceKind::Mempool { units, .. }) => {
            Amount::number(u64::from(units))
        }
        _ => Amount::number(1),
    }
}

/// How many units of a shared pool must be taken for `n` to be refused.
///
/// # Errors
///
/// A sentence, if the bound is not what the semantics says.
pub(crate) fn units_missing_at(program: &Program, pool: usize, n: u64) -> Result<Amount, String> {
    let refused = |of: u64| Amount::number(Request { of, n, leaving: 0 }.refused_from());
    let all = units(program, pool);
    let Some(series) = all.slots_of else {
        let of = u64::try_from(all.plus).expect("a number of units");
        return Ok(refused(of));
    };
    let less = n.checked_sub(1).ok_or("nothing is asked for")?;
    let amount = Amount::slots_less(series, less);
    // There are never fewer, since a file with fewer than are asked for is refused.
    let fewest = fewest_slots(program, series);
    match (fewest..=fewest + 2).find(|&slots| amount.at(slots) != refused(slots).plus) {
        None => Ok(amount),
        Some(slots) => Err(wrong(
            &program.series[series],
            "the units that follow the slots",
            slots,
        )),
    }
}

fn wrong(series: &Series, what: &str, slots: u64) -> String {
    format!(
        "a fault of this program: a bound on {what} of {} is wrong for {slots} slots",
        series.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmapcheck_scenario::{Overrides, load_str};

    fn program(slots: &str, kept: u32) -> Program {
        let text = format!(
            r#"{{ "name": "s",
                "model": {{ "name": "m", "series": {{ "A": {{ "slots": {slots}, "reuse": "none", "for_holders": {kept} }} }} }},
                "tasks": [ {{ "name": "t", "program": [] }} ] }}"#
        );
        load_str("s.json", &text, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"))
    }

    /// With P slots of which n are kept, tasks without a pin are let in while fewer than P - n are
    /// in use: P - n of them if that is more than none.
    #[test]
    fn slots_that_are_kept() {
        for slots in 1..=5u32 {
            for kept in 0..=slots + 2 {
                let program = program(&slots.to_string(), kept);
                let others = u64::from(slots.saturating_sub(kept));
                let holders = most_holders(&program, 0, Range::Every);
                assert_eq!(holders, Ok(Some(Amount::number(others))));
                assert_eq!(
                    slot_missing_at(&program, 0, false),
                    Ok(Amount::number(others))
                );
                let all = Amount::number(u64::from(slots));
                assert_eq!(slot_missing_at(&program, 0, true), Ok(all));
            }
        }
    }

    #[test]
    fn an_open_number_of_slots() {
        for kept in 0..=7u32 {
            let program = program("\"any\"", kept);
            let less = |n| Amount::slots_less(0, n);
            assert_eq!(slot_missing_at(&program, 0, true), Ok(less(0)));
            assert_eq!(
                slot_missing_at(&program, 0, false),
                Ok(less(u64::from(kept)))
            );
            assert_eq!(most_holders(&program, 0, Range::Every), Ok(None));
            let none = Some(Amount::number(0));
            assert_eq!(most_holders(&program, 0, Range::AllKept), Ok(none));
            let others = Some(less(u64::from(kept)));
            assert_eq!(most_holders(&program, 0, Range::SomeNotKept), Ok(others));
        }
    }

    /// The range is no premise: a bound for more slots than are kept does not hold for fewer.
    #[test]
    fn a_bound_outside_its_range_is_noticed() {
        let program = program("\"any\"", 3);
        let declared = &program.series[0];
        let most = |slots| Request::slot(slots, declared, false).refused_from();
        let linear = Amount::slots_less(0, 3);
        let broken: Vec<u64> = (edges(declared).into_iter())
            .filter(|&n| linear.at(n) != Amount::number(most(n)).plus)
            .collect();
        assert_eq!(broken, [1, 2]);
    }

    #[test]
    fn edges_are_both_ends() {
        let edges = |kept| edges(&program("9", kept).series[0]);
        assert_eq!(edges(0), [1, 2]);
        assert_eq!(edges(1), [1, 2, 3]);
        assert_eq!(edges(3), [1, 2, 3, 4, 5]);
        assert_eq!(edges(6), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(edges(10), [1, 2, 3, 4, 8, 9, 10, 11, 12]);
    }

    /// Of U units n are refused when more than U - n are taken.
    #[test]
    fn units_that_are_taken() {
        let mut program = program("2", 0);
        program.resources = kmapcheck_testing::load(&serde_json::json!({
            "name": "s", "model": { "name": "m", "series": {} },
            "locks": { "s": { "semaphore": 3 } },
            "tasks": [{ "name": "t", "program": [] }],
        }))
        .resources;
        assert_eq!(units(&program, 0), Amount::number(3));
        for n in 1..=3u64 {
            let missing = units_missing_at(&program, 0, n);
            assert_eq!(missing, Ok(Amount::number(4 - n)));
        }
    }

    #[test]
    fn units_that_follow_an_open_number_of_slots() {
        let program = kmapcheck_testing::load(&serde_json::json!({
            "name": "s",
            "model": { "name": "m", "series": { "A": { "slots": "any", "reuse": "none" } } },
            "locks": { "s": { "semaphore": { "slots_of": "A" } } },
            "tasks": [{ "name": "t", "program": [{ "down": "s", "n": 3 }, { "up": "s", "n": 3 }] }],
        }));
        assert_eq!(units(&program, 0), Amount::slots_less(0, 0));
        for n in 1..=3u64 {
            let missing = units_missing_at(&program, 0, n);
            assert_eq!(missing, Ok(Amount::slots_less(0, n - 1)));
        }
        // With four asked for of three slots, no unit need be taken. The scenario asks for three.
        let said = units_missing_at(&program, 0, 5);
        assert!(said.is_err_and(|said| said.contains("wrong for 3 slots")));
    }
}
