//! Integers that notice when they do not fit.
//!
//! The solver is written once, for any of them: `i64` is fast, `i128` holds more, and a `BigInt`
//! everything. What overflows is done again from the start with the next.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{CheckedAdd, CheckedMul, CheckedSub, Signed, ToPrimitive};

/// An integer type the solver can work with.
pub(crate) trait Number:
    Integer + Signed + CheckedAdd + CheckedSub + CheckedMul + ToPrimitive + From<i64> + Clone
{
}

impl Number for i64 {}
impl Number for i128 {}
impl Number for BigInt {}

/// A number did not fit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overflow;

pub(crate) fn add<T: Number>(a: &T, b: &T) -> Result<T, Overflow> {
    a.checked_add(b).ok_or(Overflow)
}

pub(crate) fn sub<T: Number>(a: &T, b: &T) -> Result<T, Overflow> {
    a.checked_sub(b).ok_or(Overflow)
}

pub(crate) fn mul<T: Number>(a: &T, b: &T) -> Result<T, Overflow> {
    a.checked_mul(b).ok_or(Overflow)
}

/// `-a`
pub(crate) fn negate<T: Number>(a: &T) -> Result<T, Overflow> {
    sub(&T::zero(), a)
}

/// `sum += a * b`
pub(crate) fn add_product<T: Number>(sum: &mut T, a: &T, b: &T) -> Result<(), Overflow> {
    if !a.is_zero() && !b.is_zero() {
        *sum = add(sum, &mul(a, b)?)?;
    }
    Ok(())
}
