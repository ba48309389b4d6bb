//! Words that stay words in Markdown.

/// Text that means itself and stays within a cell of a table, or within a line.
#[must_use]
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '#' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn cells_stay_cells() {
        assert_eq!(super::text("a|b\n<c> d_e"), "a\\|b &lt;c> d\\_e");
    }
}
