//! A step looks only at what it can have changed: the pages it forgets are those that a look at
//! everything would find, and no page has two names. On random runs of random programs.

use std::collections::BTreeSet;

use kmapcheck_machine::{Name, Page, Starts, State, initial, steps};
use proptest::prelude::*;

proptest! {
    #![proptest_config(kmapcheck_testing::config(300))]

    #[test]
    fn no_page_is_left_that_nobody_can_refer_to(
        scenario in kmapcheck_testing::scenario(),
        choices in proptest::collection::vec(any::<(usize, usize)>(), 60),
    ) {
        let program = kmapcheck_testing::load(&scenario);
        for start in Starts::of(&program).take(3) {
            let mut state = initial(&program, &start);
            for &(task, choice) in &choices {
                let task = task % state.tasks.len().max(1);
                let Some(mover) = state.tasks.get(task) else { break };
                let successors = steps(&program, mover, &state.shared);
                if successors.is_empty() {
                    continue;
                }
                state.advance(&program, task, &successors[choice % successors.len()]);
                let mut tidied = state.clone();
                tidied.forget_unreachable_pages(&program);
                prop_assert_eq!(&state, &tidied);
                prop_assert!(names_are_distinct(&state));
                let free = state.shared.pages.free().map(|(id, _)| id);
                let listed = state.shared.pages.iter().enumerate();
                let listed = listed.filter(|(_, page)| page.as_ref().is_some_and(|page| page.free));
                prop_assert!(free.eq(listed.map(|(id, _)| id)));
                for series in 0..program.series.len() {
                    let is_stale = |page: &Page| page.count[series] == 1;
                    let listed = state.shared.pages.iter().enumerate();
                    let listed = listed.filter(|(_, page)| page.as_ref().is_some_and(is_stale));
                    prop_assert!(state.shared.pages.stale(series).eq(listed.map(|(id, _)| id)));
                }
            }
        }
    }
}

fn names_are_distinct(state: &State) -> bool {
    let mut seen = BTreeSet::new();
    let own = state.tasks.iter().flat_map(|task| &task.names);
    let mut pages = state
        .shared
        .names
        .iter()
        .chain(own)
        .filter_map(|name| match name {
            Name::Page(page) => Some(page),
            _ => None,
        });
    pages.all(|page| seen.insert(page))
}
