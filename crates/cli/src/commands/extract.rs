//! `kmapcheck extract`: C into a scenario.

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use kmapcheck_check::Failure;
use kmapcheck_extract::map::{help, shipped};
use kmapcheck_extract::{Extracted, File, Mapping, Options, Shown, Source, extract};
use kmapcheck_limits::Limits;

use crate::args::{Extract, Format};
use crate::exit::Exit;
use crate::failure::Wrong;
use crate::output::Output;
use crate::progress::Line;
use crate::run::one;
use crate::targets;

/// Bytes of the largest C file that is read.
const LARGEST: u64 = 64 << 20;

/// Runs the command.
pub fn run(args: &Extract, output: &mut Output) -> io::Result<Exit> {
    if args.map_help {
        output.print(&help::help())?;
        return Ok(Exit::Clean);
    }
    let limits = args.limits.limits(None);
    let first = args.files.first().map_or(Path::new(""), |file| file);
    let to = args.output.as_ref().filter(|path| path.as_os_str() != "-");
    one(first, &limits, Format::Text, output, |run| {
        let line = Rc::new(Line::new(first, false));
        let shown = {
            let line = line.clone();
            Shown::to(move |text| line.show_text(text))
        };
        let made = run.phase("reading C", || Ok(made(args, shown)))?;
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
    let read = |files: &[PathBuf], is_stub| {
        let sources = files.iter().map(|file| source(file, is_stub));
        sources.collect::<Result<Vec<_>, _>>()
    };
    let mut sources = read(&args.stub, true)?;
    sources.extend(read(&args.files, false)?);
    let mut maps = Vec::new();
    for name in &args.maps {
        maps.push(mapping(name)?);
    }
    let options = Options {
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
        max_paths: usize::try_from(args.max_paths).unwrap_or(usize::MAX),
        shown,
    };
    let find = |name: &str| {
        let found = args
            .include
            .iter()
            .map(|dir| dir.join(name))
            .find(|path| path.is_file());
        found.and_then(|path| source(&path, false).ok())
    };
    // The limits are those of the run around it.
    let done = extract(
        &sources,
        &Mapping::of(&maps),
        &options,
        &Limits::default(),
        &find,
    );
    done.map_err(|failure| match failure {
        kmapcheck_extract::Failure::Refused(refusal) => Wrong::usage(refusal.to_string()),
        kmapcheck_extract::Failure::Stopped(reached) => Failure::Stopped {
            phase: "reading C",
            reached,
        }
        .into(),
    })
}

/// Reads a C file.
fn source(path: &Path, is_stub: bool) -> Result<Source, Wrong> {
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
fn mapping(name: &str) -> Result<File, Wrong> {
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
