//! Heads of loops that no macro is known for (`list_for_each`), as text before parsing.
//!
//! A name like `for_each_something` that is followed by arguments and then by what can be the body
//! of a loop becomes `while (EACH(..))`: any number of rounds, with every plain variable among its
//! arguments new in each. Those that a macro is known for are loops by then.

use kmapcheck_limits::ask;

/// What stands for a head that no macro is known for.
pub const EACH: &str = "__kmapcheck_each";

/// The text with such heads replaced.
#[must_use]
pub fn expanded(text: &str, is_known: &dyn Fn(&str) -> bool) -> String {
    let bytes = text.as_bytes();
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut out = String::with_capacity(text.len());
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        if !word(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && word(bytes[at]) {
            at += 1;
        }
        // A macro that is known and cannot be expanded is seen as such.
        if !text[start..at].contains("for_each") || is_known(&text[start..at]) {
            continue;
        }
        ask();
        let Some((args, end)) = arguments(text, at) else {
            continue;
        };
        // A declaration, a definition or a use as a value is no loop.
        let next = text[end..].trim_start().chars().next();
        if next.is_none_or(|c| ";,)=.".contains(c)) {
            continue;
        }
        let head = format!("while ({EACH}({}))", args.join(", "));
        out.push_str(&text[copied..start]);
        out.push_str(&head.replace('\n', " "));
        out.extend(text[start..end].chars().filter(|&c| c == '\n'));
        (copied, at) = (end, end);
    }
    out.push_str(&text[copied..]);
    out
}

/// The arguments in brackets that begin at or after `at`, and where they end.
fn arguments(text: &str, at: usize) -> Option<(Vec<String>, usize)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_become_loops_on_their_lines() {
        let text = "inc(3);\nfor_each_thing(t,\n all)\n g(t);";
        assert_eq!(
            expanded(text, &|_| false),
            "inc(3);\nwhile (__kmapcheck_each(t, all))\n\n g(t);"
        );
    }

    #[test]
    fn declarations_are_left() {
        let text = "int for_each_thing(struct t *t);";
        assert_eq!(expanded(text, &|_| false), text);
    }
}
