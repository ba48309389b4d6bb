//! What is written, for a few scenarios in every language.

mod common;

use common::{scenario, scenarios};
use kmapcheck_export::{Target, export};

const TARGETS: [(&str, Target); 4] = [
    ("promela", Target::Promela),
    ("murphi", Target::Murphi),
    ("tla", Target::Tla),
    ("pnml", Target::Pnml),
];

/// The text, the configuration, or the refusal.
fn written(name: &str, target: Target) -> String {
    match export(&scenario(name), target, None) {
        Ok(exported) => match exported.config {
            Some(config) => format!("{}\n{config}", exported.text),
            None => exported.text,
        },
        Err(refusal) => format!("{refusal}\n"),
    }
}

#[test]
fn four_languages() {
    for name in [
        "pte-highmem/mremap-two-pagetables.json",
        "primitives/rwsem-fair-recursive-reader.json",
        "primitives/stale-in-any.json",
        "primitives/order-broken.json",
        "pte-highmem/alloc-kmap-free.json",
    ] {
        for (language, target) in TARGETS {
            let short = name
                .rsplit('/')
                .next()
                .unwrap_or(name)
                .trim_end_matches(".json");
            insta::assert_snapshot!(format!("{short}.{language}"), written(name, target));
        }
    }
}

#[test]
fn the_same_scenario_is_the_same_text() {
    for (_, target) in TARGETS {
        let name = "pte-highmem/mremap-two-pagetables.json";
        assert_eq!(written(name, target), written(name, target));
    }
}

#[test]
fn small_scenarios_are_a_few_dozen_lines() {
    let text = written("pte-highmem/mremap-two-pagetables.json", Target::Promela);
    assert!(text.lines().count() < 50, "{text}");
}

/// Only what docs/export.md says is refused.
#[test]
fn every_scenario_is_written_or_refused_for_a_known_reason() {
    let reasons = [
        "`cpus`",
        " pages, at most ",
        " tasks; SPIN ",
        "`select`",
        "`try_alloc_page`",
        "an idle wait",
        "a wait that gives up",
        "a fair semaphore",
        "`\"count\": \"any\"`",
        "`\"slots\": \"any\"`",
        " initial states",
        "low memory that is freed",
    ];
    let mut written = 0;
    for (name, program) in scenarios("") {
        for (language, target) in &TARGETS[..3] {
            match export(&program, *target, None) {
                Ok(_) => written += 1,
                Err(refusal) => {
                    let said = refusal.to_string();
                    assert!(
                        reasons.iter().any(|r| said.contains(r)),
                        "{name}, {language}: {said}"
                    );
                    assert!(said.contains("; "), "{said} says what to do");
                }
            }
        }
    }
    assert!(written > 0);
}
