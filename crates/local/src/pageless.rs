//! What is possible in programs in which a page may be freed while it is mapped.
//!
//! Others then meet what is left, and there is no closure that knows how pages are mapped. But which
//! maps, locks and names a task has, and hence what it misuses, depends on its own operations, on
//! which tries fail and which branches it takes; not on how the pages that it gets are mapped. So
//! the closure of the same program with series that keep no mapping, in which every page comes as
//! good as new, has every such way through a task program; if its series have so many slots that no
//! task runs out of them by itself. For where mappings are kept, a task can map one page twice in a
//! series of one slot.
//!
//! It does not exclude what is freed while mapped, lost slots, deadlock and starvation. A mixture of
//! series it excludes only if no kmap can find a mapping in a series that it did not ask for, and
//! violations of the model's order only with that: then pins lie where they were asked for.

use kmapcheck_machine::{Findings, acceptable_series};
use kmapcheck_scenario::{Bound, FindingKind, Op, Patience, Program, Reuse, SeriesId, StaleIn};

use crate::closure::{Closing, SLOTS, with_slots};
use crate::premise;
use crate::queues::unqueued;
use crate::surroundings::Surroundings;

/// The kinds of finding that are possible as far as this goes; `None`: nothing is known.
#[must_use]
pub fn possible_without_pages(program: &Program) -> Option<Findings> {
    let program = &*unqueued(program);
    premise::check(program).ok()?;
    let mut plain = with_slots(program).into_owned();
    for series in &mut plain.series {
        series.reuse = Reuse::None;
        // A kmap that finds a mapping needs no slot, and none is kept from it. So here there is
        // always one to be had. That there may be none either is up to the surroundings.
        series.slots = Bound::Exactly(SLOTS);
        series.for_holders = 0;
    }
    let own = plain.templates.iter_mut().flat_map(|t| &mut t.vars);
    let pages = own.filter_map(|var| var.page.as_mut());
    for page in pages.chain(&mut plain.pages) {
        page.stale_in = StaleIn::Exactly(Vec::new());
    }
    let mut surroundings = Surroundings::of(&plain);
    let mut closing = Closing::new(&plain, &mut surroundings);
    closing.forgets_pages = true;
    closing.run().ok()?;
    let mut possible = closing.locals.possible();
    possible.insert(FindingKind::Deadlock);
    if program.has_patience(Patience::GivesUp) {
        possible.insert(FindingKind::TimeoutRescue);
    }
    possible.insert(FindingKind::FreedWhileMapped);
    possible.insert(FindingKind::SlotLeak);
    if program.has_loops() {
        possible.insert(FindingKind::Starved);
    }
    if can_mix(program) {
        possible.insert(FindingKind::SeriesMixture);
        possible.insert(FindingKind::OrderViolation);
    }
    Some(possible)
}

/// Whether some kmap may find a mapping in a series that it did not ask for.
fn can_mix(program: &Program) -> bool {
    let nodes = program
        .templates
        .iter()
        .flat_map(|template| &template.nodes);
    let asked: Vec<SeriesId> = nodes
        .filter_map(|node| match node.op {
            Op::Kmap { series, .. } | Op::TryKmap { series, .. } => Some(series),
            _ => None,
        })
        .collect();
    let own = program.templates.iter().flat_map(|template| &template.vars);
    let pages = own.filter_map(|var| var.page.as_ref());
    let mut mapped = asked.clone();
    for page in pages.chain(&program.pages) {
        match &page.stale_in {
            StaleIn::Exactly(series) => mapped.extend(series),
            StaleIn::Any => mapped.extend(0..program.series.len()),
        }
    }
    asked.iter().any(|&series| {
        acceptable_series(program, series).any(|found| found != series && mapped.contains(&found))
    })
}

#[cfg(test)]
mod tests {
    use kmapcheck_scenario::{Overrides, load_str};

    use super::*;

    fn possible(program: &str) -> Vec<FindingKind> {
        let text = format!(
            r#"{{ "name": "t", "model": {{ "name": "m", "series": {{ "A": {{ "slots": 2, "reuse": "any" }},
                                                      "B": {{ "slots": 2, "reuse": "any" }},
                                                      "C": {{ "slots": 1, "reuse": "own" }} }} }},
                 "locks": {{ "l": "spin" }},
                 "tasks": [ {{ "name": "t", "count": 3, "program": [ {program} ] }} ] }}"#
        );
        let program = load_str("t.json", &text, &Overrides::default())
            .unwrap_or_else(|errors| panic!("{errors}"));
        let found = possible_without_pages(&program).expect("something is known");
        found.iter().collect()
    }

    const FREED: [FindingKind; 3] = [
        FindingKind::Deadlock,
        FindingKind::FreedWhileMapped,
        FindingKind::SlotLeak,
    ];

    #[test]
    fn a_page_freed_while_mapped_is_all_there_is() {
        let freed =
            r#"{ "alloc_page": "p" }, { "kmap": "p", "series": "A" }, { "free_page": "p" }"#;
        assert_eq!(possible(freed), FREED);
        let twice = format!(r#"{freed}, {{ "free_page": "p" }}"#);
        assert!(possible(&twice).contains(&FindingKind::DoubleFree));
        let mixed =
            format!(r#"{freed}, {{ "alloc_page": "q" }}, {{ "kmap": "q", "series": "B" }}"#);
        assert!(possible(&mixed).contains(&FindingKind::SeriesMixture));
        // One slot, mapped twice: that goes, if the mapping is kept.
        let l = r#"{ "spin_lock": "l" }, { "might_sleep": true }, { "spin_unlock": "l" }"#;
        let again = r#"{ "kmap": "q", "series": "C" }"#;
        let again = format!(r#"{{ "alloc_page": "q" }}, {again}, {again}, {l}, {freed}"#);
        assert!(possible(&again).contains(&FindingKind::SleepInAtomic));
        let locked = format!(r#"{{ "spin_lock": "l" }}, {freed}, {{ "spin_unlock": "l" }}"#);
        assert!(possible(&locked).contains(&FindingKind::SleepInAtomic));
    }
}
