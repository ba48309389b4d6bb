//! Expressions: values, places, and conditions as branches.

use super::{At, Lower, Open};
use crate::read::constant::{self, character, number};
use crate::read::instruction::{Expr, Instr, Place, Unread};

/// The sign of an operator, if it is one.
fn sign(text: &str) -> Option<&'static str> {
    const SIGNS: [&str; 18] = [
        "+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "==", "!=", "<", "<=", ">", ">=", "&&",
        "||",
    ];
    SIGNS.iter().find(|sign| **sign == text).copied()
}

impl Lower<'_> {
    /// Evaluates for the side effects only.
    pub(super) fn effect(&mut self, at: At<'_>) {
        if at.kind() == "update_expression" {
            // Nobody asks for the value before.
            if let Some((place, next)) = self.updated(at) {
                self.emit(Instr::Assign(place, next));
            }
            return;
        }
        self.value(at);
    }

    /// Branches on a condition; where it goes on if it holds, and if not.
    pub(super) fn condition(&mut self, at: At<'_>) -> (Open, Open) {
        if !self.enter(at) {
            return self.branch_on(Expr::Unknown);
        }
        let open = self.any_condition(at);
        self.depth -= 1;
        open
    }

    fn any_condition(&mut self, at: At<'_>) -> (Open, Open) {
        if at.node.has_error() {
            self.opaque(at, Unread::Syntax);
            return self.branch_on(Expr::Unknown);
        }
        match at.kind() {
            "parenthesized_expression" => {
                if let Some(inner) = at
                    .children()
                    .next()
                    .filter(|i| i.kind() != "compound_statement")
                {
                    return self.condition(inner);
                }
            }
            "binary_expression" => {
                let operator = at.field("operator").map_or("", At::text);
                if let ("&&" | "||", Some(left), Some(right)) =
                    (operator, at.field("left"), at.field("right"))
                {
                    let (yes, no) = self.condition(left);
                    return if operator == "&&" {
                        self.patch_here(&yes);
                        let (yes, more) = self.condition(right);
                        (yes, [no, more].concat())
                    } else {
                        self.patch_here(&no);
                        let (more, no) = self.condition(right);
                        ([yes, more].concat(), no)
                    };
                }
                if let Some(compared) = self.comparison(at) {
                    return self.branch_on(compared);
                }
            }
            "unary_expression" if at.field("operator").is_some_and(|o| o.text() == "!") => {
                if let Some(inner) = at.field("argument") {
                    let (yes, no) = self.condition(inner);
                    return (no, yes);
                }
            }
            "comma_expression" => {
                if let (Some(left), Some(right)) = (at.field("left"), at.field("right")) {
                    self.effect(left);
                    return self.condition(right);
                }
            }
            "call_expression" => {
                if let Some(open) = self.condition_call(at) {
                    return open;
                }
            }
            _ => {}
        }
        let value = self.value(at);
        self.branch_on(value)
    }

    pub(super) fn branch_on(&mut self, value: Expr) -> (Open, Open) {
        let branch = self.emit(Instr::Branch(value, 0, 0));
        (vec![(branch, true)], vec![(branch, false)])
    }

    /// 1 or 0, by a condition's branches.
    pub(super) fn decided(&mut self, (yes, no): (Open, Open)) -> Expr {
        let place = Place::Local(self.temporary());
        self.patch_here(&yes);
        self.emit(Instr::Assign(place.clone(), Expr::Const(1)));
        let jump = self.emit(Instr::Jump(0));
        self.patch_here(&no);
        self.emit(Instr::Assign(place.clone(), Expr::Const(0)));
        self.patch_here(&[(jump, true)]);
        self.emit(Instr::Nop);
        Expr::read(place)
    }

    /// The value, as it is once all instructions so far are done.
    pub(super) fn value(&mut self, at: At<'_>) -> Expr {
        if !self.enter(at) {
            return Expr::Unknown;
        }
        let value = self.any_value(at);
        self.depth -= 1;
        value
    }

    /// The value that is assigned to a variable at once: what a call makes may be called so.
    pub(super) fn value_into(&mut self, at: At<'_>, into: &str) -> Expr {
        let value = self.value(at);
        if let (Expr::Read(place), Some(Instr::Call(call))) = (&value, self.code.instrs.last_mut())
            && **place == Place::Local(call.result)
        {
            let mut named = (**call).clone();
            named.into = Some(into.to_owned());
            *call = named.into();
        }
        value
    }

    fn any_value(&mut self, at: At<'_>) -> Expr {
        match at.kind() {
            "parenthesized_expression" => match at.children().next() {
                Some(inner) if inner.kind() == "compound_statement" => self.statement_value(inner),
                Some(inner) => self.value(inner),
                None => Expr::Unknown,
            },
            "compound_statement" => self.statement_value(at),
            "identifier" => self.identifier(at),
            "number_literal" => number(at.text()).map_or(Expr::Unknown, Expr::Const),
            "char_literal" => character(at.text()).map_or(Expr::Unknown, Expr::Const),
            "string_literal" | "concatenated_string" => Expr::Text(self.names.name(at.text())),
            "null" | "false" => Expr::Const(0),
            "true" => Expr::Const(1),
            "cast_expression" => match at.field("value") {
                Some(inner) => self.value(inner),
                None => Expr::Unknown,
            },
            "sizeof_expression" | "alignof_expression" | "offsetof_expression" => {
                // Not evaluated, but for the size of a type that has one in brackets.
                if at.field("type").is_some_and(Self::does_something) {
                    self.opaque(at, Unread::Syntax);
                }
                Expr::read(Place::Global(self.names.name(at.text())))
            }
            "field_expression" | "subscript_expression" => self.place_value(at),
            "pointer_expression" => {
                let inner = at.field("argument");
                match (at.field("operator").map_or("", At::text), inner) {
                    ("&", Some(inner)) => self.address(inner),
                    (_, Some(_)) => self.place_value(at),
                    _ => Expr::Unknown,
                }
            }
            "assignment_expression" => self.assignment(at),
            "update_expression" => self.update(at),
            "unary_expression" => self.unary(at),
            "binary_expression" => self.binary(at),
            "conditional_expression" => self.conditional(at),
            "comma_expression" => {
                if let Some(left) = at.field("left") {
                    self.effect(left);
                }
                at.field("right")
                    .map_or(Expr::Unknown, |right| self.value(right))
            }
            "call_expression" => self.call(at),
            "gnu_asm_expression" => {
                // Nothing goes in or out: a barrier for the compiler.
                if at.field("output_operands").is_some() || !at.text().contains("\"\"") {
                    self.opaque(at, Unread::Asm);
                }
                Expr::Unknown
            }
            "compound_literal_expression" => match self.literal(at) {
                (place, true) => Expr::Address(Box::new(place)),
                (place, false) => Expr::read(place),
            },
            "extension_expression" => match at.children().next() {
                Some(inner) => self.value(inner),
                None => Expr::Unknown,
            },
            "generic_expression" if !at.node.has_error() => self.generic(at),
            _ => {
                if at.node.has_error() || Self::does_something(at) {
                    self.opaque(at, Unread::Syntax);
                }
                Expr::Unknown
            }
        }
    }

    /// The last value of a statement in brackets.
    fn statement_value(&mut self, at: At<'_>) -> Expr {
        self.scopes.push(Default::default());
        let children: Vec<At<'_>> = at.children().collect();
        let mut value = Expr::Unknown;
        for (i, &child) in children.iter().enumerate() {
            let last = i + 1 == children.len() && child.kind() == "expression_statement";
            match child
                .children()
                .next()
                .filter(|_| last && !child.node.has_error())
            {
                Some(inner) => {
                    let of = self.value(inner);
                    // Its variables are gone afterwards, in name at least.
                    let place = Place::Local(self.temporary());
                    self.emit(Instr::Assign(place.clone(), of));
                    value = Expr::read(place);
                }
                None => self.statement(child),
            }
        }
        self.scopes.pop();
        value
    }

    pub(super) fn identifier(&mut self, at: At<'_>) -> Expr {
        let text = at.text();
        if let Some(place) = self.variable(text) {
            return match &place {
                Place::Local(name) | Place::Global(name) if self.code.aggregates.contains(name) => {
                    Expr::Address(Box::new(place))
                }
                _ => Expr::read(place),
            };
        }
        if let Some(value) = self.number_of(text) {
            return Expr::Const(value);
        }
        if self.unit.hidden.contains_key(text) {
            self.hidden(at, text);
            return Expr::Unknown;
        }
        let is_function = self.unit.by_name.contains_key(text)
            || (self.mapping.speaks_of(text) && !self.unit.outside.is_variable(text));
        if is_function {
            return Expr::Function(self.names.name(text));
        }
        let place = Place::Global(self.outside(text));
        match self.unit.outside.is_array(text) {
            true => Expr::Address(Box::new(place)),
            false => Expr::read(place),
        }
    }

    /// The number that a name stands for.
    fn number_of(&self, text: &str) -> Option<i64> {
        // What the files say of a name goes before what is usual.
        let given = self.unit.enumerators.get(text);
        given.or(self.mapping.constants.get(text)).copied()
    }

    /// The value of a constant expression in text.
    pub(super) fn constant(&self, text: &str) -> Option<i64> {
        constant::value(text, &|name| self.number_of(name), &|_| false)
    }

    fn assignment(&mut self, at: At<'_>) -> Expr {
        let (Some(left), Some(right)) = (at.field("left"), at.field("right")) else {
            return Expr::Unknown;
        };
        let operator = at.field("operator").map_or("", At::text);
        let value = match left.kind() {
            "identifier" if operator == "=" => self.value_into(right, left.text()),
            _ => self.value(right),
        };
        let place = self.place(left);
        let value = match sign(operator.trim_end_matches('=')).filter(|_| operator != "=") {
            Some(sign) => Expr::binary(sign, Expr::read(place.clone()), value),
            None => value,
        };
        self.emit(Instr::Assign(place.clone(), value));
        Expr::read(place)
    }

    /// What `++` or `--` changes, and to what.
    fn updated(&mut self, at: At<'_>) -> Option<(Place, Expr)> {
        let place = self.place(at.field("argument")?);
        let operator = at.field("operator")?.text();
        let sign = if operator == "++" { "+" } else { "-" };
        let next = Expr::binary(sign, Expr::read(place.clone()), Expr::Const(1));
        Some((place, next))
    }

    fn update(&mut self, at: At<'_>) -> Expr {
        let Some((place, next)) = self.updated(at) else {
            return Expr::Unknown;
        };
        let prefix = at
            .field("operator")
            .map(|operator| operator.node.start_byte())
            == Some(at.node.start_byte());
        if prefix {
            self.emit(Instr::Assign(place.clone(), next));
            return Expr::read(place);
        }
        let before = Place::Local(self.temporary());
        self.emit(Instr::Assign(before.clone(), Expr::read(place.clone())));
        self.emit(Instr::Assign(place, next));
        Expr::read(before)
    }

    fn unary(&mut self, at: At<'_>) -> Expr {
        let Some(inner) = at.field("argument") else {
            return Expr::Unknown;
        };
        match at.field("operator").map_or("", At::text) {
            "!" => {
                let (yes, no) = self.condition(inner);
                self.decided((no, yes))
            }
            "-" => Expr::binary("-", Expr::Const(0), self.value(inner)),
            "~" => Expr::Complement(Box::new(self.value(inner))),
            _ => self.value(inner),
        }
    }

    fn binary(&mut self, at: At<'_>) -> Expr {
        let operator = at.field("operator").map_or("", At::text);
        if let "&&" | "||" = operator {
            let open = self.any_condition(at);
            return self.decided(open);
        }
        if let Some(compared) = self.comparison(at) {
            let open = self.branch_on(compared);
            return self.decided(open);
        }
        let (Some(left), Some(right)) = (at.field("left"), at.field("right")) else {
            return Expr::Unknown;
        };
        let (left, right) = (self.value(left), self.value(right));
        sign(operator).map_or(Expr::Unknown, |sign| Expr::binary(sign, left, right))
    }

    /// A comparison, to branch on.
    fn comparison(&mut self, at: At<'_>) -> Option<Expr> {
        let sign = sign(at.field("operator")?.text())?;
        if !["==", "!=", "<", "<=", ">", ">="].contains(&sign) {
            return None;
        }
        let (left, right) = (at.field("left")?, at.field("right")?);
        let (left, right) = (self.value(left), self.value(right));
        Some(Expr::binary(sign, left, right))
    }

    fn conditional(&mut self, at: At<'_>) -> Expr {
        let Some(condition) = at.field("condition") else {
            return Expr::Unknown;
        };
        let place = Place::Local(self.temporary());
        match at.field("consequence") {
            Some(then) => {
                let (yes, no) = self.condition(condition);
                self.patch_here(&yes);
                let value = self.value(then);
                self.emit(Instr::Assign(place.clone(), value));
                let jump = self.emit(Instr::Jump(0));
                self.patch_here(&no);
                self.otherwise(at, &place);
                self.patch_here(&[(jump, true)]);
            }
            // `a ?: b`
            None => {
                let value = self.value(condition);
                self.emit(Instr::Assign(place.clone(), value));
                let (yes, no) = self.branch_on(Expr::read(place.clone()));
                self.patch_here(&no);
                self.otherwise(at, &place);
                self.patch_here(&yes);
            }
        }
        self.emit(Instr::Nop);
        Expr::read(place)
    }

    fn otherwise(&mut self, at: At<'_>, place: &Place) {
        let value = at
            .field("alternative")
            .map_or(Expr::Unknown, |other| self.value(other));
        self.emit(Instr::Assign(place.clone(), value));
    }
}
