//! Whether a log is a run of a scenario's task: its program as a nondeterministic automaton, and
//! which objects its names stand for.
//!
//! The automaton is made from the ends on, and nodes that go on alike are one. So a block that is run
//! from many places is there once for each place that it may go on at, and not once for each way to it:
//! of those there may be more than any machine has memory for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use crate::Run;

/// Where a node goes on: by which label, and to which node.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Node {
    ops: BTreeSet<(usize, usize)>,
    silent: BTreeSet<usize>,
}

/// An operation, what it is about, and how a try came out.
type Label = (String, String, Option<bool>);

pub struct Judge {
    labels: Vec<Label>,
    /// By operation and outcome, the labels.
    numbers: HashMap<Label, usize>,
    nodes: Vec<Node>,
    same: HashMap<Node, usize>,
    /// The nodes of blocks, by where they go on and where a `break` leads.
    blocks: HashMap<(String, usize, Option<usize>), usize>,
    first: usize,
    /// The nodes that can be reached by doing nothing.
    closures: Vec<Vec<usize>>,
}

const CONTROL: [&str; 4] = ["choose", "loop", "run", "might_sleep"];

/// The node where a run ends.
const END: usize = 0;

impl Judge {
    pub fn of(scenario: &str) -> Judge {
        let scenario: Value = serde_json::from_str(scenario).expect("it is JSON");
        let mut judge = Judge {
            labels: Vec::new(),
            numbers: HashMap::new(),
            nodes: vec![Node::default()],
            same: HashMap::new(),
            blocks: HashMap::new(),
            first: 0,
            closures: Vec::new(),
        };
        let none = Map::new();
        let blocks = scenario["blocks"].as_object().unwrap_or(&none);
        let program = &scenario["tasks"][0]["program"];
        judge.first = judge.steps(program, END, None, blocks);
        judge.closures = (0..judge.nodes.len())
            .map(|node| judge.closure(node))
            .collect();
        judge
    }

    fn node(&mut self, node: Node) -> usize {
        let fresh = self.nodes.len();
        let number = *self.same.entry(node.clone()).or_insert(fresh);
        if number == fresh {
            self.nodes.push(node);
        }
        number
    }

    fn silent(&mut self, to: impl IntoIterator<Item = usize>) -> usize {
        let silent: BTreeSet<usize> = to.into_iter().collect();
        match silent.first() {
            Some(only) if silent.len() == 1 => *only,
            _ => self.node(Node {
                silent,
                ..Node::default()
            }),
        }
    }

    /// The node from which steps are done, and then what follows at `next`.
    fn steps(
        &mut self,
        steps: &Value,
        mut next: usize,
        out: Option<usize>,
        blocks: &Map<String, Value>,
    ) -> usize {
        for step in steps.as_array().expect("steps are a list").iter().rev() {
            let step = step.as_object().expect("a step is an object");
            if step.contains_key("exit") {
                next = END;
            } else if step.contains_key("break") {
                next = out.expect("it is in a loop");
            } else if step.contains_key("might_sleep") {
            } else if let Some(name) = step.get("run") {
                let name = name.as_str().expect("a block has a name");
                let key = (name.to_owned(), next, out);
                next = match self.blocks.get(&key) {
                    Some(&node) => node,
                    None => {
                        let node = self.steps(&blocks[name], next, out, blocks);
                        self.blocks.insert(key, node);
                        node
                    }
                };
            } else if let Some(branches) = step.get("choose") {
                let branches = branches.as_array().expect("branches are a list");
                let ways: Vec<usize> = (branches.iter())
                    .map(|branch| self.steps(branch, next, out, blocks))
                    .collect();
                next = self.silent(ways);
            } else if let Some(body) = step.get("loop") {
                // It goes on at itself, so it is there before what it goes on with.
                let head = self.nodes.len();
                self.nodes.push(Node::default());
                let body = self.steps(body, head, Some(next), blocks);
                self.nodes[head].silent.insert(body);
                next = head;
            } else {
                next = self.operation(step, next, out, blocks);
            }
        }
        next
    }

    fn operation(
        &mut self,
        step: &Map<String, Value>,
        next: usize,
        out: Option<usize>,
        blocks: &Map<String, Value>,
    ) -> usize {
        let (op, of) = step.iter().next().expect("a step has a key");
        assert!(!CONTROL.contains(&op.as_str()));
        let of = of.as_str().expect("it has an object").to_owned();
        let mut ops = BTreeSet::new();
        if op.contains("try") {
            let nothing = Value::Array(Vec::new());
            for (key, taken) in [("then", true), ("else", false)] {
                let to = self.steps(step.get(key).unwrap_or(&nothing), next, out, blocks);
                ops.insert((self.label((op.clone(), of.clone(), Some(taken))), to));
            }
        } else {
            ops.insert((self.label((op.clone(), of, None)), next));
        }
        self.node(Node {
            ops,
            ..Node::default()
        })
    }

    fn label(&mut self, label: Label) -> usize {
        let fresh = self.labels.len();
        let number = *self.numbers.entry(label.clone()).or_insert(fresh);
        if number == fresh {
            self.labels.push(label);
        }
        number
    }

    /// The nodes with operations, and the end, that a node leads to by doing nothing.
    fn closure(&self, from: usize) -> Vec<usize> {
        let mut all = BTreeSet::new();
        let mut todo = vec![from];
        while let Some(node) = todo.pop() {
            if all.insert(node) {
                todo.extend(&self.nodes[node].silent);
            }
        }
        all.retain(|node| *node == END || !self.nodes[*node].ops.is_empty());
        all.into_iter().collect()
    }

    pub fn accepts(&self, run: &Run) -> bool {
        let mut states: BTreeSet<State<'_>> = BTreeSet::from([(self.first, BTreeMap::new())]);
        for (op, of, taken) in run {
            let mut next = BTreeSet::new();
            for (from, held) in &states {
                let nodes = self.closures[*from].iter();
                for (label, to) in nodes.flat_map(|node| &self.nodes[*node].ops) {
                    let (own, name, outcome) = &self.labels[*label];
                    if own == op
                        && outcome == taken
                        && let Some(held) = after(held, op, name, *of, *taken)
                    {
                        next.insert((*to, held));
                    }
                }
            }
            states = next;
        }
        (states.iter()).any(|(node, _)| self.closures[*node].contains(&END))
    }
}

/// A node, and the names that hold something: what, and how often.
type State<'j> = (usize, BTreeMap<&'j str, (u32, u32)>);

/// What names of variables outside of functions stand for.
const FIXED: [(&str, u32); 5] = [
    ("gate", 50),
    ("glock", 51),
    ("locks[0]", 60),
    ("locks[1]", 61),
    ("locks[2]", 62),
];

/// What is held after an operation on a name that stands for an object; `None`: it does not.
fn after<'j>(
    held: &BTreeMap<&'j str, (u32, u32)>,
    op: &str,
    name: &'j str,
    of: u32,
    taken: Option<bool>,
) -> Option<BTreeMap<&'j str, (u32, u32)>> {
    // A variable outside of functions is the same one at all times.
    if FIXED.iter().any(|(fixed, id)| *fixed == name && *id != of) {
        return None;
    }
    // What is held has one name, and the name stands for it alone.
    if (held.iter()).any(|(other, (id, _))| (*other == name) != (*id == of)) {
        return None;
    }
    let mut held = held.clone();
    let releases = op.starts_with("ku")
        || op.starts_with("un")
        || op.contains("unlock")
        || op == "up"
        || op == "free_page";
    if releases {
        if let Some((_, count)) = held.get_mut(name) {
            *count -= 1;
            if *count == 0 {
                held.remove(name);
            }
        }
    } else if taken != Some(false) {
        held.entry(name).or_insert((of, 0)).1 += 1;
    }
    Some(held)
}
