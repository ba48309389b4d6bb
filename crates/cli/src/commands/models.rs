//! The commands that judge many scenarios by models: `conform` and `compare`.

use std::io;
use std::path::Path;

use kmapcheck_args::{Compare, Conform, Format};
use kmapcheck_check::compare::{Failed, on_both};
use kmapcheck_check::conform::judge;
use kmapcheck_check::model::named;
use kmapcheck_check::{Progress, Verdict};
use kmapcheck_questions::size::Options;
use kmapcheck_questions::{compare, conform};
use serde_json::to_string_pretty;

use super::scenarios;
use crate::exit::Exit;
use crate::failure::{tell, usage};
use crate::output::Output;
use crate::progress::{Line, interrupt};
use crate::run;

/// `kmapcheck conform`: which paths break the model's rule?
pub fn conform(args: &Conform, output: &mut Output) -> io::Result<Exit> {
    let (limits, is_text) = (args.limits.limits(None, interrupt()), args.format.is_text());
    let Some(files) = scenarios(&args.paths) else {
        return Ok(Exit::BadInput);
    };
    let beside = files.first().map_or(Path::new(""), |(file, _)| file);
    let model = match named(&args.model, beside) {
        Ok(model) => model,
        Err(failure) => return Ok(tell(&failure, Path::new(&args.model))),
    };
    if model.order.is_empty() {
        return Ok(usage(&format!(
            "{} states no rule to keep\n  Give it one: \"order\": [\"FIRST\", \"SECOND\"], \
             series and locks in the order in which a task may ask for them.",
            model.name
        )));
    }
    if is_text {
        output.print(&conform::text::rule(&model.name, &model.order))?;
    }
    let (mut exit, mut summary, mut scenarios) =
        (Exit::Clean, conform::Summary::default(), Vec::new());
    for (file, named) in &files {
        if output.is_broken() {
            // Nobody reads the rest: what was not judged does not keep the rule.
            exit = exit.max(Exit::Inconclusive);
            break;
        }
        let run = run::of_one(&limits, file, args.format);
        let judged = judge(file, *named, &model, is_text, &run);
        run.finish();
        let scenario = match judged {
            Ok(scenario) => scenario,
            Err(failure) => {
                exit = exit.max(tell(&failure, file));
                continue;
            }
        };
        exit = exit.max(Exit::from(Verdict::from(scenario.verdict)));
        summary.add(&scenario);
        if is_text {
            output.print(&conform::text::scenario(&scenario, args.quiet))?;
        } else {
            scenarios.push(scenario);
        }
    }
    let report = conform::Report {
        model: model.name,
        order: model.order,
        scenarios,
        summary,
    };
    let json = || serde_json::to_string_pretty(&report);
    let said = args
        .format
        .render(|| conform::text::summary(&report.summary), json)?;
    output.print(&said)?;
    Ok(exit)
}

/// `kmapcheck compare`: what two models make of the same scenarios.
pub fn compare(args: &Compare, output: &mut Output) -> io::Result<Exit> {
    let Some(files) = scenarios(&args.paths) else {
        return Ok(Exit::BadInput);
    };
    let beside = files.first().map_or(Path::new(""), |(file, _)| file);
    let [first, second] = [&args.first, &args.second]
        .map(|model| named(model, beside).map_err(|failure| (failure, Path::new(model))));
    let (first, second) = match (first, second) {
        (Ok(first), Ok(second)) => (first, second),
        (Err((failure, model)), _) | (_, Err((failure, model))) => {
            return Ok(tell(&failure, model));
        }
    };
    let options = Options {
        // Slots are left as they are given.
        slots_up_to: 1,
        tasks_up_to: args.tasks_up_to,
        limits: args.limits.limits(interrupt()),
    };
    let (mut exit, mut scenarios) = (Exit::Clean, Vec::new());
    for (file, _) in &files {
        let run = run::of_one(&options.limits, file, args.format);
        let line = Line::new(file, false);
        let models = [&*first.file, &*second.file];
        let both = on_both(file, models, &options, &run, &mut |progress| {
            line.show(Progress::States(progress));
        });
        drop(line);
        run.finish();
        exit = exit.max(match &both.failed {
            None => Exit::Clean,
            Some(Failed::Both(failure)) => tell(failure, file),
            Some(Failed::One(failure)) => failure.into(),
        });
        run::said(&run, exit.max(Exit::Inconclusive));
        scenarios.push(both.compared(file, &run));
    }
    let comparison = compare::Comparison {
        models: [first.name, second.name],
        scenarios,
    };
    let text = || match args.format {
        Format::Markdown => compare::text::markdown(&comparison),
        _ => compare::text::render(&comparison),
    };
    let said = args.format.render(text, || to_string_pretty(&comparison))?;
    output.print(&said)?;
    Ok(exit.max(comparison.verdict().into()))
}
