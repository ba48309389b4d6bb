//! The initial states, one by one.
//!
//! There is one, unless some declared page has `"stale_in": "any"`: then there is one for every
//! way in which earlier uses can have left such pages mapped. There can be exponentially many, so
//! they are never in memory together: [`Starts`] makes each from the one before.
//!
//! A start is a word. Its letters are the open pages, in order. A letter is the set of series that
//! still map the page, read as a binary number in which the first series is the lowest bit.
//! [`Starts`] gives the words that fit the slots, in the order of a dictionary. The next word: find
//! the last page that can have a larger set, give it the smallest larger one, and give every page
//! after it its smallest set. If there is no room for one of those, go on from the page before it.
//!
//! Words that give the instances of a template the same ways to start in another order differ only
//! in the order of alike instances. Of these words, the one is taken in which the ways of the
//! instances never become smaller; so the smallest set of a page depends on the instance before.
//! Otherwise it is the empty set, for which there is always room.

use std::iter::repeat_n;

use kmapcheck_limits::ask;
use kmapcheck_scenario::{Bound, PageDecl, Program, Reuse, SeriesId, StaleIn};

use crate::initial::instances;

/// Which initial state: for each declared page with `"stale_in": "any"` the series that still map
/// it, shared pages first, then task by task. Empty if there is only one initial state.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Start {
    /// The series, page by page, each list in ascending order.
    pub stale: Vec<Vec<SeriesId>>,
}

impl Start {
    /// Whether all that is mapped at the start fits the slots: what is declared for certain, and this.
    #[must_use]
    pub fn fits(&self, program: &Program) -> bool {
        let Some(mut room) = room(program) else {
            return false;
        };
        self.stale.iter().flatten().all(|&series| {
            let left = room.get_mut(series);
            left.is_some_and(|left| match left.checked_sub(1) {
                Some(less) => {
                    *left = less;
                    true
                }
                None => false,
            })
        })
    }
}

/// Whether the scenario leaves open where a page is mapped at the start.
#[must_use]
pub fn is_open(page: &PageDecl) -> bool {
    page.stale_in == StaleIn::Any
}

/// Whether an earlier use can have left an open page mapped in exactly these series, in ascending
/// order: in at most one `any` series, since a kmap in one of them takes a mapping in the other.
/// Low memory has none.
#[must_use]
pub(crate) fn can_be_stale(program: &Program, page: &PageDecl, series: &[SeriesId]) -> bool {
    let keeps = |&s: &SeriesId| (program.series.get(s)).is_some_and(|s| s.reuse.keeps_mappings());
    let any = series.iter().filter(|&&s| is_any(program, s)).count();
    let ascend = series.windows(2).all(|pair| pair[0] < pair[1]);
    ascend && any <= 1 && series.iter().all(keeps) && (page.highmem || series.is_empty())
}

fn is_any(program: &Program, series: SeriesId) -> bool {
    (program.series.get(series)).is_some_and(|series| series.reuse == Reuse::Any)
}

/// The initial states, in order, one by one, as far as they fit the slots.
#[derive(Debug, Clone)]
pub struct Starts<'a> {
    program: &'a Program,
    /// The series that keep mappings, the last one first.
    keeping: Vec<SeriesId>,
    /// Slots left, by series.
    room: Vec<u64>,
    /// The same in all.
    room_in_all: u64,
    /// Owners of open pages: the scenario, and the task programs.
    groups: Vec<Group>,
    /// By open page: the number of its group, and whether it is in high memory.
    pages: Vec<(usize, bool)>,
    /// The start, with the series of each page in descending order.
    sets: Vec<Vec<SeriesId>>,
    next: Next,
}

/// Open pages that belong together: instance by instance, so many each.
#[derive(Debug, Clone)]
struct Group {
    first: usize,
    pages: usize,
    instances: usize,
    /// Whether instances are told apart only by how they start.
    alike: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The first start: nothing has been chosen.
    First,
    /// The one after `sets`.
    Another,
    /// There are no more.
    Over,
}

impl<'a> Starts<'a> {
    /// All starts that fit the slots.
    #[must_use]
    pub fn of(program: &'a Program) -> Starts<'a> {
        Starts::new(program, false)
    }

    /// The same up to the order of alike instances.
    #[must_use]
    pub fn up_to_order(program: &'a Program) -> Starts<'a> {
        Starts::new(program, true)
    }

    fn new(program: &'a Program, alike: bool) -> Starts<'a> {
        let (mut groups, mut pages) = (Vec::new(), Vec::new());
        let mut add = |open: Vec<bool>, instances: usize, alike| {
            if open.is_empty() || instances == 0 {
                return;
            }
            let (number, first) = (groups.len(), pages.len());
            for highmem in repeat_n(open.iter(), instances).flatten() {
                ask();
                pages.push((number, *highmem));
            }
            groups.push(Group {
                first,
                pages: open.len(),
                instances,
                alike,
            });
        };
        let open = |page: &PageDecl| is_open(page).then_some(page.highmem);
        add(program.pages.iter().filter_map(open).collect(), 1, false);
        for template in &program.templates {
            let own = template.vars.iter().filter_map(|var| var.page.as_ref());
            let instances = instances(template.count) as usize;
            add(own.filter_map(open).collect(), instances, alike);
        }
        let keeping = (0..program.series.len()).rev();
        let room = room(program);
        Starts {
            program,
            keeping: keeping
                .filter(|&s| program.series[s].reuse.keeps_mappings())
                .collect(),
            next: if room.is_some() {
                Next::First
            } else {
                Next::Over
            },
            // Beyond all numbers it is more than all pages need.
            room_in_all: (room.iter().flatten()).fold(0, |all, &room| all.saturating_add(room)),
            room: room.unwrap_or_default(),
            groups,
            sets: vec![Vec::new(); pages.len()],
            pages,
        }
    }

    /// Gives a page, of which nothing is mapped, that set.
    fn put(&mut self, page: usize, set: Vec<SeriesId>) {
        for &series in &set {
            self.room[series] -= 1;
            self.room_in_all -= 1;
        }
        self.sets[page] = set;
    }

    /// Unmaps a page; where it was mapped.
    fn take(&mut self, page: usize) -> Vec<SeriesId> {
        let set = std::mem::take(&mut self.sets[page]);
        for &series in &set {
            self.room[series] += 1;
            self.room_in_all += 1;
        }
        set
    }

    /// The smallest set that fits the page and the slots and is larger than `set`, or equal to it if
    /// `or_equal`.
    fn smallest(&self, page: usize, set: &[SeriesId], or_equal: bool) -> Option<Vec<SeriesId>> {
        let fits = |set: &[SeriesId]| {
            let any = set.iter().filter(|&&s| is_any(self.program, s)).count();
            any <= 1 && set.iter().all(|&s| self.room[s] > 0)
        };
        if or_equal && fits(set) {
            return Some(set.to_vec());
        }
        if !self.pages[page].1 {
            return None;
        }
        // One series more, the lowest that will do, and of the series in the set those above it.
        for &series in self.keeping.iter().rev() {
            let above = set.partition_point(|&s| s > series);
            if set.get(above) == Some(&series) {
                continue;
            }
            let mut larger = set[..above].to_vec();
            larger.push(series);
            if fits(&larger) {
                return Some(larger);
            }
        }
        None
    }

    /// The same page of the instance before, if the page may not have a smaller set than that.
    fn bound(&self, page: usize) -> Option<usize> {
        let group = &self.groups[self.pages[page].0];
        let within = page - group.first;
        let instance = within / group.pages * group.pages + group.first;
        let before = instance.checked_sub(group.pages)?;
        let is_bound = group.alike
            && before >= group.first
            && self.sets[instance..page] == self.sets[before..][..page - instance];
        is_bound.then(|| page - group.pages)
    }

    /// Gives all pages from `page` on their smallest sets. False if that does not fit: then those
    /// before the one that found no room have theirs, and the others are unmapped; its number is in
    /// `page`.
    fn fill(&mut self, page: &mut usize) -> bool {
        while *page < self.pages.len() {
            ask();
            if let Some(before) = self.bound(*page) {
                let least = self.sets[before].clone();
                match self.smallest(*page, &least, true) {
                    Some(set) => self.put(*page, set),
                    None => return false,
                }
            }
            *page += 1;
        }
        true
    }

    /// Whether there may be room for what follows if the page gets a larger set: alike instances
    /// after it start in no smaller way, so each of them has a mapping too.
    fn may_have_more(&self, page: usize) -> bool {
        let group = &self.groups[self.pages[page].0];
        let instance = (page - group.first) / group.pages;
        let with_it = if group.alike {
            group.instances - instance
        } else {
            1
        };
        self.room_in_all >= with_it as u64
    }

    /// Goes on to the next start; false if there is none.
    fn advance(&mut self) -> bool {
        // Everything from here on is unmapped.
        let mut end = self.pages.len();
        while let Some(page) = end.checked_sub(1) {
            ask();
            end = page;
            let set = self.take(page);
            if !self.may_have_more(page) {
                continue;
            }
            if let Some(larger) = self.smallest(page, &set, false) {
                self.put(page, larger);
                end = page + 1;
                if self.fill(&mut end) {
                    return true;
                }
            }
        }
        false
    }
}

impl Iterator for Starts<'_> {
    type Item = Start;

    fn next(&mut self) -> Option<Start> {
        let found = match self.next {
            Next::First => true,
            Next::Another => self.advance(),
            Next::Over => false,
        };
        // Without open pages there is one start, and nothing to go on to.
        self.next = if found { Next::Another } else { Next::Over };
        let ascending = |set: &Vec<SeriesId>| set.iter().rev().copied().collect();
        found.then(|| Start {
            stale: self.sets.iter().map(ascending).collect(),
        })
    }
}

/// The slots that are left of each series by the leftovers that are declared for certain; `None`:
/// those do not fit.
fn room(program: &Program) -> Option<Vec<u64>> {
    let mut certain = vec![0u64; program.series.len()];
    let mut take = |page: &PageDecl, n: u32| {
        if let StaleIn::Exactly(list) = &page.stale_in {
            list.iter().for_each(|&s| certain[s] += u64::from(n));
        }
    };
    program.pages.iter().for_each(|page| take(page, 1));
    for template in &program.templates {
        let own = template.vars.iter().filter_map(|var| var.page.as_ref());
        own.for_each(|page| take(page, instances(template.count)));
    }
    (program.series.iter().zip(certain))
        .map(|(series, certain)| match series.slots {
            Bound::Exactly(slots) => u64::from(slots).checked_sub(certain),
            Bound::Any => Some(u64::MAX - certain),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn starts(starts: Starts<'_>) -> Vec<Vec<Vec<SeriesId>>> {
        starts.map(|start| start.stale).collect()
    }

    #[test]
    fn an_earlier_use_leaves_at_most_one_any_mapping() {
        let mut program = crate::testing::program(
            r#"{ "series": { "A": { "slots": 1, "reuse": "any" }, "B": { "slots": 1, "reuse": "any" },
                             "O": { "slots": 1, "reuse": "own" }, "N": { "slots": 1, "reuse": "none" } } }"#,
            r#""pages": [ { "name": "p", "stale_in": "any" }, { "name": "l", "stale_in": "any" } ],
               "tasks": [ { "name": "t", "program": [ { "might_sleep": true } ] } ]"#,
        );
        program.pages[1].highmem = false;
        // {}, A, B, O, A+O, B+O: never A+B, never N; and low memory is never mapped.
        let sets = [vec![], vec![0], vec![1], vec![2], vec![0, 2], vec![1, 2]];
        let expected: Vec<_> = sets.iter().map(|set| vec![set.clone(), vec![]]).collect();
        assert_eq!(starts(Starts::of(&program)), expected);
        let page = &program.pages[0];
        assert!(sets.iter().all(|set| can_be_stale(&program, page, set)));
        for wrong in [&[0, 1][..], &[3], &[2, 0], &[0, 0], &[9]] {
            assert!(!can_be_stale(&program, page, wrong), "{wrong:?}");
        }
    }

    #[test]
    fn starts_fit_the_slots() {
        let program = crate::testing::program(
            r#"{ "series": { "S": { "slots": 1, "reuse": "own" } } }"#,
            r#""tasks": [ { "name": "t", "count": 2, "pages": [ { "name": "p", "stale_in": "any" } ],
                            "program": [ { "kmap": "p", "series": "S" }, { "kunmap": "p" } ] } ]"#,
        );
        // Both pages unmapped, or one of them stale: two stale ones would need two slots.
        let all = [
            vec![vec![], vec![]],
            vec![vec![], vec![0]],
            vec![vec![0], vec![]],
        ];
        assert_eq!(starts(Starts::of(&program)), all);
        assert_eq!(starts(Starts::up_to_order(&program)), all[..2]);
    }

    #[test]
    fn many_pages_and_little_room_make_few_starts() {
        let pages: Vec<String> = (0..40)
            .map(|i| format!(r#"{{ "name": "p{i}", "stale_in": "any" }}"#))
            .collect();
        let fields = format!(
            r#""pages": [ {0} ], "tasks": [ {{ "name": "t", "count": 1000, "pages": [ {0} ],
                "program": [ {{ "might_sleep": true }} ] }} ]"#,
            pages.join(", ")
        );
        let program = crate::testing::program(
            r#"{ "series": { "S": { "slots": 1, "reuse": "own" } } }"#,
            &fields,
        );
        // No page is mapped, or one of the shared ones, or one of a task's.
        assert_eq!(Starts::up_to_order(&program).count(), 1 + 40 + 40);
    }

    /// All words over all sets, the long way.
    fn all_by_hand(program: &Program) -> Vec<Vec<Vec<SeriesId>>> {
        let open: Vec<&PageDecl> = (program.pages.iter())
            .chain(program.templates.iter().flat_map(|t| {
                repeat_n(t, instances(t.count) as usize)
                    .flat_map(|t| t.vars.iter().filter_map(|var| var.page.as_ref()))
            }))
            .filter(|page| is_open(page))
            .collect();
        let subsets: Vec<Vec<SeriesId>> = (0u32..1 << program.series.len())
            .map(|bits| {
                (0..program.series.len())
                    .filter(|s| bits >> s & 1 == 1)
                    .collect()
            })
            .collect();
        let mut words = vec![Vec::new()];
        for page in open {
            words = (words.into_iter())
                .flat_map(|word: Vec<Vec<SeriesId>>| {
                    let sets = subsets
                        .iter()
                        .filter(|set| can_be_stale(program, page, set));
                    sets.map(move |set| [&word[..], std::slice::from_ref(set)].concat())
                        .collect::<Vec<_>>()
                })
                .collect();
        }
        let room = room(program).unwrap_or_default();
        words.retain(|word| {
            let used = |s| word.iter().flatten().filter(|&&other| other == s).count() as u64;
            (0..room.len()).all(|s| used(s) <= room[s])
        });
        words
    }

    #[test]
    fn starts_are_those_of_a_full_enumeration_in_its_order() {
        for (a, b, count, shared) in [(1, 1, 2, 1), (2, 1, 3, 0), (3, 2, 2, 1), (1, 4, 3, 1)] {
            for reuse in ["any", "own"] {
                let shared = [r#"{ "name": "s", "stale_in": "any" }"#; 1][..shared].join(",");
                let program = crate::testing::program(
                    &format!(
                        r#"{{ "series": {{ "A": {{ "slots": {a}, "reuse": "any" }},
                                           "B": {{ "slots": {b}, "reuse": "{reuse}" }} }} }}"#
                    ),
                    &format!(
                        r#""pages": [{shared}],
                           "tasks": [ {{ "name": "t", "count": {count},
                             "pages": [ {{ "name": "p", "stale_in": "any" }}, "c", {{ "name": "q", "stale_in": "any" }} ],
                             "program": [ {{ "might_sleep": true }} ] }} ]"#
                    ),
                );
                let all = all_by_hand(&program);
                assert_eq!(starts(Starts::of(&program)), all);
                // Each up to order once: the one whose instances are sorted.
                let key = |set: &Vec<SeriesId>| set.iter().map(|s| 1 << s).sum::<u32>();
                let own = |word: &[Vec<SeriesId>]| {
                    let shared = program.pages.len();
                    let ways: Vec<Vec<u32>> = word[shared..]
                        .chunks(2)
                        .map(|way| way.iter().map(key).collect())
                        .collect();
                    ways
                };
                let sorted: Vec<_> = (all.iter())
                    .filter(|word| own(word).is_sorted())
                    .cloned()
                    .collect();
                assert_eq!(starts(Starts::up_to_order(&program)), sorted);
                let classes: BTreeSet<_> = (all.iter())
                    .map(|word| {
                        let mut ways = own(word);
                        ways.sort();
                        (word[..program.pages.len()].to_vec(), ways)
                    })
                    .collect();
                assert_eq!(classes.len(), sorted.len());
            }
        }
    }
}
