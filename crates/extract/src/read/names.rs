//! Names as numbers: states hold many of them.

use std::rc::Rc;

use rustc_hash::FxHashMap;

/// A name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(u32);

/// All names.
#[derive(Debug, Default)]
pub struct Names {
    texts: Vec<Rc<str>>,
    numbers: FxHashMap<Rc<str>, Name>,
}

impl Names {
    /// The number of a name, a new one if it has none.
    pub fn name(&mut self, text: &str) -> Name {
        if let Some(&name) = self.numbers.get(text) {
            return name;
        }
        let name = Name(u32::try_from(self.texts.len()).expect("fewer names than bytes of C"));
        let text: Rc<str> = text.into();
        self.texts.push(text.clone());
        self.numbers.insert(text, name);
        name
    }

    /// The number of a name that has one.
    #[must_use]
    pub fn known(&self, text: &str) -> Option<Name> {
        self.numbers.get(text).copied()
    }

    /// The text of a name.
    #[must_use]
    pub fn text(&self, name: Name) -> &str {
        &self.texts[name.0 as usize]
    }
}
