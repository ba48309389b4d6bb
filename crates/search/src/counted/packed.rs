//! Counted states as byte strings, and the visited set.
//!
//! A state is written as the number of its world and, in ascending order of local states, the
//! distance to the previous one and how many tasks are in it; every number takes as many bytes as
//! it needs (LEB128). The string *is* the state: nothing is lost by hashing, and two states are
//! equal exactly if their strings are. The strings lie one behind the other in an arena; the
//! visited set is a hash table of state numbers.

use std::hash::Hasher;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

/// A counted state, unpacked: a world, and (local state, how many), sorted by local state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub world: u32,
    pub tasks: Vec<(u32, u32)>,
}

impl Counts {
    /// Moves `n` tasks into a local state.
    pub(crate) fn add(&mut self, local: u32, n: u32) {
        match self.tasks.binary_search_by_key(&local, |&(local, _)| local) {
            Ok(i) => self.tasks[i].1 += n,
            Err(i) => self.tasks.insert(i, (local, n)),
        }
    }

    /// Takes one task out of the local state at that position.
    pub(crate) fn take_one(&mut self, position: usize) {
        if self.tasks[position].1 == 1 {
            self.tasks.remove(position);
        } else {
            self.tasks[position].1 -= 1;
        }
    }
}

/// The visited states, numbered in the order of their discovery.
#[derive(Default)]
pub(crate) struct Visited {
    bytes: Vec<u8>,
    /// Where each state's string ends.
    ends: Vec<u64>,
    table: HashTable<u32>,
    scratch: Vec<u8>,
}

fn write(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read(bytes: &mut &[u8]) -> u32 {
    let (mut number, mut shift) = (0, 0);
    while let Some((&byte, rest)) = bytes.split_first() {
        *bytes = rest;
        number |= u32::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            break;
        }
    }
    number
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

impl Visited {
    /// How many states there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes allocated.
    pub(crate) fn memory(&self) -> u64 {
        // A table entry is a 4-byte number and a control byte.
        (self.bytes.capacity() + self.ends.capacity() * 8 + self.table.capacity() * 5 * 8 / 7)
            as u64
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
        let (bytes, ends) = (&self.bytes, &self.ends);
        let entry = self.table.entry(
            hash(&scratch),
            |&number| slice(bytes, ends, number) == scratch,
            |&number| hash(slice(bytes, ends, number)),
        );
        let found = match entry {
            hashbrown::hash_table::Entry::Occupied(entry) => (*entry.get(), false),
            hashbrown::hash_table::Entry::Vacant(entry) => {
                let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
                entry.insert(number);
                self.bytes.extend_from_slice(&scratch);
                self.ends.push(self.bytes.len() as u64);
                (number, true)
            }
        };
        self.scratch = scratch;
        found
    }

    /// Unpacks the state of that number into `state`.
    pub(crate) fn get(&self, number: u32, state: &mut Counts) {
        let mut bytes = slice(&self.bytes, &self.ends, number);
        state.tasks.clear();
        state.world = read(&mut bytes);
        let mut local = 0;
        while !bytes.is_empty() {
            local += read(&mut bytes);
            let n = read(&mut bytes);
            state.tasks.push((local, n));
        }
    }
}

fn slice<'a>(bytes: &'a [u8], ends: &[u64], number: u32) -> &'a [u8] {
    let number = number as usize;
    let start = if number == 0 {
        0
    } else {
        ends[number - 1] as usize
    };
    &bytes[start..ends[number] as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_come_back_as_they_went_in() {
        let mut visited = Visited::default();
        let states = [
            Counts {
                world: 0,
                tasks: vec![],
            },
            Counts {
                world: 300,
                tasks: vec![(0, 1), (127, 128), (128, 32767), (70000, 1)],
            },
            Counts {
                world: u32::MAX,
                tasks: vec![(u32::MAX, u32::MAX)],
            },
        ];
        for (i, state) in states.iter().enumerate() {
            assert_eq!(visited.insert(state), (i as u32, true));
        }
        for (i, state) in states.iter().enumerate() {
            assert_eq!(visited.insert(state), (i as u32, false));
            let mut back = Counts::default();
            visited.get(i as u32, &mut back);
            assert_eq!(&back, state);
        }
        assert_eq!(visited.len(), 3);
    }

    #[test]
    fn adding_and_taking_keep_the_order() {
        let mut state = Counts {
            world: 0,
            tasks: vec![(3, 2)],
        };
        state.add(1, 1);
        state.add(3, 1);
        state.take_one(0);
        state.take_one(0);
        assert_eq!(state.tasks, [(3, 2)]);
    }
}
