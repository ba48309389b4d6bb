//! The visited states, in partitions by the top bits of their hashes.
//!
//! A partition keeps its keys one behind the other in the order of their discovery, in segments
//! that never move, and an index: open addressing with linear probing, a slot of 4 bytes with a
//! few bits of the hash (so that a key is looked at only when it is very likely the one) and the
//! key's position. Successors are handed to the partitions in batches (radix partitioning), and
//! each batch first touches the slots it will need, independently of one another, so that the
//! processor overlaps the cache misses, and then inserts. Partitions share nothing: threads take
//! whole ones, and what is in a partition, in which order, does not depend on who did it.
//!
//! The keys of a level are a range of each partition: the frontier is not stored apart, and levels
//! remain for traces to be followed back through.
//!
//! Where a state can only come up again within its own level (see [`super::graded`]) the index
//! holds the newest level only.

use std::ops::Range;

use super::key::Key;

/// How many partitions there are: as many streams as fit the first-level cache.
pub(crate) const PARTITIONS: usize = 128;
/// Keys per segment.
const SEGMENT: usize = 1024;
/// Bits of a slot that hold a position, plus one.
const POSITION_BITS: u32 = 26;
const POSITION: u32 = (1 << POSITION_BITS) - 1;
/// How many keys the index of a partition can number.
pub(crate) const MOST_IN_PARTITION: u32 = POSITION;
/// How many states may be stored: half of what slots can number, since partitions differ in size.
pub(crate) const MOST_STATES: u64 = (PARTITIONS as u64) << (POSITION_BITS - 1);
/// So many look-ups are under way at once.
const BATCH: usize = 32;

/// The partition of a hash.
pub(crate) fn partition_of(hash: u64) -> usize {
    usize::from((hash >> 57).to_le_bytes()[0])
}

/// The bits of a hash that a slot keeps; neither the partition nor the slot depends on them.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a few bits of a hash are what is wanted"
)]
fn tag_of(hash: u64) -> u32 {
    ((hash >> 16) as u32) << POSITION_BITS
}

/// One partition.
pub(crate) struct Partition<const W: usize> {
    segments: Vec<Vec<Key<W>>>,
    len: usize,
    index: Vec<u32>,
    /// Keys before this one are not in the index.
    indexed_from: usize,
    /// The level under expansion.
    pub level: Range<usize>,
    /// Where levels end, for those that have keys here.
    ends: Vec<(u32, u32)>,
    graded: bool,
    /// So many keys the index can have.
    most: u32,
    /// Whether a key was left out because there was no room in the index.
    is_full: bool,
}

impl<const W: usize> Partition<W> {
    /// An empty one, with room for so many keys in its index: [`MOST_IN_PARTITION`] at most.
    pub(crate) fn new(graded: bool, most: u32) -> Self {
        Partition {
            segments: Vec::new(),
            len: 0,
            index: vec![0; 8],
            indexed_from: 0,
            level: 0..0,
            ends: Vec::new(),
            graded,
            most,
            is_full: false,
        }
    }

    /// Whether a key was left out: then nothing can be said of what is not here.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn key(&self, i: usize) -> &Key<W> {
        &self.segments[i / SEGMENT][i % SEGMENT]
    }

    /// The keys of a range, as they lie.
    pub(crate) fn slices(&self, range: Range<usize>) -> impl Iterator<Item = &[Key<W>]> {
        let segments = range.start / SEGMENT..range.end.div_ceil(SEGMENT);
        segments.map(move |i| {
            let from = range.start.max(i * SEGMENT) - i * SEGMENT;
            let to = range.end.min((i + 1) * SEGMENT) - i * SEGMENT;
            &self.segments[i][from..to]
        })
    }

    /// Bytes allocated.
    pub(crate) fn memory(&self) -> u64 {
        // Without a segment there are no keys.
        let first = self.segments.first().map_or(0, Vec::capacity);
        let keys = first + self.segments.len().saturating_sub(1) * SEGMENT;
        (keys * size_of::<Key<W>>()
            + self.segments.capacity() * size_of::<Vec<Key<W>>>()
            + self.index.capacity() * 4
            + self.ends.capacity() * 8) as u64
    }

    /// The keys inserted since the last call are the level to expand next, the one of that number.
    pub(crate) fn next_level(&mut self, level: u64) {
        self.level = self.level.end..self.len;
        if !self.level.is_empty() {
            // No level is empty, so that there are no more of them than keys.
            let to_u32 = |n: u64| u32::try_from(n).expect("positions are 32-bit numbers");
            self.ends.push((to_u32(level), to_u32(self.len as u64)));
        }
        if self.graded {
            let (newest, slots) = (self.level.len(), self.index.len());
            self.indexed_from = self.len;
            if slots > 64 && newest * 16 < slots {
                self.index = vec![0; slots / 8];
            } else if !self.level.is_empty() {
                self.index.fill(0);
            }
        }
    }

    /// The positions of the level of that number.
    pub(crate) fn level_range(&self, level: u64) -> Range<usize> {
        let i = self.ends.partition_point(|&(l, _)| u64::from(l) < level);
        match self.ends.get(i) {
            Some(&(l, end)) if u64::from(l) == level => {
                let start = if i == 0 { 0 } else { self.ends[i - 1].1 };
                start as usize..end as usize
            }
            _ => 0..0,
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "of 32 bits of the hash, a product with the length is below 2^32 times the length"
    )]
    fn slot_of(&self, hash: u64) -> usize {
        ((u64::from((hash >> 24) as u32) * self.index.len() as u64) >> 32) as usize
    }

    /// Inserts those keys that are not there.
    pub(crate) fn insert_all(&mut self, keys: &[Key<W>]) {
        let (mut hashes, mut entries) = ([0u64; BATCH], [0u32; BATCH]);
        for batch in keys.chunks(BATCH) {
            for ((hash, entry), key) in hashes.iter_mut().zip(&mut entries).zip(batch) {
                *hash = key.hash();
                *entry = self.index[self.slot_of(*hash)];
            }
            // Whatever the slot holds: a miss for nothing costs less than a branch.
            let mut touched = 0;
            for entry in &entries[..batch.len()] {
                let position = (entry & POSITION).saturating_sub(1) as usize + self.indexed_from;
                let key = (self.segments.get(position / SEGMENT))
                    .and_then(|segment| segment.get(position % SEGMENT));
                // The value means nothing: the key is in the cache now.
                touched ^= key.map_or(0, |key| key.0[0]);
            }
            std::hint::black_box(touched);
            for (&hash, key) in hashes.iter().zip(batch) {
                self.insert(hash, key);
            }
        }
    }

    fn insert(&mut self, hash: u64, key: &Key<W>) {
        let tag = tag_of(hash);
        let mut slot = self.slot_of(hash);
        loop {
            let entry = self.index[slot];
            if entry == 0 {
                break;
            }
            if entry & !POSITION == tag {
                let position = (entry & POSITION) as usize - 1 + self.indexed_from;
                if self.key(position) == key {
                    return;
                }
            }
            slot += 1;
            if slot == self.index.len() {
                slot = 0;
            }
        }
        // Its position, plus one, if there is such a number.
        let position = u32::try_from(self.len - self.indexed_from + 1).ok();
        let position = position.filter(|&p| p <= self.most && self.len < u32::MAX as usize);
        let Some(position) = position else {
            self.is_full = true;
            return;
        };
        self.push(*key);
        self.index[slot] = tag | position;
        self.make_room();
    }

    /// Where a key is, if it is in the index.
    pub(crate) fn find(&self, key: &Key<W>) -> Option<usize> {
        let hash = key.hash();
        let tag = tag_of(hash);
        let mut slot = self.slot_of(hash);
        loop {
            let entry = self.index[slot];
            if entry == 0 {
                return None;
            }
            if entry & !POSITION == tag {
                let position = (entry & POSITION) as usize - 1 + self.indexed_from;
                if self.key(position) == key {
                    return Some(position);
                }
            }
            slot = (slot + 1) % self.index.len();
        }
    }

    fn push(&mut self, key: Key<W>) {
        if self.len.is_multiple_of(SEGMENT) {
            // The first one grows as it needs: most partitions of small spaces stay nearly empty.
            let size = if self.len == 0 { 0 } else { SEGMENT };
            self.segments.push(Vec::with_capacity(size));
        }
        if let Some(segment) = self.segments.last_mut() {
            segment.push(key);
        }
        self.len += 1;
    }

    /// Makes room in the index for another key. When it grows depends on how many keys there are
    /// alone, and so does what is said of memory.
    fn make_room(&mut self) {
        let (used, slots) = (self.len - self.indexed_from, self.index.len());
        // An index that is emptied level by level is small, and may be loose; one that holds
        // everything grows in small strides: 5 to 6.5 bytes a key.
        let (fits, slots) = if self.graded {
            (used * 3 <= slots * 2, slots * 2)
        } else {
            (used * 5 <= slots * 4, slots + slots * 3 / 10 + 8)
        };
        if fits {
            return;
        }
        // The old index goes first: the two are never there together.
        self.index = Vec::new();
        self.index = vec![0; slots];
        for (number, position) in (1..).zip(self.indexed_from..self.len) {
            let hash = self.key(position).hash();
            let mut slot = self.slot_of(hash);
            while self.index[slot] != 0 {
                slot = (slot + 1) % slots;
            }
            let tag = tag_of(hash);
            self.index[slot] = tag | number;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// A few thousand keys of a linear congruential sequence, each about twice.
    fn keys() -> Vec<Key<1>> {
        let mut state = 1u64;
        (0..20_000)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(7);
                Key([(state >> 33) % 9_000])
            })
            .collect()
    }

    #[test]
    fn a_partition_is_a_set_in_the_order_of_discovery() {
        let keys = keys();
        let mut partition = Partition::new(false, MOST_IN_PARTITION);
        let mut expected = Vec::new();
        let mut seen = HashSet::new();
        for (level, keys) in keys.chunks(3_000).enumerate() {
            partition.insert_all(keys);
            partition.next_level(level as u64);
            expected.extend(keys.iter().filter(|key| seen.insert(**key)));
        }
        let found = partition.slices(0..partition.len()).collect::<Vec<_>>();
        assert_eq!(found.concat(), expected);
        let some = partition.slices(1_000..3_000).collect::<Vec<_>>();
        assert_eq!(some.concat(), expected[1_000..3_000]);
        assert_eq!(partition.slices(5..5).flatten().count(), 0);
        for (i, key) in expected.iter().enumerate() {
            assert_eq!(partition.find(key), Some(i));
        }
        assert_eq!(partition.find(&Key([9_001])), None);
        assert_eq!(partition.level_range(0).start, 0);
        assert_eq!(partition.level_range(1).start, partition.level_range(0).end);
    }

    #[test]
    fn a_graded_partition_knows_the_newest_level_only() {
        let mut partition = Partition::new(true, MOST_IN_PARTITION);
        partition.insert_all(&[Key([1]), Key([2]), Key([1])]);
        partition.next_level(0);
        partition.insert_all(&[Key([2]), Key([2])]);
        partition.next_level(1);
        assert_eq!(partition.len(), 3);
        assert_eq!(partition.level_range(1), 2..3);
        assert_eq!(partition.find(&Key([1])), None);
    }

    /// What the index cannot number is left out, and that is said; of a graded partition the next
    /// level has room again, but something is missing for good.
    #[test]
    fn a_full_partition_says_so() {
        for graded in [false, true] {
            let mut partition = Partition::new(graded, 2);
            partition.insert_all(&[Key([1]), Key([2]), Key([1])]);
            assert!(!partition.is_full());
            partition.insert_all(&[Key([3])]);
            assert!(partition.is_full());
            assert_eq!((partition.len(), partition.find(&Key([3]))), (2, None));
            partition.next_level(0);
            partition.insert_all(&[Key([4])]);
            assert!(partition.is_full());
            assert_eq!(partition.len(), if graded { 3 } else { 2 });
        }
    }
}
