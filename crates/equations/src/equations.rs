//! The inequalities for one set of things waited for.

use kmapcheck_limits::ask;
use kmapcheck_linear::{Constraint, Problem};
use kmapcheck_local::Holding;
use kmapcheck_machine::{Mode, Wanted};
use kmapcheck_scenario::{Bound, Program, Ref, ResourceKind, SeriesId};

use crate::amount::{Amount, units};
use crate::case::{Case, cases};
use crate::graph::{Graph, Kind};

/// The inequalities that tasks stuck on `awaited` satisfy, in one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equations {
    /// What they wait for.
    pub awaited: Vec<Wanted>,
    /// The kinds of task in question, one unknown each, by position in [`Graph::kinds`].
    pub kinds: Vec<usize>,
    /// Series whose slots are open, one unknown each, after those of `kinds`.
    pub open: Vec<SeriesId>,
    /// The case that they are about.
    pub case: Case,
    /// The inequalities.
    pub problem: Problem,
    /// What each inequality of `problem` says, by position.
    pub facts: Vec<Fact>,
}

/// What an inequality says of the tasks in a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// A series whose number of slots is open has one at least, and as many as are asked for at once.
    SomeSlots(SeriesId),
    /// A series whose number of slots is open keeps all of them for holders.
    KeepsAll(SeriesId),
    /// It has more slots than it keeps for holders.
    HasOthers(SeriesId),
    /// At least one of them waits for it.
    Waits(Wanted),
    /// They hold so much that it is not to be had.
    Missing(Wanted),
    /// They hold so much of a series, beside the slots through which they can map shared pages
    /// together, that none is to be had: a shared page lies in one slot, whoever maps it.
    MissingBeside(Wanted),
    /// They hold no more slots than there are.
    Slots(SeriesId),
    /// No more of them have a pin in the series than there are slots that are not kept for holders.
    Holders(SeriesId),
    /// They hold no more of a lock or pool than there is.
    Resource(usize),
    /// One of them at most has the page locked.
    Page(usize),
    /// They occupy no more CPUs than there are.
    Cpus,
    /// There are no more of them than the task program has instances.
    Instances(usize),
}

/// A solution: tasks that, as far as the arithmetic goes, could be stuck on one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Core {
    /// What they wait for.
    pub awaited: Vec<Wanted>,
    /// Kinds, by position in [`Graph::kinds`], with how many tasks are of each.
    pub tasks: Vec<(usize, u64)>,
    /// The slots of series whose number is open.
    pub slots: Vec<(SeriesId, u64)>,
}

/// What the inequalities need to know of a program beside its graph.
#[derive(Debug)]
pub struct Sizes<'a> {
    /// The program.
    pub program: &'a Program,
    /// For each series, whether no more tasks have a pin there than there are slots that are not
    /// kept for holders.
    pub holders_bounded: Vec<bool>,
}

impl Equations {
    /// All cases of the inequalities for tasks that are stuck on the `awaited` nodes of the graph.
    #[must_use]
    pub fn of(sizes: &Sizes<'_>, graph: &Graph, awaited: &[usize]) -> Vec<Equations> {
        let needs: Vec<Wanted> = awaited.iter().map(|&node| graph.needs[node]).collect();
        let holds_some = |kind: &Kind| {
            (kind.holdings.iter()).any(|&(held, _)| needs.iter().any(|need| held.keeps(*need)))
        };
        let open = |need: &Wanted| Amount::missing(sizes.program, *need).is_none();
        let all = needs.iter().all(open);
        Equations::in_cases(sizes, graph, needs.clone(), |kind| all || holds_some(kind))
    }

    /// The same where all who wait for some of it are in question, also those who hold none of it, but
    /// could still give some.
    #[must_use]
    pub fn of_all_who_wait(sizes: &Sizes<'_>, graph: &Graph, awaited: &[usize]) -> Vec<Equations> {
        let needs = awaited.iter().map(|&node| graph.needs[node]).collect();
        Equations::in_cases(sizes, graph, needs, |_| true)
    }

    fn in_cases(
        sizes: &Sizes<'_>,
        graph: &Graph,
        needs: Vec<Wanted>,
        is_in_question: impl Fn(&Kind) -> bool,
    ) -> Vec<Equations> {
        let kinds: Vec<usize> = (0..graph.kinds.len())
            .filter(|&i| needs.contains(&graph.kinds[i].need) && is_in_question(&graph.kinds[i]))
            .collect();
        let cases = cases(sizes.program, &sizes.holders_bounded, graph, &kinds);
        (cases.into_iter())
            .map(|case| {
                let kinds = (kinds.iter().copied())
                    .filter(|&i| case.allows(&graph.kinds[i]))
                    .collect();
                Equations::in_case(sizes, graph, needs.clone(), kinds, case)
            })
            .collect()
    }

    fn in_case(
        sizes: &Sizes<'_>,
        graph: &Graph,
        awaited: Vec<Wanted>,
        kinds: Vec<usize>,
        case: Case,
    ) -> Equations {
        let program = sizes.program;
        let open: Vec<SeriesId> = (0..program.series.len())
            .filter(|&s| program.series[s].slots == Bound::Any)
            .collect();
        let mut equations = Equations {
            problem: Problem {
                variables: kinds.len() + open.len(),
                constraints: Vec::new(),
            },
            awaited,
            kinds,
            open,
            case,
            facts: Vec::new(),
        };
        for position in 0..equations.open.len() {
            let slots = equations.kinds.len() + position;
            let series = equations.open[position];
            let least = i64::from(program.least_slots(series));
            let some = Constraint::at_least([(slots, 1)], least);
            equations.require(Fact::SomeSlots(series), some);
            let kept = i64::from(program.series[series].for_holders);
            match equations.case.keeps_all.iter().find(|&&(s, _)| s == series) {
                Some((_, true)) => {
                    let few = Constraint::at_most([(slots, 1)], kept);
                    equations.require(Fact::KeepsAll(series), few);
                }
                Some((_, false)) => {
                    let more = Constraint::at_least([(slots, 1)], kept + 1);
                    equations.require(Fact::HasOthers(series), more);
                }
                None => {}
            }
        }
        for need in equations.awaited.clone() {
            let waits = equations.sum(graph, |kind| i64::from(kind.need == need));
            equations.require(Fact::Waits(need), Constraint::at_least(waits, 1));
            if let Some(amount) = Amount::missing(program, need) {
                let held = equations.held(graph, |held| held.keeps(need));
                equations.compare(Fact::Missing(need), held, amount, true);
                equations.count_joint_slots_once(sizes, graph, need, amount);
            }
        }
        equations.fit(sizes, graph);
        for (template, declared) in program.templates.iter().enumerate() {
            if let Bound::Exactly(count) = declared.count {
                let of_it = equations.sum(graph, |kind| i64::from(kind.template == template));
                equations.compare(
                    Fact::Instances(template),
                    of_it,
                    Amount::number(count),
                    false,
                );
            }
        }
        equations
    }

    /// However many tasks map a shared page, it takes one slot of a series.
    fn count_joint_slots_once(
        &mut self,
        sizes: &Sizes<'_>,
        graph: &Graph,
        need: Wanted,
        amount: Amount,
    ) {
        let Wanted::Slot { series, .. } = need else {
            return;
        };
        let joint = self.held(graph, |held| held == Holding::JointSlots(series));
        if !joint.is_empty() {
            let solo = self.held(graph, |held| held == Holding::Slots(series));
            let pages = sizes.program.pages.len();
            let pages = i64::try_from(pages).expect("pages come from a file of limited size");
            let fact = Fact::MissingBeside(need);
            self.compare(fact, solo, amount.less(pages), true);
        }
    }

    /// Nobody holds more than there is.
    fn fit(&mut self, sizes: &Sizes<'_>, graph: &Graph) {
        let program = sizes.program;
        for series in 0..program.series.len() {
            let slots = Amount::slots(program, series);
            let held = self.held(graph, |held| held == Holding::Slots(series));
            self.compare(Fact::Slots(series), held, slots, false);
            if let Some(others) = self.not_kept(sizes, series) {
                let holders = self.sum(graph, |kind| i64::from(kind.pins_in.contains(&series)));
                self.compare(Fact::Holders(series), holders, others, false);
            }
        }
        for (i, resource) in program.resources.iter().enumerate() {
            let (modes, amount) = match resource.kind {
                ResourceKind::Spinlock => (Mode::Spin, Amount::number(1)),
                ResourceKind::Rwsem { .. } => (Mode::Write, Amount::number(1)),
                ResourceKind::Semaphore { owned: true, .. }
                | ResourceKind::Mempool { owned: true, .. } => (Mode::Units, units(program, i)),
                _ => continue,
            };
            let held = self.held(graph, |held| held == Holding::Held(Ref::Shared(i), modes));
            self.compare(Fact::Resource(i), held, amount, false);
        }
        for page in 0..program.pages.len() {
            let held = self.held(graph, |held| held == Holding::PageLock(page));
            self.compare(Fact::Page(page), held, Amount::number(1), false);
        }
        if let Some(cpus) = program.cpus {
            let held = self.held(graph, |held| held == Holding::Cpu);
            self.compare(Fact::Cpus, held, Amount::number(cpus.count), false);
        }
    }

    /// The slots of a series that are not kept for holders, if the tasks with a pin there are no
    /// more than them. `None` also where an open number of slots makes it one or the other, and the
    /// [case](Case) does not say which.
    fn not_kept(&self, sizes: &Sizes<'_>, series: SeriesId) -> Option<Amount> {
        let declared = &sizes.program.series[series];
        if !sizes.holders_bounded[series] {
            return None;
        }
        match declared.slots {
            // All kept: nobody has a pin.
            Bound::Exactly(slots) => {
                Some(Amount::number(slots.saturating_sub(declared.for_holders)))
            }
            Bound::Any => (self.case.keeps_all.contains(&(series, false))).then(|| {
                Amount::slots(sizes.program, series).less(i64::from(declared.for_holders))
            }),
        }
    }

    /// How much they hold of that.
    fn held(&self, graph: &Graph, which: impl Fn(Holding) -> bool) -> Vec<(usize, i64)> {
        self.sum(graph, |kind| {
            let held = kind.holdings.iter().filter(|(held, _)| which(*held));
            held.map(|&(_, n)| i64::from(n)).sum()
        })
    }

    /// The sum over the kinds of what `of` makes of each.
    fn sum(&self, graph: &Graph, of: impl Fn(&Kind) -> i64) -> Vec<(usize, i64)> {
        ask();
        (self.kinds.iter().enumerate())
            .map(|(variable, &kind)| (variable, of(&graph.kinds[kind])))
            .filter(|&(_, coefficient)| coefficient != 0)
            .collect()
    }

    /// Requires `sum >= amount`, or `sum <= amount`.
    fn compare(&mut self, fact: Fact, mut sum: Vec<(usize, i64)>, amount: Amount, at_least: bool) {
        if let Some(series) = amount.slots_of
            && let Some(position) = self.open.iter().position(|&open| open == series)
        {
            sum.push((self.kinds.len() + position, -1));
        }
        let trivial = sum.is_empty()
            && (if at_least {
                amount.plus <= 0
            } else {
                amount.plus >= 0
            });
        if !trivial {
            let constraint = if at_least {
                Constraint::at_least(sum, amount.plus)
            } else {
                Constraint::at_most(sum, amount.plus)
            };
            self.require(fact, constraint);
        }
    }

    fn require(&mut self, fact: Fact, constraint: Constraint) {
        self.facts.push(fact);
        self.problem.constraints.push(constraint);
    }

    /// What a solution stands for.
    #[must_use]
    pub fn core(&self, values: &[i64]) -> Core {
        let count = |position: usize| {
            u64::try_from(values[position]).expect("solutions have no negative values")
        };
        let tasks = (self.kinds.iter().enumerate())
            .map(|(i, &kind)| (kind, count(i)))
            .filter(|&(_, n)| n > 0)
            .collect();
        let slots = (self.open.iter().enumerate())
            .map(|(i, &series)| (series, count(self.kinds.len() + i)))
            .collect();
        Core {
            awaited: self.awaited.clone(),
            tasks,
            slots,
        }
    }

    /// The number of tasks in the core, as a sum of unknowns.
    #[must_use]
    pub fn tasks(&self) -> Vec<(usize, i64)> {
        (0..self.kinds.len())
            .map(|variable| (variable, 1))
            .collect()
    }
}
