//! `--check-reductions`: are the premises true of the states that a run meets?
//!
//! On every state that is expanded or passed through, on named states, with the machine alone:
//!
//! - **Which instance and which page is which makes no difference.** The state with its instances
//!   and pages renumbered is the same counted state, and its steps lead to the same ones, with the
//!   same findings.
//! - **What is put off commutes.** Runs of the tasks that are put off are followed for some way.
//!   Wherever they lead, the tasks that go on have the same steps, with the same findings, and one
//!   of theirs and one of the others' can be exchanged, with the same result; those that wait go on
//!   waiting. This is the definition of a stubborn set, as LTSmin's check has it.
//! - **Stuck is for ever.** No step takes a task out of the stuck set.
//!
//! What does not hold is a fault of this program, and ends it.

use kmapcheck_machine::{PageId, State, Successor, steps};
use kmapcheck_scenario::Program;
use kmapcheck_stuck::scene::scene;
use kmapcheck_stuck::stuck_sets::stuck;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::counted::explore::Explorer;
use crate::counted::local::{embed, materialise};
use crate::counted::packed::Counts;
use crate::counted::table::Table;

/// So many states are looked at behind each, on runs of the tasks that are put off.
const AHEAD: usize = 100;

/// Looks at premises, and counts how often.
#[derive(Debug, Default)]
pub(crate) struct Check {
    states: usize,
}

impl Check {
    /// Looks at a state whose tasks at those positions go on; `None`: all.
    pub(crate) fn state(
        &mut self,
        explorer: &mut Explorer<'_>,
        state: &Counts,
        chosen: Option<&[usize]>,
    ) {
        self.states += 1;
        let program = explorer.table.program();
        let locals: Vec<_> = (state.tasks.iter())
            .map(|&(local, n)| (std::rc::Rc::clone(explorer.table.local(local)), n))
            .collect();
        let named = materialise(explorer.table.world(state.world), &locals);
        renumbered(explorer, state, &named, self.states);
        if let Some(chosen) = chosen {
            let positions =
                (state.tasks.iter().enumerate()).flat_map(|(i, &(_, n))| (0..n).map(move |_| i));
            let goes_on: Vec<bool> = positions.map(|i| chosen.contains(&i)).collect();
            commutes(program, &named, &goes_on);
        }
    }
}

fn broken(premise: &str, program: &Program) -> ! {
    panic!(
        "a premise of the reductions does not hold on scenario {}: {premise}",
        program.name
    )
}

/// The state with its tasks and its own pages in another order.
fn other_order(state: &State, commons: usize, turn: usize) -> State {
    let mut tasks = state.tasks.clone();
    let mut first = 0;
    while first < tasks.len() {
        let template = tasks[first].template;
        let alike = (tasks[first..].iter())
            .take_while(|task| task.template == template)
            .count();
        tasks[first..first + alike].rotate_left(turn % alike);
        first += alike;
    }
    // Common pages have their numbers by what they are; all others are turned round.
    let last = state.shared.pages.len();
    let to = |page: PageId| {
        if page < commons {
            page
        } else {
            commons + (last - 1 - page)
        }
    };
    for task in &mut tasks {
        *task = task.with_pages(to);
    }
    let mut shared = state.shared.clone();
    // Every number is in use in a state that a counted one stands for.
    let mut pages = vec![None; shared.pages.len()];
    for (page, content) in shared.pages.iter().enumerate() {
        pages[to(page)] = content.clone();
    }
    shared.pages = pages.into_iter().flatten().collect();
    State { shared, tasks }
}

/// Where a step led: with which findings, to which world and tasks.
type Led = (String, u32, Vec<(u32, u32)>);

/// Which instance is which, and which page, makes no difference.
fn renumbered(explorer: &mut Explorer<'_>, state: &Counts, named: &State, turn: usize) {
    let program = explorer.table.program();
    let world = std::rc::Rc::clone(explorer.table.world(state.world));
    let other = other_order(named, world.common_pages(), turn);
    // Common pages without a name have no number of their own: see docs/search.md.
    let mut comparable = !world.has_nameless() && !explorer.table.names_pages;
    if comparable && explorer.counted(&other) != *state {
        broken(
            "renumbering tasks and pages gives another counted state",
            program,
        );
    }
    let mut ours: FxHashMap<Led, u32> = FxHashMap::default();
    let (mut number, mut others) = (0u64, 0u64);
    let mut next = Counts::default();
    for (position, &(local, n)) in state.tasks.iter().enumerate() {
        let entry = explorer.table.entry(local, state.world);
        for i in 0..Table::row_count(entry) {
            let row = explorer.table.row(entry, i);
            explorer.successor(state, position, row, &mut next);
            comparable &= !explorer.table.world(next.world).has_nameless();
            let key = (
                format!("{:?}", row.findings),
                next.world,
                next.tasks.clone(),
            );
            *ours.entry(key).or_default() += n;
            number += u64::from(n);
        }
    }
    for task in 0..other.tasks.len() {
        for (successor, after) in other.successors(program, task) {
            others += 1;
            if !comparable {
                continue;
            }
            let after = explorer.counted(&after);
            let key = (
                format!("{:?}", successor.findings),
                after.world,
                after.tasks,
            );
            match ours.get_mut(&key) {
                Some(left @ 1..) => *left -= 1,
                _ => broken(
                    "a renumbered state has a step that the counted one lacks",
                    program,
                ),
            }
        }
    }
    if number != others {
        broken(
            "a renumbered state has not as many steps as the counted one",
            program,
        );
    }
}

fn same(program: &Program, a: &State, b: &State) -> bool {
    if a == b {
        return true;
    }
    let (a, b) = (embed(program, a), embed(program, b));
    (a.world == b.world && a.locals == b.locals) || a.world.has_nameless()
}

/// The tasks that go on commute with all that the others can do without them, as far as is looked.
fn commutes(program: &Program, state: &State, goes_on: &[bool]) {
    let abilities = kmapcheck_machine::Abilities::of(program);
    let stuck_in = |state: &State| stuck(&scene(program, &abilities, state)).forever;
    let steps_of = |state: &State, task: usize| steps(program, &state.tasks[task], &state.shared);
    let chosen: Vec<usize> = (0..goes_on.len()).filter(|&task| goes_on[task]).collect();
    let others: Vec<usize> = (0..goes_on.len()).filter(|&task| !goes_on[task]).collect();
    let alike = |a: &Successor, b: &Successor| a.findings == b.findings && a.task.at == b.task.at;
    let mut seen: FxHashSet<State> = FxHashSet::default();
    seen.insert(state.clone());
    let mut queue = std::collections::VecDeque::from([state.clone()]);
    while let Some(here) = queue.pop_front() {
        let stuck_here = stuck_in(&here);
        for &other in &others {
            for (step, there) in here.successors(program, other) {
                let stuck_there = stuck_in(&there);
                if stuck_here.iter().zip(&stuck_there).any(|(a, b)| *a && !*b) {
                    broken("a step took a task out of the stuck set", program);
                }
                for &task in &chosen {
                    let (before, after) = (steps_of(&here, task), steps_of(&there, task));
                    if before.len() != after.len()
                        || !before.iter().zip(&after).all(|(a, b)| alike(a, b))
                    {
                        broken(
                            "a task that is put off changes what a chosen one can do",
                            program,
                        );
                    }
                    for (first, second) in before.iter().zip(&after) {
                        let (one, both) = (
                            here.after(program, task, first),
                            there.after(program, task, second),
                        );
                        let exchanged = (one.successors(program, other).iter())
                            .any(|(b, end)| alike(b, &step) && same(program, end, &both));
                        if !exchanged {
                            broken(
                                "a chosen step and one that is put off do not commute",
                                program,
                            );
                        }
                    }
                }
                if seen.len() < AHEAD && seen.insert(there.clone()) {
                    queue.push_back(there);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kmapcheck_machine::{Start, initial};

    use super::*;

    /// Two tasks that want one slot each, of so many.
    fn two_tasks(slots: u32) -> Program {
        kmapcheck_testing::load(&serde_json::json!({
            "name": "two tasks",
            "model": { "name": "m", "series": { "P": { "slots": slots, "reuse": "none" } } },
            "tasks": [{ "name": "t", "count": 2, "pages": ["p"], "program": [
                { "kmap": "p", "series": "P" }, { "kunmap": "p" } ] }],
        }))
    }

    fn look(slots: u32) {
        let program = two_tasks(slots);
        commutes(
            &program,
            &initial(&program, &Start::default()),
            &[true, false],
        );
    }

    #[test]
    fn steps_that_commute_are_let_pass() {
        look(2);
    }

    #[test]
    #[should_panic(expected = "changes what a chosen one can do")]
    fn a_set_that_is_not_stubborn_is_caught() {
        look(1);
    }
}
