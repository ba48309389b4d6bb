//! Pictures, written to the files that were asked for.

use std::path::Path;

use kmapcheck_report::Report;
use kmapcheck_show::picture::{Graph, dot, sequence, svg, waiting};

use crate::exit::Exit;
use crate::input;
use crate::options::picture::{GraphArgs, PictureArgs};
use crate::targets;

/// Writes the pictures of a report. One that there is nothing to draw for is not written, and that
/// is told.
pub fn of_report(report: &Report, args: &PictureArgs) -> Exit {
    let mut exit = Exit::Clean;
    let mut put = |file: &Option<std::path::PathBuf>, text: Option<String>, what: &str| {
        let Some(file) = file else { return };
        match text {
            Some(text) => exit = exit.max(targets::write(file, &text)),
            None => nothing(file, what),
        }
    };
    let graph = if args.svg.is_some() || args.dot.is_some() {
        waiting::graph(report)
    } else {
        None
    };
    put(&args.svg, graph.as_ref().map(svg::render), "no deadlock");
    put(&args.dot, graph.as_ref().map(dot::render), "no deadlock");
    put(&args.mermaid, sequence::render(report), "no finding");
    exit
}

/// Writes the pictures of a graph.
pub fn of_graph(graph: &Graph, args: &GraphArgs) -> Exit {
    let mut exit = Exit::Clean;
    if let Some(file) = &args.svg {
        exit = exit.max(targets::write(file, &svg::render(graph)));
    }
    if let Some(file) = &args.dot {
        exit = exit.max(targets::write(file, &dot::render(graph)));
    }
    exit
}

fn nothing(file: &Path, what: &str) {
    anstream::eprintln!(
        "kmapcheck: there is {what} to draw: {} is not written",
        input::shown(file)
    );
}
