//! A function's syntax tree as instructions.
//!
//! `&&`, `||`, `?:` and `!` become branches; every side effect becomes an instruction of its own, in
//! the order of the text, which is one of those that C allows. What cannot be read becomes
//! [`Instr::Opaque`], and it is for those who follow a path to say whether that matters.

mod call;
mod expression;
mod initialiser;
mod place;
mod statement;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kmapcheck_limits::ask;
use tree_sitter::Node;

use crate::map::Mapping;
use crate::read::instruction::{Code, Expr, Instr, Opaque, Place, Unread};
use crate::read::names::{Name, Names};
use crate::read::pointers::params;
use crate::read::tree::{self, children, field};
use crate::read::unit::{Unit, is_unsigned};

/// Expressions, statements and macros inside one another.
const DEEPEST: usize = 120;

/// Instructions of one function: more is refused where it is on the way.
const MOST_INSTRUCTIONS: usize = 50_000;

/// A node in its text.
#[derive(Clone, Copy)]
struct At<'t> {
    node: Node<'t>,
    source: &'t str,
}

impl<'t> At<'t> {
    fn text(self) -> &'t str {
        tree::text(self.node, self.source)
    }

    fn line(self) -> usize {
        tree::line(self.node)
    }

    fn with(self, node: Node<'t>) -> At<'t> {
        At { node, ..self }
    }

    fn field(self, name: &str) -> Option<At<'t>> {
        field(self.node, name).map(|node| self.with(node))
    }

    fn children(self) -> impl Iterator<Item = At<'t>> {
        children(self.node)
            .into_iter()
            .map(move |node| self.with(node))
    }

    fn kind(self) -> &'t str {
        self.node.kind()
    }
}

/// Branches and jumps whose target is not known yet: the instruction, and which of its sides.
type Open = Vec<(usize, bool)>;

/// A `switch` that is open: its cases and its default.
#[derive(Default)]
struct Switch {
    cases: Vec<(Expr, Option<Expr>, usize)>,
    default: Option<usize>,
}

/// Lowers one function.
struct Lower<'u> {
    unit: &'u Unit,
    mapping: &'u Mapping,
    names: &'u mut Names,
    /// The file of the function.
    file: usize,
    function: String,
    number: usize,
    code: Code,
    /// Variables in scope, innermost last: the name, and the variable if it is the function's own.
    scopes: Vec<BTreeMap<String, Place>>,
    /// How many variables have had a name.
    had: BTreeMap<String, usize>,
    temporaries: usize,
    loops: u32,
    labels: BTreeMap<String, (usize, u32)>,
    gotos: Vec<(usize, String, Opaque)>,
    breaks: Vec<Vec<usize>>,
    continues: Vec<Vec<usize>>,
    switches: Vec<Switch>,
    depth: usize,
}

/// The instructions of a function.
#[must_use]
pub fn lower(unit: &Unit, mapping: &Mapping, names: &mut Names, function: usize) -> Code {
    ask();
    let of = &unit.functions[function];
    let mut lower = Lower {
        unit,
        mapping,
        names,
        file: of.file,
        function: of.name.clone(),
        number: function,
        code: Code::default(),
        scopes: vec![BTreeMap::new()],
        had: BTreeMap::new(),
        temporaries: 0,
        loops: 0,
        labels: BTreeMap::new(),
        gotos: Vec::new(),
        breaks: Vec::new(),
        continues: Vec::new(),
        switches: Vec::new(),
        depth: 0,
    };
    if let Some(node) = unit.node(function) {
        let at = At {
            node,
            source: &unit.files[of.file].text,
        };
        lower.function(at);
    }
    lower.finish()
}

impl Lower<'_> {
    fn function(&mut self, at: At<'_>) {
        for param in params(at.node) {
            let is_named = param.kind() == "identifier";
            let local = self.declare(if is_named {
                tree::text(param, at.source)
            } else {
                ""
            });
            let parent = param.parent();
            let is_pointer = parent.is_some_and(|parent| parent.kind() == "pointer_declarator");
            if is_pointer {
                self.code.scalars.insert(local);
            }
            // An identifier that is no declarator's part is a parameter by itself.
            if let Some(kind) = parent
                .filter(|_| is_named)
                .and_then(|parent| field(parent, "type"))
            {
                if is_unsigned(tree::text(kind, at.source)) {
                    self.code.unsigned.insert(local);
                }
                if is_number(kind.kind()) {
                    self.code.scalars.insert(local);
                }
            }
            self.code.params.push(local);
        }
        if let Some(body) = at.field("body") {
            self.statement(body);
        }
    }

    fn finish(mut self) -> Code {
        self.emit(Instr::Return(None));
        for (at, label, opaque) in std::mem::take(&mut self.gotos) {
            self.code.instrs[at] = match self.labels.get(&label) {
                Some(&(to, _)) => Instr::Jump(to),
                None => Instr::Opaque(Rc::new(opaque)),
            };
        }
        self.code
    }

    fn emit(&mut self, instr: Instr) -> usize {
        self.code.instrs.push(instr);
        self.code.instrs.len() - 1
    }

    fn here(&self) -> usize {
        self.code.instrs.len()
    }

    /// Lets open branches and jumps go on at `to`.
    fn patch(&mut self, open: &[(usize, bool)], to: usize) {
        for &(at, side) in open {
            match &mut self.code.instrs[at] {
                Instr::Jump(target) => *target = to,
                Instr::Branch(_, yes, no) => *(if side { yes } else { no }) = to,
                _ => {}
            }
        }
    }

    fn patch_here(&mut self, open: &[(usize, bool)]) {
        let here = self.here();
        self.patch(open, here);
    }

    /// A new variable of the function.
    fn declare(&mut self, text: &str) -> Name {
        let had = self.had.entry(text.to_owned()).or_default();
        *had += 1;
        let unique = match *had {
            1 => text.to_owned(),
            n => format!("{text}#{n}"),
        };
        let name = self.names.name(&unique);
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(text.to_owned(), Place::Local(name));
        }
        name
    }

    /// The name of a variable outside of functions, as all files know it.
    fn outside(&mut self, text: &str) -> Name {
        let name = &self.unit.files[self.file].name;
        let name = self.unit.outside.qualified(text, self.file, name);
        self.names.name(&name)
    }

    /// A variable that is `static` in the function: no other one anywhere has its name.
    fn inside(&mut self, text: &str) -> Name {
        // A function that is not in the list has no other of its name.
        let same = self.unit.by_name.get(&self.function).map_or(0, Vec::len);
        let file = &self.unit.files[self.file].name;
        let mut name = match same > 1 {
            true => format!("{}@{file}.{text}", self.function),
            false => format!("{}.{text}", self.function),
        };
        let had = self.had.entry(format!("static {text}")).or_default();
        *had += 1;
        if *had > 1 {
            name = format!("{name}#{had}");
        }
        self.names.name(&name)
    }

    fn temporary(&mut self) -> Name {
        self.temporaries += 1;
        let name = self.names.name(&format!("%{}", self.temporaries));
        self.code.scalars.insert(name);
        name
    }

    /// The variable of that name, innermost first.
    fn variable(&self, text: &str) -> Option<Place> {
        self.scopes
            .iter()
            .rev()
            .find_map(|scope| scope.get(text).cloned())
    }

    /// Whether nothing is known of a name.
    fn is_free(&self, text: &str) -> bool {
        self.variable(text).is_none()
            && !self.unit.pointers.globals.contains(text)
            && !self.unit.by_name.contains_key(text)
            && !self.unit.enumerators.contains_key(text)
            && !self.unit.hidden.contains_key(text)
            && !self.mapping.constants.contains_key(text)
    }

    /// Goes one level deeper; false: too deep, and that is noted.
    fn enter(&mut self, at: At<'_>) -> bool {
        if self.depth >= DEEPEST || self.here() >= MOST_INSTRUCTIONS {
            let opaque = self.unread(at, Unread::Deep);
            self.emit(Instr::Opaque(Rc::new(opaque)));
            return false;
        }
        self.depth += 1;
        true
    }

    /// A region that cannot be read.
    fn unread(&mut self, at: At<'_>, what: Unread) -> Opaque {
        let text = at.text();
        let mut names = BTreeSet::new();
        for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
            if word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                // A macro hides names: those of its body are there as well.
                let inside = self.unit.hidden.get(word).into_iter();
                let inside = inside.flat_map(|hidden| hidden.words.iter().map(String::as_str));
                for word in inside.chain([word]) {
                    match self.variable(word) {
                        Some(Place::Local(name)) => names.insert(name),
                        _ => names.insert(self.names.name(word)),
                    };
                }
            }
        }
        let hides = text
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .any(|word| {
                self.unit
                    .hidden
                    .get(word)
                    .is_some_and(|hidden| hidden.pastes)
            });
        let column = at.node.start_position().column + 1;
        let length = text.lines().next().unwrap_or_default().chars().count();
        Opaque {
            what,
            line: at.line(),
            column,
            length,
            names,
            hides,
            name: text
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .chars()
                .take(60)
                .collect(),
        }
    }

    fn opaque(&mut self, at: At<'_>, what: Unread) {
        let opaque = self.unread(at, what);
        self.emit(Instr::Opaque(Rc::new(opaque)));
    }
}

/// Whether a type is one of numbers by its spelling; what is called by a name of its own may be anything.
fn is_number(kind: &str) -> bool {
    ["primitive_type", "sized_type_specifier", "enum_specifier"].contains(&kind)
}
