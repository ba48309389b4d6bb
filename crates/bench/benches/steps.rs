//! The parts: successors, the set of visited states, whole searches on small spaces.
//!
//! The set is a private part of `kmapcheck-search`; its two files are compiled once more here, so
//! that nothing has to be public for the sake of a measurement.

#![allow(missing_docs, reason = "criterion makes public functions")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kmapcheck_limits::Limits;
use kmapcheck_machine::{Starts, State, initial};
use kmapcheck_scenario::{Overrides, Program, load_str};
use kmapcheck_search::Engine;

#[allow(dead_code, unused_imports, missing_docs)]
#[path = "../src/family.rs"]
mod family;
#[allow(dead_code, unused_imports, missing_docs)]
#[path = "../../search/src/apart/key.rs"]
mod key;
#[allow(dead_code, unused_imports, missing_docs)]
#[path = "../../search/src/apart/store.rs"]
mod store;

use family::{Case, Family};
use key::Key;
use store::{MOST_IN_PARTITION, PARTITIONS, Partition, partition_of};

fn program(family: Family, tasks: usize) -> Program {
    let slots = family.slots(tasks);
    let scenario = Case {
        family,
        tasks,
        slots,
    }
    .scenario()
    .to_string();
    load_str("bench.json", &scenario, &Overrides::default()).expect("a legal scenario")
}

/// States in the midst of things: every so many of a breadth-first search.
fn states(program: &Program, n: usize) -> Vec<State> {
    let mut seen = std::collections::HashSet::new();
    let mut all: Vec<State> = Starts::of(program)
        .map(|start| initial(program, &start))
        .collect();
    let mut next = 0;
    while next < all.len() && all.len() < 8 * n {
        for task in 0..all[next].tasks.len() {
            for (_, after) in all[next].successors(program, task) {
                if seen.insert(after.clone()) {
                    all.push(after);
                }
            }
        }
        next += 1;
    }
    all.into_iter().step_by(8).take(n).collect()
}

fn successors(c: &mut Criterion) {
    let mut group = c.benchmark_group("successors");
    for family in [Family::Ordered, Family::Stale, Family::Fork] {
        let program = program(family, 6);
        let states = states(&program, 200);
        group.throughput(Throughput::Elements(states.len() as u64));
        group.bench_function(family.name(), |b| {
            b.iter(|| {
                for state in &states {
                    for task in 0..state.tasks.len() {
                        black_box(state.successors(&program, task));
                    }
                }
            });
        });
    }
    group.finish();
}

/// Keys as a search has them, in an order that is the same each time; each one twice.
fn keys(n: u64) -> Vec<Vec<Key<1>>> {
    let mut parts = vec![Vec::new(); PARTITIONS];
    for _ in 0..2 {
        for i in 0..n {
            let key = Key([i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20]);
            parts[partition_of(key.hash())].push(key);
        }
    }
    parts
}

fn visited(c: &mut Criterion) {
    let mut group = c.benchmark_group("visited");
    group.sample_size(10);
    for n in [10_000u64, 1_000_000] {
        let keys = keys(n);
        group.throughput(Throughput::Elements(2 * n));
        group.bench_function(format!("insert {n} keys twice"), |b| {
            b.iter_batched(
                || {
                    (0..PARTITIONS)
                        .map(|_| Partition::new(false, MOST_IN_PARTITION))
                        .collect::<Vec<_>>()
                },
                |mut parts: Vec<Partition<1>>| {
                    for (part, keys) in parts.iter_mut().zip(&keys) {
                        part.insert_all(keys);
                    }
                    assert_eq!(parts.iter().map(Partition::len).sum::<usize>() as u64, n);
                    parts
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn searches(c: &mut Criterion) {
    let mut group = c.benchmark_group("search");
    group.sample_size(10);
    let program = program(Family::Ordered, 10);
    for (name, engine) in [
        ("counted", Engine::Search),
        ("apart", Engine::Apart { threads: 1 }),
    ] {
        group.bench_function(format!("{name} ORDERED(10,2)"), |b| {
            b.iter(|| kmapcheck_search::run(engine, &program, &Limits::default(), &mut |_| {}));
        });
    }
    group.finish();
}

criterion_group!(benches, successors, visited, searches);
criterion_main!(benches);
