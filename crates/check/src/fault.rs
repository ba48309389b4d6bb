//! Panics, told as faults of this program: in words, never as a raw backtrace.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use kmapcheck_limits::is_halt;

use crate::failure::Failure;

thread_local! {
    /// What the last panic of this thread said, and where.
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps panics from printing; with `RUST_BACKTRACE` set they still do.
pub fn install_hook() {
    let usual = std::panic::take_hook();
    let loud = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    std::panic::set_hook(Box::new(move |info| {
        let said = message(info.payload());
        let place = info
            .location()
            .map_or_else(String::new, |place| format!(" ({place})"));
        LAST_PANIC.replace(Some(format!("{said}{place}")));
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

/// Runs `what`. A phase that is left at a limit is no panic, and goes on its way.
///
/// # Errors
///
/// What a panic in it said, and where, if [`install_hook`] was called.
pub fn catch<T>(what: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(what)).map_err(|payload| {
        if is_halt(payload.as_ref()) {
            resume_unwind(payload);
        }
        // One that comes from another thread has left nothing here.
        (LAST_PANIC.take()).unwrap_or_else(|| message(payload.as_ref()).to_owned())
    })
}

/// Runs `what`, which can fail otherwise too.
pub(crate) fn caught<T>(what: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch(what).unwrap_or_else(|said| Err(Failure::Fault(said)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_fault() {
        install_hook();
        let said: Result<(), String> = catch(|| panic!("two and two is five"));
        assert!(said.is_err_and(|said| said.starts_with("two and two is five (")));
    }
}
