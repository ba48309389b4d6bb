//! That no task starves, that enough pages come back, and the shortest run into a core.

mod common;

use common::Judged;
use kmapcheck_equations::{Cores, cannot_starve, shortest_run};
use kmapcheck_testing::small::{nested, op, pins, scenario, semaphore};
use serde_json::{Value, json};

fn looping(body: &[Value]) -> Value {
    json!({ "loop": body })
}

/// Whether everybody lets go, of tasks with that program and lock `l`.
fn drains(program: &[Value]) -> bool {
    let mut scenario = scenario([json!(2), json!(2)], &[(json!("any"), program)]);
    scenario["locks"] = json!({ "l": "semaphore" });
    let judged = Judged::of(&scenario);
    cannot_starve(&judged.program, &judged.locals)
}

/// Who comes back to holding nothing, again and again, keeps nobody waiting for ever; who takes a
/// thing and then loops without giving it back does.
#[test]
fn who_lets_go_and_who_does_not() {
    let [down, up] = semaphore("l");
    let sleep = || json!({ "might_sleep": true });
    assert!(drains(&pins(1)));
    assert!(drains(&[looping(&pins(1))]));
    assert!(drains(&[looping(&[down.clone(), sleep(), up.clone()])]));
    assert!(!drains(&[down.clone(), looping(&[sleep()])]));
    assert!(!drains(&[looping(&[down.clone(), looping(&[sleep()])])]));
    // It can leave the loop whenever it likes.
    let leaves = looping(&[json!({ "choose": [[], [{ "break": true }]] }), sleep()]);
    assert!(drains(&[down.clone(), leaves, up.clone()]));
    // One of two things is kept.
    let one_kept = [down, looping(&pins(1))];
    assert!(!drains(&one_kept));
}

/// Whether nobody waits for a page for ever.
fn enough(scenario: &Value) -> bool {
    matches!(Judged::of(scenario).cores, Cores::NeverMissing(_))
}

/// Kept: as many pages as tasks. Put back: one, for any number of tasks. Two at once, both put back:
/// one more than tasks.
#[test]
fn how_many_pages_are_enough() {
    let (alloc, free) = (|v| op("alloc_page", v), |v| op("free_page", v));
    let kept = [alloc("v")];
    let back = [alloc("v"), free("v")];
    let both = [alloc("v"), alloc("w"), free("w"), free("v")];
    let of = |tasks: u64, pages: u64, program: &[Value]| {
        let mut scenario = scenario([json!(2), json!(2)], &[(json!(tasks), program)]);
        scenario["free_pages"] = json!(pages);
        enough(&scenario)
    };
    for tasks in 1..=4 {
        for pages in 0..=5 {
            assert_eq!(of(tasks, pages, &kept), pages >= tasks, "{tasks} {pages}");
            assert_eq!(of(tasks, pages, &back), pages >= 1, "{tasks} {pages}");
            assert_eq!(of(tasks, pages, &both), pages > tasks, "{tasks} {pages}");
        }
    }
}

/// Who puts back more than it takes helps if it does so on every way. Who then goes round a loop may find
/// nothing left.
#[test]
fn pages_that_others_put_back() {
    let of = |program: &[Value]| {
        let mut scenario = scenario(
            [json!(2), json!(2)],
            &[(json!(2), &[op("alloc_page", "v")]), (json!(2), program)],
        );
        scenario["free_pages"] = json!(0);
        enough(&scenario)
    };
    let free = op("free_page", "p");
    assert!(of(std::slice::from_ref(&free)));
    assert!(!of(&[json!({ "choose": [[free.clone()], []] })]));
    assert!(!of(&[json!({ "might_sleep": true })]));
    let again = looping(&[op("alloc_page", "w"), op("free_page", "w")]);
    assert!(!of(&[free, again]));
}

/// Where tasks could be stuck on slots as well, pages alone settle nothing.
#[test]
fn pages_are_not_all() {
    let program = [vec![op("alloc_page", "v"), op("free_page", "v")], pins(2)].concat();
    let mut scenario = scenario([json!(2), json!(2)], &[(json!(2), program.as_slice())]);
    scenario["free_pages"] = json!(1);
    assert!(!enough(&scenario));
    scenario["model"]["series"]["A"]["slots"] = json!(3);
    assert!(enough(&scenario));
}

/// As many steps as tasks take to get into the core, one after the other.
#[test]
fn the_shortest_run() {
    let length = |scenario: &Value| {
        let Judged {
            program,
            locals,
            graph,
            cores,
        } = Judged::of(scenario);
        shortest_run(&program, &locals, &graph, &cores).map(|(trace, _)| trace.steps.len())
    };
    for slots in 1..=5 {
        // Each of them takes one slot.
        let two = scenario([json!(slots), json!(1)], &[(json!(9), pins(2).as_slice())]);
        assert_eq!(length(&two), Some(slots));
        // Two a task as far as they go, for one step each.
        let three = scenario([json!(slots), json!(1)], &[(json!(9), pins(3).as_slice())]);
        assert_eq!(length(&three), Some(slots));
    }
    // Something before that is a step more for each task.
    let first = [vec![json!({ "might_sleep": true })], pins(2)].concat();
    let of_two = scenario([json!(2), json!(1)], &[(json!(9), first.as_slice())]);
    assert_eq!(length(&of_two), Some(4));
    // One step each into a ring of two locks.
    let ring = nested(semaphore("a"), semaphore("b"));
    let back = nested(semaphore("b"), semaphore("a"));
    let mut locks = scenario(
        [json!(1), json!(1)],
        &[(json!(1), ring.as_slice()), (json!(1), &back)],
    );
    locks["locks"] = json!({ "a": "semaphore", "b": "semaphore" });
    assert_eq!(length(&locks), Some(2));
    // There is no core.
    locks["tasks"][1]["program"] = json!(ring);
    assert_eq!(length(&locks), None);
}
