//! Linear expressions over symbols, and the keys under which the store keeps them.

use std::rc::Rc;

use crate::read::names::Name;

/// The least address that a place or function can have.
pub const LEAST_ADDRESS: i64 = 4096;

/// Something whose value is not known, but always the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Symbol {
    /// Any number.
    Any(u32),
    /// The address of a place: positive, and that of no other place.
    Address(Rc<Key>),
    /// The address of a function.
    Function(Name),
}

/// A constant and multiples of symbols, in order of the symbols, none of them 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Linear {
    /// The constant.
    pub constant: i64,
    /// The symbols with their factors.
    pub terms: Vec<(Symbol, i64)>,
}

/// Where a value is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A variable of the call of this depth.
    Local(u16, Name),
    /// A variable outside.
    Global(Name),
    /// A field of what this points to.
    Field(Linear, Name),
    /// What this points to.
    Deref(Linear),
    /// The result of something that depends on its arguments only.
    Pure(Rc<str>, Vec<Linear>),
    /// The address that this page is mapped at.
    Mapped(Linear),
    /// The page that belongs to what this points to.
    Table(Linear),
}

impl Linear {
    /// A constant.
    #[must_use]
    pub fn of(constant: i64) -> Linear {
        Linear {
            constant,
            terms: Vec::new(),
        }
    }

    /// A symbol.
    #[must_use]
    pub fn symbol(symbol: Symbol) -> Linear {
        Linear {
            constant: 0,
            terms: vec![(symbol, 1)],
        }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        self.terms.is_empty().then_some(self.constant)
    }

    /// The symbol, if it is one and no more.
    #[must_use]
    pub fn sole(&self) -> Option<&Symbol> {
        match self.terms.as_slice() {
            [(symbol, 1)] if self.constant == 0 => Some(symbol),
            _ => None,
        }
    }

    /// `self + other * factor`; `None`: too large.
    #[must_use]
    pub fn plus(&self, other: &Linear, factor: i64) -> Option<Linear> {
        let constant = self
            .constant
            .checked_add(other.constant.checked_mul(factor)?)?;
        let mut terms = Vec::with_capacity(self.terms.len() + other.terms.len());
        let (mut a, mut b) = (self.terms.iter().peekable(), other.terms.iter().peekable());
        loop {
            let take_a = match (a.peek(), b.peek()) {
                (None, None) => break,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (Some((x, _)), Some((y, _))) if x == y => {
                    let (symbol, n) = a.next()?;
                    let (_, m) = b.next()?;
                    let sum = n.checked_add(m.checked_mul(factor)?)?;
                    if sum != 0 {
                        terms.push((symbol.clone(), sum));
                    }
                    continue;
                }
                (Some((x, _)), Some((y, _))) => x < y,
            };
            if take_a {
                terms.extend(a.next().cloned());
            } else {
                let (symbol, m) = b.next()?;
                let product = m.checked_mul(factor)?;
                if product != 0 {
                    terms.push((symbol.clone(), product));
                }
            }
        }
        Some(Linear { constant, terms })
    }

    /// `self * factor`; `None`: too large.
    #[must_use]
    pub fn times(&self, factor: i64) -> Option<Linear> {
        Linear::default().plus(self, factor)
    }

    /// The same with every symbol as `change` has it.
    #[must_use]
    pub fn map(&self, change: &mut dyn FnMut(&Symbol) -> Linear) -> Option<Linear> {
        let mut sum = Linear::of(self.constant);
        for (symbol, factor) in &self.terms {
            sum = sum.plus(&change(symbol), *factor)?;
        }
        Some(sum)
    }

    /// The address of what lies within `from` where it lies within `to`.
    fn moved(&self, from: &Linear, to: &Linear) -> Option<Linear> {
        let mut is_within = false;
        let moved = self.map(&mut |symbol| {
            let inner = match symbol {
                Symbol::Address(key) => key.moved(from, to),
                _ => None,
            };
            is_within |= inner.is_some();
            let inner = inner.map(|key| Symbol::Address(key.into()));
            Linear::symbol(inner.unwrap_or_else(|| symbol.clone()))
        });
        moved.filter(|_| is_within)
    }

    /// Calls `each` with the number of every symbol in it, those in addresses too.
    pub fn symbols(&self, each: &mut dyn FnMut(u32)) {
        for (symbol, _) in &self.terms {
            match symbol {
                Symbol::Any(number) => each(*number),
                Symbol::Address(key) => key.symbols(each),
                Symbol::Function(_) => {}
            }
        }
    }
}

impl Key {
    /// Calls `each` with the number of every symbol in it.
    pub fn symbols(&self, each: &mut dyn FnMut(u32)) {
        match self {
            Key::Local(..) | Key::Global(_) => {}
            Key::Field(of, _) | Key::Deref(of) | Key::Mapped(of) | Key::Table(of) => {
                of.symbols(each);
            }
            Key::Pure(_, args) => args.iter().for_each(|arg| arg.symbols(each)),
        }
    }

    /// The same with every expression in it as `change` has it.
    #[must_use]
    pub fn map(&self, change: &mut dyn FnMut(&Linear) -> Linear) -> Key {
        match self {
            Key::Local(..) | Key::Global(_) => self.clone(),
            Key::Field(of, name) => Key::Field(change(of), *name),
            Key::Deref(of) => Key::Deref(change(of)),
            Key::Mapped(of) => Key::Mapped(change(of)),
            Key::Table(of) => Key::Table(change(of)),
            Key::Pure(name, args) => Key::Pure(name.clone(), args.iter().map(change).collect()),
        }
    }

    /// The place that corresponds to this one where what is at the address `from` is at `to` as well.
    /// `None`: it does not lie within.
    #[must_use]
    pub fn moved(&self, from: &Linear, to: &Linear) -> Option<Key> {
        match self {
            Key::Field(base, name) if base == from => Some(Key::Field(to.clone(), *name)),
            Key::Field(base, name) => Some(Key::Field(base.moved(from, to)?, *name)),
            Key::Deref(base) => Some(Key::Deref(base.moved(from, to)?)),
            _ => None,
        }
    }
}
