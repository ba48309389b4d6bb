//! Why no tasks can be stuck on a cycle, or how they could.
//!
//! A refutation of the inequalities uses some of them; those by themselves have no solution. Each
//! says something in words ([`Fact`]), so together they are the reason: *these cannot all be so*.

use std::collections::BTreeSet;

use kmapcheck_equations::{Amount, Case, Equations, Excluded, Fact, Graph, Kind, Possible, Sets};
use kmapcheck_limits::ask;
use kmapcheck_linear::Node;
use kmapcheck_local::Holding;
use kmapcheck_machine::{Given, Mode, Wanted};
use kmapcheck_prove::words::{label, label_of_held};
use kmapcheck_report::words::{article, count, list};
use kmapcheck_report::{lock_of_page, resource, units};
use kmapcheck_scenario::{Bound, Program, Ref, ResourceKind};

use super::{Cycle, Judged, thing};

/// All that is asked for in circles, judged. Sets of things that go by the same names are one.
pub(super) fn cycles(program: &Program, graph: &Graph, sets: &Sets) -> Vec<Cycle> {
    let mut found: Vec<Cycle> = Vec::new();
    let judged = (sets.excluded.iter())
        .map(|excluded| {
            let why = reasons(program, graph, excluded);
            (&excluded.equations, Judged::Excluded, why)
        })
        .chain(sets.possible.iter().filter_map(|possible| {
            let how = core(program, graph, possible);
            Some((possible.equations.as_ref()?, Judged::Open, how))
        }));
    for (equations, judged, why) in judged {
        ask();
        let nodes: Vec<usize> = (equations.awaited.iter())
            .filter_map(|need| graph.needs.binary_search(need).ok())
            .collect();
        let cycle = cycle(program, graph, &nodes, judged, why);
        let set = |cycle: &Cycle| cycle.through.iter().cloned().collect::<BTreeSet<_>>();
        match found.iter_mut().find(|known| set(known) == set(&cycle)) {
            None => found.push(cycle),
            Some(known) if judged == Judged::Open && known.judged != Judged::Open => {
                *known = cycle;
            }
            // Further cases, each excluded for a reason of its own.
            Some(known) if judged == known.judged && judged == Judged::Excluded => {
                for reason in cycle.why {
                    if !known.why.contains(&reason) {
                        known.why.push(reason);
                    }
                }
            }
            Some(_) => {}
        }
    }
    found.sort_by_key(|cycle| cycle.through.len());
    found
}

/// The things at the nodes, one after the other round a circle if there is one through all.
pub(super) fn cycle(
    program: &Program,
    graph: &Graph,
    nodes: &[usize],
    judged: Judged,
    why: Vec<String>,
) -> Cycle {
    let circle = nodes.first().and_then(|&first| {
        let mut walk = vec![first];
        round(graph, nodes, &mut walk).then_some(walk)
    });
    let one_circle = circle.is_some();
    let mut through: Vec<String> = (circle.unwrap_or_else(|| nodes.to_vec()).iter())
        .map(|&node| thing(program, graph.needs[node]))
        .collect();
    through.dedup();
    // Round a circle the last stands beside the first.
    if through.len() > 1 && through.first() == through.last() {
        through.pop();
    }
    Cycle {
        through,
        one_circle,
        judged,
        why,
    }
}

/// Extends a walk to a circle through all nodes, if there is one. There are few nodes.
fn round(graph: &Graph, nodes: &[usize], walk: &mut Vec<usize>) -> bool {
    let (Some(&first), Some(&last)) = (walk.first(), walk.last()) else {
        return false;
    };
    if walk.len() == nodes.len() {
        return graph.edges.contains(&(last, first));
    }
    for &next in nodes {
        ask();
        if graph.edges.contains(&(last, next)) && !walk.contains(&next) {
            walk.push(next);
            if round(graph, nodes, walk) {
                return true;
            }
            walk.pop();
        }
    }
    false
}

/// How tasks could be stuck: those of the smallest core.
fn core(program: &Program, graph: &Graph, possible: &Possible) -> Vec<String> {
    let mut said: Vec<String> = (possible.core.tasks.iter())
        .map(|&(kind, n)| {
            let kind = &graph.kinds[kind];
            let name = &program.templates[kind.template].name;
            let each = if n > 1 { "each holding" } else { "holding" };
            let held = match holdings(program, kind).as_slice() {
                [] => "nothing".to_owned(),
                held => list(held),
            };
            let need = needed(program, kind.need);
            format!("{n} of {name}, {each} {held} and asking for {need}")
        })
        .collect();
    for &(series, n) in &possible.core.slots {
        let series = &program.series[series];
        said.push(format!(
            "with {} in {}",
            count(n, series.one()),
            series.name
        ));
    }
    said
}

fn holdings(program: &Program, kind: &Kind) -> Vec<String> {
    (kind.holdings.iter())
        .map(|&(held, n)| {
            if let Holding::Held(pool @ Ref::Shared(_), Mode::Units) = held {
                return units(program, kind.template, pool, n);
            }
            let label = label_of_held(program, kind.template, held);
            match n {
                1 => held_one(label, held),
                n => format!("{label} x{n}"),
            }
        })
        .collect()
}

/// Something that is needed, with its article: locks go by name, slots are some of many.
fn needed(program: &Program, need: Wanted) -> String {
    let label = label(program, need);
    match need {
        Wanted::Slot { .. }
        | Wanted::Cpu
        | Wanted::Given(Given::Unowned(_) | Given::Memory | Given::Turn) => article(&label),
        Wanted::PageLock(_) => format!("the {label}"),
        Wanted::Spin(_)
        | Wanted::Units(..)
        | Wanted::Read(_)
        | Wanted::Write(_)
        | Wanted::Given(Given::Completion(_) | Given::Own | Given::AnyOf) => label,
    }
}

/// Something held, with its article.
fn held_one(label: String, held: Holding) -> String {
    match held {
        Holding::Held(..) => label,
        Holding::PageLock(_) => format!("the {label}"),
        Holding::Slots(_) | Holding::JointSlots(_) | Holding::Queued(_) | Holding::Cpu => {
            article(&label)
        }
    }
}

/// What cannot all be so, if tasks were stuck.
fn reasons(program: &Program, graph: &Graph, excluded: &Excluded) -> Vec<String> {
    let equations = &excluded.equations;
    let mut used: BTreeSet<usize> = BTreeSet::new();
    for node in &excluded.refutation.nodes {
        if let Node::Leaf { weights } | Node::Cut { weights, .. } = node {
            used.extend(weights.iter().map(|&(i, _)| i));
        }
    }
    // Positions from there on are what the refutation has derived from those before.
    used.retain(|&i| i < equations.facts.len());
    let case = case(program, &equations.case);
    let mut said: Vec<String> = (used.into_iter())
        .map(|i| sentence(program, graph, equations, i))
        .collect();
    if !case.is_empty() {
        let case = list(&case);
        said = said
            .into_iter()
            .map(|said| format!("{case}: {said}"))
            .collect();
    }
    said
}

/// What the case is, in words.
fn case(program: &Program, case: &Case) -> Vec<String> {
    let locks = case.nobody_holds.iter().map(|&(lock, mode)| {
        let mode = if mode == Mode::Read { "read" } else { "write" };
        format!("if nobody holds {} to {mode}", shared(program, lock))
    });
    let series = case.keeps_all.iter().map(|&(series, all)| {
        let declared = &program.series[series];
        let kept = count(u64::from(declared.for_holders), declared.one());
        if all {
            format!(
                "if {} has no more than {kept}, so that nobody gets one",
                declared.name
            )
        } else {
            format!("if {} has more than {kept}", declared.name)
        }
    });
    locks.chain(series).collect()
}

fn shared(program: &Program, i: usize) -> String {
    resource(program, 0, Ref::Shared(i))
}

/// What one inequality says.
fn sentence(program: &Program, graph: &Graph, equations: &Equations, i: usize) -> String {
    let who = Who {
        program,
        graph,
        equations,
        i,
    };
    match equations.facts[i] {
        Fact::SomeSlots(series) => {
            let (name, one) = (&program.series[series].name, program.series[series].one());
            match program.least_slots(series) {
                1 => format!("{name} has a {one}"),
                n => format!("{name} has {n} {one}s at least"),
            }
        }
        Fact::KeepsAll(series) | Fact::HasOthers(series) => {
            let series = &program.series[series];
            format!("{} keeps {} for holders", series.name, series.for_holders)
        }
        Fact::Waits(need) => {
            let need = needed(program, need);
            format!("one of them asks for {need}: {}", who.names("nobody does"))
        }
        Fact::Missing(need) => missing(program, need, &who),
        Fact::MissingBeside(need) => format!(
            "{}, not counting {} that shared pages lie in",
            missing(program, need, &who),
            count(program.pages.len() as u64, one_of(program, need))
        ),
        Fact::Slots(series) => {
            let (slots, name) = (slots(program, series), &program.series[series].name);
            format!(
                "{name} has {slots}, and {}",
                who.hold("none of them holds any")
            )
        }
        Fact::Holders(series) => {
            let series = &program.series[series];
            let (kept, name, one) = (series.for_holders, &series.name, series.one());
            let names = who.names("nobody");
            let kept = match series.slots {
                Bound::Exactly(slots) if slots <= kept => format!("all {one}s of {name}"),
                _ => format!("the last {kept} of {name}"),
            };
            format!("{kept} are for holders, and {names} must have got in before")
        }
        Fact::Resource(lock) => {
            let name = shared(program, lock);
            match program.resources[lock].kind {
                ResourceKind::Semaphore { units, .. } | ResourceKind::Mempool { units, .. }
                    if units > 1 || program.resources[lock].follows.is_some() =>
                {
                    let units = match program.resources[lock].follows {
                        Some(series) if program.series[series].of_units => slots(program, series),
                        Some(series) => format!("as many units as {}", program.series[series].name),
                        None => count(u64::from(units), "unit"),
                    };
                    format!(
                        "{name} has {units}, and {}",
                        who.hold("none of them holds any")
                    )
                }
                ResourceKind::Rwsem { .. } => {
                    format!(
                        "one task at a time holds {name} to write: {}",
                        who.names("nobody")
                    )
                }
                _ => format!("one task at a time holds {name}: {}", who.names("nobody")),
            }
        }
        Fact::Page(page) => {
            let page = &program.pages[page].name;
            format!(
                "one task at a time holds the {}: {}",
                lock_of_page(page),
                who.names("nobody")
            )
        }
        Fact::Cpus => {
            // Only said of programs with CPUs.
            let cpus = program.cpus.map_or(0, |cpus| cpus.count);
            format!("there is no more than {}", count(u64::from(cpus), "CPU"))
        }
        Fact::Instances(template) => {
            let template = &program.templates[template];
            match template.count {
                Bound::Exactly(n) => {
                    format!("{} has {}", template.name, count(u64::from(n), "instance"))
                }
                Bound::Any => format!("{} has any number of instances", template.name),
            }
        }
    }
}

/// What must be held for something to be missing.
fn missing(program: &Program, need: Wanted, who: &Who<'_>) -> String {
    match (need, Amount::missing(program, need)) {
        (Wanted::Slot { series, .. }, Some(amount)) => {
            let (name, one) = (&program.series[series].name, program.series[series].one());
            let slots = match amount {
                Amount {
                    slots_of: Some(_),
                    plus: 0,
                } => format!("all {one}s of {name}"),
                Amount {
                    slots_of: Some(_),
                    plus,
                } => format!("all but {} of {name}", count(plus.unsigned_abs(), one)),
                Amount { plus, .. } => {
                    // More may be kept for holders than there are: then none need be held.
                    let n = plus.max(0).unsigned_abs();
                    format!("{} of {name}", count(n, one))
                }
            };
            format!("they hold {slots}: {}", who.hold("none of them holds any"))
        }
        (Wanted::Units(..), Some(_)) => {
            let hold = who.hold("none of them holds any");
            format!(
                "they hold so much that {} are not left: {hold}",
                label(program, need)
            )
        }
        (_, Some(_)) => {
            let names = who.names("none of them");
            format!(
                "one of them holds what {} waits for: {names}",
                label(program, need)
            )
        }
        (_, None) => format!("{} does not come", label(program, need)),
    }
}

/// What one of that is called, of a series.
fn one_of(program: &Program, need: Wanted) -> &'static str {
    match need {
        Wanted::Slot { series, .. } => program.series[series].one(),
        _ => "slot",
    }
}

/// `2 slots`
fn slots(program: &Program, series: usize) -> String {
    let series = &program.series[series];
    match series.slots {
        Bound::Exactly(n) => count(u64::from(n), series.one()),
        Bound::Any => format!("some number of {}s", series.one()),
    }
}

/// The tasks that an inequality is about.
struct Who<'a> {
    program: &'a Program,
    graph: &'a Graph,
    equations: &'a Equations,
    i: usize,
}

impl Who<'_> {
    /// Task programs with their factors, each once.
    fn factors(&self) -> Vec<(&str, i64)> {
        let constraint = &self.equations.problem.constraints[self.i];
        let mut found: Vec<(&str, i64)> = Vec::new();
        for &(variable, factor) in &constraint.terms {
            if let Some(&kind) = self.equations.kinds.get(variable) {
                let template = self.graph.kinds[kind].template;
                let entry = (self.program.templates[template].name.as_str(), factor);
                if !found.contains(&entry) {
                    found.push(entry);
                }
            }
        }
        found
    }

    /// `read and fault`, or else `none`.
    fn names(&self, none: &str) -> String {
        let mut names: Vec<&str> = self.factors().into_iter().map(|(name, _)| name).collect();
        names.dedup();
        match names.as_slice() {
            [] => none.to_owned(),
            names => list(names),
        }
    }

    /// `each read holds 1, each fault 2 or 3`, or else `none`.
    fn hold(&self, none: &str) -> String {
        let mut by_name: Vec<(&str, Vec<String>)> = Vec::new();
        for (name, n) in self.factors() {
            match by_name.iter_mut().find(|(known, _)| *known == name) {
                Some((_, numbers)) => numbers.push(n.to_string()),
                None => by_name.push((name, vec![n.to_string()])),
            }
        }
        let said: Vec<String> = (by_name.iter().enumerate())
            .map(|(i, (name, numbers))| {
                let verb = if i == 0 { " holds" } else { "" };
                format!("each {name}{verb} {}", numbers.join(" or "))
            })
            .collect();
        match said.as_slice() {
            [] => none.to_owned(),
            said => list(said),
        }
    }
}
