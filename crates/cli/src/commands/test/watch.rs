//! `--watch`: runs the scenarios again whenever one of their files changes.
//!
//! The system says when something happens in the folders that the scenarios and their models lie in
//! (crate notify, with what happens within a moment drawn together). It also says so when a file is
//! merely read, so a run begins only if some JSON file there is another than before the last run.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, SystemTime};

use kmapcheck_report::words::list;
use notify_debouncer_mini::new_debouncer;
use notify_debouncer_mini::notify::{self, RecursiveMode};

use crate::args::{OverrideArgs, Test};
use crate::exit::Exit;
use crate::input;
use crate::output::Output;

/// Changes within this time belong together.
const MOMENT: Duration = Duration::from_millis(200);
/// How often to look for Ctrl-C.
const LOOK: Duration = Duration::from_millis(100);

/// The JSON files in the folders, each with its length and the time of its last change.
type Stamps = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// Runs the scenarios until Ctrl-C; what the last run came to.
pub fn run(args: &Test, interrupt: &Arc<AtomicBool>, output: &mut Output) -> io::Result<Exit> {
    let (send, receive) = mpsc::channel();
    let mut watcher = match new_debouncer(MOMENT, send) {
        Ok(watcher) => watcher,
        Err(error) => return Ok(cannot_watch(&error)),
    };
    let mut watched: BTreeSet<PathBuf> = BTreeSet::new();
    let mut before = Stamps::new();
    let mut changed: Option<Vec<PathBuf>> = None;
    loop {
        if let Some(changed) = &changed {
            let names: Vec<String> = changed.iter().map(|path| input::shown(path)).collect();
            output.print(&format!("\nChanged: {}\n", list(&names)))?;
        }
        let folders = folders(args);
        for folder in &folders {
            if !watched.contains(folder) {
                let found = watcher.watcher().watch(folder, RecursiveMode::NonRecursive);
                match found {
                    Ok(()) => drop(watched.insert(folder.clone())),
                    Err(error) => return Ok(cannot_watch(&error)),
                }
            }
        }
        // Taken before the run: what changes meanwhile is run again.
        before.extend(stamps(&folders));
        let exit = match super::once(args, interrupt, output)? {
            Some(exit) => exit,
            // A folder that is gone for a moment may come back; one that never was will not.
            None if changed.is_none() => return Ok(Exit::BadInput),
            None => Exit::BadInput,
        };
        output.print("Waiting for changes; Ctrl-C ends it.\n")?;
        loop {
            if interrupt.load(Ordering::Relaxed) || output.is_broken() {
                return Ok(exit);
            }
            match receive.recv_timeout(LOOK) {
                Ok(Ok(_)) => {
                    let now = stamps(&folders);
                    let differs = |path: &&PathBuf| now.get(*path) != before.get(*path);
                    let paths: BTreeSet<&PathBuf> = now.keys().chain(before.keys()).collect();
                    let differing: Vec<PathBuf> =
                        paths.into_iter().filter(differs).cloned().collect();
                    if !differing.is_empty() {
                        before = now;
                        changed = Some(differing);
                        break;
                    }
                }
                Ok(Err(error)) => return Ok(cannot_watch(&error)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(exit),
            }
        }
    }
}

fn cannot_watch(error: &notify::Error) -> Exit {
    anstream::eprintln!("kmapcheck: cannot watch for changes: {error}");
    Exit::BadInput
}

/// The folders given and all below them, and those of the files that the scenarios read.
fn folders(args: &Test) -> BTreeSet<PathBuf> {
    let mut folders = BTreeSet::new();
    let mut files = Vec::new();
    for path in &args.paths {
        if path.is_dir() {
            below(path, &mut folders, &mut files);
        } else {
            files.push(path.clone());
        }
    }
    for file in files {
        folders.insert(folder(&file));
        let Ok(program) = input::program(&file, &OverrideArgs::default()) else {
            continue;
        };
        // Built-in models have no file.
        let read = program.files.iter().map(|file| folder(Path::new(file)));
        folders.extend(read.filter(|folder| folder.is_dir()));
    }
    folders
}

fn below(path: &Path, folders: &mut BTreeSet<PathBuf>, files: &mut Vec<PathBuf>) {
    folders.insert(path.to_owned());
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => below(&path, folders, files),
            _ if is_json(&path) => files.push(path),
            _ => {}
        }
    }
}

fn is_json(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "json")
}

fn folder(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn stamps(folders: &BTreeSet<PathBuf>) -> Stamps {
    let entries = (folders.iter())
        .flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
    entries
        .filter(|entry| is_json(&entry.path()))
        .filter_map(|entry| {
            let meta = entry.metadata().ok()?;
            Some((entry.path(), (meta.len(), meta.modified().ok())))
        })
        .collect()
}
