//! Blocks against the same programs with their steps in place of every run: the same findings, with
//! the same shortest lengths, and no more states.

use std::cell::Cell;

use kmapcheck_engine::Outcome;
use kmapcheck_limits::Limits;
use kmapcheck_machine::Abilities;
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_search::{Engine, run};
use kmapcheck_stuck::class::class_in;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Larger programs are left out.
const MAX_STATES: u64 = 4_000;

fn answer(engine: Engine, program: &Program) -> Outcome {
    let limits = Limits {
        max_states: Some(MAX_STATES),
        ..Limits::default()
    };
    run(engine, program, &limits, &mut |_| {}).unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// Kind, class and length of each finding; of a sleep, whether it can be one.
fn facts(program: &Program, outcome: &Outcome) -> Vec<String> {
    let abilities = Abilities::of(program);
    let findings = outcome.findings.iter().map(|finding| {
        let last = kmapcheck_machine::run(program, &finding.trace, |_, _, _, _| {})
            .unwrap_or_else(|error| panic!("{error}"));
        let class = match finding.kind {
            kind @ (FindingKind::Deadlock | FindingKind::TimeoutRescue) => {
                class_in(program, &abilities, &last, kind).map(|class| class.name())
            }
            _ => None,
        };
        let steps = finding.trace.steps.len();
        format!("{} {class:?} {steps} {:?}", finding.kind, finding.can_sleep)
    });
    findings.collect()
}

fn nodes(program: &Program) -> usize {
    program.templates.iter().map(|t| t.nodes.len()).sum()
}

#[test]
fn blocks_are_their_steps() {
    let [compared, left_out, shared, fewer] = [(); 4].map(|()| Cell::new(0));
    let count = |n: &Cell<u32>| n.set(n.get() + 1);
    TestRunner::new(kmapcheck_testing::config(300))
        .run(&kmapcheck_testing::scenario_with_blocks(), |scenario| {
            let blocks = kmapcheck_testing::load(&scenario);
            let plain = kmapcheck_testing::load(&kmapcheck_testing::written_out(scenario.clone()));
            prop_assert!(nodes(&blocks) <= nodes(&plain), "{}", scenario);
            let [of_blocks, of_plain] =
                [&blocks, &plain].map(|program| answer(Engine::Reference, program));
            if of_plain.stopped.is_some() {
                count(&left_out);
                return Ok(());
            }
            count(&compared);
            prop_assert_eq!(&of_blocks.stopped, &None);
            let expected = facts(&plain, &of_plain);
            prop_assert_eq!(facts(&blocks, &of_blocks), expected.clone(), "{}", scenario);
            let search = answer(Engine::Search, &blocks);
            prop_assert_eq!(facts(&blocks, &search), expected, "search: {}", scenario);
            let [few, many] = [&of_blocks, &of_plain].map(|outcome| outcome.coverage.states);
            prop_assert!(few <= many, "{} states, {}: {}", few, many, scenario);
            if nodes(&blocks) < nodes(&plain) {
                count(&shared);
            }
            if few < many {
                count(&fewer);
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let [compared, left_out, shared, fewer] =
        [compared, left_out, shared, fewer].map(Cell::into_inner);
    println!(
        "{compared} compared, {left_out} left out, {shared} shared, {fewer} with fewer states"
    );
    assert!(
        compared > left_out,
        "{compared} compared, {left_out} left out"
    );
    assert!(
        shared > compared / 20,
        "{shared} of {compared} programs share"
    );
    assert!(fewer > 0, "sharing saves no state");
}
