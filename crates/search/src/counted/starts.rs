//! The initial states, up to the order of alike instances.
//!
//! With `"stale_in": "any"` every instance of a template can start in several ways. Which instance
//! starts in which does not matter to a counted state; so for each template only the number of
//! instances that start in each way is varied: binomially many starts instead of exponentially.

use kmapcheck_machine::{Start, instances, is_open, stale_choices};
use kmapcheck_scenario::{Bound, PageDecl, Program, SeriesId, StaleIn};

/// A way to start: the series that still map each open page of one owner, page by page.
type Way = Vec<Vec<SeriesId>>;

/// Pages that start together: the shared ones, or those of the instances of a template.
struct Group {
    ways: Vec<Way>,
    instances: u32,
}

/// Calls `visit` with every start that fits the slots, up to the order of alike instances, until it
/// returns false.
pub(crate) fn for_each_start(program: &Program, mut visit: impl FnMut(Start) -> bool) {
    let mut groups = vec![Group {
        ways: ways(program, &mut program.pages.iter()),
        instances: 1,
    }];
    for template in &program.templates {
        let mut pages = template.vars.iter().filter_map(|var| var.page.as_ref());
        let group = Group {
            ways: ways(program, &mut pages),
            instances: instances(template.count),
        };
        groups.push(group);
    }
    // A group without open pages has one way, the empty one, and adds nothing to the start.
    groups.retain(|group| group.ways != [Way::new()]);
    let mut chosen: Vec<Vec<u32>> = groups
        .iter()
        .map(|group| vec![0; group.ways.len()])
        .collect();
    choose(&groups, &mut chosen, 0, 0, &mut room(program), &mut visit);
}

/// The ways in which one owner of these pages can start.
fn ways(program: &Program, pages: &mut dyn Iterator<Item = &PageDecl>) -> Vec<Way> {
    let mut ways = vec![Way::new()];
    for page in pages.filter(|page| is_open(page)) {
        let choices = stale_choices(program, page);
        ways = ways
            .iter()
            .flat_map(|way| {
                choices
                    .iter()
                    .map(|choice| way.iter().cloned().chain([choice.clone()]).collect())
            })
            .collect();
    }
    ways
}

/// The slots that declared stale mappings leave.
fn room(program: &Program) -> Vec<i64> {
    let mut room: Vec<i64> = program
        .series
        .iter()
        .map(|series| match series.slots {
            Bound::Exactly(slots) => i64::from(slots),
            Bound::Any => i64::MAX,
        })
        .collect();
    let mut take = |page: &PageDecl, n: u32| {
        if let StaleIn::Exactly(series) = &page.stale_in {
            series
                .iter()
                .for_each(|&series| room[series] -= i64::from(n));
        }
    };
    program.pages.iter().for_each(|page| take(page, 1));
    for template in &program.templates {
        for page in template.vars.iter().filter_map(|var| var.page.as_ref()) {
            take(page, instances(template.count));
        }
    }
    room
}

/// Chooses how many instances of `group` start in its ways from `way` on; false to stop.
fn choose(
    groups: &[Group],
    chosen: &mut [Vec<u32>],
    group: usize,
    way: usize,
    room: &mut [i64],
    visit: &mut dyn FnMut(Start) -> bool,
) -> bool {
    let Some(current) = groups.get(group) else {
        return visit(start(groups, chosen));
    };
    let left = current.instances - chosen[group][..way].iter().sum::<u32>();
    let series = || current.ways[way].iter().flatten().copied();
    let last = way + 1 == current.ways.len();
    // As many as possible in the first ways, which are those with the fewest mappings: what can be
    // shown without leftovers is shown without.
    for n in ((if last { left } else { 0 })..=left).rev() {
        series().for_each(|series| room[series] -= i64::from(n));
        chosen[group][way] = n;
        let fits = series().all(|series| room[series] >= 0);
        let next = if last {
            (group + 1, 0)
        } else {
            (group, way + 1)
        };
        let go_on = !fits || choose(groups, chosen, next.0, next.1, room, visit);
        series().for_each(|series| room[series] += i64::from(n));
        if !go_on {
            return false;
        }
    }
    true
}

fn start(groups: &[Group], chosen: &[Vec<u32>]) -> Start {
    let mut stale = Vec::new();
    for (group, chosen) in groups.iter().zip(chosen) {
        for (way, &n) in group.ways.iter().zip(chosen) {
            (0..n).for_each(|_| stale.extend(way.iter().cloned()));
        }
    }
    Start { stale }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use kmapcheck_machine::initial;
    use kmapcheck_scenario::{Overrides, load_str};
    use serde_json::json;

    use super::*;
    use crate::counted::explore::Explorer;

    /// Three alike tasks, each with a page that is unmapped or stale in A or in B, and room for two
    /// stale mappings in A and any number in B; besides, a shared page. Counted, the starts are
    /// those of the full enumeration.
    #[test]
    fn starts_are_those_of_the_full_enumeration() {
        let scenario = json!({
            "name": "s",
            "model": { "name": "m", "series": { "A": { "slots": 2, "reuse": "any" },
                                                "B": { "slots": 9, "reuse": "any" } } },
            "pages": [{ "name": "s", "stale_in": "any" }, { "name": "r", "stale_in": "B" }],
            "tasks": [
                { "name": "t", "count": 3, "pages": ["o", { "name": "p", "stale_in": "any" }],
                  "program": [{ "kmap": "p", "series": "A" }, { "kunmap": "p" }] },
                { "name": "u", "program": [{ "might_sleep": true }] },
            ],
        });
        let program = load_str("s.json", &scenario.to_string(), &Overrides::default())
            .unwrap_or_else(|errors| panic!("{errors}"));
        let mut explorer = Explorer::new(&program);
        let mut all = HashSet::new();
        kmapcheck_machine::for_each_start(&program, |start| {
            let state = explorer.counted(&initial(&program, &start));
            all.insert((state.world, state.tasks));
            true
        });
        let mut few = Vec::new();
        for_each_start(&program, |start| {
            let state = explorer.counted(&initial(&program, &start));
            few.push((state.world, state.tasks));
            true
        });
        // Multisets of three out of {none, A, B} with at most two A, times three for the shared
        // page, less those with more than two in A: 10 - 1 = 9 with it unmapped, 9 with it in B,
        // and 10 - 1 - 2 = 7 with it in A (no more than one other there).
        assert_eq!(few.len(), 25);
        assert_eq!(few.iter().cloned().collect::<HashSet<_>>(), all);
    }
}
