//! Sizes: families whose answer is known by hand, the discussion's scenarios, and random programs
//! against the plain search.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use kmapcheck_limits::Limits;
use kmapcheck_prove::settle::By;
use kmapcheck_questions::size::{Cell, Cells, Numbers, Options, SizeReport, resized, sizes};
use kmapcheck_scenario::{FindingKind, Overrides, Program, load};
use kmapcheck_search::{Engine, run};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

fn options(up_to: u32) -> Options {
    Options {
        slots_up_to: up_to,
        tasks_up_to: up_to,
        limits: Limits {
            max_states: Some(100_000),
            ..Limits::default()
        },
    }
}

fn report(program: &Program, up_to: u32) -> SizeReport {
    sizes(program, &options(up_to), &mut |_| {})
}

fn scenario(name: &str) -> Program {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../scenarios/pte-highmem")
        .join(name);
    load(&path, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// `count` tasks, each of which takes `each` slots of one series one by one.
fn pool(count: u32, each: u32, slots: u32, reuse: &str) -> Program {
    let pages: Vec<String> = (0..each).map(|i| format!("p{i}")).collect();
    let maps = pages.iter().map(|p| json!({ "kmap": p, "series": "S" }));
    let unmaps = pages.iter().rev().map(|p| json!({ "kunmap": p }));
    let body: Vec<Value> = maps.chain(unmaps).collect();
    kmapcheck_testing::load(&json!({
        "name": "pool",
        "model": { "name": "m", "series": { "S": { "slots": slots, "reuse": reuse } } },
        "tasks": [{ "name": "t", "count": count, "pages": pages, "program": body }],
    }))
}

/// N tasks that take k of P slots one by one can deadlock exactly if N (k - 1) >= P: that many slots
/// can be taken with nobody having all that it needs.
#[test]
fn one_pool() {
    for (each, reuse) in [(2, "none"), (2, "any"), (3, "none"), (3, "own")] {
        let report = report(&pool(3, each, 4, reuse), 6);
        let [table] = report.tables.as_slice() else {
            panic!("one series, one task: one table");
        };
        for row in &table.rows {
            for (cell, tasks) in row.cells.iter().zip(1..) {
                let deadlocks = tasks * (each - 1) >= row.slots;
                assert_eq!(
                    cell.is_safe(),
                    !deadlocks,
                    "{each} {tasks} {}: {cell:?}",
                    row.slots
                );
                if !deadlocks {
                    assert_eq!(*cell, Cell::Safe { by: By::Equations });
                }
            }
        }
        let least = 3 * (each - 1) + 1;
        let from = &report.smallest_slots.from[0];
        assert_eq!(from.safe_from, Some(least));
        assert!(
            matches!(from.one_fewer, Some(Cell::Unsafe { .. })),
            "{from:?}"
        );
        if least <= 6 {
            let minimal = &report.smallest_slots.minimal;
            assert_eq!(minimal.len(), 1);
            assert_eq!(minimal[0].slots, [least]);
            assert!(minimal[0].and_all_larger);
        }
        let most = &report.most_tasks[0];
        assert_eq!(most.safe_up_to, Some(3 / (each - 1)), "{most:?}");
        assert!(most.and_no_larger && matches!(most.one_more, Some(Cell::Unsafe { .. })));
    }
}

/// A series of one slot is a lock: a second slot lets in a second task, which takes the other locks
/// in the other order.
#[test]
fn more_slots_can_be_worse() {
    let task = |name: &str, first: &str, second: &str| {
        json!({ "name": name, "pages": ["p"], "program": [
            { "kmap": "p", "series": "S" }, { "down": first }, { "down": second },
            { "up": second }, { "up": first }, { "kunmap": "p" } ] })
    };
    let program = kmapcheck_testing::load(&json!({
        "name": "gate",
        "model": { "name": "m", "series": { "S": { "slots": 1, "reuse": "none" } } },
        "locks": { "a": "semaphore", "b": "semaphore" },
        "tasks": [task("t", "a", "b"), task("u", "b", "a")],
    }));
    let report = report(&program, 3);
    let minimal = &report.smallest_slots.minimal;
    assert_eq!(minimal.len(), 1);
    assert_eq!(minimal[0].slots, [1]);
    assert!(!minimal[0].and_all_larger);
    let safe: Vec<bool> = (report.tables[0].rows.iter())
        .map(|row| row.cells[0].is_safe())
        .collect();
    assert_eq!(safe, [true, false, false]);
    assert_eq!(report.smallest_slots.from[0].safe_from, None);
}

/// Two tasks take two locks the other way round, and one of them tries for a slot first. They deadlock
/// however many slots there are and however many are kept for holders, all of them and more included.
#[test]
fn kept_for_holders_up_to_more_than_there_are() {
    for kept in 0..=6 {
        let program = kmapcheck_testing::load(&json!({
            "name": "kept",
            "model": { "name": "m",
                       "series": { "A": { "slots": 4, "reuse": "none", "for_holders": kept } } },
            "locks": { "l": "semaphore", "k": "semaphore" },
            "tasks": [
                { "name": "t", "pages": ["a"], "program": [
                    { "try_kmap": "a", "series": "A", "then": [{ "kunmap": "a" }] },
                    { "down": "l" }, { "down": "k" }, { "up": "k" }, { "up": "l" }] },
                { "name": "u", "program": [
                    { "down": "k" }, { "down": "l" }, { "up": "l" }, { "up": "k" }] }],
        }));
        let report = report(&program, 4);
        assert!(
            report.smallest_slots.minimal.is_empty(),
            "{kept}: {report:?}"
        );
        let from = report.smallest_slots.from.iter().map(|from| from.safe_from);
        assert!(
            from.into_iter().all(|from| from.is_none()),
            "{kept}: {report:?}"
        );
        for slots in 1..=4 {
            let numbers = Numbers::of(&program).with_slots(0, slots);
            let mut progress = |_: &kmapcheck_engine::Progress| {};
            let limits = Limits::default();
            let cell = Cells::new(&program, &limits, &mut progress).at(&numbers);
            assert!(
                matches!(cell, Cell::Unsafe { .. }),
                "{kept} of {slots}: {cell:?}"
            );
            assert!(confirm(&program, &numbers, &cell, 1_000));
        }
    }
}

/// Each of two series needs more slots only if the other has too few: two minimal vectors.
#[test]
fn several_minimal_vectors() {
    let task = |name: &str, first: &str, second: &str| {
        json!({ "name": name, "count": 2, "pages": ["p", "q"], "program": [
            { "kmap": "p", "series": first }, { "kmap": "q", "series": second },
            { "kunmap": "q" }, { "kunmap": "p" } ] })
    };
    let program = kmapcheck_testing::load(&json!({
        "name": "crossing",
        "model": { "name": "m", "series": { "A": { "slots": 1, "reuse": "none" },
                                            "B": { "slots": 1, "reuse": "none" } } },
        "tasks": [task("t", "A", "B"), task("u", "B", "A")],
    }));
    let report = report(&program, 4);
    let found: Vec<&[u32]> = (report.smallest_slots.minimal.iter())
        .map(|minimal| minimal.slots.as_slice())
        .collect();
    // Stuck: all of A held by t, of which there are two, and all of B by u.
    assert_eq!(found, [[1, 3], [3, 1]]);
    assert!(
        report
            .smallest_slots
            .minimal
            .iter()
            .all(|minimal| minimal.and_all_larger)
    );
}

#[test]
fn mremap() {
    let report = report(&scenario("mremap-two-pagetables.json"), 5);
    assert_eq!(report.smallest_slots.series, ["PAGETABLE"]);
    assert_eq!(report.smallest_slots.from[0].safe_from, Some(3));
    assert_eq!(report.most_tasks[0].safe_up_to, Some(1));
    assert!(report.is_complete());
}

#[test]
fn mremap_at_the_real_size() {
    let report = report(&scenario("mremap-1024-slots-1024-tasks.json"), 2);
    assert!(
        matches!(report.given, Cell::Unsafe { .. }),
        "{:?}",
        report.given
    );
    let from = &report.smallest_slots.from[0];
    assert_eq!(from.safe_from, Some(1025));
    assert!(matches!(from.one_fewer, Some(Cell::Unsafe { .. })));
    assert_eq!(report.most_tasks[0].safe_up_to, Some(1023));
    assert!(report.most_tasks[0].and_no_larger);
}

/// What is asked for in one order is safe at every size.
#[test]
fn mremap_as_proposed() {
    let report = report(&scenario("mremap-proposed.json"), 3);
    assert_eq!(report.smallest_slots.minimal.len(), 1);
    assert!(
        report.smallest_slots.minimal[0]
            .slots
            .iter()
            .all(|&n| n == 1)
    );
    assert!(report.smallest_slots.minimal[0].and_all_larger);
    assert_eq!(report.most_tasks[0].safe_up_to, None);
    let cells = report
        .tables
        .iter()
        .flat_map(|t| t.rows.iter().flat_map(|row| &row.cells));
    assert!(
        cells
            .into_iter()
            .all(|cell| *cell == Cell::Safe { by: By::Order })
    );
}

/// r reads hold DEFAULT and want PAGETABLE, f faults the other way round: both series must be full
/// of the one or the other.
#[test]
fn reads_against_faults() {
    let program = scenario("read-against-fault.json");
    let report = report(&program, 4);
    for table in &report.tables {
        for row in &table.rows {
            for (cell, n) in row.cells.iter().zip(1..) {
                let mut numbers = Numbers::of(&program);
                let series = program.series.iter().position(|s| s.name == table.series);
                numbers.slots[series.expect("it is one of them")] = Some(row.slots);
                let template = program.templates.iter().position(|t| t.name == table.tasks);
                let Some(template) = template else { continue };
                numbers.tasks[template] = Some(n);
                confirm(&program, &numbers, cell, 200_000);
            }
        }
    }
    assert!(report.is_complete());
}

/// The cell is what the plain search says; whether that came to an end.
fn confirm(program: &Program, numbers: &Numbers, cell: &Cell, max_states: u64) -> bool {
    let Some(sized) = resized(program, numbers) else {
        assert_eq!(*cell, Cell::Misfit);
        return true;
    };
    let limits = Limits {
        max_states: Some(max_states),
        ..Limits::default()
    };
    let outcome = run(Engine::Reference, &sized, &limits, &mut |_| {})
        .unwrap_or_else(|refusal| panic!("{refusal}"));
    let found: Vec<&str> = (outcome.findings.iter())
        .filter(|finding| matches!(finding.kind, FindingKind::Deadlock | FindingKind::Starved))
        .map(|finding| finding.kind.name())
        .collect();
    let complete = outcome.stopped.is_none();
    match cell {
        Cell::Safe { .. } => assert!(found.is_empty(), "{numbers:?}: {found:?}, {cell:?}"),
        Cell::Unsafe { findings, .. } => {
            let all = findings.iter().all(|finding| found.contains(finding));
            assert!(all || !complete, "{numbers:?}: {found:?}, {cell:?}");
        }
        Cell::Unknown { .. } | Cell::Misfit => {}
    }
    complete
}

/// Random programs of up to four tasks: every cell is what the plain search says.
#[test]
fn random_private_programs() {
    let tally: Mutex<BTreeMap<&str, u32>> = Mutex::new(BTreeMap::new());
    let count = |what| {
        *tally
            .lock()
            .expect("nobody panicked")
            .entry(what)
            .or_insert(0) += 1
    };
    let mut runner = TestRunner::new(kmapcheck_testing::config(60));
    let sized = (
        kmapcheck_testing::private_scenario(),
        [1..=3u32, 1..=3],
        [1..=2u32, 1..=2],
    );
    runner
        .run(&sized, |(scenario, slots, more)| {
            let program = kmapcheck_testing::load(&scenario);
            let limits = Limits {
                max_states: Some(20_000),
                ..Limits::default()
            };
            let mut progress = |_: &kmapcheck_engine::Progress| {};
            let mut cells = Cells::new(&program, &limits, &mut progress);
            // Several sizes of one program, so that what is known of one is used for another.
            for tasks in [1, more[0], more[1] + 1] {
                let mut numbers = Numbers::of(&program);
                numbers.slots[0] = Some(slots[0]);
                numbers.slots[1] = Some(slots[1]);
                let tasks_all = numbers.tasks.len();
                let others = u32::try_from(tasks_all).expect("they are few") - 1;
                numbers.tasks.fill(Some(1));
                numbers.tasks[0] = Some(tasks.min(4 - others));
                let cell = cells.at(&numbers);
                if !confirm(&program, &numbers, &cell, 20_000) {
                    count("not finished");
                }
                count(match cell {
                    Cell::Safe { by: By::Search } => "safe by search",
                    Cell::Safe { .. } => "safe by proof",
                    Cell::Unsafe { .. } => "unsafe",
                    Cell::Unknown { .. } => "unknown",
                    Cell::Misfit => "misfit",
                });
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let tally = tally.into_inner().expect("nobody panicked");
    println!("{tally:?}");
    assert!(
        tally["safe by proof"] > 20 && tally["unsafe"] > 10,
        "{tally:?}"
    );
}

/// The same of units, which have rows like slots.
#[test]
fn one_pool_of_units() {
    for (each, name) in [(2, "locks"), (3, "locks"), (2, "mempools")] {
        let (take, give, declared) = match name {
            "locks" => ("down", "up", json!({ "pool": { "semaphore": 4 } })),
            _ => ("mempool_alloc", "mempool_free", json!({ "pool": 4 })),
        };
        let takes = (0..each).map(|_| json!({ take: "pool" }));
        let gives = (0..each).map(|_| json!({ give: "pool" }));
        let body: Vec<Value> = takes.chain(gives).collect();
        let program = kmapcheck_testing::load(&json!({
            "name": "pool",
            name: declared,
            "tasks": [{ "name": "t", "count": 3, "program": body }],
        }));
        let report = report(&program, 6);
        let [table] = report.tables.as_slice() else {
            panic!("one pool, one task: one table");
        };
        assert_eq!((table.series.as_str(), table.counts), ("pool", "units"));
        for row in &table.rows {
            for (n, cell) in (1u32..).zip(&row.cells) {
                let safe = n * (each - 1) < row.slots;
                assert_eq!(
                    cell.is_safe(),
                    safe,
                    "{n} tasks, {each} of {} units",
                    row.slots
                );
            }
        }
        assert_eq!(
            report.smallest_slots.from[0].safe_from,
            Some(3 * (each - 1) + 1)
        );
    }
}
