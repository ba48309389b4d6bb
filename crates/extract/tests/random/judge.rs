//! Whether a log is a run of a scenario's task: its program as a nondeterministic automaton, and
//! which objects its names stand for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::Run;

/// A step: what it does, or nothing, and the next node.
enum Edge {
    Silent(usize),
    Op(String, String, Option<bool>, usize),
}

pub struct Judge {
    nodes: Vec<Vec<Edge>>,
    end: usize,
}

const CONTROL: [&str; 4] = ["choose", "loop", "run", "might_sleep"];

impl Judge {
    pub fn of(scenario: &str) -> Judge {
        let scenario: Value = serde_json::from_str(scenario).expect("it is JSON");
        let mut judge = Judge {
            nodes: vec![Vec::new(), Vec::new()],
            end: 1,
        };
        let program = &scenario["tasks"][0]["program"];
        let none = Map::new();
        let blocks = scenario["blocks"].as_object().unwrap_or(&none);
        let last = judge.steps(program, 0, None, blocks);
        judge.nodes[last].push(Edge::Silent(1));
        judge
    }

    fn node(&mut self) -> usize {
        self.nodes.push(Vec::new());
        self.nodes.len() - 1
    }

    /// Adds steps from a node; where they end.
    fn steps(
        &mut self,
        steps: &Value,
        from: usize,
        out: Option<usize>,
        blocks: &Map<String, Value>,
    ) -> usize {
        let mut at = from;
        for step in steps.as_array().expect("steps are a list") {
            let step = step.as_object().expect("a step is an object");
            let next = self.node();
            if step.contains_key("exit") {
                self.nodes[at].push(Edge::Silent(self.end));
            } else if step.contains_key("break") {
                self.nodes[at].push(Edge::Silent(out.expect("it is in a loop")));
            } else if step.contains_key("might_sleep") {
                self.nodes[at].push(Edge::Silent(next));
            } else if let Some(name) = step.get("run") {
                let block = &blocks[name.as_str().expect("a block has a name")];
                let last = self.steps(block, at, out, blocks);
                self.nodes[last].push(Edge::Silent(next));
            } else if let Some(branches) = step.get("choose") {
                for branch in branches.as_array().expect("branches are a list") {
                    let first = self.node();
                    self.nodes[at].push(Edge::Silent(first));
                    let last = self.steps(branch, first, out, blocks);
                    self.nodes[last].push(Edge::Silent(next));
                }
            } else if let Some(body) = step.get("loop") {
                let last = self.steps(body, at, Some(next), blocks);
                self.nodes[last].push(Edge::Silent(at));
            } else {
                self.operation(step, at, next, out, blocks);
            }
            at = next;
        }
        at
    }

    fn operation(
        &mut self,
        step: &Map<String, Value>,
        at: usize,
        next: usize,
        out: Option<usize>,
        blocks: &Map<String, Value>,
    ) {
        let (op, of) = step.iter().next().expect("a step has a key");
        assert!(!CONTROL.contains(&op.as_str()));
        let of = of.as_str().expect("it has an object").to_owned();
        if !op.contains("try") {
            self.nodes[at].push(Edge::Op(op.clone(), of, None, next));
            return;
        }
        for (key, taken) in [("then", true), ("else", false)] {
            let first = self.node();
            self.nodes[at].push(Edge::Op(op.clone(), of.clone(), Some(taken), first));
            let nothing = Value::Array(Vec::new());
            let last = self.steps(step.get(key).unwrap_or(&nothing), first, out, blocks);
            self.nodes[last].push(Edge::Silent(next));
        }
    }

    fn closed(&self, states: BTreeSet<State>) -> BTreeSet<State> {
        let mut all = BTreeSet::new();
        let mut todo: Vec<State> = states.into_iter().collect();
        while let Some(state) = todo.pop() {
            for edge in &self.nodes[state.0] {
                if let Edge::Silent(to) = edge {
                    let next = (*to, state.1.clone());
                    if !all.contains(&next) {
                        todo.push(next);
                    }
                }
            }
            all.insert(state);
        }
        all
    }

    pub fn accepts(&self, run: &Run) -> bool {
        let mut states = self.closed(BTreeSet::from([(0, BTreeMap::new())]));
        for (op, of, taken) in run {
            let mut next = BTreeSet::new();
            for (node, held) in &states {
                for edge in &self.nodes[*node] {
                    if let Edge::Op(label, name, outcome, to) = edge
                        && label == op
                        && outcome == taken
                        && let Some(held) = after(held, op, name, *of, *taken)
                    {
                        next.insert((*to, held));
                    }
                }
            }
            states = self.closed(next);
        }
        states.iter().any(|(node, _)| *node == self.end)
    }
}

/// A node, and the names that hold something: what, and how often.
type State = (usize, BTreeMap<String, (u32, u32)>);

/// What names of variables outside of functions stand for.
const FIXED: [(&str, u32); 5] = [
    ("gate", 50),
    ("glock", 51),
    ("locks[0]", 60),
    ("locks[1]", 61),
    ("locks[2]", 62),
];

/// What is held after an operation on a name that stands for an object; `None`: it does not.
fn after(
    held: &BTreeMap<String, (u32, u32)>,
    op: &str,
    name: &str,
    of: u32,
    taken: Option<bool>,
) -> Option<BTreeMap<String, (u32, u32)>> {
    // A variable outside of functions is the same one at all times.
    if FIXED.iter().any(|(fixed, id)| *fixed == name && *id != of) {
        return None;
    }
    // What is held has one name, and the name stands for it alone.
    if held
        .iter()
        .any(|(other, (id, _))| (other == name) != (*id == of))
    {
        let is_other = |(other, (id, _)): (&String, &(u32, u32))| (other == name) != (*id == of);
        if held.iter().any(is_other) {
            return None;
        }
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
        held.entry(name.to_owned()).or_insert((of, 0)).1 += 1;
    }
    Some(held)
}
