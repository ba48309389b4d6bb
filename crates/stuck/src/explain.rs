//! A deadlock, explained: its core, what kind it is, its graph, and all of it in words.
//!
//! This is what reports are made from. The sentences come in two forms: the summary, one line for
//! the whole core, and a [`CoreLine`] for each kind of member, with the things it waits for and
//! their holders as data, so that a report can look up in the trace since when they are held.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Abilities, Resource, Standing, State};
use kmapcheck_scenario::{OriginId, Program};

use crate::alike::Groups;
use crate::class::{Class, class_of};
use crate::core::core_of;
use crate::graph::{WaitForGraph, could_give, graph_of};
use crate::holdings::{Blockers, How, Leaks, holdings};
use crate::stuck::{Scene, scene, stuck};
use crate::words::Words;

/// A stuck set and why it is stuck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadlock {
    /// What kind of deadlock it is.
    pub class: Class,
    /// The smallest set of tasks that are stuck on one another, ascending.
    pub core: Vec<usize>,
    /// The wait-for graph of the core.
    pub graph: WaitForGraph,
    /// All tasks that are stuck, ascending.
    pub stuck: Vec<usize>,
    /// The core in one line.
    pub summary: String,
    /// The core, member by member; alike ones are one line.
    pub sentences: Vec<CoreLine>,
}

/// What alike members of a core wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreLine {
    /// The tasks, ascending.
    pub tasks: Vec<usize>,
    /// Where the operation that they wait in comes from.
    pub origin: OriginId,
    /// What they wait for, as things of the first of the tasks.
    pub awaited: Vec<Resource>,
    /// The same in words, such as `a PAGETABLE slot`.
    pub waits_for: String,
    /// Who holds that, or could still give it.
    pub held_by: Vec<Holder>,
    /// What of it nobody alive holds, such as `the only DEFAULT slot is leaked: its last holder
    /// ended without kunmap`.
    pub lost: Vec<String>,
}

/// Members of the core that hold something alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// What, as a thing of the task that waits for it.
    pub thing: Resource,
    /// In which way; `None`: they do not hold it, but could still give it.
    pub how: Option<How>,
    /// What each of them holds, in words, such as `a PAGETABLE slot`.
    pub resource: String,
    /// The tasks, ascending.
    pub tasks: Vec<usize>,
}

/// Explains the deadlock of a state; `None` if it has none.
#[must_use]
pub fn explain(program: &Program, abilities: &Abilities, state: &State) -> Option<Deadlock> {
    let scene = scene(program, abilities, state);
    let is_stuck = stuck(&scene);
    if !is_stuck.contains(&true) {
        return None;
    }
    let groups = Groups::of(&scene);
    let leaks = Leaks::of(&scene);
    let core = core_of(&scene, &groups, &leaks, &is_stuck)?;
    let blockers = Blockers::of(&scene, &core);
    let class = class_of(&scene, &leaks, &blockers);
    let graph = WaitForGraph::from(&graph_of(&scene, &groups, &leaks, &blockers, &core));
    let blocks = groups.split(&core);
    let words = Words {
        scene: &scene,
        leaks: &leaks,
        blockers: &blockers,
        blocks: &blocks,
    };
    let summary = words.summary(class);
    let sentences = blocks
        .iter()
        .filter_map(|block| line(&scene, &words, block))
        .collect();
    let stuck = (0..is_stuck.len()).filter(|&i| is_stuck[i]).collect();
    Some(Deadlock {
        class,
        core,
        graph,
        stuck,
        summary,
        sentences,
    })
}

fn line(scene: &Scene<'_>, words: &Words<'_>, block: &[usize]) -> Option<CoreLine> {
    let first = block[0];
    let task = scene.parties[first].task;
    let origin = scene.program.templates[task.template].nodes[task.at?].origin;
    let awaited = words.blockers.of_task(first).to_vec();
    let lost = awaited
        .iter()
        .filter_map(|&thing| words.lost(thing))
        .collect();
    let held_by = awaited
        .iter()
        .flat_map(|&thing| holders(scene, words, first, thing))
        .collect();
    Some(CoreLine {
        tasks: block.to_vec(),
        origin,
        waits_for: words.waits_for(first),
        awaited,
        held_by,
        lost,
    })
}

/// The members that hold what `waiter` waits for, alike ones together; then those that could give
/// it without holding it.
fn holders(scene: &Scene<'_>, words: &Words<'_>, waiter: usize, thing: Resource) -> Vec<Holder> {
    let mut holders: Vec<Holder> = Vec::new();
    let mut add = |how: Option<How>, resource: String, tasks: &[usize]| match holders
        .iter_mut()
        .find(|holder| holder.how == how && holder.resource == resource)
    {
        Some(holder) => {
            holder.tasks.extend(tasks);
            holder.tasks.sort_unstable();
        }
        None => holders.push(Holder {
            thing,
            how,
            resource,
            tasks: tasks.to_vec(),
        }),
    };
    let mut givers: Vec<&[usize]> = Vec::new();
    let wait = match scene.parties[waiter].standing {
        Standing::Waits(waiting) => waiting
            .wait
            .filter(|&wait| Resource::awaited(waiter, wait) == thing),
        _ => None,
    };
    for block in words.blocks {
        ask();
        let mut holds = false;
        for holding in holdings(scene, block[0])
            .into_iter()
            .filter(|holding| holding.thing == thing)
        {
            add(Some(holding.how), words.held(holding), block);
            holds = true;
        }
        // Of alike tasks the others could give what the first waits for.
        let giver = if block.contains(&waiter) && block.len() > 1 {
            block[1]
        } else {
            block[0]
        };
        if !holds && wait.is_some_and(|wait| could_give(scene, waiter, giver, wait)) {
            givers.push(block);
        }
    }
    for block in givers {
        add(None, words.given(thing), block);
    }
    holders
}
