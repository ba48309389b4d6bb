//! Calls.

use crate::map::Returned;
use crate::map::merge::Known;
use crate::read::callee::{Callee, callee};
use crate::read::instruction::{Call, Expr, Instr, Place};
use crate::read::unseen;
use crate::refusal::{Kind, Refusal};
use crate::run::evaluate::{at_least, depth_of};
use crate::run::label::Label;
use crate::run::rounds::Then;
use crate::run::state::{Frame, State};
use crate::run::step::{Machine, Step};
use crate::run::structure::{root, set};
use crate::run::value::{Key, Linear, Symbol};

/// Calls inside calls.
const DEEPEST: usize = 60;

impl Machine<'_> {
    /// Does a call that matters.
    ///
    /// # Errors
    ///
    /// What cannot be expressed, and recursion beyond what was given.
    pub fn call(&mut self, state: &mut State, call: &Call) -> Result<Step, Refusal> {
        let file = self.here.0;
        match callee(self.unit, self.mapping, self.names, call, file) {
            Callee::Mapped(name) => self.mapped(state, call, &name),
            Callee::Nothing(sleeps) => Ok(self.nothing(state, call, sleeps, "a function that a pointer names")),
            Callee::Bodies(bodies) => self.bodies(state, call, &bodies),
            Callee::Unknown(name) => {
                let (at, text) = (self.at(), unseen::nothing_in(&name));
                self.assumptions.note("unread-function", at, text, Some(unseen::CHANGE.to_owned()));
                Ok(self.nothing(state, call, false, &name))
            }
            Callee::Pointer(name) => {
                Ok(self.nothing(state, call, false, &name))
            }
            Callee::Missing(field, name) => Err(self.refuse(
                Kind::Pointer,
                format!("`{field}` points to `{name}`, which is in none of the files"),
                format!("give the file with `{name}`, or `--resolve {field}=FUNCTION` with one that is there"),
            )),
        }
    }

    fn bodies(
        &mut self,
        state: &mut State,
        call: &Call,
        bodies: &[usize],
    ) -> Result<Step, Refusal> {
        let followed: Vec<usize> = bodies
            .iter()
            .copied()
            .filter(|body| self.slice.followed.contains(body))
            .collect();
        let rest = bodies.len() - followed.len();
        if bodies.len() > 1 {
            let names: Vec<String> = bodies
                .iter()
                .map(|&body| format!("`{}`", self.unit.functions[body].name))
                .collect();
            let text = format!(
                "the pointer called here is one of {}, as in the tables that were read",
                names.join(", ")
            );
            let at = self.at();
            self.assumptions.note(
                "pointer",
                at,
                text,
                Some("--resolve FIELD=FUNCTION".to_owned()),
            );
        }
        let mut ways = Vec::new();
        let mut is_cut = false;
        for body in followed {
            if self.recurses(state, body)? {
                is_cut = true;
                if self.then == Then::Forget {
                    // Deeper calls do nothing; what they may change has any value.
                    let mut way = state.clone();
                    let (depth, slice) = (way.frames.len() - 1, self.slice);
                    self.let_change(&mut way, depth, &slice.changes[&body]);
                    self.nothing(&mut way, call, false, "");
                    ways.push((None, way));
                }
                continue;
            }
            let mut way = state.clone();
            self.enter(&mut way, call, body)?;
            ways.push((None, way));
        }
        if rest > 0 {
            let sleeps = bodies.iter().any(|body| {
                !self.slice.followed.contains(body) && self.slice.sleepy.contains(body)
            });
            let name = self.unit.functions[bodies[0]].name.clone();
            match self.nothing(state, call, sleeps, &name) {
                Step::Then(more) => ways.extend(more),
                _ => ways.push((None, state.clone())),
            }
        }
        if is_cut && self.then != Then::Forget {
            let open = state.frames.iter().map(|frame| (frame.function, frame.at));
            self.cuts.insert(open.collect());
        }
        if ways.is_empty() {
            return Ok(Step::Cut);
        }
        if let [(None, way)] = ways.as_mut_slice() {
            *state = std::mem::take(way);
            return Ok(Step::On);
        }
        Ok(Step::Then(ways))
    }

    /// Notes the functions that write through pointers and were not followed.
    pub fn note_passed_over(&mut self) {
        for &(function, at, body) in &self.slice.passed_over {
            let Some(Instr::Call(call)) = self.slice.bodies[&function].code.instrs.get(at) else {
                continue;
            };
            self.here = (self.unit.functions[function].file, call.line, function);
            let name = &self.unit.functions[body].name;
            let text =
                format!("`{name}` is not followed: what it sets through pointers does not matter");
            let (at, change) = (self.at(), format!("--inline {name}"));
            self.assumptions
                .note("unread-function", at, text, Some(change));
        }
    }

    /// Whether a function calls itself more often than is followed.
    fn recurses(&mut self, state: &State, body: usize) -> Result<bool, Refusal> {
        let open = state
            .frames
            .iter()
            .filter(|frame| frame.function == body)
            .count();
        let name = &self.unit.functions[body].name;
        let Some(most) = self.options.recursion else {
            if open == 0 {
                return Ok(false);
            }
            return Err(self.refuse(
                Kind::Recursion,
                format!("`{name}` calls itself, and nothing says how often"),
                "`--recursion 1` follows it once more, or give a version of it that does not with `--stub FILE.c`",
            ));
        };
        if open <= most as usize {
            return Ok(false);
        }
        let text = format!("`{name}` calls itself at most {most} times");
        // A proposal: see above.
        let (at, more) = (self.at(), most.saturating_add(1));
        self.assumptions.note(
            "recursion-bound",
            at,
            text,
            Some(format!("--recursion {more}")),
        );
        Ok(true)
    }

    fn enter(&mut self, state: &mut State, call: &Call, body: usize) -> Result<(), Refusal> {
        let name = &self.unit.functions[body].name;
        if state.frames.len() >= DEEPEST {
            return Err(self.refuse(
                Kind::Budget,
                format!("calls are nested more than {DEEPEST} deep at `{name}`"),
                format!("add `{name}` to `stop` in a mapping file, or give a stub of it with `--stub FILE.c`"),
            ));
        }
        let depth = state.frames.len() - 1;
        let of = depth_of(depth + 1);
        let slice = self.slice;
        let mut values = Vec::new();
        for (param, arg) in slice.bodies[&body].code.params.iter().zip(&call.args) {
            let key = Key::Local(of, *param);
            let value = self.value(state, depth, arg);
            let fields = self.fields_of(state, depth, arg, &key);
            values.push((key, value, fields));
        }
        state.frames.push(Frame {
            function: body,
            at: 0,
            done: 0,
            result: Some(call.result),
        });
        for (key, value, fields) in values {
            set(state, key, value, fields);
        }
        Ok(())
    }

    /// A call of which nothing is known but whether it may sleep.
    pub fn nothing(&mut self, state: &mut State, call: &Call, sleeps: bool, name: &str) -> Step {
        self.forget_arguments(state, call);
        let value = state.fresh();
        let text = match &call.target {
            crate::read::instruction::Target::Function(name) => Some(*name),
            _ => None,
        };
        if text.is_some_and(|name| self.nonnull.contains(&name)) {
            state.facts.extend(at_least(&value, 1));
        }
        self.set_result(state, Some(call.result), value);
        self.done(state);
        self.asleep(state, sleeps, name)
    }

    /// The step after something that may sleep: it shows only where sleep is forbidden.
    pub fn asleep(&mut self, state: &State, sleeps: bool, name: &str) -> Step {
        match sleeps && state.is_atomic() {
            true => {
                let label = self.sleep_label(name);
                Step::Then(vec![(Some(label), state.clone())])
            }
            false => Step::On,
        }
    }

    /// The label of something that may sleep.
    pub fn sleep_label(&mut self, name: &str) -> u32 {
        let (file, line, function) = self.here;
        self.labels.number(Label {
            op: "might_sleep",
            of: None,
            with: None,
            file,
            line,
            function,
            note: Some(format!("{name}()")),
            taken: None,
        })
    }

    /// Goes on after the call.
    pub fn done(&mut self, state: &mut State) {
        if let Some(frame) = state.frames.last_mut() {
            frame.at += 1;
            frame.done = 0;
        }
    }

    /// A variable whose address is handed on may have any value afterwards.
    pub fn forget_arguments(&mut self, state: &mut State, call: &Call) {
        let depth = state.frames.len() - 1;
        for arg in &call.args {
            let value = self.value(state, depth, arg);
            let keys: Vec<Key> = (value.terms.iter())
                .filter_map(|(symbol, _)| match symbol {
                    Symbol::Address(key) if matches!(root(key), Key::Local(..)) => {
                        Some(Key::clone(key))
                    }
                    _ => None,
                })
                .collect();
            for key in keys {
                self.forget(state, &key);
                // Elements of an array, by whatever index.
                self.forget(state, root(&key));
            }
        }
    }

    fn mapped(&mut self, state: &mut State, call: &Call, name: &str) -> Result<Step, Refusal> {
        if let Some(help) = self.mapping.refused.get(name) {
            return Err(self.refuse(
                Kind::Inexpressible,
                format!("`{name}` cannot be expressed in a scenario"),
                help.clone(),
            ));
        }
        let mapping = self.mapping;
        if let Some(does) = mapping.ops.get(name) {
            return self.operate(state, call, name, does.all());
        }
        let depth = state.frames.len() - 1;
        if let Some(returned) = mapping.returns.get(name) {
            return Ok(self.returned(state, call, *returned, name));
        }
        if let Some(flags) = mapping.sleeps_by_flags.get(name) {
            let waits = self.may_wait(state, call, Some(*flags));
            return Ok(self.nothing(state, call, waits, name));
        }
        match mapping.known.get(name) {
            Some(Known::Pure) => {
                let args = call
                    .args
                    .iter()
                    .map(|arg| self.value(state, depth, arg))
                    .collect();
                let value = self.pure(state, name, args);
                self.set_result(state, Some(call.result), value);
                self.done(state);
                Ok(Step::On)
            }
            Some(Known::UserCopy) => Ok(self.user_copy(state, call, name)),
            Some(Known::Sleeps) => Ok(self.nothing(state, call, true, name)),
            _ => Ok(self.nothing(state, call, false, name)),
        }
    }

    /// Whether the flags of an allocation let it wait. They do unless it is known that they do not.
    pub fn may_wait(&mut self, state: &mut State, call: &Call, flags: Option<usize>) -> bool {
        let given = flags.and_then(|number| call.args.get(number).zip(call.texts.get(number)));
        let Some((arg, text)) = given else {
            return true;
        };
        let depth = state.frames.len() - 1;
        let (text, _) = self.written(state, depth, text);
        if self.forbids_waiting(&text) {
            return false;
        }
        let value = self.value(state, depth, arg);
        let mapping = self.mapping;
        !mapping.nowait.iter().any(|name| {
            let known = self.names.known(name).map(Key::Global);
            known.is_some_and(|key| state.store.get(&key) == Some(&value))
        })
    }

    /// Whether flags as they are written say that nothing may wait: names that do, and others that
    /// say nothing about it.
    fn forbids_waiting(&self, text: &str) -> bool {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let forbids = |word: &&str| self.mapping.nowait.contains(*word);
        let says_nothing = |word: &&str| {
            let waits = ["__GFP_WAIT", "__GFP_DIRECT_RECLAIM", "__GFP_RECLAIM"];
            *word == "gfp_t" || (word.starts_with("__GFP_") && !waits.contains(word))
        };
        let is_plain = !text.contains(['?', '&', '~', '^']);
        is_plain
            && words.iter().any(forbids)
            && words.iter().all(|word| forbids(word) || says_nothing(word))
    }

    fn returned(&mut self, state: &mut State, call: &Call, returned: Returned, name: &str) -> Step {
        let known = self.mapping.known.get(name);
        let mut step = self.nothing(state, call, known == Some(&Known::Sleeps), name);
        let depth = state.frames.len() - 1;
        let apply = |state: &mut State| {
            let key = Key::Local(depth_of(depth), call.result);
            let value = state.store.get(&key).cloned().unwrap_or_default();
            match returned {
                Returned::Zero => {
                    state.store.insert(key, Linear::of(0));
                }
                Returned::Nonnull | Returned::Address => state.facts.extend(at_least(&value, 1)),
                Returned::Null => state.facts.extend(at_least(&value, 0)),
                Returned::Unknown | Returned::Error => {}
            }
        };
        match &mut step {
            Step::Then(ways) => ways.iter_mut().for_each(|(_, state)| apply(state)),
            _ => apply(state),
        }
        step
    }

    fn user_copy(&mut self, state: &mut State, call: &Call, name: &str) -> Step {
        let depth = state.frames.len() - 1;
        if let (true, Some(Expr::Read(place))) = (name.ends_with("get_user"), call.args.first())
            && !matches!(**place, Place::Global(_))
        {
            let key = self.key(state, depth, place);
            self.forget(state, &key);
        }
        let faults = !self.mapping.user_copy.fault.is_empty();
        if !faults || state.is_atomic() {
            return self.nothing(state, call, true, name);
        }
        self.nothing(state, call, false, name);
        let (file, line, function) = self.here;
        let label = self.labels.number(Label {
            op: "fault",
            of: None,
            with: None,
            file,
            line,
            function,
            note: Some(format!("{name}() faults")),
            taken: None,
        });
        Step::Then(vec![(Some(label), state.clone())])
    }
}
