//! The point of no return does not depend on whether tasks that stand idle are instances of one task
//! program, of which one stands for many, or each has a program of its own. On random programs.

use kmapcheck_limits::Limits;
use kmapcheck_machine::{Abilities, run as replay};
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_search::{Engine, PointOfNoReturn, point_of_no_return, run};
use kmapcheck_stuck::scene::scene;
use kmapcheck_stuck::stuck_sets::stuck;
use kmapcheck_testing::edge::Numbers;
use kmapcheck_testing::edge::aim::aimed;
use serde_json::{Value, json};

/// The same tasks in the same order, each with a program of its own.
fn apart(scenario: &Value) -> Value {
    let mut scenario = scenario.clone();
    let tasks = scenario["tasks"].as_array().cloned().unwrap_or_default();
    let each = tasks.iter().flat_map(|task| {
        let count = task["count"].as_u64().unwrap_or(1);
        (0..count).map(move |i| {
            let mut one = task.clone();
            one["name"] = format!("{}-{i}", task["name"].as_str().unwrap_or("t")).into();
            one["count"] = 1.into();
            one
        })
    });
    scenario["tasks"] = each.collect();
    scenario
}

/// The same scenario with tasks that have stale mappings and that shortest traces do not need, and with
/// as many slots more as these take up. As it is, if no series keeps mappings.
fn with_idle_tasks(scenario: &Value) -> Value {
    let mut scenario = scenario.clone();
    let series = scenario["model"]["series"].as_object_mut();
    let kept = (series.into_iter().flatten()).find(|(_, series)| series["reuse"] != "none");
    if let Some((name, series)) = kept {
        let name = name.clone();
        series["slots"] = (series["slots"].as_u64().unwrap_or(1) + 2).into();
        let idle = json!({
            "name": "idle", "count": 2, "pages": [{ "name": "left", "stale_in": name }],
            "program": [{ "kmap": "left", "series": name }, { "kunmap": "left" }],
        });
        scenario["tasks"]
            .as_array_mut()
            .expect("there are tasks")
            .push(idle);
    }
    scenario
}

fn judge(scenario: &Value) -> Result<&'static str, String> {
    let load = |scenario: &Value| {
        kmapcheck_scenario::load_str("s.json", &scenario.to_string(), &Default::default()).ok()
    };
    let scenario = with_idle_tasks(scenario);
    let (Some(together), Some(apart)) = (load(&scenario), load(&apart(&scenario))) else {
        return Ok("refused");
    };
    let limits = Limits {
        max_states: Some(3_000),
        ..Limits::default()
    };
    let outcome = run(Engine::Search, &together, &limits, &mut |_| {})
        .unwrap_or_else(|refusal| panic!("{refusal}"));
    let deadlock = (outcome.findings.iter()).find(|found| found.kind == FindingKind::Deadlock);
    let Some(deadlock) = deadlock else {
        return Ok("no deadlock");
    };
    let last =
        replay(&together, &deadlock.trace, |_, _, _, _| {}).map_err(|error| error.to_string())?;
    let stuck = stuck(&scene(&together, &Abilities::of(&together), &last)).forever;
    let core: Vec<usize> = (0..stuck.len()).filter(|&task| stuck[task]).collect();
    let lost = |program: &Program| point_of_no_return(program, &deadlock.trace, &core, &limits);
    match (lost(&together), lost(&apart)) {
        (PointOfNoReturn::Undetermined, _) | (_, PointOfNoReturn::Undetermined) => Ok("too large"),
        (one, other) if one == other => Ok("the same"),
        (one, other) => Err(format!(
            "{one:?} for all together, {other:?} for each apart"
        )),
    }
}

#[test]
fn idle_tasks_may_be_merged() {
    let came = aimed(Numbers::Given, 300, judge);
    println!("{:?}", came.answers);
    assert!(came.of("the same") > 20, "{:?}", came.answers);
}

/// Three slots, all stale, and nobody flushes: whoever tries for a slot gets none, so `t` is lost from
/// the start. With one of the idle tasks standing for all three, two slots were free.
#[test]
fn idle_tasks_take_up_slots() {
    let scenario = json!({
        "name": "s", "model": { "name": "m", "series": { "A": { "slots": 3, "reuse": "own" } } },
        "locks": { "S": "semaphore" },
        "tasks": [
            { "name": "u", "count": 2, "pages": [{ "name": "p", "stale_in": "A" }],
              "program": [{ "might_sleep": true }] },
            { "name": "v", "pages": [{ "name": "p", "stale_in": "A" }],
              "program": [{ "might_sleep": true }] },
            { "name": "t", "pages": ["q"], "program": [
                { "choose": [[{ "try_kmap": "q", "series": "A",
                                "then": [{ "kunmap": "q" }, { "exit": true }] }], []] },
                { "down": "S" }, { "down": "S" }] } ],
    });
    let program = kmapcheck_testing::load(&scenario);
    let outcome = run(Engine::Reference, &program, &Limits::default(), &mut |_| {})
        .unwrap_or_else(|refusal| panic!("{refusal}"));
    let deadlock = &outcome.findings[0];
    assert_eq!(deadlock.kind, FindingKind::Deadlock);
    let lost = point_of_no_return(&program, &deadlock.trace, &[3], &Limits::default());
    assert_eq!(lost, PointOfNoReturn::Step(0));
}
