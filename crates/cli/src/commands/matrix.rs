//! `kmapcheck matrix`: what does each scenario do beside each other one?

use std::io;
use std::path::{Path, PathBuf};

use kmapcheck_check::Progress;
use kmapcheck_check::matrix::{Asked, Sizes, read};
use kmapcheck_check::model::named;
use kmapcheck_check::run::{EXPLORING, READING};
use kmapcheck_questions::matrix::{Done, matrix, picture, text};
use serde_json::to_string_pretty;

use super::scenarios;
use crate::args::{Format, Matrix};
use crate::exit::Exit;
use crate::failure::{Wrong, tell};
use crate::output::Output;
use crate::progress::Line;
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
    let (limits, is_text) = (args.limits.limits(), args.format.is_text());
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
