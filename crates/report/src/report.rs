//! The report: everything that is known after a run, in the shape of the JSON output.
//!
//! Renderers read this and nothing else, so that text and JSON hold the same facts. Fields that
//! only the text needs (which column a step stands in) are left out of the JSON. New fields may be
//! added; those that are here keep their names and meaning.

use kmapcheck_engine::Verdict;
use kmapcheck_machine::{Resource, TaskId, Trace};
use kmapcheck_scenario::{Assumption, FindingKind, Level};
use serde::Serialize;

use crate::deadlock::WaitForGraph;
use crate::names::Who;
use crate::place::Place;

/// What a run of one scenario found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// The scenario's file.
    pub file: String,
    /// The name of the model it ran on.
    pub model: String,
    /// `clean`: every interleaving is accounted for and none has an error. `violated`: an error,
    /// with a trace. `inconclusive`: the run ended before either was known.
    pub verdict: Verdict,
    /// At most one finding of each kind, each with a shortest trace. What causes another comes
    /// before it: they are in the order of the earliest steps at which they show.
    pub findings: Vec<Finding>,
    /// The findings that the scenario expects; null if it expects nothing in particular.
    pub expected: Option<Vec<FindingKind>>,
    /// Whether exactly the expected kinds were found; null if nothing is expected, or if the run
    /// ended before that was known.
    pub as_expected: Option<bool>,
    /// Why the run ended early; null if it did not.
    pub stopped: Option<Stopped>,
    /// What the engine saw.
    pub coverage: Coverage,
    /// Idle waits in which tasks can stay for ever, with a good end: seen, or not known. Where a run
    /// visited every state, those that are not here are none. Left out if the scenario has no idle
    /// waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_waits: Option<Vec<IdleWait>>,
    /// What was proved, by the engine of proofs; left out by others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// What the reader should know before trusting the verdict, such as that nothing ever ran.
    pub remarks: Vec<String>,
    /// What the scenario says that it assumes: the verdict is about nothing else. Left out if it says
    /// nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<Assumption>,
    /// Milliseconds from the start of the engine to its answer.
    pub elapsed_ms: f64,
}

/// Something wrong.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// Of a deadlock: what its core is about, such as `slot-exhaustion` or `lock-cycle`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// `error`, or `warning`: reported without changing the verdict.
    pub level: Level,
    /// One sentence.
    pub summary: String,
    /// Of `sleep-in-atomic`: whether the call can really sleep there; left out if that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_sleep: Option<bool>,
    /// Pages that are mapped from an earlier use in the initial state of the trace; only where the
    /// scenario leaves that open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Vec<StartMapping>>,
    /// A shortest way there.
    pub trace: Vec<Step>,
    /// Where the tasks that take part stand after the last step.
    pub tasks: Vec<TaskAtEnd>,
    /// Of a deadlock: the smallest set of tasks that are stuck on one another.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub core: Vec<String>,
    /// Of a deadlock: all tasks that are stuck in the last state, the core among them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stuck: Vec<String>,
    /// Of a deadlock: what the core waits for, and who holds it. Where a task starves: what it waits for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contested: Vec<Contested>,
    /// Of a deadlock: the first step after which no continuation saves the core; 0 if it is lost
    /// from the start, left out if that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point_of_no_return: Option<usize>,
    /// Of a deadlock: who waits for what, held by whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_for: Option<WaitForGraph>,
    /// The trace as the machine runs it.
    #[serde(skip)]
    pub run: Trace,
    /// Of `starved`: the task that starves.
    #[serde(skip)]
    pub starves: Option<TaskId>,
    /// Of a deadlock: who is stuck.
    #[serde(skip)]
    pub stuck_set: Option<StuckSet>,
}

/// Tasks that are stuck in the last state of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StuckSet {
    /// The smallest set of tasks that are stuck on one another.
    pub core: Vec<TaskId>,
    /// All that are stuck.
    pub all: Vec<TaskId>,
    /// What tasks of the core could give to others of it without holding it, could they go on.
    pub gives: Vec<(TaskId, Resource)>,
}

/// A page that is mapped from an earlier use at the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StartMapping {
    /// The task whose page it is; left out for a shared page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The page.
    pub page: String,
    /// The series that still map it; none: it is unmapped.
    pub stale_in: Vec<String>,
    /// Who the task is.
    #[serde(skip)]
    pub who: Option<Who>,
}

/// One step of a trace.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// The task that takes it.
    pub task: String,
    /// The primitive, such as `kmap(old_pte, PAGETABLE)`.
    pub op: String,
    /// The operation as the scenario has it, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// Where the scenario has it: `file:line:column`.
    pub source: String,
    /// The block of the scenario that it stands in; left out in a task program itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
    /// Where in the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The scenario's note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What it did beyond what its name says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// What is wrong with this step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingKind>,
    /// What the task holds afterwards.
    pub holds: Vec<String>,
    /// The slots afterwards, of those series that the trace uses.
    pub slots: Vec<SlotUsage>,
    /// Who the task is.
    #[serde(skip)]
    pub who: Who,
    /// The node, which tells equal steps of different tasks apart from others.
    #[serde(skip)]
    pub node: usize,
    /// Where the scenario has it.
    #[serde(skip)]
    pub place: Place,
    /// What it takes or gives back, other than slots, under the name that [`Contested::resource`]
    /// has for it.
    #[serde(skip)]
    pub thing: Option<String>,
    /// Whether the effect says nothing that the slots do not show.
    #[serde(skip)]
    pub plain: bool,
}

/// How many slots of a series are not free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlotUsage {
    /// The series.
    pub series: String,
    /// Slots with users.
    pub in_use: u32,
    /// Slots with a mapping that nobody uses.
    pub stale: u32,
    /// All slots; left out if the scenario is about every number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<u32>,
}

/// Where a task stands after the last step of a trace.
#[derive(Debug, Clone, Serialize)]
pub struct TaskAtEnd {
    /// The task.
    pub task: String,
    /// Whether it can go on.
    pub standing: Standing,
    /// Its next operation; left out if it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Where the scenario has that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where in the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The same place.
    #[serde(skip)]
    pub place: Option<Place>,
    /// What it waits for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<String>,
    /// What it holds.
    pub holds: Vec<Holding>,
    /// Who the task is.
    #[serde(skip)]
    pub who: Who,
}

/// Whether a task can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It waits.
    Waits,
    /// It can take a step.
    Moves,
    /// It has ended.
    Ended,
}

/// Something that a task holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holding {
    /// What, such as `a PAGETABLE slot (old_pte)`.
    pub what: String,
    /// What it is one of, such as `PAGETABLE`.
    pub resource: String,
    /// The step that took it.
    pub since_step: usize,
    /// Where the scenario has that step.
    pub source: String,
}

/// Something that tasks of a deadlock's core wait for, or one that starves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contested {
    /// What, such as `PAGETABLE`.
    pub resource: String,
    /// How much of it is taken and how much there is, in words.
    pub state: String,
    /// Who waits for it.
    pub waited_for_by: Vec<String>,
    /// Who holds it.
    pub held_by: Vec<String>,
    /// Who has ended without giving it back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost_by: Vec<String>,
    /// Which tasks of the core do not hold it, but could give it if they were not stuck
    /// themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub could_be_given_by: Vec<String>,
    /// Whether it is the slots of a series.
    #[serde(skip)]
    pub is_series: bool,
    /// Who holds it, for folding.
    #[serde(skip)]
    pub holders: Vec<Who>,
    /// Who has ended with it, for folding.
    #[serde(skip)]
    pub losers: Vec<Who>,
    /// Who could give it, for folding.
    #[serde(skip)]
    pub givers: Vec<Who>,
    /// What one would do with it.
    #[serde(skip)]
    pub giving: &'static str,
    /// Whether those who wait for it are deadlocked.
    #[serde(skip)]
    pub is_deadlocked: bool,
}

impl Report {
    /// What it comes to beside what was expected. Clean: just that. An error is one, even if it is
    /// expected and a limit came before all was known.
    #[must_use]
    pub fn against_expected(&self) -> Verdict {
        match (self.as_expected, &self.expected, self.verdict) {
            (Some(true), ..) => Verdict::Clean,
            (Some(false), ..) => Verdict::Violated,
            // An expectation that could be neither confirmed nor refuted.
            (None, Some(_), Verdict::Clean) => Verdict::Inconclusive,
            (None, _, verdict) => verdict,
        }
    }

    /// The kinds that were found.
    #[must_use]
    pub fn kinds(&self) -> Vec<FindingKind> {
        self.findings.iter().map(|finding| finding.kind).collect()
    }
}

/// Why a run ended early.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// What ended it.
    pub reason: StopReason,
    /// The same in words.
    pub text: String,
    /// What to do about it, as a command or a sentence.
    pub next: String,
    /// What was being done, such as `reading`, if that came before anything was explored.
    #[serde(rename = "while", skip_serializing_if = "Option::is_none")]
    pub doing: Option<String>,
    /// The option to give again, and its new value, if that is what to do.
    #[serde(skip)]
    pub raise: Option<(&'static str, String)>,
}

/// What ended a run early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// The limit on states.
    MaxStates,
    /// The limit on memory.
    MaxMemory,
    /// The limit on time.
    Timeout,
    /// Ctrl-C.
    Interrupted,
    /// A file that could not be written or read.
    Failed,
    /// A counter that can grow without bound.
    Unbounded,
    /// There are more states, or parts of states, than the engine can number.
    Capacity,
    /// The limit on interleavings.
    MaxInterleavings,
    /// The bound on preemptions.
    Preemptions,
    /// A claim about every number of tasks or slots was neither proved nor refuted.
    Undecided,
}

/// What was proved without running tasks together, or for every number of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// What the claim is about, such as `every number of mremap`.
    pub claim: String,
    /// What does not occur, and why.
    pub excluded: Vec<NotThere>,
    /// What `"any"` stands for in the traces; empty if there are none.
    pub sizes: Vec<Size>,
    /// Whether it is shown that no smaller number of the tasks with `"any"` shows all of the
    /// findings: no numbers from 1 on with a smaller sum, with these slots, and with the other tasks
    /// as given. False: that is not known, or no number of tasks is open.
    pub smallest: bool,
}

/// Kinds of finding that do not occur.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotThere {
    /// The kinds.
    pub kinds: Vec<FindingKind>,
    /// Why, in a sentence.
    pub because: String,
}

/// What a number that stands for `"any"` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NumberOf {
    /// Instances of a task.
    #[default]
    Tasks,
    /// Slots of a series.
    Slots,
    /// Units of a semaphore or mempool.
    Units,
}

/// A number that stands for `"any"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Size {
    /// What is counted.
    #[serde(skip)]
    pub of: NumberOf,
    /// A task, a series, a semaphore or a mempool.
    pub name: String,
    /// How many instances, slots or units.
    pub number: u32,
}

/// What the engine saw.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Coverage {
    /// The engine.
    pub engine: String,
    /// Whether every reachable state was visited.
    pub complete: bool,
    /// Distinct states.
    pub states: u64,
    /// Transitions taken, those to known states included.
    pub transitions: u64,
    /// Steps to the state that is farthest from the start.
    pub depth: u64,
    /// Interleavings of the kernel's own allocator that were run; only of the engine `loom`, which
    /// knows no states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interleavings: Option<u64>,
    /// Of a run that was stopped: the kinds of finding that may still be there; all others were found,
    /// or cannot occur. Not given where nothing was excluded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<Vec<FindingKind>>,
    /// The most bytes that the states took at once, successors under way included; only of the
    /// engine `plain` (`--reduce none`), which counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_bytes: Option<u64>,
    /// The reductions that were on, if `--reduce` chose them. With `releases`, `stubborn` or `merge`
    /// among them, `complete` and the numbers are about what these left, up to the order of steps
    /// that commute; and traces need not be shortest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reductions: Option<Vec<String>>,
    /// If states were told apart by fingerprints only (`--storage fingerprint`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprints: Option<Fingerprints>,
    /// Operations that no interleaving executes; null if that is not known.
    pub never_executed: Option<Vec<NeverExecuted>>,
}

/// What it means that states were told apart by fingerprints.
#[derive(Debug, Clone, Serialize)]
pub struct Fingerprints {
    /// How many bits were kept of a state.
    pub bits: u32,
    /// The probability that any two states had the same, so that one was missed, is at most this; if
    /// fingerprints are as good as random.
    pub missed: f64,
}

/// An operation that no interleaving executes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NeverExecuted {
    /// The task program it is in.
    pub task: String,
    /// The operation.
    pub op: String,
    /// Where the scenario has it.
    pub source: String,
    /// Where in the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// An idle wait in which tasks can come to rest: nobody who still lives could end it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdleWait {
    /// The task program it is in.
    pub task: String,
    /// The operation.
    pub op: String,
    /// What it waits for, such as `completion request`.
    pub waits_for: String,
    /// Where the scenario has it.
    pub source: String,
    /// Where in the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Whether a task was seen at rest there. False: it is not known whether one can be.
    pub seen: bool,
    /// Where the scenario has it.
    #[serde(skip)]
    pub place: Place,
}
