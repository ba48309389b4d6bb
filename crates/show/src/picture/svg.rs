//! A graph as SVG.
//!
//! Letters and lines are dark on white whatever the page around them looks like, so that the
//! picture can be printed and put into any document. Every node and edge has a class (`node`,
//! `edge`, `highlighted`) and a title, for those who style it or cannot see it.

use svg::Document;
use svg::node::element::{
    Definitions, Ellipse, Group, Marker, Path, Rectangle, TSpan, Text, Title,
};

use kmapcheck_report::words::width as columns;

use super::layout::{FONT_SIZE, LINE_HEIGHT, Layout, Placed, layout};
use super::{Edge, Graph, Line, Node, Shape};

/// Room for the title and the legend.
const HEAD: f64 = 54.0;
const LEGEND: f64 = 26.0;

const INK: &str = "#222222";
const QUIET: &str = "#5f5f5f";
const CORE_INK: &str = "#b00020";
const CORE_FILL: &str = "#fde3e3";
const THING_FILL: &str = "#eef2f7";

/// The graph, laid out and drawn.
#[must_use]
pub fn render(graph: &Graph) -> String {
    draw(graph, &layout(graph))
}

/// The graph as it is laid out.
#[must_use]
pub fn draw(graph: &Graph, layout: &Layout) -> String {
    let letters = |text: &str, each: f64| columns(text) as f64 * each + 24.0;
    let width = (layout.width.max(letters(&graph.title, 9.6)))
        .max(letters(&graph.legend, 7.2) + 30.0)
        .max(240.0)
        .ceil();
    let legend = if graph.legend.is_empty() { 0.0 } else { LEGEND };
    let height = (layout.height + HEAD + legend).ceil();
    let mut document = Document::new()
        .set("viewBox", (0, 0, width, height))
        .set("width", width)
        .set("height", height)
        .set("role", "img")
        .set("font-family", "sans-serif")
        .set("font-size", FONT_SIZE)
        .add(Title::new(&graph.title))
        .add(
            Definitions::new()
                .add(head("head", QUIET))
                .add(head("core-head", CORE_INK)),
        )
        .add(
            Rectangle::new()
                .set("width", width)
                .set("height", height)
                .set("fill", "white"),
        )
        .add(
            Text::new(&graph.title)
                .set("x", 12)
                .set("y", 28)
                .set("font-size", 15)
                .set("font-weight", "bold")
                .set("fill", INK),
        );
    let mut body = Group::new().set("transform", format!("translate(0 {})", HEAD - 12.0));
    for (edge, routed) in graph.edges.iter().zip(&layout.edges) {
        body = body.add(line(graph, edge).set("d", routed.path()));
    }
    for (node, placed) in graph.nodes.iter().zip(&layout.nodes) {
        body = body.add(shape(node, placed));
    }
    for (edge, routed) in graph.edges.iter().zip(&layout.edges) {
        if !edge.label.is_empty() {
            // A white edge around the letters keeps them legible on top of their line.
            body = body.add(
                Text::new(&edge.label)
                    .set("x", routed.label.x)
                    .set("y", routed.label.y + 4.0)
                    .set("text-anchor", "middle")
                    .set("font-size", 12)
                    .set("fill", if edge.highlighted { CORE_INK } else { INK })
                    .set("stroke", "white")
                    .set("stroke-width", 4)
                    .set("paint-order", "stroke"),
            );
        }
    }
    document = document.add(body);
    if !graph.legend.is_empty() {
        let y = layout.height + HEAD + 4.0;
        document = document
            .add(
                Rectangle::new()
                    .set("x", 12)
                    .set("y", y - 8.0)
                    .set("width", 18)
                    .set("height", 12)
                    .set("fill", CORE_FILL)
                    .set("stroke", CORE_INK)
                    .set("stroke-width", 2.5),
            )
            .add(
                Text::new(&graph.legend)
                    .set("x", 38)
                    .set("y", y + 3.0)
                    .set("font-size", 12)
                    .set("fill", INK),
            );
    }
    document.to_string() + "\n"
}

fn head(id: &str, colour: &str) -> Marker {
    Marker::new()
        .set("id", id)
        .set("viewBox", "0 0 10 10")
        .set("refX", 9)
        .set("refY", 5)
        .set("markerWidth", 9)
        .set("markerHeight", 9)
        .set("markerUnits", "userSpaceOnUse")
        .set("orient", "auto")
        .add(
            Path::new()
                .set("d", "M0 0 L10 5 L0 10 z")
                .set("fill", colour),
        )
}

fn class(kind: &str, highlighted: bool) -> String {
    match highlighted {
        true => format!("{kind} highlighted"),
        false => kind.to_owned(),
    }
}

fn line(graph: &Graph, edge: &Edge) -> Path {
    let name = |i: usize| graph.nodes[i].lines.join(" ");
    let said = format!("{} {} {}", name(edge.from), edge.label, name(edge.to));
    let (colour, marker) = match edge.highlighted {
        true => (CORE_INK, "url(#core-head)"),
        false => (QUIET, "url(#head)"),
    };
    let width = match edge.line {
        Line::Bold => 2.5,
        Line::Solid | Line::Dashed => 1.4,
    };
    let path = Path::new()
        .set("class", class("edge", edge.highlighted))
        .set("fill", "none")
        .set("stroke", colour)
        .set("stroke-width", width)
        .set("marker-end", marker)
        .add(Title::new(said));
    match edge.line {
        Line::Dashed => path.set("stroke-dasharray", "6 4"),
        Line::Solid | Line::Bold => path,
    }
}

fn shape(node: &Node, placed: &Placed) -> Group {
    let (stroke, width) = match node.highlighted {
        true => (CORE_INK, 2.5),
        false => (QUIET, 1.2),
    };
    let fill = match (node.highlighted, node.shape) {
        (true, _) => CORE_FILL,
        (false, Shape::Box) => "white",
        (false, Shape::Ellipse) => THING_FILL,
    };
    let group = Group::new()
        .set("class", class("node", node.highlighted))
        .set("fill", fill)
        .set("stroke", stroke)
        .set("stroke-width", width)
        .add(Title::new(node.lines.join(" ")));
    let Placed {
        middle,
        width,
        height,
    } = *placed;
    let group = match node.shape {
        Shape::Box => group.add(
            Rectangle::new()
                .set("x", middle.x - width / 2.0)
                .set("y", middle.y - height / 2.0)
                .set("width", width)
                .set("height", height)
                .set("rx", 3),
        ),
        Shape::Ellipse => group.add(
            Ellipse::new()
                .set("cx", middle.x)
                .set("cy", middle.y)
                .set("rx", width / 2.0)
                .set("ry", height / 2.0),
        ),
    };
    let first = middle.y - (node.lines.len() as f64 - 1.0) * LINE_HEIGHT / 2.0 + 5.0;
    let mut text = Text::new("")
        .set("text-anchor", "middle")
        .set("fill", INK)
        .set("stroke", "none");
    for (i, words) in node.lines.iter().enumerate() {
        text = text.add(
            TSpan::new(words.as_str())
                .set("x", middle.x)
                .set("y", first + i as f64 * LINE_HEIGHT),
        );
    }
    group.add(text)
}
