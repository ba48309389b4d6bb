//! Leaving a phase in the middle, and the watch that a thread is under.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::limits::Reached;
use crate::watch::{Entered, Watch};

thread_local! {
    /// The watch that this thread runs under.
    static CURRENT: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// What [`ask`] unwinds with.
struct Halt(Reached);

/// Which limit of the watch that this thread runs under is reached, if any.
#[must_use]
pub fn reached() -> Option<Reached> {
    CURRENT.with_borrow(|current| current.as_ref().and_then(Watch::reached))
}

/// Goes on unless a limit is reached; then unwinds to the innermost [`Watch::run`]. Without one this
/// does nothing.
///
/// To be called wherever work grows with the input, and never while something is dropped.
pub fn ask() {
    if let Some(reached) = reached() {
        // Not a panic: no hook sees it, nothing is printed.
        resume_unwind(Box::new(Halt(reached)));
    }
}

/// Whether a caught panic is none, but [`ask`] on its way out: to be handed on with
/// [`resume_unwind`].
#[must_use]
pub fn is_halt(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Halt>()
}

/// Runs `what` without a watch: it is not left in the middle, and must look after limits itself.
pub fn unasked<T>(what: impl FnOnce() -> T) -> T {
    let _back = put(None);
    what()
}

/// Makes `watch` that of this thread until the answer is dropped.
pub(crate) fn put(watch: Option<Watch>) -> Entered {
    Entered {
        before: CURRENT.replace(watch),
    }
}

/// The watch of this thread.
pub(crate) fn current() -> Option<Watch> {
    CURRENT.with_borrow(Clone::clone)
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.before.take());
    }
}

impl Watch {
    /// Runs `what` under this watch.
    ///
    /// What `what` has changed when it is left stays changed: only what is whole after every step
    /// should be read afterwards.
    ///
    /// # Errors
    ///
    /// The limit that was reached when something in it [`ask`]ed.
    pub fn run<T>(&self, what: impl FnOnce() -> T) -> Result<T, Reached> {
        let back = put(Some(self.clone()));
        let done = catch_unwind(AssertUnwindSafe(what));
        drop(back);
        done.map_err(|payload| match payload.downcast::<Halt>() {
            Ok(halt) => halt.0,
            Err(panic) => resume_unwind(panic),
        })
    }
}
