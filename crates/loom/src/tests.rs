//! Tests of the whole engine.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use kmapcheck_engine::{Stopped, Verdict};
use kmapcheck_limits::Limits;
use kmapcheck_scenario::{FindingKind, Overrides, Program};

use crate::explore::{Ended, Orders, explore as explore_all};
use crate::faults::{Faults, Kernel24};
use crate::recorder::Message;
use crate::run::run_with;
use crate::work::Cost;
use crate::{Error, Event, LoomLimits, LoomOutcome};

/// A scenario on a model with the one series `S`.
fn program(slots: u32, reuse: &str, fields: &str) -> Program {
    let text = format!(
        r#"{{ "name": "s", "model": {{ "name": "m", "series": {{ "S": {{ "slots": {slots}, "reuse": "{reuse}" }} }} }}, {fields} }}"#
    );
    kmapcheck_scenario::load_str("test.json", &text, &Overrides::default())
        .unwrap_or_else(|errors| panic!("{errors}"))
}

fn explore<F: Faults>(program: &Program) -> Result<LoomOutcome, Error> {
    run_with::<F>(program, &LoomLimits::default(), &mut |_| {})
}

const TWO_IN_ORDER: &str = r#""tasks": [ { "name": "t", "count": 2, "pages": ["p", "q"], "program": [
    { "kmap": "p", "series": "S" }, { "kmap": "q", "series": "S" },
    { "kunmap": "q" }, { "kunmap": "p" } ] } ]"#;

fn interleavings(program: &Program) -> u64 {
    let loom = explore::<Kernel24>(program).unwrap();
    assert!(loom.complete);
    loom.interleavings
}

/// How many different logs there are.
fn histories(program: &Program) -> usize {
    let (sink, logs) = std::sync::mpsc::sync_channel(1);
    let orders = Orders {
        max_interleavings: None,
        budget: None,
        cost: Cost::of(program),
        preemptions: None,
        stop: Arc::default(),
    };
    let program = Arc::new(program.clone());
    let explorer = std::thread::spawn(move || explore_all::<Kernel24>(&program, &orders, &sink));
    let mut seen: Vec<Vec<Event>> = Vec::new();
    for message in logs {
        if let Message::Log(log) = message
            && !seen.contains(&log.events)
        {
            seen.push(log.events);
        }
    }
    assert_eq!(explorer.join().unwrap(), Ended::Done);
    seen.len()
}

#[test]
fn interleavings_of_one_lock_are_those_of_its_critical_sections() {
    let tasks = |count: u32| {
        format!(
            r#""locks": {{ "l": {{ "semaphore": 9 }} }}, "tasks": [ {{ "name": "t", "count": {count},
               "program": [ {{ "down": "l" }}, {{ "up": "l" }} ] }} ]"#
        )
    };
    // Nobody ever waits: two critical sections a task, 4!/(2! 2!) and 6!/(2! 2! 2!) orders. loom's
    // reduction runs some of them more than once.
    for (count, orders, runs) in [(1, 1, 1), (2, 6, 10), (3, 90, 539)] {
        let program = program(1, "any", &tasks(count));
        assert_eq!(histories(&program), orders);
        assert_eq!(interleavings(&program), runs);
    }
}

#[test]
fn tasks_that_share_nothing_have_one_interleaving() {
    let apart = r#""tasks": [ { "name": "t", "count": 3, "locks": { "l": "spin" },
        "program": [ { "spin_lock": "l" }, { "spin_unlock": "l" } ] } ]"#;
    assert_eq!(interleavings(&program(1, "any", apart)), 1);
}

#[test]
fn every_answer_to_choose_is_explored() {
    let choosing = r#""tasks": [ { "name": "t", "count": 2, "program": [
        { "choose": [[], [{ "choose": [[], [], [{ "spin_unlock": "l" }]] }]] } ] } ],
        "locks": { "l": "spin" }"#;
    // Two tasks with 1 + 3 ways each, and nothing to interleave.
    let program = program(1, "any", choosing);
    let loom = explore::<Kernel24>(&program).unwrap();
    assert_eq!(loom.interleavings, 16);
    assert!(loom.outcome.finding(FindingKind::Misuse).is_some());
    assert!(loom.outcome.coverage.never_executed.is_empty());
}

#[test]
fn two_tasks_exhaust_two_slots() {
    let loom = explore::<Kernel24>(&program(2, "any", TWO_IN_ORDER)).unwrap();
    assert!(loom.complete);
    assert_eq!(loom.outcome.verdict(), Verdict::Violated);
    assert_eq!(
        loom.outcome
            .finding(FindingKind::Deadlock)
            .unwrap()
            .trace
            .steps
            .len(),
        2
    );
}

#[test]
fn two_tasks_fit_three_slots() {
    let loom = explore::<Kernel24>(&program(3, "any", TWO_IN_ORDER)).unwrap();
    assert!(loom.complete);
    assert_eq!(loom.outcome.verdict(), Verdict::Clean);
}

#[test]
fn a_run_cut_short_never_looks_complete() {
    let program = program(3, "any", TWO_IN_ORDER);
    let whole = interleavings(&program);
    for max in [0, 1, 7, whole - 1, whole, whole + 1] {
        let limits = LoomLimits {
            max_interleavings: Some(max),
            ..LoomLimits::default()
        };
        let loom = run_with::<Kernel24>(&program, &limits, &mut |_| {}).unwrap();
        assert_eq!(loom.interleavings, max.min(whole));
        assert_eq!(loom.complete, max >= whole, "{max}");
        let verdict = if max >= whole {
            Verdict::Clean
        } else {
            Verdict::Inconclusive
        };
        assert_eq!(loom.outcome.verdict(), verdict);
    }
    let at_once = LoomLimits {
        limits: Limits {
            timeout: Some(std::time::Duration::ZERO),
            ..Limits::default()
        },
        ..LoomLimits::default()
    };
    let loom = run_with::<Kernel24>(&program, &at_once, &mut |_| {}).unwrap();
    assert_eq!(loom.outcome.stopped, Some(Stopped::Time(0)));
    let interrupted = LoomLimits {
        limits: Limits {
            interrupt: Some(Arc::new(AtomicBool::new(true))),
            ..Limits::default()
        },
        ..LoomLimits::default()
    };
    let loom = run_with::<Kernel24>(&program, &interrupted, &mut |_| {}).unwrap();
    assert_eq!(loom.outcome.stopped, Some(Stopped::Interrupted));
    assert!(!loom.complete);
}

#[test]
fn a_bound_on_preemptions_is_never_clean() {
    let program = program(3, "any", TWO_IN_ORDER);
    let bounded = |n| {
        let limits = LoomLimits {
            preemptions: Some(n),
            ..LoomLimits::default()
        };
        run_with::<Kernel24>(&program, &limits, &mut |_| {}).unwrap()
    };
    let (none, one) = (bounded(0), bounded(1));
    assert!(none.interleavings < one.interleavings);
    assert_eq!(one.outcome.stopped, Some(Stopped::Preemptions(1)));
    assert_eq!(one.outcome.verdict(), Verdict::Inconclusive);
    assert!(!one.complete);
}

mod faulty {
    //! The mistakes that one atomic step per kmap cannot show.

    use super::*;

    struct WaitersCheckedBeforeLock;
    impl Faults for WaitersCheckedBeforeLock {
        const WAITERS_CHECKED_BEFORE_LOCK: bool = true;
    }

    struct NoRecheck;
    impl Faults for NoRecheck {
        const NO_RECHECK: bool = true;
    }

    struct NoWakeUp;
    impl Faults for NoWakeUp {
        const NO_WAKE_UP: bool = true;
    }

    struct CountOutsideLock;
    impl Faults for CountOutsideLock {
        const COUNT_OUTSIDE_LOCK: bool = true;
    }

    struct FlushOutsideLock;
    impl Faults for FlushOutsideLock {
        const FLUSH_OUTSIDE_LOCK: bool = true;
    }

    const TAKE_TURNS: &str = r#""tasks": [ { "name": "t", "count": 2, "pages": ["p"],
        "program": [ { "kmap": "p", "series": "S" }, { "kunmap": "p" } ] } ]"#;

    const SHARED_PAGE: &str = r#""pages": ["s"], "tasks": [ { "name": "t", "count": 2,
        "program": [ { "kmap": "s", "series": "S" }, { "kunmap": "s" } ] } ]"#;

    const SLEEP_FOR_ONE_PAGE: &str = r#""pages": ["s"], "tasks": [
        { "name": "holder", "pages": ["p", "q"], "program": [ { "kmap": "p", "series": "S" },
            { "kmap": "q", "series": "S" }, { "kunmap": "p" }, { "kunmap": "q" } ] },
        { "name": "t", "count": 2, "program": [ { "kmap": "s", "series": "S" } ] } ]"#;

    const FLUSH_AND_REUSE: &str = r#""pages": ["s"], "tasks": [
        { "name": "a", "pages": ["p"], "program": [
            { "kmap": "s", "series": "S" }, { "kunmap": "s" }, { "kmap": "p", "series": "S" }, { "kunmap": "p" } ] },
        { "name": "b", "program": [ { "kmap": "s", "series": "S" }, { "kunmap": "s" } ] } ]"#;

    /// The fault shows on that scenario, with a trace; the kernel's own allocator does nothing
    /// wrong there.
    fn caught<F: Faults>(slots: u32, fields: &str, as_what: &str) {
        let program = program(slots, "any", fields);
        explore::<Kernel24>(&program).unwrap();
        let Err(Error::Disagreement(shown)) = explore::<F>(&program) else {
            panic!("the fault was not caught");
        };
        let lines = shown.lines(&program).join("\n");
        assert!(shown.what.contains(as_what), "{}\n{lines}", shown.what);
        // The part before the fault is a run of the machine.
        kmapcheck_machine::replay(&program, &shown.trace).unwrap();
        assert!(shown.log.len() >= shown.trace.steps.len());
        assert!(lines.contains("kmap("), "{lines}");
    }

    #[test]
    fn waiters_checked_before_the_lock_lose_a_wake_up() {
        caught::<WaitersCheckedBeforeLock>(1, TAKE_TURNS, "all tasks sleep, though");
    }

    #[test]
    fn no_wake_up_leaves_waiters_asleep() {
        caught::<NoWakeUp>(1, TAKE_TURNS, "all tasks sleep, though");
    }

    #[test]
    fn no_recheck_after_sleeping_takes_two_slots_for_one_page() {
        caught::<NoRecheck>(2, SLEEP_FOR_ONE_PAGE, "TookSlot");
    }

    #[test]
    fn a_count_changed_outside_the_lock_loses_a_kunmap() {
        caught::<CountOutsideLock>(1, SHARED_PAGE, "the allocator did WentStale");
    }

    #[test]
    fn a_flush_outside_the_lock_unmaps_a_page_in_use() {
        caught::<FlushOutsideLock>(1, FLUSH_AND_REUSE, "goes to sleep, though");
    }
}

mod looms_words {
    //! Canaries: these fail when loom's panics change, and the engine would no longer know them.

    use std::panic::{AssertUnwindSafe, catch_unwind};

    use crate::explore::{Ended, be_quiet, classify};

    fn panic_of(max_branches: usize, model: fn()) -> Ended {
        std::thread::spawn(move || {
            be_quiet();
            let mut builder = loom::model::Builder::new();
            builder.max_branches = max_branches;
            let result = catch_unwind(AssertUnwindSafe(|| builder.check(model)));
            classify(result.unwrap_err().as_ref())
        })
        .join()
        .unwrap()
    }

    #[test]
    fn for_a_deadlock() {
        assert_eq!(panic_of(1_000, || loom::thread::park()), Ended::Deadlock);
    }

    #[test]
    fn for_too_many_switch_points() {
        let ended = panic_of(3, || (0..9).for_each(|_| loom::thread::yield_now()));
        assert_eq!(
            ended,
            Ended::GaveUp("an execution with too many switch points")
        );
    }
}
