//! What operations do to a state, and their labels.

use crate::map::file::Needs;
use crate::map::{Operation, Returned};
use crate::read::instruction::Call;
use crate::read::names::Name;
use crate::refusal::{Kind, Refusal};
use crate::run::evaluate::at_least;
use crate::run::label::Label;
use crate::run::state::{Hold, State};
use crate::run::step::{Machine, Scope, Step, Thing};
use crate::run::value::{Key, Linear, Symbol};

/// What taking an operation's object is undone by, and whether sleep is forbidden until then.
#[must_use]
pub fn taking(op: &str) -> Option<(&'static str, bool)> {
    Some(match op {
        "kmap" | "try_kmap" => ("kunmap", false),
        "kmap_atomic" => ("kunmap_atomic", true),
        "kmap_local" => ("kunmap_local", false),
        "lock_page" | "trylock_page" => ("unlock_page", false),
        "spin_lock" | "spin_trylock" => ("spin_unlock", true),
        "down" | "down_trylock" => ("up", false),
        "down_read" | "down_read_trylock" => ("up_read", false),
        "down_write" | "down_write_trylock" => ("up_write", false),
        "mempool_alloc" | "mempool_try_alloc" => ("mempool_free", false),
        _ => return None,
    })
}

/// The kind of lock that an operation is on.
fn lock_kind(op: &str) -> &'static str {
    match op {
        "spin_lock" | "spin_unlock" | "spin_trylock" => "spin",
        "down" | "up" | "down_trylock" => "semaphore",
        _ => "rwsem",
    }
}

/// What an operation is on: the value, and how the text calls it.
pub struct Object {
    /// The value.
    pub of: Linear,
    /// How the text calls it.
    pub text: String,
    /// What the name has besides.
    pub suffix: &'static str,
    /// The call whose function the text is in.
    pub depth: usize,
}

impl Machine<'_> {
    /// Does the next of the operations that a call stands for.
    ///
    /// # Errors
    ///
    /// An address that was never traced to a page; the type of an atomic map that is no constant.
    pub fn operate(
        &mut self,
        state: &mut State,
        call: &Call,
        name: &str,
        does: &[Operation],
    ) -> Result<Step, Refusal> {
        let depth = state.frames.len() - 1;
        let number = usize::from(state.frames[depth].done);
        let Some(operation) = does.get(number) else {
            self.done(state);
            return Ok(Step::On);
        };
        let is_last = number + 1 == does.len();
        let mut ways: Vec<(Option<u32>, State)> = Vec::new();
        if let Some(other) = operation.otherwise {
            let mut way = state.clone();
            self.set_result(&mut way, Some(call.result), Linear::of(other));
            self.done(&mut way);
            let label = (operation.sleeps && way.is_atomic()).then(|| self.sleep_label(name));
            ways.push((label, way));
        }
        let (label, outcomes) = match self.unmap_of_no_address(state, call, name, operation) {
            Some(label) => (Some(label), vec![(None, state.clone(), None)]),
            None => {
                let object = self.object(state, call, name, operation)?;
                self.perform(state, call, name, operation, object)?
            }
        };
        for (taken, mut way, result) in outcomes {
            if is_last || taken == Some(false) {
                let result = match result {
                    Some(result) => result,
                    None => self.result(&mut way, operation.returns),
                };
                self.set_result(&mut way, Some(call.result), result);
                self.done(&mut way);
            } else {
                way.frames[depth].done += 1;
            }
            let label = label
                .clone()
                .map(|label| self.labels.number(Label { taken, ..label }));
            ways.push((label, way));
        }
        Ok(Step::Then(ways))
    }

    fn result(&mut self, state: &mut State, returns: Returned) -> Linear {
        if returns == Returned::Zero {
            return Linear::of(0);
        }
        let value = state.fresh();
        match returns {
            Returned::Nonnull | Returned::Address => state.facts.extend(at_least(&value, 1)),
            Returned::Null => state.facts.extend(at_least(&value, 0)),
            _ => {}
        }
        value
    }

    /// What the operation is on; `None`: on nothing.
    fn object(
        &mut self,
        state: &mut State,
        call: &Call,
        name: &str,
        operation: &Operation,
    ) -> Result<Option<Object>, Refusal> {
        let depth = state.frames.len() - 1;
        if let Some(lock) = &operation.lock_name {
            let key = Key::Global(self.names.name(lock));
            return Ok(Some(Object {
                of: Linear::symbol(Symbol::Address(key.into())),
                text: lock.clone(),
                suffix: "",
                depth,
            }));
        }
        let numbers = [
            operation.page,
            operation.address,
            operation.table,
            operation.lock,
            operation.pool,
            operation.completion,
        ];
        let Some(number) = numbers.into_iter().flatten().next() else {
            if !operation.result {
                return Ok(None);
            }
            let of = state.fresh();
            state.facts.extend(at_least(&of, 1));
            let text = call.into.clone().unwrap_or_else(|| "page".to_owned());
            return Ok(Some(Object {
                of,
                text,
                suffix: "",
                depth,
            }));
        };
        let (Some(arg), Some(text)) = (call.args.get(number), call.texts.get(number)) else {
            return Err(self.refuse(
                Kind::Mapping,
                format!(
                    "`{name}` has no argument {number}, which the mapping says is what it is about"
                ),
                "arguments are numbered from 0; correct the mapping file",
            ));
        };
        let value = self.value(state, depth, arg);
        let text = text.clone();
        if operation.address.is_some() {
            let Some((of, moved)) = state.page_of(&value) else {
                return Err(self.refuse(
                    Kind::Untraced,
                    format!("`{text}` was never traced to a page that is mapped"),
                    format!("if the caller maps it, start at the caller; if a function maps it, give that function's file; or give `{name}` a stub with `--stub FILE.c`"),
                ));
            };
            if moved {
                let text = "addresses that were moved still lie in their page".to_owned();
                let at = self.at();
                self.assumptions.note("offset-in-page", at, text, None);
            }
            return Ok(Some(Object {
                of,
                text,
                suffix: "",
                depth,
            }));
        }
        if operation.table.is_some() {
            let of = self.read(state, &Key::Table(value));
            return Ok(Some(Object {
                of,
                text,
                suffix: "_table",
                depth,
            }));
        }
        Ok(Some(Object {
            of: value,
            text,
            suffix: "",
            depth,
        }))
    }

    /// The label, and the ways it can come out: whether a try took it, the state, the result.
    #[allow(clippy::type_complexity)]
    fn perform(
        &mut self,
        state: &State,
        call: &Call,
        function: &str,
        operation: &Operation,
        object: Option<Object>,
    ) -> Result<(Option<Label>, Vec<(Option<bool>, State, Option<Linear>)>), Refusal> {
        let mut way = state.clone();
        let Some(object) = object else {
            if let Some(section) = &operation.section {
                let label = self.section(&mut way, function, &operation.op, section);
                return Ok((label, vec![(None, way, None)]));
            }
            let label = (operation.sleeps && way.is_atomic()).then(|| self.sleep_label(function));
            let label = label.map(|number| self.labels.label(number).clone());
            return Ok((label, vec![(None, way, None)]));
        };
        if operation.op == "none" {
            // Only a result, such as a page that is not locked.
            let label = (operation.sleeps && way.is_atomic()).then(|| self.sleep_label(function));
            let label = label.map(|number| self.labels.label(number).clone());
            return Ok((label, vec![(None, way, Some(object.of))]));
        }
        let op = crate::map::file::name_of(&operation.op).expect("it was checked");
        let mut of = object.of.clone();
        if operation.needs() == Some(Needs::Page) && op != "kunmap" && op != "kunmap_any" {
            // What is not null is known from here on. If that settles it, so does the object.
            if let Some(fact) = at_least(&of, 1)
                && self.facts.possible(&way, &fact)
            {
                self.assume(&mut way, &fact);
            }
        }
        let waits = self.may_wait(&mut way, call, operation.flags);
        let op = match op {
            "alloc_page" if !waits => "try_alloc_page",
            op => op,
        };
        if op == "free_page" && !way.allocated.contains(&of) {
            let text = format!(
                "`{function}` does not free a page that the path has not allocated: others may still have it"
            );
            let (at, change) = (self.at(), "let the path allocate it, in a stub".to_owned());
            self.assumptions.note("hand-over", at, text, Some(change));
            return Ok((None, vec![(None, way, Some(Linear::of(0)))]));
        }
        let release = match op {
            "kunmap_any" => way
                .held
                .iter()
                .rposition(|hold| hold.of == of && hold.release.starts_with("kunmap")),
            _ => way
                .held
                .iter()
                .rposition(|hold| hold.of == of && hold.release == op),
        };
        let gives_back = taking(op).map_or(op, |(release, _)| release);
        if release.is_none() {
            self.ask_apart(&way, &of, gives_back);
            if self.split.is_some() {
                return Ok((None, Vec::new()));
            }
        }
        let name = match release {
            Some(held) => way.held[held].name,
            None => {
                let thing = thing_of(op, Scope::Own);
                self.name(&mut way, &of, &object, &thing, operation.units)?
            }
        };
        if taking(op).is_some() {
            self.distinct_from(&way, &of, name, gives_back);
            if self.split.is_some() {
                return Ok((None, Vec::new()));
            }
        }
        let with = self.with(&mut way, call, operation, op)?;
        let (file, line, here) = self.here;
        let label = Label {
            op,
            of: Some(name),
            with,
            file,
            line,
            function: here,
            note: self.remark(function, op, operation, name),
            taken: None,
        };
        if let Some(held) = release {
            way.held.remove(held);
            return Ok((Some(label), vec![(None, way, None)]));
        }
        let is_try = operation.is_try() || op == "try_alloc_page";
        let before = way.clone();
        if let Some((release, atomic)) = taking(op) {
            way.held.push(Hold {
                release,
                of: of.clone(),
                name,
                atomic,
            });
        }
        match op {
            "alloc_page" | "try_alloc_page" => {
                way.allocated.insert(of.clone());
            }
            "free_page" => {
                way.allocated.remove(&of);
            }
            _ => {}
        }
        let result = match operation.returns {
            Returned::Address => {
                let address = self.mapped_at(&mut way, op, &mut of);
                Some(address)
            }
            _ if operation.result => Some(of),
            _ => None,
        };
        if !is_try {
            return Ok((Some(label), vec![(None, way, result)]));
        }
        let taken = operation.taken.unwrap_or(1);
        let result = result.unwrap_or(Linear::of(taken));
        let not = Linear::of(i64::from(operation.taken == Some(0)));
        let outcomes = vec![
            (Some(true), way, Some(result)),
            (Some(false), before, Some(not)),
        ];
        Ok((Some(label), outcomes))
    }

    /// The address that a page is mapped at: by kmap the same until it is unmapped.
    fn mapped_at(&mut self, state: &mut State, op: &str, page: &mut Linear) -> Linear {
        let address = match op {
            "kmap" | "try_kmap" => self.read(state, &Key::Mapped(page.clone())),
            _ => state.fresh(),
        };
        if let Some(symbol @ Symbol::Any(_)) = address.sole() {
            state.pages.insert(symbol.clone(), page.clone());
        }
        state.facts.extend(at_least(&address, 1));
        address
    }

    fn remark(
        &mut self,
        function: &str,
        op: &str,
        operation: &Operation,
        name: Name,
    ) -> Option<String> {
        if let Some(to) = &operation.hands_over {
            let what = self.names.text(name);
            let text = format!(
                "`{what}` is handed over to {to}, which always comes to its end: it is given back at once"
            );
            let at = self.at();
            self.assumptions.note("hand-over", at, text, None);
            return Some(format!("handed over to {to}"));
        }
        (function != op).then(|| format!("{function}()"))
    }

    /// The series or type of a map.
    fn with(
        &mut self,
        state: &mut State,
        call: &Call,
        operation: &Operation,
        op: &str,
    ) -> Result<Option<(&'static str, String)>, Refusal> {
        match op {
            "kmap" | "try_kmap" => {
                let series = operation.series.clone().or(self.mapping.series.clone());
                Ok(series.map(|series| ("series", series)))
            }
            "kmap_atomic" => {
                let level = || {
                    state
                        .held
                        .iter()
                        .filter(|hold| hold.release == "kunmap_atomic")
                        .count()
                };
                let kind = match (operation.kind, &operation.type_name) {
                    (_, Some(name)) => name.clone(),
                    (Some(number), None) => {
                        let text = call.texts.get(number).cloned().unwrap_or_default();
                        let (text, _) = self.written(state, state.frames.len() - 1, &text);
                        if !is_constant(&text) {
                            return Err(self.refuse(
                                Kind::AtomicType,
                                format!("the type of this atomic map is `{text}`, which is no constant"),
                                "start at a caller that gives it a constant, or say which in a stub with `--stub FILE.c`",
                            ));
                        }
                        text
                    }
                    (None, None) => format!("LEVEL{}", level()),
                };
                Ok(Some(("type", kind)))
            }
            _ => Ok(None),
        }
    }
}

/// What an operation's object is in the scenario.
#[must_use]
pub fn thing_of(op: &str, scope: Scope) -> Thing {
    match op {
        "alloc_page" | "try_alloc_page" => Thing::Allocated,
        "wait_for_completion" | "complete" => Thing::Completion(scope),
        "mempool_alloc" | "mempool_free" => Thing::Pool(scope),
        op if op.starts_with("spin") || op.starts_with("down") || op.starts_with("up") => {
            Thing::Lock(lock_kind(op), scope)
        }
        _ => Thing::Page(scope),
    }
}

fn is_constant(text: &str) -> bool {
    let mut chars = text.chars();
    chars
        .next()
        .is_some_and(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        && chars.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
