//! Which instructions matter for operations, between functions too.
//!
//! A backward slice (M. Weiser, *Program Slicing*, 1984), by names: an instruction matters if it is
//! an operation, if it sets what one that matters reads, or if it decides whether one that matters
//! is reached. A branch that decides about nothing that matters is passed over: both its ways come
//! to the same place with the same values, as far as anybody asks. That is the whole of what is left
//! out, so the paths that are followed have the operations of all paths, under the premise that the
//! loops that are passed over end.
//!
//! A function is followed if an operation is reached from it, if it sets what matters, or if its
//! result matters and it is short. All others are calls that return anything.

mod mentions;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kmapcheck_limits::ask;

use crate::map::Mapping;
use crate::read::callee::{Callee, callee, is_atomic, is_jump, is_operation, may_sleep};
use crate::read::graph::{Graph, decided_by, graph, kept_addresses};
use crate::read::instruction::{Call, Code, Expr, Instr, Place, Target};
use crate::read::loops::{Changes, Loop};
use crate::read::lower::lower;
use crate::read::names::{Name, Names};
use crate::read::pointed::may_be_handed_on;
use crate::read::unit::Unit;

/// A function whose result matters is followed if it has at most this many instructions, and no
/// loop.
const SHORT: usize = 80;

/// A function that was lowered.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// Its instructions.
    pub code: Rc<Code>,
    /// Its graph.
    pub graph: Graph,
    /// Whether each instruction matters.
    pub matters: Vec<bool>,
    /// Fields and variables outside that are mentioned from each instruction on, in functions that
    /// are called too.
    pub mentions: Vec<Rc<BTreeSet<Name>>>,
    /// Its loops, by number.
    pub loops: BTreeMap<u32, Loop>,
}

/// The functions that are followed, with what matters in them.
#[derive(Debug, Default)]
pub struct Slice {
    /// The functions that can be reached, by number.
    pub bodies: BTreeMap<usize, Body>,
    /// Those that are followed.
    pub followed: BTreeSet<usize>,
    /// Those from which something that may sleep is reached.
    pub sleepy: BTreeSet<usize>,
    /// Names of functions that regions which cannot be read have in them, and from which an operation
    /// is reached.
    pub words: BTreeSet<Name>,
    /// What stands among names for whatever is behind pointers.
    pub behind: Option<Name>,
    /// Calls of functions that write through pointers and are not followed: the function and
    /// instruction, and what is called.
    pub passed_over: Vec<(usize, usize, usize)>,
    /// What each function changes besides its own variables, with those that it calls.
    pub changes: BTreeMap<usize, Changes>,
    /// Variables and fields whose address is kept.
    pub pointed: BTreeSet<Name>,
    /// The operations that matter, and what may sleep where that matters: the function and instruction.
    pub operations: BTreeSet<(usize, usize)>,
    /// What is called, of functions that are followed.
    pub calls: BTreeMap<(usize, usize), Vec<usize>>,
}

/// The work on a slice.
pub(super) struct Slicer<'a> {
    pub(super) mapping: &'a Mapping,
    names: &'a Names,
    inline: &'a BTreeSet<usize>,
    pub(super) callees: BTreeMap<(usize, usize), Callee>,
    regions: BTreeMap<(usize, usize), BTreeSet<usize>>,
    /// Functions from which an operation is reached.
    reaching: BTreeSet<usize>,
    pub(super) touches: BTreeMap<usize, BTreeSet<Name>>,
    /// Variables and fields whose address is kept.
    pub(super) pointed: BTreeSet<Name>,
    /// Variables and fields whose value matters; among them what is behind pointers.
    pub(super) values: BTreeSet<Name>,
    /// Variables of each function whose address is kept somewhere.
    pub(super) aliases: BTreeMap<usize, BTreeSet<Name>>,
    /// Functions from which an allocation is reached that sleeps or not by its flags.
    by_flags: BTreeSet<usize>,
    sleep_matters: bool,
    locals: BTreeMap<usize, BTreeSet<Name>>,
    outside: BTreeSet<Name>,
    results: BTreeSet<usize>,
    /// Functions that are handed a pointer to what matters, and write through pointers.
    handed: BTreeSet<usize>,
    /// Calls that are handed such a pointer.
    pub(super) asked: BTreeSet<(usize, usize)>,
    pub(super) slice: Slice,
    pub(super) changed: bool,
}

impl Slice {
    /// The slice of what is reached from `entries`. Functions of `inline` are always followed.
    #[must_use]
    pub fn of(
        unit: &Unit,
        mapping: &Mapping,
        names: &mut Names,
        entries: &[usize],
        inline: &BTreeSet<usize>,
    ) -> Slice {
        let mut bodies: BTreeMap<usize, Body> = BTreeMap::new();
        let mut callees = BTreeMap::new();
        let mut named: BTreeMap<Name, BTreeSet<usize>> = BTreeMap::new();
        let mut within: BTreeSet<(usize, usize)> = BTreeSet::new();
        let mut todo: Vec<usize> = entries.to_vec();
        while let Some(function) = todo.pop() {
            if bodies.contains_key(&function) {
                continue;
            }
            let code = lower(unit, mapping, names, function);
            let file = unit.functions[function].file;
            for (at, instr) in code.instrs.iter().enumerate() {
                if let Instr::Call(call) = instr {
                    let callee = callee(unit, mapping, names, call, file);
                    if let Callee::Bodies(more) = &callee {
                        todo.extend(more);
                    }
                    callees.insert((function, at), callee);
                }
                if let Instr::Opaque(opaque) = instr {
                    for &name in &opaque.names {
                        if let Some(body) = unit.resolve(names.text(name), Some(file)) {
                            todo.push(body);
                            named.entry(name).or_default().insert(body);
                            within.insert((body, function));
                        }
                    }
                }
            }
            let body = Body {
                graph: graph(&code),
                matters: vec![false; code.instrs.len()],
                mentions: Vec::new(),
                loops: BTreeMap::new(),
                code: Rc::new(code),
            };
            bodies.insert(function, body);
        }
        let behind = Some(names.name("*"));
        let mut slicer = Slicer {
            mapping,
            names,
            inline,
            callees,
            regions: BTreeMap::new(),
            reaching: BTreeSet::new(),
            touches: BTreeMap::new(),
            pointed: BTreeSet::new(),
            values: BTreeSet::new(),
            aliases: BTreeMap::new(),
            by_flags: BTreeSet::new(),
            sleep_matters: false,
            locals: BTreeMap::new(),
            outside: BTreeSet::new(),
            results: BTreeSet::new(),
            handed: BTreeSet::new(),
            asked: BTreeSet::new(),
            slice: Slice {
                bodies,
                behind,
                ..Slice::default()
            },
            changed: true,
        };
        slicer.close(&named, &within);
        slicer.pointed = slicer.pointed();
        slicer.slice.followed.extend(entries);
        while slicer.changed {
            slicer.changed = false;
            for function in slicer.slice.followed.clone() {
                slicer.pass(function);
            }
        }
        slicer.mentions();
        slicer.loops();
        slicer.slice.pointed.clone_from(&slicer.pointed);
        slicer.list_operations();
        slicer.slice.passed_over = slicer.passed_over();
        slicer.slice
    }
}

impl Slicer<'_> {
    /// What is reached from each function, and what each sets.
    fn close(
        &mut self,
        named: &BTreeMap<Name, BTreeSet<usize>>,
        within: &BTreeSet<(usize, usize)>,
    ) {
        let mut callers: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut mapped: BTreeSet<&str> = BTreeSet::new();
        let (mut reaching, mut sleepy, mut by_flags) = (Vec::new(), Vec::new(), Vec::new());
        for &(body, function) in within {
            callers.entry(body).or_default().insert(function);
        }
        for (&(function, _), callee) in &self.callees {
            match callee {
                Callee::Bodies(bodies) => {
                    for &body in bodies {
                        callers.entry(body).or_default().insert(function);
                    }
                }
                Callee::Mapped(name) => {
                    mapped.insert(name);
                    if is_operation(self.mapping, name) {
                        reaching.push(function);
                    }
                    if may_sleep(self.mapping, name) {
                        sleepy.push(function);
                    }
                    if self.mapping.sleeps_by_flags.contains_key(name) {
                        by_flags.push(function);
                    }
                }
                Callee::Nothing(true) => sleepy.push(function),
                Callee::Missing(..) => reaching.push(function),
                _ => {}
            }
        }
        self.sleep_matters = mapped.iter().any(|name| is_atomic(self.mapping, name));
        // A region that cannot be read hides what it has.
        for (&function, body) in &self.slice.bodies {
            let hides = body.code.instrs.iter().any(|instr| match instr {
                Instr::Opaque(opaque) => {
                    opaque.hides || opaque.names.iter().any(|name| self.is_word_of(*name))
                }
                _ => false,
            });
            if hides || self.inline.contains(&function) {
                reaching.push(function);
            }
        }
        for (seeds, into) in [
            (reaching, &mut self.reaching),
            (sleepy, &mut self.slice.sleepy),
            (by_flags, &mut self.by_flags),
        ] {
            let mut todo = seeds;
            while let Some(function) = todo.pop() {
                if into.insert(function) {
                    todo.extend(callers.get(&function).into_iter().flatten());
                }
            }
        }
        for (name, bodies) in named {
            if bodies.iter().any(|body| self.reaching.contains(body)) {
                self.slice.words.insert(*name);
            }
        }
        for (&function, body) in &self.slice.bodies {
            let set = self.touches.entry(function).or_default();
            let aliases = self.aliases.entry(function).or_default();
            for instr in &body.code.instrs {
                if let Instr::Assign(_, value) = instr {
                    kept_addresses(value, aliases);
                }
                if let Instr::Assign(place, _) | Instr::Forget(place) = instr {
                    match place {
                        Place::Global(name) | Place::Field(_, name) => {
                            set.insert(*name);
                        }
                        Place::Deref(_) => set.extend(self.slice.behind),
                        Place::Local(_) => {}
                    }
                }
            }
        }
        let mut todo: Vec<usize> = self.touches.keys().copied().collect();
        while let Some(function) = todo.pop() {
            ask();
            let of = self.touches[&function].clone();
            for &caller in callers.get(&function).into_iter().flatten() {
                let set = self.touches.entry(caller).or_default();
                let had = set.len();
                set.extend(of.iter().copied());
                if set.len() > had {
                    todo.push(caller);
                }
            }
        }
    }

    /// Whether a name in a region that cannot be read is that of an operation, or of a function
    /// with one.
    fn is_word_of(&self, name: Name) -> bool {
        is_operation(self.mapping, self.names.text(name)) || self.slice.words.contains(&name)
    }

    fn want(&mut self, function: usize, expr: &Expr) {
        let mut places = Vec::new();
        expr.places(&mut |place| places.push(place.clone()));
        for place in places {
            self.want_place(function, &place);
        }
        self.want_values(expr);
    }

    fn want_place(&mut self, function: usize, place: &Place) {
        self.changed |= match place {
            Place::Local(name) => self.locals.entry(function).or_default().insert(*name),
            Place::Global(name) | Place::Field(_, name) => self.outside.insert(*name),
            Place::Deref(_) => false,
        };
    }

    fn wants_local(&self, function: usize, name: Name) -> bool {
        self.locals
            .get(&function)
            .is_some_and(|locals| locals.contains(&name))
    }

    fn wanted(&self, function: usize, place: &Place) -> bool {
        match place {
            Place::Local(name) => self.wants_local(function, *name),
            Place::Global(name) | Place::Field(_, name) => self.outside.contains(name),
            Place::Deref(_) => true,
        }
    }

    fn is_short(&self, function: usize) -> bool {
        let code = &self.slice.bodies[&function].code;
        code.instrs.len() <= SHORT
            && !code
                .instrs
                .iter()
                .any(|instr| matches!(instr, Instr::Round(..)))
    }

    /// Whether the function of a call is to be followed.
    fn follows(&self, body: usize, asked: bool) -> bool {
        self.reaching.contains(&body)
            || self.touches[&body]
                .iter()
                .any(|name| self.outside.contains(name))
            || (asked && self.is_short(body))
            || (self.sleep_matters && self.by_flags.contains(&body) && self.is_short(body))
            || (self.writes_behind(body) && self.is_short(body) && self.is_pointed_at())
    }

    fn pass(&mut self, function: usize) {
        ask();
        let code = self.slice.bodies[&function].code.clone();
        for (at, instr) in code.instrs.iter().enumerate() {
            ask();
            let had = self.slice.bodies[&function].matters[at];
            // A call may come to want more of its arguments, and a branch is looked at once.
            if had && !matches!(instr, Instr::Call(_)) {
                continue;
            }
            let matters = match instr {
                Instr::Call(call) => self.call(function, at, call),
                Instr::Assign(place, value) => {
                    let wanted = self.wanted(function, place);
                    if wanted {
                        place.inner(&mut |_| {});
                        self.want(function, value);
                        self.want(function, &Expr::Address(Box::new(place.clone())));
                    }
                    wanted
                }
                Instr::Forget(place) => self.wanted(function, place),
                Instr::Return(Some(value)) => {
                    let wanted = self.results.contains(&function);
                    if wanted {
                        self.want(function, value);
                    }
                    wanted
                }
                Instr::Branch(value, ..) => {
                    let matters = self.decides(function, &code, at, value);
                    if matters {
                        self.want(function, value);
                    }
                    matters
                }
                Instr::Opaque(opaque) => {
                    let word = |name: &Name| {
                        self.is_word_of(*name)
                            || is_jump(self.names.text(*name))
                            || self.wants_local(function, *name)
                            || self.outside.contains(name)
                    };
                    opaque.hides || opaque.names.iter().any(word)
                }
                _ => false,
            };
            if matters && !had {
                if let Some(body) = self.slice.bodies.get_mut(&function) {
                    body.matters[at] = true;
                }
                self.changed = true;
            }
        }
    }

    fn decides(&mut self, function: usize, code: &Code, at: usize, value: &Expr) -> bool {
        let body = &self.slice.bodies[&function];
        let joins = &body.graph.joins;
        let region =
            (self.regions.entry((function, at))).or_insert_with(|| decided_by(code, joins, at));
        if joins[at].is_none() || region.iter().any(|&at| body.matters[at]) {
            return true;
        }
        // Where one way ends at once, the other knows more.
        let ends = region
            .iter()
            .any(|&at| matches!(code.instrs[at], Instr::End(..)));
        let mut wanted = false;
        if ends {
            value.places(&mut |place| {
                wanted |= !matches!(place, Place::Deref(_)) && self.wanted(function, place);
            });
        }
        wanted
    }

    fn call(&mut self, function: usize, at: usize, call: &Call) -> bool {
        let result = self.wants_local(function, call.result);
        let passes = call.args.iter().any(|arg| match arg {
            Expr::Address(place) => {
                matches!(**place, Place::Local(name) if self.wants_local(function, name))
            }
            _ => false,
        });
        let passes = passes
            || (!call.args.is_empty() && self.is_aliased(function))
            || (self.handed.contains(&function) && call.args.iter().any(may_be_handed_on));
        if passes {
            self.asked.insert((function, at));
        }
        let mut matters = result || passes;
        if passes {
            call.args.iter().for_each(|arg| self.want(function, arg));
        }
        match self.callees[&(function, at)].clone() {
            Callee::Mapped(name) => {
                let operation = is_operation(self.mapping, &name);
                matters |= operation;
                matters |= self.sleep_matters && self.mapping.sleeps_by_flags.contains_key(&name);
                if matters {
                    call.args.iter().for_each(|arg| self.want(function, arg));
                }
                matters | (self.sleep_matters && may_sleep(self.mapping, &name))
            }
            Callee::Bodies(bodies) => {
                for body in bodies {
                    if !self.follows(body, result || passes) {
                        matters |= self.sleep_matters && self.slice.sleepy.contains(&body);
                        continue;
                    }
                    matters = true;
                    self.changed |= self.slice.followed.insert(body);
                    if passes && self.writes_behind(body) {
                        self.changed |= self.handed.insert(body);
                    }
                    if result {
                        self.changed |= self.results.insert(body);
                    }
                    let params = self.slice.bodies[&body].code.params.clone();
                    for (param, arg) in params.iter().zip(&call.args) {
                        if self.wants_local(body, *param) {
                            self.want(function, arg);
                        }
                    }
                    if let Target::Value(value, _) = &call.target {
                        self.want(function, value);
                    }
                }
                matters
            }
            Callee::Nothing(sleeps) => matters || (sleeps && self.sleep_matters),
            Callee::Missing(..) => true,
            Callee::Unknown(_) | Callee::Pointer(_) => matters,
        }
    }

    /// Whether a variable that matters is pointed to by another one: then whoever is given a pointer
    /// may set it.
    pub(super) fn is_aliased(&self, function: usize) -> bool {
        self.aliases
            .get(&function)
            .is_some_and(|names| names.iter().any(|name| self.wants_local(function, *name)))
    }
}
