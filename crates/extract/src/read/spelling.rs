//! Spellings that the grammar does not know, put so that it does. Nothing that runs is changed.
//!
//! `typeof(x)` is a type and not evaluated, so it becomes `int`: types say nothing here but whether
//! they are unsigned. An attribute becomes blanks, but for `cleanup`, which runs something.

use kmapcheck_limits::ask;

use crate::read::macros::{Brackets, brackets, is_word, literal_end};

/// The text with these spellings replaced; lines stay.
#[must_use]
pub fn plain(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'"' | b'\'' => {
                at = literal_end(bytes, at);
                continue;
            }
            byte if !is_word(byte) => {
                at += 1;
                continue;
            }
            _ => {}
        }
        while at < bytes.len() && is_word(bytes[at]) {
            at += 1;
        }
        let stands_for = match &text[start..at] {
            "typeof" | "__typeof" | "__typeof__" | "typeof_unqual" => "int",
            "__attribute__" | "__attribute" => "",
            _ => continue,
        };
        ask();
        let Brackets::End(end) = brackets(bytes, at) else {
            continue;
        };
        if stands_for.is_empty() && text[at..end].contains("cleanup") {
            continue;
        }
        out.push_str(&text[copied..start]);
        out.push_str(stands_for);
        // Columns stay where they can.
        let blanks = text[start..end].chars().skip(stands_for.len());
        out.extend(blanks.map(|c| if c == '\n' { '\n' } else { ' ' }));
        (copied, at) = (end, end);
    }
    out.push_str(&text[copied..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_attributes() {
        let text = "typeof(f(x)) *y __attribute__((a\n(1))) = \"typeof(x)\";";
        assert_eq!(
            plain(text),
            "int          *y                 \n      = \"typeof(x)\";"
        );
        let kept = "int x __attribute__((cleanup(f)));";
        assert_eq!(plain(kept), kept);
    }
}
