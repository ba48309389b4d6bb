//! The inequalities, held against a state of a program that keeps the rule.
//!
//! What an inequality says of any tasks, stuck or not, must hold in every state of every such
//! program, with the tasks that wait in it as the core.

use kmapcheck_machine::{Map, Standing, State, Task, Wait};
use kmapcheck_prove::rule::equations::{Case, Unknown, Way};
use kmapcheck_prove::rule::{Discipline, Held, Thing};
use kmapcheck_scenario::{Bound, Program, Ref, SeriesId};

/// The first inequality of a case, by position, that a state of the program shows to be wrong.
///
/// `program` is one of the model, and has numbers of slots.
pub fn wrong(
    discipline: &Discipline<'_>,
    case: &Case,
    program: &Program,
    state: &State,
) -> Option<usize> {
    let names = Names {
        discipline,
        program,
    };
    let groups: Vec<Option<usize>> = (0..state.tasks.len())
        .map(|task| {
            let group = names.group(state, task)?;
            case.groups.iter().position(|&known| known == group)
        })
        .collect();
    let tasks = |group: usize| {
        (state.tasks.iter().zip(&groups))
            .filter(move |&(_, of)| *of == Some(group))
            .map(|(task, _)| task)
    };
    let value = |&unknown: &Unknown| -> i64 {
        match unknown {
            Unknown::Tasks(group) => tasks(group).map(|_| 1).sum(),
            Unknown::Holds(group, held) => tasks(group).map(|task| names.holds(task, held)).sum(),
            Unknown::Holders(group, series) => tasks(group)
                .map(|task| i64::from(names.slots(task).any(|(_, lies)| lies == series)))
                .sum(),
            Unknown::Slots(series) => match names.series(series).slots {
                Bound::Exactly(slots) => i64::from(slots),
                Bound::Any => unreachable!("the program has numbers"),
            },
        }
    };
    let values: Vec<i64> = case.unknowns.iter().map(value).collect();
    (case.problem.constraints.iter().zip(&case.of_stuck_tasks))
        .position(|(constraint, &of_stuck)| !of_stuck && !constraint.satisfied_by(&values))
}

/// What the model and a program on it call the same.
struct Names<'a> {
    discipline: &'a Discipline<'a>,
    program: &'a Program,
}

impl Names<'_> {
    /// What a task waits for, and in which way; `None`: it does not, or for nothing of the rule's.
    fn group(&self, state: &State, task: usize) -> Option<(Thing, Way)> {
        let Standing::Waits(waiting) = state.standing(self.program, task) else {
            return None;
        };
        let thing = match waiting.wait? {
            Wait::Slot { series, .. } => Thing::Series(self.of_the_model(series)),
            Wait::Spin(Ref::Shared(lock))
            | Wait::Read(Ref::Shared(lock))
            | Wait::Write(Ref::Shared(lock))
            | Wait::Units(Ref::Shared(lock), _) => {
                let name = &self.program.resources[lock].name;
                let mut locks = self.discipline.locks.iter();
                let is_it = |lock: &&usize| self.discipline.program.resources[**lock].name == *name;
                Thing::Lock(*locks.find(is_it)?)
            }
            _ => return None,
        };
        let task = &state.tasks[task];
        let bounded = |series| self.discipline.bounds_holders(series);
        let has_units = (self.discipline.locks.iter())
            .filter(|&&lock| self.discipline.reserves(lock).is_some())
            .any(|&lock| self.holds(task, Held::from(Thing::Lock(lock))) > 0);
        let is_bare = self.slots(task).next().is_none() && !has_units;
        let way = match thing {
            _ if self.discipline.has_reservations() && is_bare => Way::Bare,
            Thing::Series(series) if bounded(series) => {
                match self.slots(task).any(|(_, lies)| lies == series) {
                    true => Way::Holder,
                    false => Way::Fresh,
                }
            }
            _ => Way::Plain,
        };
        Some((thing, way))
    }

    /// The slots of a task: the series of the model in which each was asked for, and lies.
    fn slots(&self, task: &Task) -> impl Iterator<Item = (SeriesId, SeriesId)> {
        task.maps.iter().filter_map(|map| match *map {
            Map::Pin { asked, lies, .. } => {
                Some((self.of_the_model(asked), self.of_the_model(lies)))
            }
            _ => None,
        })
    }

    /// How much of it a task holds.
    fn holds(&self, task: &Task, held: Held) -> i64 {
        match held.lies {
            Thing::Series(_) => self
                .slots(task)
                .map(|(asked, lies)| i64::from(Held::slot(asked, lies) == held))
                .sum(),
            Thing::Lock(lock) => {
                let name = &self.discipline.program.resources[lock].name;
                let is_it = |what: Ref| match what {
                    Ref::Shared(lock) => self.program.resources[lock].name == *name,
                    Ref::Own(_) => false,
                };
                let of_it = task.held.iter().filter(|held| is_it(held.what));
                of_it.map(|held| i64::from(held.n)).sum()
            }
        }
    }

    /// The number that the model has for a series of the program.
    fn of_the_model(&self, series: SeriesId) -> SeriesId {
        let name = &self.program.series[series].name;
        let mut all = self.discipline.program.series.iter();
        (all.position(|series| series.name == *name)).expect("the program is one of the model")
    }

    /// The series of the program that the model has under that number.
    fn series(&self, series: SeriesId) -> &kmapcheck_scenario::Series {
        let name = &self.discipline.program.series[series].name;
        let mut all = self.program.series.iter();
        (all.find(|series| series.name == *name)).expect("the program is one of the model")
    }
}
