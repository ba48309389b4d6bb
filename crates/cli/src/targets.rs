//! Files that were asked for, written: what cannot be is told, and costs nobody the rest.

use std::path::{Path, PathBuf};

use kmapcheck_args::{Check, GraphArgs};
use kmapcheck_check::targets::cannot_write;
use kmapcheck_report::{Report, escape};
use kmapcheck_show::picture::{Graph, dot, sequence, svg, waiting};

use crate::exit::Exit;
use crate::failure::usage;

/// Writes a file.
pub fn write(file: &Path, text: &str) -> Exit {
    match std::fs::write(file, text) {
        Ok(()) => Exit::Clean,
        Err(error) => usage(&cannot_write(file, &error)),
    }
}

/// Writes a file if it was asked for. Where there is nothing to write, `nothing` says so.
pub fn put(
    file: &Option<PathBuf>,
    text: Option<String>,
    nothing: impl FnOnce(String) -> String,
) -> Exit {
    match (file, text) {
        (Some(file), Some(text)) => write(file, &text),
        (Some(file), None) => {
            anstream::eprintln!("kmapcheck: {}", nothing(escape::path(file)));
            Exit::Clean
        }
        (None, _) => Exit::Clean,
    }
}

/// Draws a picture if it was asked for.
pub fn picture(file: &Option<PathBuf>, draw: impl FnOnce() -> String) -> Exit {
    (file.as_ref()).map_or(Exit::Clean, |file| write(file, &draw()))
}

/// Writes the pictures of a report.
pub fn pictures(report: &Report, args: &Check) -> Exit {
    let graph = match (&args.svg, &args.dot) {
        (None, None) => None,
        _ => waiting::graph(report),
    };
    let draw = |file, text: Option<String>, what| {
        let nothing = |file| format!("there is {what} to draw: {file} is not written");
        put(file, text, nothing)
    };
    let drawn = [
        draw(&args.svg, graph.as_ref().map(svg::render), "no deadlock"),
        draw(&args.dot, graph.as_ref().map(dot::render), "no deadlock"),
        draw(&args.mermaid, sequence::render(report), "no finding"),
    ];
    drawn.into_iter().fold(Exit::Clean, Exit::max)
}

/// Writes the pictures of a graph.
pub fn graph(graph: &Graph, args: &GraphArgs) -> Exit {
    picture(&args.svg, || svg::render(graph)).max(picture(&args.dot, || dot::render(graph)))
}
