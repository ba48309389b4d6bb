//! Faults of this program, told: with exit code 70, and where to report them.

use kmapcheck_check::fault::catch;

use crate::exit::Exit;

/// Where to report faults.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// Runs `what`; a panic in it is told as a fault while doing `what`, such as `checking x.json`.
pub fn guard(doing: &str, what: impl FnOnce() -> Exit) -> Exit {
    catch(what).unwrap_or_else(|said| {
        tell(doing, &said);
        Exit::Fault
    })
}

/// Tells the user about a fault.
pub fn tell(doing: &str, said: &str) {
    anstream::eprintln!(
        "kmapcheck: internal fault while {doing}: {said}\n\
         This is a fault of kmapcheck, not of your input. Please report it, with the files that \
         bring it about, at {REPOSITORY}/issues"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_fault() {
        assert_eq!(guard("testing", || panic!("again")), Exit::Fault);
        assert_eq!(guard("testing", || Exit::Clean), Exit::Clean);
    }
}
