//! The smallest core: the fewest tasks that are stuck on one another.
//!
//! A set of tasks is stuck *on itself* if it stays stuck even though all other tasks give back what
//! they hold. Whether a set contains such a set is monotone: adding tasks never changes yes to no.
//! That makes both searches here sound.
//!
//! A core also needs a *mark*: one of its tasks does not wait idly, or, where only a time-out ends the
//! wait, one of them can give up. That too only goes from no to yes as tasks are added.
//!
//! - **Exact.** Sets are tried by size; the first that is stuck on itself is a smallest one. Alike
//!   tasks (see `alike`) are exchangeable, so what is tried is how many of each kind, and
//!   tasks that give nothing anybody waits for are left out: a core with such a task would be a
//!   core without it too, unless it is that task alone. Always ends for up to 14 tasks
//!   (2^14 sets), usually for any number of them, since large sets are mostly alike.
//! - **Minimal.** When that would take too many tries: kinds are dropped in halving batches, as
//!   long as something stays stuck (Zeller and Hildebrandt, *Simplifying and Isolating
//!   Failure-Inducing Input*, IEEE TSE 28(2), 2002), and of a kind that cannot go, as many as can
//!   (by bisection). No task of the result can be left out. Costs about k log n reductions for a
//!   core of k kinds among n; each looks only at the kinds still there.

mod awaited;
mod numbers;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::rc::Rc;

use kmapcheck_limits::ask;

use self::awaited::Awaited;
use self::numbers::{Numbers, fill, next_counts};
use crate::alike::Groups;
use crate::class::class_of;
use crate::holdings::{Blockers, Leaks};
use crate::reduction::{Reduction, stuck_among};
use crate::scene::{Party, Scene};

/// How many sets the exact search tries at most: all those of 14 tasks.
const MOST_TRIES: u64 = 1 << 14;

/// The smallest set of tasks with a mark that is stuck on itself, ascending; `None` if there is none.
///
/// Every party of the scene must be one task. Among several smallest sets the one of the first
/// [`Class`](crate::class::Class) is taken, then the one with the lowest task numbers.
#[must_use]
pub fn smallest_core(scene: &Scene<'_>) -> Option<Vec<usize>> {
    let stuck = stuck_among(scene, &scene.who_waits(|_| true));
    core_of(scene, &Groups::of(scene), &Leaks::of(scene), &stuck)
}

/// Whether a core may be called one for this task's sake.
fn is_marked(scene: &Scene<'_>, party: &Party<'_>) -> bool {
    party.waiting().is_some_and(|waiting| match scene.patient {
        true => waiting.gives_up(),
        false => !waiting.is_idle(),
    })
}

/// The same, where the groups, the leaks and the greatest stuck set are known already.
pub(crate) fn core_of(
    scene: &Scene<'_>,
    groups: &Groups,
    leaks: &Leaks,
    stuck: &[bool],
) -> Option<Vec<usize>> {
    if !stuck.contains(&true) {
        return None;
    }
    let folded = folded(scene, groups);
    let all = Candidates::of(&folded, groups, stuck);
    if !all.has_core() {
        return None;
    }
    let mut sets = all.singles();
    if sets.is_empty() {
        let givers = all.only_givers(&folded);
        sets = givers
            .smallest()
            .unwrap_or_else(|| vec![givers.minimal(&folded)]);
    }
    sets.iter()
        .map(|left| {
            let core = tasks(groups, left);
            (class_of(scene, leaks, &Blockers::of(scene, &core)), core)
        })
        .min()
        .map(|(_, core)| core)
}

/// The party of [`folded`] for those of a group that may be in the core.
fn head(group: usize) -> usize {
    2 * group
}

/// The party of [`folded`] for those of a group that are dropped while others of it stay.
fn tail(group: usize) -> usize {
    2 * group + 1
}

fn size(members: &[usize]) -> u32 {
    u32::try_from(members.len()).expect("a template has a 32-bit number of instances")
}

/// The scene with two parties for each group, represented by its first and its last member. They
/// are told apart since one's own pages are not the other's.
fn folded<'a>(scene: &Scene<'a>, groups: &Groups) -> Scene<'a> {
    let party = |i: usize, count| {
        let mut party: Party<'a> = scene.parties[i].clone();
        party.count = count;
        // Whoever else uses a mapping of a task's own page has ended: that slot never comes free.
        party
            .joint_pins
            .retain(|&(page, ..)| !groups.is_private(page));
        party
    };
    let parties = groups.members.iter().flat_map(|members| {
        let last = members.last().copied().unwrap_or(members[0]);
        [
            party(members[0], size(members)),
            party(last, size(members) - 1),
        ]
    });
    Scene {
        parties: parties.collect(),
        ..scene.clone()
    }
}

/// So many of each group, the ones with the lowest numbers.
fn tasks(groups: &Groups, left: &[u32]) -> Vec<usize> {
    let of_group =
        |(group, members): (usize, &Vec<usize>)| members[..left[head(group)] as usize].to_vec();
    let mut tasks: Vec<usize> = groups
        .members
        .iter()
        .enumerate()
        .flat_map(of_group)
        .collect();
    tasks.sort_unstable();
    tasks
}

/// A set of tasks that may be the core, stuck on itself.
#[derive(Clone)]
struct Candidates<'a> {
    /// All others removed.
    reduction: Reduction<'a>,
    /// How many there are of each party of the folded scene.
    left: Vec<u32>,
    /// The groups that have some.
    kinds: Vec<usize>,
    /// By group, whether its tasks are marked.
    marked: Rc<[bool]>,
}

impl<'a> Candidates<'a> {
    /// The greatest stuck set.
    fn of(folded: &'a Scene<'a>, groups: &Groups, stuck: &[bool]) -> Self {
        let mut reduction = Reduction::new(folded);
        let mut left = vec![0; folded.parties.len()];
        for (group, members) in groups.members.iter().enumerate() {
            // Alike tasks are stuck together, so the first of a group answers for all.
            if stuck[members[0]] {
                left[head(group)] = size(members);
            } else {
                reduction.remove(head(group), size(members));
            }
        }
        let marked = (0..groups.members.len())
            .map(|group| is_marked(folded, &folded.parties[head(group)]))
            .collect();
        Candidates {
            reduction,
            left,
            kinds: Vec::new(),
            marked,
        }
        .counted()
    }

    fn counted(mut self) -> Self {
        self.kinds = (0..self.left.len() / 2)
            .filter(|&group| self.left[head(group)] > 0)
            .collect();
        self
    }

    /// Whether there is a core in it: of what is left each is stuck on the others.
    fn has_core(&self) -> bool {
        self.kinds.iter().any(|&group| self.marked[group])
    }

    fn set(&mut self, group: usize, count: u32) {
        let before = std::mem::replace(&mut self.left[head(group)], count);
        let party = if count == 0 { head(group) } else { tail(group) };
        self.reduction.remove(party, before - count);
    }

    /// What is still stuck once `drop` has lowered some counts.
    fn after(&self, drop: impl FnOnce(&mut Self)) -> Self {
        ask();
        let mut next = self.clone();
        drop(&mut next);
        let mut left: Vec<u32> = std::mem::take(&mut next.left);
        next.reduction
            .run_some(&mut left, self.kinds.iter().map(|&group| head(group)));
        next.left = left;
        next.kinds.retain(|&group| next.left[head(group)] > 0);
        next
    }

    /// The sets of one task that is stuck alone.
    fn singles(&self) -> Vec<Vec<u32>> {
        let mut found = Vec::new();
        self.singles_of(&self.kinds, &mut found);
        found
    }

    /// `self` has no kinds but `kinds`, or some of them.
    fn singles_of(&self, kinds: &[usize], found: &mut Vec<Vec<u32>>) {
        let one = |group: usize| self.after(|next| next.set(group, 1));
        match (self.kinds.as_slice(), kinds) {
            (_, []) => {}
            _ if !self.has_core() => {}
            (&[group], _) => {
                let single = one(group);
                if single.has_core() {
                    found.push(single.left);
                }
            }
            _ => {
                let (first, second) = kinds.split_at(kinds.len() / 2);
                for (kept, dropped) in [(first, second), (second, first)] {
                    self.without(dropped).singles_of(kept, found);
                }
            }
        }
    }

    fn without(&self, kinds: &[usize]) -> Self {
        self.after(|next| kinds.iter().for_each(|&group| next.set(group, 0)))
    }

    /// Without those that, removed, give nothing that any of the set waits for. Where not all are
    /// marked, a core may need such a one for its mark.
    fn only_givers(&self, folded: &Scene<'_>) -> Self {
        let awaited = Awaited::by(folded, self.kinds.iter().map(|&group| head(group)));
        let all_marked = self.kinds.iter().all(|&group| self.marked[group]);
        let of_no_use: Vec<usize> = self
            .kinds
            .iter()
            .copied()
            .filter(|&group| all_marked || !self.marked[group])
            .filter(|&group| !awaited.comes_from(folded, &folded.parties[head(group)]))
            .collect();
        self.without(&of_no_use)
    }

    /// All smallest sets of two tasks or more; `None` if that takes too many tries.
    fn smallest(&self) -> Option<Vec<Vec<u32>>> {
        let caps: Vec<u32> = self
            .kinds
            .iter()
            .map(|&group| self.left[head(group)])
            .collect();
        let mut tries = 0;
        let numbers = Numbers::of(&caps)?;
        for size in 2..=caps.iter().sum() {
            tries += numbers.of_size(size);
            if tries > MOST_TRIES {
                return None;
            }
            let mut found = Vec::new();
            let mut counts = fill(&caps, size);
            loop {
                let tried = self.after(|next| {
                    for (&group, &count) in self.kinds.iter().zip(&counts) {
                        next.set(group, count);
                    }
                });
                let all_stay = (self.kinds.iter().zip(&counts))
                    .all(|(&group, &count)| tried.left[head(group)] == count);
                if all_stay && tried.has_core() {
                    found.push(tried.left);
                }
                if !next_counts(&caps, &mut counts) {
                    break;
                }
            }
            if !found.is_empty() {
                return Some(found);
            }
        }
        None
    }

    /// A set of which no task can be left out.
    fn minimal(&self, folded: &Scene<'_>) -> Vec<u32> {
        // Those that hold most are most likely to make a small core: try to keep them.
        let mut kinds = self.kinds.clone();
        kinds.sort_by_key(|&group| {
            Reverse(folded.parties[head(group)].solo_slots.iter().sum::<u32>())
        });
        let mut core = self.clone();
        core.shrink(&kinds);
        core.left
    }

    fn shrink(&mut self, kinds: &[usize]) {
        let here: Vec<usize> = kinds
            .iter()
            .copied()
            .filter(|&group| self.left[head(group)] > 0)
            .collect();
        if here.is_empty() {
            return;
        }
        let without = self.without(&here);
        if without.has_core() {
            *self = without;
        } else if let &[group] = here.as_slice() {
            self.bisect(group);
        } else {
            let (most, least) = here.split_at(here.len() / 2);
            self.shrink(least);
            self.shrink(most);
        }
    }

    /// Drops as many of a group as can be, of which not all can.
    fn bisect(&mut self, group: usize) {
        let mut too_few = 0;
        while self.left[head(group)] - too_few > 1 {
            let middle = too_few + (self.left[head(group)] - too_few) / 2;
            let fewer = self.after(|next| next.set(group, middle));
            if fewer.has_core() {
                *self = fewer;
            } else {
                too_few = middle;
            }
        }
    }
}
