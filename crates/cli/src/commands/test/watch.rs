//! `--watch`: runs the scenarios again whenever one of their files changes.
//!
//! The system says when something happens in the folders that the scenarios and their models lie in
//! (crate notify, with what happens within a moment drawn together). It also says so when a file is
//! merely read, so a run begins only if some file there that may be part of a scenario (JSON, and C
//! where it is read) is another than before the last run.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use kmapcheck_args::Test;
use kmapcheck_check::suite::files::{Stamps, folders};
use kmapcheck_report::escape;
use kmapcheck_report::words::list;
use notify_debouncer_mini::new_debouncer;
use notify_debouncer_mini::notify::RecursiveMode;

use crate::exit::Exit;
use crate::failure::usage;
use crate::output::Output;

/// Changes within this time belong together.
const MOMENT: Duration = Duration::from_millis(200);
/// How often to look for Ctrl-C.
const LOOK: Duration = Duration::from_millis(100);

/// Runs the scenarios until Ctrl-C; what the last run came to.
pub fn run(args: &Test, interrupt: &Arc<AtomicBool>, output: &mut Output) -> io::Result<Exit> {
    let cannot_watch = |error| Ok(usage(&format!("cannot watch for changes: {error}")));
    let (send, receive) = mpsc::channel();
    let mut watcher = match new_debouncer(MOMENT, send) {
        Ok(watcher) => watcher,
        Err(error) => return cannot_watch(error),
    };
    let mut watched: BTreeSet<PathBuf> = BTreeSet::new();
    let mut before = Stamps::default();
    let mut changed: Option<Vec<PathBuf>> = None;
    loop {
        if let Some(changed) = &changed {
            let names: Vec<String> = changed.iter().map(|path| escape::path(path)).collect();
            output.print(&format!("\nChanged: {}\n", list(&names)))?;
        }
        let folders = folders(&args.paths);
        for folder in &folders {
            if !watched.contains(folder) {
                let found = watcher.watcher().watch(folder, RecursiveMode::NonRecursive);
                match found {
                    Ok(()) => drop(watched.insert(folder.clone())),
                    Err(error) => return cannot_watch(error),
                }
            }
        }
        // Taken before the run: what changes meanwhile is run again.
        before.extend(Stamps::of(&folders));
        let exit = match super::once(args, interrupt, output)? {
            Some(exit) => exit,
            // A folder that is gone for a moment may come back; one that never was will not.
            None if changed.is_none() => return Ok(Exit::BadInput),
            None => Exit::BadInput,
        };
        output.print("Waiting for changes; Ctrl-C ends it.\n")?;
        changed = loop {
            if interrupt.load(Ordering::Relaxed) || output.is_broken() {
                return Ok(exit);
            }
            match receive.recv_timeout(LOOK) {
                Ok(Ok(_)) => {
                    let now = Stamps::of(&folders);
                    let differing = now.differing(&before);
                    if !differing.is_empty() {
                        before = now;
                        break Some(differing);
                    }
                }
                Ok(Err(error)) => return cannot_watch(error),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(exit),
            }
        };
    }
}
