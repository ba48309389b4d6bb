//! Files with something changed at random: an answer, never a panic.

use std::fs;
use std::path::Path;

use kmapcheck_scenario::{Overrides, load_model_str, load_str};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Pieces that mean something in these files, so that mutations reach beyond the parser.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "//",
    "/*",
    "*/",
    "\\",
    "\n",
    "\t",
    "\u{1b}",
    "é",
    "🦀",
    "0",
    "1",
    "-1",
    "1000000",
    "99999999999",
    "1.5",
    "true",
    "false",
    "null",
    "\"any\"",
    "\"$page\"",
    "\"S\"",
    "\"DEFAULT\"",
    "\"old\"",
    "\"sem\"",
    "\"kmap\"",
    "\"loop\"",
    "\"break\"",
    "\"exit\"",
    "\"choose\"",
    "\"repeat\"",
    "\"do\"",
    "\"then\"",
    "\"series\"",
    "\"n\"",
    "\"slots_of\"",
    "\"order\"",
    "\"locks\"",
    "{ \"break\": true }",
    "{ \"exit\": true }",
    "{ \"loop\": [] }",
    "[[]]",
];

/// Must never get from a file to the terminal.
const ESCAPE: char = '\u{1b}';

#[derive(Debug, Clone)]
enum Mutation {
    /// Takes out so many characters.
    Delete(Index, usize),
    /// Puts a piece in.
    Insert(Index, &'static str),
    /// Puts a piece in place of a word or number.
    Replace(Index, &'static str),
    /// Copies so many characters to another place.
    Copy(Index, usize, Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        (any::<Index>(), 1..40_usize).prop_map(|(at, length)| Mutation::Delete(at, length)),
        (any::<Index>(), select(PIECES)).prop_map(|(at, piece)| Mutation::Insert(at, piece)),
        (any::<Index>(), select(PIECES)).prop_map(|(at, piece)| Mutation::Replace(at, piece)),
        (any::<Index>(), 1..200_usize, any::<Index>())
            .prop_map(|(from, length, to)| Mutation::Copy(from, length, to)),
    ]
}

/// Where words, strings and numbers begin and end, in characters.
fn tokens(text: &[char]) -> Vec<(usize, usize)> {
    let part = |character: char| character.is_alphanumeric() || "\"_$-.".contains(character);
    let mut tokens = Vec::new();
    let mut start = None;
    for (at, character) in text.iter().chain(&[' ']).enumerate() {
        match (start, part(*character)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                tokens.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    tokens
}

fn apply(text: &str, mutations: &[Mutation]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for mutation in mutations {
        if text.is_empty() {
            break;
        }
        match mutation {
            Mutation::Delete(at, length) => {
                let at = at.index(text.len());
                text.drain(at..(at + length).min(text.len()));
            }
            Mutation::Insert(at, piece) => {
                let at = at.index(text.len());
                text.splice(at..at, piece.chars());
            }
            Mutation::Replace(which, piece) => {
                let tokens = tokens(&text);
                if !tokens.is_empty() {
                    let (from, to) = tokens[which.index(tokens.len())];
                    text.splice(from..to, piece.chars());
                }
            }
            Mutation::Copy(from, length, to) => {
                let from = from.index(text.len());
                let copy = text[from..(from + length).min(text.len())].to_vec();
                let to = to.index(text.len());
                text.splice(to..to, copy);
            }
        }
    }
    text.into_iter().collect()
}

/// A scenario with its model inside it, so that mutations reach both.
fn whole() -> String {
    let read = |path: &str| fs::read_to_string(Path::new(path)).expect("a good file");
    let model = read("tests/good/models/three.json");
    read("tests/good/everything.json").replace("\"three\"", &model)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1500,
        rng_seed: proptest::test_runner::RngSeed::Fixed(2002),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn scenarios_never_panic(mutations in prop::collection::vec(mutation(), 1..4)) {
        let text = apply(&whole(), &mutations);
        if let Err(errors) = load_str("mutated.json", &text, &Overrides::default()) {
            prop_assert!(errors.codes().next().is_some());
            let shown = errors.render(false, 80);
            prop_assert!(!shown.contains(ESCAPE));
            prop_assert!(!errors.to_string().is_empty());
        }
    }

    #[test]
    fn models_never_panic(mutations in prop::collection::vec(mutation(), 1..4)) {
        let model = fs::read_to_string("tests/good/models/three.json").expect("a good file");
        if let Err(errors) = load_model_str("mutated.json", &apply(&model, &mutations)) {
            prop_assert!(!errors.render(true, 80).is_empty());
        }
    }

    #[test]
    fn any_text_never_panics(text in "\\PC*") {
        let loaded = load_str("random.json", &text, &Overrides::default());
        prop_assert!(loaded.is_err_and(|errors| !errors.render(false, 40).is_empty()));
    }
}

#[test]
fn the_whole_is_good_before_it_is_mutated() {
    let loaded = load_str("whole.json", &whole(), &Overrides::default());
    assert!(loaded.is_ok(), "{}", loaded.expect_err("errors"));
}
