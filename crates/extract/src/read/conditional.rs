//! Directives: `#if` and its kin decided, macros defined where they stand, includes followed.
//!
//! Each file given is read as the compiler would, from its first line to its last, with one table of
//! macros ([`macros`](mod@crate::read::macros)) that `#define` and `#undef` change on the way.
//! Every directive, and every line that is not taken, becomes an empty line; uses of macros are
//! expanded on their lines ([`expand`](mod@crate::read::expand)); so what is left has the lines of
//! the file.
//!
//! A file that is included is read where that stands, for its macros; its text becomes a file of its
//! own, once for each text that it comes to. Included within braces, as lists of entries are, its
//! text is put on the line of the directive. A file that is not found is passed over, and said to
//! be.

use std::collections::{BTreeMap, BTreeSet};

use kmapcheck_limits::ask;

use crate::read::comments::{logical, text_of};
use crate::read::constant;
use crate::read::expand::Expander;
use crate::read::macros::{Macro, Table, defined, is_word};
use crate::read::unit::{Find, Source};
use crate::refusal::{Kind, Place, Refusal};

/// Files within files.
const DEEPEST: usize = 100;

/// The names that are defined, each with its number if it has one.
pub type Defined = BTreeMap<String, Option<i64>>;

/// A file after this pass.
#[derive(Debug, Clone)]
pub struct Conditioned {
    /// The file.
    pub name: String,
    /// What was in it.
    pub original: String,
    /// Whether its functions stand for those of the same name elsewhere.
    pub is_stub: bool,
    /// Whether another file includes it, and so sees its `static` functions.
    pub is_included: bool,
    /// The text that is left.
    pub text: String,
}

/// What reads files.
pub struct Conditioner<'a> {
    /// Finds files that are included.
    pub find: &'a Find<'a>,
    /// Numbers that names stand for in conditions if they are no macros.
    pub constants: &'a BTreeMap<String, i64>,
    /// What holds at the place that is read.
    pub table: Table,
    /// What expands.
    pub expander: Expander,
    /// The files so far.
    pub files: Vec<Conditioned>,
    /// All macros, the first of each name.
    pub macros: BTreeMap<String, Macro>,
    /// Conditions that could not be read and count as false: the file's name and the line.
    pub unread: Vec<(String, usize)>,
    /// Files that are included and were not found: the name, and where.
    pub passed: BTreeMap<String, (String, usize)>,
    seen: BTreeSet<(String, String)>,
}

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

/// The text of a file that is being read.
struct Text<'a> {
    name: &'a str,
    done: String,
    /// Lines that are taken and not yet expanded, and the number of the first.
    pending: String,
    first: usize,
    braces: usize,
    counted: usize,
}

impl<'a> Conditioner<'a> {
    /// Nothing read yet.
    #[must_use]
    pub fn new(find: &'a Find<'a>, constants: &'a BTreeMap<String, i64>) -> Conditioner<'a> {
        Conditioner {
            find,
            constants,
            table: Table::default(),
            expander: Expander::default(),
            files: Vec::new(),
            macros: BTreeMap::new(),
            unread: Vec::new(),
            passed: BTreeMap::new(),
            seen: BTreeSet::new(),
        }
    }

    /// Takes names as defined, with their numbers, or 1.
    pub fn define(&mut self, names: &Defined) {
        for (name, number) in names {
            let number = number.unwrap_or(1);
            self.table.define(defined(&format!("{name} {number}"), 0));
        }
    }

    /// Reads a file that was given, and what it includes.
    ///
    /// # Errors
    ///
    /// A file that is no text; an `#if` that is not closed, or an `#endif` without one.
    pub fn file(&mut self, source: &Source) -> Result<(), Refusal> {
        let original = original(source)?;
        let text = self.within(&source.name, &original, 0)?;
        self.add(source, original, text, false);
        Ok(())
    }

    fn add(&mut self, source: &Source, original: String, text: String, is_included: bool) {
        if self.seen.insert((source.name.clone(), text.clone())) {
            self.files.push(Conditioned {
                name: source.name.clone(),
                original,
                is_stub: source.is_stub,
                is_included,
                text,
            });
            return;
        }
        let same = |file: &&mut Conditioned| file.name == source.name && file.text == text;
        if let Some(file) = self.files.iter_mut().find(same) {
            file.is_included |= is_included;
        }
    }

    /// The text of a file, as far as it is taken, expanded.
    fn within(&mut self, name: &str, original: &str, depth: usize) -> Result<String, Refusal> {
        let plain = logical(original);
        let mut open: Vec<Open> = Vec::new();
        let mut text = Text {
            name,
            done: String::with_capacity(plain.len()),
            pending: String::new(),
            first: 1,
            braces: 0,
            counted: 0,
        };
        for (i, line) in plain.split('\n').enumerate() {
            ask();
            let live = open.iter().all(|open| open.live);
            let Some(directive) = line.trim_start().strip_prefix('#') else {
                if live {
                    text.pending.push_str(line);
                }
                text.pending.push('\n');
                continue;
            };
            let directive = directive.trim();
            let word = directive.find(|c: char| !c.is_ascii_alphabetic());
            let (word, rest) = directive.split_at(word.unwrap_or(directive.len()));
            let rest = rest.trim();
            let unpaired = |what| {
                let line = original.lines().nth(i).unwrap_or_default();
                Err(unpaired(name, i, line, what))
            };
            match word {
                "if" | "ifdef" | "ifndef" | "elif" | "elifdef" | "elifndef" => {
                    if live || word.starts_with("el") {
                        self.flush(&mut text, true);
                    }
                    let mut holds = || match word.trim_start_matches("el") {
                        "ifdef" => self.table.is_defined(identifier(rest)),
                        "ifndef" => !self.table.is_defined(identifier(rest)),
                        _ => self.evaluate(rest).unwrap_or_else(|| {
                            self.unread.push((name.to_owned(), i + 1));
                            false
                        }),
                    };
                    if !word.starts_with("el") {
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
                        return unpaired("#elif");
                    }
                }
                "else" => match open.last_mut() {
                    Some(open) => {
                        open.live = !open.taken && !open.last;
                        open.taken = true;
                        open.last = true;
                    }
                    None => return unpaired("#else"),
                },
                "endif" if open.pop().is_none() => return unpaired("#endif"),
                "define" if live => {
                    self.flush(&mut text, true);
                    let defined = defined(rest, i + 1);
                    (self.macros.entry(defined.name.clone())).or_insert_with(|| defined.clone());
                    self.table.define(defined);
                }
                "undef" if live => {
                    self.flush(&mut text, true);
                    self.table.undefine(identifier(rest));
                }
                "include" | "include_next" | "import" if live => {
                    self.flush(&mut text, true);
                    self.include(rest, &mut text, i + 1, depth)?;
                }
                _ => {}
            }
            text.pending.push('\n');
        }
        self.flush(&mut text, false);
        // The last line has no end of its own.
        text.done.pop();
        match open.last() {
            None => Ok(text.done),
            Some(open) => {
                let line = original.lines().nth(open.line).unwrap_or_default();
                let said = "this condition is never closed".to_owned();
                let help = "add its `#endif`; without it nothing says where it ends";
                let refusal = Refusal::new(Kind::Conditional, said, help);
                Err(at_line(refusal, name, open.line, line))
            }
        }
    }

    /// Expands what was taken so far, as the table is now.
    fn flush(&mut self, text: &mut Text<'_>, more: bool) {
        let pending = std::mem::take(&mut text.pending);
        let open = self
            .expander
            .text(&self.table, &pending, text.first, more, &mut text.done);
        let (done, left) = pending.split_at(pending.len() - open);
        text.first += done.bytes().filter(|&byte| byte == b'\n').count();
        text.pending = left.to_owned();
    }

    /// Reads a file where it is included.
    fn include(
        &mut self,
        rest: &str,
        text: &mut Text<'_>,
        line: usize,
        depth: usize,
    ) -> Result<(), Refusal> {
        let mut name = rest.to_owned();
        if !rest.starts_with(['<', '"']) {
            name.clear();
            self.expander
                .text(&self.table, rest, line, false, &mut name);
            name = name.trim().to_owned();
        }
        let file = name.trim_start_matches(['<', '"']);
        let file = file[..file.find(['>', '"']).unwrap_or(file.len())].to_owned();
        let found = (self.find)(&file).filter(|_| depth < DEEPEST);
        let Some(source) = found else {
            let at = (text.name.to_owned(), line);
            self.passed.entry(file).or_insert(at);
            return Ok(());
        };
        let original = original(&source)?;
        let inner = self.within(&source.name, &original, depth + 1)?;
        if text.is_inside() {
            // What does not parse there is seen as such.
            let one_line = inner.split_whitespace().collect::<Vec<_>>().join(" ");
            text.done.push_str(&one_line);
        } else {
            self.add(&source, original, inner, true);
        }
        Ok(())
    }

    /// Whether a condition holds; `None`: it cannot be read.
    fn evaluate(&mut self, text: &str) -> Option<bool> {
        // `defined` asks for the name itself, so it is answered before names are expanded.
        let mut asked = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("defined") {
            let (before, after) = (&rest[..at], &rest[at + "defined".len()..]);
            let is_part = before.bytes().last().is_some_and(is_word);
            let name = after.trim_start();
            let name = name.strip_prefix('(').unwrap_or(name).trim_start();
            let word = identifier(name);
            if is_part || word.is_empty() || after.bytes().next().is_some_and(is_word) {
                asked.push_str(&rest[..at + "defined".len()]);
                rest = after;
                continue;
            }
            asked.push_str(before);
            asked.push_str(if self.table.is_defined(word) {
                " 1 "
            } else {
                " 0 "
            });
            rest = &name[word.len()..];
            if after.trim_start().starts_with('(') {
                rest = rest.trim_start().strip_prefix(')')?;
            }
        }
        asked.push_str(rest);
        let kept = std::mem::take(&mut self.table.kept);
        let mut expanded = String::new();
        self.expander
            .text(&self.table, &asked, 0, false, &mut expanded);
        self.table.kept = kept;
        // As the preprocessor has it: a name that is not defined is 0.
        let number = |name: &str| Some(self.constants.get(name).copied().unwrap_or(0));
        constant::value(&expanded, &number, &|_| false).map(|value| value != 0)
    }
}

impl Text<'_> {
    /// Whether what comes next is within braces.
    fn is_inside(&mut self) -> bool {
        let bytes = self.done.as_bytes();
        while self.counted < bytes.len() {
            match bytes[self.counted] {
                b'"' | b'\'' => {
                    self.counted = crate::read::macros::literal_end(bytes, self.counted);
                    continue;
                }
                b'{' => self.braces += 1,
                // One too many is wrong in itself, and is seen when it is parsed.
                b'}' => self.braces = self.braces.saturating_sub(1),
                _ => {}
            }
            self.counted += 1;
        }
        self.braces > 0
    }
}

fn original(source: &Source) -> Result<String, Refusal> {
    text_of(&source.bytes).ok_or_else(|| {
        Refusal::new(
            Kind::NotText,
            format!("{} is not C: it holds bytes that no text has", source.name),
            "give the `.c` file that it was built from",
        )
    })
}

fn unpaired(name: &str, line: usize, text: &str, what: &str) -> Refusal {
    let said = format!("`{what}` without an `#if`");
    let help = "remove it, or add the `#if` that it belongs to";
    at_line(
        Refusal::new(Kind::Conditional, said, help),
        name,
        line,
        text,
    )
}

fn at_line(refusal: Refusal, name: &str, line: usize, text: &str) -> Refusal {
    refusal.at(Some(Place {
        file: name.to_owned(),
        line: line + 1,
        column: 0,
        length: 0,
        text: text.to_owned(),
    }))
}

/// The identifier at the start.
fn identifier(text: &str) -> &str {
    let end = text.bytes().position(|byte| !is_word(byte));
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(text: &str, names: &[&str]) -> Result<(String, Vec<(String, usize)>), Refusal> {
        let constants = BTreeMap::new();
        let mut all = Conditioner::new(&|_| None, &constants);
        for name in names {
            all.table.define(defined(&format!("{name} 1"), 0));
        }
        all.file(&Source {
            name: "a.c".to_owned(),
            bytes: text.as_bytes().to_vec(),
            is_stub: false,
        })?;
        Ok((all.files.remove(0).text, all.unread))
    }

    #[test]
    fn lines_stay_and_branches_are_chosen() {
        let text = "a\n#ifdef CONFIG_X\nb\n#else\nc\n#endif\n#define M(x) \\\n  x + 1\nd\n#if M2 > 1\ne\n#endif";
        let with_x = condition(text, &["CONFIG_X"]).expect("it is well formed");
        assert_eq!(with_x.0, "a\n\nb\n\n\n\n\n\nd\n\n\n");
        let without = condition(text, &[]).expect("it is well formed");
        assert_eq!(without.0, "a\n\n\n\nc\n\n\n\nd\n\n\n");
    }

    #[test]
    fn conditions_across_syntax() {
        let text = "if (x\n#ifdef A\n && y)\n#elif defined(B)\n && z)\n#else\n )\n#endif\n f();";
        for (names, kept) in [(&["A"][..], "&& y)"), (&["B"], "&& z)"), (&[], " )")] {
            let text = condition(text, names).expect("it is well formed").0;
            assert_eq!(text.matches(')').count(), 2, "{text}");
            assert!(text.contains(kept), "{text}");
        }
    }

    #[test]
    fn what_is_not_closed_is_told() {
        for (text, line) in [("a\n#if 1\nb", 2), ("#endif", 1), ("\n\n#else", 3)] {
            let refusal = condition(text, &[]).expect_err("it is not");
            assert_eq!(refusal.place.map(|place| place.line), Some(line), "{text}");
        }
        let unread = condition("#if f(3)\nx\n#endif", &[]).expect("it is well formed");
        assert_eq!(unread.1, [("a.c".to_owned(), 1)]);
        assert!(!unread.0.contains('x'));
    }
}
