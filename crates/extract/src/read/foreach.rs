//! Macros that are the head of a loop (`list_for_each`), expanded as text before parsing.
//!
//! A macro whose body begins with `for` or `while` cannot be an expression: it is replaced by its
//! body, with its arguments put in, on the lines of its use. A name like `for_each_something` that
//! no macro is known for becomes `while (EACH(..))`: any number of rounds, with every plain variable
//! among its arguments new in each.

use std::collections::BTreeMap;

use kmapcheck_limits::ask;

use crate::read::conditional::Macro;

/// What stands for a head that no macro is known for.
pub const EACH: &str = "__kmapcheck_each";

/// Expansions inside expansions.
const DEEPEST: usize = 8;

/// The text with heads of loops expanded.
#[must_use]
pub fn expanded(text: &str, macros: &BTreeMap<String, Macro>) -> String {
    let mut text = text.to_owned();
    for _ in 0..DEEPEST {
        let (next, changed) = once(&text, macros);
        text = next;
        if !changed {
            break;
        }
    }
    text
}

fn once(text: &str, macros: &BTreeMap<String, Macro>) -> (String, bool) {
    let bytes = text.as_bytes();
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut out = String::with_capacity(text.len());
    let (mut at, mut copied, mut changed) = (0, 0, false);
    while at < bytes.len() {
        if !word(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && word(bytes[at]) {
            at += 1;
        }
        let name = &text[start..at];
        let known = macros.get(name).filter(|known| is_head(known));
        let looks = name.contains("for_each") && macros.get(name).is_none();
        if known.is_none() && !looks {
            continue;
        }
        ask();
        let Some((args, end)) = arguments(text, at) else {
            continue;
        };
        // A declaration, a definition or a use as a value is no loop.
        let next = text[end..].trim_start().chars().next();
        if known.is_none() && next.is_none_or(|c| ";,)=.".contains(c)) {
            continue;
        }
        let head = match known {
            Some(known) => match substituted(known, &args) {
                Some(body) => body,
                None => continue,
            },
            None => format!("while ({EACH}({}))", args.join(", ")),
        };
        out.push_str(&text[copied..start]);
        out.push_str(&head.replace('\n', " "));
        out.extend(text[start..end].chars().filter(|&c| c == '\n'));
        (copied, at, changed) = (end, end, true);
    }
    out.push_str(&text[copied..]);
    (out, changed)
}

/// Whether a macro is the head of a loop.
#[must_use]
pub fn is_head(known: &Macro) -> bool {
    let body = known.body.trim_start();
    let after = body.strip_prefix("for").or(body.strip_prefix("while"));
    known.params.is_some()
        && after.is_some_and(|rest| rest.trim_start().starts_with('('))
        && !body.trim_end().ends_with([';', '}'])
}

/// The arguments in brackets that begin at or after `at`, and where they end.
#[must_use]
pub fn arguments(text: &str, at: usize) -> Option<(Vec<String>, usize)> {
    let open = at + (text[at..].len() - text[at..].trim_start().len());
    let mut args = Vec::new();
    let (mut depth, mut start, mut quote) = (0usize, open + 1, None);
    let mut chars = text[open..].char_indices();
    while let Some((i, c)) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    let last = text[start..open + i].trim();
                    if !(args.is_empty() && last.is_empty()) {
                        args.push(last.to_owned());
                    }
                    return Some((args, open + i + 1));
                }
            }
            (None, ',') if depth == 1 => {
                args.push(text[start..open + i].trim().to_owned());
                start = open + i + 1;
            }
            (None, _) if depth == 0 => return None,
            (None, _) => {}
        }
    }
    None
}

/// The body of a macro with its arguments put in. `None`: their number is another one, or it pastes
/// or quotes tokens.
#[must_use]
pub fn substituted(known: &Macro, args: &[String]) -> Option<String> {
    let params = known.params.as_deref().unwrap_or_default();
    if params.len() != args.len() || known.body.contains('#') {
        return None;
    }
    let mut out = String::with_capacity(known.body.len());
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = known.body.as_str();
    while let Some(first) = rest.chars().next() {
        let end = match word(first) {
            true => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            false => rest.find(word).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(end);
        match params.iter().position(|param| param == token) {
            Some(i) => out.push_str(&args[i]),
            None => out.push_str(token),
        }
        rest = after;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str, params: &[&str], body: &str) -> (String, Macro) {
        let params = params.iter().map(|param| (*param).to_owned()).collect();
        let made = Macro {
            name: name.into(),
            params: Some(params),
            body: body.into(),
            line: 1,
        };
        (name.into(), made)
    }

    #[test]
    fn heads_become_loops_on_their_lines() {
        let macros = [
            known(
                "each",
                &["p", "h"],
                "for (p = (h)->next; p != (h); p = p->next)",
            ),
            known("both", &["p"], "each(p, p->head)"),
            known("inc", &["x"], "((x) + 1)"),
        ];
        let macros = macros.into_iter().collect();
        let text = "each(pos,\n  &list) { f(pos); }\ninc(3);\nfor_each_thing(t, all)\n g(t);";
        assert_eq!(
            expanded(text, &macros),
            "for (pos = (&list)->next; pos != (&list); pos = pos->next)\n { f(pos); }\ninc(3);\n\
             while (__kmapcheck_each(t, all))\n g(t);"
        );
    }

    #[test]
    fn declarations_are_left() {
        let text = "int for_each_thing(struct t *t);";
        assert_eq!(expanded(text, &BTreeMap::new()), text);
    }
}
