//! Where a task has taken what it holds: the ways that local states know, held against a list that is
//! kept by hand along random runs.

use kmapcheck_local::chains::{Chain, Chains, MAX};
use kmapcheck_local::{Acquired, Link, LocalState, Locals};
use kmapcheck_machine::{Held, Map, Mode, PageId, State, Task, initial, steps};
use kmapcheck_scenario::{NodeId, Op, Program};
use kmapcheck_testing::{load, private_scenario, scenario, shared_page_scenario};
use proptest::prelude::*;
use serde_json::json;

/// What a task has taken, in order, with the page numbers of the state.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Taken {
    Map(Map, NodeId),
    Page(PageId, NodeId),
    Lock(Held, NodeId),
}

/// Brings the list up to date after a step of the task.
fn note(list: &mut Vec<Taken>, before: &Task, after: &Task) {
    let at = before.at.expect("it took a step");
    if after.at.is_none() {
        list.clear();
        return;
    }
    if after.maps.len() > before.maps.len() {
        list.extend(after.maps.last().map(|&map| Taken::Map(map, at)));
    }
    // What is gone: the last one without which the rest is what is left.
    let is_map = |taken: &Taken| matches!(taken, Taken::Map(..));
    if after.maps.len() < before.maps.len() {
        let gone = (0..before.maps.len()).rev().find(|&i| {
            let rest = [&before.maps[..i], &before.maps[i + 1..]].concat();
            rest == after.maps
        });
        remove(list, is_map, gone.expect("one is gone"));
    }
    if after.page_locks.len() > before.page_locks.len() {
        list.extend(after.page_locks.last().map(|&page| Taken::Page(page, at)));
    }
    if after.page_locks.len() < before.page_locks.len() {
        let gone = (0..before.page_locks.len()).rev().find(|&i| {
            let rest = [&before.page_locks[..i], &before.page_locks[i + 1..]].concat();
            rest == after.page_locks
        });
        remove(
            list,
            |taken| matches!(taken, Taken::Page(..)),
            gone.expect("one is gone"),
        );
    }
    for held in before.held.iter().chain(&after.held) {
        let [old, new] = [before, after].map(|task| task.holds(held.what, held.mode));
        let of_it = |known: &Held| (known.what, known.mode) == (held.what, held.mode);
        let listed: u32 = (list.iter())
            .map(|taken| match taken {
                Taken::Lock(known, _) if of_it(known) => known.n,
                _ => 0,
            })
            .sum();
        // A lock that was held before and is held after is met twice: once is enough.
        if listed == new {
            continue;
        }
        if new > old {
            list.push(Taken::Lock(
                Held {
                    n: new - old,
                    ..*held
                },
                at,
            ));
        }
        let mut less = old.saturating_sub(new);
        for taken in list.iter_mut().rev() {
            if let Taken::Lock(known, _) = taken
                && of_it(known)
            {
                let gone = less.min(known.n);
                known.n -= gone;
                less -= gone;
            }
        }
        list.retain(|taken| !matches!(taken, Taken::Lock(known, _) if known.n == 0));
    }
}

/// Takes the so-manieth of a sort off the list.
fn remove(list: &mut Vec<Taken>, is: impl Fn(&Taken) -> bool, number: usize) {
    let mut of_sort = (0..list.len()).filter(|&i| is(&list[i]));
    let place = of_sort.nth(number).expect("it was listed");
    list.remove(place);
}

/// The list in the numbers of a local state.
fn as_chain(list: &[Taken], local: &LocalState) -> Chain {
    let (mut maps, mut pages) = (local.task.maps.iter(), local.task.page_locks.iter());
    list.iter()
        .map(|&taken| match taken {
            Taken::Map(_, at) => Link {
                what: Acquired::Map(*maps.next().expect("a map")),
                at,
            },
            Taken::Page(_, at) => Link {
                what: Acquired::Page(*pages.next().expect("a page lock")),
                at,
            },
            Taken::Lock(held, at) => Link {
                what: Acquired::Lock(held),
                at,
            },
        })
        .collect()
}

/// What a way says that is held is what the local state holds, each taken by an operation that takes
/// such things.
fn assert_fits(program: &Program, local: &LocalState, chain: &Chain) {
    let task = &local.task;
    let nodes = &program.templates[task.template].nodes;
    let (mut maps, mut pages, mut locks) = (Vec::new(), Vec::new(), Vec::<Held>::new());
    for link in chain {
        let op = nodes[link.at].op;
        match link.what {
            Acquired::Map(map) => {
                maps.push(map);
                assert!(
                    matches!(
                        op,
                        Op::Kmap { .. }
                            | Op::TryKmap { .. }
                            | Op::KmapAtomic { .. }
                            | Op::KmapLocal { .. }
                    ),
                    "{op:?} takes {map:?}"
                );
            }
            Acquired::Page(page) => {
                pages.push(page);
                assert!(
                    matches!(op, Op::LockPage { .. } | Op::TrylockPage { .. }),
                    "{op:?}"
                );
            }
            Acquired::Lock(held) => {
                assert!(takes(op, held), "{op:?} takes {held:?}");
                match locks
                    .iter_mut()
                    .find(|known| (known.what, known.mode) == (held.what, held.mode))
                {
                    Some(known) => known.n += held.n,
                    None => locks.push(held),
                }
            }
        }
    }
    locks.sort_unstable();
    assert_eq!(
        (&maps, &pages, &locks),
        (&task.maps, &task.page_locks, &task.held)
    );
}

fn takes(op: Op, held: Held) -> bool {
    match (op, held.mode) {
        (Op::SpinLock { lock } | Op::SpinTrylock { lock }, Mode::Spin)
        | (Op::DownRead { lock } | Op::DownReadTrylock { lock }, Mode::Read)
        | (Op::DownWrite { lock } | Op::DownWriteTrylock { lock }, Mode::Write) => {
            lock == held.what
        }
        (Op::Down { pool, n } | Op::DownTrylock { pool, n }, Mode::Units) => {
            pool == held.what && held.n <= n
        }
        _ => false,
    }
}

/// Whether the program has local states, and somebody held something on its runs.
fn check(program: &Program) -> bool {
    // Queues are forgotten, and steps of a select have two places: that of the select, and that of what
    // it takes.
    let plain = |op: Op| !matches!(op, Op::Select);
    let is_plain = (program.templates.iter()).all(|t| t.nodes.iter().all(|node| plain(node.op)));
    let Ok(locals) = Locals::of(program) else {
        return false;
    };
    if program.has_queues() || !is_plain {
        return false;
    }
    let chains = Chains::of(&locals);
    let all: usize = (0..)
        .zip(&locals.states)
        .map(|(number, _)| chains.to(number).len())
        .sum();
    assert!(
        chains.complete || all >= MAX,
        "only {all} of the ways are known"
    );
    for (number, local) in (0..).zip(&locals.states) {
        if local.task.at.is_some() {
            assert!(!chains.to(number).is_empty());
            let shortest = locals.acquired(number);
            assert!(!chains.complete || chains.to(number).contains(&shortest));
            chains
                .to(number)
                .iter()
                .for_each(|chain| assert_fits(program, local, chain));
        }
    }
    let mut held = false;
    let Some(start) = kmapcheck_machine::Starts::of(program).next() else {
        return false;
    };
    let start: State = initial(program, &start);
    for run in 0..20u64 {
        let mut state = start.clone();
        let mut lists: Vec<Vec<Taken>> = vec![Vec::new(); state.tasks.len()];
        let mut random = run;
        let mut below = |n: usize| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(random >> 33).expect("31 bits") % n
        };
        for _ in 0..40 {
            let movers: Vec<usize> = (0..state.tasks.len())
                .filter(|&task| !steps(program, &state.tasks[task], &state.shared).is_empty())
                .collect();
            if movers.is_empty() {
                break;
            }
            let task = movers[below(movers.len())];
            let mut ways = steps(program, &state.tasks[task], &state.shared);
            let way = ways.swap_remove(below(ways.len()));
            let before = state.tasks[task].clone();
            state.advance(program, task, &way);
            note(&mut lists[task], &before, &state.tasks[task]);
            let local = LocalState::of(program, &state.tasks[task], &state.shared);
            let number = locals.number(&local).expect("it is covered");
            let chain = as_chain(&lists[task], &local);
            held |= chain.len() > 1;
            if local.task.at.is_some() && chains.complete {
                assert!(
                    chains.to(number).contains(&chain),
                    "{chain:?} is none of {:?}",
                    chains.to(number)
                );
            }
        }
    }
    held
}

#[test]
fn every_way_of_a_run_is_known() {
    for (name, scenarios, least) in [
        ("any", scenario().boxed(), 50),
        ("private", private_scenario().boxed(), 200),
        ("of shared pages", shared_page_scenario().boxed(), 4),
    ] {
        let tally = kmapcheck_testing::tally(scenarios, 300, |program| match check(program) {
            true => "two things held",
            false => "fewer, or no local states",
        });
        assert!(tally["two things held"] > least, "{name}: {tally:?}");
    }
}

/// Seventeen times one of two operations takes a unit: more ways than are kept.
#[test]
fn where_there_are_too_many_ways_each_state_keeps_one() {
    let take = json!({ "choose": [[{ "down": "s" }], [{ "might_sleep": true }, { "down": "s" }]] });
    let give = json!({ "up": "s", "n": 17 });
    let program: Vec<_> = std::iter::repeat_n(take, 17).chain([give]).collect();
    let program = load(&json!({
        "name": "many",
        "model": { "name": "m", "series": { "A": { "slots": 1, "reuse": "none" } } },
        "locks": { "s": { "semaphore": 40 } },
        "tasks": [{ "name": "t", "program": program }],
    }));
    let locals = Locals::of(&program).expect("it has local states");
    let chains = Chains::of(&locals);
    assert!(!chains.complete);
    for (number, local) in (0..).zip(&locals.states) {
        assert!(!chains.to(number).is_empty());
        chains
            .to(number)
            .iter()
            .for_each(|chain| assert_fits(&program, local, chain));
    }
}
