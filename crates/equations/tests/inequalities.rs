//! Which inequalities a system has: what satisfies it is exactly what tasks that are stuck could be.

mod common;

use common::Judged;
use kmapcheck_equations::{Cores, Equations};
use kmapcheck_local::Holding;
use kmapcheck_machine::Wanted;
use kmapcheck_testing::small::{kmap, kunmap, nested, op, pins, scenario, slot};
use serde_json::{Value, json};

/// The one system there is, whether it has a solution or not.
fn only(judged: &Judged) -> &Equations {
    match &judged.cores {
        Cores::Excluded(list) => match list.as_slice() {
            [excluded] => &excluded.equations,
            _ => panic!("{} systems", list.len()),
        },
        _ => match judged.possible() {
            [possible] => possible.equations.as_ref().expect("things are held"),
            possible => panic!("{} systems", possible.len()),
        },
    }
}

/// All values up to `most` that satisfy the system, the unknowns in the order of how much of a
/// series each kind of task holds.
fn solutions(judged: &Judged, most: i64) -> Vec<Vec<i64>> {
    let equations = only(judged);
    let held = |unknown: &usize| -> u32 {
        let kind = equations.kinds.get(*unknown);
        kind.map_or(u32::MAX, |&kind| {
            judged.graph.kinds[kind]
                .holdings
                .iter()
                .map(|&(_, n)| n)
                .sum()
        })
    };
    let unknowns = equations.problem.variables;
    let mut order: Vec<usize> = (0..unknowns).collect();
    order.sort_by_key(held);
    let base = usize::try_from(most + 1).expect("small");
    let all = (0..base.pow(u32::try_from(unknowns).expect("few"))).map(|code| {
        let digit = |i: usize| {
            let digit = code / base.pow(u32::try_from(i).expect("few")) % base;
            i64::try_from(digit).expect("small")
        };
        (0..unknowns).map(digit).collect::<Vec<i64>>()
    });
    let mut found: Vec<Vec<i64>> = all
        .filter(|values| equations.problem.satisfied_by(values))
        .map(|values| order.iter().map(|&unknown| values[unknown]).collect())
        .collect();
    found.sort();
    found
}

fn of(slots: Value, count: Value, program: &[Value]) -> Judged {
    Judged::of(&scenario([slots, json!(1)], &[(count, program)]))
}

/// Each holds one slot of `A` and waits for another: as many tasks as slots, no more, no fewer.
#[test]
fn one_kind_of_task() {
    let judged = of(json!(3), json!("any"), &pins(2));
    assert_eq!(solutions(&judged, 6), [[3]]);
    assert_eq!(only(&judged).awaited.len(), 1);
    let judged = of(json!(3), json!(3), &pins(2));
    assert_eq!(solutions(&judged, 6), [[3]]);
    let judged = of(json!(3), json!(2), &pins(2));
    assert_eq!(solutions(&judged, 6), [[0i64; 1]; 0]);
}

/// Tasks that hold one and tasks that hold two: together five, at most four tasks.
#[test]
fn two_kinds_of_task() {
    let judged = of(json!(5), json!(4), &pins(3));
    assert_eq!(solutions(&judged, 6), [[1, 2], [3, 1]]);
    // A fifth task would allow for [5, 0] too.
    let judged = of(json!(5), json!(5), &pins(3));
    assert_eq!(solutions(&judged, 6), [[1, 2], [3, 1], [5, 0]]);
}

/// With the slots as an unknown, the last: as many tasks as slots, one at least.
#[test]
fn slots_that_are_open() {
    let judged = of(json!("any"), json!(3), &pins(2));
    assert_eq!(solutions(&judged, 5), [[1, 1], [2, 2], [3, 3]]);
}

/// Slots of `A` are waited for with a slot of `B` in hand, and the other way round. Of two in `A` and
/// one in `B`, all must be held; by tasks that are there.
#[test]
fn two_things_waited_for() {
    let (ab, ba) = (nested(slot("A"), slot("B")), nested(slot("B"), slot("A")));
    let judged = Judged::of(&scenario(
        [json!(2), json!(1)],
        &[(json!("any"), ab.as_slice()), (json!("any"), &ba)],
    ));
    let equations = only(&judged);
    let holds_a = |&kind: &usize| judged.graph.kinds[kind].holdings == [(Holding::Slots(0), 1)];
    let expected: Vec<i64> = (equations.kinds.iter())
        .map(|kind| if holds_a(kind) { 2 } else { 1 })
        .collect();
    assert_eq!(equations.kinds.len(), 2);
    for a in 0..4 {
        for b in 0..4 {
            assert_eq!(
                equations.problem.satisfied_by(&[a, b]),
                [a, b] == expected[..]
            );
        }
    }
    assert_eq!(equations.tasks(), [(0, 1), (1, 1)]);
}

/// Three tasks hold a share of the one slot that page `s` lies in. Another slot is held by a task
/// with a page of its own, or none is missing.
#[test]
fn shares_of_a_slot() {
    let shared = nested([kmap("s", "A"), kunmap("s")], [kmap("p", "A"), kunmap("p")]);
    let own = nested([kmap("q", "A"), kunmap("q")], [kmap("r", "A"), kunmap("r")]);
    let mut scenario = scenario(
        [json!(2), json!(1)],
        &[(json!(3), shared.as_slice()), (json!(3), &own)],
    );
    scenario["model"]["series"]["A"]["reuse"] = json!("own");
    scenario["pages"] = json!(["s"]);
    let judged = Judged::of(&scenario);
    let equations = only(&judged);
    let shares = |values: &[i64]| -> (i64, i64) {
        let of = |joint: bool| -> i64 {
            (equations.kinds.iter().zip(values))
                .filter(|&(&kind, _)| {
                    let held = judged.graph.kinds[kind].holdings[0].0;
                    joint == (held == Holding::JointSlots(0))
                })
                .map(|(_, &n)| n)
                .sum()
        };
        (of(true), of(false))
    };
    assert_eq!(equations.kinds.len(), 2);
    for a in 0..5 {
        for b in 0..5 {
            // Both slots taken; at most two by tasks with a page of their own.
            let (joint, solo) = shares(&[a, b]);
            let stuck = joint + solo >= 2 && (1..=2).contains(&solo) && joint <= 3;
            assert_eq!(
                equations.problem.satisfied_by(&[a, b]),
                stuck,
                "{joint} {solo}"
            );
        }
    }
}

/// What is waited for, and in which order it is taken.
#[test]
fn the_graph() {
    let judged = Judged::of(&scenario(
        [json!(2), json!(2)],
        &[(json!("any"), nested(slot("A"), slot("B")).as_slice())],
    ));
    let first = |series| Wanted::Slot {
        series,
        holder: false,
    };
    assert_eq!(judged.graph.needs, [first(0), first(1)]);
    assert_eq!(judged.graph.edges, [(0, 1)]);
    assert_eq!(judged.graph.order(), Some(vec![first(0), first(1)]));
    assert!(judged.graph.knots().is_empty());
    let pairs: Vec<(Holding, Wanted)> = (judged.graph.kinds.iter())
        .flat_map(|kind| kind.holdings.iter().map(|&(held, _)| (held, kind.need)))
        .collect();
    assert_eq!(pairs, [(Holding::Slots(0), first(1))]);
    // A rank that puts B before A goes against it.
    let rank = |a: usize, b: usize| {
        move |need| match need {
            Wanted::Slot { series: 0, .. } => Some(a),
            Wanted::Slot { .. } => Some(b),
            _ => None,
        }
    };
    assert_eq!(judged.graph.order_along(rank(0, 1)), judged.graph.order());
    assert_eq!(judged.graph.order_along(rank(1, 1)), judged.graph.order());
    assert_eq!(judged.graph.order_along(rank(1, 0)), None);
    let judged = of(json!(2), json!("any"), &pins(2));
    assert_eq!(judged.graph.order(), None);
    // The first slot is asked for without one, the second with one: whoever holds one is in the way
    // of both, and waits for the second.
    let holder = Wanted::Slot {
        series: 0,
        holder: true,
    };
    assert_eq!(judged.graph.needs, [first(0), holder]);
    assert_eq!(judged.graph.edges, [(0, 1), (1, 1)]);
    assert_eq!(judged.graph.knots(), [[1]]);
    assert!(judged.graph.is_strongly_connected(&[1]));
    assert!(!judged.graph.is_strongly_connected(&[0]));
    assert!(!judged.graph.is_strongly_connected(&[0, 1]));
    assert!(!judged.graph.is_strongly_connected(&[]));
}

/// Who writes waits for readers and writers; who reads, for writers and for those that queue.
#[test]
fn what_keeps_a_lock_from_being_had() {
    let mut scenario = scenario(
        [json!(1), json!(1)],
        &[
            (json!(1), &[op("down_read", "rw"), op("up_read", "rw")]),
            (json!(1), &[op("down_write", "rw"), op("up_write", "rw")]),
        ],
    );
    scenario["locks"] = json!({ "rw": { "rwsem": { "fair": true } } });
    let judged = Judged::of(&scenario);
    use kmapcheck_machine::Mode;
    use kmapcheck_scenario::Ref;
    let held = |mode| Holding::Held(Ref::Shared(0), mode);
    let queued = Holding::Queued(Ref::Shared(0));
    assert_eq!(judged.graph.needs, [Wanted::Read(0), Wanted::Write(0)]);
    for (need, holding, keeps) in [
        (Wanted::Read(0), held(Mode::Read), false),
        (Wanted::Read(0), held(Mode::Write), true),
        (Wanted::Read(0), queued, true),
        (Wanted::Write(0), held(Mode::Read), true),
        (Wanted::Write(0), held(Mode::Write), true),
        (Wanted::Write(0), queued, false),
        (Wanted::Write(1), held(Mode::Write), false),
        (Wanted::Spin(0), held(Mode::Spin), true),
        (Wanted::Spin(0), held(Mode::Write), false),
        (Wanted::Units(0, 2), held(Mode::Units), true),
        (Wanted::PageLock(1), Holding::PageLock(1), true),
        (Wanted::PageLock(1), Holding::PageLock(0), false),
        (Wanted::Cpu, Holding::Cpu, true),
        (Wanted::Cpu, queued, false),
    ] {
        assert_eq!(holding.keeps(need), keeps, "{need:?} {holding:?}");
    }
}
