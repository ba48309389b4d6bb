//! Quick answers about linear facts, before they are given to the solver.
//!
//! Most questions are easy: bounds that follow from bounds leave nothing for some symbol, or values are
//! found that make every fact true. Both are exact, so the answer is what the solver would say, had it
//! all the time there is: bounds only ever leave out values that no solution has, and values that make
//! every fact true are a solution. Where neither comes out there is no answer.

use std::collections::BTreeMap;

use crate::run::state::{Fact, Relation};
use crate::run::value::{LEAST_ADDRESS, Symbol};

/// Rounds in which bounds are made narrower.
const ROUNDS: usize = 8;

/// Values beyond this are left to the solver: products with factors of 64 bits, and sums of those, are
/// numbers that fit.
const FAR: i128 = 1 << 50;

/// A fact over symbols by number.
struct Row {
    relation: Relation,
    terms: Vec<(usize, i128)>,
    constant: i128,
}

/// The bounds of a symbol, if it has them.
#[derive(Clone, Copy)]
struct Bounds {
    low: Option<i128>,
    high: Option<i128>,
}

/// Whether facts can hold together, if that is easily seen.
pub fn quick(facts: &[Fact]) -> Option<bool> {
    let mut numbers: BTreeMap<&Symbol, usize> = BTreeMap::new();
    let mut bounds = Vec::new();
    let mut rows = Vec::new();
    for fact in facts {
        let mut terms = Vec::new();
        for (symbol, factor) in &fact.of.terms {
            let number = *numbers.entry(symbol).or_insert_with(|| {
                let low = (!matches!(symbol, Symbol::Any(_))).then_some(i128::from(LEAST_ADDRESS));
                bounds.push(Bounds { low, high: None });
                bounds.len() - 1
            });
            terms.push((number, i128::from(*factor)));
        }
        let constant = i128::from(fact.of.constant);
        let relation = fact.relation;
        if relation == Relation::Zero {
            // From below as well.
            rows.push(Row {
                relation: Relation::AtMostZero,
                terms: terms
                    .iter()
                    .map(|(number, factor)| (*number, -factor))
                    .collect(),
                constant: -constant,
            });
        }
        rows.push(Row {
            relation,
            terms,
            constant,
        });
    }
    for _ in 0..ROUNDS {
        let mut changed = false;
        for row in &rows {
            match narrow(row, &mut bounds)? {
                Narrowed::Nothing => return Some(false),
                Narrowed::More => changed = true,
                Narrowed::Same => {}
            }
        }
        if !changed {
            break;
        }
    }
    found(&rows, &bounds).then_some(true)
}

enum Narrowed {
    Nothing,
    More,
    Same,
}

/// Makes bounds narrower by one fact; `None`: numbers are too large.
fn narrow(row: &Row, bounds: &mut [Bounds]) -> Option<Narrowed> {
    if row.relation == Relation::NotZero {
        return Some(around_hole(row, bounds));
    }
    // The least that the sum can be, of the terms that have a least.
    let mut least = row.constant;
    let mut open = 0;
    for (number, factor) in &row.terms {
        match least_of(bounds[*number], *factor) {
            Some(bound) => least += bound,
            None => open += 1,
        }
    }
    if open == 0 && least > 0 {
        return Some(Narrowed::Nothing);
    }
    let mut narrowed = Narrowed::Same;
    for (number, factor) in &row.terms {
        let own = least_of(bounds[*number], *factor);
        let others = match (open, own) {
            (0, Some(own)) => least - own,
            (1, None) => least,
            _ => continue,
        };
        // factor * x <= -others
        let of = &mut bounds[*number];
        let quotient = (-others).div_euclid(factor.abs());
        if quotient.abs() > FAR {
            return None;
        }
        if *factor > 0 {
            if of.high.is_none_or(|high| high > quotient) {
                of.high = Some(quotient);
                narrowed = Narrowed::More;
            }
        } else if of.low.is_none_or(|low| low < -quotient) {
            of.low = Some(-quotient);
            narrowed = Narrowed::More;
        }
        if is_empty(*of) {
            return Some(Narrowed::Nothing);
        }
    }
    Some(narrowed)
}

/// The least that a multiple of a symbol can be.
fn least_of(of: Bounds, factor: i128) -> Option<i128> {
    let bound = if factor > 0 { of.low } else { of.high };
    bound.map(|bound| bound * factor)
}

fn is_empty(of: Bounds) -> bool {
    matches!((of.low, of.high), (Some(low), Some(high)) if low > high)
}

/// A number that one symbol is not, at the end of its bounds.
fn around_hole(row: &Row, bounds: &mut [Bounds]) -> Narrowed {
    let [(number, factor)] = row.terms.as_slice() else {
        return Narrowed::Same;
    };
    if row.constant % factor != 0 {
        return Narrowed::Same;
    }
    let hole = -row.constant / factor;
    let of = &mut bounds[*number];
    let mut narrowed = Narrowed::Same;
    if of.low == Some(hole) {
        of.low = Some(hole + 1);
        narrowed = Narrowed::More;
    }
    if of.high == Some(hole) {
        of.high = Some(hole - 1);
        narrowed = Narrowed::More;
    }
    if is_empty(*of) {
        return Narrowed::Nothing;
    }
    narrowed
}

/// Whether values are found that make every fact true: from the ones nearest to 0 on, one value is
/// moved at a time so that a fact becomes true that was not.
fn found(rows: &[Row], bounds: &[Bounds]) -> bool {
    let within = |of: Bounds, value: i128| {
        of.low.is_none_or(|low| low <= value) && of.high.is_none_or(|high| value <= high)
    };
    let nearest = |of: &Bounds| {
        // Without a bound 0 itself is the nearest.
        let value = of.high.map_or(0, |high| high.min(0));
        of.low.map_or(value, |low| low.max(value))
    };
    let mut values: Vec<i128> = bounds.iter().map(nearest).collect();
    for turn in 0..20 + 4 * rows.len() {
        let sum = |row: &Row| {
            let terms = row
                .terms
                .iter()
                .map(|(number, factor)| factor * values[*number]);
            row.constant + terms.sum::<i128>()
        };
        let wrong = |row: &&Row| {
            let sum = sum(row);
            match row.relation {
                Relation::Zero => sum != 0,
                Relation::NotZero => sum == 0,
                Relation::AtMostZero => sum > 0,
            }
        };
        let Some(row) = rows.iter().find(wrong) else {
            return true;
        };
        let sum = sum(row);
        let moved = (0..row.terms.len()).find_map(|place| {
            let (number, factor) = row.terms[(place + turn) % row.terms.len()];
            let steps: &[i128] = match row.relation {
                Relation::NotZero => &[1, -1],
                Relation::Zero if sum % factor != 0 => &[],
                Relation::Zero => &[-(sum / factor)],
                // Rounded away from 0: the sum is above it.
                Relation::AtMostZero => {
                    &[-((sum + factor.abs() - 1) / factor.abs()) * factor.signum()]
                }
            };
            let fits = |to: &i128| within(bounds[number], *to) && to.abs() < FAR;
            let to = steps.iter().map(|step| values[number] + step).find(fits);
            to.map(|to| (number, to))
        });
        let Some((number, to)) = moved else {
            return false;
        };
        values[number] = to;
    }
    false
}
