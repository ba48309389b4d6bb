//! What the script gets: recordings and pictures, in few bytes.
//!
//! A trace of thousands of steps says the same few things again and again. So every text is there
//! once and is referred to by its number, and things that come in thousands are lists without names
//! of fields. `unpack` in the script gives them their names back.

use std::collections::HashMap;

use crate::recording::{Actor, Lane, Recording, Shown, Track};
use serde::Serialize;

use crate::page::graph::Graph;

/// The number of a text.
type Text = usize;

/// Task, line, the line after it, effect, findings, what is held then.
type Step = (
    usize,
    usize,
    Option<usize>,
    Option<Text>,
    Vec<Text>,
    Vec<Text>,
);

/// Everything, a finding each.
#[derive(Serialize)]
pub(crate) struct Data<'a> {
    pub findings: Vec<FindingData<'a>>,
}

/// A finding.
#[derive(Serialize)]
pub(crate) struct FindingData<'a> {
    recording: Packed<'a>,
    graph: &'a Graph,
}

/// A [`Recording`], as far as the script needs it.
#[derive(Serialize)]
struct Packed<'a> {
    texts: Vec<&'a str>,
    tasks: &'a [Actor],
    lanes: &'a [Lane],
    /// Of each program the lines.
    programs: Vec<Vec<Text>>,
    series: &'a [Track],
    things: &'a [Shown],
    steps: Vec<Step>,
    /// Task, thing, from, to.
    waits: Vec<(usize, usize, usize, Option<usize>)>,
    /// Task, thing, how much of it, from, to.
    holds: Vec<(usize, usize, u32, usize, Option<usize>)>,
    /// Task, thing.
    lost: Vec<(usize, usize)>,
    /// Series, page, from, to.
    stale: Vec<(usize, Text, usize, Option<usize>)>,
    point_of_no_return: Option<usize>,
}

impl<'a> FindingData<'a> {
    pub(super) fn new(recording: &'a Recording, graph: &'a Graph) -> Self {
        FindingData {
            recording: Packed::of(recording),
            graph,
        }
    }
}

impl<'a> Packed<'a> {
    fn of(recording: &'a Recording) -> Self {
        let mut texts = Texts::default();
        let programs = (recording.programs.iter())
            .map(|listing| {
                let lines = listing.lines.iter();
                lines.map(|line| texts.number(&line.op)).collect()
            })
            .collect();
        let steps = (recording.steps.iter())
            .map(|step| {
                (
                    step.task,
                    step.at,
                    step.to,
                    step.effect.as_deref().map(|effect| texts.number(effect)),
                    (step.findings.iter())
                        .map(|kind| texts.number(kind))
                        .collect(),
                    step.holds.iter().map(|held| texts.number(held)).collect(),
                )
            })
            .collect();
        let stale = (recording.stale.iter())
            .map(|stale| {
                (
                    stale.series,
                    texts.number(&stale.page),
                    stale.from,
                    stale.to,
                )
            })
            .collect();
        Packed {
            texts: texts.all,
            tasks: &recording.tasks,
            lanes: &recording.lanes,
            programs,
            series: &recording.series,
            things: &recording.things,
            steps,
            waits: (recording.waits.iter())
                .map(|wait| (wait.task, wait.thing, wait.from, wait.to))
                .collect(),
            holds: (recording.holds.iter())
                .map(|hold| (hold.task, hold.thing, hold.n, hold.from, hold.to))
                .collect(),
            lost: (recording.lost.iter())
                .map(|loss| (loss.task, loss.thing))
                .collect(),
            stale,
            point_of_no_return: recording.point_of_no_return,
        }
    }
}

/// Texts, each once, in the order in which they come up.
#[derive(Default)]
struct Texts<'a> {
    all: Vec<&'a str>,
    numbers: HashMap<&'a str, Text>,
}

impl<'a> Texts<'a> {
    fn number(&mut self, text: &'a str) -> Text {
        *self.numbers.entry(text).or_insert_with(|| {
            self.all.push(text);
            self.all.len() - 1
        })
    }
}
