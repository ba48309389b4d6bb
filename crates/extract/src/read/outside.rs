//! What is declared outside of functions, as far as identity is asked: which names are private to a
//! file, which are arrays, which each thread or CPU has its own of, and what pointers point to from
//! the start.
//!
//! A scanner of its own over the statements at brace depth 0, not the syntax tree: macros that
//! declare (`static DEFINE_MUTEX(a);`) are no C, and must be seen all the same. What it does not
//! understand it passes over: such a name is a variable that is seen by all files, and no array.

use std::collections::{BTreeMap, BTreeSet};

/// What is declared outside of functions.
#[derive(Debug, Default)]
pub struct Outside {
    /// The files in which a name is `static`.
    private: BTreeMap<String, BTreeSet<usize>>,
    /// Names that are declared without `static` somewhere.
    public: BTreeSet<String>,
    /// Names that are arrays.
    arrays: BTreeSet<String>,
    /// Names that each thread or CPU has its own of.
    own: BTreeSet<String>,
    /// What a pointer is initialised with: the text, and its file.
    points: BTreeMap<String, (String, usize)>,
    /// Members of unions: they share their place with others.
    pub unions: BTreeSet<String>,
    /// How often a name is set or its address taken, by its text.
    sets: BTreeMap<String, usize>,
}

impl Outside {
    /// Adds what a file declares.
    pub fn add(&mut self, file: usize, text: &str) {
        for statement in statements(text) {
            self.declare(file, &statement);
        }
        for (name, before, after) in words(text) {
            if name == "union" {
                self.unions.extend(members(after));
            }
            let after = after.trim_start();
            let is_set = after.starts_with('=') && !after.starts_with("==")
                || ["++", "--", "+=", "-="]
                    .iter()
                    .any(|sign| after.starts_with(sign))
                || before.trim_end().ends_with('&') && !before.trim_end().ends_with("&&");
            if is_set {
                *self.sets.entry(name.to_owned()).or_default() += 1;
            }
        }
    }

    /// The name of a variable as all files know it: two that are private to two files are two.
    #[must_use]
    pub fn qualified(&self, name: &str, file: usize, file_name: &str) -> String {
        let Some(files) = self.private.get(name) else {
            return name.to_owned();
        };
        let is_one = files.len() == 1 && !self.public.contains(name);
        match !is_one && files.contains(&file) {
            true => format!("{name}@{file_name}"),
            false => name.to_owned(),
        }
    }

    /// The files that declare a name `static`, if all that declare it do.
    #[must_use]
    pub fn private_files(&self, name: &str) -> Option<&BTreeSet<usize>> {
        let private = self.private.get(name);
        private.filter(|_| !self.public.contains(name))
    }

    /// Whether a variable of that name is declared.
    #[must_use]
    pub fn is_variable(&self, name: &str) -> bool {
        self.public.contains(name) || self.private.contains_key(name)
    }

    /// Whether a name is an array: then its value is its address.
    #[must_use]
    pub fn is_array(&self, name: &str) -> bool {
        self.arrays.contains(bare(name))
    }

    /// Whether each thread or CPU has its own.
    #[must_use]
    pub fn is_own(&self, name: &str) -> bool {
        self.own.contains(bare(name))
    }

    /// What a pointer points to at all times: its initialiser, if nothing else sets it.
    #[must_use]
    pub fn points_to(&self, name: &str) -> Option<(&str, usize)> {
        let (text, file) = self.points.get(name)?;
        let once = self.sets.get(name) == Some(&1);
        // A name that is not in the list is private to no file.
        let one = self.private.get(name).map_or(0, BTreeSet::len) <= 1;
        (once && one).then_some((text, *file))
    }

    fn declare(&mut self, file: usize, statement: &str) {
        let head_end = statement
            .find(['(', '=', '[', ','])
            .unwrap_or(statement.len());
        let head: Vec<&str> = (statement[..head_end].split(|c: char| !is_word(c)))
            .filter(|word| !word.is_empty())
            .collect();
        let (Some(first), Some(last)) = (head.first(), head.last()) else {
            return;
        };
        if ["typedef", "return", "goto"].contains(first) {
            return;
        }
        let has = |word: &str| head.contains(&word);
        let is_private = has("static");
        let is_own = has("__thread") || has("_Thread_local") || has("thread_local");
        if statement[head_end..].starts_with('(') {
            // A macro that declares; anything else with a bracket here is a function.
            if let Some((name, is_per_cpu)) = declared_by_macro(last, &statement[head_end..]) {
                self.note(file, &name, is_private, false, is_own || is_per_cpu);
            }
            return;
        }
        let mut before = 0;
        for (i, one) in split(statement).into_iter().enumerate() {
            let (left, value) = match one.split_once('=') {
                Some((left, value)) => (left, Some(value.trim())),
                None => (one, None),
            };
            let (name_part, is_array) = match left.split_once('[') {
                Some((name, _)) => (name, true),
                None => (left, false),
            };
            let mut all = (name_part.split(|c: char| !is_word(c))).filter(|word| !word.is_empty());
            let Some(name) = all.clone().next_back() else {
                continue;
            };
            let count = all.by_ref().count();
            if i == 0 {
                before = count;
            }
            // `struct x;` and `struct x { };` declare nothing that has an address.
            if i == 0 && (before < 2 || is_tag(&head, name)) || !starts_a_name(name) {
                continue;
            }
            self.note(file, name, is_private, is_array, is_own);
            let is_pointer = name_part.contains('*');
            if let Some(value) = value.filter(|value| is_pointer && is_path(value)) {
                self.points
                    .insert(name.to_owned(), (value.to_owned(), file));
            }
        }
    }

    fn note(&mut self, file: usize, name: &str, is_private: bool, is_array: bool, is_own: bool) {
        match is_private {
            true => {
                self.private
                    .entry(name.to_owned())
                    .or_default()
                    .insert(file);
            }
            false => {
                self.public.insert(name.to_owned());
            }
        }
        if is_array {
            self.arrays.insert(name.to_owned());
        }
        if is_own {
            self.own.insert(name.to_owned());
        }
    }
}

/// The name without the file that it is private to.
fn bare(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

/// Whether the last word is that of a type: `struct x`, `enum y`.
fn is_tag(head: &[&str], name: &str) -> bool {
    let before = head
        .iter()
        .rposition(|word| *word == name)
        .and_then(|at| at.checked_sub(1));
    before.is_some_and(|at| ["struct", "union", "enum"].contains(&head[at]))
}

/// The name that `DEFINE_MUTEX(a)` declares, and whether each CPU has its own of it.
fn declared_by_macro(name: &str, arguments: &str) -> Option<(String, bool)> {
    if !["DEFINE", "DECLARE", "LIST_HEAD", "__DECLARE", "__DEFINE"]
        .iter()
        .any(|start| name.starts_with(start))
    {
        return None;
    }
    let inside = arguments.trim_start_matches('(');
    let inside = &inside[..inside.rfind(')').unwrap_or(inside.len())];
    let is_per_cpu = name.contains("PER_CPU");
    // The type comes first where there is one.
    let names: Vec<&str> = inside.split(',').map(str::trim).collect();
    let of = names.get(usize::from(is_per_cpu && names.len() > 1))?;
    (of.chars().all(is_word) && starts_a_name(of)).then(|| ((*of).to_owned(), is_per_cpu))
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn starts_a_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// Whether a text is a variable, a part of one, or the address of that.
fn is_path(text: &str) -> bool {
    let text = text.trim_start_matches('&').trim();
    starts_a_name(text) && text.chars().all(|c| is_word(c) || ".[]".contains(c)) && text != "NULL"
}

/// The parts between commas that are in no brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut depth) = (Vec::new(), 0, 0i32);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

/// The statements outside of functions, with nothing for what is in braces.
fn statements(text: &str) -> Vec<String> {
    let (mut all, mut now, mut depth) = (Vec::new(), String::new(), 0usize);
    let mut quote = None;
    let mut escaped = false;
    for c in text.chars() {
        if let Some(end) = quote {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == end => quote = None,
                _ => {}
            }
            continue;
        }
        match c {
            '"' | '\'' => quote = Some(c),
            '{' => depth += 1,
            '}' => {
                // One brace too many closes nothing.
                depth = depth.saturating_sub(1);
                let is_function =
                    now.trim_end().ends_with(')') || !now.contains(['=', '{']) && now.contains('(');
                if depth == 0 && is_function {
                    now.clear();
                } else if depth == 0 {
                    now.push_str(" {} ");
                }
            }
            _ if depth > 0 => {}
            ';' => all.push(std::mem::take(&mut now)),
            _ => now.push(c),
        }
    }
    all
}

/// The names that are declared in the braces at the start of a text, after a name.
fn members(text: &str) -> Vec<String> {
    let Some(open) = text
        .find('{')
        .filter(|open| text[..*open].chars().all(|c| is_word(c) || c == ' '))
    else {
        return Vec::new();
    };
    let mut depth = 0i32;
    let inside = text[open..].find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth == 0
    });
    // What is in braces that do not close may all be.
    let inside = &text[open..inside.map_or(text.len(), |inside| open + inside)];
    let mut names = Vec::new();
    for part in inside.split([';', ',', '}']) {
        let name = part.split('[').next().unwrap_or(part);
        let last = name
            .split(|c: char| !is_word(c))
            .rfind(|word| !word.is_empty());
        names.extend(last.filter(|word| starts_a_name(word)).map(str::to_owned));
    }
    names
}

/// Every word of a text that starts a name, with what stands before and after it.
fn words(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let rest = &text[at..];
            let start = at + rest.find(is_word)?;
            let end = start
                + text[start..]
                    .find(|c| !is_word(c))
                    .unwrap_or(text.len() - start);
            at = end;
            if starts_a_name(&text[start..]) {
                // Only a little of it is looked at.
                let mut from = start.saturating_sub(4);
                while !text.is_char_boundary(from) {
                    from -= 1;
                }
                return Some((&text[start..end], &text[from..start], &text[end..]));
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[&str]) -> Outside {
        let mut outside = Outside::default();
        for (file, text) in files.iter().enumerate() {
            outside.add(file, text);
        }
        outside
    }

    #[test]
    fn names_of_two_files() {
        let all = of(&[
            "static struct semaphore gate; static DEFINE_MUTEX(m); int shared;\nstruct x { int a; };",
            "static DECLARE_MUTEX(gate);\nextern int shared; static int one;",
        ]);
        assert_eq!(all.qualified("gate", 0, "a.c"), "gate@a.c");
        assert_eq!(all.qualified("gate", 1, "b.c"), "gate@b.c");
        for name in ["m", "shared", "one", "nobody"] {
            assert_eq!(all.qualified(name, 0, "a.c"), name);
        }
        let both = of(&["struct semaphore gate;", "static struct semaphore gate;"]);
        assert_eq!(both.qualified("gate", 0, "a.c"), "gate");
        assert_eq!(both.qualified("gate", 1, "b.c"), "gate@b.c");
    }

    #[test]
    fn arrays_pointers_and_what_is_each_threads_own() {
        let all = of(&["
            spinlock_t locks[4], plain; static __thread struct mutex mine;
            static DEFINE_PER_CPU(spinlock_t, of_cpu);
            struct mutex *p = &real, *q = &real, **r;
            struct dev d = { .lock = { 1 } }, devs[2] = { { 1 }, { 2 } };
            void f(struct mutex *m) { int inside[3]; q = m; }
            static int (*callback)(int);
            char text[] = \"static int x[3];\";
        "]);
        for (name, is) in [
            ("locks", true),
            ("plain", false),
            ("devs", true),
            ("d", false),
            ("inside", false),
            ("x", false),
        ] {
            assert_eq!(all.is_array(name), is, "{name}");
        }
        let unions =
            of(&["union u { int a; struct { int *b, c[2]; } s; } u; struct x { int d; };"]);
        let members: Vec<&str> = unions.unions.iter().map(String::as_str).collect();
        assert_eq!(members, ["a", "b", "c", "s"]);
        assert!(all.is_own("mine") && all.is_own("of_cpu") && !all.is_own("plain"));
        assert_eq!(all.points_to("p"), Some(("&real", 0)));
        assert_eq!(all.points_to("q"), None, "it is set elsewhere");
    }

    /// Of a union that does not end it is not known what is in it: any two names may be one.
    #[test]
    fn a_union_that_does_not_end() {
        assert_eq!(members(" { int a; int b[2]; } u; int c;"), ["a", "b"]);
        assert_eq!(members(" { int a; int b;"), ["a", "b"]);
        assert!(members(" u; struct s { int a; };").is_empty());
    }
}
