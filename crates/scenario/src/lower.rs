//! From steps to nodes and edges.
//!
//! A block is lowered from its end to its beginning: each step is told where control goes after
//! it, and answers where control enters it. So `exit`, `break`, `repeat` and the rejoining of
//! `then` and `else` need no nodes and no patching; code that nothing leads to becomes nodes all
//! the same, so that coverage can name it. Only `loop` refers to something not yet known, its
//! own start: a label stands for that until the loop is done. A loop whose start is its own label
//! takes no step in any round, which no engine could run.
//!
//! Nodes therefore come out last first, and are turned round at the end; names and numbers that
//! are given in order of appearance are given then.
//!
//! Cost: one visit for each operation of the unrolled program, which [`LARGEST_PROGRAM`] bounds;
//! the depth of recursion is bounded by [`DEEPEST`].

mod finish;
mod growth;
mod resolve;
mod run;
mod select;
mod text;

use std::collections::{BTreeSet, HashMap, HashSet};

use kmapcheck_limits::ask;

use crate::check::blocks::Blocks;
use crate::check::model::Model;
use crate::check::scope::Scope;
use crate::check::stale::Pages;
use crate::program::{Frame, Node, Op, Origin, Patience, Target, Variable};
use crate::read::scenario::TaskFile;
use crate::read::steps::{Action, Arg, Call, Step};
use crate::source::diagnostic::{Code, Log, Problem};
use crate::source::nearest::quoted;
use crate::source::text::Span;

pub(crate) use growth::Growth;
use run::Entry;
use text::{call_text, primitive_text, substitute};

/// Operations of the largest task program, unrolled and expanded.
pub(crate) const LARGEST_PROGRAM: usize = 100_000;

/// Blocks and operations within one another, model's operations expanded.
const DEEPEST: usize = 150;

/// A task program as nodes.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) vars: Vec<Variable>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) entry: Target,
    /// What it cost: operations unrolled and expanded.
    pub(crate) spent: usize,
    /// What made it cost more than it has lines.
    pub(crate) growth: Growth,
}

/// What all tasks of a scenario number together.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) origins: Vec<Origin>,
    pub(crate) atomic_types: Vec<String>,
    types_by_name: HashMap<String, usize>,
}

impl Shared {
    fn atomic_type(&mut self, name: &str) -> usize {
        if let Some(index) = self.types_by_name.get(name) {
            return *index;
        }
        self.atomic_types.push(name.to_owned());
        self.types_by_name
            .insert(name.to_owned(), self.atomic_types.len() - 1);
        self.atomic_types.len() - 1
    }
}

/// Where control goes, while loops are not yet done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Goal {
    to: Destination,
    round: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Destination {
    End,
    /// A node, by the number it was made with.
    Node(usize),
    /// The start of a loop.
    Label(usize),
}

/// A node as it is made: names of pages that are not declared, and types, are numbered apart.
#[derive(Debug)]
struct Draft {
    op: Op,
    next: Vec<Goal>,
    patience: Patience,
    site: usize,
}

/// What surrounds a step.
#[derive(Clone, Copy)]
struct Around<'e> {
    /// Values of the parameters of the operation being expanded.
    args: &'e [Arg],
    /// The expansion it happens in.
    site: Option<usize>,
    /// Whether that is nothing but this step, and goes by its own name.
    renamed: bool,
    /// Where `break` goes.
    leave: Option<Goal>,
    /// `at` and `note` of the `repeat`, `loop` or block around, by number.
    at: Option<usize>,
    note: Option<usize>,
    /// The block it stands in.
    block: Option<usize>,
    depth: usize,
}

/// What task programs are made of.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) model: &'a Model,
    pub(crate) blocks: &'a Blocks,
    pub(crate) scope: Scope<'a>,
}

/// Lowers the program of one task.
pub(crate) fn lower(
    task: &TaskFile,
    steps: &[Step],
    parts: Parts<'_>,
    declared: &Pages,
    shared: &mut Shared,
    log: &mut Log,
) -> Lowered {
    let Parts {
        model,
        blocks,
        scope,
    } = parts;
    let mut lowering = Lowering {
        task,
        model,
        blocks,
        scope,
        declared: declared.list.len(),
        log,
        drafts: Vec::new(),
        labels: Vec::new(),
        sites: Vec::new(),
        shown: Vec::new(),
        in_block: Vec::new(),
        remarks: Vec::new(),
        remark_ids: HashMap::new(),
        entries: HashMap::new(),
        seen_blocks: HashSet::new(),
        site_ids: HashMap::new(),
        undeclared: Vec::new(),
        undeclared_ids: HashMap::new(),
        types: Vec::new(),
        type_ids: HashMap::new(),
        spent: 0,
        growth: Growth::default(),
        over: false,
    };
    let around = Around {
        args: &[],
        site: None,
        renamed: false,
        leave: None,
        at: None,
        note: None,
        block: None,
        depth: 0,
    };
    let entry = lowering.block(
        steps,
        Goal {
            to: Destination::End,
            round: false,
        },
        around,
    );
    lowering.finish(entry, declared, shared)
}

type SiteKey = (Option<usize>, Span, Option<usize>, Option<usize>);

/// A page name that is not declared: whether an `alloc_page` binds it, and who else uses it.
#[derive(Debug)]
struct Undeclared {
    name: String,
    bound: bool,
    used: BTreeSet<Span>,
}

struct Lowering<'a> {
    task: &'a TaskFile,
    model: &'a Model,
    blocks: &'a Blocks,
    scope: Scope<'a>,
    /// How many pages the task declares; undeclared ones are numbered from there.
    declared: usize,
    log: &'a mut Log,
    drafts: Vec<Draft>,
    labels: Vec<Option<Goal>>,
    /// Chains of operations; a node knows its own by number.
    sites: Vec<Vec<Frame>>,
    /// By site: which operation of its chain traces show.
    shown: Vec<usize>,
    /// By site: the block it stands in.
    in_block: Vec<Option<usize>>,
    /// Sites by the site around, the step, and the `at` and `note` from around, so that unrolled
    /// copies share theirs.
    site_ids: HashMap<SiteKey, usize>,
    /// Each `at` and `note` that steps have from around.
    remarks: Vec<String>,
    remark_ids: HashMap<String, usize>,
    /// Where control enters the blocks that were lowered.
    entries: HashMap<Entry, Goal>,
    seen_blocks: HashSet<usize>,
    undeclared: Vec<Undeclared>,
    undeclared_ids: HashMap<String, usize>,
    types: Vec<String>,
    type_ids: HashMap<String, usize>,
    spent: usize,
    growth: Growth,
    /// Whether the program has turned out too large.
    over: bool,
}

impl Lowering<'_> {
    fn block(&mut self, steps: &[Step], next: Goal, around: Around<'_>) -> Goal {
        let around = Around {
            depth: around.depth + 1,
            ..around
        };
        if around.depth > DEEPEST {
            let span = steps.first().map_or(self.task.name.span(), |step| step.key);
            self.log.push(
                Problem::at(
                    Code::TooDeep,
                    span,
                    format!("operations stand more than {DEEPEST} deep in one another, expanded"),
                )
                .label("one level too many")
                .help(match around.block {
                    Some(_) => {
                        "let blocks run others as their last step, where that is no level, or fewer \
                         layers of one another"
                    }
                    None => "let declared operations use fewer layers of one another",
                }),
            );
            self.over = true;
        }
        let mut next = next;
        for step in steps.iter().rev() {
            if self.over || self.log.is_full() {
                return next;
            }
            next = self.step(step, next, around);
        }
        next
    }

    /// Pays for `cost` operations; too many end the work.
    fn spend(&mut self, cost: usize) {
        self.spent += cost;
        if self.spent > LARGEST_PROGRAM && !self.over {
            self.over = true;
            let message = format!(
                "the program of {} unrolls to more than {LARGEST_PROGRAM} operations",
                quoted(self.task.name.text())
            );
            self.log.push(
                Problem::at(Code::ProgramTooLarge, self.task.name.span(), message)
                    .label("too large")
                    .help(self.growth.help()),
            );
        }
    }

    fn step(&mut self, step: &Step, next: Goal, around: Around<'_>) -> Goal {
        ask();
        self.spend(1);
        match &step.action {
            Action::Exit => Goal {
                to: Destination::End,
                round: false,
            },
            // A `break` that leaves nothing was noted when it was read.
            Action::Break => around.leave.unwrap_or(next),
            Action::Loop(body) => self.endless(step, body, next, around),
            Action::Repeat { times, body } => {
                let inner = Around {
                    leave: Some(next),
                    ..self.inherit(step, around)
                };
                // What is no number was noted, and then nothing comes of the program.
                let times = self.number(times, around).unwrap_or(0);
                self.growth.repeats |= times > 1;
                let mut goal = next;
                for _ in 0..times {
                    self.spend(1);
                    if self.over {
                        break;
                    }
                    goal = self.block(body, goal, inner);
                }
                goal
            }
            Action::Choose(branches) => {
                let mut targets: Vec<Goal> = branches
                    .iter()
                    .rev()
                    .map(|branch| self.block(branch, next, around))
                    .collect();
                targets.reverse();
                let site = self.site(step, "choose".into(), around);
                self.node(Op::Choose, targets, Patience::Endless, site)
            }
            Action::Select(select) => self.select(step, select, next, around),
            Action::Operation { index, args } => {
                let args: Vec<Arg> = args
                    .iter()
                    .map(|arg| substitute(arg, around).clone())
                    .collect();
                self.growth.expands = true;
                let name = self.model.signatures[*index].name.as_str();
                let text = call_text(name, args.iter());
                let site = self.site(step, text, around);
                let inner = Around {
                    args: &args,
                    site: Some(site),
                    renamed: self.model.has_own_words && self.is_one_primitive(*index, 0),
                    leave: None,
                    at: None,
                    note: None,
                    ..around
                };
                let model = self.model;
                self.block(&model.bodies[*index], next, inner)
            }
            Action::Primitive(call) => self.primitive(step, call, next, around),
            Action::Run(block) => self.run(step, *block, next, around),
        }
    }

    fn endless(&mut self, step: &Step, body: &[Step], next: Goal, around: Around<'_>) -> Goal {
        let label = self.labels.len();
        self.labels.push(None);
        let back = Goal {
            to: Destination::Label(label),
            round: true,
        };
        let inner = Around {
            leave: Some(next),
            ..self.inherit(step, around)
        };
        let start = self.block(body, back, inner);
        if start.to == Destination::Label(label) {
            if !self.over {
                self.log.push(
                    Problem::at(Code::SteplessLoop, step.key, "this loop never takes a step")
                        .label("runs for ever without doing anything")
                        .help("put an operation into it, such as { \"might_sleep\": true }, or take it out"),
                );
            }
            return next;
        }
        self.labels[label] = Some(start);
        start
    }

    fn primitive(&mut self, step: &Step, call: &Call, next: Goal, around: Around<'_>) -> Goal {
        // The blocks last to first, like everything.
        let targets = if call.forks() {
            let failure = self.block(&call.on_failure, next, around);
            let success = self.block(&call.on_success, next, around);
            vec![success, failure]
        } else {
            vec![next]
        };
        let text = primitive_text(call, around);
        let site = self.site(step, text, around);
        match self.op(call, around) {
            Some(op) => self.node(op, targets, call.patience, site),
            None => next,
        }
    }

    /// Whether an operation of the model is one primitive, under another name.
    fn is_one_primitive(&self, operation: usize, depth: usize) -> bool {
        let [step] = self.model.bodies[operation].as_slice() else {
            return false;
        };
        match &step.action {
            Action::Primitive(call) => call.on_success.is_empty() && call.on_failure.is_empty(),
            // Operations that use themselves were noted.
            Action::Operation { index, .. } => {
                depth < DEEPEST && self.is_one_primitive(*index, depth + 1)
            }
            _ => false,
        }
    }

    /// The chain of operations down to `step`, which shows as `text`.
    fn site(&mut self, step: &Step, text: String, around: Around<'_>) -> usize {
        let key = (around.site, step.span, around.at, around.note);
        if let Some(site) = self.site_ids.get(&key) {
            return *site;
        }
        let mut chain = around
            .site
            .map(|site| self.sites[site].clone())
            .unwrap_or_default();
        chain.push(Frame {
            text,
            location: self.log.sources.locate(step.span),
            at: (step.at.clone()).or_else(|| around.at.map(|at| self.remarks[at].clone())),
            note: (step.note.clone())
                .or_else(|| around.note.map(|note| self.remarks[note].clone())),
        });
        // Chains are copies: deep ones count as the operations they list.
        self.spend(chain.len() - 1);
        let last = chain.len() - 1;
        let outer = around.site.filter(|_| around.renamed);
        self.shown.push(outer.map_or(last, |site| self.shown[site]));
        self.in_block.push(around.block);
        self.sites.push(chain);
        self.site_ids.insert(key, self.sites.len() - 1);
        self.sites.len() - 1
    }

    /// The number of an `at` or `note` that steps have from around.
    fn remark(&mut self, text: Option<&str>) -> Option<usize> {
        let text = text?;
        if let Some(known) = self.remark_ids.get(text) {
            return Some(*known);
        }
        self.remarks.push(text.to_owned());
        (self.remark_ids).insert(text.to_owned(), self.remarks.len() - 1);
        Some(self.remarks.len() - 1)
    }

    /// The surroundings of what stands in a `repeat` or `loop`, or in a block that is run.
    fn inherit<'e>(&mut self, step: &Step, around: Around<'e>) -> Around<'e> {
        Around {
            at: self.remark(step.at.as_deref()).or(around.at),
            note: self.remark(step.note.as_deref()).or(around.note),
            ..around
        }
    }

    fn node(&mut self, op: Op, next: Vec<Goal>, patience: Patience, site: usize) -> Goal {
        self.drafts.push(Draft {
            op,
            next,
            patience,
            site,
        });
        Goal {
            to: Destination::Node(self.drafts.len() - 1),
            round: false,
        }
    }
}
