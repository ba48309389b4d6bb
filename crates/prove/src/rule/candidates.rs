//! Small programs that keep a rule and that, as far as the arithmetic goes, deadlock.
//!
//! A *kind* of task takes what it holds one after the other, in the order of the rule, and then
//! asks for one thing more. A program is a multiset of kinds. They are enumerated by the number of
//! tasks, then by the number of things taken and asked for, then by the number of slots. What could
//! not deadlock for want of held things is left out without a search:
//!
//! - each thing waited for is held: all its slots, or all but those kept for holders if nobody who
//!   waits has one there; a lock by exactly one task;
//! - each thing held is waited for, or it could be left out of the program.
//!
//! A series has two slots at least: that one task alone takes all there is says nothing about an
//! order between tasks. So a program here has two tasks at least.

use kmapcheck_limits::ask;
use kmapcheck_scenario::{Bound, SeriesId};

use super::discipline::{Discipline, Held, Pair, Thing};

/// Programs of more tasks than this are not looked for.
const MAX_TASKS: usize = 6;
/// Things that a task takes and asks for.
const MAX_OPERATIONS: usize = 5;
/// Programs that are looked at.
const MAX_TRIED: u64 = 3_000_000;
/// Programs that the search is run on.
const MAX_SEARCHED: u64 = 300;

/// One thing that a task takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Taken {
    /// Whether a pin uses a mapping that was left over; so it does whenever it lies elsewhere.
    pub left_over: bool,
    /// What.
    pub held: Held,
}

/// A kind of task.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// What it takes, in order.
    pub takes: Vec<Taken>,
    /// What it then asks for.
    pub asks: Thing,
}

/// A program: kinds of task, each as often as it stands there, sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The tasks.
    pub tasks: Vec<Kind>,
    /// Slots of the series it uses.
    pub slots: Vec<(SeriesId, u32)>,
}

/// What came of an enumeration.
#[derive(Debug, Clone)]
pub struct Enumerated<T> {
    /// The first program that was confirmed.
    pub confirmed: Option<T>,
    /// Programs looked at.
    pub tried: u64,
    /// Programs that `confirm` was asked about.
    pub searched: u64,
}

/// Asks `confirm` about one candidate after the other, smallest first, until it answers.
pub fn each<T>(
    discipline: &Discipline<'_>,
    pairs: &[Pair],
    mut confirm: impl FnMut(&Candidate) -> Option<T>,
) -> Enumerated<T> {
    let knots: Vec<Thing> = discipline.knots(pairs).into_iter().flatten().collect();
    let mut result = Enumerated {
        confirmed: None,
        tried: 0,
        searched: 0,
    };
    // Kinds by their number of operations; nobody in a core holds nothing, so two at least.
    let sized: Vec<Vec<Kind>> = (0..=MAX_OPERATIONS)
        .map(|operations| kinds(discipline, pairs, &knots, operations))
        .collect();
    for tasks in 2..=MAX_TASKS {
        for operations in 2 * tasks..=MAX_OPERATIONS * tasks {
            let mut level: Vec<Candidate> = Vec::new();
            let mut chosen: Vec<&Kind> = Vec::new();
            let mut choose = Choose {
                discipline,
                sized: &sized,
                tried: &mut result.tried,
                level: &mut level,
            };
            choose.rest(&mut chosen, tasks, operations, (2, 0));
            level.sort_by_key(|candidate| {
                candidate.slots.iter().map(|s| u64::from(s.1)).sum::<u64>()
            });
            for candidate in &level {
                ask();
                if result.searched >= MAX_SEARCHED {
                    return result;
                }
                result.searched += 1;
                result.confirmed = confirm(candidate);
                if result.confirmed.is_some() {
                    return result;
                }
            }
            if result.tried >= MAX_TRIED {
                return result;
            }
        }
    }
    result
}

/// Choosing kinds of task, each not before the one chosen last.
struct Choose<'a> {
    discipline: &'a Discipline<'a>,
    sized: &'a [Vec<Kind>],
    tried: &'a mut u64,
    level: &'a mut Vec<Candidate>,
}

impl<'a> Choose<'a> {
    fn rest(
        &mut self,
        chosen: &mut Vec<&'a Kind>,
        tasks: usize,
        operations: usize,
        (size, first): (usize, usize),
    ) {
        if *self.tried >= MAX_TRIED {
            return;
        }
        if tasks == 0 {
            *self.tried += 1;
            if operations == 0 {
                self.level.extend(arithmetic(self.discipline, chosen));
            }
            return;
        }
        let sized = self.sized;
        for (size, kinds) in sized
            .iter()
            .enumerate()
            .take(operations / tasks + 1)
            .skip(size)
        {
            // The last one has to make up the number.
            if tasks == 1 && size != operations {
                continue;
            }
            let from = if chosen
                .last()
                .is_some_and(|kind| kind.takes.len() + 1 == size)
            {
                first
            } else {
                0
            };
            for (i, kind) in kinds.iter().enumerate().skip(from) {
                ask();
                chosen.push(kind);
                self.rest(chosen, tasks - 1, operations - size, (size, i));
                chosen.pop();
            }
        }
    }
}

/// All kinds of task with so many operations that hold and ask for nothing but `knots`. Those that
/// a model names first come first, and pins that lie where they were asked for.
fn kinds(
    discipline: &Discipline<'_>,
    pairs: &[Pair],
    knots: &[Thing],
    operations: usize,
) -> Vec<Kind> {
    let Some(held) = operations.checked_sub(1).filter(|&held| held > 0) else {
        return Vec::new();
    };
    let mut items: Vec<Taken> = Vec::new();
    for held in discipline.holdable() {
        let in_knot = knots.contains(&held.lies);
        // Units come with the slots that they are for.
        let is_reservation =
            matches!(held.lies, Thing::Lock(lock) if discipline.reserves(lock).is_some());
        if !in_knot || is_reservation {
            continue;
        }
        let elsewhere = held.asked != held.lies;
        let may_be_left_over = matches!(held.lies, Thing::Series(series) if {
            let series = &discipline.program.series[series];
            series.for_holders > 0 && series.reuse.keeps_mappings()
        });
        let ways = [(false, !elsewhere), (true, elsewhere || may_be_left_over)];
        let ways = ways.into_iter().filter(|&(_, possible)| possible);
        items.extend(ways.map(|(left_over, _)| Taken { left_over, held }));
    }
    items.sort_by_key(|taken| (discipline.rank(taken.held.asked), *taken));
    let mut found = Vec::new();
    let asked: Vec<Thing> = knots
        .iter()
        .copied()
        .filter(|&asked| !matches!(asked, Thing::Lock(lock) if discipline.reserves(lock).is_some()))
        .collect();
    let mut takes = Vec::new();
    multisets(&items, held, 0, &mut takes, &mut |takes| {
        for &asks in &asked {
            ask();
            if keeps_the_rule(discipline, pairs, takes, asks) {
                found.push(Kind {
                    takes: takes.to_vec(),
                    asks,
                });
            }
        }
    });
    found.sort_by_key(|kind| {
        let lies: Vec<Thing> = kind.takes.iter().map(|taken| taken.held.lies).collect();
        let left_over = kind.takes.iter().filter(|taken| taken.left_over).count();
        (left_over, lies, kind.asks, kind.takes.clone())
    });
    found
}

fn multisets(
    items: &[Taken],
    left: usize,
    from: usize,
    chosen: &mut Vec<Taken>,
    visit: &mut dyn FnMut(&[Taken]),
) {
    if left == 0 {
        return visit(chosen);
    }
    for i in from..items.len() {
        ask();
        chosen.push(items[i]);
        multisets(items, left - 1, i, chosen, visit);
        chosen.pop();
    }
}

/// Whether each thing may be asked for with those before it in hand.
fn keeps_the_rule(
    discipline: &Discipline<'_>,
    pairs: &[Pair],
    takes: &[Taken],
    asks: Thing,
) -> bool {
    let allowed = |held: Held, asked: Thing| pairs.binary_search(&Pair { held, asked }).is_ok();
    let steps = (takes.iter().map(|taken| taken.held.asked)).chain([asks]);
    for (i, asked) in steps.enumerate() {
        if !takes[..i].iter().all(|before| allowed(before.held, asked)) {
            return false;
        }
        // A second time the same lock is no matter of order, but of one task alone.
        if matches!(asked, Thing::Lock(_)) && takes[..i].iter().any(|t| t.held.asked == asked) {
            return false;
        }
    }
    let few = |pins: u32| {
        (0..discipline.program.series.len()).all(|series| {
            let asked = takes.iter().map(|taken| taken.held.asked).chain([asks]);
            asked.filter(|&a| a == Thing::Series(series)).count() <= pins as usize
        })
    };
    discipline.pins.is_none_or(few)
}

/// The program of those kinds, if what they hold is what they wait for.
fn arithmetic(discipline: &Discipline<'_>, chosen: &[&Kind]) -> Option<Candidate> {
    let awaited = |thing: Thing| chosen.iter().any(|kind| kind.asks == thing);
    let held = |thing: Thing| {
        (chosen.iter().flat_map(|kind| &kind.takes)).filter(move |taken| taken.held.lies == thing)
    };
    if !(chosen.iter().flat_map(|kind| &kind.takes)).all(|taken| awaited(taken.held.lies)) {
        return None;
    }
    let mut slots = Vec::new();
    for thing in discipline.things() {
        let (count, awaited) = (held(thing).count(), awaited(thing));
        match thing {
            Thing::Lock(_) if count > 1 || (awaited && count == 0) => return None,
            Thing::Series(series) if awaited => {
                let count = u32::try_from(count).ok()?;
                let declared = &discipline.program.series[series];
                let holder_waits = chosen.iter().any(|kind| {
                    kind.asks == thing && kind.takes.iter().any(|t| t.held.lies == thing)
                });
                let kept_back = if holder_waits {
                    0
                } else {
                    declared.for_holders
                };
                let of = discipline.least_slots(series).max(2).max(count);
                // A sum beyond all numbers is enough, as is the greatest of them.
                if count.saturating_add(kept_back) < of {
                    return None;
                }
                // A claim about the numbers of the model is refuted by another number too.
                debug_assert!(declared.slots != Bound::Exactly(0));
                slots.push((series, of));
            }
            _ => {}
        }
    }
    Some(Candidate {
        tasks: chosen.iter().map(|&kind| kind.clone()).collect(),
        slots,
    })
}
