//! Quotients and rests by powers of two.
//!
//! A rest is the same for all numbers that differ by a multiple of the size, so it is asked, and
//! kept, for what is left when multiples are taken out. What a symbol turns out to be may bring new
//! multiples into what is kept: they are taken out again, or the next question would not find it.

use crate::run::value::{Key, Linear};

/// What a quotient by `1 << bits` is kept as.
#[must_use]
pub fn quotient_name(bits: i64) -> String {
    format!(">>{bits}")
}

/// What a rest by `1 << bits` is kept as.
#[must_use]
pub fn rest_name(bits: i64) -> String {
    format!("&{bits}")
}

/// A number as `(high, low)`, where it is `high << bits` and `low`.
#[must_use]
pub fn split(of: &Linear, bits: i64) -> (Linear, Linear) {
    let size = 1i64 << bits;
    // What is a multiple of the size is in no rest: `(n + 2) & 1` is `n & 1`.
    let whole = |part: &dyn Fn(i64) -> i64| Linear {
        constant: part(of.constant),
        terms: (of.terms.iter())
            .map(|(symbol, factor)| (symbol.clone(), part(*factor)))
            .filter(|(_, factor)| *factor != 0)
            .collect(),
    };
    // The nearest multiple: what was small stays small, for the facts about it.
    let half = (size - 1) / 2;
    let near = |n: i64| n.wrapping_add(half).rem_euclid(size) - half;
    (whole(&|n| n.wrapping_sub(near(n)) / size), whole(&near))
}

/// A quotient or rest, and its value, as the next question asks for it; anything else as it is.
#[must_use]
pub fn settled(key: Key, value: Linear) -> (Key, Linear) {
    let Key::Pure(name, args) = &key else {
        return (key, value);
    };
    let (Some(bits), [of]) = (bits_of(name), args.as_slice()) else {
        return (key, value);
    };
    let (high, low) = split(of, bits);
    let less = match name.starts_with('&') {
        true => Some(value.clone()),
        false => value.plus(&high, -1),
    };
    match less {
        Some(less) => (Key::Pure(name.clone(), vec![low]), less),
        // Too large: it stays, and is not found again.
        None => (key, value),
    }
}

/// By which power of two a quotient or rest is.
fn bits_of(name: &str) -> Option<i64> {
    let number = name.strip_prefix(">>").or(name.strip_prefix('&'))?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::value::Symbol;

    fn of(terms: &[(u32, i64)], constant: i64) -> Linear {
        Linear {
            constant,
            terms: (terms.iter())
                .map(|(symbol, factor)| (Symbol::Any(*symbol), *factor))
                .collect(),
        }
    }

    #[test]
    fn multiples_are_taken_out_of_what_is_kept() {
        let kept = |name: String| {
            settled(
                Key::Pure(name.into(), vec![of(&[(1, 1), (2, 8)], 17)]),
                of(&[(3, 1)], 0),
            )
        };
        let low = |name: String| Key::Pure(name.into(), vec![of(&[(1, 1)], 1)]);
        // (x + 8y + 17) & 7 is (x + 1) & 7, and (x + 8y + 17) >> 3 is (x + 1) >> 3, and y and 2.
        assert_eq!(kept(rest_name(3)), (low(rest_name(3)), of(&[(3, 1)], 0)));
        assert_eq!(
            kept(quotient_name(3)),
            (low(quotient_name(3)), of(&[(2, -1), (3, 1)], -2))
        );
        // A function that is called something else stays.
        let other = || Key::Pure("size".into(), vec![of(&[(2, 8)], 0)]);
        assert_eq!(settled(other(), of(&[], 1)), (other(), of(&[], 1)));
    }

    #[test]
    fn the_parts_are_the_number() {
        for x in (-40..40).filter(|x| *x != 0) {
            for bits in 1..4 {
                let number = of(&[(1, x)], x);
                let (high, low) = split(&number, bits);
                assert_eq!(low.plus(&high, 1 << bits), Some(number));
            }
        }
    }
}
