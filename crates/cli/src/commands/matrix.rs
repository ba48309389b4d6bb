//! `kmapcheck matrix`: what does each scenario do beside each other one?

use std::io;
use std::path::{Path, PathBuf};

use kmapcheck_args::{Format, Matrix};
use kmapcheck_check::cell::{Cell, check_cell};
use kmapcheck_check::matrix::{Asked, Sizes, read};
use kmapcheck_check::model::named;
use kmapcheck_check::run::{EXPLORING, READING, REPORTING};
use kmapcheck_check::{Progress, Run};
use kmapcheck_limits::Limits;
use kmapcheck_questions::matrix::{Done, Named, OnModel, matrix, picture, text};
use kmapcheck_report::Stopped;
use kmapcheck_show::text::{self as text_of, Options};
use serde_json::to_string_pretty;

use super::scenarios;
use crate::exit::Exit;
use crate::failure::{Wrong, tell};
use crate::output::{self, Output};
use crate::progress::{Line, interrupt};
use crate::run::{self, one};
use crate::targets;

/// Runs the command.
pub fn run(args: &Matrix, output: &mut Output) -> io::Result<Exit> {
    let Some(files) = scenarios(&args.paths) else {
        return Ok(Exit::BadInput);
    };
    let files: Vec<PathBuf> = files.into_iter().map(|(file, _)| file).collect();
    let beside = files.first().map_or(Path::new(""), |file| file);
    let mut models = Vec::new();
    for model in &args.models {
        match named(model, beside) {
            Ok(model) => models.push(model),
            Err(failure) => return Ok(tell(&failure, Path::new(model))),
        }
    }
    let sizes = match (args.slots.as_slice(), &args.units) {
        ([], None) => Sizes::AsGiven,
        ([], Some((name, numbers))) => Sizes::Units(name.clone(), numbers.clone()),
        (slots, _) => Sizes::Slots(slots.to_vec()),
    };
    let (limits, is_text) = (args.limits.limits(interrupt()), args.format.is_text());
    let written: Vec<&PathBuf> = args.svg.iter().collect();
    one(beside, &limits, args.format, output, |run| {
        let asked = Asked {
            files: &files,
            models: &models,
            sizes: &sizes,
            tasks: args.tasks,
            written: &written,
            terminal: is_text || !written.is_empty(),
        };
        let read = run.phase(READING, || Ok(read(&asked)))?;
        let (scenarios, on_each) = read.map_err(|(file, failure)| match file {
            Some(file) => Wrong::of(&file, failure),
            None => Wrong::usage(failure.to_string()),
        })?;
        if let Some([one, other]) = args.cell.as_deref() {
            let asked = (one.as_str(), other.as_str());
            let labels = sizes.labels();
            return cells(
                run,
                args.format,
                (&scenarios, &on_each),
                asked,
                &labels,
                &limits,
            );
        }
        let line = Line::new(Path::new("matrix"), false);
        let matrix = run.phase(EXPLORING, || {
            let progress = &mut |done: Done, states: &_| {
                line.show_cells(done.cells, done.of, Progress::States(states));
            };
            Ok(matrix(
                scenarios,
                &on_each,
                sizes.labels(),
                &limits,
                progress,
            ))
        })?;
        drop(line);
        let drawn = || targets::picture(&args.svg, || picture::render(&matrix));
        let written = run::write(run, beside, drawn);
        let text = || match args.format {
            Format::Markdown => text::markdown(&matrix),
            _ => text::render(&matrix),
        };
        let said = args.format.render(text, || to_string_pretty(&matrix))?;
        Ok((said, written.max(matrix.verdict().into())))
    })
}

/// One cell, on each model and at each size.
fn cells(
    run: &Run,
    format: Format,
    (scenarios, on_each): (&[Named], &[OnModel]),
    (one, other): (&str, &str),
    (sizes, sizes_of): &(Vec<String>, String),
    limits: &Limits,
) -> Result<(String, Exit), Wrong> {
    let cell =
        Cell::of(scenarios, one, other).map_err(|failure| Wrong::usage(failure.to_string()))?;
    let line = Line::new(Path::new("matrix"), false);
    let (mut told, mut reports, mut exit) = (Vec::new(), Vec::new(), Exit::Clean);
    for on in on_each {
        for (i, size) in sizes.iter().enumerate() {
            let not_run = |why: String| {
                let at = if size.is_empty() {
                    String::new()
                } else {
                    format!(" with {size} {sizes_of}")
                };
                Wrong::usage(format!("that is not run{at}: {why}"))
            };
            let (program, split) = cell.program(&on.programs, i).map_err(not_run)?;
            let watcher = &mut |progress: Progress<'_>| line.show(progress);
            let found = check_cell(&program, split, limits, run, watcher)?;
            let head = match (size.is_empty(), sizes.len()) {
                (false, 2..) => format!("With {size} {sizes_of}: "),
                _ => String::new(),
            };
            exit = exit.max(found.report.verdict.into());
            for (mut report, head) in [
                Some((found.report, head)),
                (found.together).map(|report| (report, "Of tasks of both together: ".to_owned())),
            ]
            .into_iter()
            .flatten()
            {
                if let Some(stopped) = &mut report.stopped {
                    repeat(stopped);
                }
                let options = Options {
                    width: output::width(),
                    // The second one is a part of what the first took.
                    elapsed: report.elapsed_ms > 0.0,
                };
                let text = run.last(REPORTING, || Ok(text_of::render(&report, &options)))?;
                told.push(head + &text);
                reports.push(report);
            }
        }
    }
    drop(line);
    let text = || told.join("\n");
    let said = format.render(text, || to_string_pretty(&reports))?;
    Ok((said, exit))
}

/// What to do where a limit came first: there is no file to check.
fn repeat(stopped: &mut Stopped) {
    if let Some((option, value)) = stopped.raise.take() {
        stopped.next = format!("give it more, such as `{option} {value}`");
    }
}
