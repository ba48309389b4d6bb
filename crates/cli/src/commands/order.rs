//! `kmapcheck order`: what is held while something else is asked for?

use std::io;
use std::path::{Path, PathBuf};

use kmapcheck_check::run::READING;
use kmapcheck_check::{Failure, fault::catch};
use kmapcheck_questions::order::{Judged, Pairs, picture, text};
use kmapcheck_report::tame;
use kmapcheck_scenario::{keys_of, load_model_named};

use crate::args::{Format, Order};
use crate::exit::Exit;
use crate::failure::{answer, exit_of, tell};
use crate::input;
use crate::output::Output;
use crate::pictures;
use crate::run;
use crate::targets;

/// Runs the command.
pub fn run(args: &Order, output: &mut Output) -> io::Result<Exit> {
    let limits = args.limits.limits(None);
    let run = run::of_one(&limits, &args.file.display().to_string(), args.format);
    let order = run.phase(READING, || Ok(of_model(args)));
    if let Ok(Some(order)) = order {
        run.finish();
        return model(args, order, output);
    }
    let pairs = order.and_then(|_| {
        let program = run.phase(READING, || {
            let mut program = input::program(&args.file, &args.overrides)?;
            targets::check(&args.pictures.files(), &program.files)?;
            if args.format == Format::Text {
                tame::program(&mut program);
            }
            Ok(program)
        })?;
        run.phase("looking for circles", || {
            catch(|| Pairs::of(&program)).map_err(Failure::Fault)
        })
    });
    let pairs = match pairs {
        Ok(pairs) => pairs,
        Err(failure) => return answer(&failure, &run, &args.file, args.format, output),
    };
    let written = run::write(&run, &args.file, || {
        pictures::of_graph(&picture::graph(&pairs), &args.pictures)
    });
    let text = match args.format {
        Format::Text => text::render(&pairs),
        Format::Json => serde_json::to_string_pretty(&pairs)? + "\n",
    };
    run.finish();
    output.print(&text)?;
    Ok(written.max(match pairs.judged {
        Judged::Excluded => Exit::Clean,
        Judged::Open | Judged::NotJudged => Exit::Inconclusive,
    }))
}

/// The name, the order and the file of the model, if the file is one, or the name of one.
fn of_model(args: &Order) -> Option<(String, Vec<String>, PathBuf)> {
    let name = args.file.to_str()?;
    let names_file = args.file.is_file();
    if names_file {
        let keys = keys_of(&args.file)?;
        let has = |wanted: &str| keys.iter().any(|key| key == wanted);
        if has("tasks") || !has("series") {
            return None;
        }
    } else if name.contains('/') || name.ends_with(".json") {
        return None;
    }
    let named = match names_file && !name.contains('/') {
        true => format!("./{name}"),
        false => name.to_owned(),
    };
    let (model, file) = load_model_named(&named, Path::new("")).ok()?;
    let order = model.order.iter().map(|name| tame::line(name)).collect();
    Some((tame::line(&model.name), order, PathBuf::from(file)))
}

/// Shows the order that a model states.
fn model(
    args: &Order,
    (name, order, file): (String, Vec<String>, PathBuf),
    output: &mut Output,
) -> io::Result<Exit> {
    let given = &args.overrides;
    if args.format == Format::Json
        || given.model.is_some()
        || !(given.slots.is_empty() && given.tasks.is_empty())
    {
        anstream::eprintln!(
            "kmapcheck: {name} is a model: of it there is only the order that it states, as text and in pictures"
        );
        return Ok(Exit::BadInput);
    }
    if let Err(failure) = targets::check(&args.pictures.files(), &[&file]) {
        tell(&failure, &args.file);
        return Ok(exit_of(&failure));
    }
    let written = pictures::of_graph(&picture::stated(&name, &order), &args.pictures);
    output.print(&match order.is_empty() {
        true => format!("{name} states no order.\n"),
        false => format!("{name} states this order: {}.\n", order.join(", then ")),
    })?;
    Ok(written)
}
