//! `conform` and `order`: what they print, and how they end.

mod common;

use common::{exits, scenario, scratch};

const READ: &str = "scenarios/pte-highmem/read-against-fault.json";

#[test]
fn conform_on_a_folder() {
    let (out, _) = exits(&["conform", "proposed", "scenarios/pte-highmem/"], 1);
    insta::assert_snapshot!("conform_pte_highmem", out);
    let (quiet, _) = exits(&["conform", "-q", "proposed", "scenarios/pte-highmem"], 1);
    assert!(!quiet.contains("\nkeeps"), "{quiet}");
}

#[test]
fn the_read_path_is_named() {
    let (out, _) = exits(&["conform", "models/proposed.json", READ], 1);
    for said in [
        "PAGETABLE is asked for while DEFAULT is held",
        "read_fault(data, user_pte)",
        "file_read_actor",
    ] {
        assert!(out.contains(said), "{said}: {out}");
    }
}

#[test]
fn conform_as_json() {
    let (out, _) = exits(&["conform", "--format", "json", "proposed", READ], 1);
    insta::assert_snapshot!("conform_json", out);
}

#[test]
fn conform_exits() {
    exits(
        &[
            "conform",
            "proposed",
            "scenarios/pte-highmem/mremap-proposed.json",
        ],
        0,
    );
    // A premise that is broken, and nothing else.
    let (out, _) = exits(
        &[
            "conform",
            "proposed",
            "scenarios/pte-highmem/alloc-kmap-free.json",
        ],
        3,
    );
    assert!(out.contains("free_page(page)"), "{out}");
    let (_, err) = exits(&["conform", "proposed", "no-such-folder"], 2);
    assert!(err.contains("there is no such file"), "{err}");
    exits(&["conform", "proposed"], 2);
}

#[test]
fn conform_errors() {
    let (_, no_rule) = exits(&["conform", "rekmap", READ], 2);
    insta::assert_snapshot!("conform_no_rule", no_rule);
    let (_, no_model) = exits(&["conform", "propsed", READ], 2);
    insta::assert_snapshot!("conform_no_model", no_model);
    // A named file that is for another model is an error; in a folder it is left out, and said so.
    let (_, other) = exits(
        &[
            "conform",
            "proposed",
            "scenarios/pte-highmem/one-pool-mremap.json",
        ],
        2,
    );
    assert!(other.contains("POOL"), "{other}");
    let broken = scratch("conform-broken.json", "{");
    exits(&["conform", "proposed", &broken, READ], 2);
}

#[test]
fn orders() {
    let file = |name: &str| format!("scenarios/pte-highmem/{name}.json");
    for (name, code) in [
        ("mremap-two-pagetables", 3),
        ("read-against-fault", 3),
        ("read-against-fault-one-read-fewer", 0),
        ("fork-mixture-freelist", 3),
        ("fork-proposed", 0),
    ] {
        let (out, _) = exits(&["order", &file(name)], code);
        insta::assert_snapshot!(format!("order_{name}"), out);
    }
    let (out, _) = exits(
        &["order", "--format", "json", &file("read-against-fault")],
        3,
    );
    insta::assert_snapshot!("order_json", out);
}

/// The tasks leave the order open: then it is the model's, whichever way round that is.
#[test]
fn order_is_the_models_where_that_will_do() {
    let text = |rule: &str, asked: &str| {
        format!(
            r#"{{ "name": "s", "model": {{ "name": "m", "order": {rule}, "series": {{
                   "A": {{ "slots": 2, "reuse": "none" }}, "B": {{ "slots": 2, "reuse": "none" }},
                   "C": {{ "slots": 2, "reuse": "none" }} }} }},
                 "tasks": [ {{ "name": "t", "count": 3, "pages": ["p", "q"], "program": [
                   {{ "kmap": "p", "series": "C" }}, {{ "kmap": "q", "series": "{asked}" }},
                   {{ "kunmap": "q" }}, {{ "kunmap": "p" }},
                   {{ "kmap": "p", "series": "A" }}, {{ "kunmap": "p" }},
                   {{ "kmap": "p", "series": "B" }}, {{ "kunmap": "p" }} ] }} ] }}"#
        )
    };
    for (rule, asked, order) in [
        (r#"["A", "B"]"#, "A", "C slot, then A slot, then B slot"),
        (r#"["B", "A"]"#, "A", "B slot, then C slot, then A slot"),
        (r#"["B", "A"]"#, "B", "C slot, then B slot, then A slot"),
        // The tasks go against it: then some order that they do keep.
        (r#"["A", "C"]"#, "A", "B slot, then C slot, then A slot"),
    ] {
        let file = scratch("order-of-the-model.json", &text(rule, asked));
        let (out, _) = exits(&["order", &file], 0);
        let said = format!("There is an order: {order}.\n");
        assert!(out.contains(&said), "{rule} {asked}: {out}");
    }
}

#[test]
fn order_of_what_is_not_judged() {
    let (out, _) = exits(&["order", "scenarios/pte-highmem/alloc-kmap-free.json"], 3);
    insta::assert_snapshot!("order_not_judged", out);
    let leak = r#""tasks": [ { "name": "t", "pages": ["p", "q"], "program": [ { "kmap": "p", "series": "S" }, { "kmap": "q", "series": "S" }, { "kunmap": "q" } ] } ]"#;
    let (out, _) = exits(
        &["order", &scratch("order-leak.json", &scenario(2, leak))],
        3,
    );
    assert!(out.contains("which is then lost: t, kunmap(q)"), "{out}");
    exits(&["order", "no-such-file.json"], 2);
    // Overrides change the question.
    exits(&["order", "--tasks", "read=1", READ], 0);
}
