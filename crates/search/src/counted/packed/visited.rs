//! The visited set.
//!
//! The strings of states lie one behind the other in an arena of blocks that never move; hash
//! tables hold their numbers, by parts of the hash, so that one small table grows at a time, and no
//! other is ever in memory twice.
//!
//! With [`Storage::Fingerprint`] 64 bits of each string are kept instead, and the strings only until
//! they are expanded: two states may then be taken for one.

use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read, Write};

use foldhash::quality::FixedState;
use hashbrown::HashTable;
use rustc_hash::FxHasher;

use super::{Counts, unpack, write};
use crate::capacity::next_number;
use crate::counted::frontier::{Frontier, length_of};
use crate::options::Storage;

/// So many tables, by a byte of the hash.
const TABLES: usize = 256;
/// Bytes of a block of the arena; a longer string has a block of its own. Pages that are not
/// written to are not there.
const BLOCK: usize = 1 << 20;

/// Strings one behind the other, none across two blocks.
#[derive(Default)]
struct Arena {
    blocks: Vec<Vec<u8>>,
    /// By string: the block and where in it the string ends.
    ends: Vec<(u32, u32)>,
    bytes: usize,
}

impl Arena {
    fn push(&mut self, string: &[u8]) {
        let fits = |block: &Vec<u8>| block.capacity() - block.len() >= string.len();
        if !self.blocks.last().is_some_and(fits) {
            let size = match self.blocks.len() {
                // Most searches are small.
                0 => 4096,
                1 => 1 << 16,
                _ => BLOCK,
            };
            let block = Vec::with_capacity(string.len().max(size));
            self.bytes += block.capacity();
            self.blocks.push(block);
        }
        if let Some(block) = self.blocks.last_mut() {
            block.extend_from_slice(string);
            let end = (
                self.blocks.len() - 1,
                self.blocks[self.blocks.len() - 1].len(),
            );
            let position = |n: usize| {
                u32::try_from(n)
                    .expect("a block ends with a string, and holds as much as that or a MiB")
            };
            self.ends.push((position(end.0), position(end.1)));
        }
    }

    fn get(&self, number: u32) -> &[u8] {
        let (block, end) = self.ends[number as usize];
        let start = match number.checked_sub(1).map(|i| self.ends[i as usize]) {
            Some((before, start)) if before == block => start,
            _ => 0,
        };
        &self.blocks[block as usize][start as usize..end as usize]
    }
}

/// What is kept of the states.
enum Kept {
    Strings(Arena),
    Fingerprints {
        prints: Vec<u64>,
        frontier: Box<Frontier>,
        /// The number of the state at the head of the frontier.
        first: u32,
        /// Why the frontier could not be written or read.
        failed: Option<io::Error>,
    },
}

/// The visited states, numbered in the order of their discovery.
pub(crate) struct Visited {
    kept: Kept,
    tables: Vec<HashTable<u32>>,
    scratch: Vec<u8>,
}

impl Default for Visited {
    fn default() -> Self {
        Visited::new(Storage::Exact)
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hasher = FixedState::with_seed(0x6b6d_6170).build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

/// The table of a hash: by bits that tables make little use of.
fn table_of(hash: u64) -> usize {
    usize::from((hash >> 40).to_le_bytes()[0])
}

impl Visited {
    pub(crate) fn new(storage: Storage) -> Visited {
        Visited {
            kept: match storage {
                Storage::Exact => Kept::Strings(Arena::default()),
                Storage::Fingerprint { spill } => Kept::Fingerprints {
                    prints: Vec::new(),
                    frontier: Box::new(Frontier::new(spill)),
                    first: 0,
                    failed: None,
                },
            },
            tables: (0..TABLES).map(|_| HashTable::new()).collect(),
            scratch: Vec::new(),
        }
    }

    /// How many states there are.
    pub(crate) fn len(&self) -> usize {
        match &self.kept {
            Kept::Strings(arena) => arena.ends.len(),
            Kept::Fingerprints { prints, .. } => prints.len(),
        }
    }

    /// How many bits are kept of a state, if it is not all.
    pub(crate) fn fingerprint_bits(&self) -> Option<u32> {
        matches!(self.kept, Kept::Fingerprints { .. }).then_some(64)
    }

    /// Why states could not be kept, in words.
    pub(crate) fn failed(&self) -> Option<String> {
        match &self.kept {
            Kept::Fingerprints {
                failed: Some(error),
                ..
            } => Some(error.to_string()),
            _ => None,
        }
    }

    /// Bytes allocated.
    pub(crate) fn memory(&self) -> u64 {
        // A table entry is a 4-byte number and a control byte.
        let tables: usize = self.tables.iter().map(HashTable::capacity).sum();
        let kept = match &self.kept {
            Kept::Strings(arena) => (arena.bytes + arena.ends.len() * 8) as u64,
            Kept::Fingerprints {
                prints, frontier, ..
            } => (prints.len() * 8) as u64 + frontier.memory(),
        };
        kept + (tables * 5 * 8 / 7) as u64
    }

    /// The number of a state, and whether it is new.
    pub(crate) fn insert(&mut self, state: &Counts) -> (u32, bool) {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        write(&mut scratch, state.world);
        let mut previous = 0;
        for &(local, n) in &state.tasks {
            write(&mut scratch, local - previous);
            write(&mut scratch, n);
            previous = local;
        }
        let found = self.insert_string(&scratch);
        self.scratch = scratch;
        found
    }

    /// The same for its string.
    pub(crate) fn insert_string(&mut self, string: &[u8]) -> (u32, bool) {
        use hashbrown::hash_table::Entry;
        let number = next_number(self.len());
        match &mut self.kept {
            Kept::Strings(arena) => {
                let hashed = hash(string);
                let table = &mut self.tables[table_of(hashed)];
                let same = |&number: &u32| arena.get(number) == string;
                match table.entry(hashed, same, |&number| hash(arena.get(number))) {
                    Entry::Occupied(entry) => return (*entry.get(), false),
                    Entry::Vacant(entry) => entry.insert(number),
                };
                arena.push(string);
            }
            Kept::Fingerprints {
                prints,
                frontier,
                failed,
                ..
            } => {
                let print = fingerprint(string);
                let table = &mut self.tables[table_of(print)];
                let same = |&number: &u32| prints[number as usize] == print;
                match table.entry(print, same, |&number| prints[number as usize]) {
                    Entry::Occupied(entry) => return (*entry.get(), false),
                    Entry::Vacant(entry) => entry.insert(number),
                };
                prints.push(print);
                if let Err(error) = frontier.push(string) {
                    *failed = Some(error);
                }
            }
        }
        (number, true)
    }

    /// Unpacks the state of that number into `state`. Of fingerprints that can be done once for each
    /// state, in the order of numbers; otherwise `state` comes out empty.
    pub(crate) fn get(&mut self, number: u32, state: &mut Counts) {
        state.tasks.clear();
        match &mut self.kept {
            Kept::Strings(arena) => unpack(arena.get(number), state),
            Kept::Fingerprints {
                frontier,
                first,
                failed,
                ..
            } => {
                assert_eq!(number, *first, "states are taken once, in their order");
                if failed.is_none() {
                    *first += 1;
                    match frontier.pop(&mut self.scratch) {
                        Ok(()) => unpack(&self.scratch, state),
                        Err(error) => *failed = Some(error),
                    }
                }
            }
        }
    }

    /// Writes what is kept, for [`Visited::read`].
    pub(crate) fn write(&mut self, to: &mut impl Write) -> io::Result<()> {
        let write_string = |string: &[u8], to: &mut dyn Write| {
            to.write_all(&length_of(string)?.to_le_bytes())?;
            to.write_all(string)
        };
        match &mut self.kept {
            Kept::Strings(arena) => {
                for number in 0..next_number(arena.ends.len()) {
                    write_string(arena.get(number), to)?;
                }
            }
            Kept::Fingerprints {
                prints,
                frontier,
                first,
                ..
            } => {
                to.write_all(&first.to_le_bytes())?;
                for print in prints.iter() {
                    to.write_all(&print.to_le_bytes())?;
                }
                frontier.for_each(|string| write_string(string, to))?;
            }
        }
        Ok(())
    }

    /// Reads so many states into an empty set.
    pub(crate) fn read(&mut self, from: &mut impl Read, states: u32) -> io::Result<()> {
        let mut string = Vec::new();
        let read_string = |string: &mut Vec<u8>, from: &mut dyn Read| -> io::Result<()> {
            string.resize(read_u32(from)? as usize, 0);
            from.read_exact(string)
        };
        if matches!(self.kept, Kept::Strings(_)) {
            for _ in 0..states {
                read_string(&mut string, from)?;
                self.insert_string(&string);
            }
        } else if let Kept::Fingerprints {
            prints,
            frontier,
            first,
            ..
        } = &mut self.kept
        {
            *first = read_u32(from)?;
            for number in 0..states {
                let mut print = [0; 8];
                from.read_exact(&mut print)?;
                let print = u64::from_le_bytes(print);
                prints.push(print);
                let hasher = |&number: &u32| prints[number as usize];
                self.tables[table_of(print)].insert_unique(print, number, hasher);
            }
            for _ in *first..states {
                read_string(&mut string, from)?;
                frontier.push(&string)?;
            }
        }
        Ok(())
    }
}

fn read_u32(from: &mut dyn Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}
