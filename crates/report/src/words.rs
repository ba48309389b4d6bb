//! Numbers and lists in words, in one place so that every sentence says them alike.

pub use kmapcheck_scenario::{padded, width};

/// A number; from five digits on with its thousands set apart, such as `32,767`.
#[must_use]
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `mremap on pte-highmem-5`; a scenario that is a model to itself by its name alone.
#[must_use]
pub fn on_model(scenario: &str, model: &str) -> String {
    match model {
        "" => scenario.to_owned(),
        model => format!("{scenario} on {model}"),
    }
}

/// `1 state`, `2 states`: for nouns that take an `s`.
#[must_use]
pub fn count(n: u64, noun: &str) -> String {
    format!("{} {}", number(n), plural(n, noun))
}

/// `state` or `states`.
#[must_use]
pub fn plural(n: u64, noun: &str) -> String {
    if n == 1 {
        noun.to_owned()
    } else {
        format!("{noun}s")
    }
}

/// `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [init @ .., last] => {
            let init: Vec<&str> = init.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", init.join(", "), last.as_ref())
        }
    }
}

/// `4 GiB`, `512 MiB`, `17 bytes`: exact sizes in the largest unit that divides them, others rounded
/// down.
#[must_use]
pub fn bytes(n: u64) -> String {
    const UNITS: [(&str, u32); 3] = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let exact = UNITS
        .iter()
        .find(|(_, shift)| n > 0 && n.is_multiple_of(1 << shift));
    match exact.or_else(|| UNITS.iter().find(|(_, shift)| n >> shift > 0)) {
        Some((unit, shift)) => format!("{} {unit}", number(n >> shift)),
        None => count(n, "byte"),
    }
}

/// `a DEFAULT`, `an A`: a name with its article.
#[must_use]
pub fn article(name: &str) -> String {
    // A letter that stands alone is spelled: "an S slot", "an S0 slot".
    let alone = !name.chars().nth(1).is_some_and(char::is_alphabetic);
    let sounded = if alone { "AEFHILMNORSX" } else { "AEIO" };
    let vowel = name.starts_with(|c: char| sounded.contains(c.to_ascii_uppercase()));
    format!("{} {name}", if vowel { "an" } else { "a" })
}

/// Text with its first letter in upper case, to begin a sentence with.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// `1-3, 5`: numbers in ascending order, runs of neighbours drawn together.
#[must_use]
pub fn ranges(numbers: &[usize]) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut rest = numbers;
    while let Some(&first) = rest.first() {
        let run = rest
            .iter()
            .enumerate()
            .take_while(|&(i, &n)| n == first + i)
            .count();
        let last = first + run - 1;
        out.push(match run {
            1 => number(first as u64),
            _ => format!("{}-{}", number(first as u64), number(last as u64)),
        });
        rest = &rest[run..];
    }
    const SHOWN: usize = 4;
    if out.len() > SHOWN {
        out.truncate(SHOWN - 1);
        out.push("...".to_owned());
        if let Some(&last) = numbers.last() {
            out.push(number(last as u64));
        }
    }
    out.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(7), "7");
        assert_eq!(number(1024), "1024");
        assert_eq!(number(32767), "32,767");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(count(1, "state"), "1 state");
        assert_eq!(count(0, "state"), "0 states");
        assert_eq!(bytes(4 << 30), "4 GiB");
        assert_eq!(bytes(1536 << 20), "1536 MiB");
        assert_eq!(bytes((1 << 20) + 1), "1 MiB");
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(ranges(&[1, 2, 3, 5]), "1-3, 5");
        assert_eq!(ranges(&[1, 3, 5, 7, 9, 11]), "1, 3, 5, ..., 11");
    }

    #[test]
    fn lists_read_well() {
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(article("A"), "an A");
        assert_eq!(article("S"), "an S");
        assert_eq!(article("S0"), "an S0");
        assert_eq!(article("B-2"), "a B-2");
        assert_eq!(article("SLOTS"), "a SLOTS");
        assert_eq!(article("DEFAULT"), "a DEFAULT");
        assert_eq!(sentence("mapping goes"), "Mapping goes");
    }
}
