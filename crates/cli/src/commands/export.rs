//! `kmapcheck export`: a scenario as a model for another tool.

use std::io;
use std::path::{Path, PathBuf};

use kmapcheck_check::{Failure, fault::catch};
use kmapcheck_export::{Exported, Refusal, Target};
use kmapcheck_report::tame;

use crate::args::{Export, Format, TargetArg};
use crate::exit::Exit;
use crate::failure::answer;
use crate::input;
use crate::output::Output;
use crate::run;
use crate::targets;

/// Runs the command.
pub fn run(args: &Export, output: &mut Output) -> io::Result<Exit> {
    let limits = args.limits.limits(None);
    let run = run::of_one(&limits, &args.file.display().to_string(), Format::Text);
    let done = run.phase("exporting", || Ok(exported(args)));
    run.finish();
    match done.unwrap_or_else(|failure| Err(Problem::Failure(failure))) {
        Ok(exported) => match output_of(args) {
            None => {
                output.print(&exported.text)?;
                if let Some(config) = &exported.config {
                    output.print("\n---- CONFIGURATION ----\n")?;
                    output.print(config)?;
                }
                Ok(Exit::Clean)
            }
            Some(path) => {
                let exit = targets::write(path, &exported.text);
                Ok(match &exported.config {
                    Some(config) => exit.max(targets::write(&cfg(path), config)),
                    None => exit,
                })
            }
        },
        Err(Problem::Refusal(refusal)) => {
            match refusal.place() {
                Some(_) => anstream::eprintln!("kmapcheck: {refusal}"),
                None => anstream::eprintln!("kmapcheck: {}: {refusal}", input::shown(&args.file)),
            }
            Ok(Exit::BadInput)
        }
        Err(Problem::OutputName(said)) => {
            anstream::eprintln!("kmapcheck: {said}");
            Ok(Exit::BadInput)
        }
        Err(Problem::Failure(failure)) => answer(&failure, &run, &args.file, Format::Text, output),
    }
}

/// The file to write; `None`: the model is printed, also where `-` is given for a name.
fn output_of(args: &Export) -> Option<&PathBuf> {
    args.output.as_ref().filter(|path| path.as_os_str() != "-")
}

/// Why there is no model.
enum Problem {
    Failure(Failure),
    Refusal(Refusal),
    OutputName(String),
}

fn exported(args: &Export) -> Result<Exported, Problem> {
    let mut program = input::program(&args.file, &args.overrides).map_err(Problem::Failure)?;
    let output = output_of(args);
    let config = (output.filter(|_| args.to == TargetArg::Tla)).map(|path| cfg(path));
    let written: Vec<&PathBuf> = output.into_iter().chain(&config).collect();
    targets::check(&written, &program.files).map_err(Problem::Failure)?;
    tame::program(&mut program);
    let target = match args.to {
        TargetArg::Promela => Target::Promela,
        TargetArg::Murphi => Target::Murphi,
        TargetArg::Tla => Target::Tla,
        TargetArg::Pnml => Target::Pnml,
    };
    let module = module(args)?;
    catch(|| kmapcheck_export::export(&program, target, module))
        .map_err(|said| Problem::Failure(Failure::Fault(said)))?
        .map_err(Problem::Refusal)
}

/// The module's name, which TLA+ wants to be the file's.
fn module(args: &Export) -> Result<Option<&str>, Problem> {
    let Some(path) = output_of(args).filter(|_| args.to == TargetArg::Tla) else {
        return Ok(None);
    };
    let stem = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or("");
    if path.extension().is_some_and(|e| e == "tla") && kmapcheck_export::is_module_name(stem) {
        return Ok(Some(stem));
    }
    Err(Problem::OutputName(format!(
        "`{}` cannot hold a TLA+ module, which has the name of its file; give `-o NAME.tla` with a NAME of letters, digits and `_`",
        input::shown(path)
    )))
}

/// The configuration's file, beside the module's.
fn cfg(path: &Path) -> PathBuf {
    path.with_extension("cfg")
}
