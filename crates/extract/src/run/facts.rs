//! Whether linear facts can hold together.
//!
//! Facts about one symbol are an interval with holes. Others go to `kmapcheck-linear`, with each
//! symbol as the difference of two numbers that are not negative; what it does not settle within its
//! budget counts as possible. A fact that something is not 0 splits a case: it is impossible only if
//! both being positive and being negative are. So what is said to be impossible is; what is said to
//! be possible may not be, and then there are more paths, never fewer.

use std::collections::BTreeMap;

use kmapcheck_linear::{Answer, Constraint, Problem, solve};
use rustc_hash::FxHashMap;

use crate::run::identity::{Meet, meet};
use crate::run::quick::quick;
use crate::run::state::{Fact, Relation, State};
use crate::run::value::{Key, LEAST_ADDRESS, Linear, Symbol};

/// Pivots for one question.
const BUDGET: u64 = 2_000;

/// Facts that go into one question.
const MOST: usize = 60;

/// Answers that are remembered at most.
const REMEMBERED: usize = 100_000;

/// Answers that were given before.
#[derive(Debug, Default)]
pub struct Facts {
    known: FxHashMap<Vec<Fact>, bool>,
}

/// The least and greatest value of a symbol, as facts about it alone have it.
#[must_use]
pub fn interval(state: &State, symbol: &Symbol) -> (i64, i64) {
    let facts = (state.facts.iter())
        .filter(|fact| matches!(fact.of.terms.as_slice(), [(one, _)] if one == symbol));
    bounds(facts).unwrap_or((1, 0))
}

/// The bounds of the one symbol that all these facts are about; `None`: there is no such number.
fn bounds<'f>(facts: impl Iterator<Item = &'f Fact> + Clone) -> Option<(i64, i64)> {
    const FAR: i64 = i64::MAX / 4;
    let (mut low, mut high) = (-FAR, FAR);
    let mut holes = Vec::new();
    for fact in facts {
        let (_, factor) = fact.of.terms.first()?;
        let (factor, rest) = (*factor, fact.of.constant.checked_neg()?);
        // factor * x stands so to rest.
        match fact.relation {
            Relation::Zero if rest % factor != 0 => return None,
            Relation::Zero => {
                low = low.max(rest / factor);
                high = high.min(rest / factor);
            }
            Relation::NotZero if rest % factor == 0 => holes.push(rest / factor),
            Relation::NotZero => {}
            Relation::AtMostZero if factor > 0 => high = high.min(rest.div_euclid(factor)),
            Relation::AtMostZero => {
                // x >= rest / factor, rounded up.
                let up = rest.div_euclid(factor.checked_neg()?).checked_neg();
                low = low.max(up?.max(-FAR));
            }
        }
    }
    holes.sort_unstable();
    for hole in &holes {
        if *hole == low {
            low += 1;
        }
    }
    for hole in holes.iter().rev() {
        if *hole == high {
            high -= 1;
        }
    }
    (low <= high).then_some((low, high))
}

impl Facts {
    /// Whether `new` can hold together with what is known.
    pub fn possible(&mut self, state: &State, new: &Fact) -> bool {
        let new = &reduced(new);
        if let Some(number) = new.of.number() {
            return match new.relation {
                Relation::Zero => number == 0,
                Relation::NotZero => number != 0,
                Relation::AtMostZero => number <= 0,
            };
        }
        if let Some(answer) = of_addresses(state, new) {
            return answer;
        }
        let together = together(state, new);
        if together.iter().all(|fact| fact.of.terms.len() == 1) {
            // All about one symbol, since they hang together.
            let is_address = matches!(new.of.terms.first(), Some((Symbol::Any(_), _)));
            return !is_address || bounds(together.iter()).is_some();
        }
        if let Some(&answer) = self.known.get(&together) {
            return answer;
        }
        let answer = quick(&together).unwrap_or_else(|| decide(&together));
        // Answers are as many as questions, of which nobody says how many there may be.
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(together, answer);
        answer
    }
}

/// What is clear because of addresses.
fn of_addresses(state: &State, new: &Fact) -> Option<bool> {
    let is_address = |symbol: &Symbol| match symbol {
        Symbol::Any(_) => state.pages.contains_key(symbol),
        Symbol::Address(_) | Symbol::Function(_) => true,
    };
    let (addresses, others): (Vec<_>, Vec<_>) = new
        .of
        .terms
        .iter()
        .partition(|(symbol, _)| is_address(symbol));
    // Moved within what it points into, an address does not become null. If something is taken away
    // from it, that may be another pointer, and the question whether they are one.
    let moves =
        |by: i64| !others.is_empty() && others.iter().all(|(_, n)| n.signum() == by.signum());
    match (new.relation, addresses.as_slice(), others.as_slice()) {
        // A pointer may be that function.
        (_, [(Symbol::Function(_), n)], [(Symbol::Any(_), m)])
            if *n == -*m && new.of.constant == 0 =>
        {
            None
        }
        (Relation::Zero, [(_, by @ (1 | -1))], _) if moves(*by) => Some(false),
        (Relation::NotZero, [(_, by @ (1 | -1))], _) if moves(*by) => Some(true),
        // Two places have two addresses.
        (Relation::Zero, [(a, n), (b, m)], []) if *n == -*m && new.of.constant == 0 && a != b => {
            distinct(a, b).then_some(false)
        }
        (Relation::NotZero, [(a, n), (b, m)], [])
            if *n == -*m && new.of.constant == 0 && a != b =>
        {
            distinct(a, b).then_some(true)
        }
        // An address of a place or function is positive, even a little below it.
        (relation, [(Symbol::Address(_) | Symbol::Function(_), factor @ (1 | -1))], []) => {
            let positive = *factor == 1 && new.of.constant > -LEAST_ADDRESS;
            let negative = *factor == -1 && new.of.constant < LEAST_ADDRESS;
            match relation {
                _ if !positive && !negative => None,
                Relation::Zero => Some(false),
                Relation::NotZero => Some(true),
                Relation::AtMostZero => Some(negative),
            }
        }
        _ => None,
    }
}

/// Whether two symbols are addresses of places that cannot be one.
fn distinct(a: &Symbol, b: &Symbol) -> bool {
    let fixed = |symbol: &Symbol| !matches!(symbol, Symbol::Any(_));
    let is_function = |symbol: &Symbol| matches!(symbol, Symbol::Function(_));
    let of = |symbol: &Symbol| Linear::symbol(symbol.clone());
    let never_meet = || meet(&of(a), &of(b)) == Meet::Never;
    fixed(a) && fixed(b) && (is_function(a) || is_function(b) || never_meet())
}

/// A question about two addresses as one about what they are made of: fields of one name are one if
/// their structures are.
#[must_use]
pub fn reduced(fact: &Fact) -> Fact {
    let mut fact = fact.clone();
    while fact.relation != Relation::AtMostZero
        && fact.of.constant == 0
        && let [
            (a @ Symbol::Address(_), n @ (1 | -1)),
            (b @ Symbol::Address(_), m),
        ] = fact.of.terms.as_slice()
        && *n == -*m
        && let (Symbol::Address(x), Symbol::Address(y)) = (a, b)
        && let (Key::Field(x, _), Key::Field(y, _)) = (&**x, &**y)
        && let Meet::If(difference, _) =
            meet(&Linear::symbol(a.clone()), &Linear::symbol(b.clone()))
        && x != y
    {
        fact.of = difference;
    }
    fact
}

/// The facts that hang together with `new`, in order, and `new` itself.
fn together(state: &State, new: &Fact) -> Vec<Fact> {
    let mut symbols: Vec<&Symbol> = new.of.terms.iter().map(|(symbol, _)| symbol).collect();
    let mut rest: Vec<&Fact> = state.facts.iter().collect();
    let mut all = vec![new.clone()];
    let mut changed = true;
    while changed && all.len() < MOST {
        changed = false;
        rest.retain(|fact| {
            let touches = fact
                .of
                .terms
                .iter()
                .any(|(symbol, _)| symbols.contains(&symbol));
            if touches {
                symbols.extend(fact.of.terms.iter().map(|(symbol, _)| symbol));
                all.push((*fact).clone());
                changed = true;
            }
            !touches
        });
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn decide(facts: &[Fact]) -> bool {
    let mut variables: BTreeMap<&Symbol, usize> = BTreeMap::new();
    for (symbol, _) in facts.iter().flat_map(|fact| &fact.of.terms) {
        let next = variables.len() * 2;
        variables.entry(symbol).or_insert(next);
    }
    let terms = |of: &Linear| -> Option<Vec<(usize, i64)>> {
        let mut terms = Vec::new();
        for (symbol, factor) in &of.terms {
            terms.push((variables[symbol], *factor));
            terms.push((variables[symbol] + 1, factor.checked_neg()?));
        }
        Some(terms)
    };
    let mut problem = Problem {
        variables: variables.len() * 2,
        constraints: Vec::new(),
    };
    let mut split = Vec::new();
    for (symbol, variable) in &variables {
        if !matches!(symbol, Symbol::Any(_)) {
            let positive = [(*variable, 1), (*variable + 1, -1)];
            problem
                .constraints
                .push(Constraint::at_least(positive, LEAST_ADDRESS));
        }
    }
    for fact in facts {
        let (Some(terms), Some(bound)) = (terms(&fact.of), fact.of.constant.checked_neg()) else {
            continue;
        };
        match fact.relation {
            Relation::Zero => {
                problem
                    .constraints
                    .push(Constraint::at_least(terms.clone(), bound));
                problem.constraints.push(Constraint::at_most(terms, bound));
            }
            Relation::AtMostZero => problem.constraints.push(Constraint::at_most(terms, bound)),
            Relation::NotZero => split.push((terms, bound)),
        }
    }
    let possible = |problem: &Problem| !matches!(solve(problem, BUDGET), Answer::Infeasible(_));
    if !possible(&problem) {
        return false;
    }
    split.into_iter().all(|(terms, bound)| {
        let (Some(above), Some(below)) = (bound.checked_add(1), bound.checked_sub(1)) else {
            return true;
        };
        possible(&problem.with(Constraint::at_least(terms.clone(), above)))
            || possible(&problem.with(Constraint::at_most(terms, below)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(number: u32) -> Linear {
        Linear::symbol(Symbol::Any(number))
    }

    fn fact(relation: Relation, of: Option<Linear>) -> Fact {
        let of = of.expect("it is small");
        Fact { relation, of }
    }

    /// `a - b <= 0` and the like, against every value of two symbols in a small range.
    #[test]
    fn against_enumeration() {
        let expressions: Vec<Linear> = (-2..=2)
            .flat_map(|c| {
                let (x, y) = (any(1), any(2));
                [
                    x.clone(),
                    y.clone(),
                    x.plus(&y, -1).expect("small"),
                    x.plus(&y, 2).expect("small"),
                ]
                .map(|of| of.plus(&Linear::of(c), 1).expect("small"))
            })
            .collect();
        let relations = [Relation::Zero, Relation::NotZero, Relation::AtMostZero];
        let holds = |fact: &Fact, x: i64, y: i64| {
            let value = fact.of.constant
                + (fact.of.terms.iter())
                    .map(|(symbol, factor)| {
                        if *symbol == Symbol::Any(1) {
                            x * factor
                        } else {
                            y * factor
                        }
                    })
                    .sum::<i64>();
            match fact.relation {
                Relation::Zero => value == 0,
                Relation::NotZero => value != 0,
                Relation::AtMostZero => value <= 0,
            }
        };
        let mut facts = Facts::default();
        let mut impossible = 0;
        for (i, a) in expressions.iter().enumerate() {
            for b in &expressions {
                for (r, c) in expressions.iter().zip(relations.iter().cycle()) {
                    let mut state = State::default();
                    state.facts.insert(fact(relations[i % 3], Some(a.clone())));
                    state
                        .facts
                        .insert(fact(Relation::AtMostZero, Some(b.clone())));
                    let new = fact(*c, Some(r.clone()));
                    let all = [new.clone()].into_iter().chain(state.facts.iter().cloned());
                    let all: Vec<Fact> = all.collect();
                    let there = (-12..=12)
                        .any(|x| (-12..=12).any(|y| all.iter().all(|fact| holds(fact, x, y))));
                    let before = state.facts.iter().cloned().collect::<Vec<_>>();
                    let could = (-12..=12)
                        .any(|x| (-12..=12).any(|y| before.iter().all(|fact| holds(fact, x, y))));
                    if could {
                        let said = facts.possible(&state, &new);
                        assert!(said || !there, "{all:?}");
                        impossible += u32::from(!said);
                    }
                }
            }
        }
        assert!(impossible > 50, "{impossible}");
    }

    /// Random facts about three symbols: a quick answer is that of the solver, and most are quick.
    #[test]
    fn quick_answers_are_those_of_the_solver() {
        let mut random = 11_u64;
        let mut below = |n: i64| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            i64::try_from(random >> 33).map_or(0, |random| random % n)
        };
        let (mut known, mut impossible) = (0, 0);
        for _ in 0..4_000 {
            let facts: Vec<Fact> = (0..2 + below(5))
                .map(|_| {
                    let mut of = Linear::of(below(9) - 4);
                    for symbol in 1..=3 {
                        let sum = of.plus(&any(symbol), below(5) - 2);
                        of = sum.expect("it is small");
                    }
                    let relations = [Relation::AtMostZero, Relation::Zero, Relation::NotZero];
                    let relation =
                        relations[usize::try_from(below(5)).unwrap_or(0).saturating_sub(2)];
                    Fact { relation, of }
                })
                .filter(|fact| !fact.of.terms.is_empty())
                .collect();
            if let Some(quick) = quick(&facts) {
                assert_eq!(quick, decide(&facts), "{facts:?}");
                known += 1;
                impossible += u32::from(!quick);
            }
        }
        assert!(known > 2_500 && impossible > 100, "{known} {impossible}");
    }

    #[test]
    fn two_bounds_leave_nothing_between() {
        let mut state = State::default();
        let x = any(1);
        state
            .facts
            .insert(fact(Relation::AtMostZero, Some(x.clone())));
        state.facts.insert(fact(Relation::NotZero, Some(x.clone())));
        let mut facts = Facts::default();
        assert!(!facts.possible(&state, &fact(Relation::AtMostZero, x.times(-1))));
        assert_eq!(interval(&state, &Symbol::Any(1)).1, -1);
    }
}
