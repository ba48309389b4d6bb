//! Changes as switches in the text of a file.
//!
//! Every change keeps the original text where it is and puts something before and after it:
//! `a + b` becomes `(if on(7) { a - b } else { a + b })`. So changes within one another need no care:
//! only one is on at a time, and what stands instead is the text as it was written.
//!
//! All that belongs to one switch stands between two marks, so that the place of a compiler's message
//! says which change does not compile.

use std::collections::HashMap;

use proc_macro2::LineColumn;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::Result;
use crate::listed::{Change, Genre, Position};

/// What is asked at each switch. It stands at the end of the crate's root.
pub(crate) const ASKED: &str = r#"
#[doc(hidden)]
pub fn seeded(number: u32) -> bool {
    static ON: std::sync::LazyLock<u32> = std::sync::LazyLock::new(|| {
        std::env::var("KMAPCHECK_SEEDED").ok().and_then(|on| on.parse().ok()).unwrap_or(0)
    });
    *ON == number
}
"#;

/// Text that is put in at an offset.
struct Insert {
    at: usize,
    /// What wraps more stands further outside: the length of what is wrapped.
    wraps: usize,
    closes: bool,
    text: String,
}

/// The file with a switch for each of these changes, numbered from 1; and those that have no place in
/// it that can have a switch.
///
/// # Errors
///
/// Where the file is no Rust.
pub(crate) fn switched(text: &str, changes: &[(u32, &Change)]) -> Result<(String, Vec<u32>)> {
    let file = syn::parse_file(text)?;
    let mut places = Places {
        text,
        by_start: HashMap::new(),
        inserts: Vec::new(),
    };
    for (number, change) in changes {
        let key = (change.genre as u8, at(change.span.start));
        places
            .by_start
            .entry(key)
            .or_default()
            .push((*number, change));
    }
    places.visit_file(&file);
    let mut left: Vec<u32> = places
        .by_start
        .into_values()
        .flatten()
        .map(|(number, _)| number)
        .collect();
    left.sort_unstable();
    let mut inserts = places.inserts;
    // At one place: what closes comes first, the innermost of it first; what opens afterwards, the
    // outermost of it first.
    inserts.sort_by_key(|insert| {
        let wraps = insert.wraps as isize;
        (
            insert.at,
            !insert.closes,
            if insert.closes { wraps } else { -wraps },
        )
    });
    let mut out = String::new();
    let mut from = 0;
    for insert in inserts {
        out.push_str(&text[from..insert.at]);
        out.push_str(&insert.text);
        from = insert.at;
    }
    out.push_str(&text[from..]);
    Ok((out, left))
}

/// The change between whose marks an offset of a written file lies.
pub(crate) fn change_at(written: &str, offset: usize) -> Option<u32> {
    let mut open = Vec::new();
    let mut from = 0;
    while let Some(found) = written[from..].find("/*seeded") {
        let start = from + found;
        if start > offset {
            break;
        }
        let end = start + written[start..].find("*/")?;
        let mark = &written[start + "/*seeded".len()..end];
        match mark.strip_prefix(':') {
            Some(number) => open.push(number.parse().ok()?),
            None => drop(open.pop()),
        }
        from = end;
    }
    open.pop()
}

/// A place as proc-macro2 counts: columns from 0.
fn at(position: Position) -> (usize, usize) {
    (position.line, position.column - 1)
}

fn place(position: LineColumn) -> (usize, usize) {
    (position.line, position.column)
}

/// A genre, and a line and column.
type Start = (u8, (usize, usize));

struct Places<'a> {
    text: &'a str,
    /// What is not placed yet, by genre and first character.
    by_start: HashMap<Start, Vec<(u32, &'a Change)>>,
    inserts: Vec<Insert>,
}

impl<'a> Places<'a> {
    fn take(&mut self, genre: Genre, spanned: &impl Spanned) -> Vec<(u32, &'a Change)> {
        let key = (genre as u8, place(spanned.span().start()));
        self.by_start.remove(&key).unwrap_or_default()
    }

    fn source(&self, spanned: &impl Spanned) -> &'a str {
        &self.text[spanned.span().byte_range()]
    }

    fn open(&mut self, at: usize, wraps: usize, text: String) {
        self.inserts.push(Insert {
            at,
            wraps,
            closes: false,
            text,
        });
    }

    fn close(&mut self, at: usize, wraps: usize, text: String) {
        self.inserts.push(Insert {
            at,
            wraps,
            closes: true,
            text,
        });
    }

    /// An expression, or what stands instead of it.
    fn either(&mut self, whole: &impl Spanned, instead: &[(u32, String)]) {
        if instead.is_empty() {
            return;
        }
        let range = whole.span().byte_range();
        let mut before = String::from("(");
        for (number, text) in instead {
            before += &format!(
                "/*seeded:{number}*/if crate::seeded({number}) {{ {text}\n }} else /*seeded.*/"
            );
        }
        before += "{ ";
        self.open(range.start, range.len(), before);
        self.close(range.end, range.len(), " })".into());
    }

    fn body(&mut self, signature: &syn::Signature, block: &syn::Block) {
        // Two values of what is `impl Trait` would be of two types.
        if self.source(&signature.output).contains("impl ") {
            return;
        }
        // The span of such a change is that of the statements; an empty body has none.
        let Some(first) = block.stmts.first() else {
            return;
        };
        let start = first.span().byte_range().start;
        for (number, change) in self.take(Genre::FnValue, first) {
            let text = format!(
                "/*seeded:{number}*/if crate::seeded({number}) {{ return {};\n }}/*seeded.*/ ",
                change.replacement
            );
            self.open(start, usize::MAX, text);
        }
    }
}

/// Whether a condition has `let` in it: then it can stand only where it stands.
fn binds(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => binds(&binary.left) || binds(&binary.right),
        _ => false,
    }
}

impl<'a> Visit<'_> for Places<'a> {
    fn visit_item_fn(&mut self, function: &syn::ItemFn) {
        self.body(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &syn::ImplItemFn) {
        self.body(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.body(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_expr_binary(&mut self, binary: &syn::ExprBinary) {
        if !binds(&binary.left) && !binds(&binary.right) {
            let (left, right) = (self.source(&binary.left), self.source(&binary.right));
            let instead: Vec<_> = self
                .take(Genre::BinaryOperator, &binary.op)
                .into_iter()
                .map(|(number, change)| (number, format!("{left} {} {right}", change.replacement)))
                .collect();
            self.either(binary, &instead);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &syn::ExprUnary) {
        let inner = self.source(&unary.expr);
        let instead: Vec<_> = self
            .take(Genre::UnaryOperator, &unary.op)
            .into_iter()
            .map(|(number, _)| (number, inner.to_string()))
            .collect();
        self.either(unary, &instead);
        visit::visit_expr_unary(self, unary);
    }

    fn visit_arm(&mut self, arm: &syn::Arm) {
        let pattern = arm.pat.span().byte_range();
        for (number, _) in self.take(Genre::MatchArm, arm) {
            let asked = format!("/*seeded:{number}*/!crate::seeded({number})/*seeded.*/");
            match &arm.guard {
                Some((_, guard)) => {
                    let range = guard.span().byte_range();
                    self.open(range.start, usize::MAX, format!("{asked} && ("));
                    self.close(range.end, usize::MAX, ")".into());
                }
                None => self.close(pattern.end, usize::MAX, format!(" if {asked}")),
            }
        }
        if let Some((_, guard)) = &arm.guard {
            let instead: Vec<_> = self
                .take(Genre::MatchArmGuard, guard)
                .into_iter()
                .map(|(number, change)| (number, change.replacement.clone()))
                .collect();
            self.either(guard, &instead);
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_struct(&mut self, expression: &syn::ExprStruct) {
        if let Some(base) = &expression.rest {
            let (path, base) = (self.source(&expression.path), self.source(base));
            for field in &expression.fields {
                let syn::Member::Named(name) = &field.member else {
                    continue;
                };
                let of_base = format!("{{ let base: {path} = {base}; base }}.{name}");
                let instead: Vec<_> = self
                    .take(Genre::StructField, field)
                    .into_iter()
                    .map(|(number, _)| (number, of_base.clone()))
                    .collect();
                if field.colon_token.is_none() && !instead.is_empty() {
                    // Written without a value: the name stands for both.
                    let range = field.expr.span().byte_range();
                    self.open(range.start, range.len() + 1, format!("{name}: "));
                }
                self.either(&field.expr, &instead);
            }
        }
        visit::visit_expr_struct(self, expression);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listed::Span;

    /// A change where a text stands first.
    fn change(file: &str, at: &str, genre: Genre, replacement: &str) -> Change {
        let offset = file.find(at).expect("it is there");
        let line = file[..offset].lines().count().max(1);
        let column = offset - file[..offset].rfind('\n').map_or(0, |end| end + 1) + 1;
        let line = line + usize::from(column == 1 && offset > 0);
        Change {
            name: at.into(),
            file: "lib.rs".into(),
            genre,
            replacement: replacement.into(),
            span: Span {
                start: Position { line, column },
            },
        }
    }

    const FILE: &str = "\
fn f(a: u32, b: u32) -> bool {
    let c = a + b * 2;
    match c {
        3 => !g(a),
        _ if a == b => true,
        _ => false,
    }
}
";

    #[test]
    fn every_change_gets_a_switch_and_the_text_stays() {
        let changes = [
            change(FILE, "let c", Genre::FnValue, "true"),
            change(FILE, "+ b", Genre::BinaryOperator, "-"),
            change(FILE, "* 2", Genre::BinaryOperator, "+"),
            change(FILE, "3 =>", Genre::MatchArm, ""),
            change(FILE, "!g", Genre::UnaryOperator, ""),
            change(FILE, "a == b", Genre::MatchArmGuard, "false"),
            change(FILE, "== b", Genre::BinaryOperator, "!="),
        ];
        let numbered: Vec<_> = (1..).zip(&changes).collect();
        let (written, left) = switched(FILE, &numbered).expect("it is Rust");
        assert!(left.is_empty(), "{left:?}");
        syn::parse_file(&written).expect("it is still Rust");
        for number in 1..=7 {
            let asked = format!("seeded({number})");
            let place = written.find(&asked).expect("each is asked");
            assert_eq!(change_at(&written, place), Some(number), "{written}");
        }
        let all_off = written
            .split("else /*seeded.*/")
            .last()
            .expect("there are some");
        assert!(all_off.contains("_ => false"), "{all_off}");
    }

    /// A field that is written without a value keeps its name.
    #[test]
    fn a_field_without_a_value_gets_a_switch() {
        let file = "fn f(a: u8) -> S {\n    S { a, ..S::default() }\n}\n";
        let changes = [change(file, "a, ..", Genre::StructField, "")];
        let numbered: Vec<_> = (1..).zip(&changes).collect();
        let (written, left) = switched(file, &numbered).expect("it is Rust");
        assert!(left.is_empty(), "{left:?}");
        syn::parse_file(&written).expect("it is still Rust");
        assert!(written.contains("S { a: (/*seeded:1*/if"), "{written}");
        assert!(written.contains("base }.a\n } else"), "{written}");
    }

    #[test]
    fn what_can_have_no_switch_is_left() {
        let file = "fn f() -> impl Iterator<Item = u8> {\n    g()\n}\nfn h(x: Option<u8>, b: bool) {\n    if b && let Some(_) = x {}\n}\n";
        let changes = [
            change(file, "g()", Genre::FnValue, "std::iter::empty()"),
            change(file, "&& let", Genre::BinaryOperator, "||"),
        ];
        let numbered: Vec<_> = (1..).zip(&changes).collect();
        let (written, left) = switched(file, &numbered).expect("it is Rust");
        assert_eq!((written.as_str(), left), (file, vec![1, 2]));
    }
}
