//! Ways to keep states against the usual one: fingerprints, in memory and on disk, and runs that
//! were stopped again and again and went on from a checkpoint, end as a run without all that does,
//! trace for trace and number for number. `KMAPCHECK_CASES` sets how many random programs.

use std::fs;

use kmapcheck_engine::{Outcome, Refusal, Stopped};
use kmapcheck_limits::Limits;
use kmapcheck_scenario::{Bound, Overrides, Program};
use kmapcheck_search::{Options, Reductions, Storage, search};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

fn answer(program: &Program, options: &Options, max_states: u64) -> Result<Outcome, Refusal> {
    let limits = Limits {
        max_states: Some(max_states),
        ..Limits::default()
    };
    search(program, options, &limits, &mut |_| {})
}

fn answered(program: &Program, options: &Options, max_states: u64) -> Outcome {
    answer(program, options, max_states).unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// Larger programs are stopped here, in all ways alike.
const MAX_STATES: u64 = 3_000;

fn compare(program: &Program, what: &str) {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let file = folder.path().join("checkpoint");
    for reductions in [Reductions::COUNTED, Reductions::ALL, Reductions::NONE] {
        let options = Options {
            reductions,
            ..Options::default()
        };
        let usual = answered(program, &options, MAX_STATES);
        if !program.has_loops() {
            for spill in [None, Some(folder.path().to_path_buf())] {
                let storage = Storage::Fingerprint { spill };
                let options = Options {
                    storage,
                    ..options.clone()
                };
                let mut other = answered(program, &options, MAX_STATES);
                assert_eq!(other.coverage.fingerprint_bits.take(), Some(64));
                assert_eq!(other, usual, "{what}");
            }
        }
        let options = Options {
            checkpoint: Some(file.clone()),
            ..options
        };
        for max in [1, 2, 7, 40, 300, MAX_STATES] {
            let outcome = answered(program, &options, max);
            if outcome.stopped != Some(Stopped::States(max)) || max == MAX_STATES {
                assert_eq!(outcome, usual, "{what}");
                break;
            }
            // (A run that did not get past the initial states leaves nothing to go on from.)
        }
        if usual.stopped.is_none() {
            assert!(
                !file.exists(),
                "a run that is over leaves nothing to go on from"
            );
        }
        let _ = fs::remove_file(&file);
    }
}

fn compare_all(scenarios: impl Strategy<Value = serde_json::Value>) {
    let mut runner = TestRunner::new(kmapcheck_testing::config(40));
    let result = runner.run(&scenarios, |scenario| {
        let program = kmapcheck_testing::load(&scenario);
        compare(&program, &scenario.to_string());
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn random_programs() {
    compare_all(kmapcheck_testing::scenario());
}

#[test]
fn random_programs_about_pages() {
    compare_all(kmapcheck_testing::page_scenario());
}

#[test]
fn the_scenarios() {
    let files = kmapcheck_testing::scenario_files();
    for file in &files {
        let Ok(program) = kmapcheck_scenario::load(file, &Overrides::default()) else {
            continue;
        };
        let few = |count| matches!(count, Bound::Exactly(n) if n <= 16);
        let small = program.templates.iter().all(|template| few(template.count))
            && (program.series.iter()).all(|series| series.slots != Bound::Any);
        if small {
            compare(&program, &file.display().to_string());
        }
    }
}

fn ordered(tasks: u32, slots: u32) -> Program {
    kmapcheck_testing::load(&serde_json::json!({
        "name": "ordered",
        "model": { "name": "m", "series": { "P": { "slots": slots, "reuse": "none" },
                                            "Q": { "slots": slots, "reuse": "none" } } },
        "tasks": [{ "name": "t", "count": tasks, "pages": ["p", "q"], "program": [
            { "kmap": "p", "series": "P" }, { "kmap": "q", "series": "Q" },
            { "kunmap": "q" }, { "kunmap": "p" } ] }],
    }))
}

/// The frontier of this one takes several chunks, and so goes to disk; it is stopped on the way.
#[test]
fn a_frontier_on_disk_goes_through_a_checkpoint() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let program = ordered(12, 3);
    let reductions = Reductions::NONE;
    let exact = Options {
        reductions,
        ..Options::default()
    };
    // Few enough for the search not to take aim.
    let usual = answered(&program, &exact, 25_000);
    let options = Options {
        storage: Storage::Fingerprint {
            spill: Some(folder.path().to_path_buf()),
        },
        checkpoint: Some(folder.path().join("checkpoint")),
        ..exact
    };
    answered(&program, &options, 20_000);
    let mut other = answered(&program, &options, 25_000);
    other.coverage.fingerprint_bits = None;
    assert_eq!(other, usual);
}

/// A file that is cut short or changed anywhere is refused, in words; so is one of something else.
#[test]
fn a_checkpoint_that_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let file = folder.path().join("checkpoint");
    let program = ordered(4, 2);
    let options = Options {
        checkpoint: Some(file.clone()),
        ..Options::default()
    };
    answered(&program, &options, 20);
    let whole = fs::read(&file).expect("it is there");
    let refused = |program: &Program, options: &Options| {
        let refusal = answer(program, options, 30).expect_err("it does not fit");
        refusal.to_string()
    };
    for n in (0..whole.len()).step_by(7) {
        fs::write(&file, &whole[..n]).expect("it can be written");
        assert!(refused(&program, &options).contains("damaged"));
        let mut changed = whole.clone();
        changed[n] ^= 1;
        fs::write(&file, &changed).expect("it can be written");
        assert!(refused(&program, &options).contains("damaged"));
    }
    fs::write(&file, &whole).expect("it can be written");
    let other = "belongs to another scenario, other options or another version";
    assert!(refused(&ordered(5, 2), &options).contains(other));
    let reduced = Options {
        reductions: Reductions::ALL,
        ..options.clone()
    };
    assert!(refused(&program, &reduced).contains(other));
    assert!(answer(&program, &options, 30).is_ok());
}

#[test]
fn what_cannot_be_done_is_refused() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let looping = kmapcheck_testing::load(&serde_json::json!({
        "name": "round",
        "model": { "name": "m", "series": { "P": { "slots": 1, "reuse": "none" } } },
        "tasks": [{ "name": "t", "program": [{ "loop": [{ "might_sleep": true }] }] }],
    }));
    let options = Options {
        storage: Storage::Fingerprint { spill: None },
        ..Options::default()
    };
    let refusal = answer(&looping, &options, 10).expect_err("it loops");
    assert!(refusal.to_string().contains("without loops"));
    let options = Options {
        checkpoint: Some(folder.path().join("no/such/folder/file")),
        ..Options::default()
    };
    let refusal = answer(&ordered(2, 2), &options, 1_000).expect_err("it cannot be written");
    assert!(refusal.to_string().contains("cannot write the checkpoint"));
}
