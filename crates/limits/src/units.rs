//! Limits as people write them: `500k` states, `4G` of memory, `10s`.

use std::time::Duration;

/// With less memory nothing can be explored: the program itself takes about this much.
const LEAST_MEMORY: u64 = 16 << 20;

/// `100000`, `500k`, `2M`, `1e6`: from 1 on.
///
/// # Errors
///
/// In words, if it is no such number.
pub fn amount(text: &str) -> Result<u64, String> {
    let (digits, zeros) = match text.split_once(['e', 'E']) {
        Some((digits, zeros)) => (digits, zeros.parse().ok()),
        None => match text.char_indices().next_back() {
            Some((end, 'k' | 'K')) => (&text[..end], Some(3)),
            Some((end, 'M')) => (&text[..end], Some(6)),
            Some((end, 'G')) => (&text[..end], Some(9)),
            _ => (text, Some(0)),
        },
    };
    let number: Option<u64> = digits.parse().ok();
    number
        .zip(zeros.and_then(|zeros| 10u64.checked_pow(zeros)))
        .and_then(|(number, factor)| number.checked_mul(factor))
        .filter(|&number| number > 0)
        .ok_or_else(|| {
            "expected a whole number from 1 on, such as 500000, 500k, 2M or 1e6".to_owned()
        })
}

/// `512M`, `4G`, `100000`.
///
/// # Errors
///
/// In words, if it is no size, or too small a one.
pub fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = &text[digits.len()..];
    let prefix = (unit.strip_suffix("iB"))
        .or_else(|| unit.strip_suffix('B'))
        .unwrap_or(unit);
    let shift = match prefix {
        "" => 0,
        "K" | "k" => 10,
        "M" | "m" => 20,
        "G" | "g" => 30,
        "T" | "t" => 40,
        _ => return Err(format!("unknown unit `{unit}`; use K, M, G or T")),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| "expected a size, such as 512M or 4G".to_owned())?;
    match number.checked_mul(1 << shift) {
        None => Err("out of range".to_owned()),
        Some(bytes) if bytes < LEAST_MEMORY => Err(format!(
            "kmapcheck itself takes some: give {} or more",
            shown_size(LEAST_MEMORY)
        )),
        Some(bytes) => Ok(bytes),
    }
}

/// `10s`, `5m`, `500ms`, `1h`.
///
/// # Errors
///
/// In words, if it is no time, or none at all.
pub fn time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let millis = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "" if digits.starts_with(|c: char| c.is_ascii_digit()) => {
            return Err(format!("a unit is missing: {text}s, {text}m or {text}ms?"));
        }
        "" => 1,
        other => return Err(format!("unknown unit `{other}`; use ms, s, m or h")),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| "expected a time, such as 10s or 5m".to_owned())?;
    match number.checked_mul(millis) {
        None => Err("out of range".to_owned()),
        Some(0) => Err("in no time nothing can be done: give 1ms or more".to_owned()),
        Some(millis) => Ok(Duration::from_millis(millis)),
    }
}

/// What [`size`] reads.
#[must_use]
pub fn shown_size(bytes: u64) -> String {
    if bytes.is_multiple_of(1 << 20) {
        format!("{}M", bytes >> 20)
    } else {
        bytes.to_string()
    }
}

/// What [`time`] reads.
#[must_use]
pub fn shown_time(time: Duration) -> String {
    let millis = time.as_millis();
    if millis.is_multiple_of(1000) {
        format!("{}s", millis / 1000)
    } else {
        format!("{millis}ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_have_units() {
        assert_eq!(size("512M"), Ok(512 << 20));
        assert_eq!(size("4GiB"), Ok(4 << 30));
        assert_eq!(size("20000000"), Ok(20_000_000));
        assert!(
            size("4X").is_err()
                && size("4GBBB").is_err_and(|said| said.contains("`GBBB`"))
                && size("").is_err()
                && size("0").is_err_and(|said| said.ends_with("give 16M or more"))
                && size("16383K").is_err()
                && size("99999999999T").is_err()
        );
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time("2m"), Ok(Duration::from_secs(120)));
        assert!(time("10").is_err_and(|said| said.contains("10s")));
        assert!(time("0s").is_err_and(|said| said.contains("1ms or more")));
        assert_eq!(size(&shown_size(512 << 20)), Ok(512 << 20));
        assert_eq!(size(&shown_size(20_000_000)), Ok(20_000_000));
        for spent in [Duration::from_millis(1500), Duration::from_secs(120)] {
            assert_eq!(time(&shown_time(spent)), Ok(spent));
        }
    }

    #[test]
    fn amounts_are_whole_numbers_from_1_on() {
        for (text, number) in [
            ("7", 7),
            ("500k", 500_000),
            ("2M", 2_000_000),
            ("1e6", 1_000_000),
        ] {
            assert_eq!(amount(text), Ok(number));
        }
        for text in ["0", "0k", "", "k", "1e", "1e30", "-1", "1.5M", "10x", "é"] {
            assert!(
                amount(text).is_err_and(|said| said.contains("500k, 2M or 1e6")),
                "{text}"
            );
        }
    }
}
