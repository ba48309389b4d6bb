//! Where a finding is, for tools that show it beside the text.
//!
//! An operation stands in a scenario at `file:line:column`. Its `at` says where in the kernel it
//! comes from; where that has the form of a file and a line (`mm/mremap.c:123`), it is the better
//! place to show, since that is the text that one wants to change.

use std::fmt;

use kmapcheck_scenario::{FindingKind, Location, Program};

use crate::report::{Finding, Standing, TaskAtEnd};

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

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        self.column.map_or(Ok(()), |column| write!(f, ":{column}"))
    }
}

impl Place {
    /// A place in one of the files that a program was read from.
    #[must_use]
    pub(crate) fn in_program(program: &Program, location: Location) -> Place {
        let file = program.files.get(location.file);
        Place {
            file: file.map_or("?", String::as_str).to_owned(),
            line: location.line,
            column: Some(location.column),
        }
    }

    /// Reads what an author wrote as `at`: `file:line` or `file:line:column`; `None`: it is prose.
    fn written(text: &str) -> Option<Place> {
        let number = |text: &str| text.parse::<usize>().ok().filter(|&number| number > 0);
        let (rest, last) = text.rsplit_once(':')?;
        let last = number(last)?;
        let (file, line, column) = match rest.rsplit_once(':') {
            Some((file, line)) if number(line).is_some() => (file, number(line)?, Some(last)),
            _ => (rest, last, None),
        };
        let is_file = !file.is_empty() && !file.contains(char::is_whitespace);
        is_file.then(|| Place {
            file: file.to_owned(),
            line,
            column,
        })
    }

    /// Where an operation is: its `at`, if that is a file and a line, otherwise its place in the
    /// scenario.
    #[must_use]
    pub fn of(source: &Place, at: Option<&str>) -> Place {
        at.and_then(Place::written)
            .unwrap_or_else(|| source.clone())
    }

    /// Every place that a finding is about, the first one first: of a deadlock, where each task of
    /// the core waits.
    #[must_use]
    pub fn all_of(finding: &Finding) -> Vec<Place> {
        let waiting = (finding.tasks.iter()).filter(|task| task.standing == Standing::Waits);
        let place = |task: &TaskAtEnd| Some(Place::of(task.place.as_ref()?, task.at.as_deref()));
        let places: Vec<Place> = match finding.kind {
            FindingKind::Deadlock | FindingKind::TimeoutRescue => waiting
                .filter(|task| finding.core.contains(&task.task))
                .filter_map(place)
                .collect(),
            kind => {
                let step = (finding.trace.last()).filter(|step| step.findings.contains(&kind));
                match step {
                    Some(step) => vec![Place::of(&step.place, step.at.as_deref())],
                    // Judged where a task waits in its call.
                    None => waiting.filter_map(place).collect(),
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
            Place::written("mm/mremap.c:12"),
            place("mm/mremap.c", 12, None)
        );
        for no_place in [
            "mm/mremap.c move_one_page",
            "mm/mremap.c",
            ":3",
            "a:0",
            "a:b",
            "see also: 3",
            "two words:3:4",
        ] {
            assert_eq!(Place::written(no_place), None, "{no_place}");
        }
        // A file may have any name.
        let scenario = place("a: 1:2.json", 3, Some(9)).expect("it is one");
        let prose = "mm/mremap.c move_one_page";
        assert_eq!(Place::of(&scenario, Some(prose)), scenario);
        assert_eq!(Place::of(&scenario, None), scenario);
        assert_eq!(
            Some(Place::of(&scenario, Some("fs/exec.c:7"))),
            place("fs/exec.c", 7, None)
        );
    }
}
