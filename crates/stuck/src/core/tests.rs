//! Cores against all sets, tried by hand.

use kmapcheck_machine::{Abilities, Start, initial};
use kmapcheck_scenario::{FindingKind, Overrides, Program, load_str};

use super::*;
use crate::class::classify;
use crate::deadlock::Deadlock;
use crate::scene::scene;
use crate::stuck_sets::stuck;

fn program(fields: &str) -> Program {
    let series = r#""series": { "P": { "slots": 3, "reuse": "own" }, "Q": { "slots": 2, "reuse": "none" },
                                "R": { "slots": 1, "reuse": "any" } }"#;
    let text = format!(r#"{{ "name": "s", "model": {{ "name": "m", {series} }}, {fields} }}"#);
    match load_str("test.json", &text, &Overrides::default()) {
        Ok(program) => program,
        Err(errors) => panic!("{errors}"),
    }
}

/// Two to four tasks of each sort: slots of private and of shared pages, locks, units, leaks.
fn programs() -> Vec<Program> {
    [
        r#""pages": ["s"], "tasks": [
            { "name": "t", "count": 4, "pages": ["p", "q"], "program": [
                { "kmap": "p", "series": "P" }, { "kmap": "q", "series": "P" }, { "kunmap": "q" }, { "kunmap": "p" } ] },
            { "name": "u", "count": 3, "pages": ["p"], "program": [
                { "kmap": "s", "series": "P" }, { "kmap": "p", "series": "Q" }, { "kmap": "p", "series": "P" },
                { "kunmap": "p" }, { "kunmap": "p" }, { "kunmap": "s" } ] } ]"#,
        r#""locks": { "l": "semaphore", "r": { "rwsem": { "fair": true } }, "n": { "semaphore": 3 } }, "tasks": [
            { "name": "w", "count": 2, "pages": ["p"], "program": [
                { "down": "n", "n": 2 }, { "down_write": "r" }, { "kmap": "p", "series": "R" }, { "kunmap": "p" }, { "up_write": "r" }, { "up": "n", "n": 2 } ] },
            { "name": "r", "count": 3, "pages": ["p"], "program": [
                { "down_read": "r" }, { "down": "n" }, { "kmap": "p", "series": "R" }, { "down": "l" },
                { "up": "l" }, { "kunmap": "p" }, { "up": "n" }, { "up_read": "r" } ] },
            { "name": "l", "count": 2, "pages": ["p"], "program": [
                { "down": "l" }, { "down_read": "r" }, { "kmap": "p", "series": "Q" }, { "kmap": "p", "series": "Q" } ] } ]"#,
        r#""pages": ["s"], "locks": { "l": "spin" }, "completions": ["c"], "mempools": { "m": { "elements": 2, "owned": false } }, "tasks": [
            { "name": "c", "count": 3, "program": [
                { "mempool_alloc": "m" }, { "lock_page": "s" }, { "kmap": "s", "series": "R" }, { "wait_for_completion": "c" },
                { "kunmap": "s" }, { "unlock_page": "s" }, { "mempool_free": "m" } ] },
            { "name": "d", "count": 3, "pages": ["p"], "program": [
                { "kmap": "p", "series": "R" }, { "lock_page": "s" }, { "complete": "c" }, { "unlock_page": "s" }, { "kunmap": "p" } ] },
            { "name": "e", "count": 2, "pages": ["p"], "program": [ { "kmap": "p", "series": "R" }, { "mempool_alloc": "m" } ] } ]"#,
        r#""locks": { "l": "spin" }, "cpus": 2, "tasks": [
            { "name": "s", "count": 4, "program": [
                { "spin_lock": "l" }, { "might_sleep": true }, { "spin_unlock": "l" } ] },
            { "name": "p", "count": 3, "pages": ["p", "q"], "program": [
                { "kmap": "p", "series": "Q" }, { "kmap": "q", "series": "Q" }, { "spin_lock": "l" }, { "spin_unlock": "l" }, { "kunmap": "q" }, { "kunmap": "p" } ] } ]"#,
    ]
    .map(program)
    .into()
}

/// All smallest sets that are stuck on themselves, by trying every set; the first of them.
fn by_hand(scene: &Scene<'_>) -> Option<Vec<usize>> {
    let waits = stuck(scene).forever;
    let tasks: Vec<usize> = (0..waits.len()).filter(|&i| waits[i]).collect();
    (1u32..1 << tasks.len())
        .filter_map(|set| {
            let core: Vec<usize> = (0..tasks.len())
                .filter(|i| set >> i & 1 == 1)
                .map(|i| tasks[i])
                .collect();
            is_core(scene, &core).then(|| (core.len(), classify(scene, &core), core))
        })
        .min()
        .map(|(_, _, core)| core)
}

fn is_core(scene: &Scene<'_>, core: &[usize]) -> bool {
    let set: Vec<bool> = (0..scene.parties.len())
        .map(|i| core.contains(&i))
        .collect();
    stuck_among(scene, &set) == set
}

#[test]
fn cores_are_the_smallest_there_are() {
    let mut random = 1u64;
    let mut next = |below: usize| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).expect("usize has 64 bits") % below
    };
    for program in programs() {
        let abilities = Abilities::of(&program);
        let mut deadlocks = 0;
        for _ in 0..200 {
            let mut state = initial(&program, &Start::default());
            loop {
                let scene = scene(&program, &abilities, &state);
                let core = smallest_core(&scene);
                assert_eq!(core, by_hand(&scene), "{state:?}");
                if core.is_some() {
                    deadlocks += 1;
                    let deadlock =
                        Deadlock::of(&program, &abilities, &state, FindingKind::Deadlock);
                    let of = deadlock.map_or(Vec::new(), |deadlock| deadlock.blockers.of);
                    assert!(!of.is_empty() && of.iter().all(|(_, what)| !what.is_empty()));
                    assert_minimal(&scene);
                }
                let moves: Vec<usize> = (0..state.tasks.len())
                    .filter(|&i| {
                        !kmapcheck_machine::steps(&program, &state.tasks[i], &state.shared)
                            .is_empty()
                    })
                    .collect();
                if moves.is_empty() {
                    break;
                }
                let task = moves[next(moves.len())];
                let mut steps =
                    kmapcheck_machine::steps(&program, &state.tasks[task], &state.shared);
                let step = steps.swap_remove(next(steps.len()));
                state.advance(&program, task, &step);
            }
        }
        assert!(
            deadlocks > 20,
            "the walks of {} meet deadlocks",
            program.templates[0].name
        );
    }
}

/// The search for large sets leaves no task out that could be.
fn assert_minimal(scene: &Scene<'_>) {
    let groups = Groups::of(scene);
    let folded = folded(scene, &groups);
    let all = Candidates::of(&folded, &groups, &stuck(scene).forever);
    let core = tasks(&groups, &all.minimal(&folded));
    assert!(is_core(scene, &core));
    for i in 0..core.len() {
        let mut fewer = core.clone();
        fewer.remove(i);
        let set: Vec<bool> = (0..scene.parties.len())
            .map(|i| fewer.contains(&i))
            .collect();
        assert!(
            !stuck_among(scene, &set).contains(&true),
            "{fewer:?} is enough of {core:?}"
        );
    }
}

#[test]
fn many_kinds_of_holders_are_quick() {
    // 1024 slots, one for each of 1024 kinds of task (each waits on a lock of its own number),
    // and as many again who hold nothing: too many to try, and no two alike.
    let locks: Vec<String> = (0..1024)
        .map(|i| format!(r#""l{i}": "semaphore""#))
        .collect();
    let tasks: Vec<String> = (0..1024)
        .map(|i| {
            format!(
                r#"{{ "name": "t{i}", "pages": ["p", "q"], "program": [ {{ "down": "l{i}" }},
                    {{ "kmap": "p", "series": "P" }}, {{ "kmap": "q", "series": "P" }},
                    {{ "kunmap": "q" }}, {{ "kunmap": "p" }}, {{ "up": "l{i}" }} ] }},
                   {{ "name": "u{i}", "program": [ {{ "down": "l{i}" }}, {{ "up": "l{i}" }} ] }}"#
            )
        })
        .collect();
    let text = format!(
        r#"{{ "name": "s", "model": {{ "name": "m", "series": {{ "P": {{ "slots": 1024, "reuse": "own" }} }} }},
             "locks": {{ {} }}, "tasks": [ {} ] }}"#,
        locks.join(","),
        tasks.join(",")
    );
    let program = match load_str("test.json", &text, &Overrides::default()) {
        Ok(program) => program,
        Err(errors) => panic!("{errors}"),
    };
    let mut state = initial(&program, &Start::default());
    for task in (0..2048).step_by(2).chain((0..2048).step_by(2)) {
        let step = kmapcheck_machine::steps(&program, &state.tasks[task], &state.shared).remove(0);
        state.advance(&program, task, &step);
    }
    let abilities = Abilities::of(&program);
    let core = smallest_core(&scene(&program, &abilities, &state));
    assert_eq!(core, Some((0..2048).step_by(2).collect()));
}

#[test]
fn choices_of_things_of_limited_kinds() {
    // Three things of kinds with 2, 1 and 2 of them: 210, 201, 111, 102, 012.
    let caps = [2, 1, 2];
    let mut counts = fill(&caps, 3);
    let mut all = vec![counts.clone()];
    while next_counts(&caps, &mut counts) {
        all.push(counts.clone());
    }
    assert_eq!(all, [[2, 1, 0], [2, 0, 1], [1, 1, 1], [1, 0, 2], [0, 1, 2]]);
    let numbers = Numbers::of(&caps).expect("few kinds");
    assert_eq!(
        (0..=5)
            .map(|size| numbers.of_size(size))
            .collect::<Vec<_>>(),
        [1, 3, 5, 5, 3, 1]
    );
}
