//! All sets of things that a core could be waiting for: excluded, or possible.

use kmapcheck_linear::{Answer, Minimum, Refutation, minimise, solve};
use kmapcheck_local::{Found, Locals};
use kmapcheck_machine::Wanted;
use kmapcheck_scenario::{Patience, Program};

use crate::amount::Amount;
use crate::case::holders_bounded;
use crate::equations::{Core, Equations, Sizes};
use crate::flow::Flow;
use crate::graph::Graph;
use crate::reading::Reading;

/// What is known about the cores of a program.
#[derive(Debug)]
pub enum Cores {
    /// There are none: no set of tasks can be stuck.
    Excluded(Vec<Excluded>),
    /// There are none, if it is counted what is given and taken: no set of tasks can be stuck on any of
    /// these sets of things.
    NeverMissing(Vec<Vec<Wanted>>),
    /// The arithmetic allows some.
    Possible(Vec<Possible>),
    /// That was not found out.
    Undecided(Undecided),
}

/// Things that no tasks can be stuck on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excluded {
    /// The inequalities, in one case.
    pub equations: Equations,
    /// That they have no solution.
    pub refutation: Refutation,
}

/// Things that, as far as the arithmetic goes, tasks can be stuck on.
#[derive(Debug, Clone)]
pub struct Possible {
    /// The inequalities, unless nothing needs to be held.
    pub equations: Option<Equations>,
    /// A core with as few tasks as possible.
    pub core: Core,
    /// Whether it is known that there is none with fewer.
    pub least: bool,
}

/// Why nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecided {
    /// A task can end with what others wait for, which is then lost.
    Leak(Found),
    /// More things wait for one another than all their combinations can be looked at.
    TooManyNeeds,
    /// The inequalities were not solved within the budget.
    Budget,
}

/// Knots with more nodes than this have too many subsets.
const MAX_KNOT: usize = 12;

/// Pivots for each system of inequalities.
const BUDGET: u64 = 20_000;

/// All that is known of what the tasks of a program can be stuck on.
#[derive(Debug)]
pub struct Judged<'a> {
    /// Who holds what while waiting for what.
    pub graph: Graph,
    /// How often each step has been taken, where that is counted.
    pub flow: Option<Flow<'a>>,
    /// What is known of the cores.
    pub cores: Cores,
    /// Whether shared pages had to be told apart for that.
    pub by_page: bool,
}

/// Judges a program: with each way to [read its waits](crate::reading), until one excludes that tasks are
/// stuck.
#[must_use]
pub fn judge<'a>(program: &'a Program, locals: &Locals) -> Judged<'a> {
    of_readings(program, locals, Reading::all(program))
}

/// The same about deadlock alone, if there are tasks that can give up: who does is no part of one, and may
/// be stuck without them all the same.
#[must_use]
pub fn judge_the_patient<'a>(program: &'a Program, locals: &Locals) -> Option<Judged<'a>> {
    let readings = Reading::all(program).into_iter();
    let readings = readings.map(Reading::of_the_patient).collect();
    (program.has_patience(Patience::GivesUp)).then(|| of_readings(program, locals, readings))
}

/// The cores that the arithmetic allows if who queues counts as waiting for as many units as it asks for,
/// where there are queues. This says where to look for tasks that are stuck. It excludes nothing: who queues
/// may wait for its turn only.
#[must_use]
pub fn cores_as_asked(program: &Program, locals: &Locals) -> Option<(Graph, Cores)> {
    if !program.has_queues() || locals.leak().is_some() {
        return None;
    }
    let graph = Graph::read(program, locals, Reading::default());
    let sets = each_set(&Sizes::of(program, locals), &graph).ok()?;
    Some((graph, Cores::Possible(sets.possible)))
}

fn of_readings<'a>(program: &'a Program, locals: &Locals, readings: Vec<Reading>) -> Judged<'a> {
    let judged = |reading: Reading, by_page: bool| {
        let graph = Graph::read(program, locals, reading);
        let flow = Flow::of(program, locals, &graph);
        let cores = exclude(program, locals, &graph, flow.as_ref());
        Judged {
            graph,
            flow,
            cores,
            by_page,
        }
    };
    let pages = match program.pages.is_empty() {
        true => Vec::new(),
        false => readings.iter().cloned().map(Reading::by_page).collect(),
    };
    let mut all = (readings.into_iter().map(|reading| judged(reading, false)))
        .chain(pages.into_iter().map(|reading| judged(reading, true)));
    let first = all.next().expect("there is always a reading");
    match first.cores {
        Cores::Possible(_) => all.find(Judged::excludes).unwrap_or(first),
        _ => first,
    }
}

impl Judged<'_> {
    /// Whether no set of tasks can be stuck.
    #[must_use]
    pub fn excludes(&self) -> bool {
        matches!(self.cores, Cores::Excluded(_) | Cores::NeverMissing(_))
    }
}

/// Looks at every strongly connected set of things waited for. `flow` is the state equation, if the
/// program has one.
#[must_use]
pub fn exclude(
    program: &Program,
    locals: &Locals,
    graph: &Graph,
    flow: Option<&Flow<'_>>,
) -> Cores {
    if let Some(found) = locals.leak() {
        return Cores::Undecided(Undecided::Leak(found));
    }
    let sizes = Sizes::of(program, locals);
    match each_set(&sizes, graph) {
        Err(undecided) => Cores::Undecided(undecided),
        Ok(sets) if sets.possible.is_empty() => Cores::Excluded(sets.excluded),
        Ok(sets) => match flow.and_then(|flow| never_missing(&sizes, graph, flow)) {
            Some(sets) => Cores::NeverMissing(sets),
            None => Cores::Possible(sets.possible),
        },
    }
}

/// The sets of things that no tasks can be stuck on, as the state equation says, if they are all there
/// are; `None` otherwise, also if that was not found out.
fn never_missing(sizes: &Sizes<'_>, graph: &Graph, flow: &Flow<'_>) -> Option<Vec<Vec<Wanted>>> {
    let graph = &flow.with_edges(graph);
    let sets = sets_with_gives(graph, flow)?;
    let anyway = |node| missing_anyway(sizes, graph, node).is_some();
    if (0..graph.needs.len()).any(|node| anyway(node) && !flow.counts(graph.needs[node])) {
        return None;
    }
    for awaited in &sets {
        for equations in Equations::of_all_who_wait(sizes, graph, awaited) {
            match solve(&equations.problem, BUDGET) {
                Answer::Infeasible(_) => {}
                Answer::Feasible(_) if flow.allows(graph, &equations) == Some(false) => {}
                Answer::Feasible(_) | Answer::Unknown(_) => return None,
            }
        }
    }
    let named = |set: Vec<usize>| set.into_iter().map(|node| graph.needs[node]).collect();
    Some(sets.into_iter().map(named).collect())
}

/// Every set of things that tasks can be stuck on where it counts who can still give something: of a
/// graph with these edges. `None`: there are too many.
pub(crate) fn sets_with_gives(graph: &Graph, flow: &Flow<'_>) -> Option<Vec<Vec<usize>>> {
    let given = (0..graph.needs.len()).filter(|&node| flow.counts(graph.needs[node]));
    let mut sets: Vec<Vec<usize>> = given.map(|node| vec![node]).collect();
    sets.extend(connected_sets(graph).ok()?);
    sets.sort();
    sets.dedup();
    Some(sets)
}

/// Every strongly connected set of things waited for, by position.
fn connected_sets(graph: &Graph) -> Result<Vec<Vec<usize>>, Undecided> {
    let mut sets = Vec::new();
    for knot in graph.knots() {
        if knot.len() > MAX_KNOT {
            return Err(Undecided::TooManyNeeds);
        }
        for set in 1u32..1 << knot.len() {
            let awaited: Vec<usize> = (0..knot.len())
                .filter(|i| set >> i & 1 == 1)
                .map(|i| knot[i])
                .collect();
            if graph.is_strongly_connected(&awaited) {
                sets.push(awaited);
            }
        }
    }
    Ok(sets)
}

/// Every strongly connected set of things waited for, judged.
#[derive(Debug)]
pub struct Sets {
    /// Those that no tasks can be stuck on, case by case.
    pub excluded: Vec<Excluded>,
    /// Those that tasks can be stuck on, as far as the arithmetic goes; case by case, so that a set
    /// may be among both.
    pub possible: Vec<Possible>,
}

/// Judges every strongly connected set of things waited for, each by itself.
///
/// # Errors
///
/// If some set was not judged.
pub fn each_set(sizes: &Sizes<'_>, graph: &Graph) -> Result<Sets, Undecided> {
    let (mut excluded, mut possible) = (Vec::new(), Vec::new());
    possible.extend((0..graph.needs.len()).filter_map(|node| missing_anyway(sizes, graph, node)));
    for awaited in connected_sets(graph)? {
        for equations in Equations::of(sizes, graph, &awaited) {
            match solve(&equations.problem, BUDGET) {
                Answer::Infeasible(refutation) => excluded.push(Excluded {
                    equations,
                    refutation,
                }),
                Answer::Feasible(values) => {
                    let (core, least) = smallest(&equations, &values);
                    possible.push(Possible {
                        equations: Some(equations),
                        core,
                        least,
                    });
                }
                Answer::Unknown(_) => return Err(Undecided::Budget),
            }
        }
    }
    Ok(Sets { excluded, possible })
}

impl<'a> Sizes<'a> {
    /// What is to be known of the program that the closure is of.
    #[must_use]
    pub fn of(program: &'a Program, locals: &Locals) -> Sizes<'a> {
        Sizes {
            program,
            holders_bounded: holders_bounded(program, locals),
        }
    }
}

/// A core with as few tasks as possible, or else the one at hand.
fn smallest(equations: &Equations, values: &[i64]) -> (Core, bool) {
    match minimise(&equations.problem, &equations.tasks(), BUDGET) {
        Minimum::Least { at, .. } => (equations.core(&at), true),
        _ => (equations.core(values), false),
    }
}

/// A core of one task that waits for what is missing though nobody holds it, if that can be.
fn missing_anyway(sizes: &Sizes<'_>, graph: &Graph, node: usize) -> Option<Possible> {
    let need = graph.needs[node];
    let slots = match Amount::missing(sizes.program, need) {
        None => Vec::new(),
        Some(amount) => match amount.slots_of {
            None if amount.plus > 0 => return None,
            None => Vec::new(),
            Some(series) => match sizes.program.least_slots(series) {
                least if amount.plus + i64::from(least) > 0 => return None,
                least => vec![(series, u64::from(least))],
            },
        },
    };
    let kind = graph.kinds.iter().position(|kind| kind.need == need)?;
    Some(Possible {
        equations: None,
        core: Core {
            awaited: vec![need],
            tasks: vec![(kind, 1)],
            slots,
        },
        least: true,
    })
}

impl Possible {
    /// How many tasks are in the smallest core.
    #[must_use]
    pub fn tasks(&self) -> u64 {
        self.core.tasks.iter().map(|&(_, n)| n).sum()
    }

    /// What they wait for.
    #[must_use]
    pub fn awaited(&self) -> &[Wanted] {
        &self.core.awaited
    }
}
