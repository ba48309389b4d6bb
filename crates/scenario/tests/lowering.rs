//! Small programs and their nodes, worked out by hand.

use kmapcheck_scenario::{
    Bound, Cpus, FindingKind, Op, Overrides, Program, Ref, ResourceKind, Reuse, StaleIn, Target,
    load, load_str,
};

/// A scenario with one task of these operations, on a model of two series and some operations.
fn program(operations: &str) -> Program {
    let text = format!(
        r#"{{
  "name": "example",
  "model": {{
    "name": "m",
    "series": {{ "S": {{ "slots": 2, "reuse": "any" }}, "T": {{ "slots": 1, "reuse": "own" }} }},
    "order": ["T", "S"],
    "operations": {{
      "pin": {{ "params": ["page", "in"], "defaults": {{ "in": "T" }},
               "do": [{{ "kmap": "$page", "series": "$in", "at": "highmem.c" }}] }},
      "pin_twice": {{ "params": ["page"],
                     "do": [{{ "pin": "$page", "in": "S" }}, {{ "pin": "$page" }}] }},
      "nothing": {{ "do": [] }}
    }}
  }},
  "locks": {{ "l": "spin", "s": {{ "semaphore": 3 }} }},
  "mempools": {{ "m": 2 }},
  "pages": ["shared"],
  "tasks": [{{ "name": "t", "pages": ["a"], "locks": {{ "s": "semaphore" }}, "program": [{operations}] }}]
}}"#
    );
    load_str("example.json", &text, &Overrides::default())
        .unwrap_or_else(|errors| panic!("{errors}"))
}

fn target(target: Target) -> String {
    let node = target
        .node
        .map_or("end".to_owned(), |node| node.to_string());
    if target.round {
        format!("{node}*")
    } else {
        node
    }
}

/// The nodes of the first task, one a line: `number operation -> where to`; `*` marks the end of
/// a round.
fn table(program: &Program) -> Vec<String> {
    let template = &program.templates[0];
    let mut lines = vec![format!("-> {}", target(template.entry))];
    for (number, node) in template.nodes.iter().enumerate() {
        let next: Vec<String> = node.next.iter().copied().map(target).collect();
        let text = program.origins[node.origin].text();
        lines.push(format!("{number} {text} -> {}", next.join(" ")));
    }
    lines
}

fn nodes(operations: &str) -> Vec<String> {
    table(&program(operations))
}

#[test]
fn nothing_at_all() {
    assert_eq!(nodes(""), ["-> end"]);
    assert_eq!(
        nodes(r#"{ "nothing": true }, { "repeat": 3, "do": [] }"#),
        ["-> end"]
    );
    assert_eq!(nodes(r#"{ "exit": true }"#), ["-> end"]);
}

#[test]
fn one_after_the_other() {
    assert_eq!(
        nodes(r#"{ "kmap": "a", "series": "S" }, { "might_sleep": true }, { "kunmap": "a" }"#),
        [
            "-> 0",
            "0 kmap(a, S) -> 1",
            "1 might_sleep() -> 2",
            "2 kunmap(a) -> end"
        ]
    );
}

#[test]
fn texts_have_what_is_not_a_matter_of_course() {
    assert_eq!(
        nodes(
            r#"{ "try_kmap": "a", "series": "S", "flush": true }, { "try_kmap": "a", "series": "S", "flush": false },
               { "kmap_atomic": "a", "type": "KM_USER0" }, { "down": "s", "n": 1 }, { "mempool_alloc": "m" }"#
        ),
        [
            "-> 0",
            "0 try_kmap(a, S, flush) -> 1 1",
            "1 try_kmap(a, S) -> 2 2",
            "2 kmap_atomic(a, KM_USER0) -> 3",
            "3 down(s) -> 4",
            "4 mempool_alloc(m) -> end",
        ]
    );
}

#[test]
fn then_and_else_rejoin() {
    assert_eq!(
        nodes(
            r#"{ "spin_trylock": "l", "then": [{ "spin_unlock": "l" }], "else": [{ "might_sleep": true }, { "exit": true }, { "complete_never": true }] },
               { "kunmap": "a" }"#
            .replace(r#"{ "complete_never": true }"#, r#"{ "lock_page": "a" }"#)
            .as_str()
        ),
        [
            "-> 0",
            "0 spin_trylock(l) -> 1 2",
            "1 spin_unlock(l) -> 4",
            "2 might_sleep() -> end",
            // After `exit`: nothing leads here, and it is there to be named.
            "3 lock_page(a) -> 4",
            "4 kunmap(a) -> end",
        ]
    );
}

#[test]
fn choose_is_a_step() {
    assert_eq!(
        nodes(
            r#"{ "choose": [[{ "kunmap": "a" }], [], [{ "exit": true }]] }, { "might_sleep": true }"#
        ),
        [
            "-> 0",
            "0 choose -> 1 2 end",
            "1 kunmap(a) -> 2",
            "2 might_sleep() -> end"
        ]
    );
}

#[test]
fn repeat_is_unrolled_and_break_leaves_it() {
    let program = program(
        r#"{ "repeat": 2, "do": [
               { "choose": [[{ "break": true }], []] },
               { "lock_page": "a" } ] },
           { "might_sleep": true }"#,
    );
    assert_eq!(
        table(&program),
        [
            "-> 0",
            "0 choose -> 4 1",
            "1 lock_page(a) -> 2",
            "2 choose -> 4 3",
            "3 lock_page(a) -> 4",
            "4 might_sleep() -> end",
        ]
    );
    // Copies share their origins: three operations, three origins.
    let origins: Vec<usize> = program.templates[0]
        .nodes
        .iter()
        .map(|node| node.origin)
        .collect();
    assert_eq!(origins, [0, 1, 0, 1, 2]);
    assert_eq!(program.origins.len(), 3);
    assert!(!program.has_loops());
}

#[test]
fn loop_marks_the_end_of_its_round() {
    let program = program(
        r#"{ "loop": [
               { "kmap": "a", "series": "S" },
               { "try_kmap": "a", "series": "S", "else": [{ "break": true }] } ] },
           { "kunmap": "a" }"#,
    );
    assert_eq!(
        table(&program),
        [
            "-> 0",
            "0 kmap(a, S) -> 1",
            "1 try_kmap(a, S) -> 0* 2",
            "2 kunmap(a) -> end"
        ]
    );
    assert!(program.has_loops());
}

#[test]
fn leaving_an_inner_loop_may_end_a_round_of_the_outer() {
    assert_eq!(
        nodes(
            r#"{ "loop": [
                   { "might_sleep": true },
                   { "loop": [ { "choose": [[{ "break": true }], []] } ] } ] },
               { "kunmap": "a" }"#
        ),
        [
            "-> 0",
            "0 might_sleep() -> 1",
            "1 choose -> 0* 1*",
            "2 kunmap(a) -> end"
        ]
    );
}

#[test]
fn a_loop_that_is_left_at_once_is_no_step() {
    assert_eq!(
        nodes(r#"{ "loop": [{ "break": true }, { "lock_page": "a" }] }, { "kunmap": "a" }"#),
        ["-> 1", "0 lock_page(a) -> 1*", "1 kunmap(a) -> end"]
    );
    // A loop in a loop, begun with no step between: the inner start is the outer's.
    assert_eq!(
        nodes(
            r#"{ "loop": [
                   { "loop": [{ "choose": [[{ "break": true }], []] }] } ] }"#
        ),
        ["-> 0", "0 choose -> 0* 0*"]
    );
}

#[test]
fn operations_are_expanded_with_their_arguments() {
    let program = program(
        r#"{ "pin_twice": "a", "note": "twice" }, { "pin": "shared", "at": "mm/memory.c" },
           { "repeat": 1, "at": "around", "do": [{ "might_sleep": true }] }"#,
    );
    assert_eq!(
        table(&program),
        [
            "-> 0",
            "0 kmap(a, S) -> 1",
            "1 kmap(a, T) -> 2",
            "2 kmap(shared, T) -> 3",
            "3 might_sleep() -> end",
        ]
    );
    let chain: Vec<&str> = program.origins[0]
        .chain
        .iter()
        .map(|frame| frame.text.as_str())
        .collect();
    assert_eq!(chain, ["pin_twice(a)", "pin(a, S)", "kmap(a, S)"]);
    assert_eq!(program.origins[0].written(), "pin_twice(a)");
    assert_eq!(program.origins[0].at(), Some("highmem.c"));
    assert_eq!(program.origins[0].note(), Some("twice"));
    // The task is in line 18; 86 characters stand before the bracket of its first operation.
    let place = program.show_location(program.origins[0].location());
    assert_eq!(place, "example.json:18:87");
    // The same operation at another place is another origin.
    assert_eq!(program.origins[2].chain[0].text, "pin(shared, T)");
    assert_eq!(program.origins[2].chain[1].at.as_deref(), Some("highmem.c"));
    // What stands around a block is said of what stands in it.
    assert_eq!(program.origins[3].at(), Some("around"));
}

#[test]
fn names_of_pages() {
    let program = program(
        r#"{ "alloc_page": "second" }, { "alloc_page": "first" }, { "free_page": "second" },
           { "alloc_page": "shared" }, { "alloc_page": "a" }, { "kmap": "shared", "series": "S" }"#,
    );
    let vars: Vec<(&str, bool)> = program.templates[0]
        .vars
        .iter()
        .map(|var| (var.name.as_str(), var.page.is_some()))
        .collect();
    // Declared ones first, then in the order of the program.
    assert_eq!(vars, [("a", true), ("second", false), ("first", false)]);
    let ops: Vec<Op> = program.templates[0]
        .nodes
        .iter()
        .map(|node| node.op)
        .collect();
    assert_eq!(
        ops,
        [
            Op::AllocPage { var: Ref::Own(1) },
            Op::AllocPage { var: Ref::Own(2) },
            Op::FreePage { page: Ref::Own(1) },
            Op::AllocPage {
                var: Ref::Shared(0)
            },
            Op::AllocPage { var: Ref::Own(0) },
            Op::Kmap {
                page: Ref::Shared(0),
                series: 0
            },
        ]
    );
}

#[test]
fn names_of_resources_and_types() {
    let program = program(
        r#"{ "down": "s" }, { "up": "s" }, { "spin_lock": "l" }, { "mempool_try_alloc": "m" }, { "mempool_free": "m" },
           { "kmap_atomic": "a", "type": "KM_USER1" }, { "kmap_atomic": "a", "type": "KM_USER0" },
           { "kmap_atomic": "a", "type": "KM_USER1" }"#,
    );
    let ops: Vec<Op> = program.templates[0]
        .nodes
        .iter()
        .map(|node| node.op)
        .collect();
    let page = Ref::Own(0);
    assert_eq!(
        ops,
        [
            // The task's own `s`, not the scenario's.
            Op::Down {
                pool: Ref::Own(0),
                n: 1
            },
            Op::Up {
                pool: Ref::Own(0),
                n: 1
            },
            Op::SpinLock {
                lock: Ref::Shared(0)
            },
            Op::DownTrylock {
                pool: Ref::Shared(2),
                n: 1
            },
            Op::Up {
                pool: Ref::Shared(2),
                n: 1
            },
            Op::KmapAtomic { page, kind: 0 },
            Op::KmapAtomic { page, kind: 1 },
            Op::KmapAtomic { page, kind: 0 },
        ]
    );
    assert_eq!(program.atomic_types, ["KM_USER1", "KM_USER0"]);
}

#[test]
fn everything_else_of_a_scenario() {
    let path = std::path::Path::new("tests/good/everything.json");
    let program = load(path, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(program.name, "everything");
    assert_eq!(program.model, "three");
    assert_eq!(
        program.files,
        ["tests/good/everything.json", "tests/good/models/three.json"]
    );
    let series: Vec<_> = program
        .series
        .iter()
        .map(|series| {
            (
                series.name.as_str(),
                series.slots,
                series.reuse,
                series.for_holders,
                series.rank,
            )
        })
        .collect();
    assert_eq!(
        series,
        [
            ("DEFAULT", Bound::Exactly(2), Reuse::Any, 0, Some(1)),
            ("OWN", Bound::Exactly(8), Reuse::Own, 2, None),
            ("PAGETABLE", Bound::Any, Reuse::None, 0, Some(0)),
        ]
    );
    assert_eq!(program.pages[2].stale_in, StaleIn::Exactly(vec![0, 1]));
    assert_eq!(program.pages[3].stale_in, StaleIn::Any);
    assert_eq!(program.pages[4].stale_in, StaleIn::Exactly(vec![]));
    assert!(!program.pages[1].highmem && program.pages[0].highmem);
    assert_eq!(program.free_pages, Some(0));
    assert_eq!(
        program.cpus,
        Some(Cpus {
            count: 2,
            preemptible: true
        })
    );
    let kinds: Vec<ResourceKind> = program.resources.iter().map(|r| r.kind).collect();
    assert_eq!(
        kinds,
        [
            ResourceKind::Spinlock,
            ResourceKind::Semaphore {
                units: 1,
                owned: true,
                available: None,
                fair: false,
            },
            ResourceKind::Semaphore {
                units: 3,
                owned: true,
                available: None,
                fair: false,
            },
            ResourceKind::Semaphore {
                units: 1,
                owned: false,
                available: None,
                fair: false,
            },
            ResourceKind::Rwsem { fair: false },
            ResourceKind::Semaphore {
                units: u32::MAX,
                owned: true,
                available: None,
                fair: false,
            },
            ResourceKind::Rwsem { fair: true },
            ResourceKind::Mempool {
                units: 2,
                owned: true,
                available: None,
            },
            ResourceKind::Mempool {
                units: 4,
                owned: false,
                available: None,
            },
            ResourceKind::Completion,
            ResourceKind::Spinlock,
            ResourceKind::Semaphore {
                units: 2,
                owned: true,
                available: None,
                fair: false,
            },
        ]
    );
    assert_eq!(program.templates[0].count, Bound::Exactly(3));
    assert_eq!(program.templates[1].count, Bound::Any);
    assert_eq!(
        program.expect,
        Some(vec![FindingKind::SlotLeak, FindingKind::Misuse])
    );
}

#[test]
fn overrides_have_the_last_word() {
    let path = std::path::Path::new("tests/good/everything.json");
    let overrides = Overrides {
        model: None,
        slots: vec![
            ("DEFAULT".into(), Bound::Exactly(7)),
            ("PAGETABLE".into(), Bound::Exactly(9)),
        ],
        units: Vec::new(),
        tasks: vec![("any".into(), Bound::Exactly(5))],
    };
    let program = load(path, &overrides).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(program.series[0].slots, Bound::Exactly(7));
    assert_eq!(program.series[2].slots, Bound::Exactly(9));
    assert_eq!(program.templates[1].count, Bound::Exactly(5));
    assert_eq!(program.task_count(), Some(8));
    // Every number.
    let overrides = Overrides {
        model: None,
        // Some pages of mremap are stale in OWN.
        slots: vec![("DEFAULT".into(), Bound::Any), ("OWN".into(), Bound::Any)],
        units: Vec::new(),
        tasks: vec![("mremap".into(), Bound::Any)],
    };
    let program = load(path, &overrides).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(program.series[0].slots, Bound::Any);
    assert_eq!(program.templates[0].count, Bound::Any);
    // A model by path, from the current directory.
    let overrides = Overrides {
        model: Some("tests/good/models/three.json".into()),
        ..Overrides::default()
    };
    let program = load(path, &overrides).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(program.files[1], "tests/good/models/three.json");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    let text = r#"{ "name": "e", "model": { "name": "m", "series": {} },
  "tasks": [{ "name": "t", "program": [{ "might_sleep": true }] }] }"#;
    let plain = load_str("e.json", text, &Overrides::default()).expect("it is good");
    let marked = format!("\u{feff}{text}");
    let marked =
        load_str("e.json", &marked, &Overrides::default()).expect("a mark changes nothing");
    assert_eq!(plain, marked);
}
