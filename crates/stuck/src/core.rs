//! The smallest core: the fewest tasks that are stuck on one another.
//!
//! A set of tasks is stuck *on itself* if it stays stuck even though everybody else gives back
//! what he holds. Whether a set contains such a set is monotone: more tasks, more stuck. That
//! makes both searches here sound.
//!
//! - **Exact.** Sets are tried by size; the first that is stuck on itself is a smallest one. Alike
//!   tasks (see `alike`) are exchangeable, so what is tried is how many of each kind, and
//!   tasks that give nothing anybody waits for are left out: a core with such a task would be a
//!   core without it too, unless it is that task alone. Always ends within 14 tasks
//!   (2^14 sets), usually with any number of them, since large sets are mostly alike.
//! - **Minimal.** When that would take too many tries: kinds are dropped in halving batches, as
//!   long as something stays stuck (Zeller and Hildebrandt, *Simplifying and Isolating
//!   Failure-Inducing Input*, IEEE TSE 28(2), 2002), and of a kind that cannot go, as many as can
//!   (by bisection). No task of the result can be left out. Costs about k log n reductions for a
//!   core of k kinds among n; each looks only at the kinds still there.

use std::cmp::Reverse;

use kmapcheck_limits::ask;
use kmapcheck_machine::{Name, PageId, Standing, Task, Wait, acceptable_series, resolve};
use kmapcheck_scenario::{Op, Ref, SeriesId};
use rustc_hash::FxHashSet;

use crate::alike::Groups;
use crate::class::class_of;
use crate::holdings::{Blockers, Leaks};
use crate::reduction::{Party, Reduction, Scene, op_of, stuck};

/// How many sets the exact search tries at most: all those of 14 tasks.
const MOST_TRIES: u64 = 1 << 14;

/// The smallest set of tasks that is stuck on itself, ascending; `None` if nothing is stuck.
///
/// Every party of the scene must be one task. Among several smallest sets the one of the first
/// [`Class`](crate::class::Class) is taken, then the one with the lowest task numbers.
#[must_use]
pub fn smallest_core(scene: &Scene<'_>) -> Option<Vec<usize>> {
    core_of(scene, &Groups::of(scene), &Leaks::of(scene), &stuck(scene))
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
        Candidates {
            reduction,
            left,
            kinds: Vec::new(),
        }
        .counted()
    }

    fn counted(mut self) -> Self {
        self.kinds = (0..self.left.len() / 2)
            .filter(|&group| self.left[head(group)] > 0)
            .collect();
        self
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
            ([], _) | (_, []) => {}
            (&[group], _) => {
                let single = one(group);
                if !single.kinds.is_empty() {
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

    /// Without those that, removed, give nothing that any of the set waits for.
    fn only_givers(&self, folded: &Scene<'_>) -> Self {
        let awaited = Awaited::by(folded, self.kinds.iter().map(|&group| head(group)));
        let idle: Vec<usize> = self
            .kinds
            .iter()
            .copied()
            .filter(|&group| !awaited.comes_from(folded, &folded.parties[head(group)]))
            .collect();
        self.without(&idle)
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
                if self
                    .kinds
                    .iter()
                    .zip(&counts)
                    .all(|(&group, &count)| tried.left[head(group)] == count)
                {
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
        if !without.kinds.is_empty() {
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
            if fewer.kinds.is_empty() {
                too_few = middle;
            } else {
                *self = fewer;
            }
        }
    }
}

/// How many ways there are to choose so many things of kinds with limited numbers.
struct Numbers(Vec<u64>);

impl Numbers {
    /// `None` if already the pairs are too many to try.
    fn of(caps: &[u32]) -> Option<Numbers> {
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

    fn of_size(&self, size: u32) -> u64 {
        // More than there are cannot be chosen.
        self.0.get(size as usize).copied().unwrap_or(0)
    }
}

/// So many things, the first kinds first.
fn fill(caps: &[u32], mut size: u32) -> Vec<u32> {
    caps.iter()
        .map(|&cap| {
            let count = cap.min(size);
            size -= count;
            count
        })
        .collect()
}

/// The next choice of as many things; false if there is none.
fn next_counts(caps: &[u32], counts: &mut [u32]) -> bool {
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

/// What a set of tasks waits for, as far as others could give it.
#[derive(Default)]
struct Awaited {
    series: FxHashSet<SeriesId>,
    mappings: FxHashSet<(PageId, SeriesId)>,
    /// Pages that somebody wants to map or to lock.
    pages: FxHashSet<PageId>,
    /// Shared names of such pages.
    names: FxHashSet<usize>,
    resources: FxHashSet<usize>,
    memory: bool,
    cpu: bool,
}

impl Awaited {
    fn by(scene: &Scene<'_>, parties: impl Iterator<Item = usize>) -> Awaited {
        let mut awaited = Awaited::default();
        for party in parties.map(|i| &scene.parties[i]) {
            ask();
            let Standing::Waits(waiting) = party.standing else {
                continue;
            };
            awaited.cpu |= waiting.cpu;
            match waiting.wait {
                Some(Wait::Slot { series, page }) => {
                    awaited.series.insert(series);
                    awaited
                        .mappings
                        .extend(acceptable_series(scene.program, series).map(|s| (page, s)));
                    awaited.page(scene, party.task, page);
                }
                Some(Wait::PageLock(page)) => awaited.page(scene, party.task, page),
                Some(Wait::Memory) => awaited.memory = true,
                Some(
                    Wait::Spin(Ref::Shared(what))
                    | Wait::Read(Ref::Shared(what))
                    | Wait::Write(Ref::Shared(what))
                    | Wait::Units(Ref::Shared(what), _)
                    | Wait::Completion(Ref::Shared(what)),
                ) => {
                    awaited.resources.insert(what);
                }
                _ => {}
            }
        }
        awaited
    }

    fn page(&mut self, scene: &Scene<'_>, task: &Task, page: PageId) {
        self.pages.insert(page);
        if let Some(
            Op::Kmap {
                page: Ref::Shared(name),
                ..
            }
            | Op::LockPage {
                page: Ref::Shared(name),
            },
        ) = op_of(scene.program, task)
        {
            self.names.insert(name);
        }
    }

    /// Whether a party, removed, gives any of it.
    fn comes_from(&self, scene: &Scene<'_>, party: &Party<'_>) -> bool {
        ask();
        let task = party.task;
        self.series
            .iter()
            .any(|&series| party.solo_slots[series] > 0)
            || party
                .joint_pins
                .iter()
                .any(|&(_, series, _)| self.series.contains(&series))
            || task.held.iter().any(|held| self.awaits(held.what))
            || task.page_locks.iter().any(|page| self.pages.contains(page))
            || (task.on_cpu && self.cpu)
            || task.queued
            || task
                .at
                .into_iter()
                .flat_map(|at| scene.abilities.from(task.template, at))
                .any(|op| {
                    let page_of = |name| match resolve(task, scene.shared, name) {
                        Name::Page(page) => Some(page),
                        _ => None,
                    };
                    match op {
                        Op::FreePage { page } => {
                            self.memory
                                || page_of(page).is_some_and(|page| self.pages.contains(&page))
                        }
                        Op::Kmap { page, series } | Op::TryKmap { page, series, .. } => {
                            page_of(page)
                                .is_some_and(|page| self.mappings.contains(&(page, series)))
                        }
                        Op::AllocPage {
                            var: Ref::Shared(name),
                        } => self.names.contains(&name),
                        Op::Complete { completion: what } | Op::Up { pool: what, .. } => {
                            self.awaits(what)
                        }
                        _ => false,
                    }
                })
    }

    fn awaits(&self, what: Ref) -> bool {
        matches!(what, Ref::Shared(what) if self.resources.contains(&what))
    }
}

#[cfg(test)]
mod tests {
    use kmapcheck_machine::{Abilities, Start, initial};
    use kmapcheck_scenario::{Overrides, Program, load_str};

    use super::*;
    use crate::class::classify;
    use crate::deadlock::Deadlock;
    use crate::reduction::{scene, stuck_among};

    fn program(fields: &str) -> Program {
        let series = r#""series": { "P": { "slots": 3, "reuse": "own" }, "Q": { "slots": 2, "reuse": "none" },
                                    "R": { "slots": 1, "reuse": "any" } }"#;
        let text = format!(r#"{{ "name": "s", "model": {{ "name": "m", {series} }}, {fields} }}"#);
        match load_str("test.json", &text, &Overrides::default()) {
            Ok(program) => program,
            Err(errors) => panic!("{errors}"),
        }
    }

    /// Two to four tasks of each sort: slots of private and of shared pages, locks, units, leaks.
    fn programs() -> Vec<Program> {
        [
            r#""pages": ["s"], "tasks": [
                { "name": "t", "count": 4, "pages": ["p", "q"], "program": [
                    { "kmap": "p", "series": "P" }, { "kmap": "q", "series": "P" }, { "kunmap": "q" }, { "kunmap": "p" } ] },
                { "name": "u", "count": 3, "pages": ["p"], "program": [
                    { "kmap": "s", "series": "P" }, { "kmap": "p", "series": "Q" }, { "kmap": "p", "series": "P" },
                    { "kunmap": "p" }, { "kunmap": "p" }, { "kunmap": "s" } ] } ]"#,
            r#""locks": { "l": "semaphore", "r": { "rwsem": { "fair": true } }, "n": { "semaphore": 3 } }, "tasks": [
                { "name": "w", "count": 2, "pages": ["p"], "program": [
                    { "down": "n", "n": 2 }, { "down_write": "r" }, { "kmap": "p", "series": "R" }, { "kunmap": "p" }, { "up_write": "r" }, { "up": "n", "n": 2 } ] },
                { "name": "r", "count": 3, "pages": ["p"], "program": [
                    { "down_read": "r" }, { "down": "n" }, { "kmap": "p", "series": "R" }, { "down": "l" },
                    { "up": "l" }, { "kunmap": "p" }, { "up": "n" }, { "up_read": "r" } ] },
                { "name": "l", "count": 2, "pages": ["p"], "program": [
                    { "down": "l" }, { "down_read": "r" }, { "kmap": "p", "series": "Q" }, { "kmap": "p", "series": "Q" } ] } ]"#,
            r#""pages": ["s"], "locks": { "l": "spin" }, "completions": ["c"], "mempools": { "m": { "elements": 2, "owned": false } }, "tasks": [
                { "name": "c", "count": 3, "program": [
                    { "mempool_alloc": "m" }, { "lock_page": "s" }, { "kmap": "s", "series": "R" }, { "wait_for_completion": "c" },
                    { "kunmap": "s" }, { "unlock_page": "s" }, { "mempool_free": "m" } ] },
                { "name": "d", "count": 3, "pages": ["p"], "program": [
                    { "kmap": "p", "series": "R" }, { "lock_page": "s" }, { "complete": "c" }, { "unlock_page": "s" }, { "kunmap": "p" } ] },
                { "name": "e", "count": 2, "pages": ["p"], "program": [ { "kmap": "p", "series": "R" }, { "mempool_alloc": "m" } ] } ]"#,
            r#""locks": { "l": "spin" }, "cpus": 2, "tasks": [
                { "name": "s", "count": 4, "program": [
                    { "spin_lock": "l" }, { "might_sleep": true }, { "spin_unlock": "l" } ] },
                { "name": "p", "count": 3, "pages": ["p", "q"], "program": [
                    { "kmap": "p", "series": "Q" }, { "kmap": "q", "series": "Q" }, { "spin_lock": "l" }, { "spin_unlock": "l" }, { "kunmap": "q" }, { "kunmap": "p" } ] } ]"#,
        ]
        .map(program)
        .into()
    }

    /// All smallest sets that are stuck on themselves, by trying every set; the first of them.
    fn by_hand(scene: &Scene<'_>) -> Option<Vec<usize>> {
        let waits = stuck(scene);
        let tasks: Vec<usize> = (0..waits.len()).filter(|&i| waits[i]).collect();
        (1u32..1 << tasks.len())
            .filter_map(|set| {
                let core: Vec<usize> = (0..tasks.len())
                    .filter(|i| set >> i & 1 == 1)
                    .map(|i| tasks[i])
                    .collect();
                is_core(scene, &core).then(|| (core.len(), classify(scene, &core), core))
            })
            .min()
            .map(|(_, _, core)| core)
    }

    fn is_core(scene: &Scene<'_>, core: &[usize]) -> bool {
        let set: Vec<bool> = (0..scene.parties.len())
            .map(|i| core.contains(&i))
            .collect();
        stuck_among(scene, &set) == set
    }

    #[test]
    fn cores_are_the_smallest_there_are() {
        let mut random = 1u64;
        let mut next = |below: usize| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(random >> 33).expect("usize has 64 bits") % below
        };
        for program in programs() {
            let abilities = Abilities::of(&program);
            let mut deadlocks = 0;
            for _ in 0..200 {
                let mut state = initial(&program, &Start::default());
                loop {
                    let scene = scene(&program, &abilities, &state);
                    let core = smallest_core(&scene);
                    assert_eq!(core, by_hand(&scene), "{state:?}");
                    if core.is_some() {
                        deadlocks += 1;
                        let deadlock = Deadlock::of(&program, &abilities, &state);
                        let of = deadlock.map_or(Vec::new(), |deadlock| deadlock.blockers.of);
                        assert!(!of.is_empty() && of.iter().all(|(_, what)| !what.is_empty()));
                        assert_minimal(&scene);
                    }
                    let moves: Vec<usize> = (0..state.tasks.len())
                        .filter(|&i| {
                            !kmapcheck_machine::steps(&program, &state.tasks[i], &state.shared)
                                .is_empty()
                        })
                        .collect();
                    if moves.is_empty() {
                        break;
                    }
                    let task = moves[next(moves.len())];
                    let mut steps =
                        kmapcheck_machine::steps(&program, &state.tasks[task], &state.shared);
                    let step = steps.swap_remove(next(steps.len()));
                    state.advance(&program, task, &step);
                }
            }
            assert!(
                deadlocks > 20,
                "the walks of {} meet deadlocks",
                program.templates[0].name
            );
        }
    }

    /// The search for large sets leaves no task out that could be.
    fn assert_minimal(scene: &Scene<'_>) {
        let groups = Groups::of(scene);
        let folded = folded(scene, &groups);
        let all = Candidates::of(&folded, &groups, &stuck(scene));
        let core = tasks(&groups, &all.minimal(&folded));
        assert!(is_core(scene, &core));
        for i in 0..core.len() {
            let mut fewer = core.clone();
            fewer.remove(i);
            let set: Vec<bool> = (0..scene.parties.len())
                .map(|i| fewer.contains(&i))
                .collect();
            assert!(
                !stuck_among(scene, &set).contains(&true),
                "{fewer:?} is enough of {core:?}"
            );
        }
    }

    #[test]
    fn many_kinds_of_holders_are_quick() {
        // 1024 slots, one for each of 1024 kinds of task (each waits on a lock of its own number),
        // and as many again who hold nothing: too many to try, and no two alike.
        let locks: Vec<String> = (0..1024)
            .map(|i| format!(r#""l{i}": "semaphore""#))
            .collect();
        let tasks: Vec<String> = (0..1024)
            .map(|i| {
                format!(
                    r#"{{ "name": "t{i}", "pages": ["p", "q"], "program": [ {{ "down": "l{i}" }},
                        {{ "kmap": "p", "series": "P" }}, {{ "kmap": "q", "series": "P" }},
                        {{ "kunmap": "q" }}, {{ "kunmap": "p" }}, {{ "up": "l{i}" }} ] }},
                       {{ "name": "u{i}", "program": [ {{ "down": "l{i}" }}, {{ "up": "l{i}" }} ] }}"#
                )
            })
            .collect();
        let text = format!(
            r#"{{ "name": "s", "model": {{ "name": "m", "series": {{ "P": {{ "slots": 1024, "reuse": "own" }} }} }},
                 "locks": {{ {} }}, "tasks": [ {} ] }}"#,
            locks.join(","),
            tasks.join(",")
        );
        let program = match load_str("test.json", &text, &Overrides::default()) {
            Ok(program) => program,
            Err(errors) => panic!("{errors}"),
        };
        let mut state = initial(&program, &Start::default());
        for task in (0..2048).step_by(2).chain((0..2048).step_by(2)) {
            let step =
                kmapcheck_machine::steps(&program, &state.tasks[task], &state.shared).remove(0);
            state.advance(&program, task, &step);
        }
        let abilities = Abilities::of(&program);
        let core = smallest_core(&scene(&program, &abilities, &state));
        assert_eq!(core, Some((0..2048).step_by(2).collect()));
    }

    #[test]
    fn choices_of_things_of_limited_kinds() {
        // Three things of kinds with 2, 1 and 2 of them: 210, 201, 111, 102, 012.
        let caps = [2, 1, 2];
        let mut counts = fill(&caps, 3);
        let mut all = vec![counts.clone()];
        while next_counts(&caps, &mut counts) {
            all.push(counts.clone());
        }
        assert_eq!(all, [[2, 1, 0], [2, 0, 1], [1, 1, 1], [1, 0, 2], [0, 1, 2]]);
        let numbers = Numbers::of(&caps).expect("few kinds");
        assert_eq!(
            (0..=5)
                .map(|size| numbers.of_size(size))
                .collect::<Vec<_>>(),
            [1, 3, 5, 5, 3, 1]
        );
    }
}
