//! Numbers of tasks that are tried one after the other: those with the smallest sum first.

use std::iter::successors;

use super::MOST_TASKS;

/// The largest sum of so many open counts that is tried in every way.
pub(super) fn most_tasks(open: usize) -> u32 {
    let each_once = u32::try_from(open).expect("task programs come from a file of limited size");
    // Few programs come from a file: there is a greater number.
    MOST_TASKS.max(each_once.saturating_add(1))
}

/// All numbers for so many open counts, from 1 on, whose sum is at most [`most_tasks`]; small sums
/// first. Made one by one: with many task programs they are large.
pub(super) fn vectors(open: usize) -> impl Iterator<Item = Vec<u32>> {
    let most = if open == 0 { 0 } else { most_tasks(open) };
    (0..=most).flat_map(move |sum| successors(first_with_sum(open, sum), |v| next_with_sum(v)))
}

/// Of the numbers with a sum, those with the largest first number.
fn first_with_sum(open: usize, sum: u32) -> Option<Vec<u32>> {
    let mut first = vec![1; open];
    let each_once = u32::try_from(open).expect("task programs come from a file of limited size");
    let more = sum.checked_sub(each_once)?;
    if let Some(count) = first.first_mut() {
        *count += more;
    }
    Some(first)
}

/// The numbers with the same sum that come next, those with a large first number first.
fn next_with_sum(counts: &[u32]) -> Option<Vec<u32>> {
    let (&last, others) = counts.split_last()?;
    let lowered = others.iter().rposition(|&count| count > 1)?;
    // All after it are 1, except the last.
    let mut next = counts.to_vec();
    next[lowered] -= 1;
    next[counts.len() - 1] = 1;
    next[lowered + 1] = last + 1;
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_sums_first_and_each_once() {
        assert_eq!(vectors(0).collect::<Vec<_>>(), [Vec::<u32>::new()]);
        assert_eq!(vectors(1).collect::<Vec<_>>(), [[1], [2], [3], [4]]);
        let two = [[1, 1], [2, 1], [1, 2], [3, 1], [2, 2], [1, 3]];
        assert_eq!(vectors(2).collect::<Vec<_>>(), two);
        for (open, programs) in [(3, 3), (4, 4), (5, 5), (6, 6u32)] {
            let most = most_tasks(open);
            let found: Vec<Vec<u32>> = vectors(open).collect();
            // In how many ways so many more are given to so many: stars and bars.
            let more = most - programs;
            let ways = |n: u32| (0..n).fold(1, |all, i| all * (programs + i) / (i + 1));
            let expected: u32 = (0..=more).map(ways).sum();
            assert_eq!(found.len(), expected as usize, "{open}");
            assert!(
                found
                    .iter()
                    .all(|v| v.len() == open && v.iter().all(|&n| n > 0))
            );
            let key = |v: &Vec<u32>| (v.iter().sum::<u32>(), std::cmp::Reverse(v.clone()));
            assert!(
                found.windows(2).all(|two| key(&two[0]) < key(&two[1])),
                "{open}"
            );
        }
        // All ones, and each one of them two.
        assert_eq!(vectors(1_000).count(), 1_001);
    }
}
