//! One instruction.

use std::collections::{BTreeMap, BTreeSet};

use crate::assumed::Assumptions;
use crate::map::Mapping;
use crate::options::Options;
use crate::read::callee::is_jump;
use crate::read::instruction::{Expr, Instr, Opaque, Unread};
use crate::read::names::{Name, Names};
use crate::read::slice::Slice;
use crate::read::unit::Unit;
use crate::refusal::{Kind, Place, Refusal};
use crate::run::counts::Counts;
use crate::run::evaluate::depth_of;
use crate::run::facts::Facts;
use crate::run::label::Labels;
use crate::run::lost::Spot;
use crate::run::rounds::{Rounds, Then};
use crate::run::state::{Fact, Frame, Relation, State};
use crate::run::structure::{drop_variables, set};
use crate::run::value::{Key, Linear};

/// Who means the same object by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Each task another one.
    Own,
    /// All tasks the same one: that was asked for.
    Given,
    /// All tasks the same one: what a pointer outside of functions points to.
    Pointer,
    /// All tasks the same one: it is, or lies in, a variable outside of functions.
    Object,
}

/// What a name stands for in the scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// A page that is there from the start.
    Page(Scope),
    /// A page that is allocated.
    Allocated,
    /// A lock of this kind.
    Lock(&'static str, Scope),
    /// A pool.
    Pool(Scope),
    /// A completion.
    Completion(Scope),
}

impl Thing {
    /// Who means the same one by its name.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self {
            Thing::Page(scope)
            | Thing::Lock(_, scope)
            | Thing::Pool(scope)
            | Thing::Completion(scope) => *scope,
            Thing::Allocated => Scope::Own,
        }
    }

    /// The same with another scope.
    #[must_use]
    pub fn within(&self, scope: Scope) -> Thing {
        match self {
            Thing::Page(_) => Thing::Page(scope),
            Thing::Allocated => Thing::Allocated,
            Thing::Lock(kind, _) => Thing::Lock(kind, scope),
            Thing::Pool(_) => Thing::Pool(scope),
            Thing::Completion(_) => Thing::Completion(scope),
        }
    }

    /// Whether it is a page.
    #[must_use]
    pub fn is_page(&self) -> bool {
        matches!(self, Thing::Page(_) | Thing::Allocated)
    }

    /// Whether it is a pool.
    #[must_use]
    pub fn is_pool(&self) -> bool {
        matches!(self, Thing::Pool(_))
    }

    /// The word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Thing::Page(_) | Thing::Allocated => "page",
            Thing::Lock(..) => "lock",
            Thing::Pool(_) => "pool",
            Thing::Completion(_) => "completion",
        }
    }
}

/// What an instruction comes to.
pub enum Step {
    /// The next one.
    On,
    /// A place where paths may come together: whatever comes next, with what is done on the way.
    Then(Vec<(Option<u32>, State)>),
    /// One round of a loop more.
    Round,
    /// The path has come to its end.
    End,
    /// It is not followed further.
    Cut,
    /// It is not followed further, since a bound says so: at the instruction where the state is.
    Bound,
}

/// What runs the instructions: everything that is the same for all states.
pub struct Machine<'a> {
    /// The files.
    pub unit: &'a Unit,
    /// What functions mean.
    pub mapping: &'a Mapping,
    /// All names.
    pub names: &'a mut Names,
    /// What matters.
    pub slice: &'a Slice,
    /// What was asked for.
    pub options: &'a Options,
    /// Questions about facts.
    pub facts: Facts,
    /// The operations so far.
    pub labels: Labels,
    /// What was assumed so far.
    pub assumptions: Assumptions,
    /// Numbers that fields and variables have.
    pub set: BTreeMap<Name, i64>,
    /// Variables and fields that are never null.
    pub nonnull: BTreeSet<Name>,
    /// What names stand for.
    pub things: BTreeMap<Name, Thing>,
    /// What locks, pages and completions were called before two of one name were told apart.
    pub met: BTreeSet<String>,
    /// How many units semaphores and pools have.
    pub sizes: BTreeMap<Name, u32>,
    /// What the files initialise semaphores and pools with.
    pub counts: &'a Counts,
    /// Variables outside of functions that are mentioned.
    pub outside: BTreeSet<String>,
    /// What has to be asked before the instruction can be done.
    pub split: Option<Fact>,
    /// What the instruction has read for the first time, with what is known of it.
    pub born: Vec<(Key, Linear, Option<Fact>)>,
    /// Rounds of each loop that were followed one by one beyond the usual ones.
    pub spare: BTreeMap<(usize, u32), u32>,
    /// How often what each loop changes was forgotten.
    pub widened: BTreeMap<(usize, u32), usize>,
    /// Where paths were cut by a bound: each call that is open.
    pub cuts: BTreeSet<Vec<Spot>>,
    /// Ways out of loops that were taken: the node that the round began at, the loop, the branch and its
    /// side.
    pub left: BTreeSet<(usize, u32, usize, bool)>,
    /// The node that is followed.
    pub node: usize,
    /// What is done where a bound comes.
    pub then: Then,
    /// The file, line and function that is run.
    pub here: (usize, usize, usize),
}

impl Machine<'_> {
    /// Where it is, as `at` says it.
    #[must_use]
    pub fn at(&self) -> String {
        let (file, line, _) = self.here;
        format!("{}:{line}", self.unit.files[file].name)
    }

    /// Where it is, for messages.
    #[must_use]
    pub fn place(&self) -> Place {
        let (file, line, _) = self.here;
        self.unit.place(file, line, 0, 0)
    }

    /// A refusal where it is.
    pub fn refuse(&self, kind: Kind, said: impl Into<String>, help: impl Into<String>) -> Refusal {
        Refusal::new(kind, said, help).at(Some(self.place()))
    }

    /// Notes that something is as it was.
    pub fn unchanged(&mut self) {
        let text = "fields and variables outside functions change only by code that was followed";
        let at = self.at();
        self.assumptions
            .note("unchanged", at, text.to_owned(), None);
    }

    /// Notes that two pointers are two things.
    pub fn distinct(&mut self) {
        let text = "pointers that are not known to be equal point to different things";
        let at = self.at();
        self.assumptions
            .note("distinct-pointers", at, text.to_owned(), None);
    }

    /// Notes a number that was given.
    pub fn note_set(&mut self, name: Option<Name>, number: i64) {
        let Some(name) = name else { return };
        let text = format!("`{}` is {number}", self.names.text(name));
        let at = self.at();
        self.assumptions
            .note("set", at, text, Some("--set".to_owned()));
    }

    /// Does the next instruction of a state that has not ended. If it turns out that something has to
    /// be asked first, that is asked instead.
    ///
    /// # Errors
    ///
    /// What cannot be read or expressed.
    pub fn step(&mut self, state: &mut State, rounds: &mut [Rounds]) -> Result<Step, Refusal> {
        // What does not matter reads nothing, so nothing is asked.
        let before = (self.matters(state)).then(|| (state.clone(), rounds.to_vec()));
        self.born.clear();
        let step = self.instruction(state, rounds);
        let (Some(same), Some((mut before, rounds_before))) = (self.split.take(), before) else {
            return step;
        };
        rounds.clone_from_slice(&rounds_before);
        // The question is about what was read, so that has to be there.
        for (key, value, fact) in self.born.drain(..) {
            before.store.entry(key).or_insert(value);
            before.facts.extend(fact);
        }
        before.symbols = before.symbols.max(state.symbols);
        let other = Fact {
            relation: Relation::NotZero,
            of: same.of.clone(),
        };
        let mut ways = Vec::new();
        for fact in [same, other] {
            if self.possible(&before, Some(&fact)) {
                let mut way = before.clone();
                self.assume(&mut way, &fact);
                ways.push((None, way));
            }
        }
        if ways.len() > 1 {
            for of in rounds.iter_mut() {
                of.undecided([]);
            }
        }
        Ok(Step::Then(ways))
    }

    /// Whether the next instruction of a state matters.
    fn matters(&self, state: &State) -> bool {
        let matters = |frame: &Frame| {
            let matters = &self.slice.bodies[&frame.function].matters;
            matters.get(frame.at).copied().unwrap_or(false) // it has come to the end
        };
        state.frames.last().is_some_and(matters)
    }

    fn instruction(&mut self, state: &mut State, rounds: &mut [Rounds]) -> Result<Step, Refusal> {
        let depth = state.frames.len() - 1;
        let (function, at) = (state.frames[depth].function, state.frames[depth].at);
        let slice = self.slice;
        let body = &slice.bodies[&function];
        self.here.0 = self.unit.functions[function].file;
        self.here.2 = function;
        let Some(instr) = body.code.instrs.get(at) else {
            return self.finish(state, None);
        };
        let next = |state: &mut State| state.frames[depth].at = at + 1;
        let matters = body.matters[at];
        match instr {
            Instr::Nop => next(state),
            Instr::Enter(number) => {
                rounds[depth].enter(*number, state.held.len(), self.node);
                next(state);
            }
            Instr::Round(number, line) => {
                self.here.1 = *line;
                return Ok(self.round(state, &mut rounds[depth], *number));
            }
            Instr::Jump(to) => state.frames[depth].at = *to,
            Instr::Assign(place, value) => {
                if matters {
                    self.assign(state, depth, place, value);
                }
                next(state);
            }
            Instr::Forget(place) => {
                if matters {
                    let key = self.key(state, depth, place);
                    self.forget(state, &key);
                }
                next(state);
            }
            Instr::Branch(value, yes, no) => {
                if !matters {
                    state.frames[depth].at = body.graph.joins[at].unwrap_or(at + 1);
                    return Ok(Step::On);
                }
                let leaves = body.graph.leaves.get(&at);
                let leaves = leaves.map_or(&[][..], Vec::as_slice);
                return Ok(self.branch(state, (rounds, leaves), value, (*yes, *no)));
            }
            Instr::Call(call) => {
                self.here.1 = call.line;
                if !matters {
                    next(state);
                    return Ok(Step::On);
                }
                return self.call(state, call);
            }
            Instr::Return(value) => {
                let value = value.as_ref().filter(|_| matters);
                return self.finish(state, value);
            }
            Instr::End(name, line) => {
                self.here.1 = *line;
                let text = format!("`{}` does not come back", self.names.text(*name));
                let at = self.at();
                self.assumptions.note("path-ends", at, text, None);
                return Ok(Step::Cut);
            }
            Instr::Opaque(opaque) => {
                self.here.1 = opaque.line;
                if matters {
                    self.unread(state, opaque)?;
                }
                next(state);
            }
        }
        Ok(Step::On)
    }

    fn branch(
        &mut self,
        state: &mut State,
        (rounds, leaves): (&mut [Rounds], &[u32]),
        value: &Expr,
        (yes, no): (usize, usize),
    ) -> Step {
        let depth = state.frames.len() - 1;
        let question = self.question(state, depth, value);
        let can = self.possible(state, question.yes.as_ref());
        let can_not = self.possible(state, question.no.as_ref());
        self.leave_loops(state, &rounds[depth], (can, can_not));
        match (can, can_not) {
            (true, false) => state.frames[depth].at = yes,
            (false, true) => state.frames[depth].at = no,
            (false, false) => return Step::Cut,
            (true, true) => {
                for (of, open) in rounds.iter_mut().zip(0..) {
                    let leaves = leaves.iter().filter(|_| open == depth);
                    of.undecided(leaves.copied());
                }
                let mut ways = Vec::new();
                for (fact, to) in [(question.yes, yes), (question.no, no)] {
                    let mut way = state.clone();
                    if let Some(fact) = &fact {
                        self.assume(&mut way, fact);
                    }
                    way.frames[depth].at = to;
                    ways.push((None, way));
                }
                return Step::Then(ways);
            }
        }
        Step::On
    }

    /// Leaves the innermost call.
    fn finish(&mut self, state: &mut State, value: Option<&Expr>) -> Result<Step, Refusal> {
        let depth = state.frames.len() - 1;
        if depth == 0 {
            return self.leave(state);
        }
        let result = state.frames[depth].result;
        let result = result.map(|name| Key::Local(depth_of(depth - 1), name));
        let fields = match (value, &result) {
            (Some(value), Some(to)) => self.fields_of(state, depth, value, to),
            _ => Vec::new(),
        };
        let value = value.map(|value| self.value(state, depth, value));
        state.frames.pop();
        drop_variables(state, depth);
        let value = value.unwrap_or_else(|| state.fresh());
        if let Some(to) = result {
            set(state, to, value, fields);
        }
        if let Some(caller) = state.frames.last_mut() {
            caller.at += 1;
        }
        Ok(Step::On)
    }

    /// Comes to a region that cannot be read and matters.
    fn unread(&mut self, state: &mut State, opaque: &Opaque) -> Result<(), Refusal> {
        let (file, ..) = self.here;
        let place = self
            .unit
            .place(file, opaque.line, opaque.column, opaque.length);
        let word = |name: &Name| {
            let text = self.names.text(*name);
            self.mapping.ops.contains_key(text)
                || self.mapping.refused.contains_key(text)
                || self.slice.words.contains(name)
        };
        let is_operation = opaque.hides || opaque.names.iter().any(word);
        let jumps = opaque
            .names
            .iter()
            .any(|name| is_jump(self.names.text(*name)));
        let inexpressible = opaque.names.iter().find_map(|name| {
            let text = self.names.text(*name);
            Some((text, self.mapping.refused.get(text)?.as_str()))
        });
        let refused = match opaque.what {
            Unread::Syntax | Unread::Macro if inexpressible.is_some() => {
                let (name, help) = inexpressible.unwrap_or_default();
                let said = format!("`{name}` cannot be expressed in a scenario");
                Some((Kind::Inexpressible, said, help))
            }
            Unread::Asm => Some((
                Kind::Asm,
                "there is assembler on the way".to_owned(),
                "give a C version of the function with `--stub FILE.c`",
            )),
            Unread::Goto => Some((
                Kind::Asm,
                "this jump leads nowhere that can be read".to_owned(),
                "if a macro makes the loop around it, give its header; or give a C version of the function with `--stub FILE.c`",
            )),
            Unread::Deep => Some((
                Kind::NotParsed,
                "this is nested too deeply, or is too long".to_owned(),
                "give a shorter version of the function with `--stub FILE.c`",
            )),
            Unread::Macro if is_operation => Some((
                Kind::Macro,
                format!(
                    "the macro `{}` cannot be read, and operations are in it",
                    opaque.name
                ),
                "say what it does in a mapping file, or give a function of its name with `--stub FILE.c`",
            )),
            Unread::Macro if jumps => Some((
                Kind::Macro,
                format!(
                    "the macro `{}` cannot be read, and the path may leave here",
                    opaque.name
                ),
                "say what it does in a mapping file, or give a function of its name with `--stub FILE.c`",
            )),
            Unread::Large => Some((
                Kind::Macro,
                format!(
                    "the macro `{}` comes to more text than is read",
                    opaque.name
                ),
                "say what it does in a mapping file, or give a function of its name with `--stub FILE.c`",
            )),
            Unread::Syntax if jumps => Some((
                Kind::NotParsed,
                "this does not parse, and the path may leave here".to_owned(),
                "give a version of the function that parses with `--stub FILE.c`",
            )),
            Unread::Syntax if is_operation => Some((
                Kind::NotParsed,
                "this does not parse, and operations are in it".to_owned(),
                "give the header that defines the macros in it, or a version of the function with `--stub FILE.c`",
            )),
            _ => None,
        };
        if let Some((kind, said, help)) = refused {
            return Err(Refusal::new(kind, said, help).at(Some(place)));
        }
        // Whatever it sets has any value now.
        let depth = depth_of(state.frames.len() - 1);
        state.store.retain(|key, _| match key {
            Key::Local(of, name) => *of != depth || !opaque.names.contains(name),
            Key::Global(name) | Key::Field(_, name) => !opaque.names.contains(name),
            Key::Deref(_) => false,
            _ => true,
        });
        let text = format!("`{}` cannot be read and has no operations", opaque.name);
        let at = self.at();
        self.assumptions.note("unread-region", at, text, None);
        Ok(())
    }
}
