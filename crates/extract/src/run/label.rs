//! Operations with their arguments, as numbers: edges of the graph of states.

use rustc_hash::FxHashMap;

use crate::read::names::Name;

/// An operation of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label {
    /// The operation of scenarios.
    pub op: &'static str,
    /// What it is about.
    pub of: Option<Name>,
    /// The series or type of a map.
    pub with: Option<(&'static str, String)>,
    /// The file.
    pub file: usize,
    /// The line.
    pub line: usize,
    /// The function.
    pub function: usize,
    /// A remark.
    pub note: Option<String>,
    /// How a try came out.
    pub taken: Option<bool>,
}

impl Label {
    /// What a caller does, before an entry or after it: `here` is the entry's file, line and number.
    #[must_use]
    pub fn by_caller(
        op: &'static str,
        name: Name,
        with: Option<(&'static str, String)>,
        (file, line, function): (usize, usize, usize),
    ) -> Label {
        Label {
            op,
            of: Some(name),
            with,
            file,
            line,
            function,
            note: Some("by its caller".to_owned()),
            taken: None,
        }
    }
}

/// All labels.
#[derive(Debug, Default)]
pub struct Labels {
    all: Vec<Label>,
    numbers: FxHashMap<Label, u32>,
}

impl Labels {
    /// The number of a label.
    pub fn number(&mut self, label: Label) -> u32 {
        if let Some(&number) = self.numbers.get(&label) {
            return number;
        }
        let number = u32::try_from(self.all.len()).expect("labels are lines of C");
        self.all.push(label.clone());
        self.numbers.insert(label, number);
        number
    }

    /// The label of a number.
    #[must_use]
    pub fn label(&self, number: u32) -> &Label {
        &self.all[number as usize]
    }
}
