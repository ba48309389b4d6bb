//! Exit codes: documented, and only ever added to.

use kmapcheck_check::{Failure, Verdict};
use kmapcheck_show::suite::Tally;

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

    /// What many scenarios come to together.
    pub fn of_suite(tally: &Tally) -> Exit {
        match tally {
            _ if tally.faults > 0 => Exit::Fault,
            _ if tally.failed > tally.unreadable => Exit::Violated,
            _ if tally.unreadable > 0 => Exit::BadInput,
            _ if tally.inconclusive + tally.not_run > 0 => Exit::Inconclusive,
            _ => Exit::Clean,
        }
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Exit {
        match verdict {
            Verdict::Clean => Exit::Clean,
            Verdict::Violated => Exit::Violated,
            Verdict::Inconclusive => Exit::Inconclusive,
        }
    }
}

impl From<&Failure> for Exit {
    fn from(failure: &Failure) -> Exit {
        match failure {
            Failure::Input(_) | Failure::Unfit(_) | Failure::Refused(_) | Failure::Unread(_) => {
                Exit::BadInput
            }
            Failure::Fault(_) => Exit::Fault,
            Failure::Stopped { .. } => Exit::Inconclusive,
        }
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
