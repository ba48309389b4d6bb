//! Following numbers of steps into a deadlock.
//!
//! The [state equation](kmapcheck_equations::flow) says how many times each step is to be taken for tasks
//! to be stuck, and not in which order. So a run takes, as long as it can, any step that is to be
//! taken still: here a step over and over, by one task after another, before a different one; or one task
//! as far as it goes, before the next one; or one task after the other in no particular order, the same
//! in every run. That is as a rule enough, as steps that give are not in the way of others. Nothing is
//! claimed where it leads nowhere, nor that what is found is a shortest run.

use kmapcheck_engine::{Meter, Stopped};
use kmapcheck_equations::Way;
use kmapcheck_machine::{Findings, Trace};
use kmapcheck_scenario::{FindingKind, NodeId, Op, Program, TemplateId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::explore::{Explorer, Run};
use super::packed::Counts;
use super::{few, hill_climb, run_out, unfold};

/// More steps than this are not taken.
const MOST_STEPS: u64 = 300_000;

/// Which step comes next, of those that can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The same one by another task.
    Same,
    /// The next one of the same task.
    Deeper,
    /// One of any task, by numbers that begin with this one.
    Mixed(u64),
}

/// How a way is tried, one after the other.
const NEXT: [Next; 6] = [
    Next::Same,
    Next::Deeper,
    Next::Mixed(1),
    Next::Mixed(2),
    Next::Mixed(3),
    Next::Mixed(4),
];

/// Follows a way; whatever it meets of the wanted kinds, and the limit that ended it early, if one did.
pub(super) fn follow(
    program: &Program,
    way: &Way,
    wanted: Findings,
    meter: &mut Meter<'_>,
) -> (Vec<(FindingKind, Trace)>, Option<Stopped>) {
    if way.length() > MOST_STEPS {
        return (Vec::new(), None);
    }
    for next in NEXT {
        let mut explorer = Explorer::new(program);
        explorer.start_in_one();
        let mut walk = Walk::new(way, next);
        let stopped = meter
            .run(|meter| walk.go(&mut explorer, meter))
            .unwrap_or_else(Err)
            .err();
        let mut found = few::confirmed(program, None, &mut explorer, wanted);
        if stopped.is_none() && found.is_empty() && [Next::Same, Next::Deeper].contains(&next) {
            let trace = unfold::trace(&mut explorer, &walk.run()).0;
            found = run_out::from_there(program, &trace, wanted);
        }
        if stopped.is_some() || !found.is_empty() {
            return (found, stopped);
        }
    }
    (Vec::new(), None)
}

/// A run under way.
struct Walk {
    next: Next,
    /// How many times steps are still to be taken.
    left: FxHashMap<(TemplateId, NodeId, Option<NodeId>), u64>,
    /// States in which a task went on without leaving its operation.
    stayed: FxHashSet<u32>,
    /// The local state of the task that goes on first, if it can.
    first: Option<u32>,
    /// The last state.
    at: u32,
}

impl Walk {
    /// The run until now.
    fn run(&self) -> Run {
        Run {
            state: self.at,
            last: None,
            node: None,
            starving: None,
        }
    }

    fn new(way: &Way, next: Next) -> Walk {
        let left = way
            .steps
            .iter()
            .map(|taken| ((taken.template, taken.from, taken.to), taken.times));
        Walk {
            next,
            left: left.collect(),
            stayed: FxHashSet::default(),
            first: None,
            at: 0,
        }
    }

    /// Takes steps as long as there are some, and looks at the state at the end.
    fn go(&mut self, explorer: &mut Explorer<'_>, meter: &mut Meter<'_>) -> Result<(), Stopped> {
        let (mut number, mut state) = (0, Counts::default());
        loop {
            hill_climb::look(explorer, meter)?;
            explorer.visited.get(number, &mut state);
            match self.step(explorer, number, &state) {
                Some(after) => (number, self.at) = (after, after),
                None => break,
            }
        }
        explorer.note_state(number, &state, 0);
        explorer.candidates.settle(u64::MAX);
        Ok(())
    }

    /// Whether such a step is to be taken still; it is, then. A branch of a select and its first operation
    /// are one step, and two to be taken.
    fn takes(
        &mut self,
        program: &Program,
        template: TemplateId,
        from: NodeId,
        to: Option<NodeId>,
    ) -> bool {
        let is_left = |left: &FxHashMap<_, u64>, step| left.get(&step).is_some_and(|&n| n > 0);
        let mut steps = vec![(template, from, to)];
        if program.templates[template].nodes[from].op == Op::Select {
            let mut arms = program.templates[template].nodes[from].arms();
            let arm = arms.find(|&arm| {
                is_left(&self.left, (template, from, Some(arm)))
                    && is_left(&self.left, (template, arm, to))
            });
            let Some(arm) = arm else { return false };
            steps = vec![(template, from, Some(arm)), (template, arm, to)];
        }
        let are_left = steps.iter().all(|&step| is_left(&self.left, step));
        if are_left {
            for step in steps {
                self.left.entry(step).and_modify(|left| *left -= 1);
            }
        }
        are_left
    }

    fn step(&mut self, explorer: &mut Explorer<'_>, number: u32, state: &Counts) -> Option<u32> {
        let count = state.tasks.len();
        let first = match &mut self.next {
            Next::Mixed(number) => {
                // Marsaglia's xorshift: which task comes next need only vary.
                *number ^= *number << 13;
                *number ^= *number >> 7;
                *number ^= *number << 17;
                usize::try_from(*number % count.max(1) as u64).expect("it is less than a length")
            }
            // Where there is none to go on first, it is the first of all.
            Next::Same | Next::Deeper => (self.first)
                .and_then(|first| state.tasks.iter().position(|&(local, _)| local == first))
                .unwrap_or(0),
        };
        for position in (first..count).chain(0..first) {
            let local = state.tasks[position].0;
            let task = explorer.table.local(local).task();
            let (template, Some(from)) = (task.template, task.at) else {
                continue;
            };
            if !self
                .left
                .iter()
                .any(|(step, &n)| n > 0 && (step.0, step.1) == (template, from))
            {
                continue;
            }
            for (after, actor, _) in explorer.successors_of(number, state, position) {
                let to = explorer.table.local(actor).task().at;
                let is_due = self.takes(explorer.table.program(), template, from, to)
                    // It joins a queue, or gets a CPU.
                    || (to == Some(from) && self.stayed.insert(after));
                if is_due {
                    self.first = Some(match self.next {
                        Next::Deeper => actor,
                        Next::Same | Next::Mixed(_) => local,
                    });
                    return Some(after);
                }
            }
        }
        None
    }
}
