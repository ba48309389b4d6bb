//! Members of unions that are one place: each has the name of the first of them.
//!
//! Members of a union begin where the union begins, so a lock in one is the lock in the other, and a
//! pointer that is set through one is read through the other. Fields are known by name and not by
//! type, so the names are made one, in all files. That must not make one of what is two: where any
//! structure has two of these names in different places, they stay apart, and so do members that are
//! arrays, whose value is their address. An unnamed structure or union within another one has its
//! members in that one.
//!
//! What overlaps without beginning at one place, as the second field of one member and the second of
//! another do, is taken to be two.

use std::collections::{BTreeMap, BTreeSet};

/// Structures within structures; what lies deeper has no members.
const DEEPEST: usize = 60;

/// Members of one union that begin at one place, and structures' members with their places.
#[derive(Debug, Default)]
pub struct Overlap {
    unions: Vec<Vec<String>>,
    places: Vec<BTreeMap<String, usize>>,
    arrays: BTreeSet<String>,
}

/// Members of what is in braces: each with the number of its place there.
type Members = Vec<(String, usize)>;

impl Overlap {
    /// Adds the structures and unions of a file.
    pub fn add(&mut self, text: &str) {
        let mut rest = text;
        while let Some((is_union, after)) = next_body(rest) {
            // What is within it is looked at there.
            rest = self.body(is_union, after, 0).1;
        }
    }

    /// The body of a structure or union that begins at the start of a text; its members, and what
    /// comes after it.
    fn body<'t>(&mut self, is_union: bool, text: &'t str, deep: usize) -> (Members, &'t str) {
        let mut members: Members = Vec::new();
        let (mut place, mut rest) = (0, text);
        loop {
            rest = rest.trim_start();
            if rest.is_empty() {
                break;
            }
            if let Some(after) = rest.strip_prefix('}') {
                rest = after;
                break;
            }
            let end = rest.find([';', '{', '}']).unwrap_or(rest.len());
            let head = &rest[..end];
            let mut declared = head;
            rest = &rest[end..];
            if rest.starts_with('{') {
                let kind = head
                    .split_whitespace()
                    .find(|word| ["struct", "union", "enum"].contains(word));
                let (inner, after) = match kind {
                    Some("struct" | "union") if deep < DEEPEST => {
                        self.body(kind == Some("union"), &rest[1..], deep + 1)
                    }
                    _ => (Vec::new(), past(rest)),
                };
                let end = after.find([';', '}']).unwrap_or(after.len());
                declared = &after[..end];
                rest = &after[end..];
                if declared.trim().is_empty() {
                    // Unnamed: its members are those of what is around it.
                    let first = place;
                    for (name, inner) in inner {
                        members.push((
                            name,
                            if is_union && inner == 0 {
                                0
                            } else {
                                first + inner
                            },
                        ));
                        place = place.max(first + inner);
                    }
                }
            }
            rest = rest.strip_prefix(';').unwrap_or(rest);
            for one in declarators(declared) {
                if let Some((name, is_array)) = name_of(one) {
                    if is_array {
                        self.arrays.insert(name.to_owned());
                    }
                    members.push((name.to_owned(), if is_union { 0 } else { place + 1 }));
                    place += 1;
                }
            }
            place += 1;
        }
        if !is_union {
            // The first member is where the structure begins.
            if let Some(first) = members.iter().map(|(_, place)| *place).min() {
                members.iter_mut().for_each(|(_, place)| *place -= first);
            }
        }
        let mut of: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (name, place) in &members {
            of.entry(*place).or_default().push(name.clone());
        }
        self.unions
            .extend(of.into_values().filter(|names| names.len() > 1));
        self.places.push(members.iter().cloned().collect());
        (members, rest)
    }

    /// The name that stands for each member that has another's.
    #[must_use]
    pub fn names(&self) -> BTreeMap<String, String> {
        let mut first: BTreeMap<&str, &str> = BTreeMap::new();
        let unions = self.unions.iter().map(|names| {
            let plain = names.iter().filter(|name| !self.arrays.contains(*name));
            plain.map(String::as_str).collect::<Vec<&str>>()
        });
        for names in unions {
            let others: Vec<&str> = (names.iter())
                .filter_map(|name| first.get(name).copied())
                .collect();
            let Some(one) = others.first().or(names.first()).copied() else {
                continue;
            };
            for stands in first.values_mut().filter(|stands| others.contains(stands)) {
                *stands = one;
            }
            for name in names {
                first.insert(name, one);
            }
        }
        // Two in one structure that are not at one place.
        let mut apart = BTreeSet::new();
        for members in &self.places {
            let mut at: BTreeMap<&str, usize> = BTreeMap::new();
            for (name, place) in members {
                if let Some(&one) = first.get(name.as_str())
                    && *at.entry(one).or_insert(*place) != *place
                {
                    apart.insert(one);
                }
            }
        }
        let all = first
            .into_iter()
            .filter(|(name, one)| name != one && !apart.contains(one));
        all.map(|(name, one)| (name.to_owned(), one.to_owned()))
            .collect()
    }
}

/// The next structure or union with a body: whether it is a union, and the text after its bracket.
fn next_body(text: &str) -> Option<(bool, &str)> {
    let mut from = 0;
    while let Some(open) = text[from..].find('{') {
        let open = from + open;
        let head = &text[..open];
        let before = head.rfind([';', '{', '}', '(', ')', ',', '=']);
        // Nothing before it: the text begins with it.
        let start = before.map_or(0, |at| at + 1);
        let mut words = head[start..].split_whitespace();
        if let Some(word) = words.find(|word| ["struct", "union"].contains(word)) {
            return Some((word == "union", &text[open + 1..]));
        }
        from = open + 1;
    }
    None
}

/// What comes after the brackets at the start of a text.
fn past(text: &str) -> &str {
    let mut depth = 0i32;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 {
            return &text[at + 1..];
        }
    }
    ""
}

fn declarators(text: &str) -> Vec<&str> {
    let mut depth = 0i32;
    text.split(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    })
    .collect()
}

/// The name that is declared, and whether it is an array.
fn name_of(declarator: &str) -> Option<(&str, bool)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let inner = match declarator.split_once("(*") {
        Some((_, inner)) => inner.split(')').next()?,
        None => declarator.split([':', '(']).next()?,
    };
    let plain = inner.split('[').next()?;
    let name = plain
        .split(|c| !is_word(c))
        .rfind(|word| !word.is_empty())?;
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts.then_some((name, inner.contains('[')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let mut all = Overlap::default();
        all.add(text);
        let names = all.names().into_iter();
        names.map(|(name, one)| format!("{name}={one}")).collect()
    }

    #[test]
    fn members_of_unions_have_one_name() {
        assert_eq!(
            names("union u { struct page *p, *q; int n : 3; };"),
            ["n=p", "q=p"]
        );
        assert_eq!(
            names("struct s { int a; union { int b; long c; } u; };"),
            ["c=b"]
        );
        // The members of an unnamed one are those of what is around it.
        assert_eq!(
            names("struct s { int a; union { int b; long c; }; int d; };"),
            ["c=b"]
        );
        assert_eq!(
            names("union u { struct { int a; int b; }; int c; };"),
            ["c=a"]
        );
        assert_eq!(
            names("union u { void (*call)(int, int); struct { int x; } in; };"),
            ["in=call"]
        );
        // Through what they share, three are one.
        assert_eq!(
            names("union u { int a; int b; }; union v { int b; int c; };"),
            ["b=a", "c=a"]
        );
        assert_eq!(
            names("struct s { int a; int b; }; int f(void) { struct t { int c; } t; }").len(),
            0
        );
    }

    #[test]
    fn what_is_two_somewhere_stays_two() {
        let none: [&str; 0] = [];
        assert_eq!(
            names("union u { int a; int b; }; struct s { int a; int b; };"),
            none
        );
        assert_eq!(names("union u { int a; int b[2]; };"), none);
        assert_eq!(
            names("struct s { union { int a; int b; }; int c; }; struct t { int b; int c; };"),
            ["b=a"]
        );
        // What does not end has members all the same.
        assert_eq!(names("union u { int a; int b;"), ["b=a"]);
    }
}
