//! Checkpoints: how far a search has come, in a file.
//!
//! A file is written beside the one it is to replace, synced, and renamed over it, so that there is
//! a whole one at any time. It ends in a digest of all that comes before, and begins with one of the
//! program, the options that matter, and this program's version: whatever does not fit is refused.
//!
//! Local states and worlds are not written down: they are numbered as the search asks for them, and
//! the file says what was asked that led to new ones ([`Event`]). Asking the same again gives the
//! same numbers. So a search that goes on from a file does what it would have done without the
//! break, number for number.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kmapcheck_machine::{Findings, LeftQueue, Start, Starts, Trace, TraceStep, initial};
use kmapcheck_scenario::{FindingKind, Program};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::explore::{At, CountedStep, Explorer, Run};
use super::packed::Counts;
use super::table::Event;
use crate::capacity::next_number;
use crate::options::{Options, Storage};

const MAGIC: &[u8] = b"kmapcheck checkpoint 2\n";
/// How often a file is written.
const EVERY: Duration = Duration::from_secs(60);
/// Bytes of the digest.
const DIGEST: u64 = 32;

/// Where checkpoints go.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    path: PathBuf,
    /// Of what belongs to it.
    of: String,
    written: Instant,
}

/// What is small, as JSON.
#[derive(Serialize, Deserialize)]
struct Head {
    of: String,
    transitions: u64,
    depth: u64,
    level: (usize, usize),
    next: usize,
    states: u32,
    found: Vec<usize>,
    settled: Vec<(usize, u64, Kept)>,
    open: Vec<(usize, u64, u32, Kept)>,
    executed: Vec<(usize, usize)>,
    sleeps_at: Vec<(usize, usize)>,
    rests: Vec<(usize, usize)>,
    in_full: Vec<u32>,
    /// The kinds that are possible, once that was asked.
    possible: Option<Option<Vec<usize>>>,
    aimed: Vec<Aimed>,
    parents: Vec<u32>,
    events: Vec<Event>,
}

/// A run found by other means.
#[derive(Clone, Serialize, Deserialize)]
struct Aimed {
    kind: usize,
    stale: Vec<Vec<usize>>,
    steps: Vec<(usize, usize)>,
}

/// A [`Run`].
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    state: u32,
    last: Option<(u32, u32)>,
    node: Option<(usize, usize)>,
}

fn kept(run: &Run) -> Kept {
    Kept {
        state: run.state,
        last: run.last.map(|step| (step.local, step.row)),
        node: run.node,
    }
}

fn run_of(kept: Kept) -> Run {
    Run {
        state: kept.state,
        last: kept.last.map(|(local, row)| CountedStep { local, row }),
        node: kept.node,
        starving: None,
    }
}

fn numbers(findings: Findings) -> Vec<usize> {
    findings.iter().map(|kind| kind as usize).collect()
}

fn kind_of(number: usize) -> io::Result<FindingKind> {
    let known = FindingKind::ALL
        .into_iter()
        .find(|&kind| kind as usize == number);
    known.ok_or_else(|| broken("it names a kind of finding that there is not"))
}

fn broken(said: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, said)
}

/// Passes on what is written, and digests it.
struct Digesting<W> {
    to: W,
    digest: Sha256,
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.to.write(bytes)?;
        self.digest.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Checkpoint {
    /// The one of these options, if they want one.
    pub(crate) fn of(program: &Program, options: &Options) -> Option<Checkpoint> {
        let path = options.checkpoint.clone()?;
        let exact = options.storage == Storage::Exact;
        let version = env!("CARGO_PKG_VERSION");
        let all = format!("{version} {exact} {:?} {program:?}", options.reductions);
        let of = Sha256::digest(all.as_bytes());
        Some(Checkpoint {
            path,
            of: of.iter().map(|byte| format!("{byte:02x}")).collect(),
            written: Instant::now(),
        })
    }

    /// What went wrong with the file, in words.
    pub(crate) fn said(&self, what: &str, error: &io::Error) -> String {
        format!(
            "cannot {what} the checkpoint {}: {error}",
            self.path.display()
        )
    }

    /// Whether it is time to write one.
    pub(crate) fn is_due(&self) -> bool {
        self.written.elapsed() >= EVERY
    }

    /// The search is over: nobody has to go on from here.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        }
    }

    /// Whether the file can be written, as far as that can be known without doing it.
    pub(crate) fn try_writing(&self) -> Result<(), String> {
        let tried = match self.path.is_dir() {
            true => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            false => tempfile::NamedTempFile::new_in(self.folder()).map(drop),
        };
        // Tempfile's own words name a file that nobody has heard of.
        tried.map_err(|error| self.said("write", &error.kind().into()))
    }

    /// Writes the file.
    pub(crate) fn write(&mut self, explorer: &mut Explorer<'_>, at: &At) -> io::Result<()> {
        let folder = self.folder();
        let file = tempfile::NamedTempFile::new_in(folder)?;
        let mut out = Digesting {
            to: BufWriter::new(file),
            digest: Sha256::new(),
        };
        out.write_all(MAGIC)?;
        let head = serde_json::to_vec(&self.head(explorer, at))?;
        out.write_all(&(head.len() as u64).to_le_bytes())?;
        out.write_all(&head)?;
        explorer.visited.write(&mut out)?;
        let Digesting { mut to, digest } = out;
        to.write_all(&digest.finalize())?;
        let file = to.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        // The new name has to be on disk, too.
        File::open(folder)?.sync_all()?;
        self.written = Instant::now();
        Ok(())
    }

    fn head(&self, explorer: &Explorer<'_>, at: &At) -> Head {
        let (settled, found, open) = explorer.candidates.parts();
        let mut executed: Vec<_> = explorer.executed.iter().copied().collect();
        let mut sleeps_at: Vec<_> = explorer.sleeps_at.iter().copied().collect();
        let mut in_full: Vec<_> = explorer.in_full.iter().copied().collect();
        executed.sort_unstable();
        sleeps_at.sort_unstable();
        in_full.sort_unstable();
        let steps = |trace: &Trace| {
            let steps = trace.steps.iter();
            steps.map(|step| (step.task, step.choice)).collect()
        };
        Head {
            of: self.of.clone(),
            transitions: explorer.transitions,
            depth: at.depth,
            level: (at.level.start, at.level.end),
            next: at.next,
            states: next_number(explorer.visited.len()),
            found: numbers(found),
            settled: (settled.into_iter())
                .map(|(kind, length, run)| (kind as usize, length, kept(run)))
                .collect(),
            open: (open.into_iter())
                .map(|(kind, length, rank, run)| (kind as usize, length, rank, kept(run)))
                .collect(),
            executed,
            sleeps_at,
            rests: explorer.rests.seen(),
            in_full,
            possible: explorer.possible.map(|possible| possible.map(numbers)),
            aimed: (explorer.aimed.iter())
                .map(|(kind, trace)| Aimed {
                    kind: *kind as usize,
                    stale: trace.start.stale.clone(),
                    steps: steps(trace),
                })
                .collect(),
            parents: explorer.parents.clone(),
            events: explorer.table.log.clone().unwrap_or_default(),
        }
    }

    /// Goes on from the file, if it is there: where the search is then.
    pub(crate) fn read(&self, explorer: &mut Explorer<'_>) -> Result<Option<At>, String> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.said("read", &error)),
        };
        let other = "it belongs to another scenario, other options or another version; remove it, or give another file";
        match self.restore(file, explorer) {
            Ok(Some(at)) => Ok(Some(at)),
            Ok(None) => Err(self.said("go on from", &broken(other))),
            Err(error) => Err(format!(
                "{}; remove it to start over",
                self.said("go on from", &error)
            )),
        }
    }

    /// `None`: the file is whole, but of something else.
    fn restore(&self, mut file: File, explorer: &mut Explorer<'_>) -> io::Result<Option<At>> {
        use std::io::{Seek, SeekFrom};
        let length = file.metadata()?.len();
        let damaged = || broken("it is damaged, or none of kmapcheck's");
        let content = length.checked_sub(DIGEST).ok_or_else(damaged)?;
        let mut digest = Sha256::new();
        io::copy(&mut (&mut file).take(content), &mut digest)?;
        let mut said = Vec::new();
        file.read_to_end(&mut said)?;
        if said != digest.finalize()[..] {
            return Err(damaged());
        }
        file.seek(SeekFrom::Start(0))?;
        let mut from = BufReader::new(file.take(content));
        let mut magic = vec![0; MAGIC.len()];
        from.read_exact(&mut magic)?;
        if magic != MAGIC {
            return Err(damaged());
        }
        let mut length = [0; 8];
        from.read_exact(&mut length)?;
        let head = (&mut from).take(u64::from_le_bytes(length));
        let head: Head = serde_json::from_reader(head)?;
        if head.of != self.of {
            return Ok(None);
        }
        replay(explorer, &head.events);
        explorer.visited.read(&mut from, head.states)?;
        explorer.restart();
        let program = explorer.table.program();
        let mut known = FxHashSet::default();
        for start in Starts::up_to_order(program) {
            let state = explorer.counted(&initial(program, &start));
            let (number, _) = explorer.visited.insert(&state);
            if known.insert(number) {
                explorer.starts.push((number, start));
            }
        }
        let at = At {
            level: head.level.0..head.level.1,
            next: head.next,
            depth: head.depth,
        };
        explorer.transitions = head.transitions;
        explorer.parents = head.parents;
        explorer.executed = head.executed.into_iter().collect();
        explorer.sleeps_at = head.sleeps_at.into_iter().collect();
        explorer.rests.restore(&head.rests);
        explorer.in_full = head.in_full.into_iter().collect();
        let findings = |kinds: Vec<usize>| -> io::Result<Findings> {
            kinds.into_iter().map(kind_of).collect()
        };
        explorer.possible = match head.possible {
            Some(Some(kinds)) => Some(Some(findings(kinds)?)),
            Some(None) => Some(None),
            None => None,
        };
        for Aimed { kind, stale, steps } in head.aimed {
            let steps = steps.into_iter();
            let trace = Trace {
                start: Start { stale },
                steps: steps
                    .map(|(task, choice)| TraceStep { task, choice })
                    .collect(),
            };
            explorer.aimed.push((kind_of(kind)?, trace));
        }
        let (mut settled, mut open) = (Vec::new(), Vec::new());
        for (kind, length, run) in head.settled {
            settled.push((kind_of(kind)?, length, run_of(run)));
        }
        for (kind, length, rank, run) in head.open {
            open.push((kind_of(kind)?, length, rank, run_of(run)));
        }
        explorer
            .candidates
            .restore(settled, findings(head.found)?, open);
        Ok(Some(at))
    }
}

/// Asks what was asked, so that everything has the number it had.
fn replay(explorer: &mut Explorer<'_>, events: &[Event]) {
    let program = explorer.table.program();
    // Starts were put in one after the other.
    let mut starts = (0..).zip(Starts::up_to_order(program));
    for event in events {
        match event {
            Event::Start(i) => {
                let (_, start) = (starts.find(|(number, _)| number == i))
                    .expect("a checkpoint names the starts in their order");
                explorer.counted(&initial(program, &start));
            }
            Event::Entry(local, world) => {
                explorer.table.entry(*local, *world);
            }
            Event::Flush(local, series) => {
                explorer.table.after_flush(*local, *series);
            }
            Event::Free(local, page) => {
                explorer.table.after_free(*local, *page);
            }
            &Event::Leave(local, pool, place) => {
                explorer
                    .table
                    .after_leaving(local, LeftQueue { pool, place });
            }
            Event::Tidy(world, tasks) => explorer.tidy(&mut Counts {
                world: *world,
                tasks: tasks.clone(),
            }),
        }
    }
    explorer.table.log = Some(events.to_vec());
}
