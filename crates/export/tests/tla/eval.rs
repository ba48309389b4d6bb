//! Runs a module as TLC does: an action is a formula that assigns primed variables from left to
//! right, and branches at disjunctions and at `\E`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use crate::parse::{Expr, Module};

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    Int(i64),
    Bool(bool),
    Str(String),
    Function(BTreeMap<Value, Value>),
    Set(Vec<Value>),
}

pub type State = Vec<Value>;
type Partial = Vec<Option<Value>>;
type Env = Vec<(String, Bound)>;

/// What a name is bound to: a value, or a definition of a `LET`, evaluated when it is needed.
#[derive(Clone)]
enum Bound {
    Value(Value),
    Lazy(Rc<(Expr, RefCell<Option<Value>>)>),
}

pub struct Machine<'a> {
    module: &'a Module,
    variable: HashMap<&'a str, usize>,
    definition: HashMap<&'a str, usize>,
    /// The assertions that have failed.
    failed: RefCell<BTreeSet<String>>,
}

impl<'a> Machine<'a> {
    pub fn new(module: &'a Module) -> Self {
        let number = |(i, name): (usize, &'a String)| (name.as_str(), i);
        Machine {
            module,
            variable: module.variables.iter().enumerate().map(number).collect(),
            definition: (module.definitions.iter().map(|(name, _, _)| name))
                .enumerate()
                .map(number)
                .collect(),
            failed: RefCell::default(),
        }
    }

    pub fn initial(&self) -> Vec<State> {
        let empty = vec![None; self.module.variables.len()];
        let init = Expr::Id("Init".into());
        self.finished(self.act(&init, &mut Vec::new(), None, empty))
    }

    /// The states after a state.
    pub fn successors(&self, state: &State) -> Vec<State> {
        let empty = vec![None; self.module.variables.len()];
        let next = Expr::Id("Next".into());
        self.finished(self.act(&next, &mut Vec::new(), Some(state), empty))
    }

    /// The assertions that have failed since the last time.
    pub fn failed(&self) -> BTreeSet<String> {
        self.failed.take()
    }

    /// The findings of tasks that wait in a state.
    pub fn waiting(&self, state: &State) -> Vec<String> {
        (self.module.definitions.iter())
            .filter_map(|(name, _, body)| Some((name.strip_prefix("no_waiting_")?, body)))
            .filter(|(_, body)| !self.truth(body, &mut Vec::new(), Some(state)))
            .map(|(name, _)| name.replace('_', "-"))
            .collect()
    }

    fn finished(&self, all: Vec<Partial>) -> Vec<State> {
        all.into_iter()
            .map(|partial| {
                (partial.into_iter())
                    .map(|value| value.expect("every variable has a value"))
                    .collect()
            })
            .collect()
    }

    /// The ways to make the formula true by assigning: in `Init` plain variables, otherwise primed.
    fn act(&self, e: &Expr, env: &mut Env, state: Option<&State>, done: Partial) -> Vec<Partial> {
        match e {
            Expr::And(all) => all.iter().fold(vec![done], |partials, e| {
                (partials.into_iter())
                    .flat_map(|partial| self.act(e, env, state, partial))
                    .collect()
            }),
            Expr::Or(any) => (any.iter())
                .flat_map(|e| self.act(e, env, state, done.clone()))
                .collect(),
            Expr::Some(name, set, body) if self.assigns(body, state.is_none()) => {
                let Value::Set(set) = self.eval(set, env, state) else {
                    panic!("no set");
                };
                let mut all = Vec::new();
                for value in set {
                    env.push((name.clone(), Bound::Value(value)));
                    all.extend(self.act(body, env, state, done.clone()));
                    env.pop();
                }
                all
            }
            Expr::Bin("=", left, right) => {
                let target = match (&**left, state) {
                    (Expr::Prime(name), Some(_)) => self.variable.get(name.as_str()),
                    (Expr::Id(name), None) => self.variable.get(name.as_str()),
                    _ => None,
                };
                match target {
                    Some(&var) => self.assign(done, var, self.eval(right, env, state)),
                    None => self.test(e, env, state, done),
                }
            }
            Expr::Unchanged(names) => {
                let state = state.expect("a state");
                let mut done = vec![done];
                let names: Vec<&str> = match names.as_slice() {
                    [vars] if vars == "vars" => {
                        self.module.variables.iter().map(String::as_str).collect()
                    }
                    names => names.iter().map(String::as_str).collect(),
                };
                for name in names {
                    let var = self.variable[name];
                    done = (done.into_iter())
                        .flat_map(|partial| self.assign(partial, var, state[var].clone()))
                        .collect();
                }
                done
            }
            Expr::Let(definitions, body) => {
                let outer = env.len();
                bind(env, definitions);
                let all = self.act(body, env, state, done);
                env.truncate(outer);
                all
            }
            Expr::Id(name) if self.assigns(e, state.is_none()) => {
                let (_, _, body) = &self.module.definitions[self.definition[name.as_str()]];
                self.act(body, &mut Vec::new(), state, done)
            }
            Expr::Call(name, arguments) if self.assigns(e, state.is_none()) => {
                let (_, parameters, body) =
                    &self.module.definitions[self.definition[name.as_str()]];
                let mut inner = (parameters.iter().cloned())
                    .zip(
                        arguments
                            .iter()
                            .map(|a| Bound::Value(self.eval(a, env, state))),
                    )
                    .collect();
                self.act(body, &mut inner, state, done)
            }
            _ => self.test(e, env, state, done),
        }
    }

    fn assign(&self, mut done: Partial, var: usize, value: Value) -> Vec<Partial> {
        assert!(
            done[var].is_none(),
            "{} is assigned twice",
            self.module.variables[var]
        );
        done[var] = Some(value);
        vec![done]
    }

    fn test(&self, e: &Expr, env: &mut Env, state: Option<&State>, done: Partial) -> Vec<Partial> {
        match self.eval(e, env, state) {
            Value::Bool(true) => vec![done],
            Value::Bool(false) => Vec::new(),
            other => panic!("not a truth value: {other:?}"),
        }
    }

    /// Whether a formula assigns variables.
    fn assigns(&self, e: &Expr, init: bool) -> bool {
        match e {
            Expr::And(all) | Expr::Or(all) => all.iter().any(|e| self.assigns(e, init)),
            Expr::Some(_, _, body) | Expr::Let(_, body) => self.assigns(body, init),
            Expr::Bin("=", left, _) => match &**left {
                Expr::Prime(_) => true,
                Expr::Id(name) => init && self.variable.contains_key(name.as_str()),
                _ => false,
            },
            Expr::Unchanged(_) => true,
            Expr::Id(name) | Expr::Call(name, _) => (self.definition.get(name.as_str()))
                .is_some_and(|&i| self.assigns(&self.module.definitions[i].2, init)),
            _ => false,
        }
    }

    fn truth(&self, e: &Expr, env: &mut Env, state: Option<&State>) -> bool {
        match self.eval(e, env, state) {
            Value::Bool(b) => b,
            other => panic!("not a truth value: {other:?}"),
        }
    }

    fn eval(&self, e: &Expr, env: &mut Env, state: Option<&State>) -> Value {
        match e {
            Expr::Num(n) => Value::Int(*n),
            Expr::Bool(b) => Value::Bool(*b),
            Expr::Str(s) => Value::Str(s.clone()),
            Expr::Id(name) => {
                if let Some(i) = env.iter().rposition(|(bound, _)| bound == name) {
                    match env[i].1.clone() {
                        Bound::Value(value) => value,
                        Bound::Lazy(lazy) => {
                            if let Some(value) = &*lazy.1.borrow() {
                                return value.clone();
                            }
                            let value = self.eval(&lazy.0, &mut env[..i].to_vec(), state);
                            *lazy.1.borrow_mut() = Some(value.clone());
                            value
                        }
                    }
                } else if let Some(&var) = self.variable.get(name.as_str()) {
                    state.expect("a state")[var].clone()
                } else if name == "FINDINGS" {
                    Value::Bool(true)
                } else {
                    let (_, _, body) = &self.module.definitions[self.definition[name.as_str()]];
                    self.eval(body, &mut Vec::new(), state)
                }
            }
            // Noted, and gone past.
            Expr::Call(name, arguments) if name == "Assert" => {
                if !self.truth(&arguments[0], env, state) {
                    let Expr::Str(what) = &arguments[1] else {
                        panic!("an assertion has a message");
                    };
                    self.failed.borrow_mut().insert(what.clone());
                }
                Value::Bool(true)
            }
            Expr::Call(name, arguments) => {
                let (_, parameters, body) =
                    &self.module.definitions[self.definition[name.as_str()]];
                let mut inner = (parameters.iter().cloned())
                    .zip(
                        arguments
                            .iter()
                            .map(|a| Bound::Value(self.eval(a, env, state))),
                    )
                    .collect();
                self.eval(body, &mut inner, state)
            }
            Expr::Not(e) => Value::Bool(!self.truth(e, env, state)),
            Expr::And(all) => Value::Bool(all.iter().all(|e| self.truth(e, env, state))),
            Expr::Or(any) => Value::Bool(any.iter().any(|e| self.truth(e, env, state))),
            Expr::Bin(symbol, a, b) => {
                let (a, b) = (self.eval(a, env, state), self.eval(b, env, state));
                binary(symbol, a, b)
            }
            Expr::Some(name, set, body) | Expr::All(name, set, body) => {
                let Value::Set(set) = self.eval(set, env, state) else {
                    panic!("no set");
                };
                let mut truths = set.into_iter().map(|value| {
                    env.push((name.clone(), Bound::Value(value)));
                    let truth = self.truth(body, env, state);
                    env.pop();
                    truth
                });
                Value::Bool(match e {
                    Expr::Some(..) => truths.any(|t| t),
                    _ => truths.all(|t| t),
                })
            }
            Expr::Each(name, set, body) => {
                let Value::Set(set) = self.eval(set, env, state) else {
                    panic!("no set");
                };
                let mut function = BTreeMap::new();
                for value in set {
                    env.push((name.clone(), Bound::Value(value.clone())));
                    function.insert(value, self.eval(body, env, state));
                    env.pop();
                }
                Value::Function(function)
            }
            Expr::Except(base, changes) => {
                let Value::Function(mut function) = self.eval(base, env, state) else {
                    panic!("no function");
                };
                for (index, value) in changes {
                    let index = self.eval(index, env, state);
                    let value = self.eval(value, env, state);
                    // TLC ignores an index outside the domain; the models have none.
                    assert!(
                        function.insert(index, value).is_some(),
                        "outside the domain"
                    );
                }
                Value::Function(function)
            }
            Expr::Index(function, index) => {
                let index = self.eval(index, env, state);
                let Value::Function(function) = self.eval(function, env, state) else {
                    panic!("no function");
                };
                function.get(&index).expect("inside the domain").clone()
            }
            Expr::Tuple(all) => Value::Function(
                (1..)
                    .map(Value::Int)
                    .zip(all.iter().map(|e| self.eval(e, env, state)))
                    .collect(),
            ),
            Expr::If(condition, then, other) => {
                let branch = if self.truth(condition, env, state) {
                    then
                } else {
                    other
                };
                self.eval(branch, env, state)
            }
            Expr::Let(..) | Expr::Prime(_) | Expr::Unchanged(_) => panic!("an action is no value"),
        }
    }
}

fn bind(env: &mut Env, definitions: &[(String, Expr)]) {
    for (name, body) in definitions {
        let lazy = Rc::new((body.clone(), RefCell::new(None)));
        env.push((name.clone(), Bound::Lazy(lazy)));
    }
}

fn binary(symbol: &str, a: Value, b: Value) -> Value {
    match (symbol, a, b) {
        ("=", a, b) => Value::Bool(same_kind(&a, &b) && a == b),
        ("#", a, b) => Value::Bool(same_kind(&a, &b) && a != b),
        ("..", Value::Int(a), Value::Int(b)) => Value::Set((a..=b).map(Value::Int).collect()),
        (symbol, Value::Int(a), Value::Int(b)) => match symbol {
            "+" => Value::Int(a + b),
            "-" => {
                assert!(a >= b, "below zero");
                Value::Int(a - b)
            }
            "*" => Value::Int(a * b),
            "<" => Value::Bool(a < b),
            "<=" => Value::Bool(a <= b),
            ">" => Value::Bool(a > b),
            ">=" => Value::Bool(a >= b),
            _ => panic!("unknown operator {symbol}"),
        },
        (symbol, a, b) => panic!("{a:?} {symbol} {b:?}"),
    }
}

/// TLC refuses to compare values of different kinds.
fn same_kind(a: &Value, b: &Value) -> bool {
    assert_eq!(
        std::mem::discriminant(a),
        std::mem::discriminant(b),
        "{a:?} and {b:?}"
    );
    true
}
