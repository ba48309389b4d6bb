//! The pairs as a picture: what is held while what is asked for, as lockdep would draw it.
//!
//! An arrow leads from what is held to what is asked for then; tasks that do so stand beside it.
//! Circles on which tasks could be stuck are highlighted; those that the arithmetic excludes are
//! dashed.

use kmapcheck_report::words::on_model;
use kmapcheck_show::picture::{Edge, Graph, Line, Node, Shape, wrap};

use super::{Judged, Pairs};

/// Tasks named beside an arrow.
const NAMED: usize = 2;
/// The widest line of a label.
const WIDTH: usize = 24;

/// The pairs of a scenario as a graph.
#[must_use]
pub fn graph(pairs: &Pairs) -> Graph {
    let mut names: Vec<&String> = pairs.order.iter().flatten().collect();
    for pair in &pairs.pairs {
        for name in [&pair.held, &pair.asked] {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    // Whether some circle that is judged like that goes through both.
    let on = |excluded: bool, from: &String, to: &String| {
        (pairs.cycles.iter())
            .filter(|cycle| (cycle.judged == Judged::Excluded) == excluded)
            .any(|cycle| cycle.through.contains(from) && cycle.through.contains(to))
    };
    let position = |name: &String| names.iter().position(|known| *known == name);
    let edges: Vec<Edge> = (pairs.pairs.iter())
        .filter_map(|pair| {
            let (held, asked) = (&pair.held, &pair.asked);
            let open = on(false, held, asked);
            let line = match (open, on(true, held, asked)) {
                (true, _) => Line::Bold,
                (false, true) => Line::Dashed,
                (false, false) => Line::Solid,
            };
            let mut tasks: Vec<&str> = Vec::new();
            for site in &pair.sites {
                if !tasks.contains(&site.task.as_str()) {
                    tasks.push(&site.task);
                }
            }
            // Where all are named there are no more.
            let more = tasks.len().saturating_sub(NAMED);
            tasks.truncate(NAMED);
            let mut label = tasks.join(", ");
            if more > 0 {
                label += &format!(" and {more} more");
            }
            Some(Edge {
                from: position(held)?,
                to: position(asked)?,
                label,
                line,
                highlighted: open,
            })
        })
        .collect();
    let legend = match edges.iter().any(|edge| edge.highlighted) {
        true => "a circle: as far as numbers go, tasks could be stuck on it".to_owned(),
        false => String::new(),
    };
    Graph {
        title: format!(
            "Held while asking: {}",
            on_model(&pairs.scenario, &pairs.model)
        ),
        legend,
        nodes: (names.iter())
            .map(|name| node(name, on(false, name, name)))
            .collect(),
        edges,
    }
}

/// The order that a model states, first to last.
#[must_use]
pub fn stated(model: &str, order: &[String]) -> Graph {
    Graph {
        title: format!("The order of {model}: what is held lies before what is asked for"),
        legend: String::new(),
        nodes: order.iter().map(|name| node(name, false)).collect(),
        edges: (1..order.len())
            .map(|to| Edge {
                from: to - 1,
                to,
                label: String::new(),
                line: Line::Solid,
                highlighted: false,
            })
            .collect(),
    }
}

fn node(name: &str, highlighted: bool) -> Node {
    Node {
        id: name.to_owned(),
        lines: wrap(name, WIDTH),
        shape: Shape::Ellipse,
        highlighted,
    }
}
