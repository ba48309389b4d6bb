//! `#if` and its kin decided over a set of defined names, macros collected, lines kept.
//!
//! Every directive, and every line that is not taken, becomes an empty line; so what is left has the
//! lines of the file. Macros are not expanded here: those that are the head of a loop are
//! ([`foreach`](mod@crate::read::foreach)), and all others where they are used
//! ([`lower`](mod@crate::read::lower)).

use std::collections::BTreeMap;

use kmapcheck_limits::ask;

use crate::read::constant;
use crate::refusal::{Kind, Refusal};

/// A macro.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Macro {
    /// Its name.
    pub name: String,
    /// Its parameters, if it is like a function.
    pub params: Option<Vec<String>>,
    /// What it stands for, on one line.
    pub body: String,
    /// Its line, from 1.
    pub line: usize,
}

/// A file after this pass.
#[derive(Debug, Clone, Default)]
pub struct Conditioned {
    /// The text that is left.
    pub text: String,
    /// The macros that it defines.
    pub macros: Vec<Macro>,
    /// The files that it includes.
    pub includes: Vec<String>,
    /// Lines with a condition that could not be read; it is taken as false.
    pub unread: Vec<usize>,
}

/// The names that are defined, each with its number if it has one.
pub type Defined = BTreeMap<String, Option<i64>>;

/// One `#if` that is open.
struct Open {
    line: usize,
    /// Whether lines are taken now.
    live: bool,
    /// Whether a branch was taken.
    taken: bool,
    /// Whether `#else` has come.
    last: bool,
}

/// Decides the conditionals of `text`, which has no comments.
///
/// # Errors
///
/// An `#if` that is not closed, or an `#endif` without one.
pub fn condition(text: &str, defined: &Defined) -> Result<Conditioned, Refusal> {
    let mut here = defined.clone();
    let mut done = Conditioned::default();
    let mut open: Vec<Open> = Vec::new();
    let mut lines = text.split('\n').enumerate();
    while let Some((i, line)) = lines.next() {
        ask();
        let live = open.iter().all(|open| open.live);
        let Some(directive) = line.trim_start().strip_prefix('#') else {
            if live {
                done.text.push_str(line);
            }
            done.text.push('\n');
            continue;
        };
        let mut directive = directive.trim().to_owned();
        done.text.push('\n');
        while directive.ends_with('\\') {
            directive.pop();
            directive.push(' ');
            let Some((_, more)) = lines.next() else { break };
            directive.push_str(more.trim());
            done.text.push('\n');
        }
        let word = directive.find(|c: char| !c.is_ascii_alphabetic());
        let (word, rest) = directive.split_at(word.unwrap_or(directive.len()));
        let rest = rest.trim();
        let name = identifier(rest);
        match word {
            "if" | "ifdef" | "ifndef" | "elif" => {
                let mut holds = || match word {
                    "ifdef" => here.contains_key(name),
                    "ifndef" => !here.contains_key(name),
                    _ => evaluate(rest, &here).unwrap_or_else(|| {
                        done.unread.push(i + 1);
                        false
                    }),
                };
                if word != "elif" {
                    // Inside a part that is not taken it does not matter.
                    let live = live && holds();
                    open.push(Open {
                        line: i,
                        live,
                        taken: live,
                        last: false,
                    });
                } else if let Some(open) = open.last_mut() {
                    open.live = !open.taken && !open.last && holds();
                    open.taken |= open.live;
                } else {
                    return Err(unpaired(i, line, "#elif"));
                }
            }
            "else" => match open.last_mut() {
                Some(open) => {
                    open.live = !open.taken && !open.last;
                    open.taken = true;
                    open.last = true;
                }
                None => return Err(unpaired(i, line, "#else")),
            },
            "endif" if open.pop().is_none() => return Err(unpaired(i, line, "#endif")),
            "define" if live => {
                let defined = define(rest, i + 1);
                let number = || constant::value(&defined.body, &|_| None, &|_| false);
                here.insert(defined.name.clone(), number());
                done.macros.push(defined);
            }
            "undef" if live => {
                here.remove(name);
                done.macros.retain(|defined| defined.name != name);
            }
            "include" if live => {
                let file = rest.trim_start_matches(['<', '"']);
                let end = file.find(['>', '"']).unwrap_or(file.len());
                done.includes.push(file[..end].to_owned());
            }
            _ => {}
        }
    }
    match open.last() {
        None => Ok(done),
        Some(open) => {
            let text = text.split('\n').nth(open.line).unwrap_or_default();
            let said = "this condition is never closed".to_owned();
            let help = "add its `#endif`; without it nothing says where it ends";
            Err(at_line(
                Refusal::new(Kind::Conditional, said, help),
                open.line,
                text,
            ))
        }
    }
}

fn unpaired(line: usize, text: &str, what: &str) -> Refusal {
    let said = format!("`{what}` without an `#if`");
    let help = "remove it, or add the `#if` that it belongs to";
    at_line(Refusal::new(Kind::Conditional, said, help), line, text)
}

/// A refusal at a line, whose file the caller adds.
fn at_line(refusal: Refusal, line: usize, text: &str) -> Refusal {
    refusal.at(Some(crate::refusal::Place {
        file: String::new(),
        line: line + 1,
        column: 0,
        length: 0,
        text: text.to_owned(),
    }))
}

/// The identifier at the start.
fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    &text[..end.unwrap_or(text.len())]
}

/// Whether a condition holds; `None`: it cannot be read.
fn evaluate(text: &str, defined: &Defined) -> Option<bool> {
    // As the preprocessor has it: a name that is not defined is 0.
    let number = |name: &str| match defined.get(name) {
        Some(number) => number.or(Some(1)),
        None => Some(0),
    };
    constant::value(text, &number, &|name| defined.contains_key(name)).map(|value| value != 0)
}

fn define(text: &str, line: usize) -> Macro {
    let name = identifier(text).to_owned();
    let rest = &text[name.len()..];
    let params = rest.strip_prefix('(').and_then(|rest| {
        let end = rest.find(')')?;
        let params = rest[..end].split(',').map(|param| param.trim().to_owned());
        Some((
            params.filter(|param| !param.is_empty()).collect(),
            &rest[end + 1..],
        ))
    });
    let (params, body) = match params {
        Some((params, body)) => (Some(params), body),
        None => (None, rest),
    };
    Macro {
        name,
        params,
        body: body.trim().to_owned(),
        line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(names: &[&str]) -> Defined {
        names
            .iter()
            .map(|name| ((*name).to_owned(), None))
            .collect()
    }

    #[test]
    fn lines_stay_and_branches_are_chosen() {
        let text = "a\n#ifdef CONFIG_X\nb\n#else\nc\n#endif\n#define M(x) \\\n  x + 1\nd\n#if M2 > 1\ne\n#endif";
        let with_x = condition(text, &with(&["CONFIG_X"])).expect("it is well formed");
        assert_eq!(with_x.text, "a\n\nb\n\n\n\n\n\nd\n\n\n\n");
        assert_eq!(with_x.macros.len(), 1);
        let expected = Macro {
            name: "M".into(),
            params: Some(vec!["x".into()]),
            body: "x + 1".into(),
            line: 7,
        };
        assert_eq!(with_x.macros[0], expected);
        let without = condition(text, &with(&[])).expect("it is well formed");
        assert_eq!(without.text, "a\n\n\n\nc\n\n\n\nd\n\n\n\n");
    }

    #[test]
    fn conditions_across_syntax() {
        let text = "if (x\n#ifdef A\n && y)\n#elif defined(B)\n && z)\n#else\n )\n#endif\n f();";
        for (names, kept) in [(&["A"][..], "&& y)"), (&["B"], "&& z)"), (&[], " )")] {
            let text = condition(text, &with(names))
                .expect("it is well formed")
                .text;
            assert_eq!(text.matches(')').count(), 2, "{text}");
            assert!(text.contains(kept), "{text}");
        }
    }

    #[test]
    fn what_is_not_closed_is_told() {
        for (text, line) in [("a\n#if 1\nb", 2), ("#endif", 1), ("\n\n#else", 3)] {
            let refusal = condition(text, &with(&[])).expect_err("it is not");
            assert_eq!(refusal.place.map(|place| place.line), Some(line), "{text}");
        }
        let unread = condition("#if f(3)\nx\n#endif", &with(&[])).expect("it is well formed");
        assert_eq!(unread.unread, [1]);
        assert!(!unread.text.contains('x'));
    }
}
