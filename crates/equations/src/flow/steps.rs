//! What can be given and taken, and the steps of the task programs that do so.

use kmapcheck_limits::ask;
use kmapcheck_local::Locals;
use kmapcheck_machine::{Given, Wanted};
use kmapcheck_scenario::{Bound, NodeId, Op, Program, Ref, ResourceKind, TemplateId};

use crate::graph::Graph;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// Units of a shared pool, whether or not anybody may give them; a shared spinlock, which is one; how
    /// often a shared completion has been completed.
    Resource(usize),
    /// The lock of a shared page.
    PageLock(usize),
    /// Free pages.
    Memory,
}

/// Something that is given and taken.
#[derive(Debug, Clone)]
pub(super) struct Counter {
    pub what: Counted,
    /// How much there is at first.
    pub start: u32,
    /// How much there can be.
    pub most: Option<u32>,
    /// The most that an operation asks for at once.
    pub asked: u32,
    /// Whether every give is known to give all it says.
    pub exact: bool,
}

/// Where a task stands: at an operation, or (`None`) at its end.
pub(super) type Point = (TemplateId, Option<NodeId>);

/// A step from point to point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub from: Point,
    pub to: Point,
    /// What it gives of each counter, or takes, at least.
    pub least: Vec<i64>,
    /// And at most.
    pub most: Vec<i64>,
}

impl Counted {
    /// Whether anybody may give it.
    pub fn is_for_all(self, program: &Program) -> bool {
        self.wanted(program).is_some()
    }

    /// What is wanted by who waits for it, if anybody may give it.
    pub fn wanted(self, program: &Program) -> Option<Wanted> {
        Some(Wanted::Given(match self {
            Counted::PageLock(_) => return None,
            Counted::Memory => Given::Memory,
            Counted::Resource(i) => match program.resources[i].kind {
                ResourceKind::Completion => Given::Completion(i),
                kind if kind.is_owned() => return None,
                _ => Given::Unowned(i),
            },
        }))
    }
}

/// What an operation gives of what is counted, and how much.
pub(super) fn given(op: Op) -> Option<(Counted, u32)> {
    match op {
        Op::Complete {
            completion: Ref::Shared(what),
        } => Some((Counted::Resource(what), 1)),
        Op::Up {
            pool: Ref::Shared(pool),
            n,
        } => Some((Counted::Resource(pool), n)),
        Op::SpinUnlock {
            lock: Ref::Shared(lock),
        } => Some((Counted::Resource(lock), 1)),
        Op::UnlockPage {
            page: Ref::Shared(page),
        } => Some((Counted::PageLock(page), 1)),
        Op::FreePage { .. } => Some((Counted::Memory, 1)),
        _ => None,
    }
}

/// What an operation takes of what is counted, and how much.
pub(super) fn taken(op: Op) -> Option<(Counted, u32)> {
    match op {
        Op::WaitForCompletion {
            completion: Ref::Shared(what),
        }
        | Op::TryWaitForCompletion {
            completion: Ref::Shared(what),
        } => Some((Counted::Resource(what), 1)),
        Op::Down {
            pool: Ref::Shared(pool),
            n,
        }
        | Op::DownTrylock {
            pool: Ref::Shared(pool),
            n,
        } => Some((Counted::Resource(pool), n)),
        Op::SpinLock {
            lock: Ref::Shared(lock),
        }
        | Op::SpinTrylock {
            lock: Ref::Shared(lock),
        } => Some((Counted::Resource(lock), 1)),
        Op::LockPage {
            page: Ref::Shared(page),
        }
        | Op::TrylockPage {
            page: Ref::Shared(page),
        } => Some((Counted::PageLock(page), 1)),
        Op::AllocPage { .. } | Op::TryAllocPage { .. } => Some((Counted::Memory, 1)),
        _ => None,
    }
}

/// All that is counted in a program, where the numbers are known.
pub(super) fn counters(program: &Program) -> Vec<Counter> {
    let asked = |what: Counted| {
        let ops = program
            .templates
            .iter()
            .flat_map(|template| &template.nodes);
        let asked = ops
            .filter_map(|node| taken(node.op))
            .filter(|(taken, _)| *taken == what);
        asked.map(|(_, n)| n).max().unwrap_or(1)
    };
    let counter = |what, start, most| Counter {
        what,
        start,
        most,
        asked: asked(what),
        exact: true,
    };
    let resources = program.resources.iter().enumerate();
    let mut counters: Vec<Counter> = resources
        .filter_map(|(i, resource)| {
            let is_open =
                (resource.follows).is_some_and(|series| program.series[series].slots == Bound::Any);
            let (start, most) = match resource.kind {
                ResourceKind::Completion => (0, None),
                ResourceKind::Spinlock => (1, Some(1)),
                ResourceKind::Rwsem { .. } => return None,
                kind => (kind.units_at_start()?, kind.units()),
            };
            (!is_open).then(|| counter(Counted::Resource(i), start, most))
        })
        .collect();
    let pages = 0..program.pages.len();
    counters.extend(pages.map(|page| counter(Counted::PageLock(page), 1, Some(1))));
    counters.extend(
        program
            .free_pages
            .map(|pages| counter(Counted::Memory, pages, None)),
    );
    counters
}

/// What is counted of something that is wanted, by position.
pub(super) fn counter_of(program: &Program, counters: &[Counter], need: Wanted) -> Option<usize> {
    let of = |counter: &Counter| counter.what.wanted(program) == Some(need);
    counters.iter().position(of)
}

/// Every step of every task program, with what it gives and takes.
pub(super) fn steps(program: &Program, locals: &Locals, counters: &[Counter]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (id, template) in program.templates.iter().enumerate() {
        for (number, node) in template.nodes.iter().enumerate() {
            ask();
            let is_sound = !(locals.found.iter()).any(|found| {
                found.node == number && locals.states[found.local as usize].task.template == id
            });
            let amount = |of: Option<(Counted, u32)>, what: Counted| match of {
                Some((given, n)) if given == what => i64::from(n),
                _ => 0,
            };
            let change = |counter: &Counter| {
                amount(given(node.op), counter.what) - amount(taken(node.op), counter.what)
            };
            // A page whose name means nothing is not freed, and nobody gives back what it does not hold.
            // Whether a pool that nobody owns may be full is found out later.
            let is_pool = |what: Counted| what != Counted::Memory && what.is_for_all(program);
            let may_fail = !is_sound && !given(node.op).is_some_and(|(what, _)| is_pool(what));
            for (branch, target) in node.next.iter().enumerate() {
                // The first branch is that of success, where there is another.
                let most: Vec<i64> = counters
                    .iter()
                    .map(|c| if branch == 0 { change(c) } else { 0 })
                    .collect();
                let least = most
                    .iter()
                    .map(|&n| if may_fail { n.min(0) } else { n })
                    .collect();
                let step = Step {
                    from: (id, Some(number)),
                    to: (id, target.node),
                    least,
                    most,
                };
                if !steps.contains(&step) {
                    steps.push(step);
                }
            }
        }
    }
    steps
}

/// For each kind of waiting task, where such tasks stand.
pub(super) fn stands(program: &Program, locals: &Locals, graph: &Graph) -> Vec<Vec<NodeId>> {
    let mut stands = vec![Vec::new(); graph.kinds.len()];
    for waiter in &locals.waiters {
        ask();
        let local = &locals.states[waiter.local as usize];
        let node = local.task.at.expect("who waits has not ended");
        for need in graph.reading.wanted(program, waiter.waiting, local) {
            let kind = graph
                .kind_of(program, local, need)
                .expect("the graph is of these local states");
            if !stands[kind].contains(&node) {
                stands[kind].push(node);
            }
        }
    }
    stands
}
