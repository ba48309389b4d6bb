//! Who waits for ever for a task that lives and never lets go.
//!
//! Whether a task starves is as a rule a question about every continuation. In one case the state alone
//! answers it. A task is *trapped* if it can move, and whatever it still does is done by operations that
//! never wait, take nothing that others may want, give nothing, and do not lead to its end: a loop in which
//! it may sleep, choose, and map pages for itself. So it moves for ever, and keeps all it holds for ever.
//!
//! **Never satisfied.** Reduce the state as for stuck sets ([`crate::reduction`]), with the difference that
//! the trapped are not removed. Nothing that is left ever takes a step: take the first one of it that
//! does; before that only others moved, what these could give was counted, and the trapped gave nothing.
//!
//! **In no stuck set.** Who is left and waits for something of which the trapped alone hold as much as it
//! asks for (the lock, the units, a slot, a CPU) is in no stuck set, now or later: the trapped are
//! outside every stuck set, as they can move, and what they would give back is enough. If besides it neither
//! waits idly nor can give up, it starves.
//!
//! Nothing is said of the others that are left. Nobody need ask whether they wait for these.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Held, Mode, Standing, Wait};
use kmapcheck_scenario::{NodeId, Op, Program, Ref, ResourceKind, TemplateId};
use rustc_hash::FxHashMap;

use crate::reduction::left_beside;
use crate::scene::{Party, Scene};

/// For each party, whether its tasks are known to starve.
#[must_use]
pub fn starved_for_good(scene: &Scene<'_>) -> Vec<bool> {
    let mut endless = FxHashMap::default();
    let trapped: Vec<bool> = (scene.parties.iter())
        .map(|party| is_trapped(scene, party, &mut endless))
        .collect();
    if !trapped.contains(&true) {
        return trapped;
    }
    let candidates = scene.who_waits(|_| true);
    let left = left_beside(scene, &candidates, |i| trapped[i]);
    let parties = scene.parties.iter().zip(&left);
    let kept = Kept::by(scene, &trapped);
    parties
        .map(|(party, &left)| left && kept.keeps_waiting(scene, party))
        .collect()
}

/// Whether tasks of the party move for ever and give nothing.
fn is_trapped(
    scene: &Scene<'_>,
    party: &Party<'_>,
    endless: &mut FxHashMap<(TemplateId, NodeId), bool>,
) -> bool {
    let (Standing::Moves, Some(at)) = (party.standing, party.task.at) else {
        return false;
    };
    let template = party.task.template;
    let goes_on =
        *(endless.entry((template, at))).or_insert_with(|| only_turns(scene.program, template, at));
    // With CPUs it must never lose the one that it has: nobody preempts it, and it never sleeps.
    let holds_spinlock = |held: &Held| held.mode == Mode::Spin;
    let keeps_its_cpu = || {
        scene.program.cpus.is_some_and(|cpus| !cpus.preemptible)
            && party.task.on_cpu
            && party.task.held.iter().any(holds_spinlock)
            && !reachable(scene.program, template, at).contains(&Op::MightSleep)
    };
    goes_on && (scene.program.cpus.is_none() || keeps_its_cpu())
}

/// Whether all that can be reached from there neither waits, nor takes or gives anything, nor ends.
fn only_turns(program: &Program, template: TemplateId, at: NodeId) -> bool {
    let nodes = &program.templates[template].nodes;
    let turns = |op: Op| {
        matches!(
            op,
            Op::MightSleep
                | Op::Choose
                | Op::KmapAtomic { .. }
                | Op::KunmapAtomic { .. }
                | Op::KmapLocal { .. }
                | Op::KunmapLocal { .. }
        )
    };
    from(program, template, at).into_iter().all(|node| {
        let node = &nodes[node];
        turns(node.op) && node.next.iter().all(|target| target.node.is_some())
    })
}

fn reachable(program: &Program, template: TemplateId, at: NodeId) -> Vec<Op> {
    let nodes = &program.templates[template].nodes;
    let found = from(program, template, at);
    found.into_iter().map(|node| nodes[node].op).collect()
}

/// All operations that control can come to from there, itself included.
fn from(program: &Program, template: TemplateId, at: NodeId) -> Vec<NodeId> {
    let nodes = &program.templates[template].nodes;
    let mut seen = vec![false; nodes.len()];
    seen[at] = true;
    let mut found = vec![at];
    let mut next = 0;
    while next < found.len() {
        ask();
        let targets = nodes[found[next]].next.iter();
        for node in targets.filter_map(|target| target.node) {
            if !std::mem::replace(&mut seen[node], true) {
                found.push(node);
            }
        }
        next += 1;
    }
    found
}

/// What the trapped hold.
struct Kept {
    slots: Vec<u32>,
    spinlocks: Vec<bool>,
    writers: Vec<bool>,
    units: Vec<u32>,
    page_locks: Vec<usize>,
    cpus: u32,
}

impl Kept {
    fn by(scene: &Scene<'_>, trapped: &[bool]) -> Kept {
        let resources = scene.program.resources.len();
        let mut kept = Kept {
            slots: vec![0; scene.program.series.len()],
            spinlocks: vec![false; resources],
            writers: vec![false; resources],
            units: vec![0; resources],
            page_locks: Vec::new(),
            cpus: 0,
        };
        let parties = scene.parties.iter().zip(trapped);
        for (party, _) in parties.filter(|(_, trapped)| **trapped) {
            ask();
            for (slots, solo) in kept.slots.iter_mut().zip(party.solo_slots.iter()) {
                *slots += solo * party.count;
            }
            for held in &party.task.held {
                let Ref::Shared(what) = held.what else {
                    continue;
                };
                match held.mode {
                    Mode::Spin => kept.spinlocks[what] = true,
                    Mode::Write => kept.writers[what] = true,
                    Mode::Units => kept.units[what] += held.n * party.count,
                    Mode::Read => {}
                }
            }
            let pages = party.task.page_locks.iter().copied();
            kept.page_locks
                .extend(pages.filter(|&page| page < scene.common_pages));
            kept.cpus += u32::from(party.task.on_cpu) * party.count;
        }
        kept
    }

    /// Whether tasks of that party, which are never satisfied, would be by what the trapped hold, now
    /// and at any later time; and wait neither idly nor so that they can give up.
    fn keeps_waiting(&self, scene: &Scene<'_>, party: &Party<'_>) -> bool {
        let Some(waiting) = party.waiting() else {
            return false;
        };
        // Who lacks a CPU to give up with does not give up; that is left out, for simplicity.
        if waiting.is_idle() || waiting.gives_up() || (waiting.cpu && self.cpus == 0) {
            return false;
        }
        let units = |pool: usize, n: u32| {
            scene.program.resources[pool].kind.is_owned() && self.units[pool] >= n
        };
        match waiting.wait {
            None => waiting.cpu,
            Some(Wait::Spin(Ref::Shared(lock))) => self.spinlocks[lock],
            Some(Wait::Read(Ref::Shared(lock))) => {
                // A writer that queues holds readers back as well, and may be stuck.
                self.writers[lock] && !is_fair(scene.program, lock)
            }
            Some(Wait::Write(Ref::Shared(lock))) => self.writers[lock],
            Some(Wait::Units(Ref::Shared(pool), n)) => units(pool, n),
            Some(Wait::Turn {
                pool: Ref::Shared(pool),
                n,
                place: 0,
            }) => units(pool, n),
            Some(Wait::PageLock(page)) => self.page_locks.contains(&page),
            Some(Wait::Slot { series, .. }) => {
                // A slot of a mapping that is kept might come to have other users too.
                let declared = &scene.program.series[series];
                let is_shared = declared.reuse.keeps_mappings();
                !is_shared && declared.for_holders == 0 && self.slots[series] > 0
            }
            _ => false,
        }
    }
}

fn is_fair(program: &Program, lock: usize) -> bool {
    let kind = program.resources[lock].kind;
    matches!(kind, ResourceKind::Rwsem { fair: true })
}
