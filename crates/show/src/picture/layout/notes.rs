//! A backend that writes down what it is asked to draw, and makes a [`Layout`] of it.
//!
//! The crate passes the properties of nodes and edges through; here they are positions in the
//! [`Graph`]. A label has no properties: the crate makes it a node of its own, and may move the
//! text from there to another node on the way of the same edge. So the order in which labels are
//! drawn says nothing. What is laid out is therefore not the label but a [`placeholder`], a text of
//! the same length that says which edge it belongs to.

use layout::core::format::{ClipHandle, RenderBackend};
use layout::core::geometry::Point as At;
use layout::core::style::StyleAttr;

use kmapcheck_report::words::width;

use super::{Layout, MARGIN, Placed, Point, Routed, size};
use crate::picture::{Graph, Shape};

/// What is to be drawn where.
pub(super) struct Notes {
    nodes: Vec<Placed>,
    edges: Vec<Routed>,
    /// The middles of the labels of edges, by the edge.
    labels: Vec<Option<Point>>,
}

/// What stands for the label of an edge while the graph is laid out: its position in the [`Graph`],
/// made as long as the label so that it gets the same room. Empty if there is no label.
pub(super) fn placeholder(edge: usize, label: &str) -> String {
    match width(label) {
        0 => String::new(),
        letters => format!("{edge:>letters$}"),
    }
}

/// The edge that a [`placeholder`] stands for.
fn edge_of(placeholder: &str) -> Option<usize> {
    placeholder.trim_start().parse().ok()
}

impl Notes {
    /// Nothing is drawn yet.
    pub(super) fn new(graph: &Graph) -> Notes {
        Notes {
            nodes: vec![Placed::default(); graph.nodes.len()],
            edges: vec![Routed::default(); graph.edges.len()],
            labels: vec![None; graph.edges.len()],
        }
    }

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
    pub(crate) fn into_layout(mut self, graph: &Graph) -> Layout {
        let mut loops = vec![0_u32; graph.nodes.len()];
        let labels = std::mem::take(&mut self.labels);
        for ((routed, edge), label) in self.edges.iter_mut().zip(&graph.edges).zip(labels) {
            if edge.from == edge.to {
                let nth = &mut loops[edge.from];
                *routed = around(self.nodes[edge.from], graph.nodes[edge.from].shape, *nth);
                *nth += 1;
            } else {
                routed.label = label.unwrap_or_else(|| middle(routed));
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
    if n.is_multiple_of(2) {
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
        if let Some(label) = edge_of(text).and_then(|i| self.labels.get_mut(i)) {
            *label = Some(Point { x: xy.x, y: xy.y });
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
