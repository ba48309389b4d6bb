//! The cases, each with inequalities of its own.
//!
//! What holds in every state is not always one linear inequality, but one of two. An rwsem is not
//! held for reading and for writing at once. A shared page that some task waits to map is mapped by
//! nobody where that mapping would do. A series whose number of slots is open either has no
//! more slots than it keeps for holders, and then nobody ever has a pin there; or it has more, and
//! then no more tasks have a pin than there are other slots. Each of the two is a case, so every
//! number of slots is in a case: a case split is not a premise.

use kmapcheck_limits::ask;
use kmapcheck_local::{Holding, LocalState, Locals};
use kmapcheck_machine::{Mode, Name, PageId};
use kmapcheck_scenario::{Bound, Op, Program, Ref, SeriesId};

use crate::graph::{Graph, Kind};

/// More cases than this are not told apart. What is not told apart is left out of the inequalities,
/// which makes solutions more likely and is safe.
const MAX_CASES: usize = 64;

/// One case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Case {
    /// Shared rwsems and how nobody holds them.
    pub nobody_holds: Vec<(usize, Mode)>,
    /// Series with an open number of slots, and whether they keep all of them for holders.
    pub keeps_all: Vec<(SeriesId, bool)>,
    /// Shared pages with a series, and whether some task may have the page mapped there, so that nobody
    /// waits to map it; or nobody has.
    pub mapped: Vec<((PageId, SeriesId), bool)>,
}

impl Case {
    /// Whether tasks of that kind can be there in this case.
    pub(crate) fn allows(&self, kind: &Kind) -> bool {
        let holds = |&(lock, mode): &(usize, Mode)| {
            let what = Holding::Held(Ref::Shared(lock), mode);
            kind.holdings.iter().any(|&(held, _)| held == what)
        };
        let has_a_pin = |&(series, all): &(SeriesId, bool)| all && kind.pins_in.contains(&series);
        let is_not_there = |(page, mapped): &((PageId, SeriesId), bool)| match mapped {
            true => kind.unmapped.contains(page),
            false => kind.mapped.contains(page),
        };
        !self.nobody_holds.iter().any(holds)
            && !self.keeps_all.iter().any(has_a_pin)
            && !self.mapped.iter().any(is_not_there)
    }

    fn and(&self, change: impl FnOnce(&mut Case)) -> Case {
        let mut case = self.clone();
        change(&mut case);
        case
    }
}

/// All cases for tasks of those kinds: of each rwsem that some hold for reading and others for
/// writing, of each shared page that some wait to map and others have mapped, and of each series that
/// bounds its holders and has an open number of slots.
pub(crate) fn cases(
    program: &Program,
    holders_bounded: &[bool],
    graph: &Graph,
    kinds: &[usize],
) -> Vec<Case> {
    let mut cases = vec![Case::default()];
    let writers = held(graph, kinds, Mode::Write);
    for lock in held(graph, kinds, Mode::Read) {
        if writers.contains(&lock) && cases.len() < MAX_CASES {
            cases = (cases.iter())
                .flat_map(|case| {
                    [Mode::Write, Mode::Read]
                        .map(|mode| case.and(|case| case.nobody_holds.push((lock, mode))))
                })
                .collect();
        }
    }
    for (series, (declared, &bounded)) in program.series.iter().zip(holders_bounded).enumerate() {
        let is_split = bounded && declared.slots == Bound::Any && cases.len() < MAX_CASES;
        let has_pins = |&kind: &usize| graph.kinds[kind].pins_in.contains(&series);
        if is_split && kinds.iter().any(has_pins) {
            cases = (cases.iter())
                .flat_map(|case| {
                    [true, false].map(|all| case.and(|case| case.keeps_all.push((series, all))))
                })
                .collect();
        }
    }
    let mut awaited: Vec<(PageId, SeriesId)> = (kinds.iter())
        .flat_map(|&kind| graph.kinds[kind].unmapped.iter().copied())
        .collect();
    awaited.sort_unstable();
    awaited.dedup();
    for page in awaited {
        let has_it = |&kind: &usize| graph.kinds[kind].mapped.contains(&page);
        if kinds.iter().any(has_it) && cases.len() < MAX_CASES {
            cases = (cases.iter())
                .flat_map(|case| {
                    [true, false].map(|mapped| case.and(|case| case.mapped.push((page, mapped))))
                })
                .collect();
        }
    }
    cases
}

/// The shared locks that some of the kinds hold in that mode, sorted.
fn held(graph: &Graph, kinds: &[usize], wanted: Mode) -> Vec<usize> {
    let mut locks: Vec<usize> = (kinds.iter())
        .flat_map(|&kind| &graph.kinds[kind].holdings)
        .filter_map(|&(held, _)| match held {
            Holding::Held(Ref::Shared(lock), mode) if mode == wanted => Some(lock),
            _ => None,
        })
        .collect();
    locks.sort_unstable();
    locks.dedup();
    locks
}

/// For each series, whether no more tasks have a pin there than there are slots that are not kept
/// for holders, or nobody where there are no others.
///
/// That is so where the series keeps some and, in every state, there are at least as many slots in
/// use as tasks with a pin. For then a task without a pin is given a slot only while the slots in
/// use, those kept, and one more are at most all; afterwards the tasks with a pin are at most the
/// slots in use, so they and those kept are at most all. Nothing else makes a task one with a pin,
/// if no kmap does by reuse. Two things are needed:
///
/// - whoever has a pin has a slot there that nobody else can be using too. Else many tasks could
///   share one slot, and a next one be let in;
/// - no task gets its first pin through a mapping that is there already, be it in a branch of a select.
///   That is not refused, however many slots are in use.
pub(crate) fn holders_bounded(program: &Program, locals: &Locals) -> Vec<bool> {
    let each_has_its_own = |series: SeriesId| {
        locals.states.iter().all(|local| {
            ask();
            !local.task.pins_in(series)
                || (local.holdings(program).iter()).any(|&(held, _)| held == Holding::Slots(series))
        })
    };
    (0..program.series.len())
        .map(|series| {
            program.series[series].for_holders > 0
                && each_has_its_own(series)
                && !gets_a_first_pin_by_reuse(program, locals, series)
        })
        .collect()
}

/// Whether a task without a pin lying in the series may get one through a mapping that is there
/// already: that is not refused for the sake of holders.
fn gets_a_first_pin_by_reuse(program: &Program, locals: &Locals, series: SeriesId) -> bool {
    locals.states.iter().any(|local| {
        ask();
        // Of a select, each branch may begin with such a kmap.
        let mut calls = local.calls(program).map(|(_, call)| call);
        !local.task.pins_in(series)
            && calls.any(|call| match call {
                Op::Kmap {
                    page,
                    series: asked,
                }
                | Op::TryKmap {
                    page,
                    series: asked,
                    ..
                } => {
                    kmapcheck_machine::acceptable_series(program, asked).any(|s| s == series)
                        && may_be_mapped(program, local, page, series)
                }
                _ => false,
            })
    })
}

/// Whether the page of that name may have a mapping in the series.
fn may_be_mapped(program: &Program, local: &LocalState, page: Ref, series: SeriesId) -> bool {
    match page {
        Ref::Shared(_) => true,
        Ref::Own(name) => match local.task.names.get(name) {
            Some(&Name::Page(page)) => (page.checked_sub(program.pages.len()))
                .and_then(|own| local.pages.get(own))
                .is_none_or(|page| page.count[series] > 0),
            _ => false,
        },
    }
}
