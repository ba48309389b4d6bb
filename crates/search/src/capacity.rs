//! How much an engine can number.
//!
//! Engines give 32-bit numbers to states and to the parts that states are made of. A number given
//! twice would make one state of two, and a finding could be lost with the other. So before each
//! state an engine looks whether the numbers are nearly used up, and stops then. What is left,
//! [`ROOM`], is for the numbers that the expansion of one state takes: each takes memory of its
//! own, and [`ROOM`] of them would take gigabytes. The code that gives numbers out still panics
//! rather than give one twice.

use kmapcheck_engine::Stopped;

/// Numbers that are kept back for what comes of one state.
const ROOM: u32 = 1 << 28;

/// So many states, or parts of states, of one sort are numbered at most, and what comes of one
/// state beyond that.
pub(crate) const MOST: u32 = u32::MAX - ROOM;

/// Why a search ends that can number `most` of something and meets more.
pub(crate) fn full(what: &'static str, most: u32) -> Stopped {
    Stopped::Capacity {
        what,
        most: most.into(),
    }
}

/// The next number of something of which there are so many already: never the greatest there is,
/// which stands for the predecessor of a state that has none.
///
/// # Panics
///
/// If there is none: the search should have stopped at [`MOST`].
pub(crate) fn next_number(there_are: usize) -> u32 {
    (u32::try_from(there_are).ok())
        .filter(|&number| number < u32::MAX)
        .expect("a search stops before its numbers are used up")
}

#[cfg(test)]
mod tests {
    use kmapcheck_engine::{Outcome, Verdict};

    use super::*;
    use crate::counted::explore::Explorer;
    use kmapcheck_engine::Progress;
    use kmapcheck_limits::Limits;

    fn outcome(tasks: &str, most: u32) -> Outcome {
        let scenario = format!(
            r#"{{ "name": "s", "model": {{ "name": "m", "series": {{
                "A": {{ "slots": 1, "reuse": "none" }}, "B": {{ "slots": 1, "reuse": "none" }} }} }},
                "tasks": [{tasks}] }}"#
        );
        let program = kmapcheck_scenario::load_str("s.json", &scenario, &Default::default())
            .unwrap_or_else(|errors| panic!("{errors}"));
        let mut explorer = Explorer::new(&program);
        explorer.most = most;
        let mut silent = |_: &Progress| {};
        explorer
            .run(&Limits::default(), &mut silent)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Two tasks that take two slots in opposite orders: two local states at the start, and a
    /// deadlock four steps later. With too few numbers for that the run is not clean.
    #[test]
    fn what_cannot_be_numbered_is_not_clean() {
        let opposite = r#"
            { "name": "t", "pages": ["p", "q"], "program": [
                { "might_sleep": true }, { "kmap": "p", "series": "A" }, { "kmap": "q", "series": "B" },
                { "kunmap": "q" }, { "kunmap": "p" } ] },
            { "name": "u", "pages": ["p", "q"], "program": [
                { "might_sleep": true }, { "kmap": "p", "series": "B" }, { "kmap": "q", "series": "A" },
                { "kunmap": "q" }, { "kunmap": "p" } ] }"#;
        assert_eq!(outcome(opposite, MOST).verdict(), Verdict::Violated);
        for most in 1..=6 {
            let outcome = outcome(opposite, most);
            assert_eq!(outcome.verdict(), Verdict::Inconclusive);
            let what = "local states of tasks";
            assert!(most > 1 || outcome.stopped == Some(full(what, 1)));
            assert!(matches!(
                outcome.stopped,
                Some(Stopped::Capacity { most: m, .. }) if m == u64::from(most)
            ));
        }
    }

    /// Six tasks of three steps: four local states, one world and three steps, and in how many ways
    /// six are spread over four, 84.
    #[test]
    fn states_are_numbered_up_to_the_last() {
        let steps = r#"{ "name": "t", "count": 6, "program": [
            { "might_sleep": true }, { "might_sleep": true }, { "might_sleep": true } ] }"#;
        let (enough, few) = (outcome(steps, 84), outcome(steps, 83));
        assert_eq!(
            (enough.verdict(), enough.coverage.states),
            (Verdict::Clean, 84)
        );
        assert_eq!(few.stopped, Some(full("states", 83)));
        assert_eq!(few.verdict(), Verdict::Inconclusive);
    }

    #[test]
    #[should_panic(expected = "before its numbers are used up")]
    fn no_number_is_given_twice() {
        next_number(1 << 32);
    }

    #[test]
    #[should_panic(expected = "before its numbers are used up")]
    fn the_number_that_stands_for_none_is_not_given() {
        next_number(u32::MAX as usize);
    }
}
