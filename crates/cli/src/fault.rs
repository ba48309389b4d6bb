//! Faults of this program: told in words and with exit code 70, never as a raw backtrace.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;

use kmapcheck_limits::is_halt;

use crate::exit::Exit;

/// Where to report faults.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// What the last panic said, and where.
static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Keeps panics from printing; with `RUST_BACKTRACE` set they still do.
pub fn install_hook() {
    let usual = std::panic::take_hook();
    let loud = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    std::panic::set_hook(Box::new(move |info| {
        let said = message(info.payload());
        let place = info
            .location()
            .map_or_else(String::new, |place| format!(" ({place})"));
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = Some(format!("{said}{place}"));
        }
        if loud {
            usual(info);
        }
    }));
}

/// What a panic said.
fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic without a message")
}

/// Runs `what`; a panic in it is told as a fault while doing `what`, such as `checking x.json`.
pub fn guard(doing: &str, what: impl FnOnce() -> Exit) -> Exit {
    catch(what).unwrap_or_else(|said| {
        tell(doing, &said);
        Exit::Fault
    })
}

/// Runs `what` and returns what a panic in it said. A phase that is left at a limit is no panic, and
/// goes on its way.
pub fn catch<T>(what: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(what)).map_err(|payload| {
        if is_halt(payload.as_ref()) {
            resume_unwind(payload);
        }
        let last = LAST_PANIC.lock().ok().and_then(|mut last| last.take());
        last.unwrap_or_else(|| "panic".to_owned())
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
        install_hook();
        let said: Result<(), String> = catch(|| panic!("two and two is five"));
        assert!(said.is_err_and(|said| said.starts_with("two and two is five (")));
        assert_eq!(guard("testing", || panic!("again")), Exit::Fault);
        assert_eq!(guard("testing", || Exit::Clean), Exit::Clean);
    }
}
