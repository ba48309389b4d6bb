//! A deadlock of tasks of both scenarios of a pair, where one of them deadlocks alone as well.

use std::time::Duration;

use kmapcheck_engine::Progress;
use kmapcheck_limits::{Limits, unasked};
use kmapcheck_report::{Finding, Report, ended, refused};
use kmapcheck_scenario::{Bound, Program, TemplateId};
use kmapcheck_search::deadlock_of_both;
use serde::Serialize;

/// Whether tasks of both scenarios are deadlocked on one another in some state in which those of neither
/// are by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Together {
    /// They are.
    Found {
        /// The class of the deadlock.
        class: String,
        /// The steps of the trace.
        steps: usize,
    },
    /// There is no such state.
    Nothing,
    /// That was not found out.
    NotKnown {
        /// Why.
        why: String,
    },
}

impl Together {
    /// Of a finding of the search for it.
    pub(super) fn of(found: &Finding) -> Option<Together> {
        Some(Together::Found {
            class: found.class.clone()?,
            steps: found.trace.len(),
        })
    }
}

/// So many states a search for a further deadlock visits: a matrix has many cells.
pub(super) const FURTHER_STATES: u64 = 20_000;

/// What came of the search for a deadlock of tasks of both.
#[derive(Debug)]
pub enum Further {
    /// One was found.
    Found(Box<Report>),
    /// There is none.
    Nothing,
    /// That was not found out, for that reason.
    NotKnown(String),
}

/// Looks for a deadlock of tasks of both scenarios of a pair; those from template `split` on are of the
/// second. About every number of tasks, slots or units, two of each are tried.
///
/// # Errors
///
/// Why it cannot be searched, in words.
pub fn further(
    pair: &Program,
    split: TemplateId,
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Further, String> {
    let is_open = pair.first_open().is_some();
    let mut sized = pair.clone().with_open_slots(TRIED);
    for template in &mut sized.templates {
        if template.count == Bound::Any {
            template.count = Bound::Exactly(TRIED);
        }
    }
    if !sized.numbers_fit() {
        return Ok(Further::NotKnown(
            "some operation asks for more units at once than are tried".to_owned(),
        ));
    }
    let outcome = deadlock_of_both(&sized, split, limits, progress);
    let outcome = outcome.map_err(|refusal| refused(&refusal))?;
    Ok(match (&outcome.stopped, outcome.findings.is_empty()) {
        (_, false) => {
            let report = unasked(|| Report::build(&sized, &outcome, Duration::ZERO, &|_, _| None));
            Further::Found(Box::new(report.map_err(|fault| fault.to_string())?))
        }
        (Some(stopped), true) => Further::NotKnown(ended(stopped)),
        (None, true) if is_open => Further::NotKnown(format!(
            "there is none with {TRIED} of each that may be any number"
        )),
        (None, true) => Further::Nothing,
    })
}

/// What is tried where a number may be any.
const TRIED: u32 = 2;
