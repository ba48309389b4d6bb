//! The wait-for graph of a report as a picture.

use kmapcheck_report::words::{list, on_model};
use kmapcheck_report::{Finding, NodeKind, Report, WaitForGraph};
use kmapcheck_stuck::graph::Link;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Edge, Graph, Line, Node, Shape, label, wrap};

/// The widest line of a label.
const WIDTH: usize = 28;
/// So many names of tasks are spelt out.
const MOST_NAMED: usize = 8;

/// The wait-for graph at the end of the report's deadlock; `None`: it has none.
#[must_use]
pub fn graph(report: &Report) -> Option<Graph> {
    (report.findings.iter()).find_map(|finding| {
        let graph = of(finding.wait_for.as_ref()?, finding);
        let title = format!(
            "Who waits for whom: {}",
            on_model(&report.scenario, &report.model)
        );
        Some(Graph { title, ..graph })
    })
}

/// A finding's wait-for graph. The graph is that of the core, so all its tasks are; tasks that are
/// stuck besides stand together in a node of their own.
fn of(waiting: &WaitForGraph, finding: &Finding) -> Graph {
    let mut graph = Graph {
        legend: "the core: stuck on one another".to_owned(),
        ..Graph::default()
    };
    for node in &waiting.nodes {
        let task = node.kind == NodeKind::Task;
        graph.nodes.push(Node {
            id: node.id.clone(),
            lines: (label::node(node).iter())
                .flat_map(|line| wrap(line, WIDTH))
                .collect(),
            shape: if task { Shape::Box } else { Shape::Ellipse },
            // Who has ended is not of the core.
            highlighted: task && !node.ended,
        });
    }
    let positions: FxHashMap<&str, usize> = (waiting.nodes.iter().enumerate())
        .map(|(i, node)| (node.id.as_str(), i))
        .collect();
    let position = |id: &String| positions.get(id.as_str()).copied();
    for edge in &waiting.edges {
        let (Some(from), Some(to)) = (position(&edge.from), position(&edge.to)) else {
            continue;
        };
        let line = match edge.link {
            Link::WaitsFor { .. } => Line::Solid,
            Link::HeldBy { .. } => Line::Bold,
            Link::GivenBy { .. } => Line::Dashed,
        };
        // What a task has ended with is part of the story, but the task is not of the core.
        let lost = waiting.nodes[to].ended;
        graph.edges.push(Edge {
            from,
            to,
            label: match edge.link {
                Link::HeldBy { count, .. } if lost => label::lost(count),
                link => label::link(&link, waiting.nodes[from].one),
            },
            line,
            highlighted: !lost,
        });
    }
    let core: FxHashSet<&str> = finding.core.iter().map(String::as_str).collect();
    let others: Vec<String> = (finding.stuck.iter())
        .filter(|task| !core.contains(task.as_str()))
        .cloned()
        .collect();
    if !others.is_empty() {
        let said = match others.len() {
            n if n > MOST_NAMED => format!("stuck behind it: {n} more tasks"),
            _ => format!("stuck behind it: {}", list(&others)),
        };
        graph.nodes.push(Node {
            id: "others".to_owned(),
            lines: wrap(&said, WIDTH),
            shape: Shape::Box,
            highlighted: false,
        });
    }
    graph
}
