//! Counted states as byte strings, and the visited set.
//!
//! A state is written as the number of its world and, in ascending order of local states, the
//! distance to the previous one and how many tasks are in it; every number takes as many bytes as
//! it needs (LEB128). The string *is* the state: nothing is lost by hashing, and two states are
//! equal exactly if their strings are. [`Visited`] keeps those that have been met.

mod visited;

pub(crate) use visited::Visited;

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

#[expect(
    clippy::cast_possible_truncation,
    reason = "of the number the lowest seven bits are written, again and again"
)]
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

fn unpack(mut bytes: &[u8], state: &mut Counts) {
    state.world = read(&mut bytes);
    let mut local = 0;
    while !bytes.is_empty() {
        local += read(&mut bytes);
        let n = read(&mut bytes);
        state.tasks.push((local, n));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Storage;

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
        for (i, state) in (0..).zip(&states) {
            assert_eq!(visited.insert(state), (i, true));
        }
        for (i, state) in (0..).zip(&states) {
            assert_eq!(visited.insert(state), (i, false));
            let mut back = Counts::default();
            visited.get(i, &mut back);
            assert_eq!(&back, state);
        }
        assert_eq!(visited.len(), 3);
    }

    /// Fifty thousand states, each about twice, in both sorts of storage: the same numbers.
    #[test]
    fn fingerprints_number_states_as_strings_do() {
        let mut exact = Visited::default();
        let mut prints = Visited::new(Storage::Fingerprint { spill: None });
        let mut seed = 1u64;
        for _ in 0..100_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(7);
            let below = |n: u64, of: u64| u32::try_from(of % n).expect("it is small");
            let state = Counts {
                world: below(50, seed >> 40),
                tasks: vec![(below(10, seed >> 33), 1), (1_000, below(100, seed >> 50))],
            };
            assert_eq!(exact.insert(&state), prints.insert(&state));
        }
        let (mut a, mut b) = (Counts::default(), Counts::default());
        for number in 0..crate::capacity::next_number(exact.len()) {
            exact.get(number, &mut a);
            prints.get(number, &mut b);
            assert_eq!(a, b);
        }
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
