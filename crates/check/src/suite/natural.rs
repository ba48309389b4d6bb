//! The order in which people look for names: numbers in them by their value, and a name before those
//! that begin with it.
//!
//! `fork` comes before `fork-2.5.5`, and `2-tasks` before `10-tasks`. What an extension is does not
//! matter: compared byte by byte, `fork-2.5.5.json` would come before `fork.json`.

use std::cmp::Ordering;
use std::path::Path;

/// Compares the last parts of two paths, without their extensions; where these are equal, the paths.
pub(super) fn by_name(a: &Path, b: &Path) -> Ordering {
    let name = |path: &Path| {
        let stem = if path.is_dir() {
            path.file_name()
        } else {
            path.file_stem()
        };
        stem.map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    compare(&name(a), &name(b)).then_with(|| a.cmp(b))
}

fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (first, second) = (part(a), part(b));
        if first.is_empty() || second.is_empty() {
            return first.len().cmp(&second.len());
        }
        let order = match (number(first), number(second)) {
            // Longer numbers are larger, and of those of one length the digits tell.
            (Some(n), Some(m)) => n.len().cmp(&m.len()).then_with(|| n.cmp(m)),
            _ => first.cmp(second),
        };
        // The same number may be written with zeros before it.
        if order.is_ne() {
            return order;
        }
        (a, b) = (&a[first.len()..], &b[second.len()..]);
    }
}

/// The digits that a text begins with, or else what comes before its first digit.
fn part(text: &str) -> &str {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits);
    &text[..end.unwrap_or(text.len())]
}

/// A number without zeros before it.
fn number(part: &str) -> Option<&str> {
    let is_number = part.starts_with(|c: char| c.is_ascii_digit());
    is_number.then(|| part.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::by_name;

    #[test]
    fn names_are_in_the_order_that_people_expect() {
        let expected = [
            "2-tasks.json",
            "10-tasks.json",
            "a.json",
            "a1.json",
            "a1-b.json",
            "fork.json",
            "fork-2.5.5.json",
            "fork-2.5.10.json",
            "fork-mended.json",
            "forks.json",
            "é.json",
        ];
        let mut names: Vec<PathBuf> = expected.iter().rev().map(PathBuf::from).collect();
        names.sort_by(|a, b| by_name(a, b));
        assert_eq!(names, expected.map(PathBuf::from));
        // The same number: the bytes tell, so that the order is always the same.
        assert!(by_name(Path::new("a01.json"), Path::new("a1.json")).is_lt());
    }
}
