//! What pages, locks and pools are called in the scenario: after the C.

use crate::read::names::Name;
use crate::run::operation::Object;
use crate::run::state::State;
use crate::run::step::{Machine, Thing};
use crate::run::value::{Key, Linear, Symbol};

impl Machine<'_> {
    /// What something is called: the name that it has, or a new one after the text.
    pub fn name(&mut self, state: &mut State, of: &Linear, object: &Object, thing: Thing) -> Name {
        if let Some(name) = state.names.get(of) {
            return *name;
        }
        let (text, _) = self.written(state, object.depth, &object.text);
        let mut base = plain(&text) + object.suffix;
        if base.is_empty() {
            base = "page".to_owned();
        }
        if thing == Thing::Allocated {
            base = format!("new_{}", base.trim_start_matches("new_"));
        }
        for number in 1.. {
            let text = match number {
                1 => base.clone(),
                n => format!("{base}_{n}"),
            };
            let name = self.names.name(&text);
            let mut thing = thing.clone();
            if let Thing::Lock(_, shared) | Thing::Completion(shared) = &mut thing {
                *shared |= self.options.share.contains(&text) || self.options.share.contains("all");
            }
            let is_free = !state.names.values().any(|other| *other == name)
                && !state.held.iter().any(|hold| hold.name == name);
            if is_free && self.things.get(&name).is_none_or(|other| *other == thing) {
                if let Thing::Lock(_, false) | Thing::Completion(false) = thing {
                    self.note_private(&text);
                }
                self.things.insert(name, thing);
                state.names.insert(of.clone(), name);
                return name;
            }
        }
        unreachable!("numbers do not end")
    }

    fn note_private(&mut self, name: &str) {
        let text = format!("`{name}` is another one in each task");
        let at = self.at();
        self.assumptions
            .note("private-lock", at, text, Some(format!("--share {name}")));
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

/// Whether something is, or lies in, a variable outside of functions: then all tasks share it.
#[must_use]
pub fn is_shared(of: &Linear) -> bool {
    let mut key = match of.terms.as_slice() {
        [(Symbol::Address(key), 1)] => key,
        _ => return false,
    };
    loop {
        match &**key {
            Key::Global(_) => return true,
            Key::Field(base, _) | Key::Deref(base) => match base.terms.first() {
                Some((Symbol::Address(inner), 1)) => key = inner,
                _ => return false,
            },
            _ => return false,
        }
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
