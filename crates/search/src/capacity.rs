//! How much an engine can number.
//!
//! Engines give 32-bit numbers to states and to the parts that states are made of. A number that
//! were given twice would make one state of two, and a finding could be lost with the other. So
//! before each state an engine looks whether the numbers are nearly used up, and stops then. What
//! is left, [`ROOM`], is for the numbers that the expansion of one state takes: each takes memory
//! of its own, and so many of them would take gigabytes. Whoever gives a number out still refuses
//! to give one twice, by a panic.

use kmapcheck_machine::Stopped;

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

/// The next number of something of which there are so many already.
///
/// # Panics
///
/// If there is none: the search should have stopped at [`MOST`].
pub(crate) fn next_number(there_are: usize) -> u32 {
    u32::try_from(there_are).expect("a search stops before its numbers are used up")
}

#[cfg(test)]
mod tests {
    use kmapcheck_machine::{Outcome, Verdict};

    use super::*;
    use crate::counted::explore::Explorer;
    use crate::limits::{Limits, Progress};

    /// Two sorts of task, one of which reserves what the other waits for: a deadlock after two
    /// steps of each.
    fn outcome(most: u32) -> Outcome {
        let scenario = r#"{ "name": "s",
            "model": { "name": "m", "series": { "A": { "slots": 1 }, "B": { "slots": 1 } } },
            "tasks": [
                { "name": "t", "pages": ["p", "q"], "program": [
                    { "might_sleep": true }, { "kmap": "p", "series": "A" }, { "kmap": "q", "series": "B" },
                    { "kunmap": "q" }, { "kunmap": "p" } ] },
                { "name": "u", "pages": ["p", "q"], "program": [
                    { "might_sleep": true }, { "kmap": "p", "series": "B" }, { "kmap": "q", "series": "A" },
                    { "kunmap": "q" }, { "kunmap": "p" } ] } ] }"#;
        let program = kmapcheck_scenario::load_str("s.json", scenario, &Default::default())
            .unwrap_or_else(|errors| panic!("{errors}"));
        let mut explorer = Explorer::new(&program);
        explorer.most = most;
        let mut silent = |_: &Progress| {};
        explorer
            .run(&Limits::default(), &mut silent)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn what_cannot_be_numbered_is_not_clean() {
        assert_eq!(outcome(MOST).verdict(), Verdict::Violated);
        // Two tasks begin in two local states. Then each goes on, which makes two more; and the
        // first state with its two successors is three.
        for (most, what) in [(1, "local states of tasks"), (4, "states")] {
            let outcome = outcome(most);
            assert_eq!(outcome.verdict(), Verdict::Inconclusive);
            assert_eq!(outcome.stopped, Some(full(what, most)));
        }
    }

    #[test]
    #[should_panic(expected = "before its numbers are used up")]
    fn no_number_is_given_twice() {
        next_number(1 << 32);
    }
}
