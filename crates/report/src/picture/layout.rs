//! Where the nodes of a graph go, and which way the edges take.
//!
//! The layered layout of Sugiyama, Tagawa and Toda (*Methods for visual understanding of
//! hierarchical system structures*, 1981) as the crate `layout-rs` does it: ranks, few crossings,
//! then coordinates after Brandes and Köpf. That crate draws through a trait, the
//! [`RenderBackend`]; the one here draws nothing and writes down what it is asked to draw.
//!
//! Ranks go from left to right or from top to bottom, whichever needs the smaller square: a ring is
//! long, and many tasks that wait for one thing are broad. Edges from a node to itself are loops of
//! our own above it. All coordinates are rounded to a tenth, and start at zero.

use std::panic::catch_unwind;

use layout::core::base::Orientation;
use layout::core::color::Color;
use layout::core::format::{ClipHandle, RenderBackend};
use layout::core::geometry::Point as At;
use layout::core::style::{LineStyleKind, StyleAttr};
use layout::std_shapes::shapes::{Arrow, Element, LineEndKind, ShapeKind};
use layout::topo::layout::VisualGraph;

use super::{Edge, Graph, Shape};

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
            &edge.label,
            &look,
            i.to_string(),
            &None,
            &None,
        );
        visual.add_edge(arrow, handles[edge.from], handles[edge.to]);
    }
    let mut notes = Notes {
        nodes: vec![Placed::default(); graph.nodes.len()],
        edges: vec![Routed::default(); graph.edges.len()],
        labels: Vec::new(),
    };
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
    let letters = lines.iter().map(|line| line.chars().count()).max();
    #[allow(clippy::cast_precision_loss, reason = "labels are short")]
    let (letters, lines) = (letters.unwrap_or(0) as f64, lines.len() as f64);
    let (width, height) = (letters * LETTER + 20.0, lines * LINE_HEIGHT + 14.0);
    match shape {
        Shape::Box => (width, height),
        // The corners of the label must lie inside.
        Shape::Ellipse => (width * 1.25 + 10.0, height * 1.35),
    }
}

/// What is to be drawn where.
struct Notes {
    nodes: Vec<Placed>,
    edges: Vec<Routed>,
    /// The middles of the labels of edges: the crate makes each a node, in the order of the edges.
    labels: Vec<Point>,
}

impl Notes {
    fn node(&mut self, middle: At, size: At, properties: Option<String>) {
        let number = properties.and_then(|text| text.parse::<usize>().ok());
        if let Some(placed) = number.and_then(|i| self.nodes.get_mut(i)) {
            *placed = Placed {
                middle: Point {
                    x: middle.x,
                    y: middle.y,
                },
                width: size.x,
                height: size.y,
            };
        }
    }

    /// Everything moved to the corner and rounded, and labels put on their edges.
    fn into_layout(mut self, graph: &Graph) -> Layout {
        let labelled = between_two(graph).filter(|(_, edge)| !edge.label.is_empty());
        for ((i, _), label) in labelled.zip(std::mem::take(&mut self.labels)) {
            self.edges[i].label = label;
        }
        let mut loops = vec![0_u32; graph.nodes.len()];
        for (routed, edge) in self.edges.iter_mut().zip(&graph.edges) {
            if edge.from == edge.to {
                let nth = &mut loops[edge.from];
                *routed = around(self.nodes[edge.from], graph.nodes[edge.from].shape, *nth);
                *nth += 1;
            } else if edge.label.is_empty() {
                routed.label = middle(routed);
            }
        }
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        let mut cover = |at: Point, width: f64, height: f64| {
            for (i, (at, half)) in [(at.x, width / 2.0), (at.y, height / 2.0)]
                .into_iter()
                .enumerate()
            {
                low[i] = low[i].min(at - half);
                high[i] = high[i].max(at + half);
            }
        };
        for placed in &self.nodes {
            cover(placed.middle, placed.width, placed.height);
        }
        for (routed, edge) in self.edges.iter().zip(&graph.edges) {
            cover(routed.start, 0.0, 0.0);
            for curve in &routed.curves {
                curve.iter().for_each(|&point| cover(point, 0.0, 0.0));
            }
            let (width, height) = size(std::slice::from_ref(&edge.label), Shape::Box);
            cover(routed.label, width - 20.0, height - 14.0);
        }
        let moved = |at: &mut Point| {
            at.x = tenth(at.x - low[0] + MARGIN);
            at.y = tenth(at.y - low[1] + MARGIN);
        };
        for placed in &mut self.nodes {
            moved(&mut placed.middle);
            placed.width = tenth(placed.width);
            placed.height = tenth(placed.height);
        }
        for routed in &mut self.edges {
            moved(&mut routed.start);
            moved(&mut routed.label);
            routed.curves.iter_mut().flatten().for_each(moved);
        }
        Layout {
            width: tenth(high[0] - low[0] + 2.0 * MARGIN),
            height: tenth(high[1] - low[1] + 2.0 * MARGIN),
            nodes: self.nodes,
            edges: self.edges,
        }
    }
}

/// The point halfway along a way: where two curves meet, or the middle of one.
fn middle(routed: &Routed) -> Point {
    let n = routed.curves.len();
    if n == 0 {
        return routed.start;
    }
    if n % 2 == 0 {
        return routed.curves[n / 2 - 1][2];
    }
    let from = match n / 2 {
        0 => routed.start,
        i => routed.curves[i - 1][2],
    };
    let [a, b, to] = routed.curves[n / 2];
    let at = |from: f64, a: f64, b: f64, to: f64| (from + 3.0 * a + 3.0 * b + to) / 8.0;
    Point {
        x: at(from.x, a.x, b.x, to.x),
        y: at(from.y, a.y, b.y, to.y),
    }
}

/// The way from a node to itself: a loop above it, each further one of the same node wider.
fn around(node: Placed, shape: Shape, nth: u32) -> Routed {
    let half = (10.0 + 6.0 * f64::from(nth)).min(node.width / 2.0);
    let high = 44.0 + 26.0 * f64::from(nth);
    let up = match shape {
        Shape::Box => node.height / 2.0,
        Shape::Ellipse => node.height / 2.0 * (1.0 - (2.0 * half / node.width).powi(2)).sqrt(),
    };
    let at = |x: f64, y: f64| Point {
        x: node.middle.x + x,
        y: node.middle.y - y,
    };
    Routed {
        start: at(-half, up),
        curves: vec![[
            at(-2.5 * half, up + high),
            at(2.5 * half, up + high),
            at(half, up),
        ]],
        // A cubic curve with both control points that high reaches three quarters of the height.
        label: at(0.0, up + 0.75 * high),
    }
}

fn tenth(x: f64) -> f64 {
    // Not minus zero, which would be written as such.
    (x * 10.0).round() / 10.0 + 0.0
}

impl RenderBackend for Notes {
    fn draw_rect(
        &mut self,
        xy: At,
        size: At,
        _: &StyleAttr,
        properties: Option<String>,
        _: Option<ClipHandle>,
    ) {
        let middle = At::new(xy.x + size.x / 2.0, xy.y + size.y / 2.0);
        self.node(middle, size, properties);
    }

    fn draw_circle(&mut self, xy: At, size: At, _: &StyleAttr, properties: Option<String>) {
        self.node(xy, size, properties);
    }

    fn draw_line(&mut self, _: At, _: At, _: &StyleAttr, _: Option<String>) {}

    fn draw_text(&mut self, xy: At, text: &str, _: &StyleAttr) {
        // Nodes have no text here.
        if !text.is_empty() {
            self.labels.push(Point { x: xy.x, y: xy.y });
        }
    }

    /// The path is a list of ends of curves with a control point each: of the first curve the start
    /// and its control point, then for each curve the control point of its end, and the end. Where
    /// an end has a curve after it, that one's first control point mirrors the last.
    fn draw_arrow(
        &mut self,
        path: &[(At, At)],
        _: bool,
        head: (bool, bool),
        _: &StyleAttr,
        properties: Option<String>,
        _: &str,
    ) {
        let number = properties.and_then(|text| text.parse::<usize>().ok());
        let Some(routed) = number.and_then(|i| self.edges.get_mut(i)) else {
            return;
        };
        let Some((&(start, mut control), rest)) = path.split_first() else {
            return;
        };
        let point = |at: At| Point { x: at.x, y: at.y };
        let mut way = Routed {
            start: point(start),
            ..Routed::default()
        };
        for &(before, end) in rest {
            way.curves.push([point(control), point(before), point(end)]);
            control = At::new(2.0 * end.x - before.x, 2.0 * end.y - before.y);
        }
        // An edge that leads back is laid out the other way round.
        *routed = if head.0 { reversed(way) } else { way };
    }

    fn create_clip(&mut self, _: At, _: At, _: usize) -> ClipHandle {
        0
    }
}

fn reversed(way: Routed) -> Routed {
    let mut ends = vec![way.start];
    ends.extend(way.curves.iter().map(|curve| curve[2]));
    let curves = (way.curves.iter().zip(&ends).rev())
        .map(|([a, b, _], &start)| [*b, *a, start])
        .collect();
    Routed {
        start: ends.last().copied().unwrap_or_default(),
        curves,
        label: way.label,
    }
}
