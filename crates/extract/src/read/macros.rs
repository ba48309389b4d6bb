//! Macros: what each name stands for at a place, and the tokens of it.
//!
//! The table changes from line to line, as the preprocessor's does: `#define` and `#undef` are done
//! where they stand, so a use is read with the body that holds there. Names of which the mapping
//! says something, and functions of stubs, are never expanded: that is how a user says what a macro
//! means.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A macro.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Macro {
    /// Its name.
    pub name: String,
    /// Its parameters, if it is like a function.
    pub params: Option<Vec<String>>,
    /// Whether the last parameter stands for all arguments from there on.
    pub is_variadic: bool,
    /// What it stands for, on one line.
    pub body: String,
    /// Its line, from 1.
    pub line: usize,
}

/// A token of the preprocessor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its text; that of space is one blank.
    pub text: Rc<str>,
    /// Whether it is a macro's name met within that macro: it stays for good.
    pub stays: bool,
}

/// Kinds of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name.
    Word,
    /// A number, as the preprocessor takes it.
    Number,
    /// A string or character constant.
    Literal,
    /// One character of anything else.
    Sign,
    /// Space, with line ends.
    Space,
}

impl Token {
    /// A token that may be expanded.
    #[must_use]
    pub fn new(kind: Kind, text: &str) -> Token {
        let (text, stays) = (text.into(), false);
        Token { kind, text, stays }
    }

    /// Whether it is this sign.
    #[must_use]
    pub fn is(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && &*self.text == sign
    }
}

/// Whether a byte belongs to names.
#[must_use]
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$'
}

/// What comes next, if it is to be something in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brackets {
    /// Something else.
    None,
    /// Brackets that are not closed.
    Open,
    /// Brackets that end before there.
    End(usize),
}

/// The brackets that begin at or after `at`. Those within literals do not count.
#[must_use]
pub fn brackets(bytes: &[u8], at: usize) -> Brackets {
    let mut at = at;
    while at < bytes.len() && bytes[at].is_ascii_whitespace() {
        at += 1;
    }
    match bytes.get(at) {
        Some(b'(') => {}
        None => return Brackets::Open,
        Some(_) => return Brackets::None,
    }
    let mut depth = 0usize;
    while at < bytes.len() {
        match bytes[at] {
            b'"' | b'\'' => {
                at = literal_end(bytes, at);
                continue;
            }
            b'(' => depth += 1,
            b')' if depth == 1 => return Brackets::End(at + 1),
            b')' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    Brackets::Open
}

/// Where the literal that begins at `at` ends. One that is not closed ends with its line.
#[must_use]
pub fn literal_end(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != b'\n' {
        match bytes[end] {
            b'\\' => end += 1,
            byte if byte == quote => return end + 1,
            _ => {}
        }
        end += 1;
    }
    end.min(bytes.len())
}

/// Where the number that begins at `at` ends.
#[must_use]
pub fn number_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < bytes.len()
        && (is_word(bytes[end])
            || bytes[end] == b'.'
            || (b"+-".contains(&bytes[end])
                && b"eEpP".contains(&bytes[end - 1])
                // `0xE+1` is one number to the preprocessor, but nobody means that.
                && !bytes[at..end].starts_with(b"0x")))
    {
        end += 1;
    }
    end
}

/// The tokens of ASCII text.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut all = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let kind = match bytes[at] {
            byte if byte.is_ascii_whitespace() => {
                while at < bytes.len() && bytes[at].is_ascii_whitespace() {
                    at += 1;
                }
                all.push(Token::new(Kind::Space, " "));
                continue;
            }
            byte if byte.is_ascii_digit() => {
                at = number_end(bytes, at);
                Kind::Number
            }
            byte if is_word(byte) => {
                while at < bytes.len() && is_word(bytes[at]) {
                    at += 1;
                }
                Kind::Word
            }
            b'"' | b'\'' => {
                at = literal_end(bytes, at);
                Kind::Literal
            }
            _ => {
                at += 1;
                Kind::Sign
            }
        };
        all.push(Token::new(kind, &text[start..at]));
    }
    all
}

/// What names stand for at a place.
#[derive(Debug, Clone, Default)]
pub struct Table {
    known: BTreeMap<String, Rc<Known>>,
    /// Names that are never expanded.
    pub kept: Rc<BTreeSet<String>>,
}

/// A macro and the tokens of its body.
#[derive(Debug)]
pub struct Known {
    /// The macro.
    pub of: Macro,
    /// The tokens of its body.
    pub body: Vec<Token>,
}

impl Table {
    /// Takes a definition as what holds from here on.
    pub fn define(&mut self, of: Macro) {
        let body = tokens(&of.body);
        let name = of.name.clone();
        self.known.insert(name, Rc::new(Known { of, body }));
    }

    /// Forgets a definition.
    pub fn undefine(&mut self, name: &str) {
        self.known.remove(name);
    }

    /// Whether a name is defined.
    #[must_use]
    pub fn is_defined(&self, name: &str) -> bool {
        self.known.contains_key(name)
    }

    /// What a name stands for, kept or not.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Rc<Known>> {
        self.known.get(name)
    }

    /// What a name is expanded to.
    #[must_use]
    pub fn expands(&self, name: &str) -> Option<&Rc<Known>> {
        let known = self.known.get(name)?;
        (!self.kept.contains(name)).then_some(known)
    }

    /// All names that a macro's text comes to, through other macros too.
    #[must_use]
    pub fn words(&self, name: &str) -> BTreeSet<String> {
        let mut words = BTreeSet::new();
        let mut todo = vec![name.to_owned()];
        while let Some(name) = todo.pop() {
            let body = self.known.get(&name).map(|known| known.body.as_slice());
            for token in body.unwrap_or_default() {
                if token.kind == Kind::Word && words.insert(token.text.to_string()) {
                    todo.push(token.text.to_string());
                }
            }
        }
        words
    }
}

/// The macro that the text after `#define` says.
#[must_use]
pub fn defined(text: &str, line: usize) -> Macro {
    let end = text.bytes().position(|byte| !is_word(byte));
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    let params = rest.strip_prefix('(').and_then(|rest| {
        let end = rest.find(')')?;
        let params = rest[..end].split(',').map(|param| param.trim().to_owned());
        let params: Vec<String> = params.filter(|param| !param.is_empty()).collect();
        Some((params, &rest[end + 1..]))
    });
    let (mut params, body) = match params {
        Some((params, body)) => (Some(params), body),
        None => (None, rest),
    };
    let mut is_variadic = false;
    if let Some(last) = params.as_mut().and_then(|params| params.last_mut())
        && let Some(named) = last.strip_suffix("...")
    {
        is_variadic = true;
        let named = named.trim();
        *last = if named.is_empty() {
            "__VA_ARGS__"
        } else {
            named
        }
        .to_owned();
    }
    Macro {
        name: name.to_owned(),
        params,
        is_variadic,
        body: body.trim().to_owned(),
        line,
    }
}
