//! How much memory the process has.

/// Bytes of memory that the process has, if the system says.
pub(crate) fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: u64 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// What of a limit may be used before it counts as reached: the rest is for what comes up between
/// two looks, and for the report.
pub(crate) fn usable(max: u64) -> u64 {
    max - max / 40
}

/// What the process may have at the next look, in bytes: what came since the last one can come once
/// more. On a busy machine that is much. A single leap says nothing of what follows, so no more than
/// an eighth of the limit is added.
pub(crate) fn expected(memory: u64, before: u64, max: u64) -> u64 {
    // Memory that was given back is nothing that came.
    let came = memory.saturating_sub(before);
    memory.saturating_add(came.min(max / 8))
}

/// What the process may have at the very most: a little more than the limit, so that a phase that
/// answers late is not ended for a page too many.
pub(crate) fn bearable(max: u64) -> u64 {
    // A limit beyond all numbers is none.
    max.saturating_add(max / 25)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_is_expected_to_come_again() {
        assert_eq!(expected(100, 90, 800), 110);
        assert_eq!(
            expected(500, 90, 800),
            600,
            "at most an eighth of the limit"
        );
        assert_eq!(expected(90, 100, 800), 90, "given back");
        assert_eq!(expected(u64::MAX, 0, u64::MAX), u64::MAX);
    }
}
