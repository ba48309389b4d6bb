//! Certificates that do not hold: one for each way of being wrong, handed in by somebody who knows
//! how to write the digest. Beside each stands what is accepted.

mod common;

use common::{certified, claim, claims, refusal, said};
use kmapcheck_scenario::{Bound, Program};
use kmapcheck_testing::small::{kmap, nested, op, pins, scenario, semaphore, slot};
use kmapcheck_verify::{By, Certificate, Content, NotThere, verify};
use serde_json::{Value, json};

/// Two slots each, with one of them taken by each: no deadlock while there are more slots than tasks.
fn two_each(slots: u64, tasks: u64) -> Value {
    scenario([json!(slots), json!(1)], &[(json!(tasks), &pins(2))])
}

/// A before B, by any number of tasks.
fn in_order() -> Value {
    let ab = nested(slot("A"), slot("B"));
    scenario([json!(1), json!(1)], &[(json!("any"), &ab)])
}

/// A and B in both orders, by any number of tasks.
fn against_the_order() -> Value {
    let (ab, ba) = (nested(slot("A"), slot("B")), nested(slot("B"), slot("A")));
    scenario(
        [json!(1), json!(1)],
        &[(json!("any"), &ab), (json!("any"), &ba)],
    )
}

fn with_lock(mut scenario: Value, lock: Value) -> Value {
    scenario["locks"] = json!({ "l": lock });
    scenario
}

#[test]
fn another_format() {
    let certified = certified(&in_order());
    let said = refusal(&certified, |c| c.format.push('x'));
    assert!(said.starts_with("its format is `"), "{said}");
}

#[test]
fn a_digest_that_does_not_match() {
    let (program, mut certificate) = certified(&in_order());
    certificate.scenario.push('x');
    let said = verify(&certificate, &program).expect_err("it was changed");
    assert!(said.starts_with("the digest does not match"), "{said}");
    certificate.digest = certificate.digest_of();
    assert_eq!(verify(&certificate, &program), Ok(()));
}

/// Where the local states are not known, nothing is proved.
#[test]
fn a_broken_premise() {
    let of_another = || certified(&in_order()).1;
    let mut shared = scenario([json!(1), json!(1)], &[(json!(1), &[op("free_page", "s")])]);
    shared["pages"] = json!(["s"]);
    let said = refusal(&(kmapcheck_testing::load(&shared), of_another()), |_| {});
    assert_eq!(
        said,
        "no certificate is possible: a page is freed through a name that all tasks know"
    );
    for alloc in ["alloc_page", "try_alloc_page"] {
        shared["tasks"][0]["program"] = json!([op(alloc, "s")]);
        let said = refusal(&(kmapcheck_testing::load(&shared), of_another()), |_| {});
        let known =
            "no certificate is possible: a page is allocated into a name that all tasks know";
        assert_eq!(said, known, "{alloc}");
    }
}

/// Before the first kmap, between the two, before each kunmap, and at the end: five local states.
#[test]
fn other_local_states() {
    let certified = certified(&in_order());
    let all = &certified.1.locals.states;
    assert_eq!(all.len(), 5);
    let missing = "t0 can be in a local state that is not listed, at ";
    for left_out in 0..5 {
        let said = refusal(&certified, |c| {
            c.locals.states.remove(left_out);
        });
        assert!(said.starts_with(missing), "{said}");
    }
    let twice = |c: &mut Certificate| c.locals.states.push(c.locals.states[0].clone());
    let empty = "there is a local state in which no task can be";
    assert_eq!(refusal(&certified, twice), empty);
    let elsewhere = |c: &mut Certificate| {
        let mut elsewhere = c.locals.states[0].clone();
        elsewhere.has = 99;
        c.locals.states.push(elsewhere);
    };
    assert_eq!(refusal(&certified, elsewhere), empty);
    let more_content = |c: &mut Certificate| c.locals.contents.push(Content::default());
    let otherwise = "what can happen in the local states is not as it is listed";
    assert_eq!(refusal(&certified, more_content), otherwise);
}

#[test]
fn nothing_excluded() {
    let said = refusal(&certified(&in_order()), |c| c.excluded.clear());
    assert_eq!(said, "it excludes nothing");
}

#[test]
fn an_argument_that_excludes_nothing() {
    let certified = certified(&in_order());
    for by in [By::Locals, By::Order, By::NoLoops] {
        let none = NotThere {
            kinds: Vec::new(),
            by,
        };
        let said = refusal(&certified, |c| c.excluded.push(none));
        assert_eq!(said, "an argument excludes nothing");
    }
}

/// Nothing stands in a certificate that is not looked at.
#[test]
fn what_no_claim_rests_on() {
    let certified = certified(&in_order());
    let without_order = |c: &mut Certificate| c.excluded.retain(|e| e.by == By::NoLoops);
    let said = refusal(&certified, without_order);
    assert_eq!(said, "there is an order, and no claim that rests on it");
    let ranked = |c: &mut Certificate| c.ranks = vec![0; c.locals.states.len()];
    let unclaimed = "there are ranks, and no claim that rests on them";
    assert_eq!(refusal(&certified, ranked), unclaimed);
    let said = refusal(&certified, |c| {
        without_order(c);
        c.order.clear();
        c.waiting.clear();
    });
    assert_eq!(
        said,
        "the kinds of waiting task are not those of the scenario"
    );
    assert_eq!(
        said_without_order(&certified),
        Ok(()),
        "it claims less, and that is so"
    );
    let equations = self::certified(&two_each(3, 2));
    assert!(claims(&equations.1, "deadlock", By::Equations));
    let said = refusal(&equations, |c| c.excluded.retain(|e| e.by != By::Equations));
    assert_eq!(
        said,
        "there are inequalities, and no claim that rests on them"
    );
}

fn said_without_order(certified: &(Program, Certificate)) -> Result<(), String> {
    said(certified, |c| {
        c.excluded.retain(|e| e.by == By::NoLoops);
        c.order.clear();
    })
}

/// Each argument is good for some kinds of finding and no others.
#[test]
fn a_kind_that_the_argument_does_not_exclude() {
    let ordered = certified(&in_order());
    let not = |kind: &str| format!("`{kind}` is not excluded by that argument");
    assert!(claims(&ordered.1, "deadlock", By::Order));
    assert!(claims(&ordered.1, "slot-leak", By::Locals));
    assert!(claims(&ordered.1, "starved", By::NoLoops));
    for (kind, by) in [
        ("deadlock", By::Locals),
        ("starved", By::Locals),
        ("starved", By::Order),
        ("slot-leak", By::Order),
        ("deadlock", By::NoLoops),
        ("slot-leak", By::NoLoops),
        ("no such thing", By::Locals),
    ] {
        assert_eq!(refusal(&ordered, claim(kind, by)), not(kind), "{by:?}");
    }
    let equations = certified(&two_each(3, 2));
    assert!(claims(&equations.1, "deadlock", By::Equations));
    let said = refusal(&equations, claim("starved", By::Equations));
    assert_eq!(said, not("starved"));
    // A local state shows it.
    let mixed = [kmap("p", "A"), op("kunmap", "p"), op("kunmap", "p")];
    let misused = certified(&scenario([json!(1), json!(1)], &[(json!(1), &mixed)]));
    assert_eq!(
        refusal(&misused, claim("misuse", By::Locals)),
        not("misuse")
    );
}

/// A task that never lets go of the lock while it loops keeps others waiting for ever, though none of
/// them is stuck on another.
#[test]
fn somebody_does_not_let_go() {
    let sleeps = json!({ "loop": [{ "might_sleep": true }] });
    let [down, up] = semaphore("l");
    let kept = with_lock(
        scenario([json!(1), json!(1)], &[(json!(2), &[down.clone(), sleeps])]),
        json!("semaphore"),
    );
    let kept = certified(&kept);
    assert!(claims(&kept.1, "deadlock", By::Order));
    let not = "`starved` is not excluded by that argument";
    let unranked = "not every local state has a rank";
    assert_eq!(refusal(&kept, claim("starved", By::Drains)), unranked);
    for rank in [0, 1, 2] {
        let said = refusal(&kept, |c| {
            claim("starved", By::Drains)(c);
            c.ranks = vec![rank; c.locals.states.len()];
        });
        assert!(said.starts_with("t0 does not come nearer"), "{said}");
    }
    assert_eq!(refusal(&kept, claim("starved", By::NoLoops)), not);
    let comes_back = json!({ "loop": [down, { "might_sleep": true }, up] });
    let given = with_lock(
        scenario([json!(1), json!(1)], &[(json!(2), &[comes_back])]),
        json!("semaphore"),
    );
    let given = certified(&given);
    assert!(claims(&given.1, "starved", By::Drains));
    let without = |c: &mut Certificate| {
        c.excluded.retain(|excluded| excluded.by != By::Order);
        c.order.clear();
    };
    // What is missing is held by somebody.
    assert_eq!(said(&given, without), Ok(()));
    // Here another task could map the page: without the other argument it says nothing.
    let round = json!({ "loop": [{ "kmap": "s", "series": "A" }, { "kunmap": "s" }] });
    let mut mapped = scenario([json!(1), json!(1)], &[(json!(2), &[round])]);
    mapped["pages"] = json!(["s"]);
    let nothing = "that everybody lets go says nothing unless what is missing is held";
    assert_eq!(refusal(&certified(&mapped), without), nothing);
    assert!(given.1.ranks.iter().any(|&rank| rank > 0));
    for (place, &rank) in given.1.ranks.iter().enumerate() {
        for other in [rank + 1, rank.wrapping_sub(1), u32::MAX] {
            let said = refusal(&given, |c| c.ranks[place] = other);
            assert!(said.starts_with("t0 does not come nearer"), "{said}");
        }
    }
    for kind in ["slot-leak", "deadlock"] {
        let said = refusal(&given, claim(kind, By::Drains));
        assert_eq!(said, format!("`{kind}` is not excluded by that argument"));
    }
}

/// What ended tasks have left behind is held by nobody that the arguments look at.
#[test]
fn a_leak() {
    let kept = certified(&scenario(
        [json!(1), json!(1)],
        &[(json!(2), &[kmap("p", "A")])],
    ));
    let said = refusal(&kept, |c| {
        claim("deadlock", By::Order)(c);
        c.order = vec!["slot A".to_owned()];
    });
    assert_eq!(said, "a task can end with what others wait for");
    let locked = scenario([json!(1), json!(1)], &[(json!(2), &[op("spin_lock", "l")])]);
    let locked = certified(&with_lock(locked, json!("spin")));
    let said = refusal(&locked, claim("deadlock", By::Equations));
    assert_eq!(said, "a task can end with what others wait for");
}

/// A completion, units that anybody may give back, a page, and a lock of the task's own: nobody else
/// need hold them for a task to wait for ever.
#[test]
fn what_may_never_come() {
    let of = |operation: Value, key: &str, declared: Value| {
        let mut scenario = scenario([json!(1), json!(1)], &[(json!(2), &[operation])]);
        scenario[key] = declared;
        scenario
    };
    let unowned = json!({ "l": { "semaphore": 1, "owned": false } });
    let elements = json!({ "m": { "elements": 1, "owned": false } });
    let mut own = scenario(
        [json!(1), json!(1)],
        &[(json!(2), &[semaphore("mine"), semaphore("mine")].concat())],
    );
    own["tasks"][0]["locks"] = json!({ "mine": "semaphore" });
    for scenario in [
        of(op("wait_for_completion", "c"), "completions", json!(["c"])),
        of(op("down", "l"), "locks", unowned),
        of(op("mempool_alloc", "m"), "mempools", elements),
        of(op("alloc_page", "v"), "free_pages", json!(1)),
    ] {
        let said = refusal(&certified(&scenario), claim("deadlock", By::Equations));
        assert_eq!(
            said,
            "some task waits for what nobody need hold for it to be missing"
        );
    }
    // Its own semaphore it never waits for.
    assert!(claims(&certified(&own).1, "deadlock", By::Order));
}

#[test]
fn other_kinds_of_waiting_task() {
    let of_another = certified(&against_the_order()).1.waiting;
    let certified = certified(&in_order());
    let wrong = "the kinds of waiting task are not those of the scenario";
    assert_eq!(refusal(&certified, |c| c.waiting.truncate(1)), wrong);
    assert_eq!(refusal(&certified, |c| c.waiting.reverse()), wrong);
    assert_eq!(refusal(&certified, |c| c.waiting = of_another), wrong);
}

/// All slots of a series are kept for those who hold one: nobody gets a first one, and nobody need
/// hold any for that.
#[test]
fn a_series_that_nobody_enters() {
    let mut kept = two_each(2, 3);
    kept["model"]["series"]["A"]["for_holders"] = json!(1);
    let (mut program, certificate) = certified(&kept);
    assert!(claims(&certificate, "deadlock", By::Equations));
    for slots in [0, 1] {
        program.set_slots(0, Bound::Exactly(slots));
        assert!(verify(&certificate, &program).is_err(), "{slots} slots");
    }
    program.set_slots(0, Bound::Any);
    assert!(verify(&certificate, &program).is_err());
}

#[test]
fn an_order_that_is_none() {
    let certified = certified(&in_order());
    assert_eq!(certified.1.order, ["slot A", "slot B"]);
    let order = |things: &[&str]| {
        let things = things.iter().map(|&thing| thing.to_owned()).collect();
        move |c: &mut Certificate| c.order = things
    };
    let unplaced = "`slot B` has no place in the order";
    assert_eq!(refusal(&certified, order(&["slot A"])), unplaced);
    let later = "t0 holds `slot A` while it waits for `slot B`, which comes no later";
    assert_eq!(refusal(&certified, order(&["slot B", "slot A"])), later);
    // Whatever else stands there.
    let more = order(&["slot A", "spin x", "slot B", "slot A"]);
    assert_eq!(said(&certified, more), Err(later.to_owned()));
    assert_eq!(
        said(&certified, order(&["spin x", "slot A", "slot B"])),
        Ok(())
    );
}

/// No order goes forward where there is a circle, or where more is asked for of the same.
#[test]
fn an_order_where_there_is_none() {
    let opposite = certified(&against_the_order());
    for order in [["slot A", "slot B"], ["slot B", "slot A"]] {
        let said = refusal(&opposite, |c| {
            claim("deadlock", By::Order)(c);
            c.order = order.map(str::to_owned).to_vec();
        });
        assert!(said.ends_with("which comes no later"), "{said}");
    }
    let again = certified(&two_each(2, 2));
    for order in [["slot A", "next slot A"], ["next slot A", "slot A"]] {
        let said = refusal(&again, |c| {
            claim("deadlock", By::Order)(c);
            c.order = order.map(str::to_owned).to_vec();
        });
        assert!(said.ends_with("which comes no later"), "{said}");
    }
}

/// So many locks in a ring have too many sets that tasks could be stuck on.
#[test]
fn too_much_in_circles() {
    let n = 17;
    let names: Vec<String> = (0..n).map(|i| format!("l{i:02}")).collect();
    let programs: Vec<Vec<Value>> = (0..n)
        .map(|i| nested(semaphore(&names[i]), semaphore(&names[(i + 1) % n])))
        .collect();
    let tasks: Vec<(Value, &[Value])> = (programs.iter())
        .map(|program| (json!(1), program.as_slice()))
        .collect();
    let mut ring = scenario([json!(1), json!(1)], &tasks);
    ring["locks"] = names
        .iter()
        .map(|l| (l.clone(), json!("semaphore")))
        .collect();
    let said = refusal(&certified(&ring), claim("deadlock", By::Equations));
    assert_eq!(said, "too much is waited for in circles");
}

#[test]
fn a_set_that_is_left_out() {
    let certified = certified(&two_each(3, 2));
    let nothing = "nothing is said about tasks stuck on [\"next slot A\"]";
    assert_eq!(refusal(&certified, |c| c.sets.clear()), nothing);
    let renamed = |c: &mut Certificate| c.sets[0].awaited = vec!["slot A".to_owned()];
    assert_eq!(refusal(&certified, renamed), nothing);
    let cased = |c: &mut Certificate| c.sets[0].case.push("nobody holds read l".to_owned());
    assert_eq!(refusal(&certified, cased), nothing);
    // More than is needed does no harm.
    let twice = |c: &mut Certificate| c.sets.push(c.sets[0].clone());
    assert_eq!(said(&certified, twice), Ok(()));
}

#[test]
fn other_unknowns() {
    let certified = certified(&two_each(3, 2));
    let wrong = "the unknowns for [\"next slot A\"] are others";
    assert_eq!(refusal(&certified, |c| c.sets[0].unknowns.clear()), wrong);
    assert_eq!(refusal(&certified, |c| c.sets[0].unknowns[0] += 1), wrong);
    assert_eq!(refusal(&certified, |c| c.sets[0].unknowns.push(0)), wrong);
}

/// Each inequality with something changed in it, as far as that makes it say something else; and one
/// that nothing is known of.
#[test]
fn an_inequality_that_does_not_follow() {
    let certified = certified(&two_each(3, 2));
    let wrong = "an inequality for [\"next slot A\"] does not follow";
    let all = &certified.1.sets[0].inequalities;
    assert!(all.len() >= 2, "{all:?}");
    for (i, one) in all.iter().enumerate() {
        let change = |by: &dyn Fn(&mut kmapcheck_verify::Inequality)| {
            refusal(&certified, |c| by(&mut c.sets[0].inequalities[i]))
        };
        assert_eq!(change(&|it| it.bound += 7), wrong, "{one:?}");
        assert_eq!(change(&|it| it.bound -= 7), wrong, "{one:?}");
        assert_eq!(change(&|it| it.terms.push((0, 5))), wrong, "{one:?}");
        assert_eq!(change(&|it| it.terms.push((1, 1))), wrong, "{one:?}");
    }
    let made_up = |c: &mut Certificate| {
        let mut more = c.sets[0].inequalities[0].clone();
        (more.at_least, more.bound) = (true, 1000);
        c.sets[0].inequalities.push(more);
    };
    assert_eq!(refusal(&certified, made_up), wrong);
    // The last said twice does no harm.
    let twice = |c: &mut Certificate| {
        let last = c.sets[0].inequalities.last().cloned();
        c.sets[0].inequalities.extend(last);
    };
    assert_eq!(said(&certified, twice), Ok(()));
}

#[test]
fn a_refutation_that_refutes_nothing() {
    let certified = certified(&two_each(3, 2));
    let wrong = "the refutation for [\"next slot A\"] does not hold";
    let none = |c: &mut Certificate| c.sets[0].refutation.nodes.clear();
    assert_eq!(refusal(&certified, none), wrong);
    // What it refers to is gone.
    let unsaid = |c: &mut Certificate| c.sets[0].inequalities.clear();
    assert_eq!(refusal(&certified, unsaid), wrong);
}

/// With a task more, a slot less, or a unit more of the gate, there is a deadlock. The proof for the
/// program without it is none.
#[test]
fn the_proof_of_another_program() {
    let (_, two) = certified(&two_each(3, 2));
    let with = |scenario: &Value| (kmapcheck_testing::load(scenario), two.clone());
    let wrong = "an inequality for [\"next slot A\"] does not follow";
    assert_eq!(refusal(&with(&two_each(3, 3)), |_| {}), wrong);
    assert_eq!(refusal(&with(&two_each(2, 2)), |_| {}), wrong);
    assert_eq!(refusal(&with(&two_each(4, 2)), |_| {}), wrong);
    let gated = |units: u64| {
        let [down, up] = semaphore("l");
        let within = |inner| [vec![down.clone()], inner, vec![up.clone()]].concat();
        let (ab, ba) = (
            within(nested(slot("A"), slot("B"))),
            within(nested(slot("B"), slot("A"))),
        );
        let tasks = [(json!("any"), ab.as_slice()), (json!("any"), &ba)];
        let scenario = scenario([json!(1), json!(1)], &tasks);
        with_lock(scenario, json!({ "semaphore": units }))
    };
    let one = certified(&gated(1)).1;
    assert!(claims(&one, "deadlock", By::Equations));
    let two = (kmapcheck_testing::load(&gated(2)), one);
    assert!(refusal(&two, |_| {}).ends_with("does not follow"));
}
