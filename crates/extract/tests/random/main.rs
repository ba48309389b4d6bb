//! Random C programs, with the C compiler as the judge.
//!
//! Each program is compiled against a stub that logs every operation, and run with many answers of
//! the world around it. Every log must be a run of the extracted scenario, with the objects of the
//! log for the names of the scenario. So what extraction leaves out as impossible never happens, and
//! what it decides is decided as the program does.

mod judge;
mod program;
mod text;

use std::fs;
use std::process::Command;

use kmapcheck_extract::refusal::Kind;
use kmapcheck_extract::{Entry, Failure, File, Mapping, Options, Source, extract};

/// How many programs; `KMAPCHECK_CASES` says another number.
const CASES: u64 = 200;

/// A run of a program: its operations, each with its object, and how a try came out.
pub type Run = Vec<(String, u32, Option<bool>)>;

/// Rounds of loops in a run from which on a scenario may not have it, if it says so.
const MANY_ROUNDS: usize = 5;

/// The runs of a program, each with the rounds of its loops of many rounds.
fn runs(c: &str, folder: &std::path::Path) -> Vec<(Run, usize)> {
    let (file, binary) = (folder.join("p.c"), folder.join("p"));
    fs::write(&file, format!("{}\n{c}\n{}", text::STUB, text::MAIN)).expect("it is written");
    let compiled = Command::new("cc")
        .args(["-O0", "-w", "-o"])
        .arg(&binary)
        .arg(&file)
        .output();
    let compiled = compiled.expect("there is a C compiler");
    let said = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{said}\n{c}");
    let output = Command::new(&binary).output().expect("it runs");
    assert!(output.status.success(), "{:?}\n{c}", output.status);
    let text = String::from_utf8(output.stdout).expect("it is text");
    let mut runs: Vec<(Run, usize)> = Vec::new();
    for line in text.lines() {
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some("run"), ..) => runs.push((Vec::new(), 0)),
            (Some("tick"), ..) => runs.last_mut().expect("a run began").1 += 1,
            // What comes after a bug is nobody's claim.
            (Some("cut"), ..) => drop(runs.pop()),
            (Some(op), Some(of), taken) => {
                let of = of.parse().expect("it is a number");
                let taken = taken.map(|taken| taken == "1");
                let (run, _) = runs.last_mut().expect("a run began");
                run.push((op.to_owned(), of, taken));
            }
            _ => panic!("{line}"),
        }
    }
    runs.sort();
    runs.dedup_by(|later, first| later.0 == first.0);
    runs
}

#[test]
fn every_run_is_a_run_of_the_scenario() {
    let cases = std::env::var("KMAPCHECK_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    let cases = cases.unwrap_or(CASES);
    let first = std::env::var("KMAPCHECK_FIRST")
        .ok()
        .and_then(|first| first.parse().ok());
    let first = first.unwrap_or(0);
    let text = kmapcheck_extract::map::shipped::text("linux-2.4").expect("it is shipped");
    let mapping = Mapping::of(&[File::read("linux-2.4", text).expect("it is right")]);
    let folder = tempfile::tempdir().expect("there is room");
    let (mut judged, mut refused, mut different, mut bounded) = (0u64, 0u64, 0usize, 0usize);
    for seed in first..first + cases {
        let c = program::random(seed);
        let options = Options {
            entries: vec![Entry {
                function: "entry".to_owned(),
                count: 1,
            }],
            unroll: 4,
            recursion: Some(3),
            max_paths: 4_000,
            ..Options::default()
        };
        let source = Source {
            name: "p.c".to_owned(),
            bytes: c.as_bytes().to_vec(),
            is_stub: false,
        };
        let limits = kmapcheck_check::Limits::default();
        let of = match extract(&[source], &mapping, &options, &limits, &|_| None) {
            Ok(of) => of,
            Err(Failure::Refused(refusal)) if refusal.said.contains("states") => {
                refused += 1;
                continue;
            }
            // Every run comes to a bug.
            Err(Failure::Refused(refusal)) if refusal.kind == Kind::NoPath => {
                assert_eq!(runs(&c, folder.path()), [], "seed {seed}\n{c}");
                continue;
            }
            Err(failure) => panic!("{seed}: {failure:#?}\n{c}"),
        };
        let judge = judge::Judge::of(&of.scenario);
        let runs = runs(&c, folder.path());
        different += runs.len();
        let is_lost = of.assumed.iter().any(|one| one.kind == "unreached");
        let is_bounded = (of.assumed.iter())
            .any(|one| one.kind == "loop-bound" && one.text.starts_with("at most"));
        for (run, rounds) in &runs {
            let is_run = judge.accepts(run);
            if !is_run && (is_bounded && *rounds >= MANY_ROUNDS || is_lost) {
                // It has more rounds than are followed, or comes to what no path does: that is said.
                bounded += 1;
                continue;
            }
            assert!(is_run, "seed {seed}: {run:?}\n{c}\n{}", of.scenario);
        }
        judged += 1;
    }
    println!(
        "{judged} judged, {refused} with too many states, {different} runs, {bounded} beyond a bound"
    );
    assert!(
        refused * 4 <= cases,
        "{refused} of {cases} have too many states"
    );
    assert!(
        bounded * 5 <= different,
        "{bounded} of {different} runs are beyond a bound"
    );
    assert!(
        different as u64 >= judged * 2,
        "{different} runs of {judged} programs"
    );
}

/// The judge is no rubber stamp: an operation more, one less or another object is no run.
#[test]
fn the_judge_says_no() {
    let scenario = r#"{ "tasks": [{ "program": [
        { "kmap": "a", "at": "x" },
        { "choose": [[{ "kmap": "b" }, { "kunmap": "b" }], [{ "loop": [{ "trylock_page": "a", "then": [{ "break": true }] }] }]] },
        { "run": "rest" } ] }], "blocks": { "rest": [{ "kunmap": "a" }] } }"#;
    let judge = judge::Judge::of(scenario);
    let run = |ops: &[(&str, u32, Option<bool>)]| -> Run {
        ops.iter()
            .map(|(op, of, taken)| ((*op).to_owned(), *of, *taken))
            .collect()
    };
    let good = [
        ("kmap", 1, None),
        ("kmap", 2, None),
        ("kunmap", 2, None),
        ("kunmap", 1, None),
    ];
    assert!(judge.accepts(&run(&good)));
    assert!(!judge.accepts(&run(&good[..3])));
    let (no, yes) = (
        ("trylock_page", 1, Some(false)),
        ("trylock_page", 1, Some(true)),
    );
    assert!(judge.accepts(&run(&[good[0], no, no, yes, good[3]])));
    assert!(!judge.accepts(&run(&[good[0], no, good[3]])));
    for wrong in [("kmap", 1, None), ("kunmap", 1, None), ("kunmap", 3, None)] {
        assert!(
            !judge.accepts(&run(&[good[0], good[1], wrong, good[3]])),
            "{wrong:?}"
        );
    }
}
