//! Contracts that the files do not state: an entry that gives back what it has not taken is called
//! with that held.
//!
//! The caller takes it before, and gives back what is still held when the entry is done. Which that
//! is depends on the path, so the nodes of the automaton are taken apart by how often each is held. A
//! path is left as it is but for the operations of the caller at both ends.

use std::collections::{BTreeMap, VecDeque};

use kmapcheck_limits::ask;

use crate::read::names::{Name, Names};
use crate::run::label::{Label, Labels};
use crate::run::operation::taking;
use crate::run::step::{Machine, Thing};
use crate::scan::needs::{Needs, taken_by};
use crate::write::automaton::{Automaton, Node};
use crate::write::structure::{Program, program};

impl Machine<'_> {
    /// The program of an entry, with what its caller does; `None`: nothing, as far as is known.
    pub(crate) fn with_caller(
        &mut self,
        of: &Automaton,
        needs: &Needs,
        entry: (usize, usize, usize),
    ) -> Option<Program> {
        let series = self.mapping.series.as_ref();
        let (made, lent) = with_caller(
            of,
            needs,
            &mut self.labels,
            self.names,
            &self.things,
            entry,
            series,
        )?;
        let program = program(&made, &self.labels).ok().flatten()?;
        self.here = entry;
        let at = self.at();
        for name in lent {
            let text = format!(
                "`{name}` is taken by who calls it, since it is given back and was not taken"
            );
            self.assumptions.note("contract", at.clone(), text, None);
        }
        Some(program)
    }
}

/// Nodes that an automaton may come to have; beyond that it stays as it is.
const MOST: usize = 20_000;

/// The automaton with what a caller does, and what that is: names with the operations that take and
/// give them. `None`: there is no such thing, or too much of it.
#[must_use]
fn with_caller(
    of: &Automaton,
    needs: &Needs,
    labels: &mut Labels,
    names: &Names,
    things: &BTreeMap<Name, Thing>,
    entry: (usize, usize, usize),
    series: Option<&String>,
) -> Option<(Automaton, Vec<String>)> {
    let mut lent: Vec<(Name, u32, u32)> = Vec::new();
    for (text, used) in &needs.lent {
        let (Some(name), Some(take)) = (names.known(text), taken_by(&used.op)) else {
            continue;
        };
        // What is allocated on the way is nobody's before.
        if matches!(things.get(&name), None | Some(Thing::Allocated)) {
            continue;
        }
        let Some((give, _)) = taking(take) else {
            continue;
        };
        let with = match take {
            "kmap" => Some(("series", series?.clone())),
            _ => None,
        };
        let mut label = |op, with| labels.number(Label::by_caller(op, name, with, entry));
        lent.push((name, label(take, with), label(give, None)));
    }
    if lent.is_empty() {
        return None;
    }
    let mut made = Automaton::default();
    for (number, (_, take, _)) in lent.iter().enumerate() {
        made.nodes.push(Node {
            edges: BTreeMap::from([(*take, number + 1)]),
            ends: false,
        });
    }
    let mut places: BTreeMap<(usize, Vec<u32>), usize> = BTreeMap::new();
    let mut todo = VecDeque::from([(0, vec![1; lent.len()])]);
    places.insert((0, vec![1; lent.len()]), made.nodes.len());
    made.nodes.push(Node::default());
    // Nodes at which so much is still to be given back.
    let mut leaving: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
    while let Some((node, held)) = todo.pop_front() {
        ask();
        let here = places[&(node, held.clone())];
        for (&number, &next) in &of.nodes[node].edges {
            let label = labels.label(number);
            let mut after = held.clone();
            if let Some(place) = lent.iter().position(|one| Some(one.0) == label.of) {
                if taking(label.op).is_some() && label.taken != Some(false) {
                    after[place] += 1;
                } else if taken_by(label.op).is_some() {
                    // What is given back twice is wrong, and the check says so.
                    after[place] = after[place].saturating_sub(1);
                }
            }
            let to = *places.entry((next, after.clone())).or_insert_with(|| {
                made.nodes.push(Node::default());
                todo.push_back((next, after));
                made.nodes.len() - 1
            });
            made.nodes[here].edges.insert(number, to);
        }
        if of.nodes[node].ends {
            leave(&mut made, here, held, &lent, &mut leaving);
        }
        if made.nodes.len() > MOST {
            return None;
        }
    }
    let list = lent.iter().map(|one| names.text(one.0).to_owned());
    Some((made, list.collect()))
}

/// Lets a path end at a node, after what is still held was given back.
fn leave(
    made: &mut Automaton,
    here: usize,
    held: Vec<u32>,
    lent: &[(Name, u32, u32)],
    leaving: &mut BTreeMap<Vec<u32>, usize>,
) {
    let (mut at, mut held) = (here, held);
    while let Some(place) = held.iter().rposition(|count| *count > 0) {
        held[place] -= 1;
        let known = leaving.get(&held).copied();
        let next = known.unwrap_or_else(|| {
            made.nodes.push(Node::default());
            made.nodes.len() - 1
        });
        leaving.insert(held.clone(), next);
        made.nodes[at].edges.insert(lent[place].2, next);
        at = next;
        if known.is_some() {
            return;
        }
    }
    made.nodes[at].ends = true;
}
