//! The systems of inequalities that have to be refuted: one for each set of things that tasks can
//! be stuck on, and each case.
//!
//! This is the definition of what a certificate by equations consists of. Whoever writes one and
//! the checker both take it from here; where a refutation comes from is not known here.

use kmapcheck_linear::{Constraint, Problem};
use kmapcheck_locals::Locals;
use kmapcheck_scenario::{Bound, Program};

use crate::certificate::Inequality;
use crate::sets::{cases, inequalities, keeps, knotted};
use crate::waiting::Kind;

/// What tasks would satisfy that are stuck on a set of things, in one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// The things.
    pub awaited: Vec<String>,
    /// The case: what nobody among them holds.
    pub nobody: Vec<String>,
    /// The kinds of waiting task that can be among them, by number: how many of each is unknown.
    pub unknowns: Vec<usize>,
    /// All that follows.
    pub inequalities: Vec<Inequality>,
}

/// All of them; `None`: too much is waited for in circles.
#[must_use]
pub fn systems<'a>(
    program: &'a Program,
    locals: &'a Locals,
    kinds: &'a [Kind],
) -> Option<impl Iterator<Item = System> + 'a> {
    let of_set = move |awaited: Vec<String>| {
        let members: Vec<usize> = (0..kinds.len())
            .filter(|&i| {
                awaited.contains(&kinds[i].waits_for)
                    && awaited.iter().any(|thing| keeps(&kinds[i], thing))
            })
            .collect();
        let of_them: Vec<&Kind> = members.iter().map(|&i| &kinds[i]).collect();
        cases(&of_them).into_iter().map(move |nobody| {
            let unknowns: Vec<usize> = (members.iter().copied())
                .filter(|&i| !nobody.iter().any(|held| kinds[i].holds.contains_key(held)))
                .collect();
            System {
                inequalities: inequalities(program, locals, kinds, &unknowns, &awaited),
                awaited: awaited.clone(),
                nobody,
                unknowns,
            }
        })
    };
    Some(knotted(kinds)?.into_iter().flat_map(of_set))
}

/// Some of the inequalities of a system with so many unknowns, as a problem: the slots of the
/// series that leave them open are unknowns too.
#[must_use]
pub fn problem(program: &Program, unknowns: usize, inequalities: &[Inequality]) -> Problem {
    let open = program.series.iter().filter(|s| s.slots == Bound::Any);
    let constraint = |inequality: &Inequality| {
        let (terms, bound) = (inequality.terms.clone(), inequality.bound);
        if inequality.at_least {
            Constraint::at_least(terms, bound)
        } else {
            Constraint::at_most(terms, bound)
        }
    };
    Problem {
        variables: unknowns + open.count(),
        constraints: inequalities.iter().map(constraint).collect(),
    }
}
