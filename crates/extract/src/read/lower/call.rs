//! Calls: what the mapping says of them, macros that are like functions, and all others.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{At, Lower, Open};
use crate::map::merge::Known;
use crate::read::expand::Why;
use crate::read::foreach::EACH;
use crate::read::instruction::{Call, Expr, Instr, Opaque, Place, Target, Unread};

impl Lower<'_> {
    /// The name that is called.
    fn callee(&self, at: At<'_>) -> Option<String> {
        let mut function = at.field("function")?;
        while function.kind() == "parenthesized_expression" {
            function = function.children().next()?;
        }
        if function.kind() != "identifier" || self.variable(function.text()).is_some() {
            return None;
        }
        let name = function.text();
        let is_variable = self.unit.pointers.globals.contains(name)
            && !self.mapping.speaks_of(name)
            && !self.unit.by_name.contains_key(name);
        (!is_variable).then(|| name.to_owned())
    }

    fn arguments<'t>(at: At<'t>) -> Vec<At<'t>> {
        at.field("arguments")
            .map_or(Vec::new(), |list| list.children().collect())
    }

    /// A call that is a condition and can be told as branches.
    pub(super) fn condition_call(&mut self, at: At<'_>) -> Option<(Open, Open)> {
        let name = self.callee(at)?;
        let args = Self::arguments(at);
        if name == EACH {
            self.each(&args);
            return Some(self.branch_on(Expr::Unknown));
        }
        let first = *args.first()?;
        match self.mapping.known.get(&name)? {
            Known::Same => Some(self.condition(first)),
            Known::IsError | Known::IsErrorOrNull => {
                let value = self.value(first);
                Some(self.branch_on(error_test(&self.mapping.known, &name, value)))
            }
            _ => None,
        }
    }

    /// The variables of a loop whose head is not known have new values in each round.
    fn each(&mut self, args: &[At<'_>]) {
        for arg in args.iter().filter(|arg| arg.kind() == "identifier") {
            if let Some(place @ Place::Local(_)) = self.variable(arg.text()) {
                self.emit(Instr::Forget(place));
            }
        }
    }

    pub(super) fn call(&mut self, at: At<'_>) -> Expr {
        let args = Self::arguments(at);
        let Some(name) = self.callee(at) else {
            return self.through_pointer(at, &args);
        };
        if name == EACH {
            self.each(&args);
            return Expr::Unknown;
        }
        match (self.mapping.known.get(&name), args.first()) {
            (Some(Known::Same), Some(first)) => return self.value(*first),
            (Some(Known::IsError | Known::IsErrorOrNull), Some(first)) => {
                let value = self.value(*first);
                let open = self.branch_on(error_test(&self.mapping.known, &name, value));
                return self.decided(open);
            }
            (Some(Known::Ends), _) => {
                let name = self.names.name(&name);
                self.emit(Instr::End(name, at.line()));
                return Expr::Unknown;
            }
            (Some(Known::EndsIf), Some(first)) => {
                let (yes, no) = self.condition(*first);
                self.patch_here(&yes);
                let name = self.names.name(&name);
                self.emit(Instr::End(name, at.line()));
                self.patch_here(&no);
                self.emit(Instr::Nop);
                return Expr::Unknown;
            }
            _ => {}
        }
        if self.unit.hidden.contains_key(&name) && !self.mapping.speaks_of(&name) {
            self.hidden(at, &name);
            return Expr::Unknown;
        }
        if let Some(first) = args.first()
            && first.kind() == "identifier"
            && ["DECLARE_", "DEFINE_"]
                .iter()
                .any(|part| name.starts_with(part))
            && self.unit.resolve(&name, None).is_none()
            && self.is_free(first.text())
        {
            // A macro that is not there and declares a variable, by its name: not one that all share.
            let local = self.declare(first.text());
            self.emit(Instr::Forget(Place::Local(local)));
        }
        let target = Target::Function(self.names.name(&name));
        let args = self.evaluated(&args);
        self.emit_call(at, target, args)
    }

    /// A call through a pointer: of what the mapping or the files say, one after the other as long as
    /// the pointer is another one.
    fn through_pointer(&mut self, at: At<'_>, args: &[At<'_>]) -> Expr {
        let mut function = at.field("function");
        while let Some(inner) = function
            && (inner.kind() == "parenthesized_expression" || is_deref(inner))
        {
            function = inner.children().next();
        }
        let Some(function) = function else {
            return Expr::Unknown;
        };
        // For what it does besides.
        let value = self.value(function);
        let field = (function.field("field")).filter(|_| function.kind() == "field_expression");
        let text = field.map_or(function.text(), At::text);
        let name = self.names.name(text);
        let target = match field {
            Some(_) => Target::Field(name),
            None => Target::Value(value.clone(), name),
        };
        let (unit, mapping) = (self.unit, self.mapping);
        let functions = match mapping.pointers.contains_key(text) {
            true => Default::default(),
            false => {
                let most = unit.max_targets;
                (unit.pointers).may_be(unit, mapping, self.number, function.node, most)
            }
        };
        let arguments = self.evaluated(args);
        let is_too_many = unit.max_targets.is_some_and(|most| functions.len() > most);
        let functions: Vec<String> = functions.into_iter().collect();
        if functions.is_empty() || is_too_many {
            return self.emit_call(at, target, arguments);
        }
        let plain = |name: &str| name.split('#').next().unwrap_or_default().to_owned();
        let names: Vec<String> = functions.iter().map(|name| plain(name)).collect();
        (self.code.resolved).push((at.line(), text.to_owned(), names.clone()));
        self.one_of(
            functions.len(),
            |this, number| {
                // Two functions of one name are told apart by nothing.
                let short = &names[number];
                if names.iter().filter(|name| *name == short).count() > 1 {
                    return Expr::Unknown;
                }
                let here = this.names.name(short);
                let there = match unit.by_name.contains_key(short) || mapping.speaks_of(short) {
                    true => Expr::Function(here),
                    false => Expr::read(Place::Global(here)),
                };
                Expr::binary("==", value.clone(), there)
            },
            |this, number| {
                let target = Target::Function(this.names.name(&functions[number]));
                this.emit_call(at, target, arguments.clone())
            },
        )
    }

    /// One of several values: the first whose test holds, else the last.
    pub(super) fn one_of(
        &mut self,
        many: usize,
        mut test: impl FnMut(&mut Self, usize) -> Expr,
        mut value: impl FnMut(&mut Self, usize) -> Expr,
    ) -> Expr {
        let result = Place::Local(self.temporary());
        let mut open: Open = Vec::new();
        for number in 0..many {
            let mut no: Open = Vec::new();
            if number + 1 < many {
                let test = test(self, number);
                let (yes, otherwise) = self.branch_on(test);
                self.patch_here(&yes);
                no = otherwise;
            }
            let value = value(self, number);
            self.emit(Instr::Assign(result.clone(), value));
            open.push((self.emit(Instr::Jump(0)), true));
            self.patch_here(&no);
        }
        self.patch_here(&open);
        self.emit(Instr::Nop);
        Expr::read(result)
    }

    /// Arguments, in order, each as a value and as it is written.
    fn evaluated(&mut self, args: &[At<'_>]) -> Vec<(Expr, String)> {
        args.iter()
            .map(|arg| {
                let value = match arg.kind() {
                    "type_descriptor" => Expr::Unknown,
                    _ => self.value(*arg),
                };
                (value, arg.text().split_whitespace().collect())
            })
            .collect()
    }

    fn emit_call(&mut self, at: At<'_>, target: Target, args: Vec<(Expr, String)>) -> Expr {
        let (args, texts) = args.into_iter().unzip();
        let result = self.temporary();
        self.emit(Instr::Call(Rc::new(Call {
            result,
            target,
            args,
            texts,
            into: None,
            line: at.line(),
        })));
        Expr::read(Place::Local(result))
    }

    /// A macro that is left as it is written.
    pub(super) fn hidden(&mut self, at: At<'_>, name: &str) {
        let what = match self.unit.hidden.get(name).map(|hidden| hidden.why) {
            Some(Why::TooLarge) => Unread::Large,
            _ => Unread::Macro,
        };
        let unread = Opaque {
            name: name.to_owned(),
            ..self.unread(at, what)
        };
        self.emit(Instr::Opaque(Rc::new(unread)));
    }
}

/// Errors are negative numbers.
fn error_test(known: &BTreeMap<String, Known>, name: &str, value: Expr) -> Expr {
    let sign = match known.get(name) {
        Some(Known::IsErrorOrNull) => "<=",
        _ => "<",
    };
    Expr::binary(sign, value, Expr::Const(0))
}

fn is_deref(at: At<'_>) -> bool {
    at.kind() == "pointer_expression" && at.field("operator").is_some_and(|o| o.text() == "*")
}
