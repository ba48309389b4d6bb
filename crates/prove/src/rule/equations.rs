//! The inequalities that the tasks of a stuck core satisfy, summed up over the tasks.
//!
//! The stuck-core equations have an unknown for each kind of waiting task. A program that may hold
//! any number of slots has infinitely many kinds; but what matters of them adds up. So the unknowns
//! here are sums: for each *group* of tasks (those that wait for the same thing, in the same way)
//! how many tasks there are, and how many slots, units and locks of each sort they hold together.
//! Whatever tasks are stuck, the sums over them satisfy:
//!
//! - of everything waited for the core holds what makes it unavailable;
//! - no more units are held, and no more locks, than there are;
//! - who waits for a reserved slot has one more unit than slots asked for in that series, and who
//!   waits for something else with slots in hand has at least as many; or else it has no slots and
//!   no units at all;
//! - of at most *K* slots of a series at once, a task that waits for one more has at most *K* - 1;
//! - no more tasks have slots in a series that keeps *n* for holders than there are others, as long
//!   as nothing is left over there.
//!
//! Slots through which a shared page is mapped may be counted once for each task that pins it: the
//! first kind of inequality is about at least as many, and there is none about at most as many.

use kmapcheck_limits::ask;
use kmapcheck_linear::{Constraint, Problem};
use kmapcheck_scenario::{Bound, ResourceKind, SeriesId};
use serde::{Deserialize, Serialize};

use super::discipline::{Discipline, Held, Pair, Thing, is_strongly_connected};

/// Of which numbers of slots a claim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slots {
    /// Every number from one more than is kept for holders.
    Any,
    /// Those that the model gives.
    AsInTheModel,
}

impl Slots {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Slots::Any => "any number of slots",
            Slots::AsInTheModel => "the model's slots",
        }
    }
}

/// One case of the inequalities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What the core waits for.
    pub awaited: Vec<Thing>,
    /// The groups of its tasks: each has one at least, and no other has any.
    pub groups: Vec<(Thing, Way)>,
    /// The inequalities.
    pub problem: Problem,
    /// What each of them sums up, by the position of the unknowns.
    pub unknowns: Vec<Unknown>,
    /// For each inequality, whether it is said only of tasks that are stuck.
    pub of_stuck_tasks: Vec<bool>,
}

/// More things than this in a circle have too many subsets.
pub const MAX_KNOT: usize = 10;

/// More cases than this are not looked at.
const MAX_CASES: usize = 5_000;

/// All cases, or `None` if there are too many. No case: there is no circle.
#[must_use]
pub fn cases(discipline: &Discipline<'_>, pairs: &[Pair], slots: Slots) -> Option<Vec<Case>> {
    let mut found = Vec::new();
    for knot in discipline.knots(pairs) {
        if knot.len() > MAX_KNOT {
            return None;
        }
        for set in 1u32..1 << knot.len() {
            let awaited: Vec<Thing> = (0..knot.len())
                .filter(|i| set >> i & 1 == 1)
                .map(|i| knot[i])
                .collect();
            if !is_strongly_connected(pairs, &awaited) {
                continue;
            }
            let mut choices: Vec<Vec<(Thing, Way)>> = vec![Vec::new()];
            ask();
            for &thing in &awaited {
                let ways = ways(discipline, thing);
                choices = (1u32..1 << ways.len())
                    .flat_map(|set| {
                        let chosen = (0..ways.len()).filter(move |i| set >> i & 1 == 1);
                        let groups: Vec<_> = chosen.map(|i| (thing, ways[i])).collect();
                        choices
                            .iter()
                            .map(move |before| [&before[..], &groups].concat())
                    })
                    .collect();
            }
            if found.len() + choices.len() > MAX_CASES {
                return None;
            }
            found.extend(
                (choices.into_iter())
                    .map(|groups| System::new(discipline, pairs, slots, &groups).build(&awaited)),
            );
        }
    }
    Some(found)
}

/// In which way the tasks of a group wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// With a slot in the series they wait for, which keeps some for holders.
    Holder,
    /// Without.
    Fresh,
    /// Where slots are reserved: without slots and units.
    Bare,
    /// Anything else.
    Plain,
}

/// The ways to wait for something; together they are all there are.
fn ways(discipline: &Discipline<'_>, thing: Thing) -> Vec<Way> {
    let bounded = matches!(thing, Thing::Series(series) if discipline.bounds_holders(series));
    let mut ways = if bounded {
        vec![Way::Fresh, Way::Holder]
    } else {
        vec![Way::Plain]
    };
    ways.extend(discipline.has_reservations().then_some(Way::Bare));
    ways
}

/// An unknown. Groups go by position in [`Case::groups`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// The tasks of a group.
    Tasks(usize),
    /// What they hold.
    Holds(usize, Held),
    /// How many of them have slots in a series.
    Holders(usize, SeriesId),
    /// The slots of a series.
    Slots(SeriesId),
}

struct System<'a> {
    discipline: &'a Discipline<'a>,
    slots: Slots,
    groups: &'a [(Thing, Way)],
    unknowns: Vec<Unknown>,
    constraints: Vec<Constraint>,
    of_stuck_tasks: Vec<bool>,
}

impl<'a> System<'a> {
    fn new(
        discipline: &'a Discipline<'a>,
        pairs: &'a [Pair],
        slots: Slots,
        groups: &'a [(Thing, Way)],
    ) -> System<'a> {
        let mut unknowns = Vec::new();
        for (group, &(thing, way)) in groups.iter().enumerate() {
            ask();
            unknowns.push(Unknown::Tasks(group));
            for pair in pairs.iter().filter(|pair| pair.asked == thing) {
                let lies = pair.held.lies;
                let slot = !lies.is_lock();
                let units =
                    matches!(lies, Thing::Lock(lock) if discipline.reserves(lock).is_some());
                let left_out =
                    (way == Way::Bare && (slot || units)) || (way == Way::Fresh && lies == thing);
                if !left_out {
                    unknowns.push(Unknown::Holds(group, pair.held));
                }
            }
            let bounded = (0..discipline.program.series.len())
                .filter(|&series| discipline.bounds_holders(series));
            unknowns.extend(bounded.map(|series| Unknown::Holders(group, series)));
        }
        unknowns.extend((0..discipline.program.series.len()).map(Unknown::Slots));
        System {
            discipline,
            slots,
            groups,
            unknowns,
            constraints: Vec::new(),
            of_stuck_tasks: Vec::new(),
        }
    }

    fn build(mut self, awaited: &[Thing]) -> Case {
        let program = self.discipline.program;
        for series in 0..program.series.len() {
            let slots = self.sum(|u| i64::from(u == Unknown::Slots(series)));
            let least = i64::from(self.discipline.least_slots(series));
            match (self.slots, program.series[series].slots) {
                (Slots::AsInTheModel, Bound::Exactly(n)) => {
                    self.at_least(slots.clone(), i64::from(n));
                    self.at_most(slots, i64::from(n));
                }
                _ => self.at_least(slots, least),
            }
            self.few_holders(series);
        }
        for &thing in awaited {
            self.missing(thing);
        }
        for &lock in &self.discipline.locks {
            self.no_more_than_there_is(lock);
        }
        for group in 0..self.groups.len() {
            self.of_group(group);
        }
        Case {
            awaited: awaited.to_vec(),
            groups: self.groups.to_vec(),
            problem: Problem {
                variables: self.unknowns.len(),
                constraints: self.constraints,
            },
            unknowns: self.unknowns,
            of_stuck_tasks: self.of_stuck_tasks,
        }
    }

    /// What makes it unavailable is held.
    fn missing(&mut self, thing: Thing) {
        let mut held =
            self.sum(|u| i64::from(matches!(u, Unknown::Holds(_, held) if held.lies == thing)));
        let Thing::Series(series) = thing else {
            // All units, or so many that too few are left: one at least.
            return self.at_least_if_stuck(held, 1);
        };
        held.extend(self.sum(|u| -i64::from(u == Unknown::Slots(series))));
        // A holder among those who wait lacks the last slot; the others lack those kept as well.
        // Where that is not told apart, the weaker.
        let kept_back = match self.groups.contains(&(thing, Way::Holder)) {
            true => 0,
            false => self.discipline.program.series[series].for_holders,
        };
        self.at_least_if_stuck(held, -i64::from(kept_back));
    }

    /// First pins in a series are only taken from what is not kept for holders.
    fn few_holders(&mut self, series: SeriesId) {
        if !self.discipline.bounds_holders(series) {
            return;
        }
        let mut holders =
            self.sum(|u| i64::from(matches!(u, Unknown::Holders(_, s) if s == series)));
        holders.extend(self.sum(|u| -i64::from(u == Unknown::Slots(series))));
        let kept_back = i64::from(self.discipline.program.series[series].for_holders);
        self.at_most(holders, -kept_back);
    }

    fn no_more_than_there_is(&mut self, lock: usize) {
        let mut held = self
            .sum(|u| i64::from(matches!(u, Unknown::Holds(_, h) if h.lies == Thing::Lock(lock))));
        if let Some(series) = self.discipline.reserves(lock) {
            held.extend(self.sum(|u| -i64::from(u == Unknown::Slots(series))));
            return self.at_most(held, 0);
        }
        match self.discipline.program.resources[lock].kind {
            ResourceKind::Spinlock => self.at_most(held, 1),
            ResourceKind::Semaphore { units, .. } => self.at_most(held, i64::from(units)),
            // Any number of readers; and an order names no mempool and no completion.
            ResourceKind::Rwsem { .. }
            | ResourceKind::Mempool { .. }
            | ResourceKind::Completion => {}
        }
    }

    /// What is so of every task of a group, and so of them all.
    fn of_group(&mut self, group: usize) {
        let (thing, way) = self.groups[group];
        let tasks = self.sum(|u| i64::from(u == Unknown::Tasks(group)));
        self.at_least_if_stuck(tasks, 1);
        for series in 0..self.discipline.program.series.len() {
            let asks = i64::from(thing == Thing::Series(series));
            let asked_for = |u: Unknown| matches!(u, Unknown::Holds(g, held) if g == group && held.asked == Thing::Series(series));
            if let Some(pins) = self.discipline.pins {
                let most = i64::from(pins);
                let over = self.sum(|u| match u {
                    Unknown::Tasks(g) if g == group => asks - most,
                    u => i64::from(asked_for(u)),
                });
                self.at_most(over, 0);
            }
            if self.discipline.bounds_holders(series) {
                self.holders_of_group(group, series);
            }
            if way != Way::Bare
                && let Some(lock) = self.discipline.reservation_of(series)
                && (matches!(thing, Thing::Series(_)) || !self.is_reservation(thing))
            {
                let reserved = self.sum(|u| match u {
                    Unknown::Holds(g, held) if g == group && held.lies == Thing::Lock(lock) => -1,
                    Unknown::Tasks(g) if g == group => asks,
                    u => i64::from(asked_for(u)),
                });
                self.at_most(reserved, 0);
            }
        }
    }

    fn is_reservation(&self, thing: Thing) -> bool {
        matches!(thing, Thing::Lock(lock) if self.discipline.reserves(lock).is_some())
    }

    /// How many tasks of a group have slots in a series that keeps some for holders; there a slot
    /// lies where it was asked for.
    fn holders_of_group(&mut self, group: usize, series: SeriesId) {
        let (thing, way) = self.groups[group];
        let is_holder = thing == Thing::Series(series) && way == Way::Holder;
        let holders = |u: Unknown| i64::from(u == Unknown::Holders(group, series));
        let more = self.sum(|u| holders(u) - i64::from(u == Unknown::Tasks(group)));
        self.at_most(more.clone(), 0);
        if is_holder {
            self.at_least(more, 0);
        }
        if let Some(pins) = self.discipline.pins {
            let each = i64::from(pins) - i64::from(is_holder);
            let over = self.sum(|u| match u {
                Unknown::Holds(g, held) if g == group => {
                    i64::from(held.lies == Thing::Series(series))
                }
                u => -each * holders(u),
            });
            self.at_most(over, 0);
        }
    }

    fn sum(&self, of: impl Fn(Unknown) -> i64) -> Vec<(usize, i64)> {
        (self.unknowns.iter().enumerate())
            .map(|(position, &unknown)| (position, of(unknown)))
            .filter(|&(_, factor)| factor != 0)
            .collect()
    }

    fn at_least_if_stuck(&mut self, sum: Vec<(usize, i64)>, bound: i64) {
        self.require(Constraint::at_least(sum, bound), true);
    }

    fn at_least(&mut self, sum: Vec<(usize, i64)>, bound: i64) {
        self.require(Constraint::at_least(sum, bound), false);
    }

    fn at_most(&mut self, sum: Vec<(usize, i64)>, bound: i64) {
        self.require(Constraint::at_most(sum, bound), false);
    }

    fn require(&mut self, constraint: Constraint, of_stuck_tasks: bool) {
        self.constraints.push(constraint);
        self.of_stuck_tasks.push(of_stuck_tasks);
    }
}
