//! A report as one page for browsers: nothing is fetched, so it works from a file and in an
//! archive.
//!
//! The page is whole without JavaScript: the verdict, the programs, each finding with its last
//! state, and every step as a table. JavaScript makes it go back and forth: everything it needs is
//! in the page as JSON, a [`Recording`] for each finding, and the
//! picture of who waits for whom is drawn here, once, with everything that is ever in it.
//!
//! | module | what |
//! |---|---|
//! | `view` | what the templates show |
//! | `chart` | time as paths: steps, waits, slots |
//! | `graph` | who waits for whom: what there is to draw, and when |
//! | `script` | what the script gets |
//! | `data` | JSON that cannot end the script element it is in |
//!
//! States are put into words by [`crate::recording::moment`] for the last one, and in the same
//! words by the script for the others.
//!
//! The templates are in `templates/`, style and script in `assets/`.

mod chart;
mod data;
mod graph;
mod script;
mod view;

use crate::recording::Recording;
use askama::Template;
use kmapcheck_report::Report;
use kmapcheck_scenario::Program;

/// The page of a report, with a recording of each finding; `program` is what it was made of.
///
/// # Errors
///
/// If the template or the data cannot be written.
pub fn render(
    program: &Program,
    report: &Report,
    recordings: &[Recording],
) -> Result<String, askama::Error> {
    view::Page::new(program, report, recordings)?.render()
}
