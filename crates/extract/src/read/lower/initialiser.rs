//! Initialisers, compound literals and `_Generic`: every value in them is evaluated, in order,
//! whether or not it is known where it goes.

use super::{At, Lower};
use crate::read::instruction::{Expr, Instr, Place};
use crate::read::pointers::type_name;
use crate::read::tree::{self, has_part};

/// Fields of one structure that are set to 0 at most, those of structures within it included.
const MOST_ZEROS: u32 = 200;

impl Lower<'_> {
    /// Sets the elements or fields that a list gives, of what is at `place`. `kind` is the structure
    /// that it is, or that the elements of the array are.
    pub(super) fn initialise(&mut self, list: At<'_>, place: &Place, kind: &str, is_array: bool) {
        if !self.enter(list) {
            return;
        }
        let known = self.unit.pointers.structure(kind).to_vec();
        let elements: Vec<At<'_>> = list.children().collect();
        // `int x = { 3 };`
        let is_plain = !is_array && known.is_empty() && elements.len() == 1;
        if !is_array {
            let mut left = MOST_ZEROS;
            self.zeros(place, kind, &mut left);
        }
        let mut next = 0i64;
        for one in elements {
            let is_pair = one.kind() == "initializer_pair";
            let mut cursor = one.node.walk();
            let designators: Vec<At<'_>> = (one.node)
                .children_by_field_name("designator", &mut cursor)
                .map(|node| one.with(node))
                .collect();
            let value = match is_pair {
                true => one.field("value").unwrap_or(one),
                false => one,
            };
            let mut inner = (kind.to_owned(), false);
            let to = if designators.is_empty() {
                let position = usize::try_from(next).ok().and_then(|next| known.get(next));
                match position.filter(|_| !is_array) {
                    // An element that is a structure without brackets of its own is one field of it.
                    _ if is_array && !known.is_empty() && value.kind() != "initializer_list" => {
                        None
                    }
                    _ if is_array => Some(element(place, Expr::Const(next))),
                    _ if is_plain => Some(place.clone()),
                    Some(field) => {
                        inner = (field.kind.clone(), field.is_array);
                        Some(self.field_of(place, &field.name))
                    }
                    None => None,
                }
            } else {
                self.designated(place, &designators, &mut next, &mut inner, kind)
            };
            // Numbers of elements: there are fewer than bytes of C.
            next = next.saturating_add(1);
            let temporary = || Place::Local(self.names.name("%nowhere"));
            match (value.kind(), to) {
                ("initializer_list", to) => {
                    let to = to.unwrap_or_else(temporary);
                    self.initialise(value, &to, &inner.0, inner.1);
                }
                (_, Some(to)) => {
                    let value = self.value(value);
                    self.emit(Instr::Assign(to, value));
                }
                (_, None) => self.effect(value),
            }
        }
        self.depth -= 1;
    }

    /// What a list leaves out of a structure is 0; what it gives is set afterwards.
    fn zeros(&mut self, place: &Place, kind: &str, left: &mut u32) {
        for field in self.unit.pointers.structure(kind).to_vec() {
            let Some(fewer) = left.checked_sub(1) else {
                return;
            };
            *left = fewer;
            if field.is_array || self.unit.outside.unions.contains(&field.name) {
                continue;
            }
            let to = self.field_of(place, &field.name);
            match self.unit.pointers.structure(&field.kind).is_empty() {
                true => {
                    self.emit(Instr::Assign(to, Expr::Const(0)));
                }
                false => self.zeros(&to, &field.kind, left),
            }
        }
    }

    /// The place that designators lead to; what comes after them goes to `next`.
    fn designated(
        &mut self,
        place: &Place,
        designators: &[At<'_>],
        next: &mut i64,
        inner: &mut (String, bool),
        kind: &str,
    ) -> Option<Place> {
        let (mut to, mut kind) = (Some(place.clone()), kind.to_owned());
        for (i, one) in designators.iter().enumerate() {
            let text = one.text();
            if let Some(name) = text.trim().strip_prefix('.') {
                let name = name.trim();
                let known = self.unit.pointers.structure(&kind);
                let number = known.iter().position(|field| field.name == name);
                let found = number.map(|number| known[number].clone());
                *inner = found.map_or((String::new(), true), |field| (field.kind, field.is_array));
                kind.clone_from(&inner.0);
                if let (0, Some(number)) = (i, number) {
                    // There are fewer fields than that.
                    *next = i64::try_from(number).unwrap_or(i64::MAX);
                }
                to = to.map(|to| self.field_of(&to, name));
                continue;
            }
            let index = text.trim().trim_start_matches('[').trim_end_matches(']');
            let index = self.constant(index);
            if let (0, Some(index)) = (i, index) {
                *next = index;
            }
            *inner = (kind.clone(), false);
            to = to
                .zip(index)
                .map(|(to, index)| element(&to, Expr::Const(index)));
        }
        to
    }

    fn field_of(&mut self, place: &Place, name: &str) -> Place {
        let base = Expr::Address(Box::new(place.clone()));
        Place::Field(Box::new(base), self.field_name(name))
    }

    /// The sizes of an array, which are evaluated where it is declared.
    pub(super) fn sizes(&mut self, declarator: At<'_>) {
        let mut at = Some(declarator);
        while let Some(one) = at {
            if let Some(size) = one
                .field("size")
                .filter(|_| one.kind() == "array_declarator")
            {
                self.effect(size);
            }
            at = one.field("declarator");
        }
    }

    /// What a compound literal makes, and whether it is an array.
    pub(super) fn literal(&mut self, at: At<'_>) -> (Place, bool) {
        let place = Place::Local(self.temporary());
        self.emit(Instr::Forget(place.clone()));
        let kind = at.field("type");
        let is_array = kind.is_some_and(|kind| {
            let declarator = kind.field("declarator");
            declarator.is_some_and(|d| has_part(d.node, "abstract_array_declarator"))
        });
        let kind = kind.map_or(String::new(), |kind| type_name(kind.node, at.source));
        if let Some(list) = at.field("value") {
            self.initialise(list, &place, &kind, is_array);
        }
        (place, is_array)
    }

    /// One of the values of `_Generic`, any of them: types are not known. What decides is not
    /// evaluated.
    pub(super) fn generic(&mut self, at: At<'_>) -> Expr {
        let mut ways: Vec<At<'_>> = Vec::new();
        let mut of_type = false;
        for child in at.children().skip(1) {
            if of_type && !ways.iter().any(|way| way.text() == child.text()) {
                ways.push(child);
            }
            of_type = child.kind() == "type_descriptor" || (!of_type && child.text() == "default");
        }
        let unknown = |_: &mut Self, _| Expr::Unknown;
        self.one_of(ways.len(), unknown, |this, number| this.value(ways[number]))
    }

    /// Whether anything is done in a node that is no expression that is known here.
    pub(super) fn does_something(at: At<'_>) -> bool {
        let mut does = false;
        tree::walk(at.node, |node| {
            does |= matches!(
                node.kind(),
                "call_expression"
                    | "assignment_expression"
                    | "update_expression"
                    | "compound_statement"
                    | "gnu_asm_expression"
            );
            !does
        });
        does
    }
}

/// An element of an array. One that is a field is read as the field's value, as subscripts are.
fn element(of: &Place, index: Expr) -> Place {
    let base = match of {
        Place::Field(..) => Expr::read(of.clone()),
        _ => Expr::Address(Box::new(of.clone())),
    };
    Place::Deref(Box::new(Expr::binary("+", base, index)))
}
