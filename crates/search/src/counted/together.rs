//! A deadlock for which the tasks of two scenarios are needed.
//!
//! Of two scenarios side by side one may deadlock by itself, and so the two do. Whether there is
//! another deadlock, of tasks of both, is what is asked here: some state in which tasks are
//! deadlocked, and in which [no tasks of one scenario](deadlocked_together) are so by themselves.
//! Stuck sets are for ever, so no state after one in which a scenario is deadlocked by itself counts.
//! The search is the plain one, without aim: that would come to the nearest deadlock, whosever it is.
//!
//! [deadlocked_together]: kmapcheck_stuck::stuck_sets::deadlocked_together

use kmapcheck_engine::{Outcome, Progress};
use kmapcheck_limits::Limits;
use kmapcheck_machine::Findings;
use kmapcheck_scenario::{FindingKind, Program, TemplateId};

use super::explore::Explorer;

/// Looks for a shortest run to such a deadlock; templates from `split` on are those of the second
/// scenario. Without a finding and without a limit that came first, there is none.
pub(crate) fn run(
    program: &Program,
    split: TemplateId,
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
) -> Outcome {
    let mut explorer = Explorer::new(program);
    explorer.split = Some(split);
    let deadlock = Findings::of(FindingKind::Deadlock);
    explorer.look_only_for(deadlock);
    explorer
        .run(limits, progress)
        .unwrap_or_else(|failed| unreachable!("only checkpoints fail, and there is none: {failed}"))
}

impl Explorer<'_> {
    /// Everything else counts as known, and the search takes no aim.
    fn look_only_for(&mut self, wanted: Findings) {
        for kind in Findings::ALL.minus(wanted).iter() {
            self.candidates.decide(kind);
        }
        self.possible = Some(Some(wanted));
        self.plain_states = usize::MAX;
    }
}
