//! Pictures: layouts of random graphs, and pictures of deadlocks as their readers read them.

mod common;

use common::{program, report};
use kmapcheck_limits::Limits;
use kmapcheck_report::Report;
use kmapcheck_show::picture::{
    Edge, Graph, Line, Node, Shape, dot, layout, sequence, svg, waiting,
};
use proptest::prelude::*;

/// A graph of so many nodes with these edges.
fn graph(nodes: usize, edges: &[(usize, usize, bool)]) -> Graph {
    Graph {
        title: "T <&\"'".to_owned(),
        legend: "legend".to_owned(),
        nodes: (0..nodes)
            .map(|i| Node {
                id: format!("n{i}"),
                lines: vec![format!("node {i}"); 1 + i % 3],
                shape: if i % 2 == 0 {
                    Shape::Box
                } else {
                    Shape::Ellipse
                },
                highlighted: i % 5 == 0,
            })
            .collect(),
        edges: (edges.iter())
            .map(|&(from, to, labelled)| Edge {
                from: from % nodes,
                to: to % nodes,
                label: if labelled {
                    "waits <for>".to_owned()
                } else {
                    String::new()
                },
                line: Line::Solid,
                highlighted: false,
            })
            .collect(),
    }
}

proptest! {
    /// Whatever the graph (circles, several edges between two nodes, edges of a node to itself, nodes
    /// on their own): nodes lie apart and inside, every edge leads from its one node to its other,
    /// and the same graph gives the same layout.
    #[test]
    fn every_graph_is_laid_out(
        nodes in 1_usize..12,
        edges in prop::collection::vec((0_usize..12, 0_usize..12, any::<bool>()), 0..24),
    ) {
        let graph = graph(nodes, &edges);
        let found = layout::layout(&graph);
        prop_assert_eq!(&found, &layout::layout(&graph));
        prop_assert_eq!((found.nodes.len(), found.edges.len()), (nodes, graph.edges.len()));
        for (i, a) in found.nodes.iter().enumerate() {
            prop_assert!(a.width > 0.0 && a.height > 0.0);
            prop_assert!(a.middle.x - a.width / 2.0 >= 0.0 && a.middle.x + a.width / 2.0 <= found.width);
            prop_assert!(a.middle.y - a.height / 2.0 >= 0.0 && a.middle.y + a.height / 2.0 <= found.height);
            for b in &found.nodes[..i] {
                let apart = |at: f64, bt: f64, a: f64, b: f64| (at - bt).abs() * 2.0 + 0.5 >= a + b;
                prop_assert!(
                    apart(a.middle.x, b.middle.x, a.width, b.width)
                        || apart(a.middle.y, b.middle.y, a.height, b.height),
                    "{:?} lies on {:?}", a, b
                );
            }
        }
        for (routed, edge) in found.edges.iter().zip(&graph.edges) {
            let near = |point: layout::Point, node: usize| {
                let node = found.nodes[node];
                (point.x - node.middle.x).abs() <= node.width / 2.0 + 2.0
                    && (point.y - node.middle.y).abs() <= node.height / 2.0 + 2.0
            };
            let end = routed.curves.last().expect("there is a way")[2];
            prop_assert!(near(routed.start, edge.from), "{routed:?} does not start at {:?}", found.nodes[edge.from]);
            prop_assert!(near(end, edge.to), "{routed:?} does not end at {:?}", found.nodes[edge.to]);
            if edge.from != edge.to && !edge.label.is_empty() {
                prop_assert!(lies_on(routed.label, routed, &edge.label), "the label of {routed:?} lies elsewhere");
            }
        }
    }
}

/// Whether a label lies on a way: at one of the points where two of its curves meet, with that
/// point above or below the middle of the text, or at the side, as the layout makes room for it.
fn lies_on(label: layout::Point, way: &layout::Routed, text: &str) -> bool {
    let letters = text.chars().count() as f64;
    let reach = letters * layout::FONT_SIZE as f64 / 2.0 + 6.0;
    let joints = way.curves.iter().map(|curve| curve[2]);
    joints
        .take(way.curves.len().saturating_sub(1))
        .any(|joint| {
            let (x, y) = ((joint.x - label.x).abs(), (joint.y - label.y).abs());
            (x < 0.2 && y < layout::LINE_HEIGHT) || (y < 0.2 && x < reach)
        })
}

/// An edge that leads back over several ranks has room for its label at several places, and the
/// label may go to any of them: it stays on its edge.
#[test]
fn a_label_belongs_to_its_edge() {
    // Three tasks hold a slot (node 3) each and wait for a lock (node 4) or for another slot.
    let mut graph = graph(
        5,
        &[
            (3, 0, true),
            (3, 1, true),
            (3, 2, true),
            (4, 0, true),
            (0, 3, true),
            (1, 4, true),
            (2, 4, true),
        ],
    );
    for (i, edge) in graph.edges.iter_mut().enumerate() {
        edge.label = if i < 4 { "held by" } else { "waits for" }.to_owned();
    }
    for (i, node) in graph.nodes.iter_mut().enumerate() {
        node.shape = if i < 3 { Shape::Box } else { Shape::Ellipse };
        node.lines = vec!["a task or a lock".to_owned(), "can go on".to_owned()];
    }
    let found = layout::layout(&graph);
    for (routed, edge) in found.edges.iter().zip(&graph.edges) {
        assert!(lies_on(routed.label, routed, &edge.label), "{routed:?}");
    }
}

#[test]
fn svg_is_xml_with_every_node_and_edge() {
    let graph = graph(
        5,
        &[(0, 1, true), (1, 0, false), (2, 2, true), (3, 4, false)],
    );
    let text = svg::render(&graph);
    let document = roxmltree::Document::parse(&text).expect("it is XML");
    let of_class = |class: &str| {
        let class = class.to_owned();
        (document.descendants())
            .filter(|node| {
                node.attribute("class")
                    .is_some_and(|c| c.split(' ').any(|c| c == class))
            })
            .count()
    };
    assert_eq!((of_class("node"), of_class("edge")), (5, 4));
    // Node 0 is: every fifth, from the first on.
    assert_eq!(of_class("highlighted"), 1);
    let title = document
        .root_element()
        .first_element_child()
        .and_then(|title| title.text());
    assert_eq!(title, Some("T <&\"'"));
    assert_eq!(text, svg::render(&graph));
}

#[test]
fn an_empty_graph_is_a_picture_too() {
    let text = svg::render(&Graph::default());
    roxmltree::Document::parse(&text).expect("it is XML");
    assert!(dot::render(&Graph::default()).ends_with("}\n"));
}

/// Two tasks, each with a slot of A or the lock while it asks for the other.
fn slot_and_lock() -> Report {
    let fields = r#""locks": { "L": "semaphore" },
  "tasks": [ { "name": "a;#", "pages": ["p"], "program": [ { "kmap": "p", "series": "A" }, { "down": "L" }, { "up": "L" }, { "kunmap": "p" } ] },
             { "name": "b", "pages": ["q"], "program": [ { "down": "L" }, { "kmap": "q", "series": "A" }, { "kunmap": "q" }, { "up": "L" } ] } ]"#;
    report(&program(fields), &Limits::default())
}

#[test]
fn a_deadlock_is_drawn() {
    let graph = waiting::graph(&slot_and_lock()).expect("there is a deadlock");
    let names: Vec<&str> = graph
        .nodes
        .iter()
        .map(|node| node.lines[0].as_str())
        .collect();
    assert_eq!(names, ["a;#", "b", "semaphore L", "A"]);
    let highlighted: Vec<bool> = graph.nodes.iter().map(|node| node.highlighted).collect();
    assert_eq!(highlighted, [true, true, false, false]);
    let mut edges: Vec<(usize, usize, &str)> = (graph.edges.iter())
        .map(|edge| (edge.from, edge.to, edge.label.as_str()))
        .collect();
    edges.sort_unstable();
    assert_eq!(
        edges,
        [
            (0, 2, "waits for 1 of"),
            (1, 3, "waits for"),
            (2, 1, "held by"),
            (3, 0, "pinned by"),
        ]
    );
    insta::assert_snapshot!("waiting_dot", dot::render(&graph));
}

#[test]
fn a_trace_is_a_sequence_diagram() {
    insta::assert_snapshot!(
        "sequence",
        sequence::render(&slot_and_lock()).expect("there is a finding")
    );
}

#[test]
fn many_tasks_are_folded() {
    let fields = r#""slots": { "A": 40 }, "tasks": [ { "name": "t", "count": 40, "pages": ["p", "q"],
        "program": [ { "kmap": "p", "series": "A" }, { "kmap": "q", "series": "A" }, { "kunmap": "q" }, { "kunmap": "p" } ] } ]"#;
    let report = report(&program(fields), &Limits::default());
    insta::assert_snapshot!(
        "sequence_folded",
        sequence::render(&report).expect("there is a finding")
    );
    let graph = waiting::graph(&report).expect("there is a deadlock");
    assert!(graph.nodes.len() < 5, "{graph:?}");
}

/// What a task ended with leads to it, in a colour that is not that of the core.
#[test]
fn who_ended_with_what_others_need_is_drawn() {
    let program = program(
        r#""tasks": [ { "name": "careless", "pages": ["a"], "program": [ { "map": "a" } ] },
                      { "name": "careful", "pages": ["a"], "program": [ { "map": "a" } ] } ]"#,
    );
    let report = report(&program, &Limits::default());
    let graph = waiting::graph(&report).expect("there is a deadlock");
    let ended = graph
        .nodes
        .iter()
        .position(|node| node.lines == ["careless, ended"]);
    let ended = ended.unwrap_or_else(|| panic!("{graph:?}"));
    assert!(!graph.nodes[ended].highlighted);
    let edges: Vec<&Edge> = graph.edges.iter().filter(|edge| edge.to == ended).collect();
    let [edge] = edges.as_slice() else {
        panic!("{edges:?}");
    };
    assert_eq!((edge.label.as_str(), edge.highlighted), ("lost by", false));
    assert!(svg::render(&graph).contains("\nlost by\n"));
    assert!(dot::render(&graph).contains("label=\"lost by\"];"));
}
