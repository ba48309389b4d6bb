//! Exact integer linear feasibility, every answer with something to check it by.
//!
//! A [`Problem`] asks for non-negative integers that satisfy linear inequalities with integer
//! coefficients. [`solve()`] returns a solution, or a [`Refutation`]: a proof, in JSON if one likes,
//! that there is none. [`refutes`] checks such a proof and shares no code with what found it.
//! [`minimise()`] returns the least value of a sum with a solution that has it and a refutation of
//! everything below.
//!
//! | module | what |
//! |---|---|
//! | [`problem`] | problems, and whether values satisfy one |
//! | [`refutation`] | what a proof of infeasibility consists of |
//! | [`check`] | whether a refutation holds |
//! | [`mod@solve`] | branch and cut |
//! | [`mod@minimise`] | least values, by refuting what is less |
//! | `trim` | what a refutation can do without |
//! | `simplex`, `cut`, `number` | the relaxation over the rationals, in whole numbers |
//!
//! There are no floats and no rounding: the arithmetic is that of integers which either fit or are
//! noticed not to, and then it is done again with larger ones. Problems are expected to be wide: up
//! to thousands of variables, dozens of constraints. An answer that cannot be had within the budget
//! is [`Unknown`](Answer::Unknown), with the reason, and never anything else.
//!
//! References:
//!
//! - J. Farkas, *Theorie der einfachen Ungleichungen*, Journal für die reine und angewandte
//!   Mathematik 124 (1902): inequalities without a rational solution have a combination that says
//!   `0 >= 1`.
//! - R. G. Bland, *New finite pivoting rules for the simplex method*, Mathematics of Operations
//!   Research 2 (1977): which pivots never go in a circle.
//! - R. E. Gomory, *Outline of an algorithm for integer solutions to linear programs*, Bulletin of
//!   the AMS 64 (1958), and V. Chvátal, *Edmonds polytopes and a hierarchy of combinatorial
//!   problems*, Discrete Mathematics 4 (1973): cuts.
//! - E. H. Bareiss, *Sylvester's identity and multistep integer-preserving Gaussian elimination*,
//!   Mathematics of Computation 22 (1968): pivots without fractions.
//! - A. Schrijver, *Theory of Linear and Integer Programming*, Wiley (1986): all of it.

pub mod check;
mod cut;
pub mod minimise;
mod number;
pub mod problem;
pub mod refutation;
mod simplex;
pub mod solve;
mod trim;

pub use check::refutes;
pub use minimise::{Minimum, minimise};
pub use problem::{Constraint, Problem, Relation};
pub use refutation::{Node, Refutation};
pub use solve::{Answer, Reason, solve, solve_by_branching};
