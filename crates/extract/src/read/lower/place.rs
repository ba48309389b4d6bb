//! Places: what can be assigned to, and whose address can be taken.

use super::{At, Lower};
use crate::read::instruction::{Expr, Instr, Place};
use crate::read::names::Name;

impl Lower<'_> {
    /// A place that is read.
    pub(super) fn place_value(&mut self, at: At<'_>) -> Expr {
        Expr::read(self.place(at))
    }

    pub(super) fn address(&mut self, at: At<'_>) -> Expr {
        // A macro that nobody has read, such as `&per_cpu(lock, cpu)`: where it is, is not known.
        if at.kind() == "call_expression" {
            return self.value(at);
        }
        let mut inner = at;
        while inner.kind() == "parenthesized_expression"
            && let Some(within) = inner.children().next()
        {
            inner = within;
        }
        if inner.kind() == "identifier"
            && let function @ Expr::Function(_) = self.identifier(inner)
        {
            return function;
        }
        match self.place(at) {
            Place::Deref(inner) => *inner,
            place => Expr::Address(Box::new(place)),
        }
    }

    /// The name of a field: of members of a union that are one place, one of theirs.
    pub(super) fn field_name(&mut self, name: &str) -> Name {
        let one = self.unit.overlap.get(name).map_or(name, String::as_str);
        self.names.name(one)
    }

    /// Where a structure is whose field is asked for.
    fn whole(&mut self, at: At<'_>) -> Expr {
        let mut inner = at;
        while inner.kind() == "parenthesized_expression"
            && let Some(within) = inner.children().next()
        {
            inner = within;
        }
        let function = (inner.field("function")).filter(|_| inner.kind() == "call_expression");
        if function.is_some_and(|of| self.unit.by_name.contains_key(of.text())) {
            // It is returned as a whole, and kept where the result is.
            return match self.value(inner) {
                Expr::Read(place) => Expr::Address(place),
                other => other,
            };
        }
        self.address(at)
    }

    /// What can be assigned to.
    pub(super) fn place(&mut self, at: At<'_>) -> Place {
        match at.kind() {
            "parenthesized_expression" if at.node.named_child_count() == 1 => {
                if let Some(inner) = at.children().next() {
                    return self.place(inner);
                }
            }
            "cast_expression" => {
                if let Some(inner) = at.field("value") {
                    return self.place(inner);
                }
            }
            "compound_literal_expression" => return self.literal(at).0,
            "identifier" => {
                if let Some(place) = self.variable(at.text()) {
                    return place;
                }
                return match self.identifier(at) {
                    Expr::Read(place) => *place,
                    _ => Place::Global(self.outside(at.text())),
                };
            }
            "field_expression" => {
                let name = at.field("field").map_or("", At::text);
                let name = self.field_name(name);
                if let Some(base) = at.field("argument") {
                    let arrow = at.field("operator").is_some_and(|o| o.text() == "->");
                    let base = if arrow {
                        self.value(base)
                    } else {
                        self.whole(base)
                    };
                    return Place::Field(Box::new(base), name);
                }
            }
            "subscript_expression" => {
                if let (Some(base), Some(index)) = (at.field("argument"), at.field("index")) {
                    let (base, index) = (self.value(base), self.value(index));
                    return Place::Deref(Box::new(Expr::binary("+", base, index)));
                }
            }
            "pointer_expression" if at.field("operator").is_some_and(|o| o.text() == "*") => {
                if let Some(inner) = at.field("argument") {
                    return Place::Deref(Box::new(self.value(inner)));
                }
            }
            _ => {}
        }
        let value = self.value(at);
        if let Expr::Read(place) = value {
            return *place;
        }
        let place = Place::Local(self.temporary());
        self.emit(Instr::Assign(place.clone(), value));
        place
    }
}
