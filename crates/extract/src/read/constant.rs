//! The value of a constant expression, as `#if` and object macros have them.
//!
//! Precedence climbing over a list of tokens. Nesting is bounded, so that no input makes it recurse
//! far; what is not a constant expression has no value.

/// Brackets and signs nested deeper than this have no value.
const DEEPEST: usize = 64;

/// What a name in the expression stands for.
pub type Lookup<'a> = dyn Fn(&str) -> Option<i64> + 'a;

/// The value of `text`. `names` says what names stand for, and `defined` which are defined.
#[must_use]
pub fn value(text: &str, names: &Lookup<'_>, defined: &dyn Fn(&str) -> bool) -> Option<i64> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        names,
        defined,
    };
    let value = parser.ternary(0)?;
    (parser.next == parser.tokens.len()).then_some(value)
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(i64),
    Name(String),
    Sign(&'static str),
}

const SIGNS: [&str; 24] = [
    "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "+", "-", "*", "/", "%", "<", ">", "!", "~",
    "&", "|", "^", "?", ":", "(", ")",
];

/// The words of casts, which do not change a constant here.
const TYPES: [&str; 12] = [
    "unsigned", "signed", "long", "int", "short", "char", "void", "size_t", "ssize_t", "const",
    "u32", "u64",
];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let word: usize = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        if first == '\\' {
            rest = rest[1..].trim_start();
            continue;
        } else if first == '\'' {
            let end = rest[1..].find('\'')? + 2;
            tokens.push(Token::Number(character(&rest[..end])?));
            rest = &rest[end..];
        } else if word == 0 {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign))?;
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            let (text, after) = rest.split_at(word);
            tokens.push(match number(text) {
                Some(value) => Token::Number(value),
                None if first.is_ascii_digit() => return None,
                None => Token::Name(text.to_owned()),
            });
            rest = after;
        }
        rest = rest.trim_start();
    }
    Some(tokens)
}

/// The value of a number as C writes it.
#[must_use]
pub fn number(text: &str) -> Option<i64> {
    // The parser takes the sign of `-1` for a part of the number.
    if let Some(positive) = text.strip_prefix('-') {
        return number(positive.trim_start())?.checked_neg();
    }
    let text = text.trim_end_matches(['u', 'U', 'l', 'L']);
    let lower = text.to_ascii_lowercase();
    let value = if let Some(hex) = lower.strip_prefix("0x") {
        u64::from_str_radix(hex, 16).ok()?
    } else if lower.len() > 1 && lower.starts_with('0') {
        u64::from_str_radix(&lower[1..], 8).ok()?
    } else {
        lower.parse().ok()?
    };
    i64::try_from(value).ok()
}

/// The value of a character constant.
#[must_use]
pub fn character(text: &str) -> Option<i64> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let mut chars = inner.chars();
    match (chars.next()?, chars.next(), chars.next()) {
        ('\\', Some(escaped), None) => Some(match escaped {
            'a' => 7,
            'b' => 8,
            't' => 9,
            'n' => 10,
            'v' => 11,
            'f' => 12,
            'r' => 13,
            digit @ '0'..='7' => i64::from(u32::from(digit) - u32::from('0')),
            other => i64::from(u32::from(other)),
        }),
        (c, None, None) => Some(i64::from(u32::from(c))),
        _ => None,
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    next: usize,
    names: &'a Lookup<'a>,
    defined: &'a dyn Fn(&str) -> bool,
}

/// How strongly a binary operator binds.
fn strength(sign: &str) -> Option<u8> {
    Some(match sign {
        "||" => 1,
        "&&" => 2,
        "|" => 3,
        "^" => 4,
        "&" => 5,
        "==" | "!=" => 6,
        "<" | ">" | "<=" | ">=" => 7,
        "<<" | ">>" => 8,
        "+" | "-" => 9,
        "*" | "/" | "%" => 10,
        _ => return None,
    })
}

/// What a binary operator makes of two numbers, if that is a number.
#[must_use]
pub fn binary(sign: &str, a: i64, b: i64) -> Option<i64> {
    let shift = || u32::try_from(b).ok().filter(|&bits| bits < 63);
    Some(match sign {
        "||" => i64::from(a != 0 || b != 0),
        "&&" => i64::from(a != 0 && b != 0),
        "|" => a | b,
        "^" => a ^ b,
        "&" => a & b,
        "==" => i64::from(a == b),
        "!=" => i64::from(a != b),
        "<" => i64::from(a < b),
        ">" => i64::from(a > b),
        "<=" => i64::from(a <= b),
        ">=" => i64::from(a >= b),
        "<<" => a.checked_mul(1i64.checked_shl(shift()?)?)?,
        ">>" => a >> shift()?,
        "+" => a.checked_add(b)?,
        "-" => a.checked_sub(b)?,
        "*" => a.checked_mul(b)?,
        "/" => a.checked_div(b)?,
        "%" => a.checked_rem(b)?,
        _ => return None,
    })
}

impl Parser<'_> {
    fn sign(&self) -> Option<&'static str> {
        match self.tokens.get(self.next) {
            Some(Token::Sign(sign)) => Some(sign),
            _ => None,
        }
    }

    fn take(&mut self, sign: &str) -> Option<()> {
        (self.sign() == Some(sign)).then(|| self.next += 1)
    }

    fn ternary(&mut self, depth: usize) -> Option<i64> {
        let condition = self.binary(0, depth)?;
        if self.take("?").is_none() {
            return Some(condition);
        }
        if depth > DEEPEST {
            return None;
        }
        let yes = self.ternary(depth + 1)?;
        self.take(":")?;
        let no = self.ternary(depth + 1)?;
        Some(if condition == 0 { no } else { yes })
    }

    fn binary(&mut self, weakest: u8, depth: usize) -> Option<i64> {
        let mut left = self.unary(depth)?;
        while let Some((sign, strength)) = self.sign().and_then(|s| Some((s, strength(s)?))) {
            if strength <= weakest {
                break;
            }
            if depth > DEEPEST {
                return None;
            }
            self.next += 1;
            let right = self.binary(strength, depth + 1)?;
            left = binary(sign, left, right)?;
        }
        Some(left)
    }

    fn unary(&mut self, depth: usize) -> Option<i64> {
        if depth > DEEPEST {
            return None;
        }
        let token = self.tokens.get(self.next)?.clone();
        self.next += 1;
        match token {
            Token::Number(value) => Some(value),
            Token::Sign("-") => self.unary(depth + 1)?.checked_neg(),
            Token::Sign("+") => self.unary(depth + 1),
            Token::Sign("!") => Some(i64::from(self.unary(depth + 1)? == 0)),
            Token::Sign("~") => Some(!self.unary(depth + 1)?),
            Token::Sign("(") => {
                if self.cast() {
                    return self.unary(depth + 1);
                }
                let value = self.ternary(depth + 1)?;
                self.take(")")?;
                Some(value)
            }
            Token::Name(name) if name == "defined" || name == "IS_ENABLED" => {
                let bracket = self.take("(").is_some();
                let Some(Token::Name(of)) = self.tokens.get(self.next).cloned() else {
                    return None;
                };
                self.next += 1;
                if bracket {
                    self.take(")")?;
                }
                Some(i64::from((self.defined)(&of)))
            }
            Token::Name(name) => (self.names)(&name),
            Token::Sign(_) => None,
        }
    }

    /// Whether a cast begins here; then it is passed over.
    fn cast(&mut self) -> bool {
        let mut at = self.next;
        while let Some(token) = self.tokens.get(at) {
            match token {
                Token::Name(name) if TYPES.contains(&name.as_str()) => at += 1,
                Token::Sign("*") if at > self.next => at += 1,
                Token::Sign(")") if at > self.next => {
                    self.next = at + 1;
                    return true;
                }
                _ => return false,
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<i64> {
        let names = |name: &str| (name == "FOUR").then_some(4);
        value(text, &names, &|name| name == "CONFIG_X")
    }

    #[test]
    fn values() {
        for (text, expected) in [
            ("1 + 2 * 3", Some(7)),
            ("(1UL << 12) - 1", Some(4095)),
            ("~((1 << 12) - 1)", Some(-4096)),
            ("defined(CONFIG_X) && !defined CONFIG_Y", Some(1)),
            ("FOUR == 4 ? 10 : 20", Some(10)),
            ("-FOUR - -1", Some(-3)),
            ("(unsigned long)0x10", Some(16)),
            ("(void *)0", Some(0)),
            ("010 | 'a'", Some(105)),
            ("8 - 4 - 2", Some(2)),
            ("FIVE", None),
            ("1 +", None),
            ("1 / 0", None),
            ("f(3)", None),
            ("", None),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
        assert_eq!(of(&"(".repeat(100_000)), None);
        assert_eq!(of(&"- ".repeat(100_000)), None);
    }
}
