//! Who is stuck in a state, and in which way.
//!
//! Tasks that can give up make two questions of it, and tasks that wait idly a third ([`Stuck`]). First
//! those who can give up count as able to move (unless it is a CPU that they lack): what is left is
//! stuck *for ever*. A set of idle waiters among it that is stuck by itself is a good end; everybody
//! else there is *deadlocked*. Then, with the deadlocked out of the way, those who can give up wait as
//! all others do: if one of them is in what is left, only giving up ends that wait.

use kmapcheck_machine::{Abilities, Findings, Standing, State, Waiting};
use kmapcheck_scenario::{FindingKind, Program, TemplateId};

use crate::reduction::stuck_among;
use crate::scene::{Scene, scene};

/// The kinds of finding that somebody is stuck.
const STUCK: [FindingKind; 2] = [FindingKind::Deadlock, FindingKind::TimeoutRescue];

/// Who is stuck in a scene, by party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// In the greatest stuck set in which nobody can give up: these never take a step again.
    pub forever: Vec<bool>,
    /// Those of them that are in no stuck set of idle waiters alone.
    pub deadlocked: Vec<bool>,
    /// The others: in the greatest stuck set of idle waiters alone. That is a good end.
    pub resting: Vec<bool>,
    /// In the greatest stuck set of the others, if somebody in it can give up; else nobody.
    pub rescued: Vec<bool>,
}

impl Stuck {
    /// Who is stuck, and in which way: for `deadlock` and for `timeout-rescue`.
    #[must_use]
    pub fn of_kind(&self, kind: FindingKind) -> &[bool] {
        match kind {
            FindingKind::TimeoutRescue => &self.rescued,
            _ => &self.deadlocked,
        }
    }

    /// The kinds of finding that this is.
    #[must_use]
    pub fn kinds(&self) -> Findings {
        (STUCK.into_iter())
            .filter(|&kind| self.of_kind(kind).contains(&true))
            .collect()
    }
}

/// Who is stuck in a scene in which nobody is taken to be patient.
#[must_use]
pub fn stuck(scene: &Scene<'_>) -> Stuck {
    let among = |scene: &Scene<'_>, candidates: Vec<bool>| match candidates.contains(&true) {
        true => stuck_among(scene, &candidates),
        false => candidates,
    };
    let forever = among(scene, scene.who_waits(|_| true));
    let both = |a: &[bool], b: &[bool]| a.iter().zip(b).map(|(&a, &b)| a && b).collect();
    let idle: Vec<bool> = both(&forever, &scene.who_waits(Waiting::is_idle));
    let idle = among(scene, idle);
    let deadlocked: Vec<bool> = (forever.iter().zip(&idle))
        .map(|(&a, &b)| a && !b)
        .collect();
    let gives_up = scene.who_waits(Waiting::gives_up);
    let mut rescued = vec![false; scene.parties.len()];
    if gives_up.contains(&true) {
        let scene = patient(scene, &deadlocked);
        let left = among(&scene, scene.who_waits(|_| true));
        let somebody: Vec<bool> = both(&left, &gives_up);
        if somebody.contains(&true) {
            rescued = left;
        }
    }
    Stuck {
        forever,
        deadlocked,
        resting: idle,
        rescued,
    }
}

/// Whether tasks of two groups are deadlocked on one another: somebody is, and nobody would be if it
/// were for the tasks of one group alone, those of the other being able to move. `is_first` says of the
/// number of a template which group its tasks are of.
///
/// So the smallest core of the deadlock has tasks of both. What tasks that have ended took with them
/// counts for either group.
#[must_use]
pub fn deadlocked_together(scene: &Scene<'_>, is_first: impl Fn(TemplateId) -> bool) -> bool {
    let is_deadlocked = |scene: &Scene<'_>| stuck(scene).deadlocked.contains(&true);
    let alone = |first: bool| {
        let mut alone = scene.clone();
        for party in &mut alone.parties {
            let waits = matches!(party.standing, Standing::Waits(_));
            if waits && is_first(party.task.template) != first {
                party.standing = Standing::Moves;
            }
        }
        alone
    };
    is_deadlocked(scene) && ![true, false].map(alone).iter().any(is_deadlocked)
}

/// The kinds of finding by which somebody is stuck in a state.
#[must_use]
pub fn stuck_kinds(program: &Program, abilities: &Abilities, state: &State) -> Findings {
    stuck(&scene(program, abilities, state)).kinds()
}

/// The kinds of finding that a program's tasks can be stuck by.
#[must_use]
pub fn possible_stuck_kinds(program: &Program) -> Findings {
    let all: Findings = program.kinds_in_question().collect();
    all.intersection(STUCK.into_iter().collect())
}

/// The scene in which those who can give up wait, and the deadlocked could move.
#[must_use]
pub fn patient<'a>(scene: &Scene<'a>, deadlocked: &[bool]) -> Scene<'a> {
    let mut patient = Scene {
        patient: true,
        ..scene.clone()
    };
    for (party, &deadlocked) in patient.parties.iter_mut().zip(deadlocked) {
        if deadlocked {
            party.standing = Standing::Moves;
        }
    }
    patient
}
