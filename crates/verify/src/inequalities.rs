//! What tasks satisfy that are stuck on a set of things, in one case.

use kmapcheck_machine::{Mode, Wanted};
use kmapcheck_scenario::{Bound, Program, Ref, ResourceKind, SeriesId};

use crate::bounds::{self, Amount, Range};
use crate::cases::Case;
use crate::certificate::Inequality;
use crate::kinds::{Kind, is_given, keepers};
use crate::local::Thing;

/// What follows, in two parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Inequalities {
    /// What is so because they are stuck on it: they wait for it, and hold what makes it missing.
    pub of_stuck_tasks: Vec<Inequality>,
    /// What is so of any tasks at any time: they hold no more than there is.
    pub of_any_tasks: Vec<Inequality>,
}

/// What the inequalities are about.
pub(crate) struct Subject<'a> {
    pub program: &'a Program,
    /// For each series, whether it [bounds its holders](crate::cases::holders_bounded).
    pub holders_bounded: &'a [bool],
    /// All kinds of waiting task.
    pub kinds: &'a [Kind],
    /// Those of which some may be there, by position in `kinds`: an unknown each. One kind may have
    /// several.
    pub unknowns: &'a [usize],
    pub case: &'a Case,
}

/// The series that leave their slots open: an unknown each, after those of the tasks.
pub(crate) fn open_series(program: &Program) -> Vec<SeriesId> {
    (0..program.series.len())
        .filter(|&series| program.series[series].slots == Bound::Any)
        .collect()
}

impl Subject<'_> {
    /// All that follows for tasks that are stuck on `awaited`.
    ///
    /// # Errors
    ///
    /// A sentence, if a bound is not what the semantics says.
    pub(crate) fn inequalities(&self, awaited: &[Wanted]) -> Result<Inequalities, String> {
        let mut found = Inequalities::default();
        for &thing in awaited {
            let waits = self.sum(|kind| u32::from(kind.waits_for == thing));
            (found.of_stuck_tasks).push(self.at_least(waits, Amount::number(1)));
            if is_given(thing) {
                // Nobody need hold it: how much there is of it is counted.
                continue;
            }
            let keepers = keepers(thing);
            let held = self.sum(|kind| {
                let held = keepers.iter().filter_map(|key| kind.holds.get(key));
                held.sum()
            });
            let missing = self.missing_at(thing)?;
            (found.of_stuck_tasks).push(self.at_least(held, missing));
            // However many tasks map a shared page, it lies in one slot of a series: so many slots
            // but one for each shared page are held in slots that nobody else is using.
            if let Wanted::Slot { series, .. } = thing
                && !self.holding(Thing::SharedSlot(series)).is_empty()
            {
                let pages = i64::try_from(self.program.pages.len())
                    .expect("pages come from a file of limited size");
                let plus = missing.plus - pages;
                let beside = Amount { plus, ..missing };
                let own = self.holding(Thing::Slot(series));
                (found.of_stuck_tasks).push(self.at_least(own, beside));
            }
        }
        self.slots(&mut found.of_any_tasks)?;
        self.locks(&mut found.of_any_tasks);
        for (id, template) in self.program.templates.iter().enumerate() {
            if let Bound::Exactly(count) = template.count {
                let of_it = self.sum(|kind| u32::from(kind.template == id));
                let count = Amount::number(u64::from(count));
                (found.of_any_tasks).push(self.at_most(of_it, count));
            }
        }
        Ok(found)
    }

    /// How many slots there are, and who can hold them.
    fn slots(&self, found: &mut Vec<Inequality>) -> Result<(), String> {
        let program = self.program;
        for (id, series) in program.series.iter().enumerate() {
            let kept = u64::from(series.for_holders);
            if series.slots == Bound::Any {
                let slots = || vec![(self.unknown(id), 1)];
                let fewest = bounds::fewest_slots(program, id);
                found.push(self.at_least(slots(), Amount::number(fewest)));
                match self.case.range(id) {
                    Range::Every => {}
                    Range::AllKept => found.push(self.at_most(slots(), Amount::number(kept))),
                    Range::SomeNotKept => {
                        found.push(self.at_least(slots(), Amount::number(kept + 1)));
                    }
                }
            }
            let held = self.holding(Thing::Slot(id));
            found.push(self.at_most(held, bounds::slots(program, id)));
            if self.holders_bounded[id]
                && let Some(most) = bounds::most_holders(program, id, self.case.range(id))?
            {
                let holders = self.sum(|kind| u32::from(kind.pins_in.contains(&id)));
                found.push(self.at_most(holders, most));
            }
        }
        Ok(())
    }

    /// Locks are held once, units as often as there are, CPUs and page locks too.
    fn locks(&self, found: &mut Vec<Inequality>) {
        let program = self.program;
        let lock = |id, mode| Thing::Held(Ref::Shared(id), mode);
        let mut once = |held| found.push(self.at_most(self.holding(held), Amount::number(1)));
        for (id, resource) in program.resources.iter().enumerate() {
            match resource.kind {
                ResourceKind::Spinlock => once(lock(id, Mode::Spin)),
                ResourceKind::Rwsem { .. } => once(lock(id, Mode::Write)),
                ResourceKind::Semaphore { .. }
                | ResourceKind::Mempool { .. }
                | ResourceKind::Completion => {}
            }
        }
        (0..program.pages.len()).for_each(|page| once(Thing::PageLock(page)));
        for (id, resource) in program.resources.iter().enumerate() {
            if resource.kind.is_owned() && resource.kind.units().is_some() {
                let held = self.holding(lock(id, Mode::Units));
                found.push(self.at_most(held, bounds::units(program, id)));
            }
        }
        if let Some(cpus) = program.cpus {
            let cpus = Amount::number(u64::from(cpus.count));
            found.push(self.at_most(self.holding(Thing::Cpu), cpus));
        }
    }

    /// How much of a thing must be held for it to be missing.
    fn missing_at(&self, thing: Wanted) -> Result<Amount, String> {
        let program = self.program;
        match (thing, program.cpus) {
            (Wanted::Slot { series, holder }, _) => {
                bounds::slot_missing_at(program, series, holder)
            }
            (Wanted::Units(pool, n), _) => bounds::units_missing_at(program, pool, u64::from(n)),
            (Wanted::Cpu, Some(cpus)) => Ok(Amount::number(u64::from(cpus.count))),
            _ => Ok(Amount::number(1)),
        }
    }

    /// The unknown that stands for the slots of a series.
    fn unknown(&self, series: SeriesId) -> usize {
        let position = (open_series(self.program).iter()).position(|&open| open == series);
        self.unknowns.len() + position.expect("its slots are open")
    }

    fn holding(&self, held: Thing) -> Vec<(usize, i64)> {
        // What a kind does not list, it does not hold.
        self.sum(|kind| kind.holds.get(&held).copied().unwrap_or(0))
    }

    /// The sum over the unknown tasks of what `of` makes of each.
    fn sum(&self, of: impl Fn(&Kind) -> u32) -> Vec<(usize, i64)> {
        (self.unknowns.iter().enumerate())
            .map(|(variable, &kind)| (variable, i64::from(of(&self.kinds[kind]))))
            .filter(|&(_, coefficient)| coefficient != 0)
            .collect()
    }

    fn at_least(&self, terms: Vec<(usize, i64)>, amount: Amount) -> Inequality {
        self.inequality(terms, true, amount)
    }

    fn at_most(&self, terms: Vec<(usize, i64)>, amount: Amount) -> Inequality {
        self.inequality(terms, false, amount)
    }

    fn inequality(
        &self,
        mut terms: Vec<(usize, i64)>,
        at_least: bool,
        amount: Amount,
    ) -> Inequality {
        if let Some(series) = amount.slots_of {
            terms.push((self.unknown(series), -1));
        }
        Inequality {
            terms,
            at_least,
            bound: amount.plus,
        }
    }
}
