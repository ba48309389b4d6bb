//! Packed states: fields of fixed width in a few words.
//!
//! A state is the number of its world and, for each task, the number of its local state. The
//! fields lie side by side in `W` words, none across a border; so the key *is* the state, equal
//! keys are equal states, and a step that changes the world and one task is an addition.

/// The widest field for the number of a part of a state.
pub(crate) const WIDEST: u32 = 31;

/// A packed state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key<const W: usize>(pub [u64; W]);

/// Where a number lies in a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    pub word: usize,
    pub shift: u32,
    pub bits: u32,
}

impl Field {
    pub(crate) fn mask(self) -> u64 {
        (1u64 << self.bits) - 1
    }

    /// Whether the number can be put there.
    pub(crate) fn fits(self, number: u32) -> bool {
        u64::from(number) <= self.mask()
    }
}

impl<const W: usize> Key<W> {
    pub(crate) const ZERO: Key<W> = Key([0; W]);

    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is in a field was put there as a 32-bit number"
    )]
    pub(crate) fn get(&self, field: Field) -> u32 {
        ((self.0[field.word] >> field.shift) & field.mask()) as u32
    }

    /// The number must fit.
    pub(crate) fn set(&mut self, field: Field, number: u32) {
        debug_assert!(field.fits(number), "{number} is too large for {field:?}");
        let word = &mut self.0[field.word];
        *word = (*word & !(field.mask() << field.shift)) | (u64::from(number) << field.shift);
    }

    /// A hash all of whose bits depend on the whole key; without loss where `W` is 1.
    pub(crate) fn hash(&self) -> u64 {
        let mut hash = 0u64;
        for word in self.0 {
            hash = (hash ^ word ^ (word >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            if W > 1 {
                hash ^= hash >> 29;
            }
        }
        hash
    }
}

/// How numbers become a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// In the lowest bits of word 0.
    pub world: Field,
    /// Task by task.
    pub tasks: Vec<Field>,
    /// The template of each task.
    pub template_of: Vec<usize>,
    /// How many words are in use.
    pub words: usize,
}

/// The widths of keys there is code for.
pub(crate) const WIDTHS: [usize; 6] = [1, 2, 4, 8, 16, 64];

impl Layout {
    /// The layout for worlds of `world` bits and local states of `locals` bits, template by
    /// template; `None` if no key is wide enough. What is left of the last word goes to the world.
    pub(crate) fn new(template_of: &[usize], world: u32, locals: &[u32]) -> Option<Layout> {
        let (mut word, mut used) = (0, world);
        let mut tasks = Vec::with_capacity(template_of.len());
        for &template in template_of {
            let bits = locals[template];
            if used + bits > 64 {
                (word, used) = (word + 1, 0);
            }
            tasks.push(Field {
                word,
                shift: used,
                bits,
            });
            used += bits;
        }
        let words = WIDTHS.into_iter().find(|&words| words > word)?;
        // Room for more worlds than are known yet saves starting over when they come.
        let top = tasks
            .iter()
            .filter(|field| field.word == 0)
            .map(|field| field.shift + field.bits)
            .max()
            .unwrap_or(world);
        // A field that is wider than that already has no need of it.
        let spare = (64 - top).min(WIDEST.saturating_sub(world));
        for field in tasks.iter_mut().filter(|field| field.word == 0) {
            field.shift += spare;
        }
        Some(Layout {
            world: Field {
                word: 0,
                shift: 0,
                bits: world + spare,
            },
            tasks,
            template_of: template_of.to_vec(),
            words,
        })
    }

    /// The key with the local states of alike tasks in ascending order: the same for all states
    /// that differ by a permutation of alike tasks.
    pub(crate) fn sorted<const W: usize>(&self, key: &Key<W>) -> Key<W> {
        let mut numbers = [0u32; 64];
        let mut sorted = *key;
        let mut first = 0;
        while first < self.tasks.len() {
            let template = self.template_of[first];
            let alike = self.template_of[first..]
                .iter()
                .take_while(|&&t| t == template)
                .count();
            let fields = &self.tasks[first..first + alike];
            if alike <= numbers.len() {
                let numbers = &mut numbers[..alike];
                for (number, &field) in numbers.iter_mut().zip(fields) {
                    *number = key.get(field);
                }
                numbers.sort_unstable();
                for (&number, &field) in numbers.iter().zip(fields) {
                    sorted.set(field, number);
                }
            } else {
                let mut numbers: Vec<u32> = fields.iter().map(|&field| key.get(field)).collect();
                numbers.sort_unstable();
                for (&number, &field) in numbers.iter().zip(fields) {
                    sorted.set(field, number);
                }
            }
            first += alike;
        }
        sorted
    }
}

/// How many bits numbers below `count` take; 0 if there is none, or 0 alone.
pub(crate) fn bits(count: usize) -> u32 {
    // Where there is no number it is as if there were 0 alone.
    usize::BITS - count.saturating_sub(1).leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_overlap_and_come_back() {
        for world in [1, 7, 20] {
            for width in [1, 3, 5, 13, 31] {
                let template_of: Vec<usize> = (0..20).map(|task| task / 10).collect();
                let layout =
                    Layout::new(&template_of, world, &[width, 2]).expect("there is a width");
                let mut key = Key::<64>::ZERO;
                let number = |i: u32, field: Field| {
                    let mixed = u64::from(i.wrapping_mul(2_654_435_761)) & field.mask();
                    u32::try_from(mixed).expect("it was a 32-bit number")
                };
                key.set(layout.world, number(99, layout.world));
                for (i, &field) in (0..).zip(&layout.tasks) {
                    key.set(field, number(i, field));
                }
                assert_eq!(key.get(layout.world), number(99, layout.world));
                for (i, &field) in (0..).zip(&layout.tasks) {
                    assert_eq!(key.get(field), number(i, field));
                    assert!(field.word < layout.words);
                }
            }
        }
    }

    #[test]
    fn numbers_take_as_many_bits_as_they_need() {
        assert_eq!([0, 1, 2, 3, 4, 5, 8, 9].map(bits), [0, 0, 1, 2, 2, 3, 3, 4]);
    }

    #[test]
    fn sorting_forgets_who_is_who_among_alike_tasks_only() {
        let layout = Layout::new(&[0, 0, 0, 1], 2, &[3, 3]).expect("there is a width");
        let key = |numbers: [u32; 4]| {
            let mut key = Key::<1>::ZERO;
            for (&field, number) in layout.tasks.iter().zip(numbers) {
                key.set(field, number);
            }
            key
        };
        assert_eq!(layout.sorted(&key([5, 1, 3, 0])), key([1, 3, 5, 0]));
    }
}
