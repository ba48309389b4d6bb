//! Certificates that rest on counting what anybody may give, or on coming to rest: known answers, and
//! forgeries.

mod common;

use common::{certified, claim, claims, refusal, said};
use kmapcheck_local::Locals;
use kmapcheck_prove::certificate::{closed, counting};
use kmapcheck_verify::{By, Certificate, verify};
use serde_json::{Value, json};

/// Tasks that share completions `c` and `d`, and a pool of so many units, of which so many are there.
fn scenario([units, available]: [u64; 2], tasks: &[(Value, Value)]) -> Value {
    let tasks = tasks.iter().enumerate();
    let tasks = tasks.map(|(i, (count, program))| {
        json!({ "name": format!("t{i}"), "count": count, "program": program })
    });
    json!({
        "name": "given", "model": { "name": "m", "series": {} },
        "locks": { "pool": { "semaphore": units, "owned": false, "available": available },
                   "lock": "semaphore" },
        "completions": ["c", "d"], "tasks": tasks.collect::<Vec<Value>>(),
    })
}

fn completes(givers: u64, takers: u64) -> Value {
    let gives = json!([{ "complete": "c" }]);
    let takes = json!([{ "wait_for_completion": "c" }]);
    scenario([1, 1], &[(json!(givers), gives), (json!(takers), takes)])
}

/// As many completed as waited for, at any size; with one fewer somebody waits for ever, and the proof
/// of the other program is none.
#[test]
fn as_many_given_as_taken() {
    for n in [1, 2, 1024, 32_767] {
        for (givers, takers) in [(n, n), (n + 1, n)] {
            let certified = certified(&completes(givers, takers));
            assert!(claims(&certified.1, "deadlock", By::Flow));
            let fewer = kmapcheck_testing::load(&completes(n, n + 1));
            let said = verify(&certified.1, &fewer).expect_err("one of them waits for ever");
            assert!(said.contains("does not follow"), "{said}");
        }
        assert!(!claims(
            &certified(&completes(n, n + 1)).1,
            "deadlock",
            By::Flow
        ));
    }
}

/// Who waits for each other gives nothing; who gives first, does.
#[test]
fn who_gives_before_it_waits() {
    let wait = |what: &str| json!({ "wait_for_completion": what });
    let give = |what: &str| json!({ "complete": what });
    let tasks = |other: Value| {
        let one = json!([wait("c"), give("d")]);
        certified(&scenario([1, 1], &[(json!(1), one), (json!(1), other)]))
    };
    let first = tasks(json!([give("c"), wait("d")]));
    assert!(claims(&first.1, "deadlock", By::Flow));
    let never = tasks(json!([wait("d"), give("c")]));
    assert!(!claims(&never.1, "deadlock", By::Flow));
    // With all that the checker knows itself filled in.
    let said = refusal(&never, |c| {
        claim("deadlock", By::Flow)(c);
        c.flow.clone_from(&first.1.flow);
    });
    assert_eq!(said, "the steps are not those of the local states");
}

/// A pool that is filled as far as it goes, and once more.
#[test]
fn gives_that_are_never_refused() {
    let fills = |tasks: u64| {
        let up = json!([{ "up": "pool" }]);
        certified(&scenario([2, 0], &[(json!(tasks), up)]))
    };
    let filled = fills(2);
    assert!(claims(&filled.1, "misuse", By::NeverRefused));
    // A local state shows it all the same.
    let said = refusal(&filled, claim("misuse", By::Locals));
    assert_eq!(said, "`misuse` is not excluded by that argument");
    let over = fills(3);
    assert!(!claims(&over.1, "misuse", By::NeverRefused));
    assert!(verify(&filled.1, &over.0).is_err_and(|said| said.contains("does not follow")));
    let unsaid = |c: &mut Certificate| {
        if let Some(flow) = &mut c.flow {
            flow.gives.clear();
        }
    };
    let looked_at = "not each give to pools to which none is refused is looked at";
    assert_eq!(refusal(&filled, unsaid), looked_at);
    let no_pool = |c: &mut Certificate| {
        if let Some(flow) = &mut c.flow {
            flow.never_refused = vec!["units of lock".to_owned()];
        }
    };
    let said = refusal(&filled, no_pool);
    assert_eq!(said, "`units of lock` is no pool to which anybody may give");
    let twice = |c: &mut Certificate| {
        if let Some(flow) = &mut c.flow {
            flow.never_refused.extend(flow.never_refused.clone());
            flow.gives.extend(flow.gives.clone());
        }
    };
    assert!(refusal(&filled, twice).contains("not in their order"));
}

/// That no give to one pool is refused says nothing of anything else that is wrong.
#[test]
fn what_else_is_wrong() {
    let not = |kind: &str| Err(format!("`{kind}` is not excluded by that argument"));
    let claim_of = |more: Value, kind: &str| {
        let up = json!([{ "up": "pool" }]);
        let mut wrong = scenario([2, 0], &[(json!(2), up), (json!(1), more)]);
        wrong["locks"]["spin"] = json!("spin");
        let certified = certified(&wrong);
        let program = &certified.0;
        let locals = Locals::of(program).expect("it has a closure");
        let closed = closed(program, &locals).expect("those are the local states");
        let (counting, _) = counting(program, &closed).expect("there are steps");
        assert_eq!(counting.never_refused, ["units of pool"]);
        said(&certified, |c| {
            c.excluded.retain(|e| e.by != By::Flow);
            claim(kind, By::NeverRefused)(c);
            c.flow = Some(counting);
        })
    };
    assert_eq!(claim_of(json!([]), "misuse"), Ok(()));
    assert_eq!(claim_of(json!([{ "up": "lock" }]), "misuse"), not("misuse"));
    assert_eq!(
        claim_of(json!([{ "spin_unlock": "spin" }]), "misuse"),
        not("misuse")
    );
    assert_eq!(
        claim_of(json!([{ "spin_lock": "spin" }]), "lock-leak"),
        not("lock-leak")
    );
}

/// What no claim rests on is not there, and what a claim rests on is.
#[test]
fn counting_for_nothing_and_not_counting() {
    let certified = certified(&completes(2, 2));
    let unclaimed = |c: &mut Certificate| c.excluded.retain(|e| e.by != By::Flow);
    let nothing = "steps are counted, and no claim rests on that";
    assert_eq!(refusal(&certified, unclaimed), nothing);
    let uncounted = |c: &mut Certificate| c.flow = None;
    let none = "a claim rests on counting steps, and none is counted";
    assert_eq!(refusal(&certified, uncounted), none);
    // The sets belong to the claim about deadlock.
    let refused_only = |c: &mut Certificate| {
        unclaimed(c);
        claim("slot-leak", By::NeverRefused)(c);
    };
    let no_claim = "there are inequalities, and no claim that rests on them";
    assert_eq!(refusal(&certified, refused_only), no_claim);
    let without_sets = |c: &mut Certificate| {
        refused_only(c);
        if let Some(flow) = &mut c.flow {
            flow.sets.clear();
        }
    };
    assert_eq!(said(&certified, without_sets), Ok(()));
    let set = |change: fn(&mut kmapcheck_verify::Set)| {
        refusal(&certified, move |c| {
            change(&mut c.flow.as_mut().expect("it counts").sets[0])
        })
    };
    let others = "the unknowns for [\"completion c\"] are others";
    assert_eq!(set(|set| set.at[0] += 1), others);
    assert_eq!(set(|set| set.unknowns[0] += 1), others);
    let nothing = "nothing is said about tasks stuck on [\"completion c\"]";
    assert_eq!(
        set(|set| set.case.push("units of pool is waited for idly".to_owned())),
        nothing
    );
}

/// What is waited for is not counted: one of several things, and units of which there is any number.
#[test]
fn what_is_not_counted() {
    let one = json!([{ "select": [[{ "wait_for_completion": "c" }], [{ "down": "pool" }]] }]);
    let waits = scenario(
        [1, 1],
        &[(json!(1), one), (json!(1), json!([{ "complete": "c" }]))],
    );
    let mut any = scenario(
        [1, 1],
        &[(json!(1), json!([{ "down": "pool" }, { "up": "pool" }]))],
    );
    any["locks"]["pool"] = json!({ "semaphore": "any", "owned": false });
    for scenario in [waits, any] {
        let certified = certified(&scenario);
        assert!(!claims(&certified.1, "deadlock", By::Flow));
        let program = &certified.0;
        let locals = Locals::of(program).expect("it has a closure");
        let closed = closed(program, &locals).expect("those are the local states");
        let (counting, _) = counting(program, &closed).expect("there are steps");
        let said = refusal(&certified, |c| {
            claim("deadlock", By::Flow)(c);
            c.flow = Some(counting);
        });
        let uncounted = "some task waits for what may be missing though it is not counted";
        assert_eq!(said, uncounted);
    }
}

fn server(idle: bool, then: &[Value]) -> Value {
    let mut wait = json!({ "wait_for_completion": "c" });
    if idle {
        wait["idle"] = json!(true);
    }
    let round: Vec<Value> = [&[wait], then].concat();
    let gives = json!([{ "complete": "c" }]);
    let serves = json!([{ "loop": round }]);
    scenario([1, 1], &[(json!("any"), gives), (json!("any"), serves)])
}

/// Whoever waits for work for ever does so idly, or starves; and a server that hands its work back
/// does not come to rest.
#[test]
fn rest() {
    let rests = certified(&server(true, &[]));
    assert!(claims(&rests.1, "starved", By::Rests) && claims(&rests.1, "deadlock", By::Flow));
    let without = |c: &mut Certificate| {
        c.excluded.retain(|excluded| excluded.by != By::Flow);
        c.flow = None;
    };
    // Who is stuck does not starve: that nobody is need not be shown.
    assert_eq!(said(&rests, without), Ok(()));
    for (place, &rank) in rests.1.ranks.iter().enumerate() {
        for other in [rank + 1, rank.wrapping_sub(1)] {
            let said = refusal(&rests, |c| c.ranks[place] = other);
            assert!(said.contains("does not come nearer"), "{said}");
        }
    }
    let drained = |c: &mut Certificate| {
        let by = c
            .excluded
            .iter_mut()
            .find(|excluded| excluded.by == By::Rests);
        by.expect("it rests").by = By::Drains;
    };
    let held = "that everybody lets go says nothing unless what is missing is held";
    assert_eq!(refusal(&rests, drained), held);
    let both = |c: &mut Certificate| claim("starved", By::Drains)(c);
    assert!(refusal(&rests, both).contains("one list of ranks"));
    let back = certified(&server(true, &[json!({ "complete": "c" })]));
    assert!(!claims(&back.1, "starved", By::Rests));
    if claims(&back.1, "deadlock", By::Flow) {
        let said = refusal(&back, |c| {
            claim("starved", By::Rests)(c);
            c.ranks = vec![0; c.locals.states.len()];
        });
        assert_eq!(said, "who has rested may give what is waited for at rest");
    }
    // In a loop a wait need not be idle: whoever waits there for ever is deadlocked, and nobody starves.
    let awake = certified(&server(false, &[]));
    assert!(!claims(&awake.1, "deadlock", By::Flow));
    assert!(claims(&awake.1, "starved", By::Rests));
}
