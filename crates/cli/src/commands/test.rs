//! `kmapcheck test`: do scenarios give exactly what they expect?

mod watch;

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kmapcheck_args::Test;
use kmapcheck_check::suite::Watcher;
use kmapcheck_check::{Engine, Progress, Run};
use kmapcheck_limits::Limits;
use kmapcheck_report::{Stopped, escape};
use kmapcheck_show::suite::{ended, github, junit, line, sarif};

use super::scenarios;
use crate::exit::Exit;
use crate::failure::{tell, tell_fault, usage};
use crate::output::Output;
use crate::progress::{self, Line};
use crate::{run, targets};

/// Runs the command.
pub fn run(args: &Test, output: &mut Output) -> io::Result<Exit> {
    if args.update_expect && args.engine == Some(Engine::Loom) {
        return Ok(usage(
            "`--update-expect` goes by what scenarios mean, which loom may not see to the end: leave `--engine loom` out",
        ));
    }
    let interrupt = progress::interrupt();
    if args.watch {
        return watch::run(args, &interrupt, output);
    }
    Ok(once(args, &interrupt, output)?.unwrap_or(Exit::BadInput))
}

/// Runs the scenarios once; what they come to. `None`: there is something wrong with the paths, and
/// that has been told.
fn once(args: &Test, interrupt: &Arc<AtomicBool>, output: &mut Output) -> io::Result<Option<Exit>> {
    let Some(files) = scenarios(&args.paths) else {
        return Ok(None);
    };
    let files: Vec<PathBuf> = files.into_iter().map(|(file, _)| file).collect();
    let written = [&args.junit, &args.sarif];
    let written: Vec<&PathBuf> = written.into_iter().flatten().collect();
    if let Err(failure) = kmapcheck_check::targets::check(&written, &files) {
        tell(&failure, Path::new("test"));
        return Ok(None);
    }
    let files: Vec<PathBuf> = (files.into_iter().enumerate())
        .filter(|(i, _)| args.partition.is_none_or(|part| part.has(*i)))
        .map(|(_, file)| file)
        .collect();
    let suite = args.suite(Arc::clone(interrupt));
    let on_github = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    let failed = Arc::new(AtomicBool::new(false));
    let quiet = args.quiet || suite.jobs > 1;
    let start = |file: &Path| started(file, &suite.ask.limits, quiet, &failed);
    let mut printed = Ok(());
    let (tally, cases) = suite.run(&files, interrupt, start, |done, tally| {
        let file = Path::new(&done.case.file);
        if let Some(error) = &done.not_rewritten {
            let (file, error) = (escape::path(file), escape::line(error));
            usage(&format!("{file}: cannot rewrite `expect`: {error}"));
        }
        printed = (line(&done.case, args.quiet)).map_or(Ok(()), |line| output.print(&line));
        if let Some(failure) = &done.failure {
            tell(failure, file);
        }
        if on_github && printed.is_ok() {
            printed = output.print(&github::render(&done.case));
        }
        failed.store(tally.failed > 0, Ordering::Relaxed);
        // Once nobody reads, the rest is not tested.
        printed.is_ok() && !output.is_broken()
    });
    printed?;
    let junit = write(&args.junit, || junit::render(&cases));
    let sarif = write(&args.sarif, || sarif::render(&cases));
    output.print(&tally.summary(&args.paths))?;
    Ok(Some(Exit::of_suite(&tally).max(junit).max(sarif)))
}

/// Starts the run of a file, with a line about it. If it has to be ended from outside, so has
/// everything: `failed` says what the exit status is then.
fn started(file: &Path, limits: &Limits, quiet: bool, failed: &Arc<AtomicBool>) -> (Run, Watcher) {
    let (name, failed) = (file.display().to_string(), Arc::clone(failed));
    let line = Line::new(file, quiet);
    let run = run::start(limits, move |doing| {
        let exit = match failed.load(Ordering::Relaxed) {
            true => Exit::Violated,
            false => Exit::Inconclusive,
        };
        let said = Stopped::line(doing.reached, doing.phase);
        (ended(&name, &said), exit)
    });
    let watcher = Box::new(move |progress: Progress<'_>| line.show(progress));
    (run, watcher)
}

/// Writes a file for CI systems, if it was asked for.
fn write<E: Display>(file: &Option<PathBuf>, render: impl FnOnce() -> Result<String, E>) -> Exit {
    let Some(file) = file else {
        return Exit::Clean;
    };
    render().map_or_else(
        |error| {
            tell_fault(
                &format!("writing {}", escape::path(file)),
                &error.to_string(),
            );
            Exit::Fault
        },
        |text| targets::write(file, &text),
    )
}
