//! Fair semaphores without their queues.
//!
//! The *plain* program is the same with its semaphores unfair. What a task can do and can have to wait
//! for is the same in both, as far as a task by itself can tell. For forget the places in the queues.
//! Then
//!
//! - to join a queue is no step. (With CPUs, who joins has one, and gives it up by its next step: it can
//!   move, so it is in no stuck set. It counts as having none already; what it holds is the same.)
//! - to take units as the head of a queue, or with nobody in it, is a step of the plain program, since
//!   they are free;
//! - to wait, to fail in a try, or to give up, though units are free, because others queue, is what a task
//!   does in the plain program where others have the units. The [surroundings](crate::surroundings)
//!   of a task that asks for units include both.
//!
//! So by induction on the length of a run every task of every state is in a local state of the plain
//! program, and waits for nothing and does nothing wrong that is not known there.
//!
//! This says nothing of who is stuck: who queues may have enough units and wait for its turn. Where
//! somebody queues for units that are missing only to those before it, more has to be said
//! (`reading.rs` in the crate of the equations). Nor does it say anything of who starves in a loop:
//! there the queue is the difference.

use std::borrow::Cow;

use kmapcheck_scenario::{Program, ResourceKind};

/// The plain program.
#[must_use]
pub fn unqueued(program: &Program) -> Cow<'_, Program> {
    if !program.has_queues() {
        return Cow::Borrowed(program);
    }
    let mut plain = program.clone();
    let shared = plain.resources.iter_mut();
    let own = plain
        .templates
        .iter_mut()
        .flat_map(|template| &mut template.resources);
    shared
        .chain(own)
        .for_each(|resource| forget_queue(&mut resource.kind));
    Cow::Owned(plain)
}

fn forget_queue(kind: &mut ResourceKind) {
    if let ResourceKind::Semaphore { fair, .. } = kind {
        *fair = false;
    }
}
