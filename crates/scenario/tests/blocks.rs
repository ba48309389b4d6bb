//! Blocks: the nodes that they become, what is shared of them, and what they cost.

use kmapcheck_scenario::{Op, Overrides, Program, Target, load_str};

/// A scenario with these blocks and one task of these operations.
fn load(blocks: &str, operations: &str) -> Program {
    let text = format!(
        r#"{{
  "name": "example",
  "series": {{ "S": {{ "slots": 2, "reuse": "any" }} }},
  "locks": {{ "l": "spin", "s": {{ "semaphore": 3 }} }},
  "pages": ["a", "b"],
  "blocks": {{ {blocks} }},
  "tasks": [{{ "name": "t", "program": [{operations}] }}]
}}"#
    );
    load_str("example.json", &text, &Overrides::default())
        .unwrap_or_else(|errors| panic!("{errors}"))
}

fn target(target: &Target) -> String {
    let node = target
        .node
        .map_or("end".to_owned(), |node| node.to_string());
    match target.round {
        true => format!("{node}*"),
        false => node,
    }
}

/// The nodes of the first task, one a line, with the block that each stands in.
fn table(program: &Program) -> Vec<String> {
    let template = &program.templates[0];
    let mut lines = vec![format!("-> {}", target(&template.entry))];
    for (number, node) in template.nodes.iter().enumerate() {
        let next: Vec<String> = node.next.iter().map(target).collect();
        let origin = &program.origins[node.origin];
        let block = (program.block_of(origin)).map_or(String::new(), |block| format!("{block}: "));
        lines.push(format!(
            "{number} {block}{} -> {}",
            origin.text(),
            next.join(" ")
        ));
    }
    lines
}

fn nodes(blocks: &str, operations: &str) -> Vec<String> {
    table(&load(blocks, operations))
}

#[test]
fn a_block_is_its_steps() {
    assert_eq!(
        nodes(
            r#""copy": [{ "kmap": "a", "series": "S" }, { "kunmap": "a" }], "nothing": []"#,
            r#"{ "spin_lock": "l" }, { "run": "nothing" }, { "run": "copy" }, { "spin_unlock": "l" }"#
        ),
        [
            "-> 0",
            "0 spin_lock(l) -> 1",
            "1 copy: kmap(a, S) -> 2",
            "2 copy: kunmap(a) -> 3",
            "3 spin_unlock(l) -> end",
        ]
    );
}

/// What comes after two runs differs: two copies, whose nodes have one origin each.
#[test]
fn a_block_is_there_once_for_each_thing_behind_it() {
    let program = load(
        r#""twice": [{ "run": "once" }, { "run": "once" }], "once": [{ "might_sleep": true }]"#,
        r#"{ "run": "twice" }"#,
    );
    assert_eq!(
        table(&program),
        [
            "-> 0",
            "0 once: might_sleep() -> 1",
            "1 once: might_sleep() -> end"
        ]
    );
    assert_eq!(program.origins.len(), 1);
}

#[test]
fn the_end_of_several_branches_is_shared() {
    assert_eq!(
        nodes(
            r#""out": [{ "spin_unlock": "l" }, { "exit": true }],
               "part": [{ "choose": [[{ "run": "out" }], [{ "kunmap": "a" }, { "run": "out" }]] }]"#,
            // What comes behind a block that always exits makes no difference.
            r#"{ "spin_trylock": "l", "then": [{ "run": "part" }, { "kunmap": "b" }], "else": [{ "run": "out" }] },
               { "might_sleep": true }"#
        ),
        [
            "-> 0",
            "0 spin_trylock(l) -> 1 4",
            "1 part: choose -> 4 2",
            "2 part: kunmap(a) -> 4",
            // Nothing leads here.
            "3 kunmap(b) -> 5",
            "4 out: spin_unlock(l) -> end",
            "5 might_sleep() -> end",
        ]
    );
}

/// Rounds of a loop and its end are goals like others; `break` leaves the loop around the block.
#[test]
fn break_and_the_next_round_mean_what_they_mean_around_the_block() {
    assert_eq!(
        nodes(
            r#""leave": [{ "kunmap": "a" }, { "break": true }], "again": [{ "kunmap": "b" }]"#,
            r#"{ "loop": [{ "choose": [[{ "run": "leave" }], [{ "run": "again" }], [{ "lock_page": "a" }, { "run": "again" }]] }] },
               { "repeat": 2, "do": [{ "choose": [[], [{ "run": "leave" }]] }] }"#
        ),
        [
            "-> 0",
            "0 choose -> 1 3 2",
            "1 leave: kunmap(a) -> 4",
            "2 lock_page(a) -> 3",
            "3 again: kunmap(b) -> 0*",
            "4 choose -> 5 6",
            "5 choose -> end 6",
            // One of both rounds: what comes after `break` is the same.
            "6 leave: kunmap(a) -> end",
        ]
    );
}

/// What a branch of a select begins with is a node of its own, also if its block is elsewhere too.
#[test]
fn a_branch_of_a_select_begins_with_a_node_of_its_own() {
    let program = load(
        r#""take": [{ "run": "nothing" }, { "run": "down" }, { "run": "up" }], "down": [{ "down": "s" }],
           "up": [{ "up": "s" }], "nothing": []"#,
        r#"{ "choose": [[{ "run": "take" }], [{ "select": [[{ "run": "take" }], [{ "run": "nothing" }, { "run": "take" }]] }]] }"#,
    );
    assert_eq!(
        table(&program),
        [
            "-> 0",
            "0 choose -> 1 2",
            "1 down: down(s) -> 5",
            "2 select -> 3 4",
            "3 down: down(s) -> 5",
            "4 down: down(s) -> 5",
            "5 up: up(s) -> end",
        ]
    );
    let nodes = &program.templates[0].nodes;
    for select in nodes.iter().filter(|node| node.op == Op::Select) {
        for arm in select.arms() {
            let led = nodes.iter().flat_map(|node| &node.next);
            assert_eq!(led.filter(|target| target.node == Some(arm)).count(), 1);
        }
    }
}

#[test]
fn remarks_come_from_the_step_then_the_block_then_the_run() {
    let program = load(
        r#""said": { "at": "block", "note": "of block", "do": [{ "kunmap": "a", "at": "step" }, { "kunmap": "b" }] },
           "bare": [{ "lock_page": "a" }, { "lock_page": "b", "at": "step" }]"#,
        r#"{ "run": "said", "at": "run" }, { "run": "bare", "at": "first", "note": "of run" },
           { "loop": [{ "run": "bare" }], "at": "loop" }"#,
    );
    let remarks: Vec<_> = (program.templates[0].nodes.iter())
        .map(|node| {
            let origin = &program.origins[node.origin];
            (origin.text(), origin.at(), origin.note())
        })
        .collect();
    assert_eq!(
        remarks,
        [
            ("kunmap(a)", Some("step"), Some("of block")),
            ("kunmap(b)", Some("block"), Some("of block")),
            ("lock_page(a)", Some("first"), Some("of run")),
            ("lock_page(b)", Some("step"), Some("of run")),
            ("lock_page(a)", Some("loop"), None),
            ("lock_page(b)", Some("step"), None),
        ]
    );
}

/// Each block ends in two others: written out 2^8000 programs, here one node more for each block. So
/// too in a loop, where each may leave it, and with an `at` on every run that no step asks for.
#[test]
fn blocks_that_end_in_blocks_cost_what_their_file_has() {
    const BLOCKS: usize = 8_000;
    let mut blocks = String::new();
    for i in 0..BLOCKS {
        blocks += &format!(
            r#""b{i}": [{{ "spin_trylock": "l", "at": "x.c:{i}", "then": [{{ "run": "b{}", "at": "a{i}" }}],
                "else": [{{ "choose": [[{{ "run": "b{}", "at": "b{i}" }}, {{ "exit": true }}],
                          [{{ "run": "out", "at": "c{i}" }}]], "at": "y.c" }}] }}],"#,
            i + 1,
            (i + 2).min(BLOCKS)
        );
    }
    blocks += &format!(r#""b{BLOCKS}": [{{ "might_sleep": true, "at": "z.c" }}], "#);
    blocks += r#""out": [{ "spin_unlock": "l", "at": "z.c" }, { "break": true }]"#;
    let program = load(
        &blocks,
        r#"{ "loop": [{ "might_sleep": true }, { "run": "b0" }] }"#,
    );
    // A try and a choice for each block where the next round follows, and where the end does.
    let nodes = program.templates[0].nodes.len();
    assert!(nodes <= 4 * BLOCKS + 10, "{nodes} nodes");
}

/// 2^40 empty blocks are nothing, and cost nothing: it is only looked at what each begins with once.
#[test]
fn what_is_empty_is_looked_through_once() {
    let mut blocks: String = (0..60)
        .map(|i| {
            format!(
                r#""b{i}": [{{ "run": "b{0}" }}, {{ "run": "b{0}" }}],"#,
                i + 1
            )
        })
        .collect();
    blocks += r#""b60": []"#;
    let program = load(
        &blocks,
        r#"{ "select": [[{ "run": "b0" }, { "down": "s" }]] }"#,
    );
    assert_eq!(
        table(&program),
        ["-> 0", "0 select -> 1", "1 down(s) -> end"]
    );
}

#[test]
fn blocks_that_nobody_runs_are_told() {
    let program = load(
        r#""used": [{ "run": "inner" }], "inner": [], "idle": [{ "run": "alone" }], "alone": []"#,
        r#"{ "run": "used" }"#,
    );
    let unused: Vec<&str> = program.unused_blocks().map(|b| b.name.as_str()).collect();
    assert_eq!(unused, ["idle", "alone"]);
}
