//! The functions that can be entries.
//!
//! A function is a root if an operation is reached from it, and nobody in the files calls it, or its
//! address is taken: what is in an operations table or handed on as a callback is called by code that
//! need not be there. A `static` function that nobody calls is a root only if it is mentioned
//! elsewhere than in its definition; else it is dead. Of functions that only call one another in a
//! circle the first is one.
//!
//! So whatever operation the files have is reached from some root, unless its function is dead: who is
//! called by nobody is a root, and what is left is reached from one, or is in a circle.
//!
//! Functions of which the mapping says what they do are none: they are operations. One that the
//! mapping does not look into is, if it is there: that is where it is looked into.

use std::collections::{BTreeMap, BTreeSet};

use kmapcheck_limits::{Limits, Watch, ask};

use crate::asked::is_named;
use crate::extract::Files;
use crate::map::merge::Known;
use crate::read::callee::{Callee, callee, is_operation};
use crate::read::instruction::{Expr, Instr, Target};
use crate::read::lower::lower;
use crate::read::names::Names;
use crate::refusal::Failure;

/// A function that can be an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its number among the functions of the files.
    pub number: usize,
    /// Its name.
    pub function: String,
    /// The file that it is in.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// Fields that point to it, each with a dot before it.
    pub fields: Vec<String>,
    /// Whether its address is taken.
    pub is_pointed_to: bool,
}

/// All calls of the files.
#[derive(Default)]
struct Graph {
    /// Who calls each function by its name.
    callers: BTreeMap<usize, BTreeSet<usize>>,
    /// Whom each function calls, by name or through pointers.
    calls: BTreeMap<usize, BTreeSet<usize>>,
    /// Functions from which an operation is reached.
    reaching: BTreeSet<usize>,
    /// Names whose address is taken as an argument.
    handed: BTreeSet<String>,
}

impl Files {
    /// The roots in the files whose names `is_asked` approves of, in the order of the files and lines.
    ///
    /// # Errors
    ///
    /// A limit.
    pub fn roots(
        &self,
        is_asked: &dyn Fn(&str) -> bool,
        limits: &Limits,
    ) -> Result<Vec<Root>, Failure> {
        let watch = Watch::start(limits);
        (watch.run(|| self.all_roots(is_asked))).map_err(Failure::Stopped)
    }

    fn all_roots(&self, is_asked: &dyn Fn(&str) -> bool) -> Vec<Root> {
        let graph = self.graph();
        let mut fields: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for (function, set) in self.unit.pointers.taken() {
            let number = function.split_once('#').and_then(|(_, n)| n.parse().ok());
            if let Some(number) = number {
                fields.entry(number).or_default().insert(set);
            }
        }
        let mut order: Vec<usize> = (graph.reaching.iter().copied())
            .filter(|&f| self.may_be_one(f, is_asked))
            .collect();
        let place = |f: usize| {
            let function = &self.unit.functions[f];
            (&self.unit.files[function.file].name, function.line, f)
        };
        order.sort_by(|&a, &b| place(a).cmp(&place(b)));
        let mut roots: BTreeSet<usize> = BTreeSet::new();
        for &function in &order {
            let taken = fields.contains_key(&function)
                || graph.handed.contains(&self.unit.functions[function].name);
            let is_called = (graph.callers.get(&function))
                .is_some_and(|callers| callers.iter().any(|&caller| caller != function));
            if taken || (!is_called && self.is_seen(function)) {
                roots.insert(function);
            }
        }
        self.circles(&graph, &order, &mut roots);
        let root = |&number: &usize| {
            let function = &self.unit.functions[number];
            let sets = fields.get(&number);
            let of = sets
                .into_iter()
                .flatten()
                .filter(|set| set.starts_with('.'));
            Root {
                number,
                function: function.name.clone(),
                file: self.unit.files[function.file].name.clone(),
                line: function.line,
                fields: of.map(|set| (*set).to_owned()).collect(),
                is_pointed_to: sets.is_some() || graph.handed.contains(&function.name),
            }
        };
        order
            .iter()
            .filter(|f| roots.contains(f))
            .map(root)
            .collect()
    }

    /// Adds the first function of each circle that nothing else comes to.
    fn circles(&self, graph: &Graph, order: &[usize], roots: &mut BTreeSet<usize>) {
        let mut covered = BTreeSet::new();
        let mut todo: Vec<usize> = roots.iter().copied().collect();
        let mut left = order.iter();
        loop {
            while let Some(function) = todo.pop() {
                if covered.insert(function) {
                    todo.extend(graph.calls.get(&function).into_iter().flatten());
                }
            }
            let is_left = |f: &&usize| !covered.contains(*f) && self.is_seen(**f);
            let in_circle = |f: &&usize| graph.callers.get(*f).is_some_and(|of| !of.is_empty());
            let Some(&first) = left.by_ref().find(|f| is_left(f) && in_circle(f)) else {
                break;
            };
            roots.insert(first);
            todo.push(first);
        }
    }

    /// Whether a function may be an entry at all.
    fn may_be_one(&self, function: usize, is_asked: &dyn Fn(&str) -> bool) -> bool {
        let of = &self.unit.functions[function];
        let file = &self.unit.files[of.file];
        let known = self.mapping.known.get(&of.name);
        let says =
            self.mapping.speaks_of(&of.name) && !matches!(known, Some(Known::Stop | Known::Sleeps));
        !file.is_stub && file.name.ends_with(".c") && is_asked(&file.name) && !says
    }

    /// Whether anybody can call it: others see it, or its own file mentions it elsewhere.
    fn is_seen(&self, function: usize) -> bool {
        let of = &self.unit.functions[function];
        let text = &self.unit.files[of.file].text;
        !of.is_private || is_named(text, &of.name, Some(&of.range))
    }

    fn graph(&self) -> Graph {
        let (unit, mapping) = (&self.unit, &self.mapping);
        let mut graph = Graph::default();
        let mut names = Names::default();
        let mut todo = Vec::new();
        for number in 0..unit.functions.len() {
            ask();
            let code = lower(unit, mapping, &mut names, number);
            let file = unit.functions[number].file;
            let mut reaches = false;
            for instr in &code.instrs {
                match instr {
                    Instr::Call(call) => {
                        for arg in &call.args {
                            if let Expr::Function(name) = arg {
                                graph.handed.insert(names.text(*name).to_owned());
                            }
                        }
                        let is_by_name = match &call.target {
                            Target::Function(name) => !names.text(*name).contains('#'),
                            _ => false,
                        };
                        match callee(unit, mapping, &names, call, file) {
                            Callee::Mapped(name) => reaches |= is_operation(mapping, &name),
                            Callee::Missing(..) => reaches = true,
                            Callee::Bodies(bodies) => {
                                for body in bodies {
                                    graph.calls.entry(number).or_default().insert(body);
                                    if is_by_name {
                                        graph.callers.entry(body).or_default().insert(number);
                                    }
                                }
                            }
                            _ => {}
                        }
                    }
                    Instr::Opaque(opaque) => {
                        let mut words = opaque.names.iter().map(|name| names.text(*name));
                        reaches |= opaque.hides || words.any(|word| is_operation(mapping, word));
                    }
                    _ => {}
                }
            }
            if reaches {
                todo.push(number);
            }
        }
        let mut above: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (&caller, called) in &graph.calls {
            for &body in called {
                above.entry(body).or_default().insert(caller);
            }
        }
        while let Some(function) = todo.pop() {
            if graph.reaching.insert(function) {
                todo.extend(above.get(&function).into_iter().flatten());
            }
        }
        graph
    }
}
