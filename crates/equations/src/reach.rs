//! A shortest run into a core, where there is one that takes the tasks there one after the other.
//!
//! A task needs at least as many steps of its own to get into a local state as the shortest way
//! through the [local states](kmapcheck_local) has, flushes by others not counted. So a run into a
//! state with a stuck set is at least as long as the least sum of such ways over the tasks of a
//! core, over all cores that the [equations](crate) allow: again an integer program. If taking its
//! tasks there, one by one and along these ways, succeeds on the machine, the run has exactly that
//! length, and none is shorter. A thousand tasks that do the same are one unknown, so that this
//! costs the same for two slots as for 1,024.
//!
//! Nothing is claimed where it does not succeed: the tasks of a core may need help, or get in each
//! other's way.

use std::collections::VecDeque;

use kmapcheck_limits::ask;
use kmapcheck_linear::{Minimum, minimise};
use kmapcheck_local::{LocalState, Locals};
use kmapcheck_machine::{Name, Start, State, Trace, TraceStep, initial, is_open, steps};
use kmapcheck_scenario::{Bound, Program};
use rustc_hash::FxHashMap;

use crate::equations::Core;
use crate::exclude::{Cores, Possible};
use crate::graph::{Graph, Kind};

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
    let before = predecessors(locals);
    let ways: Vec<Ways> = (graph.kinds.iter())
        .map(|kind| Ways::to(locals, &before, &targets(program, locals, graph, kind)))
        .collect();
    let core = cheapest(possible, &ways)?;
    let mut walk = Walk::new(program, graph, &core, locals, &ways)?;
    // Each task begins as it likes best: together that need not fit the slots.
    (walk.trace.start.fits(program) && walk.go()).then_some((walk.trace, walk.state))
}

/// The local states in which a task is of that kind.
fn targets(program: &Program, locals: &Locals, graph: &Graph, kind: &Kind) -> Vec<u32> {
    let mut found: Vec<u32> = (locals.waiters.iter())
        .filter(|waiter| {
            ask();
            let local = &locals.states[waiter.local as usize];
            local.task.template == kind.template
                && (graph.reading.wanted(program, waiter.waiting, local)).contains(&kind.need)
                && local.holdings(program) == kind.holdings
        })
        .map(|waiter| waiter.local)
        .collect();
    found.dedup();
    found
}

/// For each local state, those that a step (`true`) or a flush by others leads from.
fn predecessors(locals: &Locals) -> Vec<Vec<(u32, bool)>> {
    let mut before = vec![Vec::new(); locals.states.len()];
    for ((from, situations), flushes) in (0..).zip(&locals.situations).zip(&locals.flushes) {
        for situation in situations {
            for &to in &situation.next {
                before[to as usize].push((from, true));
            }
        }
        for &to in flushes {
            before[to as usize].push((from, false));
        }
    }
    before
}

/// How many steps of its own a task needs, at least, to get from each local state to some others.
struct Ways {
    steps: Vec<Option<u32>>,
    /// The least for a task that starts.
    from_start: Option<u32>,
}

impl Ways {
    /// Breadth-first search backwards; a flush by others takes no step.
    fn to(locals: &Locals, before: &[Vec<(u32, bool)>], targets: &[u32]) -> Ways {
        let mut steps: Vec<Option<u32>> = vec![None; locals.states.len()];
        let mut queue: VecDeque<(u32, u32)> = targets.iter().map(|&target| (target, 0)).collect();
        while let Some((at, cost)) = queue.pop_front() {
            ask();
            if steps[at as usize].is_some() {
                continue;
            }
            steps[at as usize] = Some(cost);
            for &(from, own) in &before[at as usize] {
                if own {
                    queue.push_back((from, cost + 1));
                } else {
                    queue.push_front((from, cost));
                }
            }
        }
        let from_start = locals
            .starts()
            .filter_map(|start| steps[start as usize])
            .min();
        Ways { steps, from_start }
    }
}

/// A core whose tasks need the fewest steps in all.
fn cheapest(possible: &[Possible], ways: &[Ways]) -> Option<Core> {
    let mut best: Option<(i64, Core)> = None;
    for possible in possible {
        let equations = possible.equations.as_ref()?;
        let cost: Option<Vec<(usize, i64)>> = (equations.kinds.iter().enumerate())
            .map(|(i, &kind)| Some((i, i64::from(ways[kind].from_start?))))
            .collect();
        match minimise(&equations.problem, &cost?, BUDGET) {
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
    /// Instances, each with the way it takes and the steps still before it.
    tasks: Vec<(usize, &'a Ways, u32)>,
}

impl<'a> Walk<'a> {
    fn new(
        program: &'a Program,
        graph: &Graph,
        core: &Core,
        locals: &'a Locals,
        ways: &'a [Ways],
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
            for _ in 0..n {
                let task = free[graph.kinds[kind].template].next()?;
                tasks.push((task, &ways[kind], ways[kind].from_start?));
            }
        }
        let start = start(program, locals, &tasks);
        let state = initial(program, &start);
        let walk = Walk {
            program,
            locals,
            state,
            trace: Trace {
                start,
                steps: Vec::new(),
            },
            tasks,
        };
        let starts_well = (walk.tasks.iter()).all(|&(task, ways, left)| {
            let here = LocalState::of(program, &walk.state.tasks[task], &walk.state.shared);
            let number = locals.number(&here);
            number.and_then(|number| ways.steps[number as usize]) == Some(left)
        });
        starts_well.then_some(walk)
    }

    /// Takes every task as far as it can go, over and over; false if they do not all arrive.
    fn go(&mut self) -> bool {
        loop {
            let before = self.trace.steps.len();
            for i in 0..self.tasks.len() {
                while self.step(i) {}
            }
            if self.tasks.iter().all(|&(_, _, left)| left == 0) {
                return true;
            }
            if self.trace.steps.len() == before {
                return false;
            }
        }
    }

    /// One step of the task on its way, if it can take it now.
    fn step(&mut self, i: usize) -> bool {
        ask();
        let (task, ways, left) = self.tasks[i];
        if left == 0 {
            return false;
        }
        let successors = steps(self.program, &self.state.tasks[task], &self.state.shared);
        let choice = successors.iter().position(|successor| {
            let after = LocalState::of(self.program, &successor.task, &successor.shared);
            let number = self.locals.number(&after);
            number.and_then(|number| ways.steps[number as usize]) == Some(left - 1)
        });
        let Some(choice) = choice else {
            return false;
        };
        self.state.advance(self.program, task, &successors[choice]);
        self.trace.steps.push(TraceStep { task, choice });
        self.tasks[i].2 -= 1;
        true
    }
}

/// The start in which those tasks have the fewest steps before them, and nothing else is mapped that
/// need not be.
fn start(program: &Program, locals: &Locals, tasks: &[(usize, &Ways, u32)]) -> Start {
    let mut stale: Vec<Vec<usize>> = (program.pages.iter())
        .filter(|page| is_open(page))
        .map(|_| Vec::new())
        .collect();
    let way_of: FxHashMap<usize, (&Ways, u32)> = (tasks.iter())
        .map(|&(task, ways, left)| (task, (ways, left)))
        .collect();
    let mut first = 0;
    for (id, template) in program.templates.iter().enumerate() {
        for task in first..first + kmapcheck_machine::instances(template.count) as usize {
            ask();
            let local = way_of.get(&task).and_then(|(ways, left)| {
                let starts = locals
                    .starts()
                    .map(|start| (start, &locals.states[start as usize]));
                let mut good = starts.filter(|(start, local)| {
                    local.task.template == id && ways.steps[*start as usize] == Some(*left)
                });
                good.next().map(|(_, local)| local)
            });
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
