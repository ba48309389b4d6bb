//! Recordings against what is known by hand of small scenarios, and against the report of all.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kmapcheck_limits::Limits;
use kmapcheck_report::{Finding, Report, Standing};
use kmapcheck_scenario::{Overrides, Program, load};
use kmapcheck_search::{Engine, run};
use kmapcheck_show::recording::Recording;
use kmapcheck_show::recording::moment::Moment;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn report(path: &Path, max_states: u64) -> Option<(Program, Report)> {
    let program = load(path, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let limits = Limits {
        max_states: Some(max_states),
        ..Limits::default()
    };
    let outcome = run(Engine::Search, &program, &limits, &mut |_| {}).ok()?;
    let report =
        Report::build(&program, &outcome, Duration::ZERO, &|_, _| None).expect("it replays");
    Some((program, report))
}

#[test]
fn mremap() {
    let file = root().join("scenarios/pte-highmem/mremap-two-pagetables.json");
    let (program, report) = report(&file, 1000).expect("it runs");
    let recording = Recording::of(&program, &report.findings[0]).expect("it replays");
    assert_eq!(recording.last(), 2);
    // One program, both tasks in it; each takes a slot and then waits for the other's.
    assert_eq!(recording.programs.len(), 1);
    assert_eq!(recording.series.len(), 1);
    assert_eq!(recording.series[0].usage, [(0, 0, 0), (1, 1, 0), (2, 2, 0)]);
    let holds: Vec<_> = recording
        .holds
        .iter()
        .map(|hold| (hold.task, hold.n, hold.from, hold.to))
        .collect();
    assert_eq!(holds, [(0, 1, 1, None), (1, 1, 2, None)]);
    let mut waits: Vec<_> = recording
        .waits
        .iter()
        .map(|wait| (wait.task, wait.from, wait.to))
        .collect();
    waits.sort_unstable();
    assert_eq!(waits, [(0, 2, None), (1, 2, None)]);
    assert!(recording.tasks.iter().all(|task| task.core && task.stuck));
    assert_eq!(recording.places(1), [Some(1), Some(0)]);
    let moment = Moment::of(&recording, 2);
    assert_eq!(
        moment.tell(),
        "Step 2 of 2: mremap#2: kmap(old_pte, PAGETABLE) (slot 2 of 2)."
    );
    assert_eq!(moment.standing(&recording.lanes[0]), "waits for PAGETABLE");
    assert_eq!(
        moment.holds(&recording.lanes[0]),
        "a PAGETABLE slot (old_pte)"
    );
    assert_eq!(moment.usage(0), "2 of 2");
}

/// The last state of a recording against the tasks of the report, which come from another place.
#[track_caller]
fn agrees(file: &Path, finding: &Finding, recording: &Recording) {
    let last = recording.last();
    let places = recording.places(last);
    let held = recording.held(last);
    for task in &finding.tasks {
        let name = || format!("{}: {}", file.display(), task.task);
        let i = (recording.tasks.iter()).position(|actor| actor.name == task.task);
        let i = i.unwrap_or_else(|| panic!("{} takes part", name()));
        let waits = recording
            .waits_at(last)
            .filter(|wait| wait.task == i)
            .count();
        assert_eq!(
            places[i].is_none(),
            task.standing == Standing::Ended,
            "{}",
            name()
        );
        // Of what a select waits for, any one would do.
        let things = task.waits_for.iter().map(|what| what.split(" or ").count());
        assert_eq!(waits, things.sum::<usize>(), "{}", name());
        if task.standing != Standing::Ended {
            let what: Vec<&str> = task.holds.iter().map(|held| held.what.as_str()).collect();
            assert_eq!(held[i], what, "{}", name());
        }
    }
    let Some(step) = finding.trace.last() else {
        return;
    };
    for slots in &step.slots {
        let track = recording
            .series
            .iter()
            .find(|track| track.name == slots.series);
        let track = track.unwrap_or_else(|| panic!("{}: {} is used", file.display(), slots.series));
        assert_eq!(
            track.at(last),
            (slots.in_use, slots.stale),
            "{}",
            file.display()
        );
    }
}

#[test]
fn the_end_is_what_the_report_says() {
    let mut findings = 0;
    for folder in ["zoo", "primitives", "classic", "regressions"] {
        let entries =
            std::fs::read_dir(root().join("scenarios").join(folder)).expect("it is there");
        for entry in entries {
            let file = entry.expect("it can be read").path();
            let Some((program, report)) = report(&file, 20_000) else {
                continue;
            };
            for finding in &report.findings {
                let recording = Recording::of(&program, finding).expect("it replays");
                agrees(&file, finding, &recording);
                findings += 1;
            }
        }
    }
    assert!(findings > 100, "{findings}");
}
