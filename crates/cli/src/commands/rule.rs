//! `kmapcheck rule`: whether the rule of a model is sufficient.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use kmapcheck_check::run::READING;
use kmapcheck_check::{Failure, fault::catch};
use kmapcheck_prove::rule::{Decision, Options, decide, scenario::Place, sizes};
use kmapcheck_questions::rule::{json, text};
use kmapcheck_report::tame;
use kmapcheck_scenario::load_model_program_named;

use crate::args::{Format, Rule};
use crate::exit::Exit;
use crate::failure::answer;
use crate::input::shown;
use crate::output::Output;
use crate::run;
use crate::targets;

/// Where a scenario stands that is printed and not written.
const HERE: &str = "rule.json";

/// Runs the command.
pub fn run(args: &Rule, output: &mut Output) -> io::Result<Exit> {
    let name = Path::new(&args.model);
    let limits = args.limits.limits(None);
    let run = run::of_one(&limits, &args.model, args.format);
    let loaded = run.phase(READING, || {
        catch(|| load_model_program_named(&args.model, Path::new(HERE)))
            .map_err(Failure::Fault)?
            .map_err(Failure::Input)
    });
    let program = match loaded {
        Ok(program) => program,
        Err(failure) => return answer(&failure, &run, name, args.format, output),
    };
    // Before anything is decided: what cannot be written must not look like an answer.
    let written: Vec<&PathBuf> = args.write.iter().chain(&args.certificate).collect();
    if let Err(failure) = targets::check(&written, &program.files) {
        return answer(&failure, &run, name, args.format, output);
    }
    let options = Options {
        pins: args.pins,
        place: place(&args.model, args.write.as_deref()),
    };
    let decided = run.phase("deciding", || {
        catch(|| {
            let decision = decide(&program, &options);
            (
                decision,
                sizes::holders(&program),
                sizes::reservations(&program),
            )
        })
        .map_err(Failure::Fault)
    });
    let (mut decision, holders, reservations) = match decided {
        Ok(decided) => decided,
        Err(failure) => return answer(&failure, &run, name, args.format, output),
    };
    run.finish();
    if let Decision::Sufficient(certificate) = &mut decision
        && is_path(&args.model)
    {
        let seen = seen_from(&args.model, args.certificate.as_deref());
        certificate.read_from = Some(seen);
        **certificate = certificate.as_ref().clone().sealed();
    }
    let certificate = match &decision {
        Decision::Sufficient(certificate) => {
            Some(serde_json::to_string_pretty(certificate)? + "\n")
        }
        _ => None,
    };
    let scenario = match &decision {
        Decision::NotSufficient(refuted) => Some(refuted.scenario.clone()),
        _ => None,
    };
    let files = [
        (&args.certificate, certificate, "there is no proof"),
        (&args.write, scenario, "no program deadlocks that is known"),
    ];
    let mut written = Exit::Clean;
    for (file, text, otherwise) in files {
        match (file, text) {
            (Some(file), Some(text)) => {
                written = written.max(targets::write(file, &text));
            }
            (Some(file), None) => {
                anstream::eprintln!("kmapcheck: {} is not written: {otherwise}", shown(file));
            }
            (None, _) => {}
        }
    }
    match args.format {
        Format::Text => {
            let mut said = text::render(&program, args.pins, &decision);
            said += &text::sizes(&program, &holders, &reservations);
            let lines = said.lines().map(|line| tame::line(line) + "\n");
            output.print(&lines.collect::<String>())?;
        }
        Format::Json => {
            let answer = json::report(&program, args.pins, &decision, &holders, &reservations);
            output.print(&(serde_json::to_string_pretty(&answer)? + "\n"))?;
        }
    }
    Ok(written.max(match decision {
        Decision::Sufficient(_) => Exit::Clean,
        Decision::NotSufficient(_) => Exit::Violated,
        Decision::Undecided(_) => Exit::Inconclusive,
    }))
}

/// Where the scenario stands and how it names the model: a path is relative to the scenario.
fn place(model: &str, file: Option<&Path>) -> Place {
    Place {
        file: file.map_or_else(|| HERE.to_owned(), |file| file.display().to_string()),
        model: if is_path(model) {
            seen_from(model, file)
        } else {
            model.to_owned()
        },
    }
}

/// Whether a model is given as a path, not by its name.
fn is_path(model: &str) -> bool {
    model.contains('/') || model.ends_with(".json")
}

/// The path of a model as seen from a file that is written.
fn seen_from(model: &str, file: Option<&Path>) -> String {
    let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
    relative(Path::new(model), folder)
        .map_or_else(|| model.to_owned(), |path| path.display().to_string())
}

/// `path` as seen from `folder`; `None`: as it is.
fn relative(path: &Path, folder: &Path) -> Option<PathBuf> {
    if path.is_absolute() || folder.as_os_str().is_empty() {
        return None;
    }
    let (path, folder) = (fs::canonicalize(path).ok()?, fs::canonicalize(folder).ok()?);
    let both = (path.components().zip(folder.components()))
        .take_while(|(a, b)| a == b)
        .count();
    let up = folder.components().skip(both).map(|_| Component::ParentDir);
    Some(up.chain(path.components().skip(both)).collect())
}
