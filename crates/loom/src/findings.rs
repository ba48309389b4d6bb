//! What was found in the executions: of each kind the shortest trace, among deadlocks of one length
//! the class that comes first.

use kmapcheck_engine::{Coverage, Finding, Outcome, Stopped, can_sleep, never_executed};
use kmapcheck_machine::{Abilities, Findings, Standing, Trace};
use kmapcheck_scenario::{FindingKind, NodeId, OriginId, Program, TemplateId};
use kmapcheck_stuck::class::class_in;
use kmapcheck_stuck::scene::scene;
use kmapcheck_stuck::stuck_sets::stuck;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::follow::{Disagreement, Follower};
use crate::kernel::Layout;
use crate::recorder::{End, Log, What};

/// The name of the engine.
pub(crate) const ENGINE: &str = "loom";

struct Candidate {
    rank: u32,
    trace: Trace,
    /// For `sleep-in-atomic`: where.
    node: (TemplateId, NodeId),
}

/// Collects findings and coverage from the logs.
pub(crate) struct Collector<'a> {
    program: &'a Program,
    layout: Layout,
    abilities: Abilities,
    best: FxHashMap<FindingKind, Candidate>,
    executed: FxHashSet<(TemplateId, OriginId)>,
    sleeps_at: FxHashSet<(TemplateId, NodeId)>,
    steps: u64,
    depth: u64,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(program: &'a Program) -> Self {
        Collector {
            program,
            layout: Layout::of(program),
            abilities: Abilities::of(program),
            best: FxHashMap::default(),
            executed: FxHashSet::default(),
            sleeps_at: FxHashSet::default(),
            steps: 0,
            depth: 0,
        }
    }

    /// Follows an execution and takes in what it shows.
    pub(crate) fn add(
        &mut self,
        follower: &mut Follower<'_>,
        log: &Log,
    ) -> Result<(), Disagreement> {
        let known = follower.follow(&log.events)?;
        self.depth = self.depth.max(log.events.len() as u64);
        for (i, event) in log.events.iter().enumerate().skip(known) {
            self.steps += 1;
            let template = self.layout.templates[event.task];
            let node = (template, event.node);
            let findings = match event.what {
                What::Step { findings, .. } => {
                    self.executed.insert((
                        template,
                        self.program.templates[template].nodes[event.node].origin,
                    ));
                    findings
                }
                What::Waits { findings } => {
                    if findings.contains(FindingKind::SleepInAtomic) {
                        self.sleeps_at.insert(node);
                    }
                    findings
                }
                What::Bug(_) => Findings::NONE,
            };
            for kind in findings.iter() {
                self.offer(kind, 0, node, follower.trace(i + 1, 0));
            }
        }
        if log.end == End::Deadlock {
            self.deadlock(follower, log)
        } else {
            Ok(())
        }
    }

    /// Nobody could go on: the machine must say so too, and since when.
    fn deadlock(&mut self, follower: &Follower<'_>, log: &Log) -> Result<(), Disagreement> {
        let last = log.events.len();
        let nobody_moves = |fit: &crate::follow::Fit| {
            let moves = |task| fit.state.standing(self.program, task) == Standing::Moves;
            !(0..fit.state.tasks.len()).any(moves)
        };
        let Some(mut fit) = follower.fits(last).iter().position(nobody_moves) else {
            let what = "all tasks sleep, though on the machine one of them can go on".to_owned();
            return Err(follower.disagreement(what, &log.events));
        };
        let closed = |events: usize, fit: usize| {
            let scene = scene(
                self.program,
                &self.abilities,
                &follower.fits(events)[fit].state,
            );
            stuck(&scene)
        };
        if !closed(last, fit).forever.contains(&true) {
            let what = "all tasks sleep, but no set of them is stuck on the machine".to_owned();
            return Err(follower.disagreement(what, &log.events));
        }
        let deadlocked = |events: usize, fit: usize| closed(events, fit).deadlocked.contains(&true);
        if !deadlocked(last, fit) {
            // Whoever is left waits idly: a good end.
            return Ok(());
        }
        let mut events = last;
        while events > 0 && deadlocked(events - 1, follower.parent(events, fit)) {
            fit = follower.parent(events, fit);
            events -= 1;
        }
        let state = &follower.fits(events)[fit].state;
        let kind = FindingKind::Deadlock;
        if let Some(class) = class_in(self.program, &self.abilities, state, kind) {
            let rank = class as u32;
            self.offer(kind, rank, (0, 0), follower.trace(events, fit));
        }
        Ok(())
    }

    fn offer(&mut self, kind: FindingKind, rank: u32, node: (TemplateId, NodeId), trace: Trace) {
        let length = trace.steps.len();
        let better = self
            .best
            .get(&kind)
            .is_none_or(|best| (length, rank) < (best.trace.steps.len(), best.rank));
        if better {
            self.best.insert(kind, Candidate { rank, trace, node });
        }
    }

    /// The outcome; `stopped` is why it is not everything.
    pub(crate) fn outcome(self, stopped: Option<Stopped>) -> Outcome {
        let complete = stopped.is_none();
        let mut findings = Vec::new();
        for kind in FindingKind::ALL {
            let Some(candidate) = self.best.get(&kind) else {
                continue;
            };
            let can_sleep = (kind == FindingKind::SleepInAtomic)
                .then(|| {
                    let seen = self.sleeps_at.contains(&candidate.node);
                    can_sleep(self.program, candidate.node, seen, complete)
                })
                .flatten();
            findings.push(Finding {
                kind,
                trace: candidate.trace.clone(),
                can_sleep,
                starved: None,
            });
        }
        let coverage = Coverage {
            states: 0,
            transitions: self.steps,
            depth: self.depth,
            exhaustive: complete,
            never_executed: if complete {
                never_executed(self.program, &self.executed)
            } else {
                Vec::new()
            },
            ..Coverage::default()
        };
        Outcome {
            engine: ENGINE,
            findings,
            stopped,
            coverage,
        }
    }
}
