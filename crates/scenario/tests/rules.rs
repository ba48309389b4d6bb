//! The rule of a model, its locks, and semaphores that follow a series.

use kmapcheck_scenario::{
    Bound, Overrides, Program, Resource, ResourceKind, load_model_program_str, load_model_str,
    load_str,
};

const MODEL: &str = r#"{
  "name": "m", "about": "with locks of its own",
  "series": { "DEFAULT": { "slots": 4, "reuse": "any" }, "PAGETABLE": { "slots": "any", "reuse": "none" } },
  "locks": {
    "reserve": { "semaphore": { "slots_of": "DEFAULT" } },
    "tables": { "semaphore": { "slots_of": "PAGETABLE" }, "owned": false },
    "big": "spin"
  },
  "order": ["mmap_sem", "big", "PAGETABLE", "DEFAULT"],
  "operations": { "take": { "params": ["n"], "do": [{ "down": "reserve", "n": "$n" }] } }
}"#;

fn scenario(declarations: &str, program: &str) -> String {
    format!(
        r#"{{ "name": "s", "model": {MODEL}, {declarations}
             "tasks": [{{ "name": "t", "locks": {{ "mmap_sem": "semaphore" }}, "program": [{program}] }}] }}"#
    )
}

fn load(text: &str, overrides: &Overrides) -> Program {
    load_str("s.json", text, overrides).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Name, units of a semaphore, the series it follows, place in the order.
type Shown<'a> = (&'a str, Option<u32>, Option<usize>, Option<usize>);

fn shown(resources: &[Resource]) -> Vec<Shown<'_>> {
    resources
        .iter()
        .map(|resource| {
            let units = match resource.kind {
                ResourceKind::Semaphore { units, .. } => Some(units),
                _ => None,
            };
            let name = resource.name.as_str();
            (name, units, resource.follows, resource.rank)
        })
        .collect()
}

#[test]
fn series_and_locks_are_ranked_on_one_scale() {
    let text = scenario(
        r#""locks": { "mmap_sem": "rwsem", "other": "spin" },"#,
        r#"{ "might_sleep": true }"#,
    );
    let program = load(&text, &Overrides::default());
    let ranks: Vec<_> = program.series.iter().map(|series| series.rank).collect();
    assert_eq!(ranks, [Some(3), Some(2)]);
    // The scenario's own first, then the model's.
    assert_eq!(
        shown(&program.resources),
        [
            ("mmap_sem", None, None, Some(0)),
            ("other", None, None, None),
            ("reserve", Some(4), Some(0), None),
            ("tables", Some(u32::MAX), Some(1), None),
            ("big", None, None, Some(1)),
        ]
    );
    // A lock of a task goes by its name as well.
    assert_eq!(
        shown(&program.templates[0].resources),
        [("mmap_sem", Some(1), None, Some(0))]
    );
}

#[test]
fn units_follow_the_slots_that_hold_in_the_end() {
    let text = scenario(
        r#""slots": { "DEFAULT": 2 }, "locks": { "mine": { "semaphore": { "slots_of": "DEFAULT" } } },"#,
        r#"{ "take": 2 }, { "up": "reserve", "n": 2 }, { "down": "mine" }, { "up": "mine" }"#,
    );
    let units = |overrides| {
        let program = load(&text, &overrides);
        let shown = shown(&program.resources);
        (shown[0].1, shown[1].1, shown[2].1)
    };
    assert_eq!(
        units(Overrides::default()),
        (Some(2), Some(2), Some(u32::MAX))
    );
    let overrides = Overrides {
        slots: vec![
            ("DEFAULT".into(), Bound::Exactly(7)),
            ("PAGETABLE".into(), Bound::Exactly(3)),
        ],
        ..Overrides::default()
    };
    assert_eq!(units(overrides), (Some(7), Some(7), Some(3)));
    let overrides = Overrides {
        slots: vec![("DEFAULT".into(), Bound::Exactly(1))],
        ..Overrides::default()
    };
    let errors = load_str("s.json", &text, &overrides).expect_err("two units of one slot");
    let codes: Vec<&str> = errors.codes().map(|code| code.name()).collect();
    // Both `down` and `up`.
    assert_eq!(codes, ["too-many-units", "too-many-units"]);
}

#[test]
fn a_scenario_hides_the_models_lock_of_the_same_name() {
    let text = scenario(
        r#""locks": { "big": { "semaphore": 2 } }, "completions": ["tables"],"#,
        r#"{ "down": "big", "n": 2 }, { "up": "big", "n": 2 }"#,
    );
    let program = load(&text, &Overrides::default());
    assert_eq!(
        shown(&program.resources),
        [
            ("big", Some(2), None, Some(1)),
            ("tables", None, None, None),
            ("reserve", Some(4), Some(0), None),
        ]
    );
}

#[test]
fn a_model_by_itself() {
    let summary = load_model_str("m.json", MODEL).expect("it is good");
    assert_eq!(summary.locks, ["reserve", "tables", "big"]);
    assert_eq!(summary.order, ["mmap_sem", "big", "PAGETABLE", "DEFAULT"]);

    let program = load_model_program_str("m.json", MODEL).expect("it is good");
    assert_eq!(program.name, "m");
    assert_eq!(program.files, ["m.json"]);
    assert_eq!(program.series[0].slots, Bound::Exactly(4));
    assert!(program.templates.is_empty() && program.pages.is_empty());
    // What the order names and nobody declares is a lock of some scenario.
    assert_eq!(
        shown(&program.resources),
        [
            ("reserve", Some(4), Some(0), None),
            ("tables", Some(u32::MAX), Some(1), None),
            ("big", None, None, Some(1)),
            ("mmap_sem", Some(1), None, Some(0)),
        ]
    );
    let errors = load_model_program_str("m.json", "{}").expect_err("it is empty");
    assert!(errors.codes().all(|code| code.name() == "missing-field"));
}

/// A series and a lock of one name have one place: who holds either may ask for neither.
#[test]
fn one_name_for_a_series_and_a_lock() {
    let text = r#"{ "name": "s", "model": { "name": "m",
        "series": { "BOTH": { "slots": 1, "reuse": "none" } }, "order": ["BOTH"] },
        "locks": { "BOTH": "spin" }, "tasks": [] }"#;
    let program = load(text, &Overrides::default());
    assert_eq!(program.series[0].rank, Some(0));
    assert_eq!(program.resources[0].rank, Some(0));
}
