//! Sets of functions, with all that is put into them.
//!
//! Sets and functions are numbers, and only what is new in a set is handed on: a function goes along
//! each way once. In a tree of many files most pointers hang together by names such as `.next`, and
//! sets have thousands of functions; those that are equal are kept once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kmapcheck_limits::ask;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Arg, Set, Source};

/// What all pointers may be.
#[derive(Debug, Default)]
pub struct Closed {
    /// The functions, in order.
    functions: Vec<String>,
    /// The functions of each set, by number and in order.
    sets: BTreeMap<Set, Arc<[u32]>>,
}

impl Closed {
    /// The functions of a set, in order.
    pub fn of(&self, set: &str) -> impl Iterator<Item = &str> {
        let functions = self.sets.get(set).into_iter().flat_map(|of| of.iter());
        functions.map(|number| self.functions[*number as usize].as_str())
    }

    /// Every set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sets.keys().map(String::as_str)
    }
}

/// What was read of pointers.
pub struct Given<'g> {
    /// Functions of sets.
    pub sets: BTreeMap<Set, BTreeSet<String>>,
    /// What is put into what.
    pub flows: BTreeSet<(Set, Set)>,
    /// Calls through pointers: what is called, and the arguments.
    pub calls: Vec<(Vec<Source>, Vec<Arg>)>,
    /// The parameters of each function, by number.
    pub params: &'g [Vec<String>],
}

struct Closing<'g> {
    params: &'g [Vec<String>],
    functions: FxHashMap<String, u32>,
    /// The number that each function has in the files, if it is in them.
    bodies: Vec<Option<usize>>,
    names: Vec<Set>,
    numbers: FxHashMap<Set, u32>,
    of: Vec<FxHashSet<u32>>,
    /// What is new in each set, and was not handed on.
    fresh: Vec<Vec<u32>>,
    onward: Vec<FxHashSet<u32>>,
    /// Calls through each set.
    calls: Vec<Vec<usize>>,
    called: FxHashSet<(usize, usize)>,
    todo: Vec<u32>,
}

impl Given<'_> {
    /// Puts sets into sets until nothing changes.
    pub fn closed(self) -> Closed {
        let mut functions: BTreeSet<String> = self.sets.values().flatten().cloned().collect();
        let args = self.calls.iter().flat_map(|(_, args)| args);
        for source in args.flat_map(|(_, sources)| sources) {
            if let Source::Function(name) = source {
                functions.insert(name.clone());
            }
        }
        let functions: Vec<String> = functions.into_iter().collect();
        let body = |name: &String| name.rsplit_once('#')?.1.parse().ok();
        let numbered = functions.iter().cloned().zip(0..);
        let mut closing = Closing {
            params: self.params,
            bodies: functions.iter().map(body).collect(),
            functions: numbered.collect(),
            names: Vec::new(),
            numbers: FxHashMap::default(),
            of: Vec::new(),
            fresh: Vec::new(),
            onward: Vec::new(),
            calls: Vec::new(),
            called: FxHashSet::default(),
            todo: Vec::new(),
        };
        for (set, functions) in &self.sets {
            let set = closing.set(set);
            for name in functions {
                closing.add_named(set, name);
            }
        }
        for (from, to) in &self.flows {
            let (from, to) = (closing.set(from), closing.set(to));
            closing.flow(from, to);
        }
        for (number, (what, args)) in self.calls.iter().enumerate() {
            for source in what {
                match source {
                    Source::Set(set) => {
                        let set = closing.set(set);
                        closing.calls[set as usize].push(number);
                    }
                    Source::Function(name) => {
                        if let Some(body) = body(name) {
                            closing.call(number, body, args);
                        }
                    }
                }
            }
        }
        closing.close(&self.calls);
        let mut same: FxHashSet<Arc<[u32]>> = FxHashSet::default();
        let mut sets = BTreeMap::new();
        for (name, of) in closing.names.into_iter().zip(closing.of) {
            let mut of: Vec<u32> = of.into_iter().collect();
            of.sort_unstable();
            let of: Arc<[u32]> = of.into();
            let of = same.get(&of).cloned().unwrap_or(of);
            same.insert(of.clone());
            sets.insert(name, of);
        }
        Closed { functions, sets }
    }
}

impl Closing<'_> {
    fn set(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = u32::try_from(self.names.len()).expect("fewer sets than bytes of C");
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        self.of.push(FxHashSet::default());
        self.fresh.push(Vec::new());
        self.onward.push(FxHashSet::default());
        self.calls.push(Vec::new());
        number
    }

    fn add_named(&mut self, set: u32, name: &str) {
        let function = self.functions[name];
        self.add(set, function);
    }

    fn add(&mut self, set: u32, function: u32) {
        let place = set as usize;
        if self.of[place].insert(function) {
            if self.fresh[place].is_empty() {
                self.todo.push(set);
            }
            self.fresh[place].push(function);
        }
    }

    fn flow(&mut self, from: u32, to: u32) {
        if from != to && self.onward[from as usize].insert(to) {
            let all: Vec<u32> = self.of[from as usize].iter().copied().collect();
            all.into_iter().for_each(|function| self.add(to, function));
        }
    }

    fn close(&mut self, calls: &[(Vec<Source>, Vec<Arg>)]) {
        while let Some(set) = self.todo.pop() {
            ask();
            let place = set as usize;
            let fresh = std::mem::take(&mut self.fresh[place]);
            let onward: Vec<u32> = self.onward[place].iter().copied().collect();
            for to in onward {
                ask();
                for function in &fresh {
                    self.add(to, *function);
                }
            }
            // Arguments go to the parameters of whatever may be called.
            for number in self.calls[place].clone() {
                for &function in &fresh {
                    if let Some(body) = self.bodies[function as usize] {
                        self.call(number, body, &calls[number].1);
                    }
                }
            }
        }
    }

    /// A call may be of this function.
    fn call(&mut self, number: usize, body: usize, args: &[Arg]) {
        let Some(params) = self.params.get(body) else {
            return;
        };
        if !self.called.insert((number, body)) {
            return;
        }
        for (param, (is_address, arg)) in params.iter().zip(args) {
            let to = self.set(&format!("{body}:{param}"));
            for source in arg {
                match source {
                    Source::Function(name) => self.add_named(to, name),
                    Source::Set(from) => {
                        let from = self.set(from);
                        if *is_address {
                            self.flow(to, from);
                        }
                        self.flow(from, to);
                    }
                }
            }
        }
    }
}
