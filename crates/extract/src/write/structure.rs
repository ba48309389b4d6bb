//! Sequences, branches, loops and blocks, from an automaton.
//!
//! A block is the way from a node to where it joins others. It is made once; whoever comes to its
//! first node runs it. Nothing here calls itself: blocks that are asked for wait in a queue, so a
//! program may be as long and as deep as it likes.

use std::collections::{BTreeMap, VecDeque};

use kmapcheck_limits::ask;

use crate::refusal::{Kind, Refusal};
use crate::run::label::{Label, Labels};
use crate::write::automaton::Automaton;
use crate::write::graph::{Graph, graph};

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// An operation, by its label.
    Op(u32),
    /// A try, by either of its labels: what comes after it has taken what it tried for, and if not.
    Try(u32, Vec<Step>, Vec<Step>),
    /// One of these.
    Choose(Vec<Vec<Step>>),
    /// Again and again.
    Loop(usize),
    /// Leaves the loop.
    Break,
    /// Ends the program.
    Exit,
    /// Runs a block.
    Run(usize),
}

/// A program: its blocks, the first of which is where it starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Program {
    /// The blocks.
    pub blocks: Vec<Vec<Step>>,
}

/// The way from a node to another one, in the loop of that first node or outside of loops.
type Part = (usize, usize, Option<usize>);

struct Builder<'a> {
    of: &'a Automaton,
    labels: &'a Labels,
    graph: Graph,
    end: usize,
    numbers: BTreeMap<Part, usize>,
    queue: VecDeque<Part>,
}

/// Steps of a program at most: from a node there are as many blocks as there are nodes where ways join
/// that others come from.
const MOST_STEPS: usize = 400_000;

/// The program of an automaton; `None`: its circles have no structure.
///
/// # Errors
///
/// A program that would be too long.
pub fn program(of: &Automaton, labels: &Labels) -> Result<Option<Program>, Refusal> {
    let of = &with_end(of);
    let end = of.nodes.len();
    let Some(graph) = graph(of) else {
        return Ok(None);
    };
    let mut builder = Builder {
        of,
        labels,
        graph,
        end,
        numbers: BTreeMap::new(),
        queue: VecDeque::new(),
    };
    builder.number((0, end, None));
    let mut blocks = Vec::new();
    let mut steps = 0;
    while let Some(part) = builder.queue.pop_front() {
        ask();
        let block = builder.block(part);
        steps += 1 + length(&block);
        if steps > MOST_STEPS {
            return Err(Refusal::new(
                Kind::Budget,
                format!("the scenario would have more than {MOST_STEPS} steps"),
                "leave some out: a smaller `--unroll`, `--set` and `--nonnull` to decide branches, or a stub with `--stub FILE.c`",
            ));
        }
        blocks.push(block);
    }
    Ok(Some(Program { blocks }))
}

/// How many steps there are, those of branches too. Branches of a block hold none of their own but a
/// few, so this does not go deep.
fn length(steps: &[Step]) -> usize {
    let within = |step: &Step| match step {
        Step::Try(_, yes, no) => length(yes) + length(no),
        Step::Choose(branches) => branches.iter().map(|steps| length(steps)).sum(),
        _ => 0,
    };
    steps.iter().map(|step| 1 + within(step)).sum()
}

/// The same with the end itself in place of nodes from which nothing goes on.
fn with_end(of: &Automaton) -> Automaton {
    let end = of.nodes.len();
    let mut with = of.clone();
    for to in with
        .nodes
        .iter_mut()
        .flat_map(|node| node.edges.values_mut())
    {
        if of.nodes[*to].edges.is_empty() {
            *to = end;
        }
    }
    with
}

impl Builder<'_> {
    fn number(&mut self, part: Part) -> usize {
        if let Some(&number) = self.numbers.get(&part) {
            return number;
        }
        let number = self.numbers.len();
        self.numbers.insert(part, number);
        self.queue.push_back(part);
        number
    }

    /// The steps from a node until `stop`: none if it is there.
    fn until(&mut self, from: usize, stop: usize, within: Option<usize>) -> Vec<Step> {
        if from == stop {
            return Vec::new();
        }
        if let Some(header) = within
            && !self.graph.loops[&header].contains(&from)
        {
            // Out of the loop.
            let join = self.graph.joins[header];
            let mut steps = self.until(from, join, None);
            steps.push(Step::Break);
            return steps;
        }
        vec![Step::Run(self.number((from, stop, within)))]
    }

    fn block(&mut self, (from, stop, within): Part) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut node = from;
        // The first node of a loop is where its body begins, and where it goes on.
        let mut is_first = true;
        let mut joined = true;
        while is_first || node != stop {
            if within.is_none() && node == self.end {
                break;
            }
            if !joined && node != self.end && self.graph.ways_in[node] > 1 {
                steps.extend(self.until(node, stop, within));
                return steps;
            }
            if within.is_none() && self.graph.loops.contains_key(&node) {
                let body = self.number((node, node, Some(node)));
                steps.push(Step::Loop(body));
                node = self.graph.joins[node];
                (is_first, joined) = (false, true);
                continue;
            }
            is_first = false;
            let (more, next, is_join) = self.node(node, stop, within);
            steps.extend(more);
            match next {
                Some(next) => (node, joined) = (next, is_join),
                None => return steps,
            }
        }
        steps
    }

    /// The steps of one node, and where it goes on: at a join of all ways, or at the main way's next
    /// node.
    fn node(
        &mut self,
        node: usize,
        stop: usize,
        within: Option<usize>,
    ) -> (Vec<Step>, Option<usize>, bool) {
        let of = self.of;
        let edges = &of.nodes[node].edges;
        let ends = of.nodes[node].ends;
        let mut tries: BTreeMap<Label, [Option<(u32, usize)>; 2]> = BTreeMap::new();
        let mut plain = Vec::new();
        for (&label, &to) in edges {
            let own = self.labels.label(label);
            match own.taken {
                None => plain.push((label, to)),
                Some(taken) => {
                    let both = Label {
                        taken: None,
                        ..own.clone()
                    };
                    tries.entry(both).or_default()[usize::from(taken)] = Some((label, to));
                }
            }
        }
        let join = match within {
            Some(_) => self.graph.joins_within[&node],
            None => self.graph.joins[node],
        };
        if edges.is_empty() {
            return (Vec::new(), None, true);
        }
        let ways = plain.len() + tries.len() + usize::from(ends);
        if let ([(label, to)], true) = (plain.as_slice(), ways == 1) {
            let stays = within.is_none_or(|header| self.graph.loops[&header].contains(to));
            if stays {
                return (vec![Step::Op(*label)], Some(*to), false);
            }
            let mut steps = vec![Step::Op(*label)];
            steps.extend(self.until(*to, stop, within));
            return (steps, None, true);
        }
        // Where nothing follows, the longest way is the main one: the others end.
        let main = (join == self.end && stop == self.end && within.is_none()).then(|| {
            let ways = edges.values().copied().filter(|to| *to != self.end);
            ways.max_by_key(|to| (self.graph.heights[*to], *to))
        });
        let main = main.flatten();
        let mut branches: Vec<Vec<Step>> = Vec::new();
        for (label, to) in plain {
            let mut steps = vec![Step::Op(label)];
            self.way(&mut steps, to, join, within, main);
            branches.push(steps);
        }
        for (_, [no, yes]) in tries {
            let Some((label, _)) = yes.or(no) else {
                continue;
            };
            let mut both = [Vec::new(), Vec::new()];
            for (steps, outcome) in both.iter_mut().zip([yes, no]) {
                match outcome {
                    Some((_, to)) => self.way(steps, to, join, within, main),
                    None => steps.push(Step::Exit),
                }
            }
            let [yes, no] = both;
            branches.push(vec![Step::Try(label, yes, no)]);
        }
        if ends {
            branches.push(
                match within.is_some() || main.is_some() || stop != self.end {
                    true => vec![Step::Exit],
                    false => Vec::new(),
                },
            );
        }
        let steps = match branches.len() {
            1 => branches.pop().unwrap_or_default(),
            _ => vec![Step::Choose(branches)],
        };
        match main {
            Some(main) => (steps, Some(main), false),
            None => (steps, Some(join), true),
        }
    }

    /// One way of a branch, until the join; or, where there is a main way, until that or the end.
    fn way(
        &mut self,
        steps: &mut Vec<Step>,
        to: usize,
        join: usize,
        within: Option<usize>,
        main: Option<usize>,
    ) {
        if main == Some(to) {
            return;
        }
        steps.extend(self.until(to, join, within));
        if main.is_some() {
            steps.push(Step::Exit);
        }
    }
}
