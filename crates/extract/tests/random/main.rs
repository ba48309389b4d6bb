//! Random C programs, with the C compiler as the judge.
//!
//! Each program is compiled against a stub that logs every operation, and run with many answers of
//! the world around it. Every log must be a run of the extracted scenario, with the objects of the
//! log for the names of the scenario. So what extraction leaves out as impossible never happens, and
//! what it decides is decided as the program does.

mod judge;
mod program;
mod text;

use std::fmt::Write;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use kmapcheck_extract::refusal::Kind;
use kmapcheck_extract::{Entry, Extracted, Failure, File, Mapping, Options, Source, extract};

/// How many programs; `KMAPCHECK_CASES` says another number.
const CASES: u64 = 200;

/// A run of a program: its operations, each with its object, and how a try came out.
pub type Run = Vec<(String, u32, Option<bool>)>;

/// Rounds of loops in a run from which on a scenario may not have it, if it says so.
const MANY_ROUNDS: usize = 5;

/// Programs that are compiled as one: the compiler takes longer to start than to compile one.
const AT_ONCE: u64 = 25;

/// The runs of programs, in order, each run with the rounds of its loops of many rounds.
fn runs(programs: &[&str], folder: &Path) -> Vec<Vec<(Run, usize)>> {
    let (file, binary) = (folder.join("p.c"), folder.join("p"));
    let mut c = format!("{}\n{}\n{}", text::STUB, text::HELPERS, text::RUNNER);
    let mut calls = String::new();
    for (number, program) in programs.iter().enumerate() {
        let own = program.strip_prefix(text::HELPERS).expect("all have them");
        let own = own.replace("int entry(", &format!("int entry_{number}("));
        let _ = writeln!(c, "{own}");
        let _ = writeln!(calls, "    run_all(entry_{number});");
    }
    let _ = writeln!(c, "int main(void)\n{{\n{calls}    return 0;\n}}");
    fs::write(&file, &c).expect("it is written");
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
    let mut all: Vec<Vec<(Run, usize)>> = Vec::new();
    for line in text.lines() {
        let mut words = line.split(' ');
        let words = (words.next(), words.next(), words.next());
        if words.0 == Some("program") {
            all.push(Vec::new());
            continue;
        }
        let runs = all.last_mut().expect("a program began");
        match words {
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
    for runs in &mut all {
        runs.sort();
        runs.dedup_by(|later, first| later.0 == first.0);
    }
    assert_eq!(all.len(), programs.len());
    all
}

/// What came of programs.
#[derive(Debug, Default)]
struct Came {
    judged: u64,
    refused: u64,
    different: u64,
    bounded: u64,
}

/// What is read from a program; `None`: it has too many states.
fn read(seed: u64, c: &str, mapping: &Mapping) -> Option<Option<Extracted>> {
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
    match extract(&[source], mapping, &options, &limits, &|_| None) {
        Ok(of) => Some(Some(of)),
        Err(Failure::Refused(refusal)) if refusal.kind == Kind::Budget => None,
        // Every run comes to a bug.
        Err(Failure::Refused(refusal)) if refusal.kind == Kind::NoPath => Some(None),
        Err(failure) => panic!("{seed}: {failure:#?}\n{c}"),
    }
}

/// Judges programs.
fn judge(seeds: Range<u64>, mapping: &Mapping) -> Came {
    let folder = tempfile::tempdir().expect("there is room");
    let mut came = Came::default();
    let mut programs = Vec::new();
    for seed in seeds {
        let c = program::random(seed);
        match read(seed, &c, mapping) {
            Some(of) => programs.push((seed, c, of)),
            None => came.refused += 1,
        }
    }
    let texts: Vec<&str> = programs.iter().map(|(_, c, _)| c.as_str()).collect();
    let all = runs(&texts, folder.path());
    for ((seed, c, of), runs) in programs.iter().zip(all) {
        let Some(of) = of else {
            assert_eq!(runs, [], "seed {seed}\n{c}");
            continue;
        };
        let judge = judge::Judge::of(&of.scenario);
        let is_lost = of.assumed.iter().any(|one| one.kind == "unreached");
        let is_bounded = (of.assumed.iter())
            .any(|one| one.kind == "loop-bound" && one.text.starts_with("at most"));
        for (run, rounds) in &runs {
            let is_run = judge.accepts(run);
            if !is_run && (is_bounded && *rounds >= MANY_ROUNDS || is_lost) {
                // It has more rounds than are followed, or comes to what no path does: that is said.
                came.bounded += 1;
                continue;
            }
            assert!(is_run, "seed {seed}: {run:?}\n{c}\n{}", of.scenario);
        }
        came.different += runs.len() as u64;
        came.judged += 1;
    }
    came
}

/// A number from the environment.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_run_is_a_run_of_the_scenario() {
    let cases = given("KMAPCHECK_CASES").unwrap_or(CASES);
    let first = given("KMAPCHECK_FIRST").unwrap_or(0);
    let text = kmapcheck_extract::map::shipped::text("linux-2.4").expect("it is shipped");
    let mapping = Mapping::of(&[File::read("linux-2.4", text).expect("it is right")]);
    let next = AtomicU64::new(first);
    let all = Mutex::new(Came::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let from = next.fetch_add(AT_ONCE, Ordering::Relaxed);
                    if from >= first + cases {
                        return;
                    }
                    let came = judge(from..(from + AT_ONCE).min(first + cases), &mapping);
                    let mut all = all.lock().expect("nobody has panicked");
                    all.judged += came.judged;
                    all.refused += came.refused;
                    all.different += came.different;
                    all.bounded += came.bounded;
                }
            });
        }
    });
    let Came {
        judged,
        refused,
        different,
        bounded,
    } = all.into_inner().expect("nobody has panicked");
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
        different >= judged * 2,
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

/// A block that is run from two places, which is run from two places, and so on: as many ways to it as
/// atoms in the sun, and a handful of nodes.
#[test]
fn the_judge_keeps_a_block_once() {
    let mut blocks = vec![r#""b0": [{ "kmap": "a" }]"#.to_owned()];
    for n in 1..190 {
        let before = n - 1;
        blocks.push(format!(
            r#""b{n}": [{{ "choose": [[{{ "run": "b{before}" }}], [{{ "down": "m" }}, {{ "run": "b{before}" }}]] }}]"#
        ));
    }
    let scenario = format!(
        r#"{{ "tasks": [{{ "program": [{{ "run": "b189" }}] }}], "blocks": {{ {} }} }}"#,
        blocks.join(", ")
    );
    let judge = judge::Judge::of(&scenario);
    assert!(judge.accepts(&vec![("kmap".to_owned(), 1, None)]));
    assert!(!judge.accepts(&Vec::new()));
}
