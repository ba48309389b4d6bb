//! Deciding without visiting every state: which kinds of finding are possible at all, and a search
//! straight for a deadlock. See [`kmapcheck_local`], [`kmapcheck_equations`] and [`crate::aim`] for the arguments.

use kmapcheck_engine::{Meter, Progress, Stopped};
use kmapcheck_equations::{
    Cores, Flow, Graph, Judged, Sizes, Way, judge, judge_the_patient, lets_go, shortest_run,
};
use kmapcheck_limits::Limits;
use kmapcheck_local::{Locals, possible_without_pages};
use kmapcheck_machine::{Findings, Trace, instances};
use kmapcheck_scenario::{Bound, FindingKind, Program};
use kmapcheck_stuck::stuck_sets::{possible_stuck_kinds, stuck_kinds};

use super::explore::{AIMED_STATES, Explorer, Started};
use super::packed::Counts;
use super::{crowd, few, follow, hill_climb, lift, queue_up, run_out, unfold};
use crate::aim::{self, Aim, Hit};

/// Runs that are not claimed to be shortest are looked for only among more tasks than this: fewer
/// leave a complete search some hope.
const MANY_TASKS: u64 = 64;

/// Ways of more steps than this are followed only where tasks that take turns do not come to it.
const SHORT: u64 = 10_000;

/// The search takes aim, however few states have been seen, when the states that were expanded had so many
/// pages together, if each had as many as the last one: what a step takes grows with them.
const PLAIN_PAGES: usize = 200_000;

/// What is known of a program whose local states are known.
pub(super) struct Known<'a> {
    pub locals: &'a Locals,
    pub graph: &'a Graph,
    pub flow: Option<&'a Flow<'a>>,
    pub cores: &'a Cores,
}

impl Explorer<'_> {
    /// Whether, with so many states expanded and this one the last of them, enough have been seen to take
    /// aim, unless that has been done.
    pub(super) fn is_time_to_aim(&self, expanded: usize, last: &Counts) -> bool {
        if self.possible.is_some() || self.plain_states == usize::MAX {
            return false;
        }
        let pages = match last.tasks.is_empty() {
            true => 0,
            false => self.table.world(last.world).pages(),
        };
        // A product beyond all numbers is more than that.
        self.visited.len() >= self.plain_states || expanded.saturating_mul(pages) > PLAIN_PAGES
    }

    /// Finds out which kinds of finding are possible at all, and searches straight for those that
    /// have not been found.
    pub(super) fn take_aim(&mut self, meter: &mut Meter<'_>) -> Option<Stopped> {
        let program = self.table.program();
        let Ok(locals) = Locals::at_these_numbers(program) else {
            let possible = possible_without_pages(program);
            self.possible = Some(possible);
            return self.take_any_run(possible.unwrap_or(Findings::ALL), None, meter);
        };
        let Judged {
            graph, flow, cores, ..
        } = judge(program, &locals);
        let possible = possible_by(program, &locals, flow.as_ref(), &cores);
        self.possible = Some(Some(possible));
        let wanted = self.candidates.news(possible);
        if wanted.contains(FindingKind::Deadlock)
            && let Some(stopped) = self.aim_at_deadlock(&locals, &graph, &cores, meter)
        {
            return Some(stopped);
        }
        let known = Known {
            locals: &locals,
            graph: &graph,
            flow: flow.as_ref(),
            cores: &cores,
        };
        self.take_any_run(possible, Some(&known), meter)
    }

    /// A shortest run into a deadlock, if there is one to be had.
    fn aim_at_deadlock(
        &mut self,
        locals: &Locals,
        graph: &Graph,
        cores: &Cores,
        meter: &mut Meter<'_>,
    ) -> Option<Stopped> {
        let program = self.table.program();
        if let Some((trace, last)) = shortest_run(program, locals, graph, cores)
            && stuck_kinds(program, &self.abilities, &last).contains(FindingKind::Deadlock)
        {
            self.found_by_aim(FindingKind::Deadlock, trace);
            return None;
        }
        let aim = Aim::of(program, locals)?;
        let mut explorer = Explorer::new(program);
        explorer.memory_elsewhere = self.memory();
        match explorer.start(self.starts.len() as u64 + 1, meter) {
            Started::Everywhere => {}
            Started::TooMany => return None,
            Started::Stopped(stopped) => return Some(stopped),
        }
        match aim::search(&mut explorer, &aim, AIMED_STATES, meter) {
            Ok(Hit::Deadlock { start, steps }) => {
                let start = explorer.start_of(start);
                let trace = unfold::named(&mut explorer, start, &steps);
                self.found_by_aim(FindingKind::Deadlock, trace);
            }
            Ok(Hit::None) => self.candidates.decide(FindingKind::Deadlock),
            Ok(Hit::Unknown) => {}
            Err(stopped) => return Some(stopped),
        }
        None
    }

    /// Runs to whatever of `possible` has not been found, shortest or not.
    fn take_any_run(
        &mut self,
        possible: Findings,
        known: Option<&Known<'_>>,
        meter: &mut Meter<'_>,
    ) -> Option<Stopped> {
        let program = self.table.program();
        let counts = program
            .templates
            .iter()
            .map(|t| u64::from(instances(t.count)));
        let left =
            |this: &Self| (this.candidates).news(this.possible.flatten().unwrap_or(possible));
        if left(self).is_empty() || counts.sum::<u64>() <= MANY_TASKS {
            return None;
        }
        self.found_all(few::findings(program, left(self), meter.limits()));
        if let Some(known) = known
            && !left(self).intersection(self.stuck_kinds).is_empty()
        {
            self.found_all(queue_up::stuck_in_queues(program, known.locals, left(self)));
        }
        let mut ways = match known {
            Some(Known {
                locals,
                graph,
                flow: Some(flow),
                ..
            }) if left(self).contains(FindingKind::Deadlock) => {
                flow.ways(&Sizes::of(program, locals), graph)
            }
            _ => Vec::new(),
        };
        let long = ways.split_off(ways.partition_point(|way| way.length() <= SHORT));
        if let Some(stopped) = self.follow_all(&ways, possible, meter) {
            return Some(stopped);
        }
        if !left(self).intersection(self.stuck_kinds).is_empty() {
            let limits = meter.limits().clone();
            self.found_all(lift::lift(program, left(self), &limits));
        }
        self.found_all(run_out::from_the_start(program, left(self)));
        if let Some(stopped) = self.follow_all(&long, possible, meter) {
            return Some(stopped);
        }
        if let Some(every) = every_number_of(program, left(self), meter) {
            let possible = self.possible.flatten().unwrap_or(possible);
            self.possible = Some(Some(possible.intersection(every)));
        }
        for measure in hill_climb::measures(program, known) {
            if left(self).is_empty() {
                break;
            }
            let (found, stopped) = hill_climb::climb(program, &measure, left(self), meter);
            self.found_all(found);
            if stopped.is_some() {
                return stopped;
            }
        }
        None
    }

    /// Follows one way after another, as long as a deadlock is wanted.
    fn follow_all(
        &mut self,
        ways: &[Way],
        possible: Findings,
        meter: &mut Meter<'_>,
    ) -> Option<Stopped> {
        for way in ways {
            let left = self
                .candidates
                .news(self.possible.flatten().unwrap_or(possible));
            if !left.contains(FindingKind::Deadlock) {
                return None;
            }
            let (found, stopped) = follow::follow(self.table.program(), way, left, meter);
            self.found_all(found);
            if stopped.is_some() {
                return stopped;
            }
        }
        None
    }

    fn found_all(&mut self, found: Vec<(FindingKind, Trace)>) {
        for (kind, trace) in found {
            self.found_by_aim(kind, trace);
        }
    }

    fn found_by_aim(&mut self, kind: FindingKind, trace: Trace) {
        self.aimed.push((kind, trace));
        self.candidates.decide(kind);
    }

    /// Whether every kind of finding that is possible has been found or excluded.
    pub(super) fn is_decided(&self) -> bool {
        let possible = self.possible.flatten();
        possible.is_some_and(|possible| self.candidates.news(possible).is_empty())
    }
}

/// So many states of every number at once are looked at.
const EVERY_NUMBER: u64 = 20_000;

/// The kinds of finding that may occur with any numbers of tasks, if that says anything of what is `wanted`:
/// what does not occur with any numbers does not with these.
fn every_number_of(program: &Program, wanted: Findings, meter: &Meter<'_>) -> Option<Findings> {
    let mut starved = Findings::of(FindingKind::Starved);
    if wanted.minus(starved).is_empty() {
        return None;
    }
    if !program.has_loops() {
        // At the end of every run whoever waits is stuck.
        starved = Findings::NONE;
    }
    if program.templates.iter().any(crowd::leaves_mappings) {
        return None;
    }
    let mut open = program.clone();
    for template in &mut open.templates {
        template.count = Bound::Any;
    }
    let limits = Limits {
        max_states: Some(EVERY_NUMBER),
        ..meter.limits().clone()
    };
    let every = crowd::every_number_in_turn(&open, &limits, &mut |_: &Progress| {}).ok()?;
    (every.stopped.is_none()).then(|| every.possible.union(starved))
}

/// The kinds of finding that may occur at all; `None`: nothing is known.
#[cfg(test)]
pub(crate) fn possible(program: &Program) -> Option<Findings> {
    let locals = Locals::at_these_numbers(program).ok()?;
    let Judged { flow, cores, .. } = judge(program, &locals);
    Some(possible_by(program, &locals, flow.as_ref(), &cores))
}

/// The kinds of finding that may occur at all: in some local state, and as far as the core
/// equations allow a deadlock.
fn possible_by(
    program: &Program,
    locals: &Locals,
    flow: Option<&Flow<'_>>,
    cores: &Cores,
) -> Findings {
    let mut possible = kmapcheck_equations::possible(locals, flow);
    if matches!(cores, Cores::Possible(_) | Cores::Undecided(_)) {
        possible = possible.union(possible_stuck_kinds(program));
        if judge_the_patient(program, locals).is_some_and(|judged| judged.excludes()) {
            possible = possible.minus(Findings::of(FindingKind::Deadlock));
        }
    }
    if program.has_loops() && lets_go(program, locals, cores).is_none() {
        possible.insert(FindingKind::Starved);
    }
    possible
}
