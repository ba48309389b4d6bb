//! Values of expressions, and what assignments and facts do to a state.

use crate::read::constant::binary;
use crate::read::instruction::{Expr, Place};
use crate::read::names::Name;
use crate::run::facts::{interval, reduced};
use crate::run::identity::{Meet, meet};
use crate::run::rest::{quotient_name, rest_name, split};
use crate::run::state::{Fact, Relation, State};
use crate::run::step::Machine;
use crate::run::structure::set;
use crate::run::value::{Key, Linear, Symbol};

/// What a fact and its opposite say.
pub struct Question {
    /// If it is true.
    pub yes: Option<Fact>,
    /// If it is false.
    pub no: Option<Fact>,
}

impl Machine<'_> {
    /// Where a place is kept, in the call of this depth.
    pub fn key(&mut self, state: &mut State, depth: usize, place: &Place) -> Key {
        match place {
            Place::Local(name) => Key::Local(depth_of(depth), *name),
            Place::Global(name) => Key::Global(*name),
            Place::Field(base, name) => {
                let base = self.value(state, depth, base);
                let key = Key::Field(base, *name);
                if let Some(address) = address_of(&key) {
                    self.tell_apart(state, &address);
                }
                key
            }
            Place::Deref(base) => {
                let base = self.value(state, depth, base);
                match base.sole() {
                    Some(Symbol::Address(key)) => {
                        let key = (**key).clone();
                        self.tell_apart(state, &base);
                        key
                    }
                    _ => {
                        self.tell_apart(state, &base);
                        Key::Deref(base)
                    }
                }
            }
        }
    }

    /// Two elements of one array may be one: if nothing says whether they are, that has to be asked
    /// before either is used.
    fn tell_apart(&mut self, state: &State, of: &Linear) {
        let is_known = |key: &Key| address_of(key).as_ref() == Some(of);
        if self.split.is_some() || state.store.keys().any(is_known) {
            return;
        }
        for key in state.store.keys() {
            let Some(other) = address_of(key) else {
                continue;
            };
            let Some(difference) = undecided_difference(of, &other) else {
                continue;
            };
            if self.ask_if_zero(state, &difference) {
                return;
            }
            // What was asked must be settled by the answer, or it would be asked again.
            if solved(state, &difference).is_none() {
                self.distinct();
            }
        }
    }

    /// What is kept there; something new if nothing is known.
    pub fn read(&mut self, state: &mut State, key: &Key) -> Linear {
        if let Some(value) = state.store.get(key) {
            if !matches!(key, Key::Local(..)) {
                self.unchanged();
            }
            return value.clone();
        }
        let name = match key {
            Key::Local(_, name) | Key::Global(name) | Key::Field(_, name) => Some(*name),
            _ => None,
        };
        if let Some(number) = name.and_then(|name| self.set.get(&name).copied())
            && !matches!(key, Key::Local(..))
        {
            self.note_set(name, number);
            return Linear::of(number);
        }
        let value = match key {
            Key::Global(name) => self.points_at_first(*name),
            _ => None,
        };
        let value = value.unwrap_or_else(|| state.fresh());
        state.store.insert(key.clone(), value.clone());
        let is_unsigned = match key {
            Key::Local(depth, name) => (state.frames.get(usize::from(*depth)))
                .is_some_and(|f| self.slice.bodies[&f.function].code.unsigned.contains(name)),
            Key::Field(_, name) => self.unit.unsigned_fields.contains(self.names.text(*name)),
            Key::Global(name) => self.names.text(*name).contains('('),
            _ => false,
        };
        let mut fact = None;
        if is_unsigned {
            fact = at_least(&value, 0);
        }
        if name.is_some_and(|name| self.nonnull.contains(&name)) {
            fact = at_least(&value, 1);
        }
        state.facts.extend(fact.clone());
        self.bear(key.clone(), value.clone(), fact);
        value
    }

    /// Keeps what was read for a question that may come; what is read after it depends on the answer.
    fn bear(&mut self, key: Key, value: Linear, fact: Option<Fact>) {
        if self.split.is_none() {
            self.born.push((key, value, fact));
        }
    }

    /// Notes that something is set which an unknown pointer may point to, and what is read there is
    /// not changed by that.
    fn set_directly(&mut self, state: &State, key: &Key) {
        let (Key::Global(_) | Key::Field(..), Some(address)) = (key, address_of(key)) else {
            return;
        };
        let may_be = |other: &Key| match (other, key) {
            (Key::Deref(base), _) => meet(base, &address) != Meet::Never,
            (Key::Field(base, name), Key::Field(of, same)) => {
                name == same && base != of && meet(base, of) != Meet::Never
            }
            _ => false,
        };
        if state
            .store
            .keys()
            .any(|other| other != key && may_be(other))
        {
            self.distinct();
        }
    }

    /// The value of an expression, in the call of this depth.
    pub fn value(&mut self, state: &mut State, depth: usize, expr: &Expr) -> Linear {
        match expr {
            Expr::Const(number) => Linear::of(*number),
            Expr::Text(name) => Linear::symbol(Symbol::Address(Key::Global(*name).into())),
            Expr::Function(name) => Linear::symbol(Symbol::Function(*name)),
            Expr::Unknown => state.fresh(),
            Expr::Read(place) => {
                let key = self.key(state, depth, place);
                self.read(state, &key)
            }
            Expr::Address(place) => match &**place {
                Place::Deref(inner) => self.value(state, depth, inner),
                place => {
                    let key = self.key(state, depth, place);
                    Linear::symbol(Symbol::Address(key.into()))
                }
            },
            Expr::Complement(inner) => {
                let value = self.value(state, depth, inner);
                // In two's complement ~x is -x - 1.
                let flipped = Linear::of(-1).plus(&value, -1);
                flipped.unwrap_or_else(|| state.fresh())
            }
            Expr::Binary(sign, left, right) => {
                let left = self.value(state, depth, left);
                let right = self.value(state, depth, right);
                self.applied(state, sign, &left, &right)
            }
        }
    }

    fn applied(&mut self, state: &mut State, sign: &'static str, a: &Linear, b: &Linear) -> Linear {
        if let (Some(a), Some(b)) = (a.number(), b.number()) {
            return match binary(sign, a, b) {
                Some(value) => Linear::of(value),
                None => state.fresh(),
            };
        }
        let linear = match (sign, a.number(), b.number()) {
            ("+", ..) => a.plus(b, 1),
            ("-", ..) => a.plus(b, -1),
            ("*", Some(n), _) => b.times(n),
            ("*", _, Some(n)) => a.times(n),
            ("&", Some(0), _) | ("&", _, Some(0)) => Some(Linear::of(0)),
            ("|" | "^", Some(0), _) => Some(b.clone()),
            ("|" | "^" | "<<" | ">>", _, Some(0)) => Some(a.clone()),
            ("&", Some(mask), _) => self.masked(state, b, mask),
            ("&", _, Some(mask)) => self.masked(state, a, mask),
            (">>", _, Some(bits @ 1..32)) => Some(self.divided(state, a, bits).0),
            ("<<", _, Some(bits @ 1..32)) => a.times(1 << bits),
            _ => None,
        };
        linear.unwrap_or_else(|| self.pure(state, sign, vec![a.clone(), b.clone()]))
    }

    /// The value of something that depends on its arguments only.
    pub fn pure(&mut self, state: &mut State, name: &str, args: Vec<Linear>) -> Linear {
        let key = Key::Pure(name.into(), args);
        if let Some(value) = state.store.get(&key) {
            return value.clone();
        }
        let value = state.fresh();
        state.store.insert(key.clone(), value.clone());
        self.bear(key, value.clone(), None);
        value
    }

    fn masked(&mut self, state: &mut State, of: &Linear, mask: i64) -> Option<Linear> {
        let low = mask.checked_add(1)?;
        if mask > 0 && low.count_ones() == 1 && low < 1 << 32 {
            return Some(self.divided(state, of, i64::from(low.trailing_zeros())).1);
        }
        let high = mask.checked_neg()?;
        if mask < -1 && high.count_ones() == 1 && high < 1 << 32 {
            let rest = self.divided(state, of, i64::from(high.trailing_zeros())).1;
            return of.plus(&rest, -1);
        }
        None
    }

    /// Quotient and rest by a power of two.
    fn divided(&mut self, state: &mut State, of: &Linear, bits: i64) -> (Linear, Linear) {
        let size = 1i64 << bits;
        let (high, low) = split(of, bits);
        if let Some(low) = low.number() {
            let quotient = high.plus(&Linear::of(low.div_euclid(size)), 1);
            return (
                quotient.unwrap_or_else(|| state.fresh()),
                Linear::of(low.rem_euclid(size)),
            );
        }
        let quotient = self.pure(state, &quotient_name(bits), vec![low.clone()]);
        let rest = self.pure(state, &rest_name(bits), vec![low.clone()]);
        state.facts.extend(at_least(&rest, 0));
        state.facts.extend(at_most(&rest, size - 1));
        let sum = rest
            .plus(&quotient, size)
            .and_then(|sum| sum.plus(&low, -1));
        state.facts.extend(sum.map(|of| Fact {
            relation: Relation::Zero,
            of,
        }));
        // Too large: nothing is known of it.
        let quotient = quotient.plus(&high, 1).unwrap_or_else(|| state.fresh());
        (quotient, rest)
    }

    /// Assigns a value. What is a structure takes its fields along, as far as they are known.
    pub fn assign(&mut self, state: &mut State, depth: usize, place: &Place, value: &Expr) {
        let of = self.value(state, depth, value);
        let key = self.key(state, depth, place);
        let fields = self.fields_of(state, depth, value, &key);
        if let Key::Field(base, _) | Key::Deref(base) = &key
            && !matches!(base.sole(), Some(Symbol::Address(_)))
        {
            self.distinct();
        }
        self.set_directly(state, &key);
        set(state, key, of, fields);
    }

    /// Sets where the result of a call goes.
    pub fn set_result(&mut self, state: &mut State, name: Option<Name>, value: Linear) {
        // There is always the frame of the entry.
        let depth = state.frames.len().saturating_sub(1);
        if let Some(name) = name {
            state.store.insert(Key::Local(depth_of(depth), name), value);
        }
    }

    /// Forgets what is kept at a place, and in the fields of what is there.
    pub fn forget(&mut self, state: &mut State, key: &Key) {
        let address = Linear::symbol(Symbol::Address(key.clone().into()));
        state.store.retain(|other, _| {
            other != key && !matches!(other, Key::Field(base, _) | Key::Deref(base) if is_within(base, &address))
        });
    }

    /// The question that a condition asks.
    pub fn question(&mut self, state: &mut State, depth: usize, expr: &Expr) -> Question {
        let fact = |relation, of: Option<Linear>| of.map(|of| Fact { relation, of });
        let less = |a: &Linear, b: &Linear, by: i64| {
            // a <= b - by
            let of = a.plus(b, -1).and_then(|d| d.plus(&Linear::of(by), 1));
            fact(Relation::AtMostZero, of)
        };
        if let Expr::Binary(sign @ ("==" | "!=" | "<" | "<=" | ">" | ">="), left, right) = expr {
            let a = self.value(state, depth, left);
            let b = self.value(state, depth, right);
            let difference = a.plus(&b, -1);
            return match *sign {
                "==" => Question {
                    yes: fact(Relation::Zero, difference.clone()),
                    no: fact(Relation::NotZero, difference),
                },
                "!=" => Question {
                    yes: fact(Relation::NotZero, difference.clone()),
                    no: fact(Relation::Zero, difference),
                },
                "<" => Question {
                    yes: less(&a, &b, 1),
                    no: less(&b, &a, 0),
                },
                "<=" => Question {
                    yes: less(&a, &b, 0),
                    no: less(&b, &a, 1),
                },
                ">" => Question {
                    yes: less(&b, &a, 1),
                    no: less(&a, &b, 0),
                },
                _ => Question {
                    yes: less(&b, &a, 0),
                    no: less(&a, &b, 1),
                },
            };
        }
        let value = self.value(state, depth, expr);
        Question {
            yes: fact(Relation::NotZero, Some(value.clone())),
            no: fact(Relation::Zero, Some(value)),
        }
    }

    /// Whether a fact can hold; one that cannot be told can.
    pub fn possible(&mut self, state: &State, fact: Option<&Fact>) -> bool {
        fact.is_none_or(|fact| self.facts.possible(state, fact))
    }

    /// Takes a fact as true, with what follows at once: something that can have one value only has
    /// it, before anything is called after it.
    pub fn assume(&mut self, state: &mut State, fact: &Fact) {
        let fact = &reduced(fact);
        if fact.of.number().is_some() {
            return;
        }
        let opposite = fact.of.times(-1).map(|of| Fact {
            relation: Relation::AtMostZero,
            of,
        });
        let is_zero = fact.relation == Relation::Zero
            || fact.relation == Relation::AtMostZero
                && opposite.is_some_and(|opposite| state.facts.contains(&opposite));
        if is_zero {
            if !self.equate(state, &fact.of) {
                state.facts.insert(Fact {
                    relation: Relation::Zero,
                    of: fact.of.clone(),
                });
            }
            return;
        }
        state.facts.insert(fact.clone());
        if let [(symbol @ Symbol::Any(number), _)] = fact.of.terms.as_slice() {
            let (low, high) = interval(state, symbol);
            if low == high {
                state.substitute(*number, &Linear::of(low));
            }
        }
    }

    /// Replaces a symbol of an expression that is 0; false: it has none that can be.
    fn equate(&mut self, state: &mut State, zero: &Linear) -> bool {
        let found = solved(state, zero);
        let Some((number, value)) = found else {
            return false;
        };
        state.substitute(number, &value);
        true
    }
}

/// A symbol of an expression that is 0, and what it is then.
pub fn solved(state: &State, zero: &Linear) -> Option<(u32, Linear)> {
    let single = zero.terms.len() == 1;
    zero.terms.iter().find_map(|(symbol, factor)| match symbol {
        Symbol::Any(number) if !state.pages.contains_key(symbol) => {
            let rest = zero.plus(&Linear::symbol(symbol.clone()), factor.checked_neg()?)?;
            let value = match factor {
                1 => rest.times(-1)?,
                -1 => rest,
                _ if single && zero.constant % factor == 0 => {
                    Linear::of(zero.constant.checked_neg()? / factor)
                }
                _ => return None,
            };
            let mut within = false;
            value.symbols(&mut |other| within |= other == *number);
            (!within).then_some((*number, value))
        }
        _ => None,
    })
}

/// `of >= bound`
#[must_use]
pub fn at_least(of: &Linear, bound: i64) -> Option<Fact> {
    let of = Linear::of(bound).plus(of, -1)?;
    of.number().is_none().then_some(Fact {
        relation: Relation::AtMostZero,
        of,
    })
}

/// `of <= bound`
fn at_most(of: &Linear, bound: i64) -> Option<Fact> {
    let of = of.plus(&Linear::of(bound), -1)?;
    of.number().is_none().then_some(Fact {
        relation: Relation::AtMostZero,
        of,
    })
}

/// The address of what is kept under a key; `None`: it has none.
fn address_of(key: &Key) -> Option<Linear> {
    match key {
        Key::Deref(base) => Some(base.clone()),
        Key::Local(..) | Key::Global(_) | Key::Field(..) => {
            Some(Linear::symbol(Symbol::Address(key.clone().into())))
        }
        Key::Pure(..) | Key::Mapped(_) | Key::Table(_) => None,
    }
}

/// How far two addresses in one array are apart, where that is not known; of fields, what they are
/// the fields of.
fn undecided_difference(a: &Linear, b: &Linear) -> Option<Linear> {
    if let (Some(Symbol::Address(a)), Some(Symbol::Address(b))) = (a.sole(), b.sole())
        && let (Key::Field(a, field), Key::Field(b, same)) = (&**a, &**b)
    {
        return (field == same)
            .then(|| undecided_difference(a, b))
            .flatten();
    }
    let shares = (a.terms.iter()).any(|term| term.1 == 1 && b.terms.contains(term));
    let difference = a.plus(b, -1)?;
    (shares && difference.number().is_none()).then_some(difference)
}

/// Whether an address lies within what another one is the address of.
fn is_within(base: &Linear, address: &Linear) -> bool {
    base.terms.iter().any(|(symbol, _)| match (symbol, address.sole()) {
        (Symbol::Address(inner), Some(outer)) => {
            *symbol == *outer
                || matches!(&**inner, Key::Field(base, _) | Key::Deref(base) if is_within(base, address))
        }
        _ => false,
    })
}

/// A depth as keys have it.
#[must_use]
pub fn depth_of(depth: usize) -> u16 {
    // Calls are at most 60 deep.
    u16::try_from(depth).unwrap_or(u16::MAX)
}
