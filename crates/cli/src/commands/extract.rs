//! `kmapcheck extract`: C into a scenario.

use std::io;
use std::path::Path;
use std::sync::Arc;

use kmapcheck_check::Failure;
use kmapcheck_extract::map::{help, shipped};
use kmapcheck_extract::{Extracted, File, Mapping, Options, Shown, Source, extract};
use kmapcheck_limits::Limits;

use crate::args::{Extract, Format};
use crate::exit::Exit;
use crate::failure::{Wrong, usage};
use crate::output::Output;
use crate::progress::Line;
use crate::run::one;
use crate::targets;

/// Bytes of the largest C file that is read.
const LARGEST: u64 = 64 << 20;

/// What is done when a file is read.
pub(super) const READING_C: &str = "reading C";

/// States that are followed at most, if nobody says otherwise.
const MAX_PATHS: u64 = 50_000;

/// Runs the command.
pub fn run(args: &Extract, output: &mut Output) -> io::Result<Exit> {
    if args.map_help {
        output.print(&help::help())?;
        return Ok(Exit::Clean);
    }
    if !args.scan.folders.is_empty() {
        return super::scan::run(args, output);
    }
    // With a file beside it nothing asks for the folder that these need.
    if let Some(option) = args.scan.given() {
        return Ok(usage(&format!("`{option}` goes with `--scan DIR`")));
    }
    let limits = args.limits.limits(None);
    let first = args.files.first().map_or(Path::new(""), |file| file);
    let to = args.output.as_ref().filter(|path| path.as_os_str() != "-");
    one(first, &limits, Format::Text, output, |run| {
        let line = Arc::new(Line::new(first, false));
        let shown = {
            let line = line.clone();
            Shown::to(move |text| line.show_text(text))
        };
        let made = run.phase(READING_C, || Ok(made(args, shown)))?;
        drop(line);
        run.finish();
        let of = made?;
        let Some(to) = to else {
            return Ok((of.scenario, Exit::Clean));
        };
        let exit = targets::write(to, &of.scenario);
        let text = match (exit, of.assumed.len()) {
            (Exit::Clean, 1) => "1 thing was assumed; it is at the top of the file\n".to_owned(),
            (Exit::Clean, n) => {
                format!("{n} things were assumed; they are at the top of the file\n")
            }
            _ => String::new(),
        };
        Ok((text, exit))
    })
}

fn made(args: &Extract, shown: Shown) -> Result<Extracted, Wrong> {
    let mut sources = stubs(args)?;
    for file in &args.files {
        sources.push(source(file, false)?);
    }
    let mapping = mapping(args)?;
    let options = options(args, MAX_PATHS, shown);
    let find = |name: &str| included(args, name);
    // The limits are those of the run around it.
    let done = extract(&sources, &mapping, &options, &Limits::default(), &find);
    done.map_err(wrong)
}

/// Why nothing was read.
pub(super) fn wrong(failure: kmapcheck_extract::Failure) -> Wrong {
    match failure {
        kmapcheck_extract::Failure::Refused(refusal) => Wrong::usage(refusal.to_string()),
        kmapcheck_extract::Failure::Stopped(reached) => Failure::Stopped {
            phase: READING_C,
            reached,
        }
        .into(),
    }
}

/// What is asked of each entry.
pub(super) fn options(args: &Extract, max_paths: u64, shown: Shown) -> Options {
    Options {
        entries: args.entries.clone(),
        define: args.define.iter().cloned().collect(),
        undef: args.undef.iter().cloned().collect(),
        set: args.set.iter().cloned().collect(),
        nonnull: args.nonnull.iter().cloned().collect(),
        resolve: args.resolve.iter().cloned().collect(),
        inline: args.inline.iter().cloned().collect(),
        unroll: args.unroll,
        recursion: args.recursion,
        share: args.share.iter().cloned().collect(),
        equal: args.maybe_equal.iter().cloned().collect(),
        units: args.units.iter().cloned().collect(),
        slots: args.slots.iter().cloned().collect(),
        model: args.model.clone(),
        // More than fit in memory anyway.
        max_paths: usize::try_from(args.max_paths.unwrap_or(max_paths)).unwrap_or(usize::MAX),
        shown,
        ..Options::default()
    }
}

/// The stubs.
pub(super) fn stubs(args: &Extract) -> Result<Vec<Source>, Wrong> {
    args.stub.iter().map(|file| source(file, true)).collect()
}

/// The mapping files, as one.
pub(super) fn mapping(args: &Extract) -> Result<Mapping, Wrong> {
    let maps = args.maps.iter().map(|name| mapping_file(name));
    Ok(Mapping::of(&maps.collect::<Result<Vec<_>, _>>()?))
}

/// A file that is included.
pub(super) fn included(args: &Extract, name: &str) -> Option<Source> {
    let mut found = args.include.iter().map(|dir| dir.join(name));
    let found = found.find(|path| path.is_file());
    found.and_then(|path| source(&path, false).ok())
}

/// Reads a C file.
pub(super) fn source(path: &Path, is_stub: bool) -> Result<Source, Wrong> {
    let name = path.display();
    let cannot = |why: String| Wrong::usage(format!("cannot read `{name}`: {why}"));
    let meta = std::fs::metadata(path).map_err(|error| cannot(error.to_string()))?;
    if !meta.is_file() {
        return Err(cannot(
            "it is no plain file; give the `.c` files themselves".to_owned(),
        ));
    }
    if meta.len() > LARGEST {
        return Err(cannot(format!("it is larger than {} MiB", LARGEST >> 20)));
    }
    let bytes = std::fs::read(path).map_err(|error| cannot(error.to_string()))?;
    Ok(Source {
        name: name.to_string(),
        bytes,
        is_stub,
    })
}

/// A mapping file that is shipped, or there.
fn mapping_file(name: &str) -> Result<File, Wrong> {
    let path = Path::new(name);
    let text = match shipped::text(name) {
        Some(text) if !path.is_file() => text.to_owned(),
        _ => std::fs::read_to_string(path).map_err(|error| {
            let shipped = shipped::names().join(", ");
            Wrong::usage(format!(
                "cannot read the mapping file `{name}`: {error}; the names that are shipped are {shipped}"
            ))
        })?,
    };
    File::read(name, &text).map_err(|refusal| Wrong::usage(refusal.to_string()))
}
