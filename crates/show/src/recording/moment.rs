//! One state in words: where tasks are, what they wait for and hold.

use std::collections::BTreeMap;

use crate::recording::types::{Lane, Recording};

/// More tasks than this at one line are counted rather than named.
const NAMED: usize = 4;

/// Tasks at a line of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// Its number, `here` if it is the only instance, or how many they are.
    pub text: String,
    /// Whether it waits there.
    pub waits: bool,
}

/// A state.
pub struct Moment<'a> {
    recording: &'a Recording,
    places: Vec<Option<usize>>,
    held: Vec<&'a [String]>,
    /// What each task waits for.
    waits: Vec<Vec<usize>>,
    state: usize,
}

impl<'a> Moment<'a> {
    /// A state of a recording, by its number.
    #[must_use]
    pub fn of(recording: &'a Recording, state: usize) -> Self {
        let state = state.min(recording.last());
        let mut waits = vec![Vec::new(); recording.tasks.len()];
        for wait in recording.waits_at(state) {
            waits[wait.task].push(wait.thing);
        }
        Moment {
            recording,
            places: recording.places(state),
            held: recording.held(state),
            waits,
            state,
        }
    }

    /// The number of the state.
    #[must_use]
    pub fn state(&self) -> usize {
        self.state
    }

    /// What leads to the state.
    #[must_use]
    pub fn tell(&self) -> String {
        let last = self.recording.last();
        let Some(step) = self.state.checked_sub(1).map(|i| &self.recording.steps[i]) else {
            return format!("Start, before step 1 of {last}.");
        };
        let task = &self.recording.tasks[step.task];
        let line = &self.recording.programs[task.program].lines[step.at];
        let effect = (step.effect.as_ref()).map_or(String::new(), |effect| format!(" ({effect})"));
        let wrong = if step.findings.is_empty() {
            String::new()
        } else {
            format!(" – {}", step.findings.join(", "))
        };
        let lost = if self.recording.point_of_no_return == Some(self.state) {
            " From here on nothing can save the core."
        } else {
            ""
        };
        format!(
            "Step {} of {last}: {}: {}{effect}{wrong}.{lost}",
            self.state, task.name, line.op
        )
    }

    /// Who is at a line of a program; `None` is its end.
    #[must_use]
    pub(crate) fn badges(&self, program: usize, line: Option<usize>) -> Vec<Badge> {
        let here = |task: &usize| {
            self.recording.tasks[*task].program == program && self.places[*task] == line
        };
        let (waiting, going): (Vec<usize>, Vec<usize>) = (0..self.places.len())
            .filter(here)
            .partition(|&task| !self.waits[task].is_empty());
        let badges = |tasks: Vec<usize>, waits: bool| {
            let texts: Vec<String> = if tasks.len() > NAMED {
                vec![format!("×{}", tasks.len())]
            } else {
                (tasks.iter())
                    .map(|&task| match self.recording.tasks[task].instance.as_str() {
                        "" => "here".to_owned(),
                        instance => instance.to_owned(),
                    })
                    .collect()
            };
            texts.into_iter().map(move |text| Badge { text, waits })
        };
        badges(waiting, true).chain(badges(going, false)).collect()
    }

    /// What the tasks of a lane do next.
    #[must_use]
    pub fn next(&self, lane: &Lane) -> String {
        let op = |task: usize| match self.places[task] {
            Some(line) => {
                let program = self.recording.tasks[task].program;
                self.recording.programs[program].lines[line].op.as_str()
            }
            None => "",
        };
        tally(lane, |task| op(task).to_owned())
    }

    /// How the tasks of a lane stand: they wait for something, can go on, or have ended.
    #[must_use]
    pub fn standing(&self, lane: &Lane) -> String {
        tally(lane, |task| self.standing_of(task))
    }

    /// The same without what for.
    #[must_use]
    pub fn brief(&self, lane: &Lane) -> String {
        let (mut waiting, mut going, mut ended) = (0, 0, 0);
        for &task in &lane.tasks {
            match (self.places[task], self.waits[task].is_empty()) {
                (None, _) => ended += 1,
                (_, true) => going += 1,
                (_, false) => waiting += 1,
            }
        }
        let one = lane.tasks.len() == 1;
        let said = [
            (waiting, "waits", "wait"),
            (going, "can go on", "can go on"),
            (ended, "ended", "ended"),
        ];
        let said: Vec<String> = (said.iter())
            .filter(|(n, ..)| *n > 0)
            .map(|(n, singular, plural)| match (one, n) {
                (true, _) => (*singular).to_owned(),
                (false, 1) => format!("1 {singular}"),
                (false, n) => format!("{n} {plural}"),
            })
            .collect();
        said.join(", ")
    }

    fn standing_of(&self, task: usize) -> String {
        let waits = &self.waits[task];
        if self.places[task].is_none() {
            let lost: Vec<&str> = (self.recording.lost.iter())
                .filter(|loss| loss.task == task)
                .map(|loss| self.recording.things[loss.thing].label.as_str())
                .collect();
            match lost.as_slice() {
                [] => "ended".to_owned(),
                lost => format!("ended with {}", lost.join(" and ")),
            }
        } else if waits.is_empty() {
            "can go on".to_owned()
        } else {
            let things: Vec<&str> = (waits.iter())
                .map(|&thing| self.recording.things[thing].label.as_str())
                .collect();
            format!("waits for {}", things.join(" and "))
        }
    }

    /// What the tasks of a lane hold.
    #[must_use]
    pub fn holds(&self, lane: &Lane) -> String {
        if let [task] = lane.tasks[..] {
            return self.held[task].join(", ");
        }
        let mut sums: BTreeMap<usize, u32> = BTreeMap::new();
        for hold in self.recording.holds_at(self.state) {
            if lane.tasks.binary_search(&hold.task).is_ok() {
                *sums.entry(hold.thing).or_default() += hold.n;
            }
        }
        let said: Vec<String> = (sums.iter())
            .map(|(&thing, n)| format!("{} ×{n}", self.recording.things[thing].label))
            .collect();
        said.join(", ")
    }

    /// How the slots of a series are used.
    #[must_use]
    pub fn usage(&self, series: usize) -> String {
        let track = &self.recording.series[series];
        let (in_use, stale) = track.at(self.state);
        let of = track
            .slots
            .map_or(String::new(), |slots| format!(" of {slots}"));
        let stale = if stale > 0 {
            format!(", {stale} stale")
        } else {
            String::new()
        };
        format!("{in_use}{of}{stale}")
    }

    /// The stale mappings of a series.
    #[must_use]
    pub fn stale(&self, series: usize) -> String {
        let pages: Vec<&str> = (self.recording.stale_at(self.state))
            .filter(|stale| stale.series == series)
            .map(|stale| stale.page.as_str())
            .collect();
        match pages.split_at_checked(NAMED) {
            Some((named, rest)) if !rest.is_empty() => {
                format!("{} and {} more", named.join(", "), rest.len())
            }
            _ => pages.join(", "),
        }
    }
}

/// What all tasks of a lane say, or how many say what, most first.
fn tally(lane: &Lane, says: impl Fn(usize) -> String) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for &task in &lane.tasks {
        *counts.entry(says(task)).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by(|(a, n), (b, m)| m.cmp(n).then(a.cmp(b)));
    match counts.as_slice() {
        [(said, _)] => said.clone(),
        _ => {
            let said: Vec<String> = (counts.iter())
                .filter(|(said, _)| !said.is_empty())
                .map(|(said, n)| format!("{n}: {said}"))
                .collect();
            said.join("; ")
        }
    }
}
