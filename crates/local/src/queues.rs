//! Fair semaphores without their queues, where that makes no difference to a proof.
//!
//! Take a fair semaphore on which every request is for one unit, nobody tries, and nobody gives up. The
//! *plain* program is the same with that semaphore unfair. Whatever is proved of the plain program
//! holds for the one with the queue:
//!
//! - **Steps.** Forget the places in the queue. To join it is then no step; to take a unit as the head
//!   of it, or with nobody in it, is a step of the plain program, since a unit is free. So every run is
//!   a run of the plain program with steps left out that change nothing, every call in it is made there
//!   too, and every state is one of the plain program's, places forgotten.
//! - **Stuck sets.** Let *K* be stuck in a state, and let some of *K* queue. If a unit were free, the
//!   head of the queue could go on, and so, one after the other, could everybody in it: nobody who
//!   queues would be in *K*. So no unit is free, and all who queue wait in the plain program as well.
//!   The first of *K* in the queue has nobody of *K* before it, so it is the unit that cannot come: all
//!   its holders are in *K*. Then it comes to none of those behind either, and *K* is stuck in the
//!   plain program.
//!
//! Nothing is said of who starves in a loop: there the queue is the difference.
//!
//! With requests of several units this is wrong: a large one at the head keeps units from small ones
//! that are free (`scenarios/primitives/`, the files that begin with `semaphore-fair`). Who gives up in
//! the middle of a queue does so while a unit may be free, which no task of the plain program does.

use std::borrow::Cow;

use kmapcheck_scenario::{Op, Patience, Program, Ref, ResourceKind};

/// The plain program, as far as there is one: queues that make a difference stay.
#[must_use]
pub fn unqueued(program: &Program) -> Cow<'_, Program> {
    if !program.has_queues() {
        return Cow::Borrowed(program);
    }
    let mut plain = program.clone();
    for shared in 0..program.resources.len() {
        let matters = (0..program.templates.len())
            .any(|template| queue_matters(program, template, Ref::Shared(shared)));
        if !matters {
            forget_queue(&mut plain.resources[shared].kind);
        }
    }
    for template in 0..program.templates.len() {
        for own in 0..program.templates[template].resources.len() {
            if !queue_matters(program, template, Ref::Own(own)) {
                forget_queue(&mut plain.templates[template].resources[own].kind);
            }
        }
    }
    Cow::Owned(plain)
}

/// Whether a task program asks for several units of it, tries, or gives up.
fn queue_matters(program: &Program, template: usize, what: Ref) -> bool {
    let nodes = &program.templates[template].nodes;
    nodes.iter().any(|node| match node.op {
        Op::Down { pool, n } if pool == what => n > 1 || node.patience == Patience::GivesUp,
        Op::DownTrylock { pool, .. } => pool == what,
        _ => false,
    })
}

fn forget_queue(kind: &mut ResourceKind) {
    if let ResourceKind::Semaphore { fair, .. } = kind {
        *fair = false;
    }
}

#[cfg(test)]
mod tests {
    use kmapcheck_scenario::{Overrides, load_str};

    use super::*;

    fn keeps_its_queue(program: &str) -> bool {
        let text = format!(
            r#"{{ "name": "t", "model": {{ "name": "m", "series": {{}} }},
                 "locks": {{ "q": {{ "semaphore": 2, "fair": true }} }},
                 "tasks": [ {{ "name": "t", "count": 3, "program": [ {program} ] }},
                            {{ "name": "u", "program": [ {{ "down": "q" }}, {{ "up": "q" }} ] }} ] }}"#
        );
        let program = load_str("t.json", &text, &Overrides::default())
            .unwrap_or_else(|errors| panic!("{errors}"));
        unqueued(&program).has_queues()
    }

    #[test]
    fn only_queues_for_one_unit_are_forgotten() {
        let up = r#"{ "up": "q" }"#;
        assert!(!keeps_its_queue(&format!(
            r#"{{ "down": "q", "idle": true }}, {up}"#
        )));
        assert!(keeps_its_queue(&format!(
            r#"{{ "down": "q", "n": 2 }}, {up}"#
        )));
        assert!(keeps_its_queue(&format!(
            r#"{{ "down_trylock": "q", "then": [ {up} ] }}"#
        )));
        assert!(keeps_its_queue(&format!(
            r#"{{ "down": "q", "gives_up": true, "then": [ {up} ] }}"#
        )));
    }
}
