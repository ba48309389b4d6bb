//! The wait-for graph as DOT text, for Graphviz.
//!
//! Tasks are boxes, things ellipses with their capacity; a waiting edge is solid and says which
//! holders would have to give, a holding edge is bold and says how much is held, and a dashed one
//! leads to a task that could still give what it does not hold. Written by hand rather than with
//! petgraph's `Dot`, so that the text depends on nothing but the graph.

use std::fmt::Write;

use crate::graph::{Link, Need, Node, NodeKind, WaitForGraph};
use crate::thing::How;

/// The graph as DOT text.
#[must_use]
pub fn dot(graph: &WaitForGraph) -> String {
    let mut text = String::from("digraph wait_for {\n  rankdir=LR;\n");
    // Writing to a String cannot fail.
    for node in &graph.nodes {
        let shape = if node.kind == NodeKind::Task {
            "box"
        } else {
            "ellipse"
        };
        let _ = writeln!(
            text,
            "  {} [shape={shape}, label={}];",
            quoted(&node.id),
            quoted(&label(node))
        );
    }
    for edge in &graph.edges {
        let (style, label) = match edge.link {
            Link::WaitsFor {
                need: Need::Any, ..
            } => ("solid", "waits for".to_owned()),
            Link::WaitsFor {
                need: Need::All, ..
            } => ("solid", "waits for all of".to_owned()),
            Link::WaitsFor {
                need: Need::Units(n),
                ..
            } => ("solid", format!("waits for {n} of")),
            Link::HeldBy { count: 1, how } => ("bold", word(how).to_owned()),
            Link::HeldBy { count, how } => ("bold", format!("{} {count}", word(how))),
            Link::GivenBy { .. } => ("dashed", "could be given by".to_owned()),
        };
        let (from, to) = (quoted(&edge.from), quoted(&edge.to));
        let _ = writeln!(
            text,
            "  {from} -> {to} [style={style}, label={}];",
            quoted(&label)
        );
    }
    text.push_str("}\n");
    text
}

fn label(node: &Node) -> String {
    let mut label = node.label.clone();
    let unit = match node.kind {
        NodeKind::Task if node.count > 1 => {
            let _ = write!(label, "\n{} tasks", node.count);
            return label;
        }
        NodeKind::Series => "slot",
        NodeKind::Semaphore => "unit",
        NodeKind::Mempool => "element",
        NodeKind::Cpus => "CPU",
        _ => return label,
    };
    if let Some(capacity) = node.capacity {
        let _ = write!(
            label,
            "\n{capacity} {unit}{}",
            if capacity == 1 { "" } else { "s" }
        );
    }
    if node.leaked > 0 {
        let _ = write!(label, ", {} leaked", node.leaked);
    }
    label
}

fn word(how: How) -> &'static str {
    match how {
        How::Pins => "pinned by",
        How::SharesPins => "pinned (shared) by",
        How::Locks | How::Took => "held by",
        How::Reads => "read by",
        How::Writes => "written by",
        How::Queues => "queued for by",
        How::Occupies => "occupied by",
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
