//! A shortest run into a core, where there is one that takes the tasks there one after the other.
//!
//! A task needs at least as many steps of its own to get into a local state as the shortest way
//! through the [local states](kmapcheck_locals) has, flushes by others not counted. So a run into a
//! state with a stuck set is at least as long as the least sum of such ways over the tasks of a
//! core, over all cores that the [equations](crate) allow: again an integer program. If taking its
//! tasks there, one by one and along these ways, succeeds on the machine, the run has exactly that
//! length, and none is shorter. A thousand tasks that do the same are one unknown, so that this
//! costs the same for two slots as for 1,024.
//!
//! Nothing is claimed where it does not succeed: the tasks of a core may need help, or get in each
//! other's way.

use std::collections::BinaryHeap;

use kmapcheck_linear::{Minimum, minimise};
use kmapcheck_locals::{LocalState, Locals};
use kmapcheck_machine::{Name, Start, State, Trace, TraceStep, initial, is_open, steps};
use kmapcheck_scenario::{Bound, Program};

use crate::equations::Core;
use crate::exclude::{Cores, Possible};
use crate::graph::Graph;

/// Pivots for each system of inequalities.
const BUDGET: u64 = 20_000;

/// A run into a state in which a core of least cost stands, with no shorter one into any deadlock;
/// whether that state has a stuck set is the caller's to see.
#[must_use]
pub fn shortest_run(
    program: &Program,
    locals: &Locals,
    graph: &Graph,
    cores: &Cores,
) -> Option<(Trace, State)> {
    let Cores::Possible(possible) = cores else {
        return None;
    };
    let ways = Ways::of(locals);
    let core = cheapest(graph, possible, &ways)?;
    let mut walk = Walk::new(program, graph, &core, locals, &ways)?;
    walk.go().then_some((walk.trace, walk.state))
}

/// The shortest ways to local states: how many steps, and from where.
struct Ways {
    steps: Vec<i64>,
    from: Vec<Option<(u32, bool)>>,
}

impl Ways {
    /// Dijkstra's algorithm; flushes take no step, but a way with fewer of them is preferred.
    fn of(locals: &Locals) -> Ways {
        const STEP: i64 = 1 << 20;
        let count = locals.states.len();
        let mut ways = Ways {
            steps: vec![i64::MAX; count],
            from: vec![None; count],
        };
        let mut queue = BinaryHeap::new();
        for start in locals.starts() {
            ways.steps[start as usize] = 0;
            queue.push((0i64, std::cmp::Reverse(start)));
        }
        while let Some((cost, std::cmp::Reverse(at))) = queue.pop() {
            if -cost > ways.steps[at as usize] {
                continue;
            }
            let next = (locals.situations[at as usize].iter())
                .flat_map(|situation| &situation.next)
                .map(|&to| (to, STEP, true));
            let flushed = locals.flushes[at as usize].iter().map(|&to| (to, 1, false));
            for (to, more, own) in next.chain(flushed) {
                let total = -cost + more;
                if total < ways.steps[to as usize] {
                    ways.steps[to as usize] = total;
                    ways.from[to as usize] = Some((at, own));
                    queue.push((-total, std::cmp::Reverse(to)));
                }
            }
        }
        for steps in &mut ways.steps {
            *steps /= STEP;
        }
        ways
    }

    /// The local states on the way that the task's own steps lead to, the start first.
    fn to(&self, local: u32) -> Vec<u32> {
        let (mut at, mut way) = (local, vec![local]);
        while let Some((from, own)) = self.from[at as usize] {
            if own {
                way.push(from);
            } else if let Some(last) = way.last_mut() {
                // Not flushed (yet): the steps before lead there.
                *last = from;
            }
            at = from;
        }
        way.reverse();
        way
    }
}

/// A core whose tasks need the fewest steps in all.
fn cheapest(graph: &Graph, possible: &[Possible], ways: &Ways) -> Option<Core> {
    let mut best: Option<(i64, Core)> = None;
    for possible in possible {
        let equations = possible.equations.as_ref()?;
        let cost: Vec<(usize, i64)> = (equations.kinds.iter().enumerate())
            .map(|(i, &kind)| (i, ways.steps[graph.kinds[kind].local as usize]))
            .collect();
        match minimise(&equations.problem, &cost, BUDGET) {
            Minimum::Least { value, at, .. } => {
                if best.as_ref().is_none_or(|&(least, _)| value < least) {
                    best = Some((value, equations.core(&at)));
                }
            }
            _ => return None,
        }
    }
    best.map(|(_, core)| core)
}

/// Tasks on their ways.
struct Walk<'a> {
    program: &'a Program,
    locals: &'a Locals,
    state: State,
    trace: Trace,
    /// Instances with the local states that are still before them, the next one last.
    tasks: Vec<(usize, Vec<u32>)>,
}

impl<'a> Walk<'a> {
    fn new(
        program: &'a Program,
        graph: &Graph,
        core: &Core,
        locals: &'a Locals,
        ways: &Ways,
    ) -> Option<Walk<'a>> {
        let mut free: Vec<std::ops::Range<usize>> = Vec::new();
        let mut first = 0;
        for template in &program.templates {
            let Bound::Exactly(count) = template.count else {
                return None;
            };
            free.push(first..first + count as usize);
            first += count as usize;
        }
        let mut tasks = Vec::new();
        for &(kind, n) in &core.tasks {
            let mut way = ways.to(graph.kinds[kind].local);
            way.reverse();
            for _ in 0..n {
                let task = free[graph.kinds[kind].template].next()?;
                tasks.push((task, way.clone()));
            }
        }
        let start = start(program, locals, &tasks);
        let state = initial(program, &start);
        let mut walk = Walk {
            program,
            locals,
            state,
            trace: Trace {
                start,
                steps: Vec::new(),
            },
            tasks,
        };
        for (task, way) in &mut walk.tasks {
            let here = LocalState::of(program, &walk.state.tasks[*task], &walk.state.shared);
            if way.pop().map(|first| &locals.states[first as usize]) != Some(&here) {
                return None;
            }
        }
        Some(walk)
    }

    /// Takes every task as far as it can go, over and over; false if they do not all arrive.
    fn go(&mut self) -> bool {
        loop {
            let before = self.trace.steps.len();
            for i in 0..self.tasks.len() {
                while self.step(i) {}
            }
            if self.tasks.iter().all(|(_, way)| way.is_empty()) {
                return true;
            }
            if self.trace.steps.len() == before {
                return false;
            }
        }
    }

    /// One step of the task on its way, if it can take it now.
    fn step(&mut self, i: usize) -> bool {
        let (task, way) = &self.tasks[i];
        let (task, Some(&next)) = (*task, way.last()) else {
            return false;
        };
        let wanted = &self.locals.states[next as usize];
        let successors = steps(self.program, &self.state.tasks[task], &self.state.shared);
        let choice = successors.iter().position(|successor| {
            LocalState::of(self.program, &successor.task, &successor.shared) == *wanted
        });
        let Some(choice) = choice else {
            return false;
        };
        self.state.advance(self.program, task, &successors[choice]);
        self.trace.steps.push(TraceStep { task, choice });
        self.tasks[i].1.pop();
        true
    }
}

/// The start in which those tasks begin in the first local states of their ways, and nothing else is
/// mapped that need not be.
fn start(program: &Program, locals: &Locals, tasks: &[(usize, Vec<u32>)]) -> Start {
    let mut stale: Vec<Vec<usize>> = (program.pages.iter())
        .filter(|page| is_open(page))
        .map(|_| Vec::new())
        .collect();
    let mut first = 0;
    for template in &program.templates {
        for task in first..first + kmapcheck_machine::instances(template.count) as usize {
            let way = tasks.iter().find(|(other, _)| *other == task);
            let local = way.and_then(|(_, way)| Some(&locals.states[*way.last()? as usize]));
            for (name, var) in template.vars.iter().enumerate() {
                if !var.page.as_ref().is_some_and(is_open) {
                    continue;
                }
                let page = local.and_then(|local| match local.task.names.get(name)? {
                    Name::Page(page) => local.pages.get(page.checked_sub(program.pages.len())?),
                    _ => None,
                });
                stale.push(page.map_or_else(Vec::new, |page| {
                    (0..page.count.len())
                        .filter(|&s| page.count[s] > 0)
                        .collect()
                }));
            }
        }
        first += kmapcheck_machine::instances(template.count) as usize;
    }
    Start { stale }
}
