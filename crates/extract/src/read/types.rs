//! Types where the grammar wants values: `list_entry(at, struct dentry, d_child)`.
//!
//! Only a macro takes one, and if its header was not given, the statement does not parse. An argument
//! that is a type by its spelling becomes `0` there, and the rest of the statement is read. Where
//! everything parses, nothing is changed.

use tree_sitter::Tree;

use crate::read::macros::{is_word, literal_end};
use crate::read::tree;

/// Words that begin a type and nothing else.
const BEGINS: [&str; 14] = [
    "struct", "union", "enum", "const", "volatile", "unsigned", "signed", "long", "short", "int",
    "char", "void", "float", "double",
];

/// Words before brackets that are no call.
const NO_CALL: [&str; 9] = [
    "if", "while", "for", "switch", "return", "sizeof", "case", "else", "do",
];

/// The text with types as arguments replaced where it does not parse, and its tree. Lines stay.
#[must_use]
pub fn parsed(text: String) -> (String, Tree) {
    let tree = tree::parse(&text);
    if !tree.root_node().has_error() {
        return (text, tree);
    }
    let mut changed = text.clone().into_bytes();
    let mut any = false;
    for (start, end) in arguments(text.as_bytes()) {
        if is_type(&text[start..end]) && is_unread(&tree, start, end) {
            any = true;
            for (at, byte) in changed[start..end].iter_mut().enumerate() {
                match (at, *byte) {
                    (0, _) => *byte = b'0',
                    (_, b'\n') => {}
                    _ => *byte = b' ',
                }
            }
        }
    }
    match String::from_utf8(changed) {
        Ok(changed) if any => {
            let tree = tree::parse(&changed);
            (changed, tree)
        }
        _ => (text, tree),
    }
}

/// Whether the statement around a place does not parse; a place outside of statements is left alone.
fn is_unread(tree: &Tree, start: usize, end: usize) -> bool {
    let mut at = tree.root_node().descendant_for_byte_range(start, end);
    let mut unread = false;
    while let Some(node) = at {
        match node.kind() {
            "compound_statement" => return unread,
            "parameter_list" | "field_declaration_list" => return false,
            _ => unread |= node.has_error(),
        }
        at = node.parent();
    }
    false
}

/// Whether an argument is a type by its spelling.
fn is_type(text: &str) -> bool {
    let text = text.trim_end();
    let first = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .next();
    let is_spelled = text
        .bytes()
        .all(|b| is_word(b) || b.is_ascii_whitespace() || b == b'*');
    is_spelled
        && !text.is_empty()
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && (text.ends_with('*') || first.is_some_and(|word| BEGINS.contains(&word)))
}

/// The arguments of what looks like a call, each from its first byte to the comma or bracket after it.
fn arguments(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    // For each open bracket: where the argument begins, if it is a call's.
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut word: &[u8] = &[];
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if is_word(byte) {
            let start = at;
            while at < bytes.len() && is_word(bytes[at]) {
                at += 1;
            }
            word = &bytes[start..at];
            continue;
        }
        match byte {
            b'"' | b'\'' => {
                at = literal_end(bytes, at);
                word = &[];
                continue;
            }
            b'(' => {
                let is_call = !word.is_empty() && !NO_CALL.iter().any(|no| no.as_bytes() == word);
                open.push(is_call.then_some(at + 1));
            }
            b'[' | b'{' => open.push(None),
            b',' | b')' | b']' | b'}' => {
                if let Some(Some(start)) = open.last().copied()
                    && matches!(byte, b',' | b')')
                {
                    let blanks = bytes[start..at]
                        .iter()
                        .take_while(|b| b.is_ascii_whitespace());
                    found.push((start + blanks.count(), at));
                }
                match byte {
                    b',' => {
                        if let Some(Some(start)) = open.last_mut() {
                            *start = at + 1;
                        }
                    }
                    _ => {
                        open.pop();
                    }
                }
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            word = &[];
        }
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_as_an_argument_is_read_over() {
        let c = "void f(struct a *);\nvoid g(int x)\n{\n\tint *y = entry(x, struct\n\t\ta *, z);\n\tx = sizeof(struct a);\n}\n";
        let (text, tree) = parsed(c.to_owned());
        assert!(!tree.root_node().has_error(), "{text}");
        assert_eq!(text.len(), c.len());
        assert_eq!(text.lines().count(), c.lines().count());
        let words: Vec<&str> = text.split_whitespace().collect();
        let expected =
            "void f(struct a *); void g(int x) { int *y = entry(x, 0 , z); x = sizeof(struct a); }";
        assert_eq!(words.join(" "), expected);
        for kept in [
            "void f(void) { g(a * b, (struct a *)c); }",
            "int (*f)(struct a *, int);",
        ] {
            assert_eq!(parsed(kept.to_owned()).0, kept);
        }
    }
}
