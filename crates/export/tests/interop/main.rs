//! Exported scenarios, run by SPIN and Rumur, against our own engines.
//!
//! For every scenario in `scenarios/` that a target can express, and that has few enough named
//! states, and for random programs that use every primitive: the number of states, whether there is
//! a global deadlock and the length of the shortest way there, and every other finding with the
//! length of the shortest way to it (for Rumur, which stops there, the first of all). Ignored
//! unless asked for, since it needs `spin`, `rumur` and `gcc`: `just interop`.
//!
//! What bounds the time is the C compiler, which every model needs anew. SPIN's verifiers go
//! through `tcc` where there is one, in a twentieth of gcc's time; Rumur's need gcc. Scenarios with
//! more than [`MAX_STATES`] named states are left out, and said to be.
//!
//! `KMAPCHECK_INTEROP=TEXT` runs only scenarios with TEXT in their path, and no random programs,
//! and `KMAPCHECK_INTEROP=random` only those; `KMAPCHECK_CASES=N` runs 2 N fresh random programs
//! instead of the usual ones.

#[path = "../common/mod.rs"]
mod common;
mod tools;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::expected::Expected;
use common::scenarios;
use kmapcheck_export::{Target, export};
use kmapcheck_scenario::Program;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use tools::{Answer, Scratch};

/// Scenarios with more named states are left to the engines' own tests.
const MAX_STATES: u64 = 20_000;

/// So many scenarios at least must be small enough and in the language, or the test fails: a change
/// that makes `export` refuse more does not go unnoticed.
const SCENARIOS_AT_LEAST: usize = 355;

/// Random programs of each of two kinds, and how many of both must be compared.
const RANDOM: u32 = 90;
const RANDOM_AT_LEAST: usize = 110;

/// What became of a scenario.
enum Became {
    Same(u64),
    Differs(String),
    Refused(String),
    Large,
}

/// A program, and what to call it.
type Named = (String, Program);

/// Runs `tool` on every scenario that `target` can express, and on random programs.
fn compare(target: Target, tool: impl Fn(&Scratch, &str, &Expected) -> Result<(), String> + Sync) {
    let judge = |scratch: &Scratch, program: &Program| {
        let model = match export(program, target, None) {
            Ok(model) => model.text,
            Err(refusal) => return Became::Refused(refusal.to_string()),
        };
        let Some(expected) = Expected::of(program, MAX_STATES) else {
            return Became::Large;
        };
        match tool(scratch, &model, &expected) {
            Ok(()) => Became::Same(expected.states),
            Err(said) => Became::Differs(said),
        }
    };
    let only = std::env::var("KMAPCHECK_INTEROP").unwrap_or_default();
    if only != "random" {
        let what = format!("{target:?}, scenarios");
        let compared = compare_all(&what, &scenarios(&only), judge);
        if !only.is_empty() {
            return;
        }
        assert!(
            compared >= SCENARIOS_AT_LEAST,
            "only {compared} scenarios were compared"
        );
    }
    let mut programs = random(kmapcheck_testing::plain_scenario(), RANDOM);
    programs.extend(random(kmapcheck_testing::page_scenario(), RANDOM));
    let compared = compare_all(&format!("{target:?}, random programs"), &programs, judge);
    assert!(
        compared >= RANDOM_AT_LEAST,
        "only {compared} random programs were compared"
    );
}

/// Judges every program, on as many threads as there are CPUs, and says what became of it; how many
/// were compared.
fn compare_all(
    what: &str,
    programs: &[Named],
    judge: impl Fn(&Scratch, &Program) -> Became + Sync,
) -> usize {
    let (next, judged) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let (next, judged, judge) = (&next, &judged, &judge);
            scope.spawn(move || {
                let scratch = Scratch::new(worker);
                while let Some((name, program)) = programs.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let became = judge(&scratch, program);
                    let mut judged = judged.lock().expect("no thread panicked");
                    judged.push((name, became));
                }
            });
        }
    });
    let mut judged = judged.into_inner().expect("no thread panicked");
    judged.sort_by_key(|(name, _)| *name);
    let (mut compared, mut refused, mut large, mut wrong) = (0, 0, 0, Vec::new());
    for (name, became) in judged {
        match became {
            Became::Same(states) => {
                compared += 1;
                println!("same     {name}: {states} states");
            }
            Became::Differs(said) => {
                println!("DIFFERS  {name}: {said}");
                wrong.push(format!("{name}: {said}"));
            }
            Became::Refused(said) => {
                refused += 1;
                println!("refused  {name}: {said}");
            }
            Became::Large => {
                large += 1;
                println!("large    {name}");
            }
        }
    }
    println!(
        "{what}: {compared} the same, {} differ, {refused} refused, {large} with more than {MAX_STATES} states",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    compared
}

/// Random programs, each called by its text.
fn random(kind: impl Strategy<Value = serde_json::Value>, n: u32) -> Vec<Named> {
    let config = kmapcheck_testing::config(n);
    let n = config.cases;
    let mut runner = TestRunner::new(config);
    let one = |_| {
        let tree = kind
            .new_tree(&mut runner)
            .expect("the generators are total");
        let scenario = tree.current();
        let program = kmapcheck_testing::load(&scenario);
        (scenario.to_string(), program)
    };
    (0..n).map(one).collect()
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, theirs: &T, ours: &T) -> Result<(), String> {
    if theirs == ours {
        Ok(())
    } else {
        Err(format!("{what}: theirs {theirs:?}, ours {ours:?}"))
    }
}

#[test]
#[ignore = "needs spin and gcc: run `just interop`"]
fn spin() {
    compare(Target::Promela, |scratch, model, ours| {
        // A scenario with several initial states has one more, and one more step: the choice.
        let extra = u64::from(ours.starts > 1);
        let Answer { states, found } = tools::spin(scratch, model, false)?;
        same("states", &(states - extra), &ours.states)?;
        let deadlock = found.get("deadlock").map(|&depth| depth - extra);
        same("deadlock", &deadlock, &ours.global_deadlock)?;
        if model.contains("#ifdef FINDINGS") {
            let mut found = tools::spin(scratch, model, true)?.found;
            found.values_mut().for_each(|depth| *depth -= extra);
            same("findings", &found, &ours.findings)?;
        } else {
            same("findings", &Default::default(), &ours.findings)?;
        }
        Ok(())
    });
}

#[test]
#[ignore = "needs rumur and gcc: run `just interop`"]
fn rumur() {
    compare(Target::Murphi, |scratch, model, ours| {
        let Answer { states, found } = tools::rumur(scratch, model)?;
        same("states", &states, &ours.states)?;
        same(
            "deadlock",
            &found.get("deadlock").copied(),
            &ours.global_deadlock,
        )?;
        if model.contains("FINDINGS: 0;") {
            // Rumur goes on after no finding, so only the first is to be compared.
            let model = model.replace("FINDINGS: 0;", "FINDINGS: 1;");
            let found = tools::rumur_first(scratch, &model)?;
            let first = ours.findings.values().copied().min();
            same("first finding", &found, &first)?;
        }
        Ok(())
    });
}
