//! Every path of an entry, as a graph of states.
//!
//! A node is a state; its edges are the operations from there to the next, or none. States that are
//! equal ([`canonical`](mod@crate::run::canonical)) are one node, so a loop whose rounds come to the
//! same state is a circle, and all its rounds are in the graph. Only a loop whose every undecided
//! round comes to a new state is cut.
//!
//! **What a cut leaves out.** Each visit of a node has, for every loop that is open, the number of
//! its undecided rounds. A node is visited again unless an earlier visit had no more rounds of any
//! loop, for then whatever the later visit could reach is reached. So every path with at most
//! `unroll` undecided rounds of each loop is in the graph, and a cut is noted only where there is a
//! path with more.
//!
//! **What it takes.** `max_paths` says how many states there may be. How large they are and how often
//! each is visited is bounded along with it (`WEIGHT`, `VISITS`): a state may be large, and one in
//! which several loops are open may be visited with very many numbers of rounds, none of which has less
//! of all.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::rc::Rc;

use kmapcheck_limits::ask;
use rustc_hash::FxHashMap;

use crate::map::Operation;
use crate::read::names::Name;
use crate::refusal::{Kind, Refusal};
use crate::run::canonical::canonical;
use crate::run::coarse::forget;
use crate::run::label::Label;
use crate::run::lost::Spot;
use crate::run::operation::Object;
use crate::run::rounds::Rounds;
use crate::run::section::given_back;
use crate::run::state::{Frame, Hold, State};
use crate::run::step::{Machine, Scope, Step, Thing};
use crate::run::value::{Key, Linear};

/// A node of the graph.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// Where it goes on: by which operation, if by one.
    pub edges: BTreeSet<(Option<u32>, usize)>,
    /// Whether the entry may return here.
    pub ends: bool,
    /// The operation that is done here, if one is.
    pub operation: Option<Spot>,
    /// What is held here: the operation that gives it back, and its name, in order.
    pub held: Vec<(&'static str, Name)>,
}

/// The graph of an entry. Node 0 is where it starts.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    /// What the entry's caller does before.
    pub before: Vec<u32>,
    /// The nodes.
    pub nodes: Vec<Node>,
}

/// A state as long as it is to be visited, and the rounds of earlier visits.
#[derive(Default)]
struct Visits {
    state: Rc<State>,
    rounds: Vec<Vec<Rounds>>,
}

/// A state that a node leads to: the node, the operation, and the rounds so far.
type Found = (Option<usize>, Option<u32>, State, Vec<Rounds>);

/// Visits of states for each state that there may be.
const VISITS: usize = 16;

/// Values and facts for each state that there may be.
const WEIGHT: usize = 150;

/// Instructions between two nodes; a function cannot have more in a row without a branch.
const MOST_STEPS: usize = 1_000_000;

impl Machine<'_> {
    /// All paths of a function.
    ///
    /// # Errors
    ///
    /// What cannot be read or expressed; more states than there may be.
    pub fn explore(&mut self, function: usize) -> Result<Paths, Refusal> {
        self.graph(function, false)
    }

    /// The same with the rounds of loops told apart, so that there are no circles.
    ///
    /// # Errors
    ///
    /// As [`Machine::explore`].
    pub fn explore_unrolled(&mut self, function: usize) -> Result<Paths, Refusal> {
        self.graph(function, true)
    }

    fn graph(&mut self, function: usize, unrolled: bool) -> Result<Paths, Refusal> {
        self.spare.clear();
        self.widened.clear();
        self.cuts.clear();
        self.left.clear();
        let mut paths = Paths::default();
        let mut visits: Vec<Visits> = Vec::new();
        let mut numbers: FxHashMap<(Rc<State>, Vec<Rounds>), usize> = FxHashMap::default();
        let max = self.options.max_paths;
        let mut weight = 0;
        let mut queue: BinaryHeap<Reverse<(u32, usize, usize)>> = BinaryHeap::new();
        let mut start = State::default();
        start.frames.push(Frame {
            function,
            at: 0,
            done: 0,
            result: None,
        });
        paths.before = self.contract(&mut start, function)?;
        let mut found: Vec<Found> = vec![(None, None, start, vec![Rounds::default()])];
        let mut turns: Vec<Vec<Rounds>> = Vec::new();
        loop {
            for (from, label, mut state, rounds) in found.drain(..) {
                ask();
                if self.options.coarse {
                    forget(&mut state);
                }
                let state = canonical(state, self.slice);
                let told_apart = match unrolled {
                    true => rounds.iter().map(Rounds::counts).collect(),
                    false => Vec::new(),
                };
                let key = (Rc::new(state), told_apart);
                let next = match numbers.get(&key) {
                    Some(&number) => number,
                    None => {
                        let number = visits.len();
                        if number >= max {
                            let said = format!("there are more than {max} states");
                            return Err(self.too_many(&visits, said));
                        }
                        weight += key.0.weight();
                        // More than can be counted is no limit.
                        if weight > max.saturating_mul(WEIGHT) {
                            let said = format!(
                                "there are {number} states with more than {WEIGHT} values for each that there may be"
                            );
                            return Err(self.too_many(&visits, said));
                        }
                        paths.nodes.push(Node {
                            held: key.0.held.iter().filter_map(given_back).collect(),
                            ..Node::default()
                        });
                        visits.push(Visits {
                            state: key.0.clone(),
                            rounds: Vec::new(),
                        });
                        numbers.insert(key, number);
                        number
                    }
                };
                if let Some(from) = from {
                    paths.nodes[from].edges.insert((label, next));
                }
                let before = &mut visits[next].rounds;
                if !before.iter().any(|earlier| is_within(earlier, &rounds)) {
                    // As in the state's key: the rest of it decides nothing, and may be long.
                    before.push(rounds.iter().map(Rounds::counts).collect());
                    if turns.len() >= max.saturating_mul(VISITS) {
                        let said = format!(
                            "there are {} states that are visited more than {VISITS} times for each that there may be, with other rounds of loops",
                            visits.len()
                        );
                        return Err(self.too_many(&visits, said));
                    }
                    let total = rounds.iter().map(Rounds::total).sum::<u32>();
                    queue.push(Reverse((total, turns.len(), next)));
                    turns.push(rounds);
                }
            }
            let Some(Reverse((_, turn, node))) = queue.pop() else {
                break;
            };
            if turn % 256 == 0 {
                let name = &self.unit.functions[function].name;
                let states = visits.len();
                (self.options.shown).say(|| format!("following {name}: {states} states"));
            }
            let state = State::clone(&visits[node].state);
            let rounds = std::mem::take(&mut turns[turn]);
            self.visit(node, state, rounds, &mut paths, &mut found)?;
        }
        Ok(paths)
    }

    /// Follows a node to the next ones.
    fn visit(
        &mut self,
        node: usize,
        mut state: State,
        mut rounds: Vec<Rounds>,
        paths: &mut Paths,
        found: &mut Vec<Found>,
    ) -> Result<(), Refusal> {
        self.node = node;
        for of in &mut rounds {
            of.at_node(node);
        }
        for _ in 0..MOST_STEPS {
            if state.frames.is_empty() {
                paths.nodes[node].ends = true;
                return Ok(());
            }
            let spot = state.frames.last().map(|frame| (frame.function, frame.at));
            let spot = spot.filter(|spot| self.slice.operations.contains(spot));
            let step = self.step(&mut state, &mut rounds)?;
            if spot.is_some() {
                paths.nodes[node].operation = spot;
            }
            rounds.resize_with(state.frames.len().max(1), Rounds::default);
            match step {
                Step::On => {}
                Step::Cut => return Ok(()),
                Step::Bound => {
                    let open = state.frames.iter().map(|frame| (frame.function, frame.at));
                    self.cuts.insert(open.collect());
                    return Ok(());
                }
                Step::End => {
                    paths.nodes[node].ends = true;
                    return Ok(());
                }
                Step::Round => {
                    found.push((Some(node), None, state, rounds));
                    return Ok(());
                }
                Step::Then(ways) => {
                    for (label, way) in ways {
                        let mut rounds = rounds.clone();
                        rounds.resize_with(way.frames.len().max(1), Rounds::default);
                        found.push((Some(node), label, way, rounds));
                    }
                    return Ok(());
                }
            }
            ask();
        }
        Err(self.refuse(
            Kind::Budget,
            "this path does not come to its end",
            "give a stub of the function with `--stub FILE.c`",
        ))
    }

    fn too_many(&self, visits: &[Visits], said: String) -> Refusal {
        let mut per: BTreeMap<usize, usize> = BTreeMap::new();
        for visit in visits {
            if let Some(frame) = visit.state.frames.last() {
                *per.entry(frame.function).or_default() += 1;
            }
        }
        let most = per.iter().max_by_key(|(_, count)| **count);
        let most = most.map_or("", |(function, _)| &self.unit.functions[*function].name);
        let max = self.options.max_paths;
        Refusal::new(
            Kind::Budget,
            format!("{said}, most of them in `{most}`"),
            format!(
                "`--max-paths {}` allows more; `--set` and `--nonnull` decide branches; a smaller `--unroll`, or a stub of `{most}` with `--stub FILE.c`, leaves paths out",
                // A proposal only.
                max.saturating_mul(4)
            ),
        )
    }

    /// What a function's caller has done before.
    fn contract(&mut self, state: &mut State, function: usize) -> Result<Vec<u32>, Refusal> {
        let name = &self.unit.functions[function].name;
        let mapping = self.mapping;
        let Some(contract) = mapping.contracts.get(name) else {
            return Ok(Vec::new());
        };
        self.here = (
            self.unit.functions[function].file,
            self.unit.functions[function].line,
            function,
        );
        let text = format!("`{name}` is entered and left as its contract says");
        let at = self.at();
        self.assumptions.note("contract", at, text, None);
        let mut before = Vec::new();
        for operation in &contract.enters {
            let (of, name, thing) = self.param(state, function, operation)?;
            let op = crate::map::file::name_of(&operation.op).expect("it was checked");
            if let Some(release) = crate::run::operation::taking(op) {
                let object = Object {
                    of: of.clone(),
                    text: self.names.text(name).to_owned(),
                    suffix: "",
                    depth: 0,
                };
                let name = self.name(state, &of, &object, &thing, operation.units)?;
                before.push(self.by_caller(op, name, operation));
                state.held.push(Hold {
                    release: release.0,
                    of,
                    name,
                    atomic: release.1,
                });
            }
        }
        Ok(before)
    }

    /// The label of what a caller does.
    fn by_caller(&mut self, op: &'static str, name: Name, operation: &Operation) -> u32 {
        let series = operation.series.clone().or(self.mapping.series.clone());
        let kind = operation.type_name.clone();
        let with = match op {
            "kmap" => series.map(|series| ("series", series)),
            "kmap_atomic" => Some(("type", kind.unwrap_or_else(|| "LEVEL0".to_owned()))),
            _ => None,
        };
        let label = Label::by_caller(op, name, with, self.here);
        self.labels.number(label)
    }

    /// A parameter that a contract names.
    fn param(
        &mut self,
        state: &mut State,
        function: usize,
        operation: &Operation,
    ) -> Result<(Linear, Name, Thing), Refusal> {
        let text = operation.param.clone().unwrap_or_default();
        let name = self.names.name(&text);
        let params = &self.slice.bodies[&function].code.params;
        if !params.contains(&name) {
            return Err(self.refuse(
                Kind::Mapping,
                format!("its contract names `{text}`, which is no parameter"),
                "correct the contract in the mapping file",
            ));
        }
        let key = Key::Local(0, name);
        let of = self.read(state, &key);
        let op = crate::map::file::name_of(&operation.op).expect("it was checked");
        let thing = crate::run::operation::thing_of(op, Scope::Own);
        Ok((of, name, thing))
    }

    /// Leaves the entry: what its caller does afterwards comes first.
    ///
    /// # Errors
    ///
    /// A contract that does not fit.
    pub fn leave(&mut self, state: &mut State) -> Result<Step, Refusal> {
        let Some(frame) = state.frames.last().cloned() else {
            return Ok(Step::End);
        };
        let function = frame.function;
        let name = &self.unit.functions[function].name;
        let mapping = self.mapping;
        let leaves = mapping
            .contracts
            .get(name)
            .map_or(&[][..], |contract| &contract.leaves);
        let next = leaves
            .iter()
            .skip(usize::from(frame.done))
            .find_map(|operation| {
                let op = crate::map::file::name_of(&operation.op)?;
                let param = operation.param.as_deref();
                let held = state.held.iter().rposition(|hold| {
                    hold.release == op && Some(self.names.text(hold.name)) == param
                })?;
                Some((op, held, operation))
            });
        let Some((op, held, operation)) = next else {
            return Ok(Step::End);
        };
        let hold = state.held.remove(held);
        let label = self.by_caller(op, hold.name, operation);
        Ok(Step::Then(vec![(Some(label), state.clone())]))
    }
}

/// Whether a visit had no more rounds of any loop than another one of the same state.
fn is_within(earlier: &[Rounds], later: &[Rounds]) -> bool {
    earlier.len() == later.len() && earlier.iter().zip(later).all(|(a, b)| a.is_within(b))
}
