//! What helps where a pool runs out or things are asked for in circles: more of it, a gate before it, all
//! at once, another order.
//!
//! Each of these is a changed program, and is judged like the scenario itself before it is offered.
//!
//! - *More*: the series, semaphore or mempool has more slots or units.
//! - *A gate*: a semaphore with fewer units than the pool has, taken before everything else and given back
//!   at the end by each task that asks for the pool. If *n* - 1 tasks that take one unit by one share
//!   *n*, the last one always gets its second.
//! - *All at once*: units that a task takes one after the other, with nothing given back between, are
//!   taken by the first request.
//! - *Another order*: of two things that are asked for one right after the other, the second first.

use kmapcheck_scenario::{
    Bound, Node, NodeId, Op, OriginId, Patience, Program, Ref, Resource, ResourceKind, Reuse,
    SeriesId, Target, TemplateId,
};
use serde::Serialize;

use super::judge::{Flaw, Judge};
use super::repair::Operation;

/// A change that makes a scenario clean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// The scenario.
    pub scenario: String,
    /// The change.
    #[serde(flatten)]
    pub change: Change,
}

/// What is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// A pool is larger.
    More {
        /// The series, semaphore or mempool.
        pool: String,
        /// How many slots or units it has.
        has: u32,
        /// How many are enough.
        enough: u32,
    },
    /// A semaphore is taken before all else, and given back at the end.
    Gate {
        /// The pool that it guards.
        pool: String,
        /// The units of the semaphore.
        units: u32,
        /// The tasks that take it.
        tasks: Vec<String>,
    },
    /// Units are taken by one request.
    AtOnce {
        /// The task.
        task: String,
        /// The semaphore.
        pool: String,
        /// How many units.
        units: u32,
        /// The request.
        request: Operation,
    },
    /// Two things are asked for the other way round.
    Order {
        /// The task.
        task: String,
        /// What is to be asked for first.
        first: Operation,
        /// What is to be asked for after it.
        then: Operation,
    },
}

/// A series, or a semaphore or mempool that all tasks share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pool {
    Series(SeriesId),
    Shared(usize),
}

/// What makes scenarios clean that are not.
pub fn offers(programs: &[Program], judge: &mut Judge<'_>, given: &[Reuse]) -> Vec<Offer> {
    let mut found = Vec::new();
    for (i, program) in programs.iter().enumerate() {
        // What was not found out needs no mending yet.
        if !matches!(judge.one(i, program, given), Err(Flaw::Found(_))) {
            continue;
        }
        let mut is_clean =
            |changed: &Program| changed.numbers_fit() && judge.one(i, changed, given).is_ok();
        let scenario = &program.name;
        let changes = changes(program, &mut is_clean);
        found.extend(changes.into_iter().map(|(change, _)| Offer {
            scenario: scenario.clone(),
            change,
        }));
    }
    found
}

/// The changes that make a program clean, each with the changed program.
pub fn changes(
    program: &Program,
    is_clean: &mut dyn FnMut(&Program) -> bool,
) -> Vec<(Change, Program)> {
    let mut found = Vec::new();
    for pool in pools(program) {
        found.extend(more(program, pool, is_clean));
        found.extend(gate(program, pool, is_clean));
    }
    for template in 0..program.templates.len() {
        for pool in pools(program) {
            found.extend(at_once(program, template, pool).filter(|(_, changed)| is_clean(changed)));
        }
        let swapped = swapped(program, template).into_iter();
        found.extend(swapped.filter(|(_, changed)| is_clean(changed)));
    }
    found
}

/// The pools that tasks ask for.
fn pools(program: &Program) -> Vec<Pool> {
    let series = (0..program.series.len()).filter(|&series| !program.series[series].of_units);
    let series = series.map(Pool::Series);
    let shared = (0..program.resources.len()).map(Pool::Shared);
    let is_asked = |pool: &Pool| {
        let mut templates = 0..program.templates.len();
        templates.any(|id| asked(program, id, *pool) > 0)
    };
    series.chain(shared).filter(is_asked).collect()
}

/// How many units or slots of a pool the operations of a task program ask for, all together; units that
/// are the slots of a series are slots.
fn asked(program: &Program, template: TemplateId, pool: Pool) -> u64 {
    let of = |op: Op| match (op, pool) {
        (Op::Kmap { series, .. } | Op::TryKmap { series, .. }, Pool::Series(of)) => {
            u64::from(series == of)
        }
        (Op::Down { pool, n } | Op::DownTrylock { pool, n }, of) => {
            let is_it = match of {
                Pool::Shared(i) => pool == Ref::Shared(i),
                Pool::Series(series) => program.resource(template, pool).follows == Some(series),
            };
            if is_it { n.into() } else { 0 }
        }
        _ => 0,
    };
    let nodes = program.templates[template].nodes.iter();
    nodes.map(|node| of(node.op)).sum()
}

/// How many slots or units there are; `None`: any number, or as many as of something else.
fn size(program: &Program, pool: Pool) -> Option<u32> {
    match pool {
        Pool::Series(series) => match program.series[series].slots {
            Bound::Exactly(slots) => Some(slots),
            Bound::Any => None,
        },
        Pool::Shared(i) => {
            let resource = &program.resources[i];
            // A semaphore of one unit is a lock.
            let units = resource.kind.units().filter(|&units| units > 1)?;
            resource.follows.is_none().then_some(units)
        }
    }
}

fn name(program: &Program, pool: Pool) -> String {
    match pool {
        Pool::Series(series) => program.series[series].name.clone(),
        Pool::Shared(i) => program.resources[i].name.clone(),
    }
}

/// The program with that many slots or units.
fn with_size(program: &Program, pool: Pool, n: u32) -> Program {
    let mut changed = program.clone();
    match pool {
        Pool::Series(series) => changed.set_slots(series, Bound::Exactly(n)),
        Pool::Shared(i) => changed.resources[i].kind.set_units(n),
    }
    changed
}

/// A larger pool: a number that is enough, found by bisection between what there is and as many as all
/// operations of all tasks could ask for.
fn more(
    program: &Program,
    pool: Pool,
    is_clean: &mut dyn FnMut(&Program) -> bool,
) -> Option<(Change, Program)> {
    /// No file has more.
    const LARGEST: u64 = 1_000_000;
    let has = size(program, pool)?;
    let mut all: u64 = 0;
    for (id, template) in program.templates.iter().enumerate() {
        let Bound::Exactly(count) = template.count else {
            // However many there are, more tasks use them up.
            return None;
        };
        all += asked(program, id, pool) * u64::from(count);
    }
    let mut clean = |n: u32| is_clean(&with_size(program, pool, n));
    let mut enough = u32::try_from(all.min(LARGEST)).expect("it is at most a million");
    if enough <= has || !clean(enough) {
        return None;
    }
    let mut too_few = has;
    while too_few + 1 < enough {
        let middle = too_few + (enough - too_few) / 2;
        match clean(middle) {
            true => enough = middle,
            false => too_few = middle,
        }
    }
    let change = Change::More {
        pool: name(program, pool),
        has,
        enough,
    };
    Some((change, with_size(program, pool, enough)))
}

/// A gate before everything that tasks do who ask for the pool: as wide as a pool of which each takes two,
/// three or four may have.
fn gate(
    program: &Program,
    pool: Pool,
    is_clean: &mut dyn FnMut(&Program) -> bool,
) -> Option<(Change, Program)> {
    let fewer = size(program, pool)?.checked_sub(1)?;
    let widths = (1..=3).map(|more| fewer / more).filter(|&units| units > 0);
    widths
        .filter_map(|units| gate_of(program, pool, units))
        .find(|(_, changed)| is_clean(changed))
}

fn gate_of(program: &Program, pool: Pool, units: u32) -> Option<(Change, Program)> {
    let asking: Vec<TemplateId> = (0..program.templates.len())
        .filter(|&id| asked(program, id, pool) > 0)
        .collect();
    // Who goes round for ever would keep it for ever.
    if asking.iter().any(|&id| program.templates[id].has_loops()) {
        return None;
    }
    let mut changed = program.clone();
    let gate = Ref::Shared(changed.resources.len());
    changed.resources.push(Resource {
        name: "gate".to_owned(),
        kind: ResourceKind::Semaphore {
            units,
            owned: true,
            available: None,
            fair: false,
        },
        follows: None,
        rank: None,
    });
    for &id in &asking {
        let template = &mut changed.templates[id];
        let Some(entry) = template.entry.node else {
            continue;
        };
        let origin = template.nodes[entry].origin;
        let (down, up) = (template.nodes.len(), template.nodes.len() + 1);
        for node in &mut template.nodes {
            for target in node.next.iter_mut().filter(|target| target.node.is_none()) {
                target.node = Some(up);
            }
        }
        let to = |node: Option<NodeId>| vec![Target { node, round: false }];
        template.nodes.push(plain(
            Op::Down { pool: gate, n: 1 },
            to(Some(entry)),
            origin,
        ));
        template
            .nodes
            .push(plain(Op::Up { pool: gate, n: 1 }, to(None), origin));
        template.entry.node = Some(down);
    }
    let tasks = asking.iter().map(|&id| program.templates[id].name.clone());
    let change = Change::Gate {
        pool: name(program, pool),
        units,
        tasks: tasks.collect(),
    };
    Some((change, changed))
}

fn plain(op: Op, next: Vec<Target>, origin: OriginId) -> Node {
    Node {
        op,
        next,
        patience: Patience::Endless,
        origin,
    }
}

/// The nodes that a task goes through in any case, from its start on.
fn straight(program: &Program, template: TemplateId) -> Vec<NodeId> {
    let template = &program.templates[template];
    let mut way: Vec<NodeId> = Vec::new();
    let mut at = template.entry.node;
    while let Some(node) = at.filter(|node| !way.contains(node)) {
        way.push(node);
        at = match template.nodes[node].next.as_slice() {
            // What a branch of a select begins with has to stay.
            [target] if template.nodes[node].op != Op::Select => target.node,
            _ => None,
        };
    }
    way
}

/// All units that a task takes one by one, taken by its first request.
fn at_once(program: &Program, template: TemplateId, pool: Pool) -> Option<(Change, Program)> {
    let Pool::Shared(i) = pool else { return None };
    // Elements of a mempool are allocated one by one.
    let ResourceKind::Semaphore { units: most, .. } = program.resources[i].kind else {
        return None;
    };
    let nodes = &program.templates[template].nodes;
    let (mut requests, mut units) = (Vec::new(), 0);
    for node in straight(program, template) {
        match nodes[node].op {
            Op::Down { pool: of, n } if of == Ref::Shared(i) => {
                requests.push(node);
                units += n;
            }
            Op::Up { pool: of, .. } if of == Ref::Shared(i) => break,
            _ => {}
        }
    }
    let (&first, others) = requests.split_first()?;
    let is_elsewhere = |node: &NodeId| is_elsewhere(program, template, *node);
    if others.is_empty() || units > most || requests.iter().any(is_elsewhere) {
        return None;
    }
    let mut changed = program.clone();
    let nodes = &mut changed.templates[template].nodes;
    nodes[first].op = Op::Down {
        pool: Ref::Shared(i),
        n: units,
    };
    for &other in others {
        nodes[other].op = Op::MightSleep;
        nodes[other].patience = Patience::Endless;
    }
    let change = Change::AtOnce {
        task: program.templates[template].name.clone(),
        pool: name(program, pool),
        units,
        request: operation(program, template, first),
    };
    Some((change, changed))
}

/// The program with two requests of a task the other way round, for each two that follow each other.
fn swapped(program: &Program, template: TemplateId) -> Vec<(Change, Program)> {
    let nodes = &program.templates[template].nodes;
    let is_request = |op: Op| {
        matches!(
            op,
            Op::Kmap { .. }
                | Op::SpinLock { .. }
                | Op::Down { .. }
                | Op::DownRead { .. }
                | Op::DownWrite { .. }
                | Op::LockPage { .. }
        )
    };
    let way = straight(program, template);
    let pairs = way.windows(2).map(|pair| (pair[0], pair[1]));
    let both = pairs.filter(|&(a, b)| is_request(nodes[a].op) && is_request(nodes[b].op));
    let is_here_only = |node| !is_elsewhere(program, template, node);
    both.filter(|&(a, b)| nodes[a].op != nodes[b].op && is_here_only(a) && is_here_only(b))
        .map(|(a, b)| {
            let mut changed = program.clone();
            let nodes = &mut changed.templates[template].nodes;
            let (first, second) = (nodes[a].clone(), nodes[b].clone());
            (nodes[a].op, nodes[a].patience, nodes[a].origin) =
                (second.op, second.patience, second.origin);
            (nodes[b].op, nodes[b].patience, nodes[b].origin) =
                (first.op, first.patience, first.origin);
            let change = Change::Order {
                task: program.templates[template].name.clone(),
                first: operation(program, template, b),
                then: operation(program, template, a),
            };
            (change, changed)
        })
        .collect()
}

/// Whether a step of a block is in other places too: to change it in one is not to change the file.
fn is_elsewhere(program: &Program, template: TemplateId, node: NodeId) -> bool {
    let origin = program.templates[template].nodes[node].origin;
    let nodes = program.templates.iter().flat_map(|t| &t.nodes);
    program.origins[origin].block.is_some()
        && (nodes.filter(|node| program.is_same_step(node.origin, origin))).count() > 1
}

fn operation(program: &Program, template: TemplateId, node: NodeId) -> Operation {
    Operation::of(program, program.templates[template].nodes[node].origin)
}
