//! Exit codes: documented, and only ever added to.

use std::process::ExitCode;

use kmapcheck_report::Report;

/// What the exit status says, in ascending order of what matters more when several files are
/// checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Clean, or exactly as expected.
    Clean,
    /// A limit came first.
    Inconclusive,
    /// An error was found, or something else than expected.
    Violated,
    /// Bad input or usage.
    BadInput,
    /// A fault of this program.
    Fault,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Violated => 1,
            Exit::BadInput => 2,
            Exit::Inconclusive => 3,
            Exit::Fault => 70,
        }
    }

    /// What one report comes to.
    pub fn of(report: &Report) -> Exit {
        use kmapcheck_report::Verdict;
        match (report.as_expected, &report.expected, report.verdict) {
            (Some(true), ..) | (None, None, Verdict::Clean) => Exit::Clean,
            // An error is one, even if it is expected and a limit came before all was known.
            (Some(false), ..) | (None, _, Verdict::Violated) => Exit::Violated,
            // An expectation that could be neither confirmed nor refuted.
            (None, Some(_), _) | (None, None, Verdict::Inconclusive) => Exit::Inconclusive,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_worst_counts() {
        let worst_first = [
            Exit::Fault,
            Exit::BadInput,
            Exit::Violated,
            Exit::Inconclusive,
            Exit::Clean,
        ];
        assert!(worst_first.windows(2).all(|pair| pair[0] > pair[1]));
        assert_eq!(worst_first.map(Exit::code), [70, 2, 1, 3, 0]);
    }
}
