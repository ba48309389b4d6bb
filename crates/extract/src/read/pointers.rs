//! Which functions a pointer may be, as far as the files say.
//!
//! Inclusion by names (L. O. Andersen, *Program Analysis and Specialization for the C Programming
//! Language*, 1994, without heap or context): every variable, parameter, field name and function
//! result is one set of functions. An assignment, an initialiser, an argument and a `return` put one
//! set into another, until nothing changes. A field is its name, in whatever structure; an array is
//! its variable, and what is pointed to is the pointer. So a set holds at least what the pointer may
//! be by what was read. Code that was not read may set it to something else: each call through such
//! a set is an entry of `assumed`.
//!
//! A function of the files is `name#number`, for two files may have one of a name each; any other
//! one is its name.

mod closed;
mod taken;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use kmapcheck_limits::ask;
use tree_sitter::Node;

use crate::map::Mapping;
use crate::map::merge::Known;
use crate::read::tree::{self, children, declared, field};
use crate::read::unit::Unit;

use closed::{Closed, Given};
use types::fields;
pub use types::{Field, params, type_name};

/// A set of functions: a variable of a function (its number before it), a field (`.` before it), the
/// result of a function (`()` before it), or any other variable.
type Set = String;

/// What all pointers may be.
#[derive(Debug, Default)]
pub struct Pointers {
    closed: Closed,
    /// What is put into each set itself.
    sets: BTreeMap<Set, BTreeSet<String>>,
    /// Variables and parameters of each function.
    locals: Vec<BTreeSet<String>>,
    /// The parameters of each function, in order.
    params: Vec<Vec<String>>,
    /// Variables outside functions.
    pub globals: BTreeSet<String>,
    /// The fields of structures, in order, each with its structure if it has one.
    structures: BTreeMap<String, Vec<Field>>,
    /// What is put into what.
    flows: BTreeSet<(Set, Set)>,
    /// Calls through pointers: what is called, and what each argument may be.
    calls: Vec<(Vec<Source>, Vec<Arg>)>,
}

/// What an argument may be, and whether it is an address: what is set behind it is set there.
type Arg = (bool, Vec<Source>);

/// Where functions come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    /// This one.
    Function(String),
    /// All of a set.
    Set(Set),
}

/// Where an expression is.
#[derive(Clone, Copy)]
struct Here<'u> {
    unit: &'u Unit,
    mapping: &'u Mapping,
    file: usize,
    function: Option<usize>,
}

/// Expressions inside one another that are looked into.
const DEEPEST: usize = 60;

impl Pointers {
    /// What all pointers of the files may be.
    #[must_use]
    pub fn of(unit: &Unit, mapping: &Mapping) -> Pointers {
        let mut all = Pointers {
            locals: vec![BTreeSet::new(); unit.functions.len()],
            params: vec![Vec::new(); unit.functions.len()],
            ..Pointers::default()
        };
        let mut bodies = Vec::new();
        for file in 0..unit.files.len() {
            let mut functions = BTreeMap::new();
            for (number, function) in unit.functions.iter().enumerate() {
                if function.file == file {
                    functions.insert(function.range.start, number);
                }
            }
            all.declare(unit, file, &functions);
            bodies.push(functions);
        }
        for (file, functions) in bodies.iter().enumerate() {
            let mut here = Here {
                unit,
                mapping,
                file,
                function: None,
            };
            let read = &unit.files[file];
            let mut end = 0;
            tree::walk(read.tree.root_node(), |node| {
                ask();
                if let Some(&number) = functions.get(&node.start_byte())
                    && node.kind() == "function_definition"
                {
                    here.function = Some(number);
                    end = node.end_byte();
                } else if node.start_byte() >= end {
                    here.function = None;
                }
                all.node(here, node);
                true
            });
        }
        let given = Given {
            sets: std::mem::take(&mut all.sets),
            flows: std::mem::take(&mut all.flows),
            calls: std::mem::take(&mut all.calls),
            params: &all.params,
        };
        all.closed = given.closed();
        all
    }

    /// The functions that an expression of a function may be; if they are more than `most`, not all.
    #[must_use]
    pub fn may_be(
        &self,
        unit: &Unit,
        mapping: &Mapping,
        function: usize,
        node: Node<'_>,
        most: Option<usize>,
    ) -> BTreeSet<String> {
        let here = Here {
            unit,
            mapping,
            file: unit.functions[function].file,
            function: Some(function),
        };
        let mut functions = BTreeSet::new();
        for source in self.sources(here, node, 0) {
            match source {
                Source::Function(name) => {
                    functions.insert(name);
                }
                Source::Set(set) => {
                    for name in self.closed.of(&set) {
                        if most.is_some_and(|most| functions.len() > most) {
                            return functions;
                        }
                        functions.insert(name.to_owned());
                    }
                }
            }
        }
        functions
    }

    /// The fields of a structure, in order; none if it is not known.
    #[must_use]
    pub fn structure(&self, name: &str) -> &[Field] {
        self.structures.get(name).map_or(&[], Vec::as_slice)
    }

    /// Variables, parameters and structures of a file.
    fn declare(&mut self, unit: &Unit, file: usize, functions: &BTreeMap<usize, usize>) {
        let read = &unit.files[file];
        let text = |node| tree::text(node, &read.text).to_owned();
        let (mut function, mut end) = (None, 0);
        tree::walk(read.tree.root_node(), |node| {
            ask();
            if node.start_byte() >= end {
                function = None;
            }
            match node.kind() {
                "function_definition" => {
                    if let Some(&number) = functions.get(&node.start_byte()) {
                        (function, end) = (Some(number), node.end_byte());
                        self.params[number] = params(node).into_iter().map(text).collect();
                        self.locals[number].extend(self.params[number].iter().cloned());
                    }
                }
                "declaration" => {
                    let mut cursor = node.walk();
                    for one in node.children_by_field_name("declarator", &mut cursor) {
                        let one = field(one, "declarator")
                            .filter(|_| one.kind() == "init_declarator")
                            .unwrap_or(one);
                        let name = declared(one).filter(|_| !tree::is_prototype(one)).map(text);
                        match function {
                            Some(number) => self.locals[number].extend(name),
                            None => self.globals.extend(name),
                        }
                    }
                }
                kind @ ("struct_specifier" | "union_specifier") => {
                    if let Some(body) = field(node, "body") {
                        let mut fields = fields(body, &read.text);
                        // A list gives a union's first member.
                        fields.truncate(if kind.starts_with('u') { 1 } else { usize::MAX });
                        if let Some(name) = field(node, "name") {
                            self.structures.insert(text(name), fields.clone());
                        }
                        // `typedef struct { .. } name`
                        let named = node
                            .parent()
                            .filter(|parent| parent.kind() == "type_definition");
                        if let Some(name) = named.and_then(|named| field(named, "declarator")) {
                            self.structures.insert(text(name), fields);
                        }
                    }
                }
                _ => {}
            }
            true
        });
    }

    /// What one node of a syntax tree puts where.
    fn node(&mut self, here: Here<'_>, node: Node<'_>) {
        let source = &here.unit.files[here.file].text;
        match node.kind() {
            "assignment_expression" => {
                if let (Some(left), Some(right)) = (field(node, "left"), field(node, "right")) {
                    for to in self.sources(here, left, 0) {
                        self.flow(here, right, &to);
                    }
                }
            }
            "init_declarator" => {
                let (Some(declarator), Some(value)) =
                    (field(node, "declarator"), field(node, "value"))
                else {
                    return;
                };
                let Some(name) = declared(declarator) else {
                    return;
                };
                let Some(to) = self.variable(here, tree::text(name, source)) else {
                    return;
                };
                let kind = node.parent().and_then(|parent| field(parent, "type"));
                let kind = kind.map_or(String::new(), |kind| type_name(kind, source));
                let is_array = tree::has_part(declarator, "array_declarator");
                self.initialise(here, value, &to, &kind, is_array, 0);
            }
            "compound_literal_expression" => {
                if let (Some(kind), Some(value)) = (field(node, "type"), field(node, "value")) {
                    let kind = type_name(kind, source);
                    self.initialise(here, value, &"(literal)".to_owned(), &kind, false, 0);
                }
            }
            "return_statement" => {
                if let (Some(function), Some(value)) = (here.function, children(node).first()) {
                    let to = format!("(){}", here.unit.functions[function].name);
                    self.flow(here, *value, &Source::Set(to));
                }
            }
            "call_expression" => self.call(here, node),
            _ => {}
        }
    }

    fn call(&mut self, here: Here<'_>, node: Node<'_>) {
        let (Some(called), Some(args)) = (field(node, "function"), field(node, "arguments")) else {
            return;
        };
        let args: Vec<Arg> = children(args)
            .into_iter()
            .map(|arg| {
                let is_address = arg.kind() == "pointer_expression";
                (is_address, self.sources(here, arg, 0))
            })
            .collect();
        if args.iter().all(|(_, arg)| arg.is_empty()) {
            return;
        }
        let called = self.sources(here, called, 0);
        self.calls.push((called, args));
    }

    /// Puts what an initialiser has into `to`, and into fields.
    fn initialise(
        &mut self,
        here: Here<'_>,
        value: Node<'_>,
        to: &Set,
        kind: &str,
        is_array: bool,
        depth: usize,
    ) {
        if value.kind() != "initializer_list" || depth > DEEPEST {
            return self.flow(here, value, &Source::Set(to.clone()));
        }
        let source = &here.unit.files[here.file].text;
        let known = self.structures.get(kind).cloned().unwrap_or_default();
        let elements = children(value);
        // Brackets may be left out around the elements of an array.
        let is_flat = is_array && elements.iter().all(|one| one.kind() != "initializer_list");
        for (i, one) in elements.into_iter().enumerate() {
            let mut cursor = one.walk();
            let designators: Vec<Node<'_>> = one
                .children_by_field_name("designator", &mut cursor)
                .collect();
            let last = designators
                .iter()
                .rev()
                .find(|d| ["field_designator", "field_identifier"].contains(&d.kind()));
            let value = match one.kind() {
                "initializer_pair" => field(one, "value").unwrap_or(one),
                _ => one,
            };
            if let Some(last) = last {
                let name = tree::text(*last, source).trim_start_matches('.').to_owned();
                let inner = known.iter().find(|of| of.name == name);
                let inner = inner.map_or(String::new(), |of| of.kind.clone());
                let set = format!(".{name}");
                self.initialise(here, value, &set, &inner, true, depth + 1);
                continue;
            }
            if is_array {
                self.initialise(here, value, to, kind, false, depth + 1);
                if is_flat {
                    for of in &known {
                        self.flow(here, value, &Source::Set(format!(".{}", of.name)));
                    }
                }
                continue;
            }
            match known.get(i) {
                Some(of) => {
                    let set = format!(".{}", of.name);
                    self.initialise(here, value, &set, &of.kind, true, depth + 1);
                }
                None => self.initialise(here, value, to, "", true, depth + 1),
            }
        }
    }

    fn flow(&mut self, here: Here<'_>, from: Node<'_>, to: &Source) {
        let Source::Set(to) = to else { return };
        let is_address = from.kind() == "pointer_expression";
        for source in self.sources(here, from, 0) {
            match source {
                Source::Function(name) => {
                    self.sets.entry(to.clone()).or_default().insert(name);
                }
                Source::Set(from) => {
                    // What is set through a pointer is set where it points.
                    if is_address {
                        self.flows.insert((to.clone(), from.clone()));
                    }
                    self.flows.insert((from, to.clone()));
                }
            }
        }
    }

    /// The set of a variable.
    fn variable(&self, here: Here<'_>, name: &str) -> Option<Set> {
        match here.function {
            Some(function) if self.locals[function].contains(name) => {
                Some(format!("{function}:{name}"))
            }
            _ => self.globals.contains(name).then(|| name.to_owned()),
        }
    }

    /// What an expression may be, or where it is kept.
    fn sources(&self, here: Here<'_>, node: Node<'_>, depth: usize) -> Vec<Source> {
        if depth > DEEPEST {
            return Vec::new();
        }
        let source = &here.unit.files[here.file].text;
        let of = |name: &str| {
            field(node, name).map_or(Vec::new(), |node| self.sources(here, node, depth + 1))
        };
        match node.kind() {
            "identifier" => {
                let name = tree::text(node, source);
                if let Some(set) = self.variable(here, name) {
                    return vec![Source::Set(set)];
                }
                if here.mapping.constants.contains_key(name)
                    || here.unit.enumerators.contains_key(name)
                {
                    return Vec::new();
                }
                let function = match here.mapping.speaks_of(name) {
                    true => None,
                    false => here.unit.resolve(name, Some(here.file)),
                };
                vec![Source::Function(match function {
                    Some(number) => format!("{name}#{number}"),
                    None => name.to_owned(),
                })]
            }
            "field_expression" => {
                let name = field(node, "field").map_or("", |field| tree::text(field, source));
                vec![Source::Set(format!(".{name}"))]
            }
            "subscript_expression" | "pointer_expression" => of("argument"),
            "cast_expression" => of("value"),
            "parenthesized_expression" => children(node)
                .first()
                .map_or(Vec::new(), |inner| self.sources(here, *inner, depth + 1)),
            "conditional_expression" => [of("consequence"), of("alternative")].concat(),
            "comma_expression" | "assignment_expression" => of("right"),
            "binary_expression" => [of("left"), of("right")].concat(),
            "compound_statement" => {
                let last = children(node).into_iter().last();
                let value = last.and_then(|last| children(last).into_iter().next());
                value.map_or(Vec::new(), |value| self.sources(here, value, depth + 1))
            }
            "call_expression" => self.result(here, node, depth),
            _ => Vec::new(),
        }
    }

    fn result(&self, here: Here<'_>, node: Node<'_>, depth: usize) -> Vec<Source> {
        let source = &here.unit.files[here.file].text;
        let called = field(node, "function").map_or("", |called| tree::text(called, source));
        if here.mapping.known.get(called) == Some(&Known::Same) {
            let first = field(node, "arguments").and_then(|args| children(args).into_iter().next());
            return first.map_or(Vec::new(), |first| self.sources(here, first, depth + 1));
        }
        vec![Source::Set(format!("(){called}"))]
    }
}
