//! A graph as DOT text, for Graphviz.
//!
//! Written by hand rather than with petgraph's `Dot`, so that the text depends on nothing but the
//! graph. Every name is quoted and escaped as the DOT language asks for.

use std::fmt::Write;

use super::{Graph, Line, Shape};

/// The graph as DOT text.
#[must_use]
pub fn render(graph: &Graph) -> String {
    let mut text = String::from("digraph kmapcheck {\n");
    // Writing to a String cannot fail.
    let title = match graph.legend.as_str() {
        "" => graph.title.clone(),
        legend => format!("{}\nred: {legend}", graph.title),
    };
    let _ = writeln!(
        text,
        "  graph [rankdir=LR, label={}, labelloc=t, fontname=\"sans-serif\"];",
        quoted(&title)
    );
    text.push_str(
        "  node [fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=11];\n",
    );
    for node in &graph.nodes {
        let shape = match node.shape {
            Shape::Box => "box",
            Shape::Ellipse => "ellipse",
        };
        let colour = match node.highlighted {
            true => ", style=filled, color=\"#b00020\", fillcolor=\"#fde3e3\", penwidth=2.5",
            false => "",
        };
        let label = quoted(&node.lines.join("\n"));
        let id = quoted(&node.id);
        let _ = writeln!(text, "  {id} [shape={shape}, label={label}{colour}];");
    }
    for edge in &graph.edges {
        let style = match edge.line {
            Line::Solid => "solid",
            Line::Bold => "bold",
            Line::Dashed => "dashed",
        };
        let colour = match edge.highlighted {
            true => ", color=\"#b00020\", fontcolor=\"#b00020\"",
            false => "",
        };
        let (from, to) = (&graph.nodes[edge.from].id, &graph.nodes[edge.to].id);
        let _ = writeln!(
            text,
            "  {} -> {} [style={style}, label={}{colour}];",
            quoted(from),
            quoted(to),
            quoted(&edge.label)
        );
    }
    text.push_str("}\n");
    text
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

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn nothing_breaks_out_of_the_quotes() {
        assert_eq!(quoted("a\"; b\\"), r#""a\"; b\\""#);
        assert_eq!(quoted("a\nb\tc"), "\"a\\nb c\"");
    }
}
