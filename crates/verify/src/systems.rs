//! The systems of inequalities that have to be refuted: one for each set of things that tasks can
//! be stuck on, and each case.
//!
//! This is the definition of what a certificate by equations consists of. Whoever writes one and
//! the checker both take it from here; where a refutation comes from is not known here.

use std::rc::Rc;

use kmapcheck_linear::Problem;
use kmapcheck_local::Locals;
use kmapcheck_machine::Wanted;
use kmapcheck_scenario::Program;

use crate::cases::{Case, cases, holders_bounded};
use crate::certificate::Inequality;
use crate::inequalities::{Inequalities, Subject, open_series};
use crate::kinds::Kind;
use crate::names::wanted;
use crate::sets::{keeps, knotted};

/// What tasks would satisfy that are stuck on a set of things, in one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// The things.
    pub awaited: Vec<String>,
    /// The case, in words.
    pub case: Vec<String>,
    /// The kinds of waiting task that can be among them, by number: how many of each is unknown.
    pub unknowns: Vec<usize>,
    pub(crate) assumed: Case,
    pub(crate) follows: Inequalities,
}

impl System {
    /// All that follows.
    #[must_use]
    pub fn inequalities(&self) -> Vec<Inequality> {
        let Inequalities {
            of_stuck_tasks,
            of_any_tasks,
        } = &self.follows;
        [of_stuck_tasks.as_slice(), of_any_tasks].concat()
    }
}

/// All of them; `None`: too much is waited for in circles.
///
/// Each comes out as an error, a sentence, if one of its bounds is not what the semantics says.
#[must_use]
pub fn systems<'a>(
    program: &'a Program,
    locals: &'a Locals,
    kinds: &'a [Kind],
) -> Option<impl Iterator<Item = Result<System, String>> + 'a> {
    let holders_bounded = Rc::new(holders_bounded(program, locals));
    let of_set = move |awaited: Vec<Wanted>| {
        let members: Vec<usize> = (0..kinds.len())
            .filter(|&i| {
                awaited.contains(&kinds[i].waits_for)
                    && awaited.iter().any(|&thing| keeps(&kinds[i], thing))
            })
            .collect();
        let of_them: Vec<&Kind> = members.iter().map(|&i| &kinds[i]).collect();
        let cases = cases(program, &holders_bounded, &of_them);
        let holders_bounded = Rc::clone(&holders_bounded);
        cases.into_iter().map(move |case| {
            let unknowns: Vec<usize> = (members.iter().copied())
                .filter(|&i| case.allows(&kinds[i]))
                .collect();
            let subject = Subject {
                program,
                holders_bounded: &holders_bounded,
                kinds,
                unknowns: &unknowns,
                case: &case,
            };
            Ok(System {
                follows: subject.inequalities(&awaited)?,
                awaited: awaited
                    .iter()
                    .map(|&thing| wanted(program, thing))
                    .collect(),
                case: case.written(program),
                unknowns,
                assumed: case,
            })
        })
    };
    Some(knotted(program, kinds)?.into_iter().flat_map(of_set))
}

/// Some of the inequalities of a system with so many unknowns, as a problem: the slots of the
/// series that leave them open are unknowns too.
#[must_use]
pub fn problem(program: &Program, unknowns: usize, inequalities: &[Inequality]) -> Problem {
    Problem {
        variables: unknowns + open_series(program).len(),
        constraints: inequalities.iter().map(Inequality::constraint).collect(),
    }
}
