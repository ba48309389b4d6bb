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

/// What the process may have at the very most: a little more than the limit, so that a phase that
/// answers late is not ended for a page too many.
pub(crate) fn bearable(max: u64) -> u64 {
    // A limit beyond all numbers is none.
    max.saturating_add(max / 25)
}
