//! JSON in a script element.
//!
//! A script element ends at the first `</script`, wherever it is, and `<!--` changes how the rest
//! is read. Both begin with `<`, which in JSON stands in strings only, where it may be escaped.

use serde::Serialize;

/// `value` as JSON that holds no `<`, `>` or `&`.
pub(crate) fn json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let text = serde_json::to_string(value)?;
    Ok(text
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026"))
}

#[cfg(test)]
mod tests {
    use super::json;

    #[test]
    fn nothing_ends_the_element_and_nothing_is_lost() {
        let said = "</script><!-- & \u{2028} \"quoted\" \\u003c";
        let text = json(&said).expect("it is JSON");
        assert!(!text.contains(['<', '>', '&']), "{text}");
        let back: String = serde_json::from_str(&text).expect("it is JSON still");
        assert_eq!(back, said);
    }
}
