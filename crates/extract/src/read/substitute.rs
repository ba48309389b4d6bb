//! One use of a macro: its tokens with the arguments put in, read again until nothing is left to
//! expand.
//!
//! The input is a stack: the body of a macro goes on top, with a mark below it where its expansion
//! ends. A macro's name that is met above its mark stays for good.

use std::rc::Rc;

use kmapcheck_limits::ask;
use rustc_hash::FxHashSet;

use crate::read::expand::{Why, written};
use crate::read::macros::{Kind, Known, Table, Token, tokens};

/// Arguments within arguments.
const DEEPEST: usize = 100;

/// What is read next: a token, or the end of a macro's expansion.
enum Item {
    Token(Token),
    End(Rc<str>),
}

/// One expansion.
pub struct Work<'a> {
    /// What holds here.
    pub table: &'a Table,
    /// Tokens that are left.
    pub left: &'a mut usize,
    /// The line of the use.
    pub line: usize,
    /// The macros whose expansion is read now.
    pub active: FxHashSet<Rc<str>>,
}

impl Work<'_> {
    /// Reads tokens to their end.
    ///
    /// # Errors
    ///
    /// Why they cannot be expanded.
    pub fn run(&mut self, input: Vec<Token>, depth: usize) -> Result<Vec<Token>, Why> {
        if depth > DEEPEST {
            return Err(Why::TooLarge);
        }
        let mut input: Vec<Item> = input.into_iter().rev().map(Item::Token).collect();
        let mut out = Vec::new();
        while let Some(item) = input.pop() {
            ask();
            let mut token = match item {
                Item::End(name) => {
                    self.active.remove(&name);
                    continue;
                }
                Item::Token(token) => token,
            };
            if token.kind != Kind::Word || token.stays {
                out.push(token);
                continue;
            }
            if &*token.text == "__LINE__" {
                out.push(Token::new(Kind::Number, &self.line.to_string()));
                continue;
            }
            let Some(known) = self.table.expands(&token.text).cloned() else {
                out.push(token);
                continue;
            };
            if self.active.contains(&token.text) {
                token.stays = true;
                out.push(token);
                continue;
            }
            let args = match &known.of.params {
                None => Vec::new(),
                Some(_) => match self.arguments(&mut input) {
                    Some(args) => args,
                    None => {
                        out.push(token);
                        continue;
                    }
                },
            };
            let body = self.substituted(&known, &args, depth)?;
            *self.left = self.left.checked_sub(body.len() + 1).ok_or(Why::TooLarge)?;
            self.active.insert(token.text.clone());
            input.push(Item::Token(Token::new(Kind::Space, " ")));
            input.push(Item::End(token.text));
            input.extend(body.into_iter().rev().map(Item::Token));
            out.push(Token::new(Kind::Space, " "));
        }
        Ok(out)
    }

    /// The arguments that come next, if any do: then they are taken.
    fn arguments(&mut self, input: &mut Vec<Item>) -> Option<Vec<Vec<Token>>> {
        let mut next = input.iter().rev().filter_map(|item| match item {
            Item::Token(token) if token.kind != Kind::Space => Some(token),
            _ => None,
        });
        if !next.next()?.is("(") {
            return None;
        }
        let mut depth = 1usize;
        let closes = next.any(|token| {
            depth += usize::from(token.is("("));
            depth -= usize::from(token.is(")"));
            depth == 0
        });
        if !closes {
            return None;
        }
        // Only round brackets keep commas together for the preprocessor.
        let (mut args, mut depth) = (vec![Vec::new()], 0usize);
        while let Some(item) = input.pop() {
            let token = match item {
                Item::End(name) => {
                    self.active.remove(&name);
                    continue;
                }
                Item::Token(token) => token,
            };
            if depth == 0 {
                depth += usize::from(token.is("("));
                continue;
            }
            depth += usize::from(token.is("("));
            depth -= usize::from(token.is(")"));
            match depth {
                0 => break,
                1 if token.is(",") => args.push(Vec::new()),
                _ => args.last_mut()?.push(token),
            }
        }
        Some(args)
    }

    /// The body with the arguments put in, and `#` and `##` done.
    fn substituted(
        &mut self,
        known: &Known,
        args: &[Vec<Token>],
        depth: usize,
    ) -> Result<Vec<Token>, Why> {
        let params = known.of.params.as_deref().unwrap_or_default();
        let args = fitted(args, params.len(), known.of.is_variadic).ok_or(Why::NotC)?;
        let number = |token: &Token| {
            let is = |param: &String| **param == *token.text;
            (params.iter().position(is)).filter(|_| token.kind == Kind::Word)
        };
        let mut expanded: Vec<Option<Vec<Token>>> = vec![None; args.len()];
        let body = &known.body;
        let mut out: Vec<Token> = Vec::new();
        let mut at = 0;
        while at < body.len() {
            let token = &body[at];
            if token.kind == Kind::Word && &*token.text == "__VA_OPT__" {
                return Err(Why::NotC);
            }
            let after = skip(body, at + 1);
            if is_paste(body, at) {
                let right = skip(body, at + 2);
                let Some(next) = body.get(right) else {
                    return Err(Why::NotC);
                };
                let right_tokens = match number(next) {
                    Some(number) => args[number].clone(),
                    None => vec![next.clone()],
                };
                while out.last().is_some_and(|last| last.kind == Kind::Space) {
                    out.pop();
                }
                let is_rest = known.of.is_variadic && number(next) == Some(params.len() - 1);
                if is_rest && out.last().is_some_and(|last| last.is(",")) {
                    // GNU: the comma goes if nothing comes after it.
                    if right_tokens.is_empty() {
                        out.pop();
                    }
                    out.extend(right_tokens);
                } else {
                    paste(&mut out, right_tokens);
                }
                at = right + 1;
                continue;
            }
            if token.is("#") && !params.is_empty() {
                let quoted = body.get(after).and_then(number).ok_or(Why::NotC)?;
                out.push(Token::new(Kind::Literal, &quote(&args[quoted])));
                at = after + 1;
                continue;
            }
            match number(token) {
                Some(number) if is_paste(body, after) => {
                    // An argument that is pasted is not expanded; an empty one leaves nothing.
                    if args[number].is_empty() {
                        out.push(Token::new(Kind::Sign, ""));
                    }
                    out.extend(args[number].iter().cloned());
                }
                Some(number) => {
                    if expanded[number].is_none() {
                        expanded[number] = Some(self.run(args[number].clone(), depth + 1)?);
                    }
                    let arg = expanded[number].as_deref().unwrap_or_default();
                    *self.left = self.left.checked_sub(arg.len() + 1).ok_or(Why::TooLarge)?;
                    out.push(Token::new(Kind::Space, " "));
                    out.extend(arg.iter().cloned());
                    out.push(Token::new(Kind::Space, " "));
                }
                None => out.push(token.clone()),
            }
            at += 1;
        }
        Ok(out)
    }
}

/// The arguments as the parameters take them, without space around them.
fn fitted(args: &[Vec<Token>], params: usize, is_variadic: bool) -> Option<Vec<Vec<Token>>> {
    let is_space = |token: &&Token| token.kind == Kind::Space;
    let mut args: Vec<Vec<Token>> = (args.iter())
        .map(|arg| {
            let start = arg.iter().take_while(is_space).count();
            let end = arg.len() - arg[start..].iter().rev().take_while(is_space).count();
            arg[start..end].to_vec()
        })
        .collect();
    if args.len() == 1 && args[0].is_empty() && params == 0 {
        args.clear();
    }
    if is_variadic {
        let named = params - 1;
        while args.len() < params {
            args.push(Vec::new());
        }
        let rest = args.split_off(named);
        args.push(rest.join(&Token::new(Kind::Sign, ",")));
    }
    (args.len() == params).then_some(args)
}

fn skip(body: &[Token], at: usize) -> usize {
    let mut at = at;
    while body.get(at).is_some_and(|token| token.kind == Kind::Space) {
        at += 1;
    }
    at
}

/// Whether `##` is there.
#[must_use]
pub fn is_paste(body: &[Token], at: usize) -> bool {
    let is = |at: usize| body.get(at).is_some_and(|token| token.is("#"));
    is(at) && is(at + 1)
}

/// Joins the last token of `out` and the first of what follows.
fn paste(out: &mut Vec<Token>, mut right: Vec<Token>) {
    if right.is_empty() {
        return;
    }
    let first = right.remove(0);
    let text = match out.pop() {
        Some(left) => format!("{}{}", left.text, first.text),
        None => first.text.to_string(),
    };
    out.extend(tokens(&text));
    out.extend(right);
}

fn quote(arg: &[Token]) -> String {
    let text = written(arg);
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if let '"' | '\\' = c {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}
