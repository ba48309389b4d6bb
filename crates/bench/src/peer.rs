//! The families once more, for stateright.
//!
//! Written by hand, as a user of stateright would: the state is one vector of tasks and a few
//! counters. The run holds its state counts to those of the other tools, which get their models
//! from `kmapcheck export`.

use stateright::{Checker, Model, Property};

use crate::family::{Case, Op, Page, Template};

/// A task: its program, where it stands, and the counts of its pages (0 unmapped, 1 stale, n + 1
/// users), as kept by series that keep mappings.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Task {
    template: u8,
    at: u8,
    counts: [u8; 2],
}

/// A state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    tasks: Vec<Task>,
    used: [u8; 2],
    stale: [u8; 2],
    shared: u8,
    locked: bool,
}

/// A scenario.
#[derive(Debug, Clone)]
pub struct Kmap {
    templates: Vec<Template>,
    slots: u8,
    keeps: bool,
    whole: bool,
}

impl Kmap {
    /// The model of a case; `whole`: every state is explored, whatever is found.
    #[must_use]
    pub fn new(case: Case, whole: bool) -> Kmap {
        Kmap {
            templates: case.templates(),
            slots: u8::try_from(case.slots).unwrap_or(u8::MAX),
            keeps: case.family.keeps(),
            whole,
        }
    }

    fn op(&self, task: &Task) -> Option<Op> {
        let ops = &self.templates[task.template as usize].ops;
        ops.get(task.at as usize).copied()
    }

    fn ended(&self, state: &State) -> bool {
        state.tasks.iter().all(|task| self.op(task).is_none())
    }

    /// The successors of one task, with and without a flush where both can be.
    fn step(&self, state: &State, t: usize) -> Vec<State> {
        let Some(op) = self.op(&state.tasks[t]) else {
            return Vec::new();
        };
        let mut next = state.clone();
        next.tasks[t].at += 1;
        let mut all = Vec::new();
        match op {
            Op::Lock if !state.locked => {
                next.locked = true;
                all.push(next);
            }
            Op::Lock => {}
            Op::Unlock => {
                next.locked = false;
                all.push(next);
            }
            Op::Kmap(_, s) if !self.keeps => {
                if state.used[s] < self.slots {
                    next.used[s] += 1;
                    all.push(next);
                }
            }
            Op::Kunmap(_, s) if !self.keeps => {
                next.used[s] -= 1;
                all.push(next);
            }
            Op::Kmap(page, s) => {
                let count = *count(&mut next, t, page);
                if count > 0 {
                    if count == 1 {
                        next.stale[s] -= 1;
                        next.used[s] += 1;
                    }
                    *self::count(&mut next, t, page) += 1;
                    all.push(next);
                } else {
                    if state.used[s] + state.stale[s] < self.slots {
                        let mut next = next.clone();
                        *self::count(&mut next, t, page) = 2;
                        next.used[s] += 1;
                        all.push(next);
                    }
                    if state.used[s] < self.slots && state.stale[s] > 0 {
                        for count in next.tasks.iter_mut().flat_map(|t| &mut t.counts) {
                            *count = if *count == 1 { 0 } else { *count };
                        }
                        next.shared = if next.shared == 1 { 0 } else { next.shared };
                        next.stale[s] = 0;
                        *self::count(&mut next, t, page) = 2;
                        next.used[s] += 1;
                        all.push(next);
                    }
                }
            }
            Op::Kunmap(page, s) => {
                let count = count(&mut next, t, page);
                *count -= 1;
                if *count == 1 {
                    next.used[s] -= 1;
                    next.stale[s] += 1;
                }
                all.push(next);
            }
        }
        for next in &mut all {
            // Nobody can ask for the pages of a task that has ended.
            if self.op(&next.tasks[t]).is_none() {
                next.tasks[t].counts = [0; 2];
            }
        }
        all
    }
}

fn count(state: &mut State, t: usize, page: Page) -> &mut u8 {
    match page {
        Page::Own(i) => &mut state.tasks[t].counts[i],
        Page::Shared => &mut state.shared,
    }
}

impl Model for Kmap {
    type State = State;
    /// The task, and which of its successors.
    type Action = (usize, usize);

    fn init_states(&self) -> Vec<State> {
        let tasks = (self.templates.iter().enumerate()).flat_map(|(i, template)| {
            let task = Task {
                template: u8::try_from(i).unwrap_or(u8::MAX),
                at: 0,
                counts: [0; 2],
            };
            std::iter::repeat_n(task, template.count)
        });
        vec![State {
            tasks: tasks.collect(),
            used: [0; 2],
            stale: [0; 2],
            shared: 0,
            locked: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<(usize, usize)>) {
        for t in 0..state.tasks.len() {
            actions.extend((0..self.step(state, t).len()).map(|i| (t, i)));
        }
    }

    fn next_state(&self, state: &State, (t, i): (usize, usize)) -> Option<State> {
        self.step(state, t).into_iter().nth(i)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let deadlock = |model: &Kmap, state: &State| {
            let stuck = (0..state.tasks.len()).all(|t| model.step(state, t).is_empty());
            stuck && !model.ended(state)
        };
        let mut properties = vec![Property::sometimes("deadlock", deadlock)];
        if self.whole {
            // Never violated, so a deadlock does not end the exploration.
            properties.push(Property::always("to the end", |_, _| true));
        }
        properties
    }
}

/// Sorted: which of the tasks alike is which does not matter.
fn representative(state: &State) -> State {
    let mut state = state.clone();
    state.tasks.sort();
    state
}

/// What the run comes to, as one line of JSON.
#[must_use]
pub fn run(case: Case, mode: &str, threads: usize, whole: bool) -> String {
    let builder = Kmap::new(case, whole).checker().threads(threads);
    let said = |states: usize, deadlock: Option<usize>| {
        serde_json::json!({ "states": states, "deadlock": deadlock }).to_string()
    };
    macro_rules! explore {
        ($checker:expr) => {{
            let checker = $checker.join();
            let found = checker.discovery("deadlock");
            said(
                checker.unique_state_count(),
                found.map(|path| path.into_actions().len()),
            )
        }};
    }
    match mode {
        "bfs" => explore!(builder.spawn_bfs()),
        "dfs-symmetry" => explore!(builder.symmetry_fn(representative).spawn_dfs()),
        _ => explore!(builder.spawn_dfs()),
    }
}
