//! Exported scenarios, run by SPIN and Rumur, against our own engines.
//!
//! For every scenario in `scenarios/` that a target can express, and that has few enough named
//! states: the number of states, whether there is a global deadlock and the length of the shortest
//! way there, and for SPIN the same for every other finding. Ignored unless asked for, since it
//! needs `spin`, `rumur` and `gcc`: `just interop`.
//!
//! `KMAPCHECK_INTEROP=TEXT` runs only scenarios with TEXT in their path.

#[path = "../common/mod.rs"]
mod common;
mod tools;

use common::expected::Expected;
use common::scenarios;
use kmapcheck_export::{Target, export};
use tools::{Answer, Scratch};

/// Scenarios with more named states are left to the engines' own tests.
const MAX_STATES: u64 = 20_000;

/// Runs `tool` on every scenario that `target` can express; how many that were.
fn compare(
    target: Target,
    tool: impl Fn(&Scratch, &str, &Expected) -> Result<(), String>,
) -> usize {
    let scratch = Scratch::new(&format!("{target:?}"));
    let (mut compared, mut wrong) = (0, Vec::new());
    let only = std::env::var("KMAPCHECK_INTEROP").unwrap_or_default();
    for (name, program) in scenarios(&only) {
        let model = match export(&program, target, None) {
            Ok(model) => model.text,
            Err(refusal) => {
                println!("refused  {name}: {refusal}");
                continue;
            }
        };
        let Some(expected) = Expected::of(&program, MAX_STATES) else {
            println!("large    {name}");
            continue;
        };
        compared += 1;
        match tool(&scratch, &model, &expected) {
            Ok(()) => println!("same     {name}: {} states", expected.states),
            Err(said) => {
                println!("DIFFERS  {name}: {said}");
                wrong.push(format!("{name}: {said}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    compared
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
    let compared = compare(Target::Promela, |scratch, model, ours| {
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
    assert!(compared > 0, "no scenario was compared");
}

#[test]
#[ignore = "needs rumur and gcc: run `just interop`"]
fn rumur() {
    let compared = compare(Target::Murphi, |scratch, model, ours| {
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
            let first = (ours.findings.values().copied())
                .chain(ours.global_deadlock)
                .min();
            same("first finding", &found, &first)?;
        }
        Ok(())
    });
    assert!(compared > 0, "no scenario was compared");
}
