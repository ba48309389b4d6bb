//! All files together: functions, macros, enumerators, what pointers may be.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kmapcheck_limits::ask;
use tree_sitter::{Node, Tree};

use crate::map::Mapping;
use crate::read::comments::{logical, text_of};
use crate::read::conditional::{Conditioned, Conditioner, Defined};
use crate::read::constant;
use crate::read::expand::Hidden;
use crate::read::foreach;
use crate::read::macros::Macro;
use crate::read::outside::Outside;
use crate::read::overlap::Overlap;
use crate::read::pointers::Pointers;
use crate::read::spelling;
use crate::read::tree::{self, children, declared, field};
use crate::read::types;
use crate::refusal::{Place, Refusal};

/// A file, before it is read.
#[derive(Debug, Clone)]
pub struct Source {
    /// What messages and `at` call it.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Whether its functions stand for those of the same name elsewhere.
    pub is_stub: bool,
}

/// A file that was read.
pub struct Read {
    /// What it is called.
    pub name: String,
    /// What was in it.
    pub original: String,
    /// Whether its functions stand for those of the same name elsewhere.
    pub is_stub: bool,
    /// Whether another file includes it, and so sees its `static` functions.
    pub is_included: bool,
    /// What was parsed, on the same lines.
    pub text: String,
    /// Its syntax tree.
    pub tree: Tree,
}

/// A function that has a body.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The file.
    pub file: usize,
    /// The line, from 1.
    pub line: usize,
    /// Whether other files cannot see it.
    pub is_private: bool,
    /// Where it is in the file's text.
    pub range: std::ops::Range<usize>,
}

/// All files together.
#[derive(Default)]
pub struct Unit {
    /// The files: those given, then those included.
    pub files: Vec<Read>,
    /// The functions, in order.
    pub functions: Vec<Function>,
    /// Their numbers, by name.
    pub by_name: BTreeMap<String, Vec<usize>>,
    /// The macros, the first of each name.
    pub macros: BTreeMap<String, Macro>,
    /// Enumerators with their numbers.
    pub enumerators: BTreeMap<String, i64>,
    /// Fields of unsigned types; a name that is signed elsewhere is not in it.
    pub unsigned_fields: BTreeSet<String>,
    /// Members of unions by the names that stand for them, where those are others.
    pub overlap: BTreeMap<String, String>,
    /// What is declared outside of functions.
    pub outside: Outside,
    /// Which functions pointers may be.
    pub pointers: Pointers,
    /// Functions that a pointer may be at most: a call through one that may be more is followed
    /// nowhere. `None`: any number.
    pub max_targets: Option<usize>,
    /// Macros with uses that were left as they are written.
    pub hidden: BTreeMap<String, Hidden>,
    /// Conditions that could not be read: file and line.
    pub unread: Vec<(String, usize)>,
    /// Files that are included and were not found: the file and line of the directive.
    pub passed: BTreeMap<String, (String, usize)>,
}

/// Finds a file that is included, by the name in the directive.
pub type Find<'a> = dyn Fn(&str) -> Option<Source> + 'a;

impl Unit {
    /// Reads all files and those that they include, as far as `find` finds them. Files given that are
    /// not `.c` are taken as included before each one that is.
    ///
    /// # Errors
    ///
    /// A file that is no text, or whose conditionals are not paired.
    pub fn read(
        sources: &[Source],
        mapping: &Mapping,
        names: &Defined,
        find: &Find<'_>,
    ) -> Result<Unit, Refusal> {
        let mut all = Conditioner::new(find, &mapping.constants);
        all.table.kept = Rc::new(kept(sources, mapping));
        all.define(names);
        let (first, rest): (Vec<&Source>, Vec<&Source>) = sources
            .iter()
            .partition(|source| !source.name.ends_with(".c"));
        for source in first {
            all.file(source)?;
        }
        let before = all.table.clone();
        for source in rest {
            all.table = before.clone();
            all.file(source)?;
        }
        let mut unit = Unit {
            macros: all.macros,
            hidden: all.expander.hidden,
            unread: all.unread,
            passed: all.passed,
            ..Unit::default()
        };
        for Conditioned {
            name,
            original,
            is_stub,
            is_included,
            text,
        } in all.files
        {
            let text = without(&spelling::plain(&text), &mapping.qualifiers);
            let text = foreach::expanded(&text, &|name| unit.hidden.contains_key(name));
            let (text, tree) = types::parsed(text);
            unit.files.push(Read {
                name,
                original,
                is_stub,
                is_included,
                tree,
                text,
            });
        }
        let (mut signed, mut ambiguous) = (BTreeSet::new(), Vec::new());
        let mut overlap = Overlap::default();
        for file in 0..unit.files.len() {
            unit.outside.add(file, &unit.files[file].text);
            overlap.add(&unit.files[file].text);
            let found = Found::of(&unit.files[file]);
            for mut function in found.functions {
                function.file = file;
                let number = unit.functions.len();
                let same = unit.by_name.entry(function.name.clone()).or_default();
                same.push(number);
                unit.functions.push(function);
            }
            for (name, number) in found.enumerators {
                // One name for two numbers, in two files: neither is known.
                match unit.enumerators.insert(name.clone(), number) {
                    Some(other) if other != number => ambiguous.push(name),
                    _ => {}
                }
            }
            unit.unsigned_fields.extend(found.unsigned);
            signed.extend(found.signed);
        }
        unit.enumerators.retain(|name, _| !ambiguous.contains(name));
        unit.overlap = overlap.names();
        for (name, one) in &unit.overlap {
            // What is one place may be negative if any of its names is.
            if signed.contains(name) || !unit.unsigned_fields.contains(name) {
                signed.insert(one.clone());
            }
        }
        unit.unsigned_fields.retain(|name| !signed.contains(name));
        unit.pointers = Pointers::of(&unit, mapping);
        Ok(unit)
    }

    /// The function of that name: a stub, if there is one; else as `file` sees it; without a file, as everybody sees it, and if
    /// nobody does, the first one.
    #[must_use]
    pub fn resolve(&self, name: &str, file: Option<usize>) -> Option<usize> {
        let all = self.by_name.get(name)?;
        let here = || all.iter().find(|&&f| Some(self.functions[f].file) == file);
        let seen = || {
            all.iter().find(|&&f| {
                let function = &self.functions[f];
                let file = &self.files[function.file];
                !function.is_private || file.is_included || file.name.ends_with(".h")
            })
        };
        let any = || all.first().filter(|_| file.is_none());
        let here = || here().or_else(seen).or_else(any).copied();
        self.stub(name).or_else(here)
    }

    /// The function of that name in a stub.
    #[must_use]
    pub fn stub(&self, name: &str) -> Option<usize> {
        let all = self.by_name.get(name)?;
        let is_stub = |f: &&usize| self.files[self.functions[**f].file].is_stub;
        all.iter().find(is_stub).copied()
    }

    /// A place in a file, for messages.
    #[must_use]
    pub fn place(&self, file: usize, line: usize, column: usize, length: usize) -> Place {
        let file = &self.files[file];
        // Lines count from 1; 0 is no line, and the first does for it.
        let number = line.saturating_sub(1);
        let text = file.original.lines().nth(number);
        // Where macros were expanded, columns are those of another text.
        let same = |text: &str| text.get(column.checked_sub(1)?..).map(str::to_owned);
        let (here, read) = (
            text.and_then(same),
            file.text.lines().nth(number).and_then(same),
        );
        let fits = here.zip(read).is_some_and(|(here, read)| {
            here.bytes()
                .zip(read.bytes())
                .take_while(|(a, b)| a == b)
                .count()
                >= length
        });
        let (column, length) = if fits { (column, length) } else { (0, 0) };
        Place {
            file: file.name.clone(),
            line,
            column,
            length,
            text: text.unwrap_or_default().to_owned(),
        }
    }

    /// The syntax tree of a function.
    #[must_use]
    pub fn node(&self, function: usize) -> Option<Node<'_>> {
        let function = &self.functions[function];
        let root = self.files[function.file].tree.root_node();
        let (start, end) = (function.range.start, function.range.end);
        let mut node = root.descendant_for_byte_range(start, end)?;
        while node.kind() != "function_definition" {
            node = node.parent()?;
        }
        Some(node)
    }
}

/// Names that are not expanded, because the mapping or a stub says what they mean.
fn kept(sources: &[Source], mapping: &Mapping) -> BTreeSet<String> {
    let mut kept = mapping.all_names();
    for source in sources.iter().filter(|source| source.is_stub) {
        // What is wrong with it is told when it is read.
        let text = text_of(&source.bytes).map(|text| logical(&text));
        let text = text.unwrap_or_default();
        let tree = tree::parse(&text);
        tree::walk(tree.root_node(), |node| {
            let found = (node.kind() == "function_definition").then(|| function(node, &text));
            kept.extend(found.flatten().map(|function| function.name));
            true
        });
    }
    kept
}

/// The text with blanks for some words.
fn without(text: &str, words: &BTreeSet<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match word(first) {
            true => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            false => rest.find(word).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(end);
        match words.contains(token) {
            true => out.extend(token.chars().map(|_| ' ')),
            false => out.push_str(token),
        }
        rest = after;
    }
    out
}

/// What one file has.
#[derive(Default)]
struct Found {
    functions: Vec<Function>,
    enumerators: BTreeMap<String, i64>,
    unsigned: BTreeSet<String>,
    signed: BTreeSet<String>,
}

impl Found {
    fn of(file: &Read) -> Found {
        let mut found = Found::default();
        tree::walk(file.tree.root_node(), |node| {
            match node.kind() {
                "function_definition" => {
                    ask();
                    if let Some(function) = function(node, &file.text) {
                        found.functions.push(function);
                        return false;
                    }
                }
                "enumerator_list" => found.enumerate(node, &file.text),
                "field_declaration" => found.fields(node, &file.text),
                _ => {}
            }
            true
        });
        found
    }

    fn enumerate(&mut self, list: Node<'_>, source: &str) {
        let mut next = Some(0i64);
        for one in children(list) {
            let Some(name) = field(one, "name") else {
                continue;
            };
            if let Some(value) = field(one, "value") {
                let names = |name: &str| self.enumerators.get(name).copied();
                next = constant::value(tree::text(value, source), &names, &|_| false);
            }
            if let Some(value) = next {
                (self.enumerators).insert(tree::text(name, source).to_owned(), value);
                next = value.checked_add(1);
            }
        }
    }

    fn fields(&mut self, node: Node<'_>, source: &str) {
        let Some(kind) = field(node, "type") else {
            return;
        };
        let unsigned = is_unsigned(tree::text(kind, source));
        let mut cursor = node.walk();
        for declarator in node.children_by_field_name("declarator", &mut cursor) {
            if let Some(name) = declared(declarator) {
                let name = tree::text(name, source).to_owned();
                match unsigned && declarator.kind() == "field_identifier" {
                    true => self.unsigned.insert(name),
                    false => self.signed.insert(name),
                };
            }
        }
    }
}

/// Whether a type's name says that it has no negative numbers.
#[must_use]
pub fn is_unsigned(kind: &str) -> bool {
    const WORDS: [&str; 33] = [
        "unsigned",
        "size_t",
        "__kernel_size_t",
        "u8",
        "u16",
        "u32",
        "u64",
        "__u8",
        "__u16",
        "__u32",
        "__u64",
        "u_int",
        "u_short",
        "u_char",
        "u_long",
        "uint",
        "ushort",
        "ulong",
        "uint8_t",
        "uint16_t",
        "uint32_t",
        "uint64_t",
        "uintptr_t",
        "__le16",
        "__le32",
        "__le64",
        "__be16",
        "__be32",
        "__be64",
        "pgoff_t",
        "sector_t",
        "dma_addr_t",
        "phys_addr_t",
    ];
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    kind.split(word).any(|word| WORDS.contains(&word))
}

fn function(node: Node<'_>, source: &str) -> Option<Function> {
    let mut declarator = field(node, "declarator")?;
    while declarator.kind() != "function_declarator" {
        declarator = field(declarator, "declarator")?;
    }
    let name = declared(field(declarator, "declarator")?)?;
    let body = field(node, "body")?;
    let before = source.get(node.start_byte()..body.start_byte())?;
    let mut words = before.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    Some(Function {
        name: tree::text(name, source).to_owned(),
        file: 0,
        line: tree::line(name),
        is_private: words.any(|word| word == "static"),
        range: node.byte_range(),
    })
}

/// The names that a file calls.
#[must_use]
pub fn called(file: &Read) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    tree::walk(file.tree.root_node(), |node| {
        if node.kind() == "call_expression"
            && let Some(function) = field(node, "function")
            && function.kind() == "identifier"
        {
            names.insert(tree::text(function, &file.text).to_owned());
        }
        true
    });
    names
}
