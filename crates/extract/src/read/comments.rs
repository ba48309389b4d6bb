//! Comments out: each character of a comment becomes a blank, so that lines and columns stay.

/// The text with blanks for comments. Strings and character constants are left as they are. It is
/// the same for C and for JSON with comments.
#[must_use]
pub fn blanked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    // What a comment or literal that is open ends with.
    let mut literal: Option<char> = None;
    while let Some(c) = rest.next() {
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
                    out.push(if next == '\n' { '\n' } else { ' ' });
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
    out
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
    fn bytes_that_are_no_text() {
        assert_eq!(text_of(b"\x7fELF\0"), None);
        assert_eq!(text_of(b"\xe9\r\n").as_deref(), Some("?\n"));
    }
}
