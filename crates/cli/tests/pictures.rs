//! Pictures: of deadlocks, of what is held while what is asked for, and traces as diagrams.

mod common;

use std::path::Path;
use std::process::Command;

use common::{fresh, kmapcheck, stderr, stdout};

const DEADLOCK: &str = "scenarios/pte-highmem/mremap-two-pagetables.json";
const CLEAN: &str = "scenarios/pte-highmem/mremap-proposed.json";

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// How many elements of an SVG picture have this class.
fn of_class(svg: &str, class: &str) -> usize {
    let document = roxmltree::Document::parse(svg).expect("it is XML");
    (document.descendants())
        .filter(|node| {
            node.attribute("class")
                .is_some_and(|c| c.split(' ').any(|c| c == class))
        })
        .count()
}

#[test]
fn of_a_deadlock() {
    let (svg, dot, mermaid) = (fresh("wait.svg"), fresh("wait.dot"), fresh("trace.mmd"));
    let args = [
        "check",
        DEADLOCK,
        "--svg",
        &svg,
        "--dot",
        &dot,
        "--mermaid",
        &mermaid,
    ];
    let output = kmapcheck(&args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    // Two tasks and the series; each waits for it and holds some of it.
    let svg = read(&svg);
    assert_eq!((of_class(&svg, "node"), of_class(&svg, "edge")), (3, 4));
    assert_eq!(of_class(&svg, "highlighted"), 2 + 4);
    insta::assert_snapshot!("wait_dot", read(&dot));
    insta::assert_snapshot!("trace_mermaid", read(&mermaid));
    let again = fresh("wait-again.svg");
    kmapcheck(&["check", DEADLOCK, "--svg", &again]);
    assert_eq!(svg, read(&again));
}

#[test]
fn where_there_is_nothing_to_draw() {
    let (svg, mermaid) = (fresh("none.svg"), fresh("none.mmd"));
    let output = kmapcheck(&["check", CLEAN, "--svg", &svg, "--mermaid", &mermaid]);
    assert_eq!(output.status.code(), Some(0));
    let said = stderr(&output);
    assert!(
        said.contains("no deadlock to draw") && said.contains("no finding to draw"),
        "{said}"
    );
    assert!(!Path::new(&svg).exists() && !Path::new(&mermaid).exists());
    let two = kmapcheck(&["check", CLEAN, DEADLOCK, "--svg", &svg]);
    assert_eq!(two.status.code(), Some(2));
    let unwritable = kmapcheck(&["check", DEADLOCK, "--svg", "no/such/folder/x.svg"]);
    assert_eq!(unwritable.status.code(), Some(2));
}

#[test]
fn of_what_is_held_while_asking() {
    let (svg, dot) = (fresh("order.svg"), fresh("order.dot"));
    // A slot while asking for another of the same series: a circle of one thing.
    kmapcheck(&["order", DEADLOCK, "--svg", &svg, "--dot", &dot]);
    let circle = read(&svg);
    assert_eq!(
        (
            of_class(&circle, "node"),
            of_class(&circle, "edge"),
            of_class(&circle, "highlighted")
        ),
        (1, 1, 2)
    );
    assert!(
        read(&dot)
            .contains("\"PAGETABLE slot\" -> \"PAGETABLE slot\" [style=bold, label=\"mremap\""),
        "{}",
        read(&dot)
    );
    // In order: nothing is highlighted.
    kmapcheck(&["order", CLEAN, "--svg", &svg]);
    assert_eq!(of_class(&read(&svg), "highlighted"), 0);
}

#[test]
fn of_the_order_of_a_model() {
    let svg = fresh("model.svg");
    for model in ["proposed", "models/proposed.json"] {
        let output = kmapcheck(&["order", model, "--svg", &svg]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(
            stdout(&output),
            "proposed states this order: PAGETABLE2, then PAGETABLE, then DEFAULT.\n"
        );
        let svg = read(&svg);
        assert_eq!((of_class(&svg, "node"), of_class(&svg, "edge")), (3, 2));
    }
    let json = kmapcheck(&["order", "proposed", "--format", "json"]);
    assert_eq!(json.status.code(), Some(2));
}

/// Needs `dot` (Debian's graphviz); run by CI.
#[test]
#[ignore = "needs graphviz"]
fn graphviz_reads_the_dot() {
    let dot = fresh("graphviz.dot");
    let mut read = 0;
    for (command, scenario) in [
        ("check", DEADLOCK),
        ("check", "scenarios/classic/dining-5.json"),
        (
            "check",
            "scenarios/pte-highmem/mremap-1024-slots-1024-tasks.json",
        ),
        ("order", DEADLOCK),
        ("order", "scenarios/pte-highmem/everything-proposed.json"),
        ("order", "scenarios/classic/opposite-orders.json"),
        ("order", "proposed"),
    ] {
        kmapcheck(&[command, scenario, "--dot", &dot]);
        let output = Command::new("dot")
            .args(["-Tsvg", &dot])
            .output()
            .expect("dot is installed");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() && said.is_empty(),
            "{scenario}: {said}"
        );
        read += 1;
    }
    assert_eq!(read, 7);
}
