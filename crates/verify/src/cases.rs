//! The cases that are told apart before there are inequalities, found anew.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Mode, Name, acceptable_series};
use kmapcheck_scenario::{Bound, Op, Program, Ref, SeriesId};

use crate::bounds::Range;
use crate::closed::Closed;
use crate::kinds::Kind;
use crate::local::{Local, Thing};

/// More cases than this are not told apart. What is not told apart is left out of the inequalities:
/// that makes solutions more likely, and is safe.
const MAX_CASES: usize = 64;

/// One case: all that is assumed in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Case {
    /// What nobody holds.
    pub nobody_holds: Vec<Thing>,
    /// Series with an open number of slots, and in which range that is.
    pub ranges: Vec<(SeriesId, Range)>,
}

impl Case {
    /// The range of the slots of a series.
    pub(crate) fn range(&self, series: SeriesId) -> Range {
        let known = self.ranges.iter().find(|&&(s, _)| s == series);
        known.map_or(Range::Every, |&(_, range)| range)
    }

    /// Whether tasks of that kind can be there: nobody has a pin where nobody gets a slot.
    pub(crate) fn allows(&self, kind: &Kind) -> bool {
        let has_a_pin = |&(series, range): &(SeriesId, Range)| {
            range == Range::AllKept && kind.pins_in.contains(&series)
        };
        !(self.nobody_holds.iter()).any(|held| kind.holds.contains_key(held))
            && !self.ranges.iter().any(has_a_pin)
    }

    fn and(&self, change: impl FnOnce(&mut Case)) -> Case {
        let mut case = self.clone();
        change(&mut case);
        case
    }
}

/// The cases to be told apart for those kinds. Of each rwsem that some hold for reading and others
/// for writing, nobody holds it in one of the two ways. Of each series that [bounds its
/// holders](bounds_holders), has an open number of slots, and in which some have a pin, the slots are
/// no more than are kept for holders, or more.
pub(crate) fn cases(program: &Program, holders_bounded: &[bool], kinds: &[&Kind]) -> Vec<Case> {
    let is_held = |held: Thing| kinds.iter().any(|kind| kind.holds.contains_key(&held));
    let mut cases = vec![Case::default()];
    for lock in (0..program.resources.len()).map(Ref::Shared) {
        ask();
        let ways = [Mode::Write, Mode::Read].map(|mode| Thing::Held(lock, mode));
        if cases.len() < MAX_CASES && ways.into_iter().all(is_held) {
            cases = (cases.iter())
                .flat_map(|case| ways.map(|held| case.and(|case| case.nobody_holds.push(held))))
                .collect();
        }
    }
    for (series, (declared, &bounded)) in program.series.iter().zip(holders_bounded).enumerate() {
        ask();
        let has_pins = |kind: &&Kind| kind.pins_in.contains(&series);
        let is_split = bounded && declared.slots == Bound::Any && cases.len() < MAX_CASES;
        if is_split && kinds.iter().any(has_pins) {
            cases = (cases.iter())
                .flat_map(|case| {
                    [Range::AllKept, Range::SomeNotKept]
                        .map(|range| case.and(|case| case.ranges.push((series, range))))
                })
                .collect();
        }
    }
    cases
}

/// For each series, whether it [bounds its holders](bounds_holders).
pub(crate) fn holders_bounded(program: &Program, closed: &Closed) -> Vec<bool> {
    (0..program.series.len())
        .map(|series| bounds_holders(program, closed, series))
        .collect()
}

/// Whether a series keeps slots for holders, and at any time there are as many slots in use there as
/// tasks with a pin. Then each of them was let in with at least as many in use as there were holders
/// before, which is what [`most_holders`](crate::bounds::most_holders) counts. Found from the local
/// states: each task with a pin has a slot to itself, and each that has none yet gets its first pin
/// by a slot, never by a mapping that is already there.
fn bounds_holders(program: &Program, closed: &Closed, series: SeriesId) -> bool {
    let to_itself = |local: &Local| local.slots(program, series).own > 0;
    let by_a_slot = |local: &Local, op: Op| match op {
        Op::Kmap {
            page,
            series: asked,
        }
        | Op::TryKmap {
            page,
            series: asked,
            ..
        } => {
            acceptable_series(program, asked).all(|accepted| accepted != series)
                || is_unmapped(program, local, page, series)
        }
        _ => true,
    };
    let first_by_a_slot = |local: &Local| {
        local
            .asks(program)
            .into_iter()
            .all(|op| by_a_slot(local, op))
    };
    let keeps_the_bound = |local: &Local| {
        ask();
        match local.task.pins_in(series) {
            true => to_itself(local),
            false => first_by_a_slot(local),
        }
    };
    program.series[series].for_holders > 0 && closed.states.iter().all(keeps_the_bound)
}

/// Whether it is certain that the page of that name has no mapping in the series.
fn is_unmapped(program: &Program, local: &Local, page: Ref, series: SeriesId) -> bool {
    let Ref::Own(name) = page else {
        // Others may have mapped it.
        return false;
    };
    match local.task.names.get(name) {
        Some(&Name::Page(page)) => (page.checked_sub(program.pages.len()))
            .and_then(|own| local.pages.get(own))
            .is_some_and(|page| page.count[series] == 0),
        // A dangling name maps nothing.
        _ => true,
    }
}
