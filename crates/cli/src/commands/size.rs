//! `kmapcheck size`: how many slots are enough, and how many tasks are safe.

use std::io;
use std::path::PathBuf;

use kmapcheck_check::run::{EXPLORING, READING};
use kmapcheck_check::{Failure, Run, fault::catch};
use kmapcheck_limits::Limits;
use kmapcheck_questions::size::{Options, SizeReport, picture, sizes, text};
use kmapcheck_report::tame;

use crate::args::{Format, Size};
use crate::exit::Exit;
use crate::failure::answer;
use crate::input;
use crate::output::Output;
use crate::progress::Line;
use crate::run;
use crate::targets;

/// Runs the command.
pub fn run(args: &Size, output: &mut Output) -> io::Result<Exit> {
    let limits = args.limits.limits(Some(args.max_states));
    let run = run::of_one(&limits, &args.file.display().to_string(), args.format);
    let report = match find(args, &limits, &run) {
        Ok(report) => report,
        Err(failure) => return answer(&failure, &run, &args.file, args.format, output),
    };
    let written = run::write(&run, &args.file, || {
        (args.svg.as_ref()).map_or(Exit::Clean, |file| {
            targets::write(file, &picture::render(&report))
        })
    });
    let text = match args.format {
        Format::Text => text::render(&report),
        Format::Json => serde_json::to_string_pretty(&report)? + "\n",
    };
    run.finish();
    output.print(&text)?;
    Ok(written.max(if report.is_complete() {
        Exit::Clean
    } else {
        Exit::Inconclusive
    }))
}

fn find(args: &Size, limits: &Limits, run: &Run) -> Result<SizeReport, Failure> {
    let program = run.phase(READING, || {
        let mut program = input::program(&args.file, &args.overrides)?;
        let written: Vec<&PathBuf> = args.svg.iter().collect();
        targets::check(&written, &program.files)?;
        if args.format == Format::Text || args.svg.is_some() {
            tame::program(&mut program);
        }
        Ok(program)
    })?;
    let options = Options {
        slots_up_to: args.slots_up_to,
        tasks_up_to: args.tasks_up_to,
        limits: limits.clone(),
    };
    let line = Line::new(&args.file.display().to_string(), false);
    run.phase(EXPLORING, || {
        catch(|| sizes(&program, &options, &mut |progress| line.show(progress)))
            .map_err(Failure::Fault)
    })
}
