//! Where a finding is, for tools that show it beside the text.
//!
//! An operation stands in a scenario at `file:line:column`. Its `at` says where in the kernel it
//! comes from; where that has the form of a file and a line (`mm/mremap.c:123`), it is the better
//! place to show, since that is the text that one wants to change.

use kmapcheck_scenario::FindingKind;

use crate::report::{Finding, Standing};

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, if it is known.
    pub column: Option<usize>,
}

impl Place {
    /// Reads `file:line` or `file:line:column`; `None`: it is something else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Place> {
        let number = |text: &str| text.parse::<usize>().ok().filter(|&number| number > 0);
        let (rest, last) = text.rsplit_once(':')?;
        let last = number(last)?;
        let (file, line, column) = match rest.rsplit_once(':') {
            Some((file, line)) if number(line).is_some() => (file, number(line)?, Some(last)),
            _ => (rest, last, None),
        };
        let no_file = file.is_empty() || file.chars().any(char::is_whitespace);
        // The scenario's own path may have blanks; what an author writes as `at` with blanks in it
        // is prose.
        (!no_file || column.is_some() && !file.is_empty()).then(|| Place {
            file: file.to_owned(),
            line,
            column,
        })
    }

    /// Where an operation is: its `at`, if that is a file and a line, otherwise its place in the
    /// scenario.
    #[must_use]
    pub fn of(source: &str, at: Option<&str>) -> Option<Place> {
        at.and_then(Place::parse).or_else(|| Place::parse(source))
    }

    /// Where a finding is: the operation that is wrong, or that a task of the core waits in.
    #[must_use]
    pub fn of_finding(finding: &Finding) -> Option<Place> {
        Place::all_of(finding).into_iter().next()
    }

    /// Every place that a finding is about, the first one first: of a deadlock, where each task of
    /// the core waits.
    #[must_use]
    pub fn all_of(finding: &Finding) -> Vec<Place> {
        let waiting = (finding.tasks.iter()).filter(|task| task.standing == Standing::Waits);
        let places: Vec<Place> = match finding.kind {
            FindingKind::Deadlock => waiting
                .filter(|task| finding.core.contains(&task.task))
                .filter_map(|task| Place::of(task.source.as_deref()?, task.at.as_deref()))
                .collect(),
            kind => {
                let step = (finding.trace.last()).filter(|step| step.findings.contains(&kind));
                match step {
                    Some(step) => Place::of(&step.source, step.at.as_deref())
                        .into_iter()
                        .collect(),
                    // Judged where a task waits in its call.
                    None => waiting
                        .filter_map(|task| Place::of(task.source.as_deref()?, task.at.as_deref()))
                        .collect(),
                }
            }
        };
        let mut distinct: Vec<Place> = Vec::new();
        for place in places {
            if !distinct.contains(&place) {
                distinct.push(place);
            }
        }
        distinct
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn files_and_lines_are_read() {
        let place = |file: &str, line, column| {
            Some(Place {
                file: file.to_owned(),
                line,
                column,
            })
        };
        assert_eq!(
            Place::parse("mm/mremap.c:12"),
            place("mm/mremap.c", 12, None)
        );
        assert_eq!(Place::parse("a b.json:1:2"), place("a b.json", 1, Some(2)));
        for no_place in [
            "mm/mremap.c move_one_page",
            "mm/mremap.c",
            ":3",
            "a:0",
            "a:b",
            "see also: 3",
        ] {
            assert_eq!(Place::parse(no_place), None, "{no_place}");
        }
        let scenario = place("s.json", 3, Some(9));
        assert_eq!(
            Place::of("s.json:3:9", Some("mm/mremap.c move_one_page")),
            scenario
        );
        assert_eq!(Place::of("s.json:3:9", None), scenario);
        assert_eq!(
            Place::of("s.json:3:9", Some("fs/exec.c:7")),
            place("fs/exec.c", 7, None)
        );
    }
}
