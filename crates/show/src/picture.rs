//! Pictures of graphs: a [`Graph`] of labelled nodes and edges, laid out and drawn.
//!
//! | module | what it does |
//! |---|---|
//! | [`layout`] | positions of nodes and paths of edges, by the layered layout of the crate `layout-rs` |
//! | [`svg`] | the picture as SVG |
//! | [`dot`] | the graph as DOT text, for Graphviz to lay out |
//! | [`waiting`] | the wait-for graph of a report as a [`Graph`] |
//! | [`sequence`] | a trace as a Mermaid sequence diagram |
//!
//! The same graph gives the same bytes. What is in a cycle or a core is told by colour, by a
//! thicker line and in the legend, never by colour alone.

pub mod dot;
pub mod label;
pub mod layout;
pub mod sequence;
pub mod svg;
pub mod waiting;

use kmapcheck_report::words::width as columns;

/// A graph to be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    /// What it is a picture of.
    pub title: String,
    /// What the highlighted nodes and edges are; empty: nothing is highlighted.
    pub legend: String,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The edges.
    pub edges: Vec<Edge>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Unique in the graph.
    pub id: String,
    /// The label, line by line.
    pub lines: Vec<String>,
    /// How it is drawn.
    pub shape: Shape,
    /// Whether it is one of those that the picture is about.
    pub highlighted: bool,
}

/// How a node is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A rectangle: tasks.
    Box,
    /// An ellipse: what tasks wait for.
    Ellipse,
}

/// An edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Where it starts, as a position in [`Graph::nodes`].
    pub from: usize,
    /// Where it leads, likewise.
    pub to: usize,
    /// What it says; may be empty.
    pub label: String,
    /// How it is drawn.
    pub line: Line,
    /// Whether it is one of those that the picture is about.
    pub highlighted: bool,
}

/// How an edge is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// A thin line.
    Solid,
    /// A thick line.
    Bold,
    /// A dashed line.
    Dashed,
}

/// `text` broken into lines of at most about `width` columns, between words.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("unbreakable", 3), ["unbreakable"]);
        assert_eq!(wrap("", 3), [""]);
    }
}
