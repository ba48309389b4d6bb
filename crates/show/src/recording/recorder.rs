//! Making a recording: a trace is run on the machine, and what changes is noted.
//!
//! What a task holds changes by its own steps only. What it waits for can change by anybody's, so
//! it is asked for in every state: the cost is states times tasks that take part, which is why
//! nothing is allocated for a task that stands as it stood.

use std::collections::{BTreeMap, BTreeSet};

use kmapcheck_machine::{
    Lost, ReplayError, Resource, Standing, State, TaskId, Trace, instances, run,
};
use kmapcheck_report::{Finding, Names, Report, Who};
use kmapcheck_scenario::{Bound, Program};

use crate::listing;
use crate::recording::lanes::lanes;
use crate::recording::things;
use crate::recording::types::{
    Actor, Give, Hold, Line, Listing, Loss, Recording, Stale, Step, Track, Wait,
};

impl Recording {
    /// Records the trace of each finding of a report.
    ///
    /// # Errors
    ///
    /// As [`Recording::of`].
    pub fn all(program: &Program, report: &Report) -> Result<Vec<Recording>, ReplayError> {
        let findings = report.findings.iter();
        findings
            .map(|finding| Recording::of(program, finding))
            .collect()
    }

    /// Records the trace of a finding.
    ///
    /// # Errors
    ///
    /// If the machine does not follow it: the program is not the one that the finding is of.
    pub fn of(program: &Program, finding: &Finding) -> Result<Recording, ReplayError> {
        let names = Names::of(program);
        let start = Trace {
            start: finding.run.start.clone(),
            steps: Vec::new(),
        };
        let first = run(program, &start, |_, _, _, _| {})?;
        let mut recorder = Recorder::new(program, &names, finding, &first);
        recorder.look(&first, 0);
        run(program, &finding.run, |i, step, successor, state| {
            recorder.step(finding, i, step.task, state);
            if let Some(lost) = &successor.lost {
                recorder.lose(step.task, lost, i + 1, state);
            }
            recorder.look(state, i + 1);
        })?;
        Ok(recorder.finish(finding))
    }
}

/// The number of the task that a finding calls `who`.
fn task_of(program: &Program, who: Who) -> TaskId {
    let before = program.templates.iter().take(who.template);
    let before: u32 = before.map(|template| instances(template.count)).sum();
    // Instances are counted from 1.
    (before + who.instance - 1) as usize
}

struct Recorder<'a> {
    program: &'a Program,
    names: &'a Names,
    /// The tasks that take part, ascending.
    cast: Vec<TaskId>,
    /// The number of a task among them.
    part: BTreeMap<TaskId, usize>,
    keys: BTreeMap<Resource, usize>,
    /// Of each task the open spans of waits and holds, and where they are among those of the
    /// recording.
    waiting: Vec<Vec<(Resource, usize)>>,
    holding: Vec<Vec<(Resource, usize)>>,
    stale: BTreeMap<(usize, usize), usize>,
    stale_counts: Vec<u32>,
    places: Vec<Option<usize>>,
    /// Who took the last step.
    acts: Option<TaskId>,
    recording: Recording,
}

impl<'a> Recorder<'a> {
    fn new(program: &'a Program, names: &'a Names, finding: &Finding, first: &State) -> Self {
        let mut cast: Vec<TaskId> = (finding.tasks.iter())
            .map(|task| task_of(program, task.who))
            .collect();
        cast.extend(finding.run.steps.iter().map(|step| step.task));
        cast.sort_unstable();
        cast.dedup();
        let part = cast
            .iter()
            .enumerate()
            .map(|(i, &task)| (task, i))
            .collect();
        let mut programs = Vec::new();
        let mut number = BTreeMap::new();
        let mut tasks = Vec::new();
        let set = finding.stuck_set.as_ref();
        let is_among = |tasks: Option<&Vec<TaskId>>, task: TaskId| {
            // They are in ascending order.
            tasks.is_some_and(|tasks| tasks.binary_search(&task).is_ok())
        };
        for &task in &cast {
            let who = names.who(task);
            let listed = *number.entry(who.template).or_insert_with(|| {
                programs.push(listing_of(program, who.template));
                programs.len() - 1
            });
            programs[listed].taking_part += 1;
            let name = names.name(task);
            let starves = finding.starves == Some(task);
            tasks.push(Actor {
                instance: if who.only {
                    String::new()
                } else {
                    format!("#{}", who.instance)
                },
                program: listed,
                start: first.tasks[task].at,
                core: starves || is_among(set.map(|set| &set.core), task),
                stuck: starves || is_among(set.map(|set| &set.all), task),
                name,
            });
        }
        let series = program.series.iter().map(|series| Track {
            name: series.name.clone(),
            slots: match series.slots {
                Bound::Exactly(slots) => Some(slots),
                Bound::Any => None,
            },
            usage: Vec::new(),
        });
        Recorder {
            program,
            names,
            part,
            keys: BTreeMap::new(),
            waiting: vec![Vec::new(); cast.len()],
            holding: vec![Vec::new(); cast.len()],
            stale: BTreeMap::new(),
            stale_counts: vec![0; program.series.len()],
            places: cast.iter().map(|&task| first.tasks[task].at).collect(),
            cast,
            acts: None,
            recording: Recording {
                tasks,
                lanes: Vec::new(),
                programs,
                series: series.collect(),
                things: Vec::new(),
                steps: Vec::new(),
                waits: Vec::new(),
                holds: Vec::new(),
                lost: Vec::new(),
                gives: Vec::new(),
                stale: Vec::new(),
                point_of_no_return: finding.point_of_no_return,
            },
        }
    }

    /// Notes a step; `state` comes after it.
    fn step(&mut self, finding: &Finding, i: usize, task: TaskId, state: &State) {
        let part = self.part[&task];
        self.acts = Some(task);
        let said = finding.trace.get(i);
        let to = state.tasks[task].at;
        self.recording.steps.push(Step {
            task: part,
            at: self.places[part].unwrap_or_default(),
            to,
            effect: said.and_then(|step| step.effect.clone()),
            findings: said.map_or_else(Vec::new, |step| {
                step.findings.iter().map(|kind| kind.name()).collect()
            }),
            holds: said.map_or_else(Vec::new, |step| step.holds.clone()),
        });
        self.places[part] = to;
        let now = if to.is_some() {
            things::held(task, &state.tasks[task])
        } else {
            Vec::new()
        };
        self.hold(part, &now, i + 1, state);
    }

    /// Notes what a task holds from state number `at` on.
    fn hold(&mut self, part: usize, now: &[(Resource, u32)], at: usize, state: &State) {
        let holds = &mut self.recording.holds;
        self.holding[part].retain(|&(key, span)| {
            let kept = now.contains(&(key, holds[span].n));
            if !kept {
                holds[span].to = Some(at);
            }
            kept
        });
        for &(key, n) in now {
            if self.holding[part].iter().any(|open| open.0 == key) {
                continue;
            }
            let thing = self.thing(key, state);
            self.holding[part].push((key, self.recording.holds.len()));
            self.recording.holds.push(Hold {
                task: part,
                thing,
                n,
                from: at,
                to: None,
            });
        }
    }

    /// Notes what a task still held when it ended.
    fn lose(&mut self, task: TaskId, lost: &Lost, at: usize, state: &State) {
        for (key, n) in things::lost(task, lost) {
            let thing = self.thing(key, state);
            self.recording.lost.push(Loss {
                task: self.part[&task],
                thing,
                n,
                from: at,
            });
        }
    }

    /// Notes what can be seen in a state: who waits, and how the slots are used.
    fn look(&mut self, state: &State, at: usize) {
        for part in 0..self.cast.len() {
            let task = self.cast[part];
            let now: Vec<Resource> = match state.standing(self.program, task) {
                Standing::Waits(waiting) => waiting.resources(self.program, state, task).collect(),
                Standing::Ended | Standing::Moves => Vec::new(),
            };
            self.wait(part, &now, at, state);
        }
        if at == 0 {
            for part in 0..self.cast.len() {
                let held = things::held(self.cast[part], &state.tasks[self.cast[part]]);
                self.hold(part, &held, 0, state);
            }
        }
        let usage = &state.shared.usage;
        for (track, now) in self.recording.series.iter_mut().zip(usage) {
            let now = (now.in_use, now.stale);
            if track.usage.last().map(|last| (last.1, last.2)) != Some(now) {
                track.usage.push((at, now.0, now.1));
            }
        }
        let counts: Vec<u32> = usage.iter().map(|usage| usage.stale).collect();
        // A mapping cannot go stale and another be flushed or used again in one step.
        if counts != self.stale_counts {
            self.note_stale(state, at);
            self.stale_counts = counts;
        }
    }

    fn wait(&mut self, part: usize, now: &[Resource], at: usize, state: &State) {
        let waits = &mut self.recording.waits;
        self.waiting[part].retain(|&(key, span)| {
            let kept = now.contains(&key);
            if !kept {
                waits[span].to = Some(at);
            }
            kept
        });
        for &key in now {
            if self.waiting[part].iter().any(|open| open.0 == key) {
                continue;
            }
            let thing = self.thing(key, state);
            self.waiting[part].push((key, self.recording.waits.len()));
            self.recording.waits.push(Wait {
                task: part,
                thing,
                from: at,
                to: None,
            });
        }
    }

    fn note_stale(&mut self, state: &State, at: usize) {
        let pages = &state.shared.pages;
        let now: BTreeSet<(usize, usize)> = (0..self.program.series.len())
            .flat_map(|series| pages.stale(series).map(move |page| (series, page)))
            .collect();
        let spans = &mut self.recording.stale;
        self.stale.retain(|mapping, span| {
            let kept = now.contains(mapping);
            if !kept {
                spans[*span].to = Some(at);
            }
            kept
        });
        for (series, page) in now {
            if self.stale.contains_key(&(series, page)) {
                continue;
            }
            let name_of = |task| self.names.name(task);
            let (name, owner) = things::page_name(self.program, state, page, self.acts);
            self.stale
                .insert((series, page), self.recording.stale.len());
            self.recording.stale.push(Stale {
                series,
                page: things::with_owner(name, owner, &name_of),
                from: at,
                to: None,
            });
        }
    }

    fn thing(&mut self, key: Resource, state: &State) -> usize {
        let things = &mut self.recording.things;
        *self.keys.entry(key).or_insert_with(|| {
            let name_of = |task| self.names.name(task);
            things.push(things::shown(self.program, state, &name_of, key));
            things.len() - 1
        })
    }

    fn finish(mut self, finding: &Finding) -> Recording {
        self.note_givers(finding);
        let mut recording = self.recording;
        let used = |track: &Track| {
            track
                .usage
                .iter()
                .any(|&(_, in_use, stale)| in_use + stale > 0)
        };
        let numbers = keep(&mut recording.series, used);
        for thing in &mut recording.things {
            thing.series = thing.series.and_then(|series| numbers[series]);
        }
        for stale in &mut recording.stale {
            stale.series = numbers[stale.series].unwrap_or_default();
        }
        let who: Vec<Who> = self.cast.iter().map(|&task| self.names.who(task)).collect();
        recording.lanes = lanes(&recording, &who);
        recording
    }

    /// Who could give what somebody waits for.
    fn note_givers(&mut self, finding: &Finding) {
        let gives = finding.stuck_set.iter().flat_map(|set| &set.gives);
        for (task, thing) in gives {
            if let (Some(&task), Some(&thing)) = (self.part.get(task), self.keys.get(thing)) {
                self.recording.gives.push(Give { task, thing });
            }
        }
    }
}

/// Drops what does not hold; returns the new number of each.
fn keep<T>(list: &mut Vec<T>, holds: impl Fn(&T) -> bool) -> Vec<Option<usize>> {
    let mut next = 0;
    let numbers = (list.iter())
        .map(|item| {
            holds(item).then(|| {
                next += 1;
                next - 1
            })
        })
        .collect();
    list.retain(|item| holds(item));
    numbers
}

fn listing_of(program: &Program, template: usize) -> Listing {
    let declared = &program.templates[template];
    let lines = declared.nodes.iter().enumerate().map(|(i, node)| {
        let origin = &program.origins[node.origin];
        Line {
            op: origin.text().to_owned(),
            written: (origin.written() != origin.text()).then(|| origin.written().to_owned()),
            ways: listing::ways(node, i),
            source: program.show_location(origin.location()),
            at: origin.at().map(str::to_owned),
            note: origin.note().map(str::to_owned),
        }
    });
    Listing {
        name: declared.name.clone(),
        taking_part: 0,
        instances: instances(declared.count),
        lines: lines.collect(),
    }
}
