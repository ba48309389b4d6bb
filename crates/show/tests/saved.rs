//! Saved traces: what is written is read again, follows its schema, and is of no use once a file has
//! changed.

use std::path::Path;
use std::time::Duration;

use kmapcheck_limits::Limits;
use kmapcheck_report::Report;
use kmapcheck_scenario::{Overrides, Program, Source, load_with_sources};
use kmapcheck_search::{Engine, run};
use kmapcheck_show::recording::saved::{SavedTrace, Unusable};
use kmapcheck_testing::schema::assert_fits;

fn found(file: &str) -> (Program, Vec<Source>, Report) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file);
    let (program, sources) =
        load_with_sources(&path, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let outcome = run(Engine::Search, &program, &Limits::default(), &mut |_| {}).expect("it runs");
    let report =
        Report::build(&program, &outcome, Duration::ZERO, &|_, _| None).expect("it replays");
    (program, sources, report)
}

fn saved(file: &str) -> (Program, Vec<Source>, Report, SavedTrace) {
    let (program, sources, report) = found(file);
    let saved = SavedTrace::new(&program, &report, &Overrides::default(), &sources);
    (program, sources, report, saved)
}

#[test]
fn what_is_written_is_read_and_replays() {
    for file in [
        "scenarios/pte-highmem/mremap-two-pagetables.json",
        "scenarios/pte-highmem/mremap-pagetable2-any-leftover.json",
        "scenarios/zoo/starved.json",
        "scenarios/primitives/atomic-calls-kmap.json",
    ] {
        let (program, sources, report, saved) = saved(file);
        assert!(!saved.findings.is_empty(), "{file}");
        let text = saved.write().expect("it is JSON");
        let value = serde_json::from_str(&text).expect("it is JSON");
        assert_fits("trace", &value);
        let read = SavedTrace::read(&text).expect("it is a saved trace");
        assert_eq!(read, saved);
        assert_eq!(read.check(Path::new(file), "t.json", &sources), Ok(()));
        let again = Report::build(&program, &read.outcome(), Duration::ZERO, &|_, _| None);
        let again = again.expect("the traces replay");
        for (then, now) in report.findings.iter().zip(&again.findings) {
            assert_eq!(
                (then.kind, &then.summary),
                (now.kind, &now.summary),
                "{file}"
            );
            assert_eq!((&then.run, &then.core), (&now.run, &now.core), "{file}");
        }
        assert_eq!(report.findings.len(), again.findings.len(), "{file}");
    }
}

#[test]
fn a_changed_file_is_named() {
    let file = "scenarios/pte-highmem/mremap-two-pagetables.json";
    let (_, sources, _, saved) = saved(file);
    for changed in 0..sources.len() {
        let mut now = sources.clone();
        now[changed].text.push(' ');
        let error = saved
            .check(Path::new(file), "my trace.json", &now)
            .expect_err("it has changed");
        let Unusable::Changed { file: named, again } = error else {
            panic!("{error}");
        };
        assert_eq!(named, sources[changed].name);
        assert_eq!(
            again,
            format!("kmapcheck check --save-trace 'my trace.json' {file}")
        );
    }
    let moved = saved.check(Path::new(file), "t.json", &sources[..1]);
    assert!(matches!(moved, Err(Unusable::Moved { .. })), "{moved:?}");
}

#[test]
fn a_step_that_cannot_be_taken_is_found_out() {
    let (program, _, _, saved) = saved("scenarios/pte-highmem/mremap-two-pagetables.json");
    let replays = |saved: &SavedTrace| {
        Report::build(&program, &saved.outcome(), Duration::ZERO, &|_, _| None).is_ok()
    };
    assert!(replays(&saved));
    for change in [
        (|saved| saved.findings[0].steps[1].task = 7) as fn(&mut SavedTrace),
        |saved| saved.findings[0].steps[0].choice = 1,
        |saved| drop(saved.findings[0].steps.pop()),
        |saved| saved.findings[0].kind = "slot-leak".to_owned(),
        |saved| saved.findings[0].start.push(vec![0]),
    ] {
        let mut changed = saved.clone();
        change(&mut changed);
        assert!(!replays(&changed), "{:?}", changed.findings);
    }
}

#[test]
fn what_is_no_saved_trace_is_refused() {
    let (_, _, _, saved) = saved("scenarios/pte-highmem/mremap-two-pagetables.json");
    let text = saved.write().expect("it is JSON");
    for wrong in [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        text.replace("kmapcheck-trace-1", "kmapcheck-trace-0"),
        text.replace("\"deadlock\"", "\"dead end\""),
        text.replace("\"steps\"", "\"stairs\""),
    ] {
        let error = SavedTrace::read(&wrong).expect_err("it is none");
        assert!(error.to_string().contains("--save-trace"), "{error}");
    }
}
