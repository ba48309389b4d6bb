//! A state of a path.

use std::collections::{BTreeMap, BTreeSet};

use crate::read::names::Name;
use crate::run::rest::settled;
use crate::run::shared::Shared;
use crate::run::value::{Key, Linear, Symbol};

/// How a linear expression stands to 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// It is 0.
    Zero,
    /// It is not 0.
    NotZero,
    /// It is at most 0.
    AtMostZero,
}

/// A linear expression that stands so to 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fact {
    /// How.
    pub relation: Relation,
    /// Which.
    pub of: Linear,
}

/// A call that is open.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Frame {
    /// The function.
    pub function: usize,
    /// The next instruction.
    pub at: usize,
    /// How many operations of the call at `at` are done.
    pub done: u8,
    /// Where the result goes, in the caller.
    pub result: Option<Name>,
}

/// What is held: by which kind of operation, and what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hold {
    /// The operation that gives it back.
    pub release: &'static str,
    /// What.
    pub of: Linear,
    /// Its name.
    pub name: Name,
    /// Whether sleep is forbidden meanwhile.
    pub atomic: bool,
}

/// A state of a path. Two that are equal go on alike.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// The calls that are open, the entry first. None: the path has ended.
    pub frames: Vec<Frame>,
    /// The values that were read or set.
    pub store: Shared<BTreeMap<Key, Linear>>,
    /// What is known of symbols.
    pub facts: Shared<BTreeSet<Fact>>,
    /// The pages behind symbols that are mapped addresses.
    pub pages: Shared<BTreeMap<Symbol, Linear>>,
    /// What pages, locks and pools are called.
    pub names: Shared<BTreeMap<Linear, Name>>,
    /// What is held, in the order it was taken.
    pub held: Vec<Hold>,
    /// Pages that this path has allocated.
    pub allocated: Shared<BTreeSet<Linear>>,
    /// How many symbols have been numbered.
    pub symbols: u32,
}

impl State {
    /// Another symbol.
    pub fn fresh(&mut self) -> Linear {
        self.symbols += 1;
        Linear::symbol(Symbol::Any(self.symbols))
    }

    /// How many values and facts it has: what it takes of memory, more or less.
    #[must_use]
    pub fn weight(&self) -> usize {
        let facts = self.facts.iter().map(|fact| fact.of.terms.len());
        self.frames.len()
            + self.store.len()
            + facts.sum::<usize>()
            + self.pages.len()
            + self.names.len()
            + self.held.len()
    }

    /// Whether sleep is forbidden.
    #[must_use]
    pub fn is_atomic(&self) -> bool {
        self.held.iter().any(|hold| hold.atomic)
    }

    /// The page behind an address, which may have been moved within it.
    #[must_use]
    pub fn page_of(&self, address: &Linear) -> Option<(Linear, bool)> {
        let (symbol, _) = (address.terms.iter())
            .find(|(symbol, factor)| *factor == 1 && self.pages.contains_key(symbol))?;
        Some((self.pages[symbol].clone(), address.sole().is_none()))
    }

    /// Replaces a symbol by what it is equal to.
    pub fn substitute(&mut self, number: u32, by: &Linear) {
        let swap = &mut |of: &Linear| substituted(of, number, by);
        let mut equal = Vec::new();
        let old = self.store.take();
        for (key, value) in old {
            let (key, value) = settled(key.map(swap), swap(&value));
            // Two places that turn out to be one have one value: the later one says which. Two
            // results of one function are equal.
            let is_result = matches!(key, Key::Pure(..));
            let kept = self.store.entry(key).or_insert_with(|| value.clone());
            equal.extend(kept.plus(&value, -1).filter(|_| is_result));
        }
        let facts = self.facts.take();
        for fact in facts {
            let of = swap(&fact.of);
            if of.number().is_none() {
                self.facts.insert(Fact { of, ..fact });
            }
        }
        let equal = equal.into_iter().filter(|of| of.number().is_none());
        self.facts.extend(equal.map(|of| Fact {
            relation: Relation::Zero,
            of,
        }));
        let pages = self.pages.take();
        for (symbol, page) in pages {
            let address = swap(&Linear::symbol(symbol));
            if let Some(symbol) = address.sole() {
                self.pages.insert(symbol.clone(), swap(&page));
            }
        }
        let names = self.names.take();
        for (of, name) in names {
            self.names.entry(swap(&of)).or_insert(name);
        }
        for hold in &mut self.held {
            hold.of = swap(&hold.of);
        }
        self.allocated = self.allocated.iter().map(&mut *swap).collect();
    }
}

fn substituted(of: &Linear, number: u32, by: &Linear) -> Linear {
    let mut has = false;
    of.symbols(&mut |other| has |= other == number);
    if !has {
        return of.clone();
    }
    let swapped = of.map(&mut |symbol| match symbol {
        Symbol::Any(other) if *other == number => by.clone(),
        Symbol::Address(key) => {
            let key = key.map(&mut |inner| substituted(inner, number, by));
            Linear::symbol(Symbol::Address(key.into()))
        }
        other => Linear::symbol(other.clone()),
    });
    swapped.unwrap_or_else(|| of.clone())
}
