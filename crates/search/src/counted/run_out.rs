//! Runs to the end, and what is found there.
//!
//! Where no task program loops, every run comes to a state in which nobody moves, and whoever still waits
//! in it is stuck. So many deadlocks of thousands of tasks are at the end of any run at all; others at the
//! end of one in which tasks take turns in the right way. A few ways of taking turns are tried: each task
//! goes as far as it can before the next one; each takes one step before anybody takes another; one
//! of each task program goes as far as it can, over and over, so that what one gives another one takes at
//! once; or the same where a task program has its turn only if none before it can go on. Each task
//! program is the first in turn once. Nobody gives up as long as anybody else can move.
//!
//! A run may begin where another one has ended ([`super::follow`]). Nothing is claimed where nothing is
//! found, nor that a run is a shortest one.

use kmapcheck_limits::ask;
use kmapcheck_machine::{
    Abilities, Effect, Findings, Standing, Starts, State, Successor, TaskId, Trace, TraceStep,
    initial, instances, run, steps,
};
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_stuck::scene::scene;
use kmapcheck_stuck::stuck_sets::stuck;
use kmapcheck_stuck::traps::starved_for_good;

/// More steps than this are not taken,
const MOST_STEPS: usize = 250_000;
/// nor are tasks asked more often whether they can go on, in one run,
const MOST_LOOKS: usize = 300_000;
/// nor is more done in all runs: questions and steps. A step that changes other tasks counts as one more for so many of them,
const ALL_WORK: usize = 800_000;
const OTHERS: usize = 256;
/// and one that looks at the free pages for so many of these.
const FREE: usize = 8;

/// More task programs than this are not tried as the first.
const MOST_ORDERS: usize = 3;

/// How tasks take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turns {
    /// Each as far as it can go.
    Deep,
    /// One step each.
    Wide,
    /// One of each task program as far as it can go.
    Woven,
    /// The same, but the first that can.
    First,
}

/// Runs from the start to findings of the wanted kinds.
pub(super) fn from_the_start(program: &Program, wanted: Findings) -> Vec<(FindingKind, Trace)> {
    let mut found: Vec<(FindingKind, Trace)> = Vec::new();
    let mut looks = 0;
    for turns in [Turns::Deep, Turns::Woven, Turns::First, Turns::Wide] {
        for first in 0..program.templates.len().min(MOST_ORDERS) {
            let seen: Findings = found.iter().map(|&(kind, _)| kind).collect();
            let left = wanted.minus(seen);
            if left.is_empty() || looks > ALL_WORK {
                return found;
            }
            let Some(start) = Starts::up_to_order(program).next() else {
                return found;
            };
            let state = initial(program, &start);
            let trace = Trace {
                start,
                steps: Vec::new(),
            };
            let mut turn = Turn::new(program, state, trace, left);
            turn.run_out(turns, first);
            looks += turn.looks + turn.trace.steps.len();
            found.extend(turn.found);
        }
    }
    found
}

/// Runs on from the end of another one.
pub(super) fn from_there(
    program: &Program,
    trace: &Trace,
    wanted: Findings,
) -> Vec<(FindingKind, Trace)> {
    let Ok(state) = run(program, trace, |_, _, _, _| {}) else {
        return Vec::new();
    };
    let mut turn = Turn::new(program, state, trace.clone(), wanted);
    turn.run_out(Turns::Deep, 0);
    turn.found
}

/// A run under way.
struct Turn<'a> {
    program: &'a Program,
    abilities: Abilities,
    state: State,
    trace: Trace,
    wanted: Findings,
    found: Vec<(FindingKind, Trace)>,
    /// Where the tasks of each program are.
    groups: Vec<std::ops::Range<TaskId>>,
    /// By task program: those before have ended, or wait as far as is known.
    begun: Vec<TaskId>,
    /// Whether all tasks have been asked in the last round.
    all_asked: bool,
    /// How often tasks have been asked whether they can go on.
    looks: usize,
}

impl<'a> Turn<'a> {
    fn new(program: &'a Program, state: State, trace: Trace, wanted: Findings) -> Turn<'a> {
        let mut groups: Vec<std::ops::Range<TaskId>> = Vec::new();
        for template in &program.templates {
            // The first task has number 0.
            let first = groups.last().map_or(0, |group| group.end);
            groups.push(first..first + instances(template.count) as usize);
        }
        Turn {
            program,
            abilities: Abilities::of(program),
            state,
            trace,
            wanted,
            found: Vec::new(),
            begun: groups.iter().map(|group| group.start).collect(),
            all_asked: false,
            looks: 0,
            groups,
        }
    }

    /// Takes steps until nobody moves, or there have been enough, and looks who is stuck: before anybody
    /// gives up, and then.
    fn run_out(&mut self, turns: Turns, first: usize) {
        self.groups.rotate_left(first);
        self.begun.rotate_left(first);
        for gives_up in [false, true] {
            let before = self.trace.steps.len();
            while self.round(turns, gives_up) {
                let is_over = self.looks > MOST_LOOKS || self.trace.steps.len() > MOST_STEPS;
                // Where tasks go round, the run has no end, but may have come to one for others.
                let asked = std::mem::take(&mut self.all_asked);
                if is_over || (asked && self.program.has_loops()) {
                    self.look();
                }
                if is_over || self.wanted.is_empty() {
                    return;
                }
            }
            if !gives_up || self.trace.steps.len() > before {
                self.look();
            }
        }
    }

    /// A round of turns; whether anybody has moved.
    fn round(&mut self, turns: Turns, gives_up: bool) -> bool {
        let before = self.trace.steps.len();
        match turns {
            Turns::Woven | Turns::First => {
                for group in 0..self.groups.len() {
                    // One that waited may go on now; else the next one begins.
                    let next = self.begun[group];
                    if next > self.groups[group].start {
                        self.turn(next - 1, false, gives_up);
                    }
                    if next < self.groups[group].end && self.ended(group, next) {
                        self.turn(next, false, gives_up);
                        self.begun[group] += 1;
                    }
                    if turns == Turns::First && self.trace.steps.len() > before {
                        break;
                    }
                }
            }
            Turns::Deep | Turns::Wide => {}
        }
        if self.trace.steps.len() == before {
            self.all_asked = true;
            for group in 0..self.groups.len() {
                for task in self.groups[group].clone() {
                    self.turn(task, turns == Turns::Wide, gives_up);
                }
            }
        }
        self.trace.steps.len() > before
    }

    /// Whether the task before that one of a group has ended, or there is none.
    fn ended(&self, group: usize, next: TaskId) -> bool {
        next == self.groups[group].start || self.state.tasks[next - 1].at.is_none()
    }

    /// Lets a task go on, one step or as far as it can.
    fn turn(&mut self, task: TaskId, one: bool, gives_up: bool) {
        let mut seen = 0;
        self.looks += 1;
        while let Some((choice, successor)) = self.step_of(task, gives_up) {
            ask();
            if successor.broadcast.left.is_some() {
                self.looks += self.state.tasks.len() / OTHERS;
            }
            if matches!(successor.effect, Effect::Allocated { .. })
                || successor.broadcast.flushed.is_some()
            {
                self.looks += self.state.shared.pages.free_count() / FREE;
            }
            self.state.advance(self.program, task, &successor);
            self.trace.steps.push(TraceStep { task, choice });
            for kind in successor.findings.intersection(self.wanted).iter() {
                self.found.push((kind, self.trace.clone()));
                self.wanted = self.wanted.minus(Findings::of(kind));
            }
            seen += 1;
            // Who goes round a loop lets others have their turn.
            if one
                || seen
                    > self.program.templates[self.state.tasks[task].template]
                        .nodes
                        .len()
            {
                return;
            }
        }
    }

    /// The step that the task takes, if it can take one.
    fn step_of(&self, task: TaskId, gives_up: bool) -> Option<(usize, Successor)> {
        let here = &self.state.tasks[task];
        match self.state.standing(self.program, task) {
            Standing::Ended => return None,
            Standing::Waits(waiting) if !(gives_up && waiting.gives_up()) => return None,
            Standing::Moves | Standing::Waits(_) => {}
        }
        let successors = steps(self.program, here, &self.state.shared);
        let mut steps = successors.into_iter().enumerate();
        let moves = |after: &Successor| gives_up || !matches!(after.effect, Effect::GaveUp { .. });
        steps.find(|(_, after)| moves(after))
    }

    /// Who is stuck, or starves.
    fn look(&mut self) {
        self.looks += self.state.tasks.len();
        let scene = scene(self.program, &self.abilities, &self.state);
        let mut kinds = stuck(&scene).kinds();
        if self.wanted.contains(FindingKind::Starved) && starved_for_good(&scene).contains(&true) {
            kinds.insert(FindingKind::Starved);
        }
        for kind in kinds.intersection(self.wanted).iter() {
            self.found.push((kind, self.trace.clone()));
            self.wanted = self.wanted.minus(Findings::of(kind));
        }
    }
}
