//! How many steps it takes, at most, until a task has let go, or rests: found anew, and compared.
//!
//! A local state has rank 0 if the task is where the argument wants it. It has one more than the
//! greatest rank to which it must come: whatever others have flushed, and in whatever situation it can
//! move, there is a step to a lower rank. In a select, and in an allocation from a bounded number of
//! free pages, others may leave it any one way only: there every step has to lead to one.
//!
//! The ranks of a certificate are these numbers and no others. That is seen from each local state and
//! those that follow it: nothing is searched for.

use std::collections::BTreeSet;

use kmapcheck_limits::ask;
use kmapcheck_scenario::{NodeId, Op, Patience, Program, Ref, Template, TemplateId};

use crate::closed::{Account, Closed};
use crate::counted::{Counted, can_still_give};

/// Whether the ranks are those of tasks that come to hold nothing.
///
/// # Errors
///
/// A sentence, if they are not.
pub(crate) fn everybody_drains(
    program: &Program,
    closed: &Closed,
    ranks: &[u32],
) -> Result<(), String> {
    are_ranks(program, closed, ranks, &drained(program, closed))
}

/// Whether the ranks are those of tasks that come to their ends, or to rest.
///
/// # Errors
///
/// A sentence, if they are not, or if rest is no end of it.
pub(crate) fn everybody_rests(
    program: &Program,
    closed: &Closed,
    ranks: &[u32],
) -> Result<(), String> {
    at_rest(program, closed, WHERE_IDLE)
        .and_then(|there| are_ranks(program, closed, ranks, &there))
        .or_else(|_| {
            let there = at_rest(program, closed, IN_LOOPS)?;
            are_ranks(program, closed, ranks, &there)
        })
}

/// The ranks of tasks that come to hold nothing; `None` if they do not all.
#[must_use]
pub fn ranks_to_drain(program: &Program, closed: &Closed) -> Option<Vec<u32>> {
    ranks(program, closed, &drained(program, closed))
}

/// The ranks of tasks that come to their ends, or to rest; `None` if they do not all.
#[must_use]
pub fn ranks_to_rest(program: &Program, closed: &Closed) -> Option<Vec<u32>> {
    [WHERE_IDLE, IN_LOOPS].into_iter().find_map(|rests_at| {
        let there = at_rest(program, closed, rests_at).ok()?;
        ranks(program, closed, &there)
    })
}

/// Whether a wait that ends is answered by somebody who holds what is missing, or by nobody: nothing is
/// given by anybody, no page is mapped by another, and no CPU is waited for.
pub(crate) fn is_missing_only_if_held(program: &Program) -> bool {
    let is_private = |op: Op| match op {
        Op::Kmap { page, .. } | Op::TryKmap { page, .. } => matches!(page, Ref::Own(_)),
        Op::AllocPage { .. } => program.free_pages.is_none(),
        op => what_anybody_gives(program, op).is_none(),
    };
    let nodes = program
        .templates
        .iter()
        .flat_map(|template| &template.nodes);
    program.cpus.is_none() && nodes.map(|node| node.op).all(is_private)
}

/// Which tasks have let go of everything.
fn drained(program: &Program, closed: &Closed) -> Vec<bool> {
    (closed.states.iter())
        .map(|local| local.task.at.is_none() || local.holds(program).is_empty())
        .collect()
}

/// Which nodes of a task program may be waits at which tasks rest.
type RestsAt = fn(&Template, NodeId) -> bool;

const WHERE_IDLE: RestsAt = |template, node| template.nodes[node].patience == Patience::Idle;

/// Waits in loops; not those that a time-out ends, which then take nothing.
const IN_LOOPS: RestsAt = |template, node| {
    let after = |node: NodeId| template.nodes[node].next.iter().filter_map(|to| to.node);
    let mut ahead: Vec<NodeId> = after(node).collect();
    let mut seen = BTreeSet::new();
    while let Some(at) = ahead.pop() {
        ask();
        if seen.insert(at) {
            ahead.extend(after(at));
        }
    }
    template.nodes[node].patience != Patience::GivesUp && seen.contains(&node)
};

/// Which tasks have ended or wait there for what anybody may give.
///
/// From there on nobody may give what is waited for there: each wait that ends leaves less of it.
fn at_rest(program: &Program, closed: &Closed, rests_at: RestsAt) -> Result<Vec<bool>, String> {
    let mut waits: BTreeSet<(TemplateId, NodeId)> = BTreeSet::new();
    let mut taken: BTreeSet<Counted> = BTreeSet::new();
    for (id, template) in program.templates.iter().enumerate() {
        for node in 0..template.nodes.len() {
            let calls = || template.calls(node).map(|call| template.nodes[call].op);
            // Where there are always free pages nobody waits for one.
            let always = program.free_pages.is_none()
                && calls().any(|op| matches!(op, Op::AllocPage { .. }));
            let what: Option<Vec<Counted>> =
                calls().map(|op| what_anybody_gives(program, op)).collect();
            if let Some(what) = what
                && !always
                && rests_at(template, node)
            {
                waits.insert((id, node));
                taken.extend(what);
            }
        }
    }
    let taken: Vec<Counted> = taken.into_iter().collect();
    let gives = can_still_give(program, &taken);
    if waits.iter().any(|&(id, node)| gives[id][node]) {
        return Err("who has rested may give what is waited for at rest".into());
    }
    let rests = |local: &crate::local::Local| {
        let point = local.task.at.map(|at| (local.task.template, at));
        point.is_none_or(|point| waits.contains(&point))
    };
    Ok(closed.states.iter().map(rests).collect())
}

/// What an operation that waits takes, if anybody may give that.
fn what_anybody_gives(program: &Program, op: Op) -> Option<Counted> {
    use kmapcheck_scenario::Ref::Shared;
    match op {
        Op::WaitForCompletion {
            completion: Shared(i),
        } => Some(Counted::Resource(i)),
        Op::Down {
            pool: Shared(i), ..
        } if !program.resources[i].kind.is_owned() => Some(Counted::Resource(i)),
        Op::AllocPage { .. } => Some(Counted::Memory),
        _ => None,
    }
}

fn are_ranks(
    program: &Program,
    closed: &Closed,
    ranks: &[u32],
    there: &[bool],
) -> Result<(), String> {
    if program.has_queues() {
        return Err("who waits in a queue may be put off for ever".into());
    }
    if ranks.len() != closed.states.len() {
        return Err("not every local state has a rank".into());
    }
    let known: Vec<Option<u32>> = ranks.iter().map(|&rank| Some(rank)).collect();
    let find = Ranking { program, closed };
    for (place, &rank) in ranks.iter().enumerate() {
        ask();
        let right = match there[place] {
            true => Some(0),
            false => find.rank(place, &known),
        };
        if right != Some(rank) {
            let task = &program.templates[closed.states[place].task.template].name;
            return Err(format!(
                "{task} does not come nearer to letting go in some local state"
            ));
        }
    }
    Ok(())
}

/// Ranks, the lowest first.
fn ranks(program: &Program, closed: &Closed, there: &[bool]) -> Option<Vec<u32>> {
    if program.has_queues() {
        return None;
    }
    let mut known: Vec<Option<u32>> = there.iter().map(|&there| there.then_some(0)).collect();
    let find = Ranking { program, closed };
    for round in 1.. {
        let mut new = Vec::new();
        for place in 0..known.len() {
            ask();
            if known[place].is_none() && find.rank(place, &known).is_some() {
                new.push(place);
            }
        }
        if new.is_empty() {
            break;
        }
        for place in new {
            known[place] = Some(round);
        }
    }
    known.into_iter().collect()
}

struct Ranking<'a> {
    program: &'a Program,
    closed: &'a Closed,
}

impl Ranking<'_> {
    /// One more than the greatest rank that a task there must come to; `None`: there is none that it
    /// can be sure of.
    fn rank(&self, place: usize, known: &[Option<u32>]) -> Option<u32> {
        let mut most = 0;
        for place in self.whatever_is_flushed(place) {
            let account: &Account = &self.closed.accounts[place];
            for moves in account.situations.iter().filter(|moves| !moves.is_empty()) {
                let mut ranks = moves.iter().map(|&(to, _)| known[to]);
                let rank = if self.others_choose(place) {
                    ranks.try_fold(0, |most, rank| Some(rank?.max(most)))?
                } else {
                    ranks.flatten().min()?
                };
                most = most.max(rank);
            }
        }
        most.checked_add(1)
    }

    /// The local state, and what flushes can make of it.
    fn whatever_is_flushed(&self, place: usize) -> Vec<usize> {
        let mut found = vec![place];
        let mut next = 0;
        while let Some(&place) = found.get(next) {
            for &to in &self.closed.accounts[place].flushed {
                if !found.contains(&to) {
                    found.push(to);
                }
            }
            next += 1;
        }
        found
    }

    /// Whether others may leave the task any one of its ways only.
    fn others_choose(&self, place: usize) -> bool {
        match self.closed.states[place].op(self.program) {
            Some(Op::Select) => true,
            Some(Op::AllocPage { .. } | Op::TryAllocPage { .. }) => {
                self.program.free_pages.is_some()
            }
            _ => false,
        }
    }
}
