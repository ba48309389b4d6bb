//! The nearest valid name for a name that is not.
//!
//! Nearness is the Damerau-Levenshtein distance (a swap of neighbours is one mistake), without
//! regard to case; a third of the letters may be wrong. Names are cut before they are compared:
//! the distance costs the product of both lengths, and a file may hold a name of megabytes.

/// Letters of a name that are compared or shown.
const SHOWN: usize = 60;

/// How many candidates are compared.
const COMPARED: usize = 2000;

/// How many names a list shows.
const LISTED: usize = 16;

/// The candidate nearest to `word`, if one is near enough; the first of equals.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let fold = |name: &str| name.chars().take(SHOWN).collect::<String>().to_lowercase();
    let word = fold(word);
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .take(COMPARED)
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&word, &fold(candidate)),
                candidate,
            )
        })
        .filter(|(distance, candidate)| {
            // Of a name of one letter, one wrong letter leaves nothing.
            *distance <= allowed && *distance < candidate.chars().count().max(1)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A name as messages show it: in backticks, not too long, nothing in it that moves a cursor.
pub(crate) fn quoted(name: &str) -> String {
    let mut shown = String::from("`");
    for character in name.chars().take(SHOWN) {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if name.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown.push('`');
    shown
}

/// Names as a sentence shows them: `a`, `b` and 3 more.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let shown: Vec<String> = names.by_ref().take(LISTED).map(quoted).collect();
    let more = names.count();
    let mut text = shown.join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// What to do about an unknown name: the nearest one, or the list of those there are.
pub(crate) fn help_for<'a>(
    word: &str,
    kind: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    if let Some(near) = nearest(word, known.clone()) {
        return format!("did you mean {}?", quoted(near));
    }
    let list = listed(known);
    if list.is_empty() {
        format!("there are no {kind} here")
    } else {
        format!("known {kind}: {list}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_name() {
        let names = ["kmap", "kunmap", "kmap_atomic"];
        assert_eq!(nearest("kmpa", names), Some("kmap"));
        assert_eq!(nearest("KUNMAP", names), Some("kunmap"));
        assert_eq!(nearest("spin_lock", names), None);
        assert_eq!(nearest("a", ["b"]), None);
        assert_eq!(nearest("", ["b"]), None);
    }

    #[test]
    fn quoted_names_are_short_and_tame() {
        assert_eq!(quoted("a\u{1b}[1m"), "`a\\u{1b}[1m`");
        assert_eq!(quoted(&"x".repeat(100)).chars().count(), 63);
    }
}
