//! The rational relaxation: the dual simplex method, in whole numbers.
//!
//! Constraints are read as rows `sum <= bound`, each with a slack that makes it an equation. The
//! slacks are the first basis. Costs are non-negative, so that this basis is dual feasible and stays
//! so; each pivot takes out a basic variable with a negative value, until there is none (the values
//! are then optimal) or the row of one has no negative entry. Such a row is a combination of the
//! constraints that no non-negative values satisfy, and its entries at the slacks are Farkas'
//! multipliers (Schrijver 1986, chapters 7 and 11).
//!
//! The leaving variable is the one furthest below 0. After a pivot that gained nothing, it is the
//! first one, as is the entering variable at all times among those of the least ratio: Bland's rule
//! for the dual. Pivots that gain never return to a basis, and a run of pivots that do not gain ends
//! (Bland 1977); so all of it ends.
//!
//! Only the columns of slacks and values are kept, that is the inverse of the basis: rows by rows,
//! however many variables there are. It is kept as integers over one common denominator, the
//! determinant of the basis: entries are minors of the constraint matrix, so that they stay small
//! and every division in a pivot comes out even (Bareiss 1968). The other columns are computed when
//! they are needed.

use std::rc::Rc;

use kmapcheck_limits::ask;

use crate::number::{Number, Overflow, add, add_product, mul, negate, sub};
use crate::problem::{Problem, Relation};

/// The rows that all nodes of the search share, by column.
#[derive(Clone)]
pub(crate) struct Matrix<T> {
    /// For each variable its coefficients, by row.
    pub(crate) columns: Vec<Vec<(usize, T)>>,
    cost: Vec<T>,
}

/// A row of the tableau, times the denominator.
#[derive(Clone)]
pub(crate) struct Row<T> {
    /// Variables come first, then the slack of each row.
    pub(crate) basic: usize,
    /// The entries at the slacks.
    pub(crate) slacks: Vec<T>,
    pub(crate) value: T,
}

/// The row of a bound on a single variable, `x <= bound` or `-x <= bound`.
#[derive(Clone)]
struct Bound {
    variable: usize,
    upper: bool,
}

/// A problem's relaxation and a dual feasible basis of it.
#[derive(Clone)]
pub(crate) struct Simplex<T> {
    pub(crate) matrix: Rc<Matrix<T>>,
    /// The rows after those of the matrix.
    bounds: Vec<Bound>,
    /// The bound of each row, and its position in the list of constraints of a refutation.
    pub(crate) right: Vec<T>,
    pub(crate) positions: Vec<usize>,
    pub(crate) rows: Vec<Row<T>>,
    /// Reduced costs at the slacks, and the negative cost.
    reduced: Row<T>,
    /// The common denominator, positive.
    pub(crate) denominator: T,
}

/// Why pivoting stopped before its end.
pub(crate) enum Stop {
    Overflow,
    Budget,
}

impl From<Overflow> for Stop {
    fn from(_: Overflow) -> Self {
        Stop::Overflow
    }
}

/// How pivoting ended.
pub(crate) enum End {
    /// The values are optimal for the relaxation.
    Optimal,
    /// This row is a contradiction.
    Contradiction(usize),
}

impl<T: Number> Simplex<T> {
    /// The relaxation of a problem whose terms are in range, with the costs of its variables.
    pub(crate) fn new(problem: &Problem, cost: &[i64]) -> Result<Self, Overflow> {
        let mut columns = vec![Vec::<(usize, T)>::new(); problem.variables];
        let mut right = Vec::new();
        for (row, constraint) in problem.constraints.iter().enumerate() {
            let oriented = |number: i64| match constraint.relation {
                Relation::AtLeast => negate(&T::from(number)),
                Relation::AtMost => Ok(T::from(number)),
            };
            for &(variable, factor) in &constraint.terms {
                let factor = oriented(factor)?;
                match columns[variable].last_mut() {
                    Some((last, sum)) if *last == row => *sum = add(sum, &factor)?,
                    _ => columns[variable].push((row, factor)),
                }
            }
            right.push(oriented(constraint.bound)?);
        }
        let height = right.len();
        let unit = |row: usize| {
            let mut slacks = vec![T::zero(); height];
            slacks[row] = T::one();
            slacks
        };
        let rows = right.iter().enumerate().map(|(row, value)| Row {
            basic: problem.variables + row,
            slacks: unit(row),
            value: value.clone(),
        });
        Ok(Simplex {
            rows: rows.collect(),
            reduced: Row {
                basic: usize::MAX,
                slacks: vec![T::zero(); height],
                value: T::zero(),
            },
            matrix: Rc::new(Matrix {
                columns,
                cost: cost.iter().map(|&cost| T::from(cost)).collect(),
            }),
            bounds: Vec::new(),
            positions: (0..height).collect(),
            right,
            denominator: T::one(),
        })
    }

    pub(crate) fn variables(&self) -> usize {
        self.matrix.columns.len()
    }

    /// Pivots until the values are optimal or a row is a contradiction.
    pub(crate) fn optimise(&mut self, budget: &mut u64) -> Result<End, Stop> {
        let mut gained = true;
        while let Some(leaving) = self.leaving(gained) {
            let Some(entering) = self.entering(leaving)? else {
                return Ok(End::Contradiction(leaving));
            };
            *budget = budget.checked_sub(1).ok_or(Stop::Budget)?;
            ask();
            gained = self.pivot(leaving, entering)?;
        }
        Ok(End::Optimal)
    }

    /// The row whose basic variable leaves: the furthest below 0, or the first variable that is.
    fn leaving(&self, furthest: bool) -> Option<usize> {
        let negative = |&row: &usize| self.rows[row].value.is_negative();
        let below = (0..self.rows.len()).filter(negative);
        if furthest {
            below.min_by(|&a, &b| self.rows[a].value.cmp(&self.rows[b].value))
        } else {
            below.min_by_key(|&row| self.rows[row].basic)
        }
    }

    /// The variable that enters: of those with a negative entry in the row, the first of the least
    /// ratio of reduced cost to entry.
    fn entering(&self, row: usize) -> Result<Option<usize>, Overflow> {
        let slacks = &self.rows[row].slacks;
        let mut best: Option<(usize, T, T)> = None;
        let mut offer = |variable: usize, cost: T, entry: T| -> Result<(), Overflow> {
            let better = match &best {
                None => true,
                // Both entries are negative: cost / -entry < least / -its entry.
                Some((_, least, of)) => mul(&cost, of)? > mul(least, &entry)?,
            };
            if better {
                best = Some((variable, cost, entry));
            }
            Ok(())
        };
        let mut entries = Vec::with_capacity(self.variables());
        for column in &self.matrix.columns {
            let mut entry = T::zero();
            for (k, factor) in column {
                add_product(&mut entry, &slacks[*k], factor)?;
            }
            entries.push(entry);
        }
        let shared = self.rows.len() - self.bounds.len();
        for (bound, slack) in self.bounds.iter().zip(&slacks[shared..]) {
            let entry = &mut entries[bound.variable];
            *entry = if bound.upper { add } else { sub }(entry, slack)?;
        }
        for (variable, entry) in entries.into_iter().enumerate() {
            if entry.is_negative() {
                offer(variable, self.reduced_cost(variable)?, entry)?;
            }
        }
        for (k, entry) in slacks.iter().enumerate() {
            if entry.is_negative() {
                let cost = self.reduced.slacks[k].clone();
                offer(self.variables() + k, cost, entry.clone())?;
            }
        }
        Ok(best.map(|(variable, ..)| variable))
    }

    /// A variable's coefficients, by row.
    fn column(&self, variable: usize) -> Vec<(usize, T)> {
        let shared = self.rows.len() - self.bounds.len();
        let mut column = self.matrix.columns[variable].clone();
        for (k, bound) in self.bounds.iter().enumerate() {
            if bound.variable == variable {
                let factor = if bound.upper { T::one() } else { -T::one() };
                column.push((shared + k, factor));
            }
        }
        column
    }

    fn reduced_cost(&self, variable: usize) -> Result<T, Overflow> {
        let cost = mul(&self.matrix.cost[variable], &self.denominator)?;
        combine(&self.reduced.slacks, &self.column(variable), cost)
    }

    /// Exchanges the basic variable of a row for another one; whether the cost grew.
    fn pivot(&mut self, leaving: usize, entering: usize) -> Result<bool, Overflow> {
        let (column, cost) = match entering.checked_sub(self.variables()) {
            Some(k) => (vec![(k, T::one())], self.reduced.slacks[k].clone()),
            None => (self.column(entering), self.reduced_cost(entering)?),
        };
        let mut entries = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            entries.push(combine(&row.slacks, &column, T::zero())?);
        }
        // The entry is negative; with the sign of the row turned, the new denominator is not.
        let denominator = negate(&entries[leaving])?;
        let row = &mut self.rows[leaving];
        for number in row.slacks.iter_mut().chain([&mut row.value]) {
            *number = negate(number)?;
        }
        row.basic = entering;
        let (before, rest) = self.rows.split_at_mut(leaving);
        let Some((pivot, after)) = rest.split_first_mut() else {
            return Ok(false);
        };
        entries.remove(leaving);
        let others = before.iter_mut().chain(after).zip(&entries);
        for (row, entry) in others.chain([(&mut self.reduced, &cost)]) {
            if entry.is_zero() && denominator == self.denominator {
                continue;
            }
            let numbers = row.slacks.iter_mut().chain([&mut row.value]);
            for (number, by) in numbers.zip(pivot.slacks.iter().chain([&pivot.value])) {
                let scaled = mul(number, &denominator)?;
                *number = sub(&scaled, &mul(entry, by)?)? / self.denominator.clone();
            }
        }
        self.denominator = denominator;
        Ok(!cost.is_zero())
    }

    /// Adds a row, whose terms at the basic variables are given by a function, with its slack as the
    /// basic variable.
    pub(crate) fn push_row(
        &mut self,
        factor: impl Fn(usize) -> T,
        right: T,
        position: usize,
    ) -> Result<(), Overflow> {
        let mut slacks = vec![T::zero(); self.rows.len()];
        let mut value = mul(&right, &self.denominator)?;
        for row in self.rows.iter().filter(|row| row.basic < self.variables()) {
            let factor = factor(row.basic);
            if factor.is_zero() {
                continue;
            }
            for (sum, entry) in slacks.iter_mut().zip(&row.slacks) {
                *sum = sub(sum, &mul(&factor, entry)?)?;
            }
            value = sub(&value, &mul(&factor, &row.value)?)?;
        }
        for row in self.rows.iter_mut().chain([&mut self.reduced]) {
            row.slacks.push(T::zero());
        }
        slacks.push(self.denominator.clone());
        self.rows.push(Row {
            basic: self.variables() + slacks.len() - 1,
            slacks,
            value,
        });
        self.right.push(right);
        self.positions.push(position);
        Ok(())
    }

    /// Adds `variable <= right`, or `-variable <= right` where it is not an upper bound; in the place
    /// of an earlier bound of the same kind, which it must imply.
    pub(crate) fn bound(
        &mut self,
        variable: usize,
        upper: bool,
        right: T,
        position: usize,
    ) -> Result<(), Overflow> {
        let shared = self.rows.len() - self.bounds.len();
        let same = |bound: &Bound| bound.variable == variable && bound.upper == upper;
        if let Some(k) = self.bounds.iter().position(same) {
            let k = shared + k;
            let change = sub(&right, &self.right[k])?;
            for row in self.rows.iter_mut().chain([&mut self.reduced]) {
                add_product(&mut row.value, &row.slacks[k], &change)?;
            }
            self.right[k] = right;
            self.positions[k] = position;
            return Ok(());
        }
        let unit = if upper { T::one() } else { -T::one() };
        let factor = |basic| {
            if basic == variable {
                unit.clone()
            } else {
                T::zero()
            }
        };
        self.push_row(factor, right, position)?;
        self.bounds.push(Bound { variable, upper });
        Ok(())
    }

    /// The row of a variable whose value is furthest from an integer, the first such variable.
    pub(crate) fn most_fractional(&self) -> Option<usize> {
        let rows = (0..self.rows.len()).filter(|&row| self.rows[row].basic < self.variables());
        let distance = |row: usize| {
            let over = self.rows[row].value.mod_floor(&self.denominator);
            let under = self.denominator.clone() - over.clone();
            over.min(under)
        };
        rows.map(|row| (distance(row), row))
            .filter(|(distance, _)| !distance.is_zero())
            .max_by(|(a, i), (b, j)| {
                let order = a.cmp(b);
                order.then(self.rows[*j].basic.cmp(&self.rows[*i].basic))
            })
            .map(|(_, row)| row)
    }

    /// The values of the variables, rounded down; `None` if one is too large.
    pub(crate) fn values(&self) -> Option<Vec<i64>> {
        let mut values = vec![0; self.variables()];
        for row in &self.rows {
            if let Some(value) = values.get_mut(row.basic) {
                *value = row.value.div_floor(&self.denominator).to_i64()?;
            }
        }
        Some(values)
    }

    /// The least cost of the relaxation, rounded up; `None` if it is too large.
    pub(crate) fn cost(&self) -> Option<i64> {
        let cost = self.reduced.value.div_floor(&self.denominator).to_i64()?;
        cost.checked_neg()
    }
}

/// The sum of the entries times the coefficients of a column.
fn combine<T: Number>(entries: &[T], column: &[(usize, T)], mut sum: T) -> Result<T, Overflow> {
    for (k, factor) in column {
        add_product(&mut sum, &entries[*k], factor)?;
    }
    Ok(sum)
}
