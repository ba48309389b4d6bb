//! Every message that a file can earn, as it is shown.
//!
//! `tests/ui/NAME.json` is loaded (as a model by itself if its name starts with `model-`) and has
//! to fail with the text in `tests/ui/NAME.stderr`. With `KMAPCHECK_UPDATE=1` in the environment
//! the texts are written instead. What no file can show (a directory, 50 MB of garbage) is listed
//! in [`cases_without_file`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::{env, fs};

use kmapcheck_scenario::{
    Bound, Code, Errors, Overrides, load, load_model, load_model_str, load_str,
};

const WIDTH: usize = 100;

/// All cases and what comes of them; loaded once, since one of them writes 50 MB.
static FAILURES: LazyLock<BTreeMap<String, Errors>> = LazyLock::new(failures);

fn failures() -> BTreeMap<String, Errors> {
    let mut failures = BTreeMap::new();
    for entry in fs::read_dir("tests/ui").expect("the directory of the cases") {
        let path = entry.expect("a case").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let errors = if name.starts_with("model-") && !name.starts_with("model-in-") {
            load_model(&path).map(|_| ()).expect_err(&name)
        } else {
            load(&path, &Overrides::default())
                .map(|_| ())
                .expect_err(&name)
        };
        failures.insert(name, errors);
    }
    failures.extend(cases_without_file());
    failures
}

fn cases_without_file() -> Vec<(String, Errors)> {
    let fails = |name: &str, path: &Path, overrides: &Overrides| {
        (
            name.to_owned(),
            load(path, overrides).map(|_| ()).expect_err(name),
        )
    };
    let plain = Overrides::default();
    let garbage = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("garbage.json");
    fs::write(&garbage, vec![b'['; 50_000_000]).expect("room for 50 MB");
    let mut cases = vec![
        fails("a-directory", Path::new("tests/ui/models"), &plain),
        fails(
            "no-such-file",
            Path::new("tests/ui/nowhere/at-all.json"),
            &plain,
        ),
        fails("empty-path", Path::new(""), &plain),
        fails("large-garbage", &garbage, &plain),
    ];
    fs::remove_file(garbage).expect("the garbage is ours");
    #[cfg(unix)]
    cases.push(fails("a-device", Path::new("/dev/null"), &plain));

    let many = |count: usize, pattern: &str| {
        let entries: Vec<String> = (0..count)
            .map(|number| pattern.replace('#', &number.to_string()))
            .collect();
        entries.join(", ")
    };
    let series = many(1001, r#""S#": { "slots": 1, "reuse": "own" }"#);
    let text = format!(r#"{{ "name": "m", "series": {{ {series} }} }}"#);
    let errors = load_model_str("many.json", &text)
        .map(|_| ())
        .expect_err("too many series");
    cases.push(("too-many-series".into(), errors));
    let wrong = many(200, r#""wrong#": 1"#);
    let errors = load_str("many.json", &format!("{{ {wrong} }}"), &plain).map(|_| ());
    cases.push((
        "two-hundred-problems".into(),
        errors.expect_err("two hundred problems"),
    ));

    let written_out = many(100_001, r#"{ "exit": true }"#);
    let text = format!(
        r#"{{ "name": "example", "model": {{ "name": "m", "series": {{}} }},
  "tasks": [{{ "name": "long", "program": [
    {written_out} ] }}] }}"#
    );
    let errors = load_str("long.json", &text, &plain).map(|_| ());
    cases.push((
        "too-large-written-out".into(),
        errors.expect_err("too large"),
    ));

    // Series of the scenario's own model that the one of this run does not have.
    let other_model = Overrides {
        model: Some("tests/ui/models/tiny.json".into()),
        ..Overrides::default()
    };
    let slots = Path::new("tests/good/slots.json");
    cases.push(fails("override-model-slots", slots, &other_model));
    let series = Path::new("tests/good/series.json");
    cases.push(fails("override-model-series", series, &other_model));

    // A scenario with nothing wrong, for overrides that are.
    let good = Path::new("tests/good/everything.json");
    let overrides = |slots: &[(&str, u32)], tasks: &[(&str, u32)]| {
        let owned = |pairs: &[(&str, u32)]| {
            pairs
                .iter()
                .map(|(name, number)| ((*name).to_owned(), Bound::Exactly(*number)))
                .collect()
        };
        Overrides {
            model: None,
            slots: owned(slots),
            units: Vec::new(),
            tasks: owned(tasks),
        }
    };
    cases.push(fails(
        "override-series",
        good,
        &overrides(&[("PAGETABEL", 2)], &[]),
    ));
    cases.push(fails(
        "override-task",
        good,
        &overrides(&[], &[("mrmap", 2), ("zzzzz", 1)]),
    ));
    cases.push(fails(
        "override-zero",
        good,
        &overrides(&[("DEFAULT", 0)], &[("mremap", 0)]),
    ));
    cases.push(fails(
        "override-leaves-no-slot",
        good,
        &overrides(&[("OWN", 1)], &[]),
    ));
    let units = |name: &str, number| Overrides {
        units: vec![(name.into(), Bound::Exactly(number))],
        ..Overrides::default()
    };
    cases.push(fails("override-units", good, &units("semm", 3)));
    cases.push(fails("override-units-zero", good, &units("sem", 0)));
    cases.push(fails("override-units-of-slots", good, &units("tables", 3)));
    cases.push(fails(
        "override-units-too-few",
        good,
        &units("reservation", 1),
    ));
    let model = Overrides {
        model: Some("no-such-model-anywhere".into()),
        ..Overrides::default()
    };
    let errors = load(good, &model).map(|_| ()).expect_err("no such model");
    // Which models there are is not this test's business.
    assert!(
        errors
            .to_string()
            .starts_with("there is no model `no-such-model-anywhere` (known models: ")
    );
    cases
}

#[test]
fn messages_are_as_recorded() {
    let update = env::var_os("KMAPCHECK_UPDATE").is_some();
    let mut wrong = Vec::new();
    for (name, errors) in &*FAILURES {
        let tmp = format!("{}/", env!("CARGO_TARGET_TMPDIR"));
        let shown = errors.render(false, WIDTH).replace(&tmp, "");
        let path = format!("tests/ui/{name}.stderr");
        if update {
            fs::write(&path, &shown).expect("write the text");
        } else if fs::read_to_string(&path).ok().as_deref() != Some(&shown) {
            wrong.push(format!("{path} should now be:\n{shown}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nKMAPCHECK_UPDATE=1 writes them",
        wrong.join("\n")
    );
    for entry in fs::read_dir("tests/ui").expect("the directory of the cases") {
        let path = entry.expect("an entry").path();
        if path
            .extension()
            .is_some_and(|extension| extension == "stderr")
        {
            let name = path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            assert!(
                FAILURES.contains_key(&name),
                "{} has no case",
                path.display()
            );
        }
    }
}

#[test]
fn every_code_has_a_case() {
    let shown: BTreeSet<Code> = FAILURES.values().flat_map(Errors::codes).collect();
    let missing: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| !shown.contains(code))
        .map(|code| code.name())
        .collect();
    assert!(missing.is_empty(), "no case in tests/ui for {missing:?}");
}

#[test]
fn colour_changes_nothing_but_colour() {
    let errors = load(
        Path::new("tests/ui/unknown-series.json"),
        &Overrides::default(),
    )
    .map(|_| ())
    .expect_err("it has errors");
    let coloured = errors.render(true, WIDTH);
    assert!(coloured.contains('\u{1b}'));
    let mut plain = String::new();
    let mut in_escape = false;
    for character in coloured.chars() {
        match (in_escape, character) {
            (false, '\u{1b}') => in_escape = true,
            (true, 'm') => in_escape = false,
            (true, _) => {}
            (false, _) => plain.push(character),
        }
    }
    assert_eq!(plain, errors.render(false, WIDTH));
}
