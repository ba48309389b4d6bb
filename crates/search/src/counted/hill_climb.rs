//! Climbing towards a finding that needs many tasks.
//!
//! That a try fails, or that tasks get stuck, may take as many tasks as there are slots, and a
//! breadth-first search never gets that deep. So from the best state so far the search goes
//! breadth-first to the nearest state that is better by a measure, and from there on likewise:
//! enforced hill-climbing (Hoffmann and Nebel, *The FF planning system*, JAIR 14, 2001). Measures
//! are the slots of one series that are in use, or that tasks have lost, the units of one pool that
//! are gone, and how many tasks of a core that the [equations](kmapcheck_equations) allow are in place,
//! with the slots that they wait for.
//!
//! Only as many tasks take part as could be needed, and the run is carried over to all of them as in
//! [`few`]. Whatever is found on the way is a finding, with a run that is not claimed to be a shortest one;
//! nothing is claimed where nothing is found.

use kmapcheck_engine::{Meter, Progress, Stopped};
use kmapcheck_equations::Cores;
use kmapcheck_machine::{
    Findings, Held, Map, ResourceState, Standing, Starts, Task, Trace, Wanted, initial,
};
use kmapcheck_scenario::{Bound, FindingKind, Op, Program, SeriesId};
use kmapcheck_stuck::traps::starved_for_good;
use rustc_hash::{FxHashMap, FxHashSet};

use super::decide::Known;
use super::explore::{CountedStep, Explorer, NONE, Run};
use super::few;
use super::packed::Counts;
use super::table::Table;

/// So many states are looked at for the next better one,
const NEAR: usize = 3_000;
/// so many before that among those that one task gets to by itself,
const NEAR_ALONE: usize = 300;
/// and so many in all.
const ALL: u64 = 400_000;

/// What a state is measured by.
#[derive(Default)]
pub(super) struct Measure {
    /// Series whose slots in use count.
    series: Vec<SeriesId>,
    /// Shared pools whose units count that are not there.
    pools: Vec<usize>,
    /// Tasks that are to be in place: what each is like, and how many of them.
    places: Vec<(Place, u32)>,
    /// Whether only slots count that no task lives to give back.
    lost: bool,
    /// Whether tasks that wait count, where all else is the same: those that hold what they will
    /// never give back have to come to a wait before they are stuck.
    waits: bool,
}

/// A task as the measure sees it: where it stands, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    template: usize,
    at: Option<usize>,
    pins: Vec<SeriesId>,
    held: Vec<Held>,
}

impl Place {
    fn of(task: &Task) -> Place {
        let pins = task.maps.iter().filter_map(|map| match map {
            Map::Pin { lies, .. } => Some(*lies),
            _ => None,
        });
        let mut pins: Vec<SeriesId> = pins.collect();
        pins.sort_unstable();
        Place {
            template: task.template,
            at: task.at,
            pins,
            held: task.held.clone(),
        }
    }
}

/// The measures worth climbing by: for each possible core, and for each series.
pub(super) fn measures(program: &Program, known: Option<&Known<'_>>) -> Vec<Measure> {
    let mut found = Vec::new();
    if let Some(&Known {
        locals,
        graph,
        cores: Cores::Possible(possible),
        ..
    }) = known
    {
        for possible in possible.iter().take(4) {
            let places = (possible.core.tasks.iter())
                .map(|&(kind, n)| {
                    let local = &locals.states[graph.kinds[kind].local as usize];
                    // Of how many there is more is no matter: a measure is only where to look.
                    (Place::of(&local.task), u32::try_from(n).unwrap_or(u32::MAX))
                })
                .collect();
            let series = possible.awaited().iter().filter_map(|need| match need {
                Wanted::Slot { series, .. } => Some(*series),
                _ => None,
            });
            found.push(Measure {
                series: series.collect(),
                places,
                ..Measure::default()
            });
        }
    }
    let asked = |series: SeriesId| {
        let asks = |op| matches!(op, Op::Kmap { series: s, .. } | Op::TryKmap { series: s, .. } if s == series);
        let nodes = program
            .templates
            .iter()
            .flat_map(|template| &template.nodes);
        nodes.into_iter().any(|node| asks(node.op))
    };
    for series in (0..program.series.len()).filter(|&series| asked(series)) {
        if program.series[series].slots != Bound::Any {
            let may_lose = known.is_none_or(|known| known.locals.leak().is_some());
            for lost in [true, false].into_iter().filter(|lost| may_lose || !lost) {
                found.push(Measure {
                    series: vec![series],
                    lost,
                    waits: may_lose && !lost,
                    ..Measure::default()
                });
            }
        }
    }
    for pool in 0..program.resources.len() {
        if program.resources[pool].kind.units().is_some_and(|n| n > 1) {
            found.push(Measure {
                pools: vec![pool],
                ..Measure::default()
            });
        }
    }
    found
}

/// What is compared: tasks in place, slots, tasks that wait.
type Height = (u64, u64, u64);

/// A climb under way.
struct Climb<'m> {
    measure: &'m Measure,
    /// By local state: which place it is, and how many pins it has in the measured series.
    tasks: FxHashMap<u32, (Option<usize>, u64)>,
    /// States looked at.
    looked: u64,
    /// How a task alone last got higher: the local state it began in, and which successors it took.
    habit: Option<(u32, Vec<u32>)>,
}

impl Climb<'_> {
    fn height_of(&mut self, explorer: &mut Explorer<'_>, number: u32) -> Height {
        let mut state = Counts::default();
        explorer.visited.get(number, &mut state);
        self.height(&mut explorer.table, &state)
    }

    fn height(&mut self, table: &mut Table<'_>, state: &Counts) -> Height {
        let measure = self.measure;
        let usage = table.world(state.world).usage();
        let in_use = measure.series.iter().map(|&s| u64::from(usage[s].in_use));
        let resources = table.world(state.world).resources();
        let kinds = &table.program().resources;
        let gone = measure.pools.iter().map(|&pool| {
            match (resources[pool], kinds[pool].kind.units()) {
                // There are never more than there can be.
                (ResourceState::Units { free, .. }, Some(units)) => {
                    u64::from(units.saturating_sub(free))
                }
                _ => 0,
            }
        });
        let in_use: u64 = in_use.chain(gone).sum();
        let mut present = vec![0; measure.places.len()];
        let (mut pinned, mut waiting) = (0, 0);
        for &(local, n) in &state.tasks {
            let (place, pins) = *self.tasks.entry(local).or_insert_with(|| {
                let task = Place::of(table.local(local).task());
                let pins = task.pins.iter().filter(|s| measure.series.contains(s));
                let pins = pins.count() as u64;
                let mut places = measure.places.iter();
                (places.position(|(place, _)| *place == task), pins)
            });
            if let Some(place) = place {
                present[place] += n;
            }
            pinned += pins * u64::from(n);
            if measure.waits
                && matches!(table.entry(local, state.world).standing, Standing::Waits(_))
            {
                waiting += u64::from(n);
            }
        }
        let wanted = measure.places.iter().map(|&(_, n)| n);
        let in_place = (present.iter().zip(wanted)).map(|(&n, wanted)| u64::from(n.min(wanted)));
        let held = if measure.lost { pinned } else { 0 };
        // What tasks hold is in use, but slots of a page that several pin count for each of them.
        (in_place.sum(), in_use.saturating_sub(held), waiting)
    }
}

/// Climbs by that measure; whatever it meets of the wanted kinds, and the limit that ended it early,
/// if one did.
pub(super) fn climb(
    program: &Program,
    measure: &Measure,
    wanted: Findings,
    meter: &mut Meter<'_>,
) -> (Vec<(FindingKind, Trace)>, Option<Stopped>) {
    let few = few::fewer(program, enough(program, measure));
    let mut explorer = Explorer::new(few.as_ref().unwrap_or(program));
    explorer.start_in_one();
    let mut climb = Climb {
        measure,
        tasks: FxHashMap::default(),
        looked: 0,
        habit: None,
    };
    let mut state = Counts::default();
    let mut at = 0;
    explorer.visited.get(at, &mut state);
    let mut height = climb.height(&mut explorer.table, &state);
    let stopped = loop {
        let next = meter.run(|meter| ascend(&mut explorer, &mut climb, at, height, wanted, meter));
        match next.unwrap_or_else(Err) {
            Ok(Some(higher)) => (at, height) = higher,
            Ok(None) => break None,
            Err(stopped) => break Some(stopped),
        }
    };
    let found = few::confirmed(program, few.as_ref(), &mut explorer, wanted);
    (found, stopped)
}

/// So many instances of each task program take all that the measure is about, and some are left.
fn enough(program: &Program, measure: &Measure) -> u32 {
    let slots = (measure.series.iter()).map(|&series| match program.series[series].slots {
        Bound::Exactly(slots) => slots,
        Bound::Any => 0,
    });
    let units = (measure.pools.iter()).filter_map(|&pool| program.resources[pool].kind.units());
    let slots = slots.chain(units);
    let places = measure.places.iter().map(|&(_, n)| n);
    // There are never more instances than a 32-bit number of them.
    slots.chain(places).fold(64, u32::saturating_add)
}

/// The nearest state from there that is higher; `None` if there is none near, or everything wanted
/// has been found.
fn ascend(
    explorer: &mut Explorer<'_>,
    climb: &mut Climb<'_>,
    from: u32,
    height: Height,
    wanted: Findings,
    meter: &mut Meter<'_>,
) -> Result<Option<(u32, Height)>, Stopped> {
    let (mut state, mut next) = (Counts::default(), Counts::default());
    if let Some(found) = ascend_alone(explorer, climb, from, height, meter)? {
        return Ok(Some(found));
    }
    let mut near = vec![from];
    let mut seen: FxHashSet<u32> = [from].into_iter().collect();
    let mut i = 0;
    while i < near.len() && i < NEAR && climb.looked < ALL {
        climb.looked += 1;
        look(explorer, meter)?;
        let number = near[i];
        explorer.visited.get(number, &mut state);
        for after in explorer.successors(number, &state) {
            if seen.insert(after) {
                explorer.visited.get(after, &mut next);
                let higher = climb.height(&mut explorer.table, &next);
                if higher > height {
                    return Ok(Some((after, higher)));
                }
                near.push(after);
            }
        }
        if explorer.candidates.news(wanted).is_empty() {
            return Ok(None);
        }
        i += 1;
    }
    // Looking at every task takes longest of all, so it is left out on the way up: tasks that are
    // stuck there are so in every later state.
    for number in near {
        if explorer.candidates.news(wanted).is_empty() {
            break;
        }
        look(explorer, meter)?;
        explorer.visited.get(number, &mut state);
        explorer.note_state(number, &state, 0);
        if explorer
            .candidates
            .news(wanted)
            .contains(FindingKind::Starved)
        {
            explorer.note_starving(number, &state);
        }
        explorer.candidates.settle(u64::MAX);
    }
    Ok(None)
}

/// The nearest higher state that some task gets to while all others stand: first the way another
/// task last did, as what one does the next can do too.
fn ascend_alone(
    explorer: &mut Explorer<'_>,
    climb: &mut Climb<'_>,
    from: u32,
    height: Height,
    meter: &mut Meter<'_>,
) -> Result<Option<(u32, Height)>, Stopped> {
    if let Some((actor, choices)) = climb.habit.take() {
        let found = repeat(explorer, climb, (from, actor), &choices, meter)?;
        if let Some(found) = found.filter(|&(_, higher)| higher > height) {
            climb.habit = Some((actor, choices));
            return Ok(Some(found));
        }
    }
    let mut state = Counts::default();
    explorer.visited.get(from, &mut state);
    let actors = state.tasks.iter();
    let mut near: Vec<Near> = actors.map(|&(actor, _)| Near::start(from, actor)).collect();
    let mut seen: FxHashSet<(u32, u32)> = near.iter().map(|n| (n.state, n.actor)).collect();
    let mut i = 0;
    while i < near.len() && i < NEAR_ALONE && climb.looked < ALL {
        climb.looked += 1;
        look(explorer, meter)?;
        let (number, actor) = (near[i].state, near[i].actor);
        explorer.visited.get(number, &mut state);
        if let Some(position) = state.tasks.iter().position(|&(local, _)| local == actor) {
            for (after, actor, choice) in explorer.successors_of(number, &state, position) {
                if seen.insert((after, actor)) {
                    near.push(Near {
                        state: after,
                        actor,
                        came: Some((i, choice)),
                    });
                    let higher = climb.height_of(explorer, after);
                    if higher > height {
                        // Who is in place need not want company: only slots are taken by habit.
                        if climb.measure.places.is_empty() {
                            climb.habit = Some(way(&near));
                        }
                        return Ok(Some((after, higher)));
                    }
                }
            }
        }
        i += 1;
    }
    Ok(None)
}

/// A state that one task got to alone.
struct Near {
    state: u32,
    /// The local state of that task.
    actor: u32,
    /// Where it came from, and which successor it took.
    came: Option<(usize, u32)>,
}

impl Near {
    fn start(state: u32, actor: u32) -> Near {
        Near {
            state,
            actor,
            came: None,
        }
    }
}

/// The way to the last of them.
fn way(near: &[Near]) -> (u32, Vec<u32>) {
    let (mut at, mut choices) = (near.len() - 1, Vec::new());
    while let Some((before, choice)) = near[at].came {
        choices.push(choice);
        at = before;
    }
    choices.reverse();
    (near[at].actor, choices)
}

/// Where a task that begins in that local state gets to by taking those successors, if it can.
fn repeat(
    explorer: &mut Explorer<'_>,
    climb: &mut Climb<'_>,
    (mut number, mut actor): (u32, u32),
    choices: &[u32],
    meter: &mut Meter<'_>,
) -> Result<Option<(u32, Height)>, Stopped> {
    let mut state = Counts::default();
    for &wanted in choices {
        climb.looked += 1;
        look(explorer, meter)?;
        explorer.visited.get(number, &mut state);
        let Some(position) = state.tasks.iter().position(|&(local, _)| local == actor) else {
            return Ok(None);
        };
        let successors = explorer.successors_of(number, &state, position);
        let mut same = successors
            .into_iter()
            .filter(|&(_, _, choice)| choice == wanted);
        match same.next() {
            Some((after, then, _)) => (number, actor) = (after, then),
            None => return Ok(None),
        }
    }
    Ok(Some((number, climb.height_of(explorer, number))))
}

/// Whether a limit is reached.
pub(super) fn look(explorer: &Explorer<'_>, meter: &mut Meter<'_>) -> Result<(), Stopped> {
    if let Some(full) = explorer.full() {
        return Err(full);
    }
    // Not counted against the limit of states: these are looked at beside the search.
    let stopped = meter.check(0, || Progress {
        states: explorer.visited.len() as u64,
        memory: explorer.memory(),
        ..Progress::default()
    });
    stopped.map_or(Ok(()), Err)
}

impl Explorer<'_> {
    /// Puts in the initial state in which nothing is mapped that need not be.
    pub(super) fn start_in_one(&mut self) {
        let program = self.table.program();
        if let Some(start) = Starts::up_to_order(program).next() {
            let state = self.counted(&initial(program, &start));
            let (number, _) = self.visited.insert(&state);
            self.parents.push(NONE);
            self.starts.push((number, start));
        }
    }

    /// The states that a task at `position` leads to, findings of the steps noted, with the local state that it is
    /// in then, and which of its successors that is.
    pub(super) fn successors_of(
        &mut self,
        number: u32,
        state: &Counts,
        position: usize,
    ) -> Vec<(u32, u32, u32)> {
        let (local, _) = state.tasks[position];
        let entry = self.table.entry(local, state.world);
        let mut found = Vec::new();
        for i in 0..Table::row_count(entry) {
            let row = self.table.row(entry, i);
            let step = CountedStep { local, row: i };
            self.note_step(number, step, row, 0);
            let followed = self.follow(state, position, row);
            let (after, is_new) = self.visited.insert(&followed.next);
            if is_new {
                self.parents.push(number);
            }
            found.push((after, followed.actor, row.choice));
        }
        self.candidates.settle(u64::MAX);
        found
    }

    /// Who waits there for tasks that are known never to let go.
    fn note_starving(&mut self, number: u32, state: &Counts) {
        let starved = self.judged(state, starved_for_good);
        if let Some(position) = starved.into_iter().position(|starves| starves) {
            self.candidates.offer(FindingKind::Starved, 0, 0, || Run {
                state: number,
                last: None,
                node: None,
                starving: Some(state.tasks[position].0),
            });
        }
    }

    /// The states that follow, findings of the steps noted.
    fn successors(&mut self, number: u32, state: &Counts) -> Vec<u32> {
        (0..state.tasks.len())
            .flat_map(|position| self.successors_of(number, state, position))
            .map(|(after, _, _)| after)
            .collect()
    }
}
