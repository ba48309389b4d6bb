//! Comments out: each character of a comment becomes a blank, so that lines and columns stay.

/// The text with blanks for comments. Strings and character constants are left as they are. It is
/// the same for C and for JSON with comments.
#[must_use]
pub fn blanked(text: &str) -> String {
    without_comments(text, false)
}

/// The same; with `joins` a comment over several lines that begins in a directive does not end it,
/// so its line breaks come after the whole directive.
fn without_comments(text: &str, joins: bool) -> String {
    // Whether anything but space was on this line, and whether it is a directive.
    let (mut begun, mut directive) = (false, false);
    let mut waiting = 0usize;
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    // What a comment or literal that is open ends with.
    let mut literal: Option<char> = None;
    while let Some(c) = rest.next() {
        if !begun && !c.is_whitespace() {
            (begun, directive) = (true, c == '#');
        }
        if c == '\n' {
            out.extend(std::iter::repeat_n('\n', std::mem::take(&mut waiting)));
            (begun, directive) = (false, false);
        }
        match (literal, c) {
            (Some(_), '\\') => {
                out.push(c);
                out.extend(rest.next());
            }
            (Some(quote), _) => {
                // A literal ends with its line: an apostrophe in skipped text must not go on.
                if c == quote || c == '\n' {
                    literal = None;
                }
                out.push(c);
            }
            (None, '/') if rest.peek() == Some(&'/') => {
                out.push(' ');
                while let Some(&next) = rest.peek() {
                    if next == '\n' {
                        break;
                    }
                    rest.next();
                    out.push(' ');
                    if next == '\\' && rest.peek() == Some(&'\n') {
                        rest.next();
                        out.push('\n');
                    }
                }
            }
            (None, '/') if rest.peek() == Some(&'*') => {
                rest.next();
                out.push_str("  ");
                let mut before = ' ';
                for next in rest.by_ref() {
                    match next {
                        '\n' if joins && directive => waiting += 1,
                        '\n' => out.push('\n'),
                        _ => out.push(' '),
                    }
                    if before == '*' && next == '/' {
                        break;
                    }
                    before = next;
                }
            }
            (None, '"' | '\'') => {
                literal = Some(c);
                out.push(c);
            }
            (None, _) => out.push(c),
        }
    }
    out.extend(std::iter::repeat_n('\n', waiting));
    out
}

/// C text with blanks for comments and lines that go on joined, each line break moved to the end of
/// the line that it was in. So every line that is left is a whole one and has its number.
#[must_use]
pub fn logical(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut waiting = 0usize;
    let mut rest = text;
    // A backslash at the end of a line is gone before anything else is looked at.
    while let Some(at) = rest.find('\n') {
        let line = &rest[..at];
        match line.trim_end().strip_suffix('\\') {
            // What counts breaks stands for a break that is put off.
            Some(line) => {
                joined.push_str(line);
                waiting += 1;
            }
            None => {
                joined.push_str(line);
                joined.extend(std::iter::repeat_n('\n', waiting + 1));
                waiting = 0;
            }
        }
        rest = &rest[at + 1..];
    }
    joined.push_str(rest);
    joined.extend(std::iter::repeat_n('\n', waiting));
    without_comments(&joined, true)
}

/// Bytes as text: UTF-8, or else each byte that is no ASCII as `?`. `None`: it is no text.
#[must_use]
pub fn text_of(bytes: &[u8]) -> Option<String> {
    if bytes.contains(&0) {
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let plain = match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => text.to_owned(),
        // The tree's offsets are bytes: with one byte a character they are columns too.
        Ok(text) => text
            .chars()
            .map(|c| if c.is_ascii() { c } else { '?' })
            .collect(),
        Err(_) => (bytes.iter())
            .map(|&byte| {
                if byte.is_ascii() {
                    char::from(byte)
                } else {
                    '?'
                }
            })
            .collect(),
    };
    Some(plain.replace("\r\n", "\n").replace('\r', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_stay() {
        let text = "a /* b\n c */ d // e\n\"/* no */\" '\"' /* f */ g";
        let out = blanked(text);
        assert_eq!(out.len(), text.len());
        assert_eq!(out, "a     \n      d     \n\"/* no */\" '\"'         g");
    }

    #[test]
    fn lines_that_go_on_are_one() {
        assert_eq!(logical("a \\\nb\nc"), "a b\n\nc");
        assert_eq!(
            logical("ku\\\nnmap(p); // x \\\ny\nz"),
            "kunmap(p);       \n\n\nz"
        );
        let joined = format!("#define A{}1\n\nb", " ".repeat(10));
        assert_eq!(logical("#define A /* x\ny */ 1\nb"), joined);
    }

    #[test]
    fn bytes_that_are_no_text() {
        assert_eq!(text_of(b"\x7fELF\0"), None);
        assert_eq!(text_of(b"\xe9\r\n").as_deref(), Some("?\n"));
    }
}
