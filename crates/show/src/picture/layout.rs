//! Where the nodes of a graph go, and which way the edges take.
//!
//! The layered layout of Sugiyama, Tagawa and Toda (*Methods for visual understanding of
//! hierarchical system structures*, 1981) as the crate `layout-rs` does it: ranks, few crossings,
//! then coordinates after Brandes and Köpf. That crate draws through a trait, the
//! `RenderBackend`; the one in `notes` draws nothing and writes
//! down what it is asked to draw.
//!
//! Ranks go from left to right or from top to bottom, whichever needs the smaller square: a ring is
//! long, and many tasks that wait for one thing are broad. Edges from a node to itself are loops of
//! our own above it. All coordinates are rounded to a tenth, and start at zero.

mod notes;

use std::panic::catch_unwind;

use layout::core::base::Orientation;
use layout::core::color::Color;
use layout::core::geometry::Point as At;
use layout::core::style::{LineStyleKind, StyleAttr};
use layout::std_shapes::shapes::{Arrow, Element, LineEndKind, ShapeKind};
use layout::topo::layout::VisualGraph;

use kmapcheck_report::words::width as columns;

use super::{Edge, Graph, Shape};
use notes::Notes;

/// The size of letters that node sizes are made for.
pub const FONT_SIZE: usize = 14;
/// Height of a line of a label.
pub const LINE_HEIGHT: f64 = 18.0;
/// Width of a letter, on average and on the safe side.
const LETTER: f64 = 8.2;
/// Room around everything.
const MARGIN: f64 = 12.0;

/// A graph laid out. Nodes and edges stand in the order of the [`Graph`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// Width of the whole.
    pub width: f64,
    /// Height of the whole.
    pub height: f64,
    /// The nodes.
    pub nodes: Vec<Placed>,
    /// The edges.
    pub edges: Vec<Routed>,
}

/// Where a node is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Placed {
    /// Its middle.
    pub middle: Point,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// The way that an edge takes, from its start to its end.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Routed {
    /// Where it starts.
    pub start: Point,
    /// Cubic Bézier curves, one after the other: two control points and the end of each.
    pub curves: Vec<[Point; 3]>,
    /// The middle of its label.
    pub label: Point,
}

/// A point; y grows downwards.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

impl Routed {
    /// The way as the `d` of an SVG path.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = format!("M{} {}", self.start.x, self.start.y);
        for [a, b, end] in &self.curves {
            path += &format!(" C{} {} {} {} {} {}", a.x, a.y, b.x, b.y, end.x, end.y);
        }
        path
    }
}

/// Lays a graph out.
///
/// The last passes of the crate move nodes for the sake of straighter edges and assert that nothing
/// got out of order thereby, which for some graphs of a dozen edges and more it does. Such a graph is
/// laid out without those passes: the same ranks and order, less evenly spread.
///
/// # Panics
///
/// If an edge names a node that is not there.
#[must_use]
pub fn layout(graph: &Graph) -> Layout {
    if graph.nodes.is_empty() {
        return Layout::default();
    }
    let one_way = |orientation: fn() -> Orientation| {
        let drawn = catch_unwind(|| draw(graph, orientation(), false));
        let drawn = drawn.unwrap_or_else(|_| draw(graph, orientation(), true));
        drawn.into_layout(graph)
    };
    let across = one_way(|| Orientation::LeftToRight);
    let down = one_way(|| Orientation::TopToBottom);
    let side = |layout: &Layout| layout.width.max(layout.height);
    if side(&down) < side(&across) {
        down
    } else {
        across
    }
}

/// Has the crate lay the graph out, with or without its last passes.
fn draw(graph: &Graph, orientation: Orientation, plainly: bool) -> Notes {
    let look = StyleAttr::new(Color::fast("black"), 1, None, 0, FONT_SIZE);
    let mut visual = VisualGraph::new(orientation);
    let handles: Vec<_> = (graph.nodes.iter().enumerate())
        .map(|(i, node)| {
            let (width, height) = size(&node.lines, node.shape);
            let shape = match node.shape {
                Shape::Box => ShapeKind::new_box(""),
                Shape::Ellipse => ShapeKind::new_circle(""),
            };
            visual.add_node(Element::create_with_properties(
                shape,
                look.clone(),
                orientation,
                At::new(width, height),
                i.to_string(),
            ))
        })
        .collect();
    for (i, edge) in between_two(graph) {
        let arrow = Arrow::with_properties(
            LineEndKind::None,
            LineEndKind::Arrow,
            LineStyleKind::Normal,
            &notes::placeholder(i, &edge.label),
            &look,
            i.to_string(),
            &None,
            &None,
        );
        visual.add_edge(arrow, handles[edge.from], handles[edge.to]);
    }
    let mut notes = Notes::new(graph);
    visual.do_it(false, false, plainly, &mut notes);
    notes
}

/// The edges that do not lead from a node to itself, with their positions.
fn between_two(graph: &Graph) -> impl Iterator<Item = (usize, &Edge)> {
    let edges = graph.edges.iter().enumerate();
    edges.filter(|(_, edge)| edge.from != edge.to)
}

/// Room for a label.
fn size(lines: &[String], shape: Shape) -> (f64, f64) {
    let letters = lines.iter().map(|line| columns(line)).max();
    // No line has no letters.
    #[allow(clippy::cast_precision_loss, reason = "labels are short")]
    let (letters, lines) = (letters.unwrap_or(0) as f64, lines.len() as f64);
    let (width, height) = (letters * LETTER + 20.0, lines * LINE_HEIGHT + 14.0);
    match shape {
        Shape::Box => (width, height),
        // The corners of the label must lie inside.
        Shape::Ellipse => (width * 1.25 + 10.0, height * 1.35),
    }
}
