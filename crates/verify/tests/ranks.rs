//! Ranks that are not those of the argument: what a forger gets who leaves out one of its rules. The
//! ranks are worked out here once more, from what a certificate says of its local states and from
//! docs/proofs.md ("Letting go"). With all rules there are none, or others; with a rule left out there
//! are some, and they are refused.

mod common;

use common::{certified, claim, claims, refusal, said};
use kmapcheck_scenario::{Op, Patience, Program};
use kmapcheck_verify::{By, Certificate, State};
use serde_json::{Value, json};

type Certified = (Program, Certificate);

/// The rules of the argument.
#[derive(Clone, Copy)]
struct Rules {
    /// Whatever flushes others have done, there is a step.
    flushes: bool,
    /// Others may leave a select, and an allocation from few pages, one way only.
    others_choose: bool,
}

const ALL: Rules = Rules {
    flushes: true,
    others_choose: true,
};

/// Who holds nothing.
fn drained((_, certificate): &Certified, state: &State) -> bool {
    state.at.is_none() || certificate.locals.holdings[state.holds].is_empty()
}

/// Who has ended or stands where one may wait idly.
fn idle((program, _): &Certified, state: &State) -> bool {
    let patience = |at: usize| program.templates[state.task].nodes[at].patience;
    state.at.is_none_or(|at| patience(at) == Patience::Idle)
}

/// The ranks, where those `there` have none to go; `None`: some local state has none.
fn ranks(
    certified: &Certified,
    there: fn(&Certified, &State) -> bool,
    rules: Rules,
) -> Option<Vec<u32>> {
    let (program, certificate) = certified;
    let states = &certificate.locals.states;
    let others_choose = |state: &State| {
        let op = state
            .at
            .map(|at| program.templates[state.task].nodes[at].op);
        rules.others_choose
            && match op {
                Some(Op::Select) => true,
                Some(Op::AllocPage { .. } | Op::TryAllocPage { .. }) => {
                    program.free_pages.is_some()
                }
                _ => false,
            }
    };
    let mut known: Vec<Option<u32>> = (states.iter())
        .map(|state| there(certified, state).then_some(0))
        .collect();
    for round in 1.. {
        let before = known.clone();
        let is_known = |to: usize| before[to].is_some();
        for place in 0..states.len() {
            let mut forms = vec![place];
            let mut next = 0;
            while rules.flushes && next < forms.len() {
                forms.extend(&states[forms[next]].flushed);
                next += 1;
            }
            let comes_nearer = |&form: &usize| {
                let mut moves = states[form].steps.iter().filter(|moves| !moves.is_empty());
                moves.all(|moves| match others_choose(&states[form]) {
                    true => moves.iter().all(|&(to, _)| is_known(to)),
                    false => moves.iter().any(|&(to, _)| is_known(to)),
                })
            };
            if before[place].is_none() && forms.iter().all(comes_nearer) {
                known[place] = Some(round);
            }
        }
        if known == before {
            break;
        }
    }
    known.into_iter().collect()
}

/// Claims that nobody starves, with these ranks.
fn with(by: By, ranks: Vec<u32>) -> impl FnOnce(&mut Certificate) {
    move |c| {
        c.excluded
            .retain(|e| e.by != By::Drains && e.by != By::Rests);
        claim("starved", by)(c);
        c.ranks = ranks;
    }
}

const NO_NEARER: &str = "holder does not come nearer to letting go in some local state";

/// One that holds a lock and does so, beside others that want the lock. All have a page.
fn holder(program: &Value) -> Value {
    let down = json!({ "down": "l" });
    let up = json!({ "up": "l" });
    let mut within = vec![down.clone()];
    within.extend(program.as_array().expect("a list").clone());
    within.push(up.clone());
    json!({
        "name": "ranks",
        "model": { "name": "m", "series": { "A": { "slots": 1, "reuse": "any" },
                                            "B": { "slots": 1, "reuse": "any" } } },
        "locks": { "l": "semaphore", "a": "semaphore", "b": "semaphore" },
        "tasks": [{ "name": "holder", "count": 2, "pages": ["p"], "program": within },
                  { "name": "other", "count": 2, "pages": ["q"], "program": [down, up] }],
    })
}

/// With the rule there are no ranks; what there are without it is refused.
fn needs_the_rule(scenario: &Value, without: Rules) {
    let certified = certified(scenario);
    assert_eq!(ranks(&certified, drained, ALL), None);
    let lenient = ranks(&certified, drained, without).expect("the rule makes the difference");
    assert_eq!(refusal(&certified, with(By::Drains, lenient)), NO_NEARER);
}

/// What holds here, and the ranks are those that the prover finds.
#[test]
fn everybody_lets_go() {
    let mapped = json!([{ "kmap": "p", "series": "A" }, { "kunmap": "p" },
                        { "try_kmap": "p", "series": "A", "then": [{ "kunmap": "p" }] }]);
    let certified = certified(&holder(
        &json!([{ "loop": [{ "choose": [mapped, [{ "break": true }]] }] }]),
    ));
    let honest = ranks(&certified, drained, ALL).expect("it lets go");
    assert_eq!(said(&certified, with(By::Drains, honest.clone())), Ok(()));
    assert!(claims(&certified.1, "starved", By::Drains));
    assert_eq!(certified.1.ranks, honest);
}

/// One who holds the lock for ever is nowhere one step from letting go.
#[test]
fn one_step_from_everywhere() {
    let certified = certified(&holder(&json!([{ "loop": [{ "might_sleep": true }] }])));
    assert_eq!(ranks(&certified, drained, ALL), None);
    let states = certified.1.locals.states.iter();
    let one = states.map(|state| u32::from(!drained(&certified, state)));
    assert_eq!(
        refusal(&certified, with(By::Drains, one.collect())),
        NO_NEARER
    );
}

/// It lets go once a try finds the page mapped, as it left it; but others flush, each time.
#[test]
fn others_flush() {
    let again = json!([{ "kmap": "p", "series": "A" }, { "kunmap": "p" }]);
    let lets_go = json!([{ "kunmap": "p" }, { "break": true }]);
    let round = json!({ "try_kmap": "p", "series": "A", "then": lets_go, "else": again });
    needs_the_rule(
        &holder(&json!([{ "loop": [round] }])),
        Rules {
            flushes: false,
            ..ALL
        },
    );
}

/// It lets go if one of two things comes, and goes round if the other does.
#[test]
fn others_leave_one_branch_of_a_select() {
    let lets_go = json!([{ "down": "a" }, { "up": "a" }, { "break": true }]);
    let again = json!([{ "down": "b" }, { "up": "b" }]);
    needs_the_rule(
        &holder(&json!([{ "loop": [{ "select": [lets_go, again] }] }])),
        Rules {
            others_choose: false,
            ..ALL
        },
    );
}

/// It lets go with a page as good as new, which takes the one slot of B: another is not to be had. A
/// page that is mapped in A takes none, and it goes round.
#[test]
fn others_leave_one_free_page() {
    let again = json!([{ "kunmap": "p" }, { "kunmap": "v" }, { "free_page": "v" }]);
    let lets_go = json!([{ "kunmap": "v" }, { "break": true }]);
    let with_a_page = json!([
        { "kmap": "v", "series": "B" },
        { "try_kmap": "p", "series": "B", "then": again, "else": lets_go },
    ]);
    let allocates =
        json!({ "try_alloc_page": "v", "then": with_a_page, "else": [{ "break": true }] });
    let mut scenario = holder(&json!([{ "loop": [allocates] }]));
    scenario["free_pages"] = json!(1);
    scenario["tasks"][1]["program"] =
        json!([{ "kmap": "q", "series": "A" }, { "kunmap": "q" }, { "free_page": "q" }]);
    needs_the_rule(
        &scenario,
        Rules {
            others_choose: false,
            ..ALL
        },
    );
    // Where there are always free pages, one that is as good as new is always among them.
    let fields = scenario.as_object_mut().expect("a scenario");
    fields.remove("free_pages");
    let certified = certified(&scenario);
    let honest = ranks(&certified, drained, ALL).expect("it need not wait for such a page");
    assert_eq!(said(&certified, with(By::Drains, honest)), Ok(()));
}

/// Whoever waits idly for a lock that its holder gives back is not at rest: it gets it, again and
/// again, and holds another one all the time.
#[test]
fn a_lock_is_given_back() {
    let round = json!([{ "down": "a", "idle": true }, { "up": "a" }]);
    let certified = certified(&holder(&json!([{ "loop": round }])));
    let forged = ranks(&certified, idle, ALL).expect("an idle wait is never far");
    assert_eq!(refusal(&certified, with(By::Rests, forged)), NO_NEARER);
}

/// A server rests while it waits idly for what anybody may give: a unit that nobody owns, a page.
#[test]
fn a_server_rests() {
    for (gives, waits) in [
        (json!({ "up": "s" }), json!({ "down": "s", "idle": true })),
        (
            json!({ "free_page": "p" }),
            json!({ "alloc_page": "v", "idle": true }),
        ),
    ] {
        let certified = certified(&json!({
            "name": "serves", "model": { "name": "m", "series": {} }, "free_pages": 0,
            "locks": { "s": { "semaphore": 3, "owned": false, "available": 0 } },
            "tasks": [{ "name": "gives", "count": 2, "pages": ["p"], "program": [gives] },
                      { "name": "serves", "program": [{ "loop": [waits] }] }],
        }));
        let honest = ranks(&certified, idle, ALL).expect("it waits idly");
        assert_eq!(said(&certified, with(By::Rests, honest)), Ok(()), "{waits}");
    }
}
