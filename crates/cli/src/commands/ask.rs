//! The commands that ask one thing about one file: `explain`, `order`, `size`, `suggest`, `simulate`,
//! `rule`, `verify` and `export`. Each reads, asks, draws what was asked for, and says the answer.

use std::io;
use std::path::{Path, PathBuf};

use kmapcheck_args::{
    Explain, Export, Format, Order, OverrideArgs, Rule, Simulate, Size, Suggest, Verify,
};
use kmapcheck_check::certificate::judge;
use kmapcheck_check::model::{Named, instead_of_scenario};
use kmapcheck_check::run::{EXPLORING, READING, REPORTING};
use kmapcheck_check::{Failure, Overrides, Progress, Run, program};
use kmapcheck_export::{Target, is_module_name};
use kmapcheck_questions::order::{self, Pairs};
use kmapcheck_questions::rule::{HERE, Question};
use kmapcheck_questions::{simulate, size, suggest};
use kmapcheck_report::escape;
use kmapcheck_scenario::{Program, load_model_program_named};
use kmapcheck_show::listing;
use serde_json::to_string_pretty;

use crate::exit::Exit;
use crate::failure::Wrong;
use crate::output::{self, Output};
use crate::progress::{Line, interrupt};
use crate::run::{self, one};
use crate::targets;

/// Reads the scenario that is asked about.
fn read(
    run: &Run,
    file: &Path,
    overrides: &OverrideArgs,
    written: &[&PathBuf],
    terminal: bool,
) -> Result<Program, Failure> {
    run.phase(READING, || {
        program(file, &overrides.overrides(), written, terminal)
    })
}

/// `kmapcheck explain`: the task programs as they run.
pub fn explain(args: &Explain, output: &mut Output) -> io::Result<Exit> {
    let (of, limits) = (&args.of, args.limits.limits(None, interrupt()));
    one(&of.file, &limits, Format::Text, output, |run| {
        let program = read(run, &of.file, &of.overrides, &[], true)?;
        let listed = run.phase(READING, || Ok(listing::render(&program)))?;
        Ok((listed, Exit::Clean))
    })
}

/// `kmapcheck order`: what is held while something else is asked for?
pub fn order(args: &Order, output: &mut Output) -> io::Result<Exit> {
    let (file, limits) = (&args.file, args.limits.limits(None, interrupt()));
    one(file, &limits, args.format, output, |run| {
        if let Some(model) = run.phase(READING, || Ok(instead_of_scenario(file)))? {
            run.finish();
            return stated(args, &model);
        }
        let (written, terminal) = (args.pictures.files(), args.format.is_text());
        let program = read(run, file, &args.overrides, &written, terminal)?;
        let pairs = run.phase("looking for circles", || Ok(Pairs::of(&program)))?;
        let drawn = || targets::graph(&order::picture::graph(&pairs), &args.pictures);
        let written = run::write(run, file, drawn);
        let (text, json) = (|| order::text::render(&pairs), || to_string_pretty(&pairs));
        let exit = written.max(pairs.verdict().into());
        Ok((args.format.render(text, json)?, exit))
    })
}

/// Shows the order that a model states.
fn stated(args: &Order, model: &Named) -> Result<(String, Exit), Wrong> {
    let name = &model.name;
    if !args.format.is_text() || args.overrides.overrides() != Overrides::default() {
        return Err(Wrong::usage(format!(
            "{name} is a model: of it there is only the order that it states, as text and in pictures"
        )));
    }
    kmapcheck_check::targets::check(&args.pictures.files(), &[&model.file])?;
    let graph = order::picture::stated(name, &model.order);
    let written = targets::graph(&graph, &args.pictures);
    Ok((order::text::stated(name, &model.order), written))
}

/// `kmapcheck size`: how many slots are enough, and how many tasks are safe.
pub fn size(args: &Size, output: &mut Output) -> io::Result<Exit> {
    let (of, limits) = (&args.of, args.limits.limits(interrupt()));
    one(&of.file, &limits, args.format, output, |run| {
        let written: Vec<&PathBuf> = args.svg.iter().collect();
        let terminal = args.format.is_text() || args.svg.is_some();
        let program = read(run, &of.file, &of.overrides, &written, terminal)?;
        let options = size::Options {
            slots_up_to: args.slots_up_to,
            tasks_up_to: args.tasks_up_to,
            limits: limits.clone(),
        };
        let line = Line::new(&of.file, false);
        let progress = &mut |progress: &_| line.show(Progress::States(progress));
        let report = run.phase(EXPLORING, || Ok(size::sizes(&program, &options, progress)))?;
        drop(line);
        let drawn = || targets::picture(&args.svg, || size::picture::render(&report));
        let written = run::write(run, &of.file, drawn);
        let (text, json) = (|| size::text::render(&report), || to_string_pretty(&report));
        let exit = written.max(report.verdict().into());
        Ok((args.format.render(text, json)?, exit))
    })
}

/// `kmapcheck suggest`: which orders and reuse policies help, and which kmap to change.
pub fn suggest(args: &Suggest, output: &mut Output) -> io::Result<Exit> {
    let (limits, terminal) = (args.limits.limits(interrupt()), args.format.is_text());
    let first = args.files.first().map_or(Path::new(""), |file| file);
    one(first, &limits, args.format, output, |run| {
        let mut programs = Vec::new();
        for file in &args.files {
            let read = read(run, file, &args.overrides, &[], terminal);
            programs.push(read.map_err(|failure| Wrong::of(file, failure))?);
        }
        let line = Line::new(Path::new("suggest"), false);
        let progress = &mut |progress: &_| line.show(Progress::States(progress));
        let mut report = run.phase(EXPLORING, || {
            Ok(suggest::suggest(&programs, &limits, progress)?)
        })?;
        drop(line);
        let text = run.last(REPORTING, || {
            report.add_diff(&programs, terminal);
            let json = || to_string_pretty(&report);
            let text = args.format.render(|| suggest::text::render(&report), json);
            text.map_err(|error| Failure::Fault(error.to_string()))
        })?;
        Ok((text, report.verdict().into()))
    })
}

/// `kmapcheck simulate`: how likely is a deadlock?
pub fn simulate(args: &Simulate, output: &mut Output) -> io::Result<Exit> {
    const WALKING: &str = "walking";
    let (of, limits) = (&args.of, args.limits.limits(None, interrupt()));
    one(&of.file, &limits, args.format, output, |run| {
        let written: Vec<&PathBuf> = args.svg.iter().collect();
        let program = read(
            run,
            &of.file,
            &of.overrides,
            &written,
            args.format.is_text(),
        )?;
        let options = simulate::Options {
            runs: args.runs,
            seed: args.seed,
            steps: args.steps,
            threads: usize::from(args.threads),
        };
        if let Some(number) = args.run {
            let walk = || Ok(simulate::one(&program, &options, number)?);
            let shown = run.phase(WALKING, walk)?;
            let text = simulate::text::run_of(number, shown.as_ref(), output::width());
            return Ok((text, simulate::verdict(u64::from(shown.is_some())).into()));
        }
        let line = Line::new(&of.file, false);
        let progress = &mut |runs| line.show_runs(runs, args.runs);
        let found = run.phase(WALKING, || {
            Ok(simulate::simulate(&program, &options, &limits, progress)?)
        })?;
        drop(line);
        let drawn = targets::picture(&args.svg, || simulate::picture::render(&found));
        let text = || simulate::text::render(&found, output::width());
        let exit = drawn.max(found.verdict().into());
        Ok((args.format.render(text, || to_string_pretty(&found))?, exit))
    })
}

/// `kmapcheck rule`: whether the rule of a model is sufficient.
pub fn rule(args: &Rule, output: &mut Output) -> io::Result<Exit> {
    let (name, limits) = (
        Path::new(&args.model),
        args.limits.limits(None, interrupt()),
    );
    one(name, &limits, args.format, output, |run| {
        let program = run.phase(READING, || {
            Ok(load_model_program_named(&args.model, Path::new(HERE))?)
        })?;
        // Before anything is decided: what cannot be written must not look like an answer.
        let written: Vec<&PathBuf> = args.write.iter().chain(&args.certificate).collect();
        kmapcheck_check::targets::check(&written, &program.files)?;
        let question = Question {
            model: &args.model,
            pins: args.pins,
            scenario: args.write.as_deref(),
            certificate: args.certificate.as_deref(),
        };
        let answer = run.phase("deciding", || Ok(question.decide(program)))?;
        run.finish();
        let certificate = targets::put(&args.certificate, answer.certificate()?, |file| {
            format!("{file} is not written: there is no proof")
        });
        let scenario = targets::put(&args.write, answer.scenario(), |file| {
            format!("{file} is not written: no program deadlocks that is known")
        });
        let text = || escape::lines(&answer.text()) + "\n";
        let json = || to_string_pretty(&answer.report());
        let exit = certificate.max(scenario).max(answer.verdict().into());
        Ok((args.format.render(text, json)?, exit))
    })
}

/// `kmapcheck verify`: does a certificate hold?
pub fn verify(args: &Verify, output: &mut Output) -> io::Result<Exit> {
    let (file, limits) = (&args.file, args.limits.limits(None, interrupt()));
    one(file, &limits, Format::Text, output, |run| {
        let judged = judge(file, args.about.as_deref(), run);
        let (said, verdict) = judged.map_err(|failure| match failure {
            // Only what it is about can be elsewhere.
            Failure::Input(_) | Failure::Refused(_) if args.about.is_none() && file.is_file() => {
                Wrong::from(failure).advised(
                    "If what the certificate is about is elsewhere, say so with `--about FILE`.",
                )
            }
            failure => failure.into(),
        })?;
        Ok((said, verdict.into()))
    })
}

/// `kmapcheck export`: a scenario as a model for another tool.
pub fn export(args: &Export, output: &mut Output) -> io::Result<Exit> {
    const EXPORTING: &str = "exporting";
    let (file, limits) = (&args.file, args.limits.limits(None, interrupt()));
    // Without a file the model is printed, also where `-` is given for a name.
    let to = args.output.as_ref().filter(|path| path.as_os_str() != "-");
    let module = to.filter(|_| args.to == Target::Tla);
    let beside = module.map(|path| path.with_extension("cfg"));
    one(file, &limits, Format::Text, output, |run| {
        let written: Vec<&PathBuf> = to.into_iter().chain(&beside).collect();
        let overrides = args.overrides.overrides();
        let program = run.phase(EXPORTING, || program(file, &overrides, &written, true))?;
        let module = module.map(|path| module_of(path)).transpose()?;
        let exported = run.phase(EXPORTING, || {
            Ok(kmapcheck_export::export(&program, args.to, module))
        })?;
        let exported = exported.map_err(|refusal| match refusal.place() {
            Some(_) => Wrong::usage(refusal.to_string()),
            None => Failure::Refused(refusal.to_string()).into(),
        })?;
        run.finish();
        let Some(to) = to else {
            return Ok((exported.printed(), Exit::Clean));
        };
        let model = targets::write(to, &exported.text);
        let config = match (&beside, &exported.config) {
            (Some(beside), Some(config)) => targets::write(beside, config),
            _ => Exit::Clean,
        };
        Ok((String::new(), model.max(config)))
    })
}

/// The module's name, which TLA+ wants to be the file's.
fn module_of(path: &Path) -> Result<&str, Wrong> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let is_tla = path.extension().is_some_and(|extension| extension == "tla");
    stem.filter(|stem| is_tla && is_module_name(stem)).ok_or_else(|| {
        Wrong::usage(format!(
            "`{}` cannot hold a TLA+ module, which has the name of its file; give `-o NAME.tla` with a NAME of letters, digits and `_`",
            escape::path(path)
        ))
    })
}
