//! Variants of a model: a reuse policy for each series.
//!
//! A leftover in a series that keeps no mappings cannot be, so it is left out of the pages. Where
//! a page's leftovers lie in two series that are both `any` in the variant, only one of them could
//! have been left: then the page has any leftover.

use kmapcheck_scenario::{PageDecl, Program, Reuse, SeriesId, StaleIn};
use serde::Serialize;

/// The reuse policies of the series in question, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// The series.
    pub series: String,
    /// Its policy.
    pub reuse: &'static str,
}

/// The name of a policy in files.
#[must_use]
pub(crate) fn reuse_name(reuse: Reuse) -> &'static str {
    match reuse {
        Reuse::Any => "any",
        Reuse::Own => "own",
        Reuse::None => "none",
    }
}

/// All choices of policies for `n` series, those with the fewest changes to `given` first.
#[must_use]
pub fn choices(given: &[Reuse]) -> Vec<Vec<Reuse>> {
    let mut choices: Vec<Vec<Reuse>> = vec![Vec::new()];
    for _ in given {
        choices = (choices.iter())
            .flat_map(|choice| {
                [Reuse::Any, Reuse::Own, Reuse::None]
                    .map(|reuse| choice.iter().copied().chain([reuse]).collect())
            })
            .collect();
    }
    choices.sort_by_key(|choice| changes(given, choice));
    choices
}

/// How many series have another policy.
#[must_use]
pub fn changes(given: &[Reuse], choice: &[Reuse]) -> usize {
    given.iter().zip(choice).filter(|(a, b)| a != b).count()
}

/// The program with those policies for those series, and no order.
#[must_use]
pub fn with_policies(program: &Program, series: &[SeriesId], reuse: &[Reuse]) -> Program {
    let mut variant = program.clone();
    variant.expect = None;
    for (&s, &reuse) in series.iter().zip(reuse) {
        variant.series[s].reuse = reuse;
    }
    for series in &mut variant.series {
        series.rank = None;
    }
    for resource in &mut variant.resources {
        resource.rank = None;
    }
    for template in &mut variant.templates {
        for resource in &mut template.resources {
            resource.rank = None;
        }
    }
    let policies: Vec<Reuse> = variant.series.iter().map(|s| s.reuse).collect();
    let own = (variant.templates.iter_mut())
        .flat_map(|template| &mut template.vars)
        .filter_map(|var| var.page.as_mut());
    for page in variant.pages.iter_mut().chain(own) {
        settle_leftovers(page, &policies);
    }
    variant
}

fn settle_leftovers(page: &mut PageDecl, policies: &[Reuse]) {
    if let StaleIn::Exactly(list) = &mut page.stale_in {
        list.retain(|&s| policies[s] != Reuse::None);
        if list.iter().filter(|&&s| policies[s] == Reuse::Any).count() > 1 {
            page.stale_in = StaleIn::Any;
        }
    }
}
