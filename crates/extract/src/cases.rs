//! A case file, `extract.json`: what of a tree of C is to be read and checked, and what is expected.
//!
//! JSON with comments. `common` holds for all cases, and each of `cases` adds to it: lists and tables
//! are joined, and of everything else the case's word counts. docs/schema/extract-cases.schema.json
//! says the same for editors.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::options::{Entry, Options};
use crate::read::comments::blanked;
use crate::refusal::Refusal;

/// What such a file is called.
pub const NAME: &str = "extract.json";

/// A case file as it is written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    /// For people.
    #[serde(default)]
    pub about: Option<String>,
    /// For editors.
    #[serde(default, rename = "$schema")]
    pub schema: Option<String>,
    /// What holds for all cases.
    #[serde(default)]
    pub common: Case,
    /// The cases, by name.
    pub cases: BTreeMap<String, Case>,
}

/// What is to be read, and how: the options of `kmapcheck extract`. Paths begin at the case file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Case {
    /// C files.
    pub files: Vec<String>,
    /// C files whose functions stand for those of the same name.
    pub stubs: Vec<String>,
    /// Mapping files, or names of those that are shipped.
    pub maps: Vec<String>,
    /// Folders of included files.
    pub include: Vec<String>,
    /// The functions that tasks run, each as `FUNCTION` or `FUNCTION:COUNT`.
    pub entries: Vec<Entry>,
    /// Names that are defined, with their number or `null`.
    pub define: BTreeMap<String, Option<i64>>,
    /// Names that are not, although a mapping file says so.
    pub undef: BTreeSet<String>,
    /// Numbers that fields and variables have.
    pub set: BTreeMap<String, i64>,
    /// What is never null.
    pub nonnull: BTreeSet<String>,
    /// What pointers to functions point to.
    pub resolve: BTreeMap<String, String>,
    /// Functions to follow although nothing says that they matter.
    pub inline: BTreeSet<String>,
    /// Locks and pages that all tasks share.
    pub share: BTreeSet<String>,
    /// Pairs of names that may mean one object.
    pub maybe_equal: BTreeSet<(String, String)>,
    /// Undecided rounds of a loop that are followed.
    pub unroll: Option<u32>,
    /// How often a function may call itself.
    pub recursion: Option<u32>,
    /// Units of semaphores and elements of pools at the start.
    pub units: BTreeMap<String, u32>,
    /// Slots of series.
    pub slots: BTreeMap<String, u32>,
    /// The model.
    pub model: Option<String>,
    /// States that are followed at most.
    pub max_paths: Option<usize>,
    /// What is to be found, as scenarios say it.
    pub expect: Option<serde_json::Value>,
}

impl Cases {
    /// Reads a case file. `name` is what messages call it.
    ///
    /// # Errors
    ///
    /// A refusal that says which line is wrong, and why.
    pub fn read(name: &str, text: &str) -> Result<Cases, Refusal> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        serde_json::from_str(&blanked(text)).map_err(|error| Refusal::in_cases(name, &error))
    }

    /// The case of that name, with all that holds for every case.
    #[must_use]
    pub fn case(&self, name: &str) -> Option<Case> {
        let case = self.cases.get(name)?.clone();
        Some(case.beside(self.common.clone()))
    }
}

impl Case {
    /// The case, and what holds for all.
    fn beside(self, mut common: Case) -> Case {
        common.files.extend(self.files);
        common.stubs.extend(self.stubs);
        common.maps.extend(self.maps);
        common.include.extend(self.include);
        common.entries.extend(self.entries);
        common.define.extend(self.define);
        common.undef.extend(self.undef);
        common.set.extend(self.set);
        common.nonnull.extend(self.nonnull);
        common.resolve.extend(self.resolve);
        common.inline.extend(self.inline);
        common.share.extend(self.share);
        common.maybe_equal.extend(self.maybe_equal);
        common.units.extend(self.units);
        common.slots.extend(self.slots);
        Case {
            unroll: self.unroll.or(common.unroll),
            recursion: self.recursion.or(common.recursion),
            model: self.model.or(common.model),
            max_paths: self.max_paths.or(common.max_paths),
            expect: self.expect.or(common.expect),
            ..common
        }
    }

    /// The same as options. `model` is where the model is, if it is a file.
    #[must_use]
    pub fn options(&self) -> Options {
        let usual = Options::default();
        Options {
            entries: self.entries.clone(),
            define: self.define.clone(),
            undef: self.undef.clone(),
            set: self.set.clone(),
            nonnull: self.nonnull.clone(),
            resolve: self.resolve.clone(),
            inline: self.inline.clone(),
            unroll: self.unroll.unwrap_or(usual.unroll),
            recursion: self.recursion,
            share: self.share.clone(),
            equal: self.maybe_equal.clone(),
            units: self.units.clone(),
            slots: self.slots.clone(),
            model: self.model.clone(),
            max_paths: self.max_paths.unwrap_or(usual.max_paths),
            expect: self.expect.clone(),
            ..usual
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_adds_to_what_is_common() {
        let text = r#"{
            // What all have.
            "common": { "files": ["a.c"], "unroll": 3, "slots": { "S": 2, "T": 1 } },
            "cases": { "one": { "entries": ["f:2", "g"], "files": ["b.c"], "slots": { "S": 4 } },
                       "two": { "entries": ["g"], "unroll": 1 } } }"#;
        let cases = Cases::read("extract.json", text).expect("it is right");
        let one = cases.case("one").expect("it is there");
        assert_eq!(one.files, ["a.c", "b.c"]);
        let options = one.options();
        assert_eq!((options.unroll, options.entries[0].count), (3, 2));
        assert_eq!(options.entries[1].function, "g");
        assert_eq!((options.slots["S"], options.slots["T"]), (4, 1));
        assert_eq!(cases.case("two").map(|two| two.options().unroll), Some(1));
        assert!(cases.case("three").is_none());
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, said) in [
            ("{\n \"cases\": { \"a\": { \"entry\": 1 } } }", ":2:"),
            (
                "{ \"cases\": { \"a\": { \"entries\": [\"f:0\"] } } }",
                "number of tasks",
            ),
            ("{}", "cases"),
        ] {
            let refusal = Cases::read("extract.json", text).expect_err("it is wrong");
            assert!(refusal.said.contains(said), "{refusal}");
            assert!(refusal.help.contains("extract-cases"), "{refusal}");
        }
    }
}
