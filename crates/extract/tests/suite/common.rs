//! C in, findings out.

use kmapcheck_check::{Ask, Limits, Overrides, check, load_str};
use kmapcheck_extract::{
    Entry, Extracted, Failure, File, Mapping, Options, Refusal, Source, extract,
};

/// The mapping files of these names, with `+` between them.
pub fn mapping(names: &str) -> Mapping {
    let files: Vec<File> = (names.split('+'))
        .map(|name| {
            let text = kmapcheck_extract::map::shipped::text(name).expect("it is shipped");
            File::read(name, text).unwrap_or_else(|refusal| panic!("{refusal}"))
        })
        .collect();
    Mapping::of(&files)
}

/// Options for these entries.
pub fn options(entries: &[(&str, u32)]) -> Options {
    Options {
        entries: (entries.iter())
            .map(|(function, count)| Entry {
                function: (*function).to_owned(),
                count: *count,
            })
            .collect(),
        ..Options::default()
    }
}

/// One file, named `a.c`.
pub fn source(text: &str) -> Source {
    Source {
        name: "a.c".to_owned(),
        bytes: text.as_bytes().to_vec(),
        is_stub: false,
    }
}

pub fn try_extract(
    c: &str,
    map: &str,
    entries: &[(&str, u32)],
    change: impl FnOnce(&mut Options),
) -> Result<Extracted, Failure> {
    let mut options = options(entries);
    change(&mut options);
    extract(
        &[source(c)],
        &mapping(map),
        &options,
        &Limits::default(),
        &|_| None,
    )
}

/// The scenario of 2.4 code.
#[track_caller]
pub fn extracted(c: &str, entries: &[(&str, u32)]) -> Extracted {
    extracted_with(c, entries, |_| {})
}

#[track_caller]
pub fn extracted_with(
    c: &str,
    entries: &[(&str, u32)],
    change: impl FnOnce(&mut Options),
) -> Extracted {
    try_extract(c, "linux-2.4", entries, change).unwrap_or_else(|failure| panic!("{failure:#?}"))
}

/// Why there is none.
#[track_caller]
pub fn refused(c: &str, entries: &[(&str, u32)], change: impl FnOnce(&mut Options)) -> Refusal {
    match try_extract(c, "linux-2.4", entries, change) {
        Err(Failure::Refused(refusal)) => *refusal,
        other => panic!("{other:#?}"),
    }
}

/// The kinds of what is wrong with a scenario.
#[track_caller]
pub fn findings(of: &Extracted) -> Vec<String> {
    let loaded = load_str("a.json", &of.scenario, &Overrides::default());
    let loaded = loaded.unwrap_or_else(|errors| panic!("{errors}\n{}", of.scenario));
    let limits = Limits {
        max_states: Some(200_000),
        ..Limits::default()
    };
    let checked = check(
        &loaded,
        &Ask {
            limits,
            ..Ask::default()
        },
    );
    let checked = checked.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(checked.report.stopped.is_none(), "{}", of.scenario);
    let kinds = checked.report.findings.iter().map(|finding| &finding.kind);
    kinds
        .map(|kind| {
            serde_json::to_value(kind)
                .expect("it is a word")
                .as_str()
                .expect("it is text")
                .to_owned()
        })
        .collect()
}

/// What is wrong with 2.4 code.
#[track_caller]
pub fn wrong(c: &str, entries: &[(&str, u32)], slots: u32) -> Vec<String> {
    let of = extracted_with(c, entries, |options| {
        options.slots.insert("PKMAP".to_owned(), slots);
    });
    findings(&of)
}

/// The operations of a scenario, in the order of its text, each as `op name`.
pub fn operations(of: &Extracted) -> Vec<String> {
    fn collect(value: &serde_json::Value, out: &mut Vec<String>) {
        match value {
            serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, out)),
            serde_json::Value::Object(fields) => {
                if fields.contains_key("at")
                    && let Some((op, of)) = fields.iter().next()
                {
                    out.push(format!("{op} {}", of.as_str().unwrap_or("-")));
                }
                fields.values().for_each(|value| collect(value, out));
            }
            _ => {}
        }
    }
    let scenario: serde_json::Value = serde_json::from_str(&of.scenario).expect("it is JSON");
    let mut out = Vec::new();
    collect(&scenario["tasks"], &mut out);
    collect(&scenario["blocks"], &mut out);
    out
}
