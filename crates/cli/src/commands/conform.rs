//! `kmapcheck conform`: which paths break the model's rule?

use std::io;
use std::path::Path;

use kmapcheck_check::{Failure, fault::catch};
use kmapcheck_limits::Limits;
use kmapcheck_questions::conform::{Conformance, NotJudged, Report, Summary, Verdict, text};
use kmapcheck_report::{Stopped, tame};
use kmapcheck_scenario::load_model_named;

use crate::args::{Conform, Format, OverrideArgs};
use crate::collect;
use crate::exit::Exit;
use crate::failure::{exit_of, first_message, tell};
use crate::input;
use crate::output::Output;
use crate::run;

/// Runs the command.
pub fn run(args: &Conform, output: &mut Output) -> io::Result<Exit> {
    let limits = args.limits.limits(None);
    let Some(files) = collect::scenarios(&args.paths) else {
        return Ok(Exit::BadInput);
    };
    let beside = files.first().map_or(Path::new(""), |(file, _)| file);
    let (model, name) = match load_model_named(&args.model, beside) {
        Ok(found) => found,
        Err(errors) => {
            tell(&Failure::Input(errors), Path::new(&args.model));
            return Ok(Exit::BadInput);
        }
    };
    let shown = tame::line(&model.name);
    if model.order.is_empty() {
        anstream::eprintln!(
            "kmapcheck: {shown} states no rule to keep\n  Give it one: \"order\": [\"FIRST\", \"SECOND\"], \
             series and locks in the order in which a task may ask for them."
        );
        return Ok(Exit::BadInput);
    }
    let order: Vec<String> = model.order.iter().map(|name| tame::line(name)).collect();
    let overrides = OverrideArgs {
        model: Some(name),
        ..OverrideArgs::default()
    };
    if args.format == Format::Text {
        output.print(&text::rule(&shown, &order))?;
    }
    let (mut exit, mut summary, mut scenarios) = (Exit::Clean, Summary::default(), Vec::new());
    for (file, named) in &files {
        if output.is_broken() {
            // Nobody reads the rest: what was not judged does not keep the rule.
            exit = exit.max(Exit::Inconclusive);
            break;
        }
        let judging = Judging {
            overrides: &overrides,
            model: &shown,
            named: *named,
            format: args.format,
        };
        match judging.judged(file, &limits) {
            Ok(scenario) => {
                exit = exit.max(match scenario.verdict {
                    Verdict::Keeps => Exit::Clean,
                    Verdict::Breaks => Exit::Violated,
                    Verdict::NotJudged => Exit::Inconclusive,
                });
                summary.add(&scenario);
                match args.format {
                    Format::Text => output.print(&text::scenario(&scenario, args.quiet))?,
                    Format::Json => scenarios.push(scenario),
                }
            }
            Err(failure) => {
                tell(&failure, file);
                exit = exit.max(exit_of(&failure));
            }
        }
    }
    match args.format {
        Format::Text => output.print(&text::summary(&summary))?,
        Format::Json => {
            let report = Report {
                model: shown,
                order,
                scenarios,
                summary,
            };
            output.print(&(serde_json::to_string_pretty(&report)? + "\n"))?;
        }
    }
    Ok(exit)
}

/// What scenarios are judged by.
struct Judging<'a> {
    overrides: &'a OverrideArgs,
    model: &'a str,
    named: bool,
    format: Format,
}

impl Judging<'_> {
    /// Judges one scenario within the limits; one that takes longer is not judged.
    fn judged(&self, file: &Path, limits: &Limits) -> Result<Conformance, Failure> {
        let run = run::of_one(limits, &file.display().to_string(), self.format);
        let judged = run.phase("judging", || self.judge(file));
        run.finish();
        match judged {
            Err(Failure::Stopped { phase, reached }) => {
                let file = file.display().to_string();
                let why = Stopped::of(reached, phase).text;
                let not_judged = NotJudged { why, at: None };
                Ok(Conformance::unread(&file, self.model, not_judged))
            }
            judged => judged,
        }
    }

    /// Judges one scenario. One that nobody named and that is for other models only is not judged;
    /// that is no mistake in it.
    fn judge(&self, file: &Path) -> Result<Conformance, Failure> {
        match input::program(file, self.overrides) {
            Ok(mut program) => {
                if self.format == Format::Text {
                    tame::program(&mut program);
                }
                catch(|| Conformance::of(&program)).map_err(Failure::Fault)
            }
            Err(Failure::Input(errors)) if !self.named => {
                let Ok(mut program) = input::program(file, &OverrideArgs::default()) else {
                    return Err(Failure::Input(errors));
                };
                if self.format == Format::Text {
                    tame::program(&mut program);
                }
                let why = format!("it is not for this model: {}", first_message(&errors));
                let not_judged = NotJudged { why, at: None };
                Ok(Conformance::not_judged(&program, self.model, not_judged))
            }
            Err(failure) => Err(failure),
        }
    }
}
