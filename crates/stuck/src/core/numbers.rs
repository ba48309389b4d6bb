//! In how many ways a number of tasks can be chosen from kinds with a limited number each.

use kmapcheck_limits::ask;

use super::MOST_TRIES;

/// How many ways there are to choose so many things of kinds with limited numbers.
pub(super) struct Numbers(Vec<u64>);

impl Numbers {
    /// `None` if already the pairs are too many to try.
    pub(super) fn of(caps: &[u32]) -> Option<Numbers> {
        let kinds = caps.len() as u64;
        // Without kinds there are no pairs.
        if kinds * kinds.saturating_sub(1) / 2 > MOST_TRIES {
            return None;
        }
        let mut numbers = vec![1u64];
        for &cap in caps {
            ask();
            let (old, cap) = (numbers, cap as usize);
            let mut sum = 0u64;
            numbers = Vec::with_capacity(old.len() + cap);
            for size in 0..old.len() + cap {
                // A sliding window over the sizes without this kind. Once beyond the limit the
                // exact number is of no interest, but the window must not forget it was there.
                let get = |i: usize| old.get(i).copied().unwrap_or(0);
                sum += get(size);
                if size > cap {
                    sum -= get(size - cap - 1);
                }
                numbers.push(sum.min(MOST_TRIES + 1));
            }
        }
        Some(Numbers(numbers))
    }

    pub(super) fn of_size(&self, size: u32) -> u64 {
        // More than there are cannot be chosen.
        self.0.get(size as usize).copied().unwrap_or(0)
    }
}

/// So many things, the first kinds first.
pub(super) fn fill(caps: &[u32], mut size: u32) -> Vec<u32> {
    caps.iter()
        .map(|&cap| {
            let count = cap.min(size);
            size -= count;
            count
        })
        .collect()
}

/// The next choice of as many things; false if there is none.
pub(super) fn next_counts(caps: &[u32], counts: &mut [u32]) -> bool {
    let (mut room, mut behind) = (0, 0);
    for i in (0..counts.len()).rev() {
        if counts[i] > 0 && room > behind {
            counts[i] -= 1;
            let rest = fill(&caps[i + 1..], behind + 1);
            counts[i + 1..].copy_from_slice(&rest);
            return true;
        }
        room += caps[i];
        behind += counts[i];
    }
    false
}
