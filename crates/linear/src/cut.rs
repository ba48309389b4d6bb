//! Cuts: constraints that every integer solution satisfies and the present values do not.
//!
//! The row of a basic variable with a fractional value is a combination of the constraints, with
//! multipliers from its entries at the slacks. Their fractional parts are non-negative; the
//! constraints weighted with them, coefficients and bound rounded, are Gomory's fractional cut in
//! terms of the variables (Schrijver 1986, section 23.8). Whole parts of multipliers would add whole
//! multiples of constraints, which the rounding keeps as they are. Over the common denominator, a
//! fractional part is a remainder, and the denominator is the divisor that a
//! [`Node::Cut`] asks for.
//!
//! A simpler cut needs no values: a constraint whose coefficients have a common divisor, divided by
//! it. It shows that even numbers do not add up to an odd one, which branching does not in any
//! reasonable time.

use std::rc::Rc;

use kmapcheck_limits::ask;

use crate::number::{Number, Overflow, add_product, negate};
use crate::refutation::Node;
use crate::simplex::Simplex;

impl<T: Number> Simplex<T> {
    /// Adds the cut of a single constraint, divided by the greatest common divisor of its
    /// coefficients; `None`, and no cut, if its bound divides evenly.
    pub(crate) fn even(&mut self, row: usize, position: usize) -> Result<Option<Node>, Overflow> {
        let columns = self.matrix.columns.iter();
        let factors = columns.filter_map(|column| {
            let found = column.binary_search_by_key(&row, |(k, _)| *k).ok()?;
            Some(&column[found].1)
        });
        let mut divisor = T::zero();
        for factor in factors {
            let size = if factor.is_negative() {
                negate(factor)?
            } else {
                factor.clone()
            };
            divisor = divisor.gcd(&size);
        }
        if divisor.is_zero() || self.right[row].mod_floor(&divisor).is_zero() {
            return Ok(None);
        }
        let mut weights = vec![T::zero(); self.rows.len()];
        weights[row] = T::one();
        self.rounded(&weights, &divisor, position)
    }

    /// Adds the cut of a row with a fractional value, before any bound was; `None`, and no cut, if
    /// its weights are too large to write down.
    pub(crate) fn cut(&mut self, row: usize, position: usize) -> Result<Option<Node>, Overflow> {
        let entries = self.rows[row].slacks.iter();
        let mut weights: Vec<T> = entries.map(|e| e.mod_floor(&self.denominator)).collect();
        let mut divisor = self.denominator.clone();
        let common = weights.iter().fold(divisor.clone(), |gcd, w| gcd.gcd(w));
        for number in weights.iter_mut().chain([&mut divisor]) {
            *number = number.div_floor(&common);
        }
        self.rounded(&weights, &divisor, position)
    }

    /// Adds the weighted sum of the rows, divided and rounded.
    fn rounded(
        &mut self,
        weights: &[T],
        divisor: &T,
        position: usize,
    ) -> Result<Option<Node>, Overflow> {
        let (Some(written), Some(by)) = (self.written(weights), divisor.to_u64()) else {
            return Ok(None);
        };
        let mut factors = Vec::with_capacity(self.variables());
        for column in &self.matrix.columns {
            ask();
            let mut sum = T::zero();
            for (k, factor) in column {
                add_product(&mut sum, &weights[*k], factor)?;
            }
            factors.push(sum.div_floor(divisor));
        }
        let mut right = T::zero();
        for (weight, bound) in weights.iter().zip(&self.right) {
            add_product(&mut right, weight, bound)?;
        }
        let row = self.rows.len();
        let right = right.div_floor(divisor);
        self.push_row(|basic| factors[basic].clone(), right, position)?;
        let matrix = Rc::make_mut(&mut self.matrix);
        for (column, factor) in matrix.columns.iter_mut().zip(factors) {
            if !factor.is_zero() {
                column.push((row, factor));
            }
        }
        Ok(Some(Node::Cut {
            weights: written,
            divisor: by,
        }))
    }

    /// The leaf of a row that is a contradiction; `None` if its weights are too large to write down.
    pub(crate) fn leaf(&self, row: usize) -> Option<Node> {
        let entries = &self.rows[row].slacks;
        let common = entries.iter().fold(T::zero(), |gcd, e| gcd.gcd(e));
        let weights: Vec<T> = entries.iter().map(|e| e.div_floor(&common)).collect();
        self.written(&weights).map(|weights| Node::Leaf { weights })
    }

    /// Weights of rows as a refutation has them.
    fn written(&self, weights: &[T]) -> Option<Vec<(usize, u64)>> {
        let weights = self.positions.iter().copied().zip(weights);
        weights
            .filter(|(_, weight)| !weight.is_zero())
            .map(|(position, weight)| Some((position, weight.to_u64()?)))
            .collect()
    }
}
