//! `kmapcheck compare`: what two models make of the same scenarios.

use std::io;
use std::path::Path;

use kmapcheck_check::run::{EXPLORING, READING};
use kmapcheck_check::{Failure, Run, fault::catch};
use kmapcheck_questions::compare::{Compared, Comparison, Side, side, text};
use kmapcheck_questions::size::Options;
use kmapcheck_report::{Stopped, tame};
use kmapcheck_scenario::load_model_named;

use crate::args::OverrideArgs;
use crate::collect;
use crate::exit::Exit;
use crate::failure::{exit_of, first_message, in_options, tell};
use crate::input;
use crate::options::compare::{Compare, TableFormat};
use crate::output::Output;
use crate::progress::Line;
use crate::run;

/// Runs the command.
pub fn run(args: &Compare, output: &mut Output) -> io::Result<Exit> {
    let Some(files) = collect::scenarios(&args.paths) else {
        return Ok(Exit::BadInput);
    };
    let beside = files.first().map_or(Path::new(""), |(file, _)| file);
    let mut models = Vec::new();
    for model in [&args.first, &args.second] {
        match load_model_named(model, beside) {
            Ok((summary, name)) => models.push((tame::line(&summary.name), name)),
            Err(errors) => {
                tell(&Failure::Input(errors), Path::new(model));
                return Ok(Exit::BadInput);
            }
        }
    }
    let [(first, first_given), (second, second_given)] = &models[..] else {
        return Ok(Exit::Fault);
    };
    let options = Options {
        // Slots are left as they are given.
        slots_up_to: 1,
        tasks_up_to: args.tasks_up_to,
        limits: args.limits.limits(Some(args.max_states)),
    };
    let (mut exit, mut scenarios) = (Exit::Clean, Vec::new());
    for (file, _) in &files {
        let (shown, format) = (file.display().to_string(), args.format);
        let run = run::of_one(&options.limits, &shown, format.of_one());
        let sides = [
            on_model(file, first_given, &options, &run),
            on_model(file, second_given, &options, &run),
        ];
        run.finish();
        match &sides {
            [Err((Failure::Stopped { .. }, _)), _] | [_, Err((Failure::Stopped { .. }, _))] => {
                exit = exit.max(Exit::Inconclusive);
            }
            // All of it, once: what is wrong is hardly about the model.
            [Err((failure, _)), Err(_)] => {
                tell(failure, file);
                exit = exit.max(exit_of(failure));
            }
            [a, b] => {
                let faulty =
                    |side: &Result<_, (Failure, _)>| matches!(side, Err((Failure::Fault(_), _)));
                if faulty(a) || faulty(b) {
                    exit = Exit::Fault;
                }
            }
        }
        // What is wrong with a file has its text, which takes memory: it goes before the name is read.
        let sides = sides.map(|side| side.map_err(|(_, why)| why));
        let name = (sides.iter().flatten())
            .map(|(name, _)| name.clone())
            .next();
        run::said(&run, exit.max(Exit::Inconclusive));
        scenarios.push(Compared {
            scenario: name.unwrap_or_else(|| name_of(file, &run)),
            file: file.display().to_string(),
            sides: sides.map(|side| match side {
                Ok((_, side)) => side,
                Err(why) => Side::NotRun { why },
            }),
        });
    }
    let comparison = Comparison {
        models: [first.clone(), second.clone()],
        scenarios,
    };
    if !comparison.is_complete() {
        exit = exit.max(Exit::Inconclusive);
    }
    output.print(&match args.format {
        TableFormat::Text => text::render(&comparison),
        TableFormat::Markdown => text::markdown(&comparison),
        TableFormat::Json => serde_json::to_string_pretty(&comparison)? + "\n",
    })?;
    Ok(exit)
}

/// The name of a scenario that runs on neither model: on its own, or that of its file.
fn name_of(file: &Path, run: &Run) -> String {
    let own = run.phase(READING, || input::program(file, &OverrideArgs::default()));
    own.ok()
        .map_or_else(|| input::shown(file), |program| tame::line(&program.name))
}

/// The scenario's name and what holds on that model; or why it was not run, with the same in a line.
fn on_model(
    file: &Path,
    model: &str,
    options: &Options,
    run: &Run,
) -> Result<(String, Side), (Failure, String)> {
    let overrides = OverrideArgs {
        model: Some(model.to_owned()),
        ..OverrideArgs::default()
    };
    let with_why = |failure| {
        let why = match &failure {
            Failure::Input(errors) => first_message(errors),
            Failure::Unfit(unfit) => in_options(unfit),
            Failure::Refused(said) | Failure::Fault(said) => tame::line(said),
            Failure::Stopped { phase, reached } => Stopped::line(*reached, phase),
        };
        (failure, why)
    };
    let read = run.phase(READING, || {
        let mut program = input::program(file, &overrides)?;
        tame::program(&mut program);
        Ok(program)
    });
    let program = read.map_err(with_why)?;
    let line = Line::new(&file.display().to_string(), false);
    let found = run.phase(EXPLORING, || {
        catch(|| side(&program, options, &mut |progress| line.show(progress)))
            .map_err(Failure::Fault)
    });
    Ok((program.name.clone(), found.map_err(with_why)?))
}
