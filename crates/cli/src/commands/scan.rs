//! `kmapcheck extract --scan`: what the entries of folders need, and whether they deadlock.

use std::collections::BTreeSet;
use std::io;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;

use kmapcheck_args::{Extract, Form, Format};
use kmapcheck_check::code::{READING_C, included, mapping, not_read, source};
use kmapcheck_extract::{Files, Shown, Source};
use kmapcheck_scan::alarm::Severity;
use kmapcheck_scan::entry::Refused;
use kmapcheck_scan::{Asked, Baseline, Done, Scan, folder, sarif, text};
use serde_json::to_string_pretty;

use super::extract::code;
use crate::exit::Exit;
use crate::failure::Wrong;
use crate::output::Output;
use crate::progress::{Line, interrupt};
use crate::run::{self, one};
use crate::targets;

/// States of an entry that are followed at most, if nobody says otherwise: most have a few hundred.
const MAX_PATHS: usize = 3_000;

/// States of a check at most, if nobody says otherwise.
const MAX_STATES: u64 = 100_000;

/// Functions that a pointer may be: those of operations tables are entries anyway.
const MAX_TARGETS: usize = 4;

/// Runs the command.
pub fn run(args: &Extract, output: &mut Output) -> io::Result<Exit> {
    let limits = args.limits.limits(None, interrupt());
    let first = args
        .scan
        .folders
        .first()
        .map_or(Path::new(""), |first| first);
    let form = args.scan.format.unwrap_or(Form::As(Format::Text));
    let format = match form {
        Form::As(format) => format,
        Form::Sarif => Format::Json,
    };
    one(first, &limits, format, output, |run| {
        let line = Arc::new(Line::new(first, false));
        let shown = {
            let line = line.clone();
            Shown::to(move |text| line.show_text(text))
        };
        let mut asked = Asked {
            folders: folders(args),
            options: code(args, shown).options,
            check: args.scan.check,
            pairs: args.scan.pairs,
            max_states: args.scan.max_states.unwrap_or(MAX_STATES),
            threads: args.scan.threads.unwrap_or_else(threads),
            deadline: limits.deadline(),
            limits: limits.clone(),
        };
        if args.code.max_paths.is_none() {
            asked.options.max_paths = MAX_PATHS;
        }
        asked.options.max_targets = Some(args.scan.max_targets.unwrap_or(MAX_TARGETS));
        let baseline = baseline(args)?;
        let read = run.phase(READING_C, || Ok(read(args, &asked)))?;
        let (files, roots, unread) = read?;
        asked.options.shown = Shown::default();
        let mut scan = run.phase(READING_C, || {
            let shown = |done: Done| {
                line.show_text(&format!("{} of {} {}", done.done, done.of, done.doing));
            };
            Ok(Scan::of(&files, &roots, unread, &asked, &shown))
        })?;
        drop(line);
        let mut written = Exit::Clean;
        if let (Some(path), Some(check)) = (&args.scan.baseline, &mut scan.check) {
            baseline.apply(check);
            if args.scan.update_baseline {
                let text = baseline.updated(check).text()?;
                written = run::write(run, first, || targets::write(path, &text));
                check.gone.clear();
            }
        }
        let said = match form {
            Form::Sarif => sarif::render(&scan)?,
            Form::As(Format::Markdown) => text::markdown(&scan),
            Form::As(Format::Text) => text::render(&scan),
            Form::As(Format::Json) => to_string_pretty(&scan)? + "\n",
        };
        Ok((said, written.max(exit(&scan))))
    })
}

/// An error that nobody has judged is a violation; what was not reached leaves that open. What is
/// refused is said, and no reason to fail: there is always some.
fn exit(scan: &Scan) -> Exit {
    let check = scan.check.as_ref();
    let is_wrong = check.is_some_and(|check| {
        let mut errors = check.fresh();
        errors.any(|alarm| alarm.severity == Severity::Error)
    });
    let is_open = scan.not_reached() > 0 || check.is_some_and(|check| !check.unfinished.is_empty());
    match (is_wrong, is_open) {
        (true, _) => Exit::Violated,
        (_, true) => Exit::Inconclusive,
        _ => Exit::Clean,
    }
}

/// The folders, as they were given.
fn folders(args: &Extract) -> Vec<String> {
    let folders = args.scan.folders.iter();
    folders.map(|folder| folder.display().to_string()).collect()
}

/// As many as there are processors; one where the system does not say.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// The alarms that were judged. A file that is to be written need not be there.
fn baseline(args: &Extract) -> Result<Baseline, Wrong> {
    let Some(path) = &args.scan.baseline else {
        return Ok(Baseline::default());
    };
    let name = path.display();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && args.scan.update_baseline => {
            return Ok(Baseline::default());
        }
        Err(error) => {
            return Err(Wrong::usage(format!(
                "cannot read the baseline `{name}`: {error}; `--update-baseline` writes a new one"
            )));
        }
    };
    Baseline::read(&text).map_err(|said| Wrong::usage(format!("`{name}`: {said}")))
}

type Read = (
    Files,
    Vec<kmapcheck_extract::scan::roots::Root>,
    Vec<Refused>,
);

/// All files, and the entries in them.
fn read(args: &Extract, asked: &Asked) -> Result<Read, Wrong> {
    let mapping = mapping(&args.code.maps)?;
    let stubs = args.code.stub.iter().map(|file| source(file, true));
    let mut sources = stubs.collect::<Result<Vec<_>, _>>()?;
    let mut names = BTreeSet::new();
    let mut unread = Vec::new();
    for of in &args.scan.folders {
        for file in folder::c_files(of).map_err(Wrong::usage)? {
            let source = source(&file, false)?;
            if names.insert(source.name.clone()) {
                sources.push(source);
            }
        }
    }
    let find = |name: &str| included(&args.code.include, name);
    let files = |sources: &[Source]| {
        Files::read(
            sources,
            &mapping,
            &asked.options,
            &Default::default(),
            &find,
        )
    };
    let files = match files(&sources) {
        // One file that is none does not end the scan.
        Err(kmapcheck_extract::Failure::Refused(first)) => {
            sources.retain(
                |source| match Files::fits(source, &mapping, &asked.options) {
                    Ok(()) => true,
                    Err(refusal) => {
                        unread.push(Refused::from(&refusal));
                        false
                    }
                },
            );
            match unread.is_empty() || sources.iter().all(|source| source.is_stub) {
                true => Err(kmapcheck_extract::Failure::Refused(first)),
                false => files(&sources),
            }
        }
        done => done,
    };
    let files = files.map_err(not_read)?;
    let is_asked = |name: &str| names.contains(name);
    let roots = files
        .roots(&is_asked, &Default::default())
        .map_err(not_read)?;
    if roots.is_empty() {
        return Err(Wrong::usage(format!(
            "no function of {} can be an entry: none reaches an operation that the mapping knows; \
             `--map NAME|FILE` takes another one, and `--map-help` says what it can say",
            asked.folders.join(", ")
        )));
    }
    Ok((files, roots, unread))
}
