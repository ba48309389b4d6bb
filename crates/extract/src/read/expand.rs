//! Macros expanded as text, as the preprocessor does it, on the lines of their use.
//!
//! A macro's name is replaced by its body; the arguments of one that is like a function are expanded
//! first, and put in; the result is read again together with what follows. Within its own expansion
//! a name stays as it is, for good (ISO C, 6.10.4). What is inserted stands between blanks, so that
//! no two tokens become one.
//!
//! **Bounds.** Bodies that double in each of thirty steps have a thousand million tokens, so the
//! tokens of one use and of all together are bounded, and so is the nesting of arguments. A use that
//! passes a bound, has the wrong number of arguments, or comes to text that is no part of C by
//! itself, is left as it is written, and is noted as hidden: whoever comes to it knows that it cannot
//! be read, and which names are in it. So nothing is dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kmapcheck_limits::ask;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::read::macros::{
    Brackets, Kind, Known, Table, Token, brackets, is_word, literal_end, number_end, tokens,
};
use crate::read::spelling;
use crate::read::substitute::{Work, is_paste};
use crate::read::types;

/// Tokens that one use of a macro may come to.
const LARGEST: usize = 200_000;

/// Tokens that all uses may come to.
const LARGEST_OF_ALL: usize = 20_000_000;

/// Bytes of a use whose brackets are not closed yet that are kept for what follows.
const MOST_OPEN: usize = 1 << 16;

/// Bytes of a text whose trial as C is remembered.
const MOST_TRIED: usize = 1 << 12;

/// Why a use is left as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It comes to more text than is allowed.
    TooLarge,
    /// It cannot be expanded, or comes to what is no part of C.
    NotC,
}

/// A macro with a use that was left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// Why.
    pub why: Why,
    /// The names that its text comes to.
    pub words: BTreeSet<String>,
    /// Whether names are pasted together in it.
    pub pastes: bool,
}

/// What expands macros.
#[derive(Default)]
pub struct Expander {
    /// Uses that were left as they are, by the macro's name.
    pub hidden: BTreeMap<String, Hidden>,
    /// Tokens so far.
    all: usize,
    /// Texts that were tried as C.
    tried: FxHashMap<String, bool>,
    /// Bodies that are too large, by name and line.
    too_large: FxHashSet<(String, usize)>,
}

impl Expander {
    /// Expands `text`, whose first line has the number `line`, to the end of `out`. With `more` the
    /// text goes on: what begins with an open use is not expanded, and its length is returned.
    pub fn text(
        &mut self,
        table: &Table,
        text: &str,
        line: usize,
        more: bool,
        out: &mut String,
    ) -> usize {
        let bytes = text.as_bytes();
        let (mut at, mut copied, mut line) = (0, 0, line);
        while at < bytes.len() {
            let start = at;
            match bytes[at] {
                b'"' | b'\'' => at = literal_end(bytes, at),
                byte if byte.is_ascii_digit() => at = number_end(bytes, at),
                byte if is_word(byte) => {
                    while at < bytes.len() && is_word(bytes[at]) {
                        at += 1;
                    }
                    let name = &text[start..at];
                    if name == "__LINE__" {
                        out.push_str(&text[copied..start]);
                        out.push_str(&line.to_string());
                        copied = at;
                    }
                    let Some(known) = table.expands(name) else {
                        continue;
                    };
                    ask();
                    match self.used(table, known, text, at, line) {
                        Used::No => {}
                        Used::Open if more && text.len() - start < MOST_OPEN => {
                            out.push_str(&text[copied..start]);
                            return text.len() - start;
                        }
                        Used::Open => {}
                        Used::To(done, end) => {
                            out.push_str(&text[copied..start]);
                            if let Some(done) = done {
                                out.push_str(&done);
                            } else {
                                out.push_str(&text[start..end].replace('\n', " "));
                            }
                            let lines = text[start..end].bytes().filter(|&byte| byte == b'\n');
                            let lines = lines.count();
                            out.extend(std::iter::repeat_n('\n', lines));
                            line += lines;
                            (copied, at) = (end, end);
                        }
                    }
                }
                byte => {
                    line += usize::from(byte == b'\n');
                    at += 1;
                }
            }
        }
        out.push_str(&text[copied..]);
        0
    }

    /// A use whose name ends at `at`.
    fn used(
        &mut self,
        table: &Table,
        known: &Rc<Known>,
        text: &str,
        at: usize,
        line: usize,
    ) -> Used {
        let name = known.of.name.as_str();
        let mut end = at;
        let mut input = vec![Token::new(Kind::Word, name)];
        if known.of.params.is_some() {
            match brackets(text.as_bytes(), at) {
                Brackets::End(to) => {
                    input.extend(tokens(&text[at..to]));
                    end = to;
                }
                Brackets::None => return Used::No,
                Brackets::Open => return Used::Open,
            }
        }
        let size = input.len();
        let key = (name.to_owned(), known.of.line);
        let result = match self.too_large.contains(&key) {
            true => Err(Why::TooLarge),
            false => self.follow(table, input, text, &mut end, line),
        };
        let why = match result {
            Ok(done) => match self.is_c(known, &done) {
                true => return Used::To(Some(format!(" {done} ")), end),
                false => Why::NotC,
            },
            Err(why) => why,
        };
        if why == Why::TooLarge && size < 100 {
            self.too_large.insert(key);
        }
        let words = table.words(name);
        let hidden = self.hidden.entry(name.to_owned()).or_insert(Hidden {
            why,
            words: BTreeSet::new(),
            pastes: false,
        });
        hidden.pastes |= words.iter().map(String::as_str).chain([name]).any(|word| {
            let known = table.get(word);
            known.is_some_and(|known| (0..known.body.len()).any(|at| is_paste(&known.body, at)))
        });
        hidden.why = hidden.why.min(why);
        hidden.words.extend(words);
        Used::To(None, end)
    }

    /// Expands, as long as what it comes to ends with the name of another macro that is like a
    /// function and has its arguments in the text.
    fn follow(
        &mut self,
        table: &Table,
        mut input: Vec<Token>,
        text: &str,
        end: &mut usize,
        line: usize,
    ) -> Result<String, Why> {
        let mut left = LARGEST.min(LARGEST_OF_ALL - self.all.min(LARGEST_OF_ALL));
        let before = left;
        let done = loop {
            let mut work = Work {
                table,
                left: &mut left,
                line,
                active: FxHashSet::default(),
            };
            let done = work.run(input, 0);
            let done = match done {
                Ok(done) => done,
                Err(why) => break Err(why),
            };
            let last = done.iter().rev().find(|token| token.kind != Kind::Space);
            let again = last.is_some_and(|last| {
                let known = table.expands(&last.text);
                last.kind == Kind::Word
                    && !last.stays
                    && known.is_some_and(|known| known.of.params.is_some())
            });
            match brackets(text.as_bytes(), *end) {
                Brackets::End(to) if again => {
                    input = done;
                    input.extend(tokens(&text[*end..to]));
                    *end = to;
                }
                _ => break Ok(written(&done)),
            }
        };
        self.all += before - left;
        done
    }

    /// Whether what a macro comes to is a part of C by itself. Only a macro that is like a function
    /// and has brackets is asked: all else says something only together with what is around it.
    fn is_c(&mut self, known: &Known, text: &str) -> bool {
        if known.of.params.is_none() || !text.contains(['(', '{']) || !is_balanced(text) {
            return true;
        }
        if let Some(&known) = self.tried.get(text) {
            return known;
        }
        let plain = spelling::plain(text);
        let is = [
            ("void f(void) { ", "; }"),
            ("int v = ", ";"),
            ("", ""),
            ("struct s v = { ", " };"),
            ("struct s { ", "; };"),
            ("", " int v;"),
            ("int v ", ";"),
            ("", " { }"),
            ("void f(", ");"),
            ("void f(void) { ", " { } }"),
        ]
        .iter()
        .any(|(before, after)| {
            let whole = format!("{before}{plain}{after}");
            !types::parsed(whole).1.root_node().has_error()
        });
        if text.len() < MOST_TRIED {
            self.tried.insert(text.to_owned(), is);
        }
        is
    }
}

/// What comes of a name that is a macro's.
enum Used {
    /// It is no use: a macro that is like a function, without brackets.
    No,
    /// Its brackets are not closed.
    Open,
    /// The text for it, or `None` to leave it; and where it ends.
    To(Option<String>, usize),
}

fn is_balanced(text: &str) -> bool {
    let mut open = Vec::new();
    for token in tokens(text) {
        match &*token.text {
            "(" | "[" | "{" => open.push(token.text),
            close @ (")" | "]" | "}") => {
                let opened = open.pop();
                let pair = opened.map(|opened| format!("{opened}{close}"));
                if !pair.is_some_and(|pair| ["()", "[]", "{}"].contains(&pair.as_str())) {
                    return false;
                }
            }
            _ => {}
        }
    }
    open.is_empty()
}

/// The text of tokens, with one blank for space.
#[must_use]
pub fn written(tokens: &[Token]) -> String {
    let mut text = String::new();
    for token in tokens {
        if token.kind != Kind::Space || !text.ends_with(' ') {
            text.push_str(&token.text);
        }
    }
    text.trim().to_owned()
}
