//! A step that a thousand tasks take in turn is not a thousand levels: the search visits as many
//! states at 1,024 slots as at 256, and no deeper ones.

use std::path::{Path, PathBuf};

use kmapcheck_engine::Outcome;
use kmapcheck_limits::Limits;
use kmapcheck_scenario::{Bound, FindingKind, Overrides, Program, load};
use kmapcheck_search::{Engine, run};

fn families() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/families");
    let files = std::fs::read_dir(folder).expect("the families");
    let mut files: Vec<PathBuf> = files
        .map(|file| file.expect("a file").path())
        .filter(|file| file.to_string_lossy().contains("1024-slots"))
        .collect();
    files.sort();
    files
}

fn settled(program: &Program) -> Outcome {
    let mut silent = |_: &_| {};
    run(Engine::Search, program, &Limits::default(), &mut silent)
        .unwrap_or_else(|refusal| panic!("{}: {refusal}", program.name))
}

/// A quarter of every number of slots and tasks that can be divided by four.
fn a_quarter(program: &Program) -> Overrides {
    let quarter = |n: Bound| match n {
        Bound::Exactly(n) if n % 4 == 0 => Bound::Exactly(n / 4),
        other => other,
    };
    let series = program.series.iter();
    let tasks = program.templates.iter();
    Overrides {
        model: None,
        slots: series.map(|s| (s.name.clone(), quarter(s.slots))).collect(),
        units: Vec::new(),
        tasks: tasks.map(|t| (t.name.clone(), quarter(t.count))).collect(),
    }
}

#[test]
fn four_times_the_slots_cost_no_more_states() {
    let files = families();
    assert_eq!(files.len(), 5, "ABBA, DOUBLE, FORK, ORDERED and STALE");
    for file in files {
        let program = load(&file, &Overrides::default()).expect("a scenario");
        let quarter = load(&file, &a_quarter(&program)).expect("a smaller scenario");
        let (large, small) = (settled(&program), settled(&quarter));
        let kinds = |outcome: &Outcome| -> Vec<FindingKind> {
            outcome.findings.iter().map(|found| found.kind).collect()
        };
        let name = &program.name;
        assert!(large.stopped.is_none(), "{name} is not settled");
        assert_eq!(kinds(&large), kinds(&small), "{name}");
        assert_eq!(
            (large.coverage.states, large.coverage.depth),
            (small.coverage.states, small.coverage.depth),
            "{name}"
        );
        let steps = |outcome: &Outcome| outcome.findings.iter().map(|f| f.trace.steps.len()).max();
        if let (Some(large), Some(small)) = (steps(&large), steps(&small)) {
            assert!(large > 3 * small, "{name}: the run itself is longer");
        }
    }
}
