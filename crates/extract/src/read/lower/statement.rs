//! Statements and declarations.

use super::{At, Lower, Open, Switch, is_number};
use crate::read::instruction::{Expr, Instr, Place, Unread};
use crate::read::pointers::type_name;
use crate::read::tree::{self, declared, has_part};
use crate::read::unit::is_unsigned;

impl Lower<'_> {
    pub(super) fn statement(&mut self, at: At<'_>) {
        if !self.enter(at) {
            return;
        }
        self.any_statement(at);
        self.depth -= 1;
    }

    fn any_statement(&mut self, at: At<'_>) {
        match at.kind() {
            "compound_statement" => {
                self.scopes.push(Default::default());
                for child in at.children() {
                    self.statement(child);
                }
                self.scopes.pop();
            }
            "if_statement" => self.branch(at),
            "while_statement" | "for_statement" | "do_statement" => self.iteration(at),
            "switch_statement" => self.switch(at),
            "case_statement" => self.case(at),
            "labeled_statement" => self.label(at),
            "else_clause" | "attributed_statement" => {
                at.children().for_each(|child| self.statement(child));
            }
            "declaration" if !at.node.has_error() => self.declaration(at),
            // Where no loop is open, a macro that was not given may be one.
            "break_statement" if self.breaks.is_empty() => self.opaque(at, Unread::Goto),
            "continue_statement" if self.continues.is_empty() => self.opaque(at, Unread::Goto),
            "break_statement" => {
                let jump = self.emit(Instr::Jump(0));
                if let Some(open) = self.breaks.last_mut() {
                    open.push(jump);
                }
            }
            "continue_statement" => {
                let jump = self.emit(Instr::Jump(0));
                if let Some(open) = self.continues.last_mut() {
                    open.push(jump);
                }
            }
            "goto_statement" => self.goto(at),
            "return_statement" if !at.node.has_error() => {
                let value = at.children().next().map(|value| self.value(value));
                self.emit(Instr::Return(value));
            }
            "expression_statement" if !at.node.has_error() => {
                for child in at.children() {
                    if child.kind() == "identifier" && self.is_free(child.text()) {
                        // A word by itself does nothing, unless it is a macro.
                        self.opaque(child, Unread::Macro);
                    }
                    self.effect(child);
                }
            }
            kind if kind.starts_with("preproc") => {}
            "type_definition"
            | "struct_specifier"
            | "union_specifier"
            | "enum_specifier"
            | "attribute_specifier"
            | "comment"
            | "attribute_declaration" => {}
            kind if kind.ends_with("_expression") && !at.node.has_error() => self.effect(at),
            _ => self.opaque(at, Unread::Syntax),
        }
    }

    fn branch(&mut self, at: At<'_>) {
        let Some(condition) = at.field("condition") else {
            return self.opaque(at, Unread::Syntax);
        };
        let (yes, no) = self.condition(condition);
        self.patch_here(&yes);
        if let Some(then) = at.field("consequence") {
            self.statement(then);
        }
        match at.field("alternative") {
            None => self.patch_here(&no),
            Some(otherwise) => {
                let jump = self.emit(Instr::Jump(0));
                self.patch_here(&no);
                self.statement(otherwise);
                self.patch_here(&[(jump, true)]);
            }
        }
        self.emit(Instr::Nop);
    }

    fn iteration(&mut self, at: At<'_>) {
        self.scopes.push(Default::default());
        if let Some(first) = at.field("initializer") {
            match first.kind() {
                "declaration" => self.declaration(first),
                _ => self.effect(first),
            }
        }
        self.loops += 1;
        let number = self.loops;
        self.emit(Instr::Enter(number));
        self.breaks.push(Vec::new());
        self.continues.push(Vec::new());
        let top = self.emit(Instr::Nop);
        let is_do = at.kind() == "do_statement";
        let mut out: Open = Vec::new();
        if !is_do && let Some(condition) = at.field("condition") {
            let (yes, no) = self.condition(condition);
            self.patch_here(&yes);
            out = no;
        }
        if let Some(body) = at.field("body") {
            self.statement(body);
        }
        let again: Open = to_jumps(self.continues.pop());
        self.patch_here(&again);
        if is_do && let Some(condition) = at.field("condition") {
            let (yes, no) = self.condition(condition);
            self.patch_here(&yes);
            out = no;
        }
        if let Some(update) = at.field("update") {
            self.effect(update);
        }
        self.emit(Instr::Round(number, at.line()));
        self.emit(Instr::Jump(top));
        self.patch_here(&out);
        let left = to_jumps(self.breaks.pop());
        self.patch_here(&left);
        self.emit(Instr::Nop);
        self.scopes.pop();
    }

    /// The body comes first, then the tests: so cases may lie anywhere in it.
    fn switch(&mut self, at: At<'_>) {
        let (Some(condition), Some(body)) = (at.field("condition"), at.field("body")) else {
            return self.opaque(at, Unread::Syntax);
        };
        let value = self.value(condition);
        let of = Place::Local(self.temporary());
        self.emit(Instr::Assign(of.clone(), value));
        let tests = self.emit(Instr::Jump(0));
        self.breaks.push(Vec::new());
        self.switches.push(Switch::default());
        self.statement(body);
        let end = self.emit(Instr::Jump(0));
        self.patch_here(&[(tests, true)]);
        let switch = self.switches.pop().unwrap_or_default();
        for (low, high, to) in switch.cases {
            let read = || Expr::read(of.clone());
            let mut no: Open = Vec::new();
            let first = match &high {
                None => Expr::binary("==", read(), low),
                Some(_) => Expr::binary(">=", read(), low),
            };
            let test = self.emit(Instr::Branch(first, to, 0));
            no.push((test, false));
            if let Some(high) = high {
                self.patch_here(&[(test, true)]);
                let test = self.emit(Instr::Branch(Expr::binary("<=", read(), high), to, 0));
                no.push((test, false));
            }
            self.patch_here(&no);
        }
        let last = self.emit(Instr::Jump(0));
        let left = to_jumps(self.breaks.pop());
        self.patch_here(&left);
        self.patch_here(&[(end, true)]);
        let to = switch.default.unwrap_or(self.here());
        self.patch(&[(last, true)], to);
        self.emit(Instr::Nop);
    }

    fn case(&mut self, at: At<'_>) {
        let mut cursor = at.node.walk();
        let values: Vec<_> = at
            .node
            .children_by_field_name("value", &mut cursor)
            .collect();
        let mut bounds: Vec<Expr> = Vec::new();
        for value in values.iter().filter(|value| value.is_named()) {
            bounds.push(self.value(at.with(*value)));
        }
        // `case 1 ... 5:`, which the grammar does not have.
        let head = at.text().split(':').next().unwrap_or_default().trim_start();
        let range = head
            .strip_prefix("case")
            .and_then(|head| head.split_once("..."));
        if let Some((low, high)) = range {
            let bound = |text: &str| self.constant(text).map_or(Expr::Unknown, Expr::Const);
            bounds = vec![bound(low), bound(high)];
        }
        let here = self.emit(Instr::Nop);
        let mut bounds = bounds.into_iter();
        let case = bounds.next().map(|low| (low, bounds.next(), here));
        if let Some(switch) = self.switches.last_mut() {
            match case {
                Some(case) => switch.cases.push(case),
                None => switch.default = Some(here),
            }
        }
        for child in at.children() {
            let is_range = range.is_some() && head.contains(child.text());
            if !values.contains(&child.node) && !is_range {
                self.statement(child);
            }
        }
    }

    fn label(&mut self, at: At<'_>) {
        let label = at.field("label").map_or("", At::text).to_owned();
        self.loops += 1;
        self.emit(Instr::Enter(self.loops));
        let here = self.emit(Instr::Nop);
        self.labels.insert(label, (here, self.loops));
        for child in at.children() {
            if child.kind() != "statement_identifier" {
                self.statement(child);
            }
        }
    }

    fn goto(&mut self, at: At<'_>) {
        let Some(label) = at.field("label") else {
            return self.opaque(at, Unread::Goto);
        };
        // Back to a label: a loop.
        if let Some(&(to, number)) = self.labels.get(label.text()) {
            self.emit(Instr::Round(number, at.line()));
            self.emit(Instr::Jump(to));
            return;
        }
        let opaque = self.unread(at, Unread::Goto);
        let jump = self.emit(Instr::Jump(0));
        self.gotos.push((jump, label.text().to_owned(), opaque));
    }

    /// Whether what parses as the declaration of a function may be a macro before a call: the type is
    /// a word that may be one, and no parameter has a type that is none.
    fn may_be_a_call(&self, kind: Option<At<'_>>, declarator: At<'_>) -> bool {
        let is_word = match kind.map_or("", At::kind) {
            "macro_type_specifier" => return true,
            other => other == "type_identifier",
        };
        let mut at = Some(declarator);
        while let Some(one) = at.filter(|one| one.kind() != "function_declarator") {
            at = one.field("declarator");
        }
        let params = at.and_then(|one| one.field("parameters"));
        let typed = |param: At<'_>| {
            let kind = param.field("type");
            param.field("declarator").is_some()
                || kind
                    .is_some_and(|kind| kind.kind() != "type_identifier" || kind.text() == "void")
        };
        is_word && !params.is_some_and(|params| params.children().any(typed))
    }

    pub(super) fn declaration(&mut self, at: At<'_>) {
        if tree::mentions(at.node, at.source, "attribute_specifier", "cleanup") {
            // It runs where the variable ends.
            self.opaque(at, Unread::Syntax);
        }
        let kind = at.field("type");
        let kind_text = kind.map_or("", At::text);
        let words: Vec<&str> = (at.children())
            .filter(|child| child.kind() == "storage_class_specifier")
            .map(At::text)
            .collect();
        let mut cursor = at.node.walk();
        let declarators: Vec<_> = (at.node.children_by_field_name("declarator", &mut cursor))
            .map(|node| at.with(node))
            .collect();
        for one in declarators {
            let is_initialised = one.kind() == "init_declarator";
            let declarator = match is_initialised {
                true => one.field("declarator").unwrap_or(one),
                false => one,
            };
            let Some(name) = declared(declarator.node) else {
                continue;
            };
            let text = tree::text(name, at.source).to_owned();
            let is_function = tree::is_prototype(declarator.node);
            if words.contains(&"extern") || is_function {
                if is_function && words.is_empty() && self.may_be_a_call(kind, declarator) {
                    // `MACRO f(x);` reads like a declaration of f.
                    return self.opaque(at, Unread::Syntax);
                }
                continue;
            }
            if words.contains(&"static") {
                // It outlives the call.
                let name = self.inside(&text);
                if has_part(declarator.node, "array_declarator") {
                    self.code.aggregates.insert(name);
                }
                if let Some(scope) = self.scopes.last_mut() {
                    scope.insert(text, Place::Global(name));
                }
                continue;
            }
            self.sizes(declarator);
            // The initialiser may still mean an outer variable of this name, but never does.
            let value = one.field("value").filter(|_| is_initialised);
            let list = value.filter(|value| value.kind() == "initializer_list");
            let is_array = has_part(declarator.node, "array_declarator");
            let value = match (value, list) {
                (Some(value), None) if !is_array => Some(self.value_into(value, &text)),
                _ => None,
            };
            let local = self.declare(&text);
            let is_plain = declarator.kind() == "identifier";
            if is_array {
                self.code.aggregates.insert(local);
            }
            if is_plain && is_unsigned(kind_text) {
                self.code.unsigned.insert(local);
            }
            let is_pointer = declarator.kind() == "pointer_declarator";
            if !is_array
                && (is_pointer || is_plain && kind.is_some_and(|kind| is_number(kind.kind())))
            {
                self.code.scalars.insert(local);
            }
            let place = Place::Local(local);
            match (value, list) {
                (Some(value), _) => self.emit(Instr::Assign(place, value)),
                _ => self.emit(Instr::Forget(place.clone())),
            };
            if let Some(list) = list {
                let is_pointer = has_part(declarator.node, "pointer_declarator");
                let kind = kind.filter(|_| !is_pointer);
                let kind = kind.map_or(String::new(), |kind| type_name(kind.node, at.source));
                self.initialise(list, &Place::Local(local), &kind, is_array);
            }
        }
    }
}

fn to_jumps(jumps: Option<Vec<usize>>) -> Open {
    let jumps = jumps.unwrap_or_default();
    jumps.into_iter().map(|jump| (jump, true)).collect()
}
