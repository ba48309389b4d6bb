//! What a misuse says is its cause, and that causes come before what they cause.

mod common;

use common::{program, report};
use kmapcheck_limits::Limits;
use kmapcheck_report::Report;
use kmapcheck_scenario::FindingKind;
use kmapcheck_show::suite::{Case, Tested};
use kmapcheck_show::{json, text};

fn of(fields: &str) -> Report {
    report(&program(fields), &Limits::default())
}

/// What the report of these fields says about its misuse, without places in the file.
fn said(fields: &str) -> String {
    let report = of(fields);
    let mut found = report.findings.iter();
    let misuse = found.find(|finding| finding.kind == FindingKind::Misuse);
    let summary = &misuse.expect("a misuse").summary;
    let mut out = String::new();
    for part in summary.split(" (s.json:") {
        match out.is_empty() {
            true => out.push_str(part),
            false => out.push_str(part.split_once(')').map_or("", |(_, rest)| rest)),
        }
    }
    out
}

/// The same of one task `t` with two pages, and one `other` that takes shared things first.
fn of_task(program: &str) -> String {
    said(&format!(
        r#""locks": {{ "l": "spin", "rw": "rwsem", "s": {{ "semaphore": 3 }}, "free": {{ "semaphore": 2, "owned": false }},
                      "one": {{ "semaphore": 1, "owned": false }} }}, "mempools": {{ "pool": 2 }},
            "tasks": [ {{ "name": "t", "pages": ["p", "q"], "program": [ {program} ] }} ]"#
    ))
}

#[test]
fn an_unmap_says_why_there_is_no_map() {
    let map = |page: &str| format!(r#"{{ "kmap": "{page}", "series": "B" }}"#);
    let cases = [
        (
            format!(r#"{}, {{ "kunmap": "p" }}, {{ "kunmap": "p" }}"#, map("p")),
            "t calls kunmap(p), but p was unmapped at step 2",
        ),
        (
            r#"{ "kunmap": "p" }"#.to_owned(),
            "t calls kunmap(p), but it never mapped p",
        ),
        (
            r#"{ "kmap_atomic": "p", "type": "KM_USER0" }, { "kunmap": "p" }"#.to_owned(),
            "t calls kunmap(p), but p was mapped with kmap_atomic at step 1, which kunmap_atomic undoes",
        ),
        (
            format!(r#"{}, {{ "kunmap_atomic": "p" }}"#, map("p")),
            "t calls kunmap_atomic(p), but p was mapped with kmap at step 1, which kunmap undoes",
        ),
        (
            format!(r#"{}, {{ "kunmap_local": "p" }}"#, map("p")),
            "t calls kunmap_local(p), but p was mapped with kmap at step 1, which kunmap undoes",
        ),
        (
            r#"{ "kmap_local": "p" }, { "kmap_local": "q" }, { "kunmap_local": "p" }"#.to_owned(),
            "t calls kunmap_local(p), but q, mapped with kmap_local at step 2, has to be unmapped before it",
        ),
        (
            r#"{ "kmap_local": "p" }, { "kmap_local": "q" }, { "kunmap_any": "p" }"#.to_owned(),
            "t calls kunmap_any(p), but q, mapped with kmap_local at step 2, has to be unmapped before it",
        ),
        (
            format!(
                r#"{}, {{ "kunmap_any": "p" }}, {{ "kunmap_any": "p" }}"#,
                map("p")
            ),
            "t calls kunmap_any(p), but p was unmapped at step 2",
        ),
        (
            format!(
                r#"{{ "alloc_page": "v" }}, {}, {{ "alloc_page": "v" }}, {{ "kunmap": "v" }}"#,
                map("v")
            ),
            "t calls kunmap(v), but v stands for another page since step 3: the page that it mapped \
             at step 2 had that name before",
        ),
        (
            format!(
                r#"{{ "alloc_page": "v" }}, {{ "free_page": "v" }}, {}, {{ "kunmap": "v" }}"#,
                map("v")
            ),
            "t calls kunmap(v), but kmap(v, B) at step 3 was skipped (use-after-free)",
        ),
        (
            format!(
                r#"{}, {{ "kmap": "q", "series": "A" }}, {{ "alloc_page": "v" }},
                   {{ "try_kmap": "v", "series": "A" }}, {{ "kunmap": "v" }}"#,
                map("p")
            ),
            "t calls kunmap(v), but try_kmap(v, A) at step 4 failed",
        ),
        (
            r#"{ "kunmap": "v" }, { "alloc_page": "v" }"#.to_owned(),
            "t calls kunmap(v), but no page was ever allocated into v on this path",
        ),
    ];
    for (program, expected) in cases {
        assert_eq!(of_task(&program), expected);
    }
}

#[test]
fn an_unlock_says_why_it_holds_nothing() {
    let cases = [
        (
            r#"{ "spin_lock": "l" }, { "spin_unlock": "l" }, { "spin_unlock": "l" }"#,
            "t calls spin_unlock(l), but spinlock l was unlocked at step 2",
        ),
        (
            r#"{ "spin_lock": "l" }, { "spin_trylock": "l" }, { "spin_unlock": "l" }, { "spin_unlock": "l" }"#,
            "t calls spin_unlock(l), but spinlock l was unlocked at step 3",
        ),
        (
            r#"{ "spin_unlock": "l" }"#,
            "t calls spin_unlock(l), but it never took spinlock l",
        ),
        (
            r#"{ "down_write": "rw" }, { "up_read": "rw" }"#,
            "t calls up_read(rw), but it took rwsem rw to write at step 1, which up_write gives back",
        ),
        (
            r#"{ "down_read": "rw" }, { "up_write": "rw" }"#,
            "t calls up_write(rw), but it took rwsem rw to read at step 1, which up_read gives back",
        ),
        (
            r#"{ "down_read": "rw" }, { "up_read": "rw" }, { "up_read": "rw" }"#,
            "t calls up_read(rw), but rwsem rw was given back at step 2",
        ),
        (
            r#"{ "lock_page": "p" }, { "unlock_page": "p" }, { "unlock_page": "p" }"#,
            "t calls unlock_page(p), but page p was unlocked at step 2",
        ),
        (
            r#"{ "unlock_page": "p" }"#,
            "t calls unlock_page(p), but it never locked page p",
        ),
        (
            r#"{ "down": "s" }, { "up": "s" }, { "up": "s" }"#,
            "t calls up(s), but semaphore s was given back at step 2",
        ),
        (
            r#"{ "down": "s" }, { "up": "s", "n": 2 }"#,
            "t calls up(s, 2), but it holds only 1 unit of semaphore s, since step 1, not 2 units",
        ),
        (
            r#"{ "mempool_free": "pool" }"#,
            "t calls mempool_free(pool), but it never took mempool pool",
        ),
        (
            r#"{ "up": "free" }"#,
            "t calls up(free), but nobody took any unit of semaphore free before",
        ),
        (
            r#"{ "down": "free" }, { "up": "free" }, { "up": "free" }"#,
            "t calls up(free), but all 2 units of semaphore free are there: it gave the last back at step 2",
        ),
        (
            r#"{ "down": "free" }, { "up": "free", "n": 2 }"#,
            "t calls up(free, 2), but only 1 unit of semaphore free is out since step 1",
        ),
        (
            r#"{ "down": "one" }, { "up": "one" }, { "up": "one" }"#,
            "t calls up(one), but semaphore one was given back at step 2 by it",
        ),
    ];
    for (program, expected) in cases {
        assert_eq!(of_task(program), expected);
    }
}

/// What another task has and the one that gives it back has not.
#[test]
fn it_says_who_took_it_instead() {
    let undone = |undo: &str, name: &str| {
        said(&format!(
            r#""locks": {{ "l": "spin" }}, "pages": ["p"], "completions": ["go"],
               "tasks": [ {{ "name": "a", "program": [ {{ "spin_lock": "l" }}, {{ "lock_page": "p" }},
                              {{ "kmap_atomic": "p", "type": "KM_USER0" }}, {{ "complete": "go" }}, {{ "loop": [ {{ "might_sleep": true }} ] }} ] }},
                          {{ "name": "b", "program": [ {{ "wait_for_completion": "go" }}, {{ "{undo}": "{name}" }} ] }} ]"#
        ))
    };
    assert_eq!(
        undone("spin_unlock", "l"),
        "b calls spin_unlock(l), but it never took spinlock l; a took it at step 1"
    );
    assert_eq!(
        undone("unlock_page", "p"),
        "b calls unlock_page(p), but it never locked page p; a locked it at step 2"
    );
    assert_eq!(
        undone("kunmap_any", "p"),
        "b calls kunmap_any(p), but it never mapped p; a mapped it at step 3"
    );
}

fn kinds(report: &Report) -> Vec<FindingKind> {
    report.findings.iter().map(|finding| finding.kind).collect()
}

/// A task that unmaps twice under a spinlock and so never lets go of it: the misuse comes first in
/// every output.
#[test]
fn a_misuse_comes_before_the_deadlock_that_it_leads_to() {
    let report = of(r#""locks": { "l": "spin" }, "pages": ["p"], "tasks": [
            { "name": "t", "pages": ["q"], "program": [
                { "kmap": "q", "series": "A" }, { "kunmap": "q" }, { "kunmap": "q" }, { "spin_lock": "l" } ] },
            { "name": "u", "program": [ { "spin_lock": "l" }, { "spin_unlock": "l" } ] } ]"#);
    use FindingKind::{Deadlock, LockLeak, Misuse};
    assert_eq!(kinds(&report), [Misuse, LockLeak, Deadlock]);
    let text = common::rendered(&report);
    assert!(text.contains(": misuse, lock-leak, deadlock"), "{text}");
    let at = |word: &str| text.find(word).expect("it is there");
    assert!(at("error: misuse") < at("error: lock-leak"), "{text}");
    assert!(at("error: lock-leak") < at("error: deadlock"), "{text}");
    let json = json::one(&report).expect("it is JSON");
    let value: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    let names: Vec<&str> = (value["findings"].as_array().expect("a list").iter())
        .filter_map(|finding| finding["kind"].as_str())
        .collect();
    assert_eq!(names, ["misuse", "lock-leak", "deadlock"]);
    assert_eq!(text::outcome(&report), "misuse, lock-leak, deadlock");
    let case = Case {
        file: "s.json".to_owned(),
        tested: Tested::Failed(String::new()),
        report: Some(report),
    };
    let rules: Vec<&str> = case.problems().iter().map(|problem| problem.rule).collect();
    assert_eq!(rules, ["misuse", "lock-leak", "deadlock"]);
}

/// A deadlock that is there before anything else goes wrong is not caused by what follows.
#[test]
fn what_comes_later_is_no_cause() {
    let report = of(
        r#""locks": { "x": "semaphore", "y": "semaphore" }, "tasks": [
            { "name": "t", "program": [ { "down": "x" }, { "down": "y" }, { "up": "y" }, { "up": "x" }, { "up": "x" } ] },
            { "name": "u", "program": [ { "down": "y" }, { "down": "x" }, { "up": "x" }, { "up": "y" } ] } ]"#,
    );
    assert_eq!(kinds(&report), [FindingKind::Deadlock, FindingKind::Misuse]);
}

/// Every finding comes after whatever its trace shows on the way to it.
#[test]
fn what_a_trace_shows_on_the_way_comes_first() {
    let mut pairs = 0;
    for file in kmapcheck_testing::scenario_files() {
        let overrides = kmapcheck_scenario::Overrides::default();
        let program = kmapcheck_scenario::load(&file, &overrides);
        let program = program.unwrap_or_else(|errors| panic!("{errors}"));
        let limits = Limits {
            max_states: Some(5_000),
            ..Limits::default()
        };
        if kmapcheck_search::run(
            kmapcheck_search::Engine::Search,
            &program,
            &limits,
            &mut |_| {},
        )
        .is_err()
        {
            continue;
        }
        let report = report(&program, &limits);
        let place = |kind: FindingKind| {
            let kinds = kinds(&report);
            kinds.iter().position(|&other| other == kind)
        };
        for (i, finding) in report.findings.iter().enumerate() {
            let way = finding.trace.iter().flat_map(|step| &step.findings);
            for cause in way.filter(|&&kind| kind != finding.kind) {
                let first = place(*cause);
                // At one and the same step either may stand first.
                let earlier =
                    (finding.trace.iter().rev().skip(1)).any(|step| step.findings.contains(cause));
                assert!(
                    !earlier || first.is_some_and(|first| first < i),
                    "{}: {cause:?} comes after {:?}",
                    file.display(),
                    finding.kind
                );
                pairs += usize::from(earlier);
            }
        }
    }
    assert!(pairs > 3, "{pairs}");
}
