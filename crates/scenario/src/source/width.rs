//! How many columns a text takes: the one place that is asked by whoever writes in columns.
//!
//! Letters of East Asian scripts and most emoji take two columns, marks that combine with a letter
//! none (Unicode Standard Annex 11, and what terminals make of it).

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The columns that a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The columns that a character takes by itself.
pub(crate) fn width_of(character: char) -> usize {
    // A control character takes none, and is not printed as it is.
    character.width().unwrap_or_default()
}

/// A text with as many spaces behind it as make it that wide.
#[must_use]
pub fn padded(text: &str, columns: usize) -> String {
    // One that is wider already stays as it is.
    let spaces = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(spaces))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_of_a_terminal() {
        let widths = ["abc", "é", "e\u{301}", "連接", "👩\u{200d}👩\u{200d}👧", ""].map(width);
        assert_eq!(widths, [3, 1, 1, 4, 2, 0]);
        assert_eq!(padded("連", 4), "連  ");
        assert_eq!(padded("連接", 3), "連接");
    }
}
