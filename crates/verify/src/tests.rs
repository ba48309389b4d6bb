//! The state equation, held against runs and against tasks that really are stuck.

use std::collections::BTreeMap;

use kmapcheck_linear::{Answer, solve};
use kmapcheck_local::{LocalState, Locals};
use kmapcheck_machine::{Abilities, Standing, Starts, State, Waiting, initial, steps};
use kmapcheck_scenario::{NodeId, Program};
use kmapcheck_stuck::reduction::stuck_among;
use kmapcheck_stuck::scene::{Scene, scene};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::closed::Closed;
use crate::counted::change;
use crate::flow::{Flow, Step, open_pools};
use crate::kinds::{Kind, kinds, kinds_of};
use crate::local::Local;
use crate::observed::Observed;
use crate::plain::unqueued;
use crate::systems::{System, flow_systems, problem};

fn closed(program: &Program) -> Option<Closed> {
    let locals = Locals::of(program).ok()?;
    let local = |local: &LocalState| Local {
        task: local.task.clone(),
        pages: local.pages.clone(),
    };
    let list: Vec<Local> = locals.states.iter().map(local).collect();
    Some(Closed::of_list(program, &list).unwrap_or_else(|wrong| panic!("{wrong}")))
}

/// The state equation with as many pools as can be shown to which no give is refused.
fn flow<'a>(program: &'a Program, closed: &Closed) -> Flow<'a> {
    let mut pools = open_pools(program);
    loop {
        let flow = Flow::of(program, closed, &pools).expect("there are such pools");
        let is_open = |inequalities: &[_]| {
            let problem = problem(1 + flow.unknowns(), inequalities);
            !matches!(solve(&problem, 20_000), Answer::Infeasible(_))
        };
        let gives = flow.gives();
        let Some((refused, ..)) = gives.iter().find(|(.., follows)| is_open(follows)) else {
            return flow;
        };
        pools.retain(|pool| pool != refused);
    }
}

/// Tasks that complete and try for it, a pool that anybody fills, and pages.
fn giving() -> Value {
    json!({
        "name": "s", "model": { "name": "m", "series": {} },
        "locks": { "s": { "semaphore": 2, "owned": false, "available": 0 } },
        "completions": ["c"], "free_pages": 2,
        "tasks": [
            { "name": "t", "count": 2, "program": [
                { "complete": "c" }, { "up": "s" }, { "alloc_page": "p" }, { "free_page": "p" }] },
            { "name": "u", "count": "any", "program": [
                { "try_wait_for_completion": "c", "then": [{ "complete": "c" }] },
                { "down_trylock": "s" }] }],
    })
}

/// Each row of the state equation with one thing wrong in it is noticed in some run, if what is wrong
/// makes it say more than is so; and so is a step that is left out.
#[test]
fn wrong_rows_and_steps_are_refused() {
    let program = kmapcheck_testing::load(&giving());
    let closed = closed(&program).expect("it has a closure");
    // Nothing is refused here, though by itself a task could be.
    let pools = open_pools(&program);
    let flow = Flow::of(&program, &closed, &pools).expect("there is such a pool");
    let kinds = kinds(&program, &closed).expect("waits are what they seem");
    let observe = |flow: &Flow<'_>| Observed::of(&program, &kinds, Some(flow), &|_| true);
    let observed = observe(&flow).expect("the steps are all there are");
    let (mut refused, mut rows) = (0, 0);
    for system in flow_systems(&flow, &closed).expect("all is counted") {
        let system = system.expect("the bounds are right");
        assert_eq!(observed.agrees_with(&program, &system), Ok(()));
        for i in 0..system.follows.of_any_tasks.len() {
            // What is reached with equality somewhere says too much with one more.
            let mut wrong = system.clone();
            let row = &mut wrong.follows.of_any_tasks[i];
            row.bound += if row.at_least { 1 } else { -1 };
            refused += usize::from(observed.agrees_with(&program, &wrong).is_err());
            rows += 1;
        }
    }
    assert!(refused * 3 > rows * 2, "{refused} of {rows}");
    for left_out in 0..flow.steps.len() {
        let mut fewer = Flow::of(&program, &closed, &pools).expect("there is such a pool");
        let step = fewer.steps.remove(left_out);
        let said = observe(&fewer).map(|_| ());
        let noticed = said.is_err_and(|said| said.contains("takes a step"));
        assert!(noticed, "{step:?}");
    }
}

/// A pool that is said never to refuse, and does.
#[test]
fn a_give_that_is_refused_is_noticed() {
    let mut scenario = giving();
    scenario["locks"]["s"]["available"] = json!(2);
    let program = kmapcheck_testing::load(&scenario);
    let closed = closed(&program).expect("it has a closure");
    assert!(
        flow(&program, &closed)
            .taken()
            .iter()
            .any(|step| step.from == 1 && step.gives.is_empty())
    );
    let pools = open_pools(&program);
    assert_eq!(pools, ["units of s"]);
    let flow = Flow::of(&program, &closed, &pools).expect("there is such a pool");
    let kinds = kinds(&program, &closed).expect("waits are what they seem");
    let said = Observed::of(&program, &kinds, Some(&flow), &|_| true).map(|_| ());
    assert!(said.is_err_and(|said| said.contains("takes a step")));
}

/// Without loops, CPUs and waits that give up every run goes on to a last state; with any one of them it
/// need not, and what is said of last states says nothing.
#[test]
fn which_programs_come_to_a_last_state() {
    let ends = |program: Value, cpus: Option<u32>| {
        let mut scenario = json!({
            "name": "s", "model": { "name": "m", "series": {} }, "locks": { "s": "semaphore" },
            "tasks": [{ "name": "t", "program": program },
                      { "name": "u", "program": [{ "might_sleep": true }] }],
        });
        if let Some(cpus) = cpus {
            scenario["cpus"] = json!(cpus);
        }
        let program = kmapcheck_testing::load(&scenario);
        let closed = closed(&program).expect("it has a closure");
        let flow = Flow::of(&program, &closed, &[]).expect("there are few steps");
        flow.ends
    };
    let round = json!([{ "loop": [{ "down": "s" }, { "up": "s" }] }]);
    let gives_up = json!([{ "down": "s", "gives_up": true, "then": [{ "up": "s" }] }]);
    let plain = json!([{ "down": "s" }, { "up": "s" }]);
    assert!(ends(plain.clone(), None));
    assert!(!ends(plain, Some(1)));
    assert!(!ends(round, None));
    assert!(!ends(gives_up, None));
}

/// A page that is freed while its task has it mapped or locked, in whatever way, could be met by others
/// who allocate; it is refused where somebody does, and only there.
#[test]
fn a_page_that_is_freed_in_use() {
    // Whatever is met is listed; what is left over is no matter here.
    let said = |program: &Program| {
        let met = std::cell::RefCell::new(Vec::<Local>::new());
        let find = |local: &Local| {
            let mut met = met.borrow_mut();
            let place = met.iter().position(|other| other == local);
            Some(place.unwrap_or_else(|| {
                met.push(local.clone());
                met.len() - 1
            }))
        };
        let said = Closed::of(program, 100, &find).map(|_| ());
        said.expect_err("fewer local states are met")
    };
    let uses = [
        [
            json!({ "kmap": "p", "series": "A" }),
            json!({ "kunmap": "p" }),
        ],
        [
            json!({ "kmap_atomic": "p", "type": "KM_USER0" }),
            json!({ "kunmap_atomic": "p" }),
        ],
        [json!({ "kmap_local": "p" }), json!({ "kunmap_local": "p" })],
        [json!({ "lock_page": "p" }), json!({ "unlock_page": "p" })],
    ];
    let free = json!({ "free_page": "p" });
    let alloc = json!([{ "alloc_page": "q" }]);
    let left_over = "there is a local state in which no task can be";
    let in_use =
        "no certificate is possible: a page is freed while its task still has it mapped or locked";
    for [take, give] in uses {
        for reuse in ["none", "own"] {
            let of = |program: Value, other: &Value| {
                said(&kmapcheck_testing::load(&json!({
                    "name": "s",
                    "model": { "name": "m", "series": { "A": { "slots": 1, "reuse": reuse } } },
                    "tasks": [{ "name": "t", "pages": ["p"], "program": program },
                              { "name": "u", "program": other }],
                })))
            };
            let before = json!([take, free, give]);
            assert_eq!(of(before.clone(), &alloc), in_use, "{take}");
            assert_eq!(of(before, &json!([])), left_over, "{take}");
            assert_eq!(of(json!([take, give, free]), &alloc), left_over, "{take}");
        }
    }
}

/// A run, with how often each step was taken.
struct Walk<'a> {
    flow: &'a Flow<'a>,
    state: State,
    taken: Vec<i64>,
}

impl Walk<'_> {
    /// Lets some task take some step; false if none can.
    fn step(&mut self, program: &Program, random: &mut ChaCha8Rng) -> bool {
        let movers: Vec<_> = (0..self.state.tasks.len())
            .flat_map(|id| {
                let steps = steps(program, &self.state.tasks[id], &self.state.shared);
                steps.into_iter().map(move |step| (id, step))
            })
            .collect();
        if movers.is_empty() {
            return false;
        }
        let (id, successor) = &movers[random.random_range(0..movers.len())];
        let (before, from) = (self.state.shared.clone(), self.state.tasks[*id].at);
        self.state.advance(program, *id, successor);
        let step = Step {
            task: self.state.tasks[*id].template,
            from: from.expect("it moves"),
            to: self.state.tasks[*id].at,
            change: change(&self.flow.counted, &before, &self.state.shared),
        };
        if !step.is_idle() {
            let place = self.flow.steps.iter().position(|other| *other == step);
            self.taken[place.expect("it is a step of a local state")] += 1;
        }
        true
    }

    /// Who is stuck, whoever may give up being taken to wait like all others: without idle waiters that
    /// are stuck by themselves, if these `count`; none, if that is no finding.
    fn stuck(&self, program: &Program, count: bool) -> Vec<usize> {
        let abilities = Abilities::of(program);
        let scene = Scene {
            patient: true,
            ..scene(program, &abilities, &self.state)
        };
        let who_waits = |way: fn(Waiting) -> bool| -> Vec<bool> {
            let parties = scene.parties.iter();
            parties
                .map(|party| matches!(party.standing, Standing::Waits(waiting) if way(waiting)))
                .collect()
        };
        let all = stuck_among(&scene, &who_waits(|_| true));
        let idle = who_waits(Waiting::is_idle).into_iter().zip(&all);
        let idle: Vec<bool> = idle.map(|(idle, &stuck)| idle && stuck).collect();
        let idle = stuck_among(&scene, &idle);
        let found = |&id: &usize| all[id] && !idle[id];
        let deadlocked: Vec<usize> = (0..all.len()).filter(found).collect();
        match count || deadlocked.is_empty() {
            true => deadlocked,
            false => (0..all.len()).filter(|&id| all[id]).collect(),
        }
    }

    /// Whether those of the `stuck` who wait for what a system is about satisfy all of it.
    fn satisfies(
        &self,
        program: &Program,
        kinds: &[Kind],
        system: &System,
        stuck: &[usize],
    ) -> bool {
        let mut tasks: BTreeMap<(usize, NodeId), i64> = BTreeMap::new();
        for &id in stuck {
            let task = &self.state.tasks[id];
            let Standing::Waits(waiting) = self.state.standing(program, id) else {
                panic!("who is stuck waits");
            };
            let local = Local::of(program, task, &self.state.shared);
            let of = kinds_of(program, &local, waiting).expect("waits are what they seem");
            let place = kinds.iter().position(|kind| *kind == of[0]);
            let key = (
                place.expect("it is of some kind"),
                task.at.expect("it waits"),
            );
            *tasks.entry(key).or_default() += 1;
        }
        let standing = system.unknowns.iter().zip(&system.at);
        let mut values: Vec<i64> = standing
            .map(|(&kind, &at)| tasks.get(&(kind, at)).copied().unwrap_or(0))
            .collect();
        values.extend(&self.taken);
        problem(system.variables, &system.inequalities()).satisfied_by(&values)
    }
}

/// Whether each stuck set that runs come to satisfies what follows for the stuck, of some system; so
/// that nothing is excluded that occurs. Returns how many there were.
fn stuck_tasks_satisfy_some_system(program: &Program) -> usize {
    let program = unqueued(program);
    let Some(closed) = closed(&program) else {
        return 0;
    };
    if closed.leaks() {
        return 0;
    }
    let flow = flow(&program, &closed);
    let Ok(systems) = flow_systems(&flow, &closed) else {
        return 0;
    };
    let systems: Vec<System> = systems
        .map(|one| one.expect("the bounds are right"))
        .collect();
    let kinds = kinds(&program, &closed).expect("waits are what they seem");
    let start = Starts::of(&program).next().expect("it has a start");
    let mut seen = 0;
    for run in 0..6 {
        let mut random = ChaCha8Rng::seed_from_u64(run);
        let mut walk = Walk {
            flow: &flow,
            state: initial(&program, &start),
            taken: vec![0; flow.steps.len()],
        };
        for _ in 0..40 {
            let moves = walk.step(&program, &mut random);
            // Of programs that come to an end it is said of their last states.
            if flow.ends && moves {
                continue;
            }
            let stuck = walk.stuck(&program, flow.counts_idle(&closed));
            if !stuck.is_empty() {
                seen += 1;
                let some = systems
                    .iter()
                    .any(|one| walk.satisfies(&program, &kinds, one, &stuck));
                assert!(
                    some,
                    "nothing that follows for tasks stuck here is so of them"
                );
            }
            if !moves {
                break;
            }
        }
    }
    seen
}

#[test]
fn who_is_stuck_satisfies_some_system() {
    let came = kmapcheck_testing::tally(kmapcheck_testing::given_scenario(), 300, |program| {
        match stuck_tasks_satisfy_some_system(program) {
            0 => "nobody is stuck, or nothing is said",
            _ => "somebody is stuck",
        }
    });
    assert!(came["somebody is stuck"] > 20, "{came:?}");
}
