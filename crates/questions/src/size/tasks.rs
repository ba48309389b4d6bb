//! The largest number of tasks that is safe for the slots as given.
//!
//! The equations exclude deadlocks for all numbers up to some, which is found by bisection: the
//! inequality "at most *n* tasks" is weaker the larger *n*, so there is one threshold. The number
//! after it is settled by itself. Where it deadlocks and fewer tasks can do nothing that more
//! cannot, so do all larger ones; where it does not, the following numbers are scanned.

use kmapcheck_prove::settle::{By, fewer_is_a_run_of_more};
use serde::Serialize;

use super::axis::Axis;
use super::cells::{Cell, Cells};
use super::family::{Slots, least};
use super::resize::Numbers;
use super::{LARGEST, Options};

/// How many tasks are safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskLimit {
    /// What is counted.
    pub of: String,
    /// Every number from 1 to this is safe; none: every number whatsoever.
    pub safe_up_to: Option<u32>,
    /// What that rests on for the largest of them; none if there is none.
    pub by: Option<By>,
    /// What holds with one more: not safe, not found out, or safe with nothing scanned beyond.
    pub one_more: Option<Cell>,
    /// Whether everything beyond is not safe either.
    pub and_no_larger: bool,
}

/// The limit along one axis.
pub fn limit(cells: &mut Cells<'_>, given: &Numbers, axis: &Axis, options: &Options) -> TaskLimit {
    let slots = Slots::of(given);
    let first_open = least(LARGEST, |n| {
        axis.put(given, n)
            .is_none_or(|numbers| !cells.excluded(&slots, &numbers.tasks))
    });
    let Some(first_open) = first_open else {
        let numbers = axis.put(given, 1);
        return TaskLimit {
            of: axis.name.clone(),
            safe_up_to: None,
            by: numbers.map(|_| cells.excluded_by()),
            one_more: None,
            and_no_larger: false,
        };
    };
    let mut limit = TaskLimit {
        of: axis.name.clone(),
        safe_up_to: Some(first_open - 1),
        by: (first_open > 1).then(|| cells.excluded_by()),
        one_more: None,
        and_no_larger: false,
    };
    // Scanned at least one beyond, to know whether the threshold is sharp.
    for n in first_open..=options.tasks_up_to.max(first_open) {
        let cell = axis.put(given, n).map(|numbers| cells.at(&numbers));
        match cell {
            Some(Cell::Safe { by }) => {
                limit.safe_up_to = Some(n);
                limit.by = Some(by);
            }
            cell => {
                limit.and_no_larger = fewer_is_a_run_of_more(cells.program)
                    && matches!(&cell, Some(Cell::Unsafe { findings, .. }) if findings.contains(&"deadlock"));
                limit.one_more = cell;
                break;
            }
        }
    }
    limit
}
