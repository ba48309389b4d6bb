//! Who waits for whom: what there is to draw, and when.
//!
//! The picture is laid out once, with every task, everything that is ever waited for and every edge
//! there ever is, so that nothing moves while it grows. *Points* say when a node or edge is there,
//! and how many things it stands for: from a state on, a number.
//!
//! A task of the core (or one that starves) is drawn as stuck from where it waits to the end of the
//! trace, together with what it holds to the end that the core waits for. A task that has ended is
//! never stuck, but what it ended with is drawn to the end: nobody gives that back.

use std::collections::BTreeMap;

use crate::picture::layout::layout;
use crate::picture::{self, Line, Shape};
use crate::recording::{Recording, ThingKind};
use serde::Serialize;

/// From a state on, so many.
type Points = Vec<(usize, u32)>;

/// The picture.
#[derive(Serialize)]
pub(crate) struct Graph {
    #[serde(skip)]
    pub width: f64,
    #[serde(skip)]
    pub height: f64,
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

/// A lane or a thing.
#[derive(Serialize)]
pub(crate) struct Node {
    #[serde(skip)]
    pub label: String,
    #[serde(skip)]
    pub x: f64,
    #[serde(skip)]
    pub y: f64,
    #[serde(skip)]
    pub width: f64,
    #[serde(skip)]
    pub height: f64,
    /// Of a task: the lane.
    pub lane: Option<usize>,
    /// Of a series: the track.
    pub series: Option<usize>,
    /// Of a thing: how much of it there is, in words.
    #[serde(skip)]
    pub capacity: String,
    /// The first state in which it is stuck for good.
    pub stuck: Option<usize>,
}

impl Node {
    /// Its middle.
    pub(super) fn middle(&self) -> (f64, f64) {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// The base line of the label.
    pub(super) fn first_line(&self) -> f64 {
        self.middle().1
            + if self.capacity.is_empty() && self.is_plain() {
                5.0
            } else {
                -3.0
            }
    }

    /// The base line of what is said below it.
    pub(crate) fn second_line(&self) -> f64 {
        self.middle().1 + 14.0
    }

    /// Whether nothing is said below the label.
    fn is_plain(&self) -> bool {
        self.lane.is_none() && self.series.is_none()
    }
}

/// An edge.
#[derive(Serialize)]
pub(crate) struct Edge {
    #[serde(skip)]
    pub path: String,
    #[serde(skip)]
    pub x: f64,
    #[serde(skip)]
    pub y: f64,
    /// Where it starts, in [`Graph::nodes`].
    pub from: usize,
    /// Where it leads.
    pub to: usize,
    /// `waits`, `holds`, `lost` or `gives`.
    pub kind: &'static str,
    /// How many tasks, or how much.
    pub points: Points,
    pub stuck: Option<usize>,
}

impl Edge {
    /// How much it stands for in a state.
    pub(super) fn at(&self, state: usize) -> u32 {
        let after = self.points.partition_point(|&(from, _)| from <= state);
        // Before its first point there is nothing of it.
        after.checked_sub(1).map_or(0, |i| self.points[i].1)
    }

    /// What it says in a state; the script says the same.
    pub(super) fn label(&self, state: usize) -> String {
        let n = self.at(state);
        let word = match self.kind {
            "waits" if n > 1 => return format!("{n} wait for"),
            "waits" => "waits for",
            "holds" => "held by",
            "lost" => "lost by",
            _ => "could be given by",
        };
        if n > 1 && self.kind != "gives" {
            format!("{n} {word}")
        } else {
            word.to_owned()
        }
    }
}

/// Spans of an edge: from, to, how much.
type Spans = Vec<(usize, Option<usize>, u32)>;

impl Graph {
    /// Whether it needs the width of the page to be read.
    pub(crate) fn is_wide(&self) -> bool {
        self.width > 640.0
    }

    /// The picture of a recording, laid out.
    pub(super) fn of(recording: &Recording) -> Graph {
        let mut lane_of = vec![0; recording.tasks.len()];
        for (i, lane) in recording.lanes.iter().enumerate() {
            lane.tasks.iter().for_each(|&task| lane_of[task] = i);
        }
        let shown = shown(recording);
        let lanes = recording.lanes.len();
        let number: BTreeMap<usize, usize> = (shown.iter().enumerate())
            .map(|(i, &thing)| (thing, lanes + i))
            .collect();

        // Edges by kind and ends, with the spans in which they are there.
        let mut spans: BTreeMap<(&'static str, usize, usize), Spans> = BTreeMap::new();
        for wait in &recording.waits {
            let ends = ("waits", lane_of[wait.task], number[&wait.thing]);
            spans.entry(ends).or_default().push((wait.from, wait.to, 1));
        }
        for hold in &recording.holds {
            if let Some(&thing) = number.get(&hold.thing) {
                let ends = ("holds", thing, lane_of[hold.task]);
                let span = (hold.from, hold.to, hold.n);
                spans.entry(ends).or_default().push(span);
            }
        }
        for loss in &recording.lost {
            if let Some(&thing) = number.get(&loss.thing) {
                let ends = ("lost", thing, lane_of[loss.task]);
                let span = (loss.from, None, loss.n);
                spans.entry(ends).or_default().push(span);
            }
        }
        for give in &recording.gives {
            let ends = ("gives", number[&give.thing], lane_of[give.task]);
            let span = (recording.last(), None, 1);
            spans.entry(ends).or_default().push(span);
        }
        let stuck = Stuck::of(recording, &lane_of, &number);
        let drawn = picture::Graph {
            title: String::new(),
            legend: String::new(),
            nodes: nodes(recording, &shown),
            edges: (spans.keys())
                .map(|&(kind, from, to)| picture::Edge {
                    from,
                    to,
                    label: widest(kind).to_owned(),
                    line: Line::Solid,
                    highlighted: false,
                })
                .collect(),
        };
        let placed = layout(&drawn);
        let nodes = (drawn.nodes.iter().zip(&placed.nodes).enumerate())
            .map(|(i, (node, place))| {
                let thing = i.checked_sub(lanes).map(|i| &recording.things[shown[i]]);
                Node {
                    label: node.lines[0].clone(),
                    x: place.middle.x - place.width / 2.0,
                    y: place.middle.y - place.height / 2.0,
                    width: place.width,
                    height: place.height,
                    lane: thing.is_none().then_some(i),
                    series: thing.and_then(|thing| thing.series),
                    capacity: thing.map_or(String::new(), capacity),
                    stuck: stuck.of_node(i),
                }
            })
            .collect();
        let edges = (spans.iter().zip(&placed.edges))
            .map(|((&(kind, from, to), spans), way)| {
                let lasts = spans.iter().any(|span| span.1.is_none());
                let (task, thing) = if kind == "waits" {
                    (from, to)
                } else {
                    (to, from)
                };
                Edge {
                    path: way.path(),
                    x: way.label.x,
                    y: way.label.y,
                    from,
                    to,
                    kind,
                    points: points(spans),
                    stuck: (lasts && stuck.awaited(thing))
                        .then(|| stuck.of_node(task))
                        .flatten(),
                }
            })
            .collect();
        Graph {
            width: placed.width,
            height: placed.height,
            nodes,
            edges,
        }
    }
}

/// What is drawn: all that is ever waited for; if that is nothing, the series.
fn shown(recording: &Recording) -> Vec<usize> {
    let mut shown: Vec<usize> = recording.waits.iter().map(|wait| wait.thing).collect();
    if shown.is_empty() {
        shown = (0..recording.things.len())
            .filter(|&thing| recording.things[thing].kind == ThingKind::Series)
            .collect();
    }
    shown.extend(recording.gives.iter().map(|give| give.thing));
    shown.sort_unstable();
    shown.dedup();
    shown
}

fn nodes(recording: &Recording, shown: &[usize]) -> Vec<picture::Node> {
    let node = |label: &str, second: String, shape| picture::Node {
        id: String::new(),
        lines: vec![label.to_owned(), second],
        shape,
        highlighted: false,
    };
    let lanes = recording.lanes.iter().map(|lane| {
        let room = if lane.tasks.len() > 1 {
            "9999 can go on"
        } else {
            "can go on"
        };
        node(&lane.label, room.to_owned(), Shape::Box)
    });
    let things = shown.iter().map(|&thing| {
        let thing = &recording.things[thing];
        let room = match thing.kind {
            ThingKind::Series => format!("{0} of {0}, {0} stale", thing.capacity.unwrap_or(999)),
            _ => capacity(thing),
        };
        node(&thing.label, room, Shape::Ellipse)
    });
    lanes.chain(things).collect()
}

/// How much of a thing there is, in words.
fn capacity(thing: &crate::recording::Shown) -> String {
    match (thing.kind, thing.capacity) {
        (ThingKind::Resource, Some(1)) | (_, None) => String::new(),
        (_, Some(n)) => format!("{n} in all"),
    }
}

/// A label that needs the most room.
fn widest(kind: &str) -> &'static str {
    match kind {
        "waits" => "waits for",
        "holds" => "held by",
        "lost" => "lost by",
        _ => "could be given by",
    }
}

/// Spans as points.
fn points(spans: &Spans) -> Points {
    let mut changes: BTreeMap<usize, i64> = BTreeMap::new();
    for &(from, to, n) in spans {
        *changes.entry(from).or_default() += i64::from(n);
        if let Some(to) = to {
            *changes.entry(to).or_default() -= i64::from(n);
        }
    }
    let mut now = 0;
    let mut points: Points = Vec::new();
    for (state, change) in changes {
        now += change;
        let n = u32::try_from(now).expect("what ends has begun, and a state has less than 2^32");
        if points.last().map(|last| last.1) != Some(n) {
            points.push((state, n));
        }
    }
    points
}

/// What is stuck, and from which state on.
struct Stuck {
    from: BTreeMap<usize, usize>,
    awaited: Vec<usize>,
}

impl Stuck {
    fn of(recording: &Recording, lane_of: &[usize], number: &BTreeMap<usize, usize>) -> Stuck {
        let mut from: BTreeMap<usize, usize> = BTreeMap::new();
        let mut awaited = Vec::new();
        let for_good = (recording.waits.iter())
            .filter(|wait| wait.to.is_none() && recording.tasks[wait.task].core);
        for wait in for_good {
            let (lane, thing) = (lane_of[wait.task], number[&wait.thing]);
            awaited.push(thing);
            let stuck = from.entry(lane).or_insert(wait.from);
            *stuck = (*stuck).max(wait.from);
            let stuck = from.entry(thing).or_insert(wait.from);
            *stuck = (*stuck).min(wait.from);
        }
        Stuck { from, awaited }
    }

    fn of_node(&self, node: usize) -> Option<usize> {
        self.from.get(&node).copied()
    }

    fn awaited(&self, thing: usize) -> bool {
        self.awaited.contains(&thing)
    }
}

#[cfg(test)]
mod tests {
    use super::points;

    #[test]
    fn spans_add_up() {
        let spans = vec![(1, None, 1), (2, Some(4), 2), (4, None, 2), (5, Some(6), 1)];
        assert_eq!(points(&spans), [(1, 1), (2, 3), (5, 4), (6, 3)]);
    }
}
