//! Probabilities that can be worked out by hand, and the same bytes for any number of threads.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use kmapcheck_limits::Limits;
use kmapcheck_questions::simulate::{Failure, Options, Simulation, one, picture, simulate, text};
use kmapcheck_scenario::{Overrides, Program, load_str};
use kmapcheck_testing::schema::assert_fits;

fn program(slots: &str, fields: &str) -> Program {
    let scenario = format!(
        r#"{{ "name": "s", "model": {{ "name": "m", "series": {{ "S": {{ "slots": {slots}, "reuse": "none" }} }} }}, {fields} }}"#
    );
    load_str("s.json", &scenario, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Two tasks, each taking two of two slots one by one.
fn two_of_two() -> Program {
    program(
        "2",
        r#""tasks": [ { "name": "t", "count": 2, "pages": ["a", "b"], "program": [
            { "kmap": "a", "series": "S" }, { "kmap": "b", "series": "S" },
            { "kunmap": "b" }, { "kunmap": "a" } ] } ]"#,
    )
}

fn run(program: &Program, runs: u64, steps: u64, threads: usize) -> Simulation {
    let options = Options {
        runs,
        seed: 7,
        steps,
        threads,
    };
    simulate(program, &options, &Limits::default(), &mut |_| {}).expect("it runs")
}

/// After the first kmap both tasks can move. With probability 1/2 the other task maps: deadlock, after
/// two steps. Otherwise the first has both slots; the other can then only wait until the first has
/// unmapped one. From then on the first has one more unmap to go, and the other wants two slots of
/// which one is free: with probability 1/2 each, the first ends (the other runs alone), or the other
/// maps, and then waits for a task that holds a slot and can go on. So exactly 1/2 deadlocks.
#[test]
fn a_half_deadlocks() {
    let found = run(&two_of_two(), 20_000, 100, 2);
    assert_eq!(found.deadlocks + found.ended, 20_000);
    // Fixed by the seed; the true share lies in the interval.
    assert!(
        found.per_million.low <= 500_000.0 && 500_000.0 <= found.per_million.high,
        "{:?}",
        found.per_million
    );
    let steps = found.steps.expect("some deadlock");
    assert_eq!(
        (steps.mean, steps.median, steps.fewest, steps.most),
        (2.0, 2, 2, 2)
    );
    assert_eq!(found.histogram.len(), 1);
    assert_eq!(found.histogram[0].runs, found.deadlocks);
    let shown = found.shown.expect("some deadlock");
    assert_eq!(
        (shown.finding.trace.len(), shown.finding.core.len()),
        (2, 2)
    );
}

/// Of those 1/2 nothing is left with a slot more: three slots are enough for two tasks.
#[test]
fn no_deadlock_where_there_is_none() {
    let mut program = two_of_two();
    program.series[0].slots = kmapcheck_scenario::Bound::Exactly(3);
    let found = run(&program, 2_000, 100, 1);
    assert_eq!((found.deadlocks, found.ended, found.cut), (0, 2_000, 0));
    assert!(found.shown.is_none() && found.steps.is_none() && found.histogram.is_empty());
    assert_eq!(found.per_million.low, 0.0);
    assert!(text::render(&found, 100).contains("That proves nothing"));
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let json = |threads| {
        serde_json::to_string(&run(&two_of_two(), 3_000, 100, threads)).expect("it is JSON")
    };
    let first = json(1);
    assert_eq!(first, json(2));
    assert_eq!(first, json(5));
}

#[test]
fn other_seeds_give_other_runs_and_a_run_can_be_walked_again() {
    let program = two_of_two();
    let options = |seed| Options {
        runs: 64,
        seed,
        steps: 100,
        threads: 1,
    };
    let deadlocked = |seed| -> Vec<bool> {
        (0..64)
            .map(|run| {
                one(&program, &options(seed), run)
                    .expect("it runs")
                    .is_some()
            })
            .collect()
    };
    let (first, again, other) = (deadlocked(1), deadlocked(1), deadlocked(2));
    assert_eq!(first, again);
    assert_ne!(first, other);
    let found = simulate(&program, &options(1), &Limits::default(), &mut |_| {}).expect("it runs");
    assert_eq!(
        found.deadlocks,
        first.iter().filter(|&&deadlocked| deadlocked).count() as u64
    );
    let shown = found.shown.expect("some deadlock");
    assert_eq!(
        Some(shown.run),
        first.iter().position(|&d| d).map(|run| run as u64)
    );
}

/// The deadlock closes with the second step, though the third task then goes on for ever.
#[test]
fn tasks_stuck_beside_a_loop() {
    let program = program(
        "2",
        r#""tasks": [ { "name": "t", "count": 2, "pages": ["a", "b"], "program": [
              { "kmap": "a", "series": "S" }, { "kmap": "b", "series": "S" } ] },
            { "name": "loop", "program": [ { "loop": [ { "might_sleep": true } ] } ] } ]"#,
    );
    let found = run(&program, 300, 5_000, 2);
    // The rest leak slots and are cut: the loop never ends.
    assert_eq!(found.ended, 0);
    assert!(found.deadlocks > 0 && found.deadlocks + found.cut == 300);
    let shown = found.shown.expect("some deadlock");
    let by_tasks = shown
        .finding
        .trace
        .iter()
        .filter(|step| step.task.starts_with('t'))
        .count();
    assert_eq!(by_tasks, 2, "{:?}", shown.finding.trace);
}

#[test]
fn a_cut_run_is_no_run_that_ended() {
    let found = run(&two_of_two(), 100, 1, 1);
    assert_eq!((found.deadlocks, found.ended, found.cut), (0, 0, 100));
    assert!(text::render(&found, 100).contains("--steps"));
}

#[test]
fn open_numbers_are_refused() {
    let options = Options {
        runs: 1,
        seed: 0,
        steps: 1,
        threads: 1,
    };
    let tasks = |count: &str| {
        format!(
            r#""tasks": [ {{ "name": "t", "count": {count}, "program": [ {{ "might_sleep": true }} ] }} ]"#
        )
    };
    for (program, named) in [
        (program("\"any\"", &tasks("1")), "--slots S=N"),
        (program("1", &tasks("\"any\"")), "--tasks t=N"),
    ] {
        match simulate(&program, &options, &Limits::default(), &mut |_| {}) {
            Err(Failure::Refused(said)) => assert!(said.contains(named), "{said}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_start_is_walked_from() {
    // The leftover takes the only slot or not; both ways both tasks end, with a flush or without.
    let scenario = r#"{ "name": "s", "model": { "name": "m", "series": { "S": { "slots": 1, "reuse": "own" } } },
        "pages": [ { "name": "old", "stale_in": "any" } ],
        "tasks": [ { "name": "t", "pages": ["a"], "program": [ { "kmap": "a", "series": "S" }, { "kunmap": "a" } ] } ] }"#;
    let program =
        load_str("s.json", scenario, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"));
    let found = run(&program, 200, 10, 1);
    assert_eq!(found.ended, 200);
}

#[test]
fn interrupted_before_the_first_run() {
    let options = Options {
        runs: 10,
        seed: 0,
        steps: 10,
        threads: 1,
    };
    let limits = Limits {
        interrupt: Some(Arc::new(AtomicBool::new(true))),
        ..Limits::default()
    };
    let found = simulate(&two_of_two(), &options, &limits, &mut |_| {}).expect("it runs");
    assert!(found.interrupted && found.runs == 0);
    assert!(text::render(&found, 100).contains("interrupted"));
}

#[test]
fn json_follows_the_schema_and_the_picture_is_xml() {
    for runs in [0, 500] {
        let found = run(&two_of_two(), runs, 100, 1);
        let value = serde_json::to_value(&found).expect("it is JSON");
        assert_fits("simulation", &value);
        let picture = picture::render(&found);
        let document = roxmltree::Document::parse(&picture).expect("it is XML");
        let bars = document
            .descendants()
            .filter(|node| node.attribute("class") == Some("bar"))
            .count();
        assert_eq!(bars, found.histogram.len());
    }
}

/// A server that waits idly when all clients are served has done its work.
#[test]
fn to_wait_idly_is_a_good_end() {
    let served = program(
        "1",
        r#""completions": ["c"], "tasks": [
            { "name": "client", "program": [ { "complete": "c" } ] },
            { "name": "server", "program": [ { "loop": [
                { "wait_for_completion": "c", "idle": true } ] } ] } ]"#,
    );
    let found = run(&served, 50, 100, 1);
    assert_eq!((found.ended, found.deadlocks, found.cut), (50, 0, 0));
}
