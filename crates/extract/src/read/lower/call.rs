//! Calls: what the mapping says of them, macros that are like functions, and all others.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{At, Lower, Open};
use crate::map::merge::Known;
use crate::read::foreach::{EACH, substituted};
use crate::read::instruction::{Call, Expr, Instr, Opaque, Place, Target, Unread};
use crate::read::tree;

impl Lower<'_> {
    /// The name that is called, with macros that only rename it looked through.
    fn callee(&self, at: At<'_>) -> Option<String> {
        let mut function = at.field("function")?;
        while function.kind() == "parenthesized_expression" {
            function = function.children().next()?;
        }
        if function.kind() != "identifier" || self.variable(function.text()).is_some() {
            return None;
        }
        let mut name = function.text().to_owned();
        for _ in 0..8 {
            let known = self.unit.macros.get(&name);
            match known.filter(|known| known.params.is_none() && !self.mapping.speaks_of(&name)) {
                Some(known) if is_name(&known.body) => name.clone_from(&known.body),
                _ => break,
            }
        }
        Some(name)
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
        let unit = self.unit;
        if !self.mapping.speaks_of(&name)
            && let Some(known) = unit
                .macros
                .get(&name)
                .filter(|known| known.params.is_some())
            && !self.expanding.contains(&name)
        {
            let texts: Vec<String> = args.iter().map(|arg| arg.text().to_owned()).collect();
            let body = substituted(known, &texts);
            let value = body.and_then(|body| match is_statement(&body) {
                false => self.expand(&name, &body, at.line()),
                true => self.expand_statement(&name, &body, at.line()),
            });
            return value.unwrap_or_else(|| {
                let unread = Opaque {
                    name: name.clone(),
                    ..self.unread(at, Unread::Macro)
                };
                self.emit(Instr::Opaque(Rc::new(unread)));
                Expr::Unknown
            });
        }
        let target = Target::Function(self.names.name(&name));
        self.emit_call(at, target, &args)
    }

    fn through_pointer(&mut self, at: At<'_>, args: &[At<'_>]) -> Expr {
        let mut function = at.field("function");
        while let Some(inner) = function
            && let "parenthesized_expression" | "pointer_expression" = inner.kind()
        {
            function = inner.children().next();
        }
        let Some(function) = function else {
            return Expr::Unknown;
        };
        let target = match function
            .field("field")
            .filter(|_| function.kind() == "field_expression")
        {
            Some(field) => Target::Field(self.names.name(field.text())),
            None => {
                let name = self.names.name(function.text());
                Target::Value(self.value(function), name)
            }
        };
        self.emit_call(at, target, args)
    }

    fn emit_call(&mut self, at: At<'_>, target: Target, args: &[At<'_>]) -> Expr {
        let mut values = Vec::new();
        for arg in args {
            let value = match arg.kind() {
                "type_descriptor" => Expr::Unknown,
                _ => self.value(*arg),
            };
            values.push(value);
        }
        let result = self.temporary();
        let texts = args
            .iter()
            .map(|arg| arg.text().split_whitespace().collect())
            .collect();
        self.emit(Instr::Call(Rc::new(Call {
            result,
            target,
            args: values,
            texts,
            into: None,
            line: at.line(),
        })));
        Expr::read(Place::Local(result))
    }

    /// Lowers the statements that a macro stands for; `None`: they do not parse.
    fn expand_statement(&mut self, name: &str, body: &str, line: usize) -> Option<Expr> {
        let text = format!("void f(void) {{ {body}; }}");
        let tree = tree::parse(&text);
        let root = tree.root_node();
        if root.has_error() || root.named_child_count() != 1 {
            return None;
        }
        let block = tree::field(root.named_child(0)?, "body")?;
        self.expanding.push(name.to_owned());
        let at = At {
            node: block,
            source: &text,
            line: Some(line),
        };
        self.statement(at);
        self.expanding.pop();
        Some(Expr::Unknown)
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

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether the body of a macro is statements, and no expression.
fn is_statement(body: &str) -> bool {
    const WORDS: [&str; 9] = [
        "do", "if", "while", "for", "return", "goto", "break", "continue", "switch",
    ];
    let body = body.trim();
    let first = body
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .next();
    let mut depth = 0i32;
    let has_semicolon = body.chars().any(|c| {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth -= 1,
            _ => {}
        }
        c == ';' && depth == 0
    });
    body.is_empty()
        || body.starts_with('{')
        || has_semicolon
        || first.is_some_and(|word| WORDS.contains(&word))
}
