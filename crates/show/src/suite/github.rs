//! Annotations for GitHub Actions: workflow commands, one line each, that its runner turns into
//! remarks beside the lines of a pull request.
//!
//! A line is `::error file=F,line=L,col=C,title=T::MESSAGE`. In properties `%`, CR, LF, `:` and `,`
//! are written as percent codes, in messages the first three, as the runner's own toolkit does.

use kmapcheck_scenario::Level;

use super::Case;

/// The annotations of a case, a line each.
#[must_use]
pub fn render(case: &Case) -> String {
    let mut out = String::new();
    for problem in case.problems() {
        let level = match problem.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        let place = problem.places.first().map_or_else(String::new, |place| {
            let column = (place.column).map_or_else(String::new, |column| format!(",col={column}"));
            format!(
                "file={},line={}{column},",
                property(&place.file),
                place.line
            )
        });
        let title = property(&format!("kmapcheck: {}", problem.rule));
        out += &format!(
            "::{level} {place}title={title}::{}\n",
            message(&problem.message)
        );
    }
    out
}

fn message(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::{Mistake, Tested};
    use kmapcheck_report::place::Place;

    #[test]
    fn nothing_breaks_out_of_a_command() {
        let case = Case {
            file: "a,b:c\n::error::x.json".to_owned(),
            tested: Tested::Fault("100% wrong\n::error::two".to_owned()),
            report: None,
        };
        assert_eq!(
            render(&case),
            "::error file=a%2Cb%3Ac%0A%3A%3Aerror%3A%3Ax.json,line=1,title=kmapcheck%3A internal-fault\
             ::100%25 wrong%0A::error::two\n"
        );
    }

    #[test]
    fn mistakes_in_files_have_their_places() {
        let case = Case {
            file: "x.json".to_owned(),
            tested: Tested::Unreadable(vec![
                Mistake {
                    place: Some(Place {
                        file: "x: y.json".to_owned(),
                        line: 3,
                        column: Some(7),
                    }),
                    message: "no such series (one)".to_owned(),
                },
                Mistake {
                    place: None,
                    message: "model missing".to_owned(),
                },
            ]),
            report: None,
        };
        assert_eq!(
            render(&case),
            "::error file=x%3A y.json,line=3,col=7,title=kmapcheck%3A unreadable::no such series (one)\n\
             ::error file=x.json,line=1,title=kmapcheck%3A unreadable::model missing\n"
        );
    }
}
