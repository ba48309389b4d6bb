//! `kmapcheck check`: explore scenarios and report what is wrong.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kmapcheck_args::Check;
use kmapcheck_check::confirm::{BUDGET, confirmed};
use kmapcheck_check::loaded::any;
use kmapcheck_check::run::{READING, REPORTING};
use kmapcheck_check::{Ask, Came, Checked, Failure, Progress, Run, check_within};
use kmapcheck_report::{Report, escape};
use kmapcheck_show::{json, text};

use crate::exit::Exit;
use crate::failure::{tell, usage};
use crate::output::{self, Output};
use crate::progress::{Line, interrupt};
use crate::{run, targets};

/// Runs the command.
pub fn run(args: &Check, output: &mut Output) -> io::Result<Exit> {
    let ask = args.ask(interrupt());
    if let (Some((option, _)), true) = (args.written().next(), args.scenarios().len() > 1) {
        return Ok(usage(&format!("`{option}` is for one scenario at a time")));
    }
    let mut checking = Checking {
        args,
        ask: &ask,
        exit: Exit::Clean,
        reports: Arc::default(),
        output,
    };
    for (i, file) in args.scenarios().iter().enumerate() {
        if checking.output.is_broken() {
            // Nobody reads the rest: what was not checked is not clean.
            checking.exit = checking.exit.max(Exit::Inconclusive);
            break;
        }
        checking.file(file, i > 0)?;
    }
    if !args.format.is_text()
        && let Some(json) = json::all(&gathered(&checking.reports), args.scenarios().len() == 1)?
    {
        checking.output.print(&json)?;
    }
    Ok(checking.exit)
}

/// Files that are checked one by one.
struct Checking<'a> {
    args: &'a Check,
    ask: &'a Ask,
    /// What they come to so far.
    exit: Exit,
    reports: Reports,
    output: &'a mut Output,
}

/// The reports so far, for JSON.
type Reports = Arc<Mutex<Vec<Report>>>;

fn gathered(reports: &Reports) -> MutexGuard<'_, Vec<Report>> {
    reports.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Checking<'_> {
    /// Checks a file, and prints what came of it or keeps it for JSON.
    fn file(&mut self, file: &Path, follows: bool) -> io::Result<()> {
        let (args, ask, run) = (self.args, self.ask, self.started(file));
        let overrides = args.overrides.overrides();
        let written: Vec<&PathBuf> = args.written().map(|(_, file)| file).collect();
        let terminal = args.format.is_text();
        let read = run.phase(READING, || {
            let loaded = match args.code(&overrides) {
                Some(loaded) => loaded?,
                None => any(file, &overrides)?,
            };
            loaded.about_to_be_asked(&written, terminal)
        });
        let loaded;
        let (checked, program) = match read {
            Err(failure) => (Err(failure), None),
            Ok(read) => {
                loaded = read;
                let line = Line::new(file, args.quiet);
                let progress = &mut |progress: Progress<'_>| line.show(progress);
                let checked = check_within(&loaded, ask, &run, progress);
                (checked, Some(&loaded.program))
            }
        };
        let came = match Came::of(checked, file, program, ask, &overrides) {
            Ok(came) => came,
            Err(failure) => {
                run.finish();
                self.exit = self.exit.max(tell(&failure, file));
                return Ok(());
            }
        };
        self.come_to(came.report().against_expected().into());
        if let Came::Checked(checked) = &came {
            self.come_to(write(file, args, checked, &run));
        }
        if !terminal {
            run.finish();
            gathered(&self.reports).push(came.into_report());
            return Ok(());
        }
        let said = as_text(came.report(), args.quiet, follows, &run);
        run.finish();
        match said {
            Ok(said) => self.output.print(&said)?,
            Err(failure) => self.come_to(tell(&failure, file)),
        }
        run::said(&run, self.exit);
        let budget = match args.quiet {
            true => 0,
            false => args.loom_budget.unwrap_or(BUDGET),
        };
        let line = Line::new(file, args.quiet);
        let progress = &mut |progress: Progress<'_>| line.show(progress);
        let confirmed = confirmed(&came, ask, budget, &run, progress);
        drop(line);
        run.finish();
        match confirmed {
            Ok(Some(confirmation)) => self.output.print(&(confirmation.line() + "\n"))?,
            Ok(None) => {}
            Err(failure) => self.come_to(tell(&failure, file)),
        }
        Ok(())
    }

    fn come_to(&mut self, exit: Exit) {
        self.exit = self.exit.max(exit);
    }

    /// Starts the run of a file. Its last words are what is known of it, after what is known of those
    /// before.
    fn started(&self, file: &Path) -> Run {
        let (file, ask, exit) = (file.to_owned(), self.ask.clone(), self.exit);
        let (overrides, is_text) = (self.args.overrides.overrides(), self.args.format.is_text());
        let (one, reports) = (self.args.scenarios().len() == 1, Arc::clone(&self.reports));
        run::start(&self.ask.limits, move |doing| {
            let report = doing.report(&file, &ask, &overrides);
            let exit = exit.max(report.against_expected().into());
            let said = if is_text {
                text::verdict_line(&report) + "\n" + &text::rendered_ending(&report)
            } else {
                let mut reports = gathered(&reports).clone();
                reports.push(report);
                // There is nobody left to tell if this fails.
                json::all(&reports, one).ok().flatten().unwrap_or_default()
            };
            (said, exit.max(Exit::Inconclusive))
        })
    }
}

/// Writes the certificate, the page, the traces and the pictures that were asked for.
fn write(file: &Path, args: &Check, checked: &Checked<'_>, run: &Run) -> Exit {
    let certificate = match (&args.certificate, &checked.certificate) {
        (Some(to), Some(Ok(json))) => targets::write(to, json),
        (_, Some(Err(failure))) => match (tell(failure, file), &checked.report.stopped) {
            // With more time there might have been one.
            (_, Some(_)) => Exit::Inconclusive,
            (exit, None) => exit,
        },
        _ => Exit::Clean,
    };
    certificate.max(run::write(run, file, || {
        let none = |to| {
            let file = escape::path(file);
            format!("{file}: nothing was found, so no trace is saved to {to}")
        };
        let traces = match checked.traces(args.save_trace.is_some()) {
            Ok(text) => targets::put(&args.save_trace, text, none),
            Err(failure) => tell(&failure, file),
        };
        let page = args
            .html
            .as_ref()
            .map_or(Exit::Clean, |to| match checked.page() {
                Ok(page) => targets::write(to, &page),
                Err(failure) => tell(&failure, file),
            });
        let pictures = targets::pictures(&checked.report, args);
        traces.max(page).max(pictures)
    }))
}

fn as_text(report: &Report, quiet: bool, follows: bool, run: &Run) -> Result<String, Failure> {
    let brief = text::verdict_line(report) + "\n";
    if quiet {
        return Ok(brief);
    }
    let options = text::Options {
        width: output::width(),
        elapsed: true,
    };
    let text = match run.last(REPORTING, || Ok(text::render(report, &options))) {
        Err(Failure::Stopped { .. }) => brief + &text::rendered_ending(report),
        text => text?,
    };
    Ok(if follows { format!("\n{text}") } else { text })
}
