//! Who holds what while waiting for what.
//!
//! The generalisation of a lock-order graph to counting resources: nodes are the things that tasks
//! wait for, and *r -> r'* says that a task can hold some of what makes *r* unavailable while it
//! waits for *r'*. Where it has no cycle, a topological order of it is an order in which everything
//! is acquired, and nothing can deadlock.

use kmapcheck_limits::ask;
use kmapcheck_local::{Holding, LocalState, Locals};
use kmapcheck_machine::{PageId, Wanted};
use kmapcheck_scenario::Program;

use crate::digraph::{in_order, is_knot, knots};
use crate::reading::Reading;

/// Tasks of one program that wait for the same while holding the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// The task program.
    pub template: usize,
    /// What they wait for.
    pub need: Wanted,
    /// What each holds.
    pub holdings: Vec<(Holding, u32)>,
    /// The series in which each has a pin.
    pub pins_in: Vec<usize>,
    /// The first local state that is so.
    pub local: u32,
    /// Shared pages with a series in which they would be mapped already if the wait had an end: this is
    /// told apart only where it is [read so](crate::reading).
    pub unmapped: Vec<(PageId, usize)>,
    /// Shared pages that each has mapped, with the series; likewise.
    pub mapped: Vec<(PageId, usize)>,
}

/// The graph.
#[derive(Debug, Clone)]
pub struct Graph {
    /// What is waited for, sorted.
    pub needs: Vec<Wanted>,
    /// The kinds of waiting task.
    pub kinds: Vec<Kind>,
    /// The edges between `needs`, by position, sorted.
    pub edges: Vec<(usize, usize)>,
    /// How waits are read as waits for one thing each.
    pub(crate) reading: Reading,
}

impl Graph {
    /// The graph of a closure, where nothing is said about who waits in a select.
    #[must_use]
    pub fn of(program: &Program, locals: &Locals) -> Graph {
        Graph::read(program, locals, Reading::of(program))
    }

    /// The graph of a closure, with waits as they are read.
    pub(crate) fn read(program: &Program, locals: &Locals, reading: Reading) -> Graph {
        let mut kinds: Vec<Kind> = Vec::new();
        let mut known = rustc_hash::FxHashSet::default();
        for waiter in &locals.waiters {
            ask();
            let local: &LocalState = &locals.states[waiter.local as usize];
            let holdings = local.holdings(program);
            let pins_in: Vec<usize> = (0..program.series.len())
                .filter(|&s| local.task.pins_in(s))
                .collect();
            let mapped = reading.mapped(program, local);
            for need in reading.wanted(program, waiter.waiting, local) {
                let unmapped = reading.unmapped(program, local, need);
                let pages = (unmapped.clone(), mapped.clone());
                let kind = (local.task.template, need, holdings.clone(), pins_in.clone());
                if known.insert((kind, pages)) {
                    kinds.push(Kind {
                        template: local.task.template,
                        need,
                        holdings: holdings.clone(),
                        pins_in: pins_in.clone(),
                        local: waiter.local,
                        unmapped,
                        mapped: mapped.clone(),
                    });
                }
            }
        }
        Graph {
            reading,
            ..Graph::from_kinds(kinds)
        }
    }

    /// The kind of a task that wants that in a local state, by position.
    #[must_use]
    pub fn kind_of(&self, program: &Program, local: &LocalState, need: Wanted) -> Option<usize> {
        let holdings = local.holdings(program);
        let unmapped = self.reading.unmapped(program, local, need);
        let mapped = self.reading.mapped(program, local);
        self.kinds.iter().position(|kind| {
            (kind.template, kind.need) == (local.task.template, need)
                && kind.holdings == holdings
                && (&kind.unmapped, &kind.mapped) == (&unmapped, &mapped)
                && (0..program.series.len())
                    .all(|series| kind.pins_in.contains(&series) == local.task.pins_in(series))
        })
    }

    /// The graph of kinds of waiting task that come from elsewhere than a closure.
    #[must_use]
    pub fn from_kinds(kinds: Vec<Kind>) -> Graph {
        let mut needs: Vec<Wanted> = kinds.iter().map(|kind| kind.need).collect();
        needs.sort_unstable();
        needs.dedup();
        let mut edges: Vec<(usize, usize)> = Vec::new();
        for kind in &kinds {
            let to = (needs.binary_search(&kind.need)).expect("the needs are those of the kinds");
            for &(held, _) in &kind.holdings {
                ask();
                let from = (0..needs.len()).filter(|&i| held.keeps(needs[i]));
                edges.extend(from.map(|from| (from, to)));
            }
        }
        edges.sort_unstable();
        edges.dedup();
        Graph {
            needs,
            kinds,
            edges,
            reading: Reading::default(),
        }
    }

    /// The things waited for in an order in which every edge goes forward; `None`: there is a
    /// cycle.
    #[must_use]
    pub fn order(&self) -> Option<Vec<Wanted>> {
        self.sorted(&self.edges)
    }

    /// Such an order in which things of a lower rank come before those of a higher one as well;
    /// things without a rank come anywhere. `None`: there is none.
    #[must_use]
    pub fn order_along(&self, rank: impl Fn(Wanted) -> Option<usize>) -> Option<Vec<Wanted>> {
        let ranks: Vec<Option<usize>> = self.needs.iter().map(|&need| rank(need)).collect();
        let mut edges = self.edges.clone();
        for (from, low) in ranks.iter().enumerate() {
            let later = |high: &Option<usize>| low.is_some() && low < high;
            let to = ranks.iter().enumerate().filter(|(_, high)| later(high));
            edges.extend(to.map(|(to, _)| (from, to)));
        }
        self.sorted(&edges)
    }

    fn sorted(&self, edges: &[(usize, usize)]) -> Option<Vec<Wanted>> {
        let order = in_order(self.needs.len(), edges.iter().copied());
        let all = order.len() == self.needs.len();
        all.then(|| order.iter().map(|&node| self.needs[node]).collect())
    }

    /// The strongly connected components that have an edge, each sorted.
    #[must_use]
    pub fn knots(&self) -> Vec<Vec<usize>> {
        knots(self.edges.iter().copied())
    }

    /// Whether the nodes, with the edges among them, are strongly connected and have an edge.
    #[must_use]
    pub fn is_strongly_connected(&self, nodes: &[usize]) -> bool {
        is_knot(self.edges.iter().copied(), nodes)
    }
}
