//! What pages, locks and pools are called in the scenario: after the object where all tasks mean the
//! same one ([`identity`](mod@crate::run::identity)), else after the C. What each task has of its own
//! is never called like a variable outside of functions.

use crate::read::names::Name;
use crate::refusal::{Kind, Refusal};
use crate::run::operation::Object;
use crate::run::state::State;
use crate::run::step::{Machine, Scope, Thing};
use crate::run::value::{Key, Linear};

impl Machine<'_> {
    /// What something is called: the name that it has, or a new one: of the object, if all tasks mean
    /// the same one by it; else of the text.
    ///
    /// # Errors
    ///
    /// One object that is two kinds of things.
    pub fn name(
        &mut self,
        state: &mut State,
        of: &Linear,
        object: &Object,
        thing: &Thing,
        units: Option<u32>,
    ) -> Result<Name, Refusal> {
        let path = match object.suffix {
            "" => self.path(state, of),
            _ => None,
        };
        let is_object = path
            .as_ref()
            .is_some_and(|path| path.scope == Scope::Object);
        if let Some(name) = state.names.get(of).copied() {
            // Only now it may be known to be what all tasks know.
            let is_known = !is_object || state.held.iter().any(|hold| hold.name == name);
            let scope = self.things.get(&name).map(Thing::scope);
            if is_known || scope == Some(Scope::Object) {
                return Ok(name);
            }
        }
        let (text, _) = self.written(state, object.depth, &object.text);
        let mut text = plain(&text) + object.suffix;
        if text.is_empty() {
            text = "page".to_owned();
        }
        if *thing == Thing::Allocated {
            let base = format!("new_{}", text.trim_start_matches("new_"));
            let name = self.free_name(state, &base, thing);
            state.names.insert(of.clone(), name);
            return Ok(name);
        }
        let share = &self.options.share;
        let is_asked = |text: &String| share.contains(text) || share.contains("all");
        let given = is_asked(&text) || path.as_ref().is_some_and(|path| is_asked(&path.text));
        self.met.insert(text.clone());
        self.met.extend(path.as_ref().map(|path| path.text.clone()));
        let (base, scope) = match path {
            Some(path) if path.scope != Scope::Own => (path.text, path.scope),
            // Pools are there to be shared.
            path if given || thing.is_pool() => (path.map_or(text, |path| path.text), Scope::Given),
            // Many pages are one name, which makes for fewer branches; locks are told apart.
            path if !thing.is_page() => (path.map_or(text, |path| path.text), Scope::Own),
            _ => (text, Scope::Own),
        };
        let thing = thing.within(scope);
        let name = match scope {
            Scope::Object => {
                let name = self.names.name(&base);
                if self.things.get(&name).is_some_and(|other| *other != thing) {
                    return Err(self.refuse(
                        Kind::Inexpressible,
                        format!("`{base}` is used here as another kind of lock or page than elsewhere"),
                        "correct the mapping file, or give the function a stub with `--stub FILE.c`",
                    ));
                }
                self.things.insert(name, thing.clone());
                name
            }
            _ => self.free_name(state, &base, &thing),
        };
        state.names.insert(of.clone(), name);
        self.note_scope(name, &thing);
        self.size(name, &thing, units);
        Ok(name)
    }

    /// A name for what is given as an address and is none.
    pub fn name_of_none(&mut self, state: &mut State, depth: usize, text: &str) -> Name {
        let (text, _) = self.written(state, depth, text);
        let base = format!("no_address_{}", plain(&text));
        let base = base.trim_end_matches('_');
        self.free_name(state, base, &Thing::Page(Scope::Own))
    }

    /// A name that nothing else on this path has, nor anything of another kind anywhere.
    fn free_name(&mut self, state: &State, base: &str, thing: &Thing) -> Name {
        let base = match thing.scope() {
            Scope::Pointer => base.to_owned(),
            _ => self.aside(base),
        };
        for number in 1.. {
            let text = match number {
                1 => base.clone(),
                n => format!("{base}_{n}"),
            };
            let name = self.names.name(&text);
            let is_free = !state.names.values().any(|other| *other == name)
                && !state.held.iter().any(|hold| hold.name == name);
            if is_free && self.things.get(&name).is_none_or(|other| other == thing) {
                self.things.insert(name, thing.clone());
                return name;
            }
        }
        unreachable!("numbers do not end")
    }

    /// Whether a variable is `static` in a header, of which several files may have one each.
    fn is_of_header(&self, name: &str) -> bool {
        let is_header = |file: &usize| self.unit.files[*file].name.ends_with(".h");
        let first = name.split(['.', '[']).next().unwrap_or(name);
        let private = self.unit.outside.private_files(first);
        private.is_some_and(|files| files.iter().all(is_header))
            && (0..self.unit.files.len())
                .filter(|file| !is_header(file))
                .nth(1)
                .is_some()
    }

    /// The name with a number, if it begins like that of a variable outside of functions: what each
    /// task has of its own hides what all share under its name.
    fn aside(&self, base: &str) -> String {
        let (first, rest) = base.split_at(base.find(['.', '[']).unwrap_or(base.len()));
        let is_taken = |first: &str| {
            let text = format!("{first}{rest}");
            !self.is_own(first) && (self.outside.contains(first) || self.outside.contains(&text))
        };
        if !is_taken(first) {
            return base.to_owned();
        }
        let numbered = (2..).map(|n| format!("{first}_{n}"));
        let free = numbered.into_iter().find(|first| !is_taken(first));
        free.map_or(base.to_owned(), |first| format!("{first}{rest}"))
    }

    /// Notes who means the same object by a name.
    pub fn note_scope(&mut self, name: Name, thing: &Thing) {
        let name = self.names.text(name).to_owned();
        let what = thing.word();
        let at = self.at();
        let (kind, text, change) = match thing.scope() {
            Scope::Object if self.is_of_header(&name) => (
                "one-object",
                format!("`{name}` is one {what} for all files, though a header gives each its own"),
                None,
            ),
            Scope::Object => return,
            Scope::Pointer => (
                "one-object",
                format!("`{name}` points to the same {what} in all tasks, at all times"),
                None,
            ),
            Scope::Given if thing.is_pool() => (
                "one-object",
                format!("`{name}` is one {what} for all tasks, at all times"),
                None,
            ),
            Scope::Given => (
                "one-object",
                format!("`{name}` is one {what} for all tasks, at all times"),
                Some(format!("leave out `--share {name}`")),
            ),
            Scope::Own => (
                if thing.is_page() {
                    "private-page"
                } else {
                    "private-lock"
                },
                format!(
                    "`{name}` is another {what} in each task, and no task meets it under another name"
                ),
                Some(format!("--share {name}")),
            ),
        };
        self.assumptions.note(kind, at, text, change);
    }

    /// An argument as the outermost caller wrote it, with indices that are known as numbers.
    pub fn written(&mut self, state: &mut State, depth: usize, text: &str) -> (String, usize) {
        let (mut text, mut depth) = (text.to_owned(), depth);
        loop {
            text = self.with_indices(state, depth, &text);
            let start = text.trim_start_matches(['&', '*', '(']);
            let end = start
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .unwrap_or(start.len());
            let (word, rest) = start.split_at(end);
            let Some(caller) = depth.checked_sub(1) else {
                return (text, depth);
            };
            let slice = self.slice;
            let code = &slice.bodies[&state.frames[depth].function].code;
            let number = (code.params.iter()).position(|param| self.names.text(*param) == word);
            let frame = &state.frames[caller];
            let call = slice.bodies[&frame.function].code.instrs.get(frame.at);
            let (Some(number), Some(crate::read::instruction::Instr::Call(call))) = (number, call)
            else {
                return (text, depth);
            };
            let Some(outer) = call.texts.get(number) else {
                return (text, depth);
            };
            let outer = outer.trim_start_matches(['&', '(']);
            let is_path = |c: char| c.is_ascii_alphanumeric() || "_.->[]".contains(c);
            if !outer.chars().all(is_path) || outer.is_empty() {
                return (text, depth);
            }
            text = format!("{outer}{rest}");
            depth = caller;
        }
    }

    /// The text with indices that are variables of known value as numbers.
    fn with_indices(&mut self, state: &State, depth: usize, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('[') {
            let Some(close) = rest[open..].find(']') else {
                break;
            };
            let index = &rest[open + 1..open + close];
            out.push_str(&rest[..=open]);
            let name = self.names.known(index);
            let of = crate::run::evaluate::depth_of(depth);
            let value = name.and_then(|name| state.store.get(&Key::Local(of, name)));
            match value.and_then(Linear::number) {
                Some(number) => out.push_str(&number.to_string()),
                None => out.push_str(index),
            }
            out.push(']');
            rest = &rest[open + close + 1..];
        }
        out.push_str(rest);
        out
    }
}

/// A name as scenarios have it, of an expression as C has it.
fn plain(text: &str) -> String {
    // `(struct page *)x` is `x`.
    let mut text = text.trim_start_matches(['&', '*']);
    while text.starts_with('(')
        && let Some(end) = text.find(')')
        && end + 1 < text.len()
        && text[end + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || "_&*(".contains(c))
    {
        text = text[end + 1..].trim_start_matches(['&', '*']);
    }
    let mut out = String::new();
    for c in text.replace("->", ".").chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '.' => out.push(c),
            _ if out.ends_with('_') => {}
            _ => out.push('_'),
        }
    }
    out.trim_matches(['_', '.']).chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for (text, expected) in [
            ("page", "page"),
            ("&inode->i_sem", "inode.i_sem"),
            ("(struct page *)page->next", "page.next"),
            ("r->pages[0]", "r.pages_0"),
            ("virt_to_page(addr)", "virt_to_page_addr"),
            ("*p", "p"),
        ] {
            assert_eq!(plain(text), expected);
        }
    }
}
