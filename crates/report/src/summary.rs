//! One sentence for each kind of finding.

use kmapcheck_machine::{Effect, Map, Mode, Name, State, Successor, TaskId};
use kmapcheck_scenario::{FindingKind, Location, Node, NodeId, Op, Program};

use crate::ledger::{Entry, Ledger, Thing};
use crate::names::Names;
use crate::words::list;
use crate::{describe, misuse, slots};

/// The moment a finding shows: a call, before it is carried out.
pub(crate) struct Moment<'a> {
    pub program: &'a Program,
    pub names: &'a Names,
    /// What everybody holds before the call.
    pub ledger: &'a Ledger,
    /// The state before the call, as far as it matters: usage and resources.
    pub task: TaskId,
    /// What the call did; `None`: it waits.
    pub done: Option<&'a Successor>,
    /// What the task still had when it ended with this call.
    pub lost: &'a [Entry],
}

impl Moment<'_> {
    /// One sentence, without a full stop.
    pub(crate) fn summary(&self, kind: FindingKind, can_sleep: Option<bool>) -> String {
        let who = self.names.name(self.task);
        let call = self.call();
        match kind {
            FindingKind::SleepInAtomic => {
                let why = list(&self.atomic_because());
                let really = match can_sleep {
                    Some(true) => "; it can really sleep there",
                    Some(false) => "; it never has to sleep there",
                    None => "",
                };
                format!("{who} calls {call}, which may sleep, while it holds {why}{really}")
            }
            FindingKind::FreedWhileMapped => {
                let users = self.users();
                let mapped = match users.as_slice() {
                    [] => "it is still mapped by a task that has ended".to_owned(),
                    [(who, since)] => format!("{who} still has it mapped since step {since}"),
                    users => {
                        let each =
                            |(who, since): &(String, usize)| format!("{who} (since step {since})");
                        let users: Vec<String> = users.iter().map(each).collect();
                        format!("{} still have it mapped", list(&users))
                    }
                };
                format!("{who} frees {} while {mapped}", self.page_name())
            }
            FindingKind::SlotLeak => {
                let lost = self.lost_things(|thing| matches!(thing, Thing::Map(_)));
                format!("{who} ends without giving back {}", list(&lost))
            }
            FindingKind::LockLeak => {
                let lost = self.lost_things(|thing| !matches!(thing, Thing::Map(_)));
                format!("{who} ends without giving back {}", list(&lost))
            }
            FindingKind::AtomicSlotClash => {
                let kind = match self.op() {
                    Some(Op::KmapAtomic { kind, .. }) => self.program.atomic_types[kind].as_str(),
                    _ => "a type",
                };
                format!(
                    "{who} maps {} through {kind}, which already maps {}",
                    self.page_name(),
                    self.clash()
                )
            }
            FindingKind::UseAfterFree => {
                format!(
                    "{who} calls {call}, but {} was freed{}",
                    self.page_name(),
                    self.freed_by()
                )
            }
            FindingKind::DoubleFree => {
                format!(
                    "{who} frees {} again: it was freed already{}",
                    self.page_name(),
                    self.freed_by()
                )
            }
            FindingKind::Misuse => format!("{who} calls {call}, but {}", misuse::why(self)),
            FindingKind::OrderViolation => self.order_violation(&who),
            FindingKind::SeriesMixture => {
                let series = |id: usize| self.program.series[id].name.as_str();
                let lies = match self.done.map(|done| &done.effect) {
                    Some(Effect::Reused { lies, .. }) => series(*lies),
                    _ => "another series",
                };
                format!(
                    "{who} calls {call} and gets the mapping of {} that lies in {lies}",
                    self.page_name()
                )
            }
            FindingKind::Deadlock | FindingKind::TimeoutRescue | FindingKind::Starved => {
                format!("{who} waits in {call} for ever")
            }
        }
    }

    /// The operation; where the task waits in a select, that.
    pub(crate) fn op(&self) -> Option<Op> {
        Some(self.node()?.op)
    }

    /// What was carried out, of a select the first operation of the branch; or what the task waits in.
    fn node(&self) -> Option<&Node> {
        let task = self.ledger.before(self.task);
        let node = self.done.map(|done| done.node).or(task.at)?;
        Some(&self.program.templates[task.template].nodes[node])
    }

    /// Whether the operation goes by another name than that of the primitive.
    pub(crate) fn is_renamed(&self) -> bool {
        self.node()
            .is_some_and(|node| self.program.origins[node.origin].is_renamed())
    }

    fn call(&self) -> &str {
        self.node()
            .map_or("?", |node| self.program.origins[node.origin].text())
    }

    pub(crate) fn page_name(&self) -> &str {
        let template = self.ledger.before(self.task).template;
        self.op()
            .and_then(Op::page)
            .map_or("a page", |name| self.program.page_name(template, name))
    }

    /// `at step 3 (s.json:5:9)`.
    pub(crate) fn at(&self, step: usize, location: Location) -> String {
        format!("at step {step} ({})", self.program.show_location(location))
    }

    /// The same of an operation of the task.
    pub(crate) fn at_node(&self, step: usize, node: NodeId) -> String {
        let template = &self.program.templates[self.ledger.before(self.task).template];
        self.at(
            step,
            self.program.origins[template.nodes[node].origin].location(),
        )
    }

    /// Something held and since when, such as `spinlock l (since step 1)`.
    fn since(&self, entry: &Entry) -> String {
        let template = self.ledger.before(self.task).template;
        let what = describe::holding(self.program, template, entry);
        format!(
            "{what}, held since step {} ({})",
            entry.step,
            self.program.show_location(entry.location)
        )
    }

    fn atomic_because(&self) -> Vec<String> {
        let atomic = |entry: &&Entry| match entry.thing {
            Thing::Held(held) => held.mode == Mode::Spin,
            Thing::Map(map) => matches!(map, Map::Atomic { .. }),
            Thing::PageLock(_) => false,
        };
        self.ledger
            .of(self.task)
            .filter(atomic)
            .map(|entry| self.since(entry))
            .collect()
    }

    fn lost_things(&self, fits: impl Fn(Thing) -> bool) -> Vec<String> {
        self.lost
            .iter()
            .filter(|entry| fits(entry.thing))
            .map(|entry| self.since(entry))
            .collect()
    }

    /// Who has a pin of the page that is freed, and since when.
    fn users(&self) -> Vec<(String, usize)> {
        let Some(Name::Page(page)) = self
            .op()
            .and_then(Op::page)
            .map(|name| self.ledger.resolve(self.task, name))
        else {
            return Vec::new();
        };
        let pins = |entry: &&Entry| matches!(entry.thing, Thing::Map(map) if map.is_pin() && map.page() == page);
        (0..self.ledger.tasks())
            .filter_map(|task| {
                let since = self.ledger.of(task).find(pins)?.step;
                let who = match task == self.task {
                    true => "it".to_owned(),
                    false => self.names.name(task),
                };
                Some((who, since))
            })
            .collect()
    }

    /// The page that the atomic type maps already.
    fn clash(&self) -> String {
        let Some(Op::KmapAtomic { kind, .. }) = self.op() else {
            return "another page".to_owned();
        };
        let same = |entry: &&Entry| matches!(entry.thing, Thing::Map(Map::Atomic { kind: held, .. }) if held == Some(kind));
        self.ledger.of(self.task).filter(same).last().map_or_else(
            || "another page".to_owned(),
            |entry| format!("{} since step {}", entry.name, entry.step),
        )
    }

    fn freed_by(&self) -> String {
        let name = self.op().and_then(Op::page);
        name.and_then(|name| self.ledger.freed(self.task, name))
            .map_or_else(String::new, |freed| {
                format!(
                    ", by {} at step {} ({})",
                    self.names.name(freed.by),
                    freed.step,
                    self.program.show_location(freed.location)
                )
            })
    }

    fn order_violation(&self, who: &str) -> String {
        let before = self.ledger.before(self.task);
        let template = before.template;
        let asked = |op: Op| match op {
            Op::Kmap { series, .. } => {
                let series = &self.program.series[series];
                Some((slots::a_slot(series), series.rank?))
            }
            Op::SpinLock { lock } | Op::DownRead { lock } | Op::DownWrite { lock } => Some((
                describe::resource(self.program, template, lock),
                self.program.resource(template, lock).rank?,
            )),
            Op::Down { pool, n } => Some((
                describe::units(self.program, template, pool, n),
                self.program.resource(template, pool).rank?,
            )),
            _ => None,
        };
        let place = |entry: &Entry| match entry.thing {
            Thing::Map(Map::Pin { asked, .. }) => self.program.series[asked].rank,
            Thing::Held(held) => self.program.resource(template, held.what).rank,
            _ => None,
        };
        let held_from = |rank: usize| -> Vec<&Entry> {
            let held = self.ledger.of(self.task);
            held.filter(|entry| place(entry).is_some_and(|held| held >= rank))
                .collect()
        };
        // A select asks for what all its branches begin with; the first of these goes against it.
        let broken = describe::calls(self.program, before)
            .filter_map(asked)
            .map(|(asked, rank)| (asked, held_from(rank)))
            .find(|(_, held)| !held.is_empty());
        let Some((asked, held)) = broken else {
            return format!("{who} breaks the order");
        };
        let is_pin = |entry: &&Entry| match entry.thing {
            Thing::Map(Map::Pin { asked, .. }) => !self.program.series[asked].has_units(),
            thing => matches!(thing, Thing::Map(_)),
        };
        let pins_only = held.iter().all(is_pin);
        let held: Vec<String> = held.into_iter().map(|entry| self.since(entry)).collect();
        format!(
            "{who} asks for {asked} in {} while it {} {}; the order is {}",
            self.call(),
            if pins_only { "pins" } else { "holds" },
            list(&held),
            describe::order(self.program)
        )
    }
}

/// The sentence about a task that waits for ever although its holder lives.
pub(crate) fn starved(program: &Program, names: &Names, state: &State, task: TaskId) -> String {
    let who = names.name(task);
    let at = &state.tasks[task];
    let call = at.at.map_or("?", |node| {
        program.origins[program.templates[at.template].nodes[node].origin].text()
    });
    let what = match state.standing(program, task) {
        kmapcheck_machine::Standing::Waits(waiting) => {
            describe::waits_for(program, state, task, waiting)
        }
        _ => Vec::new(),
    };
    let what = if what.is_empty() {
        String::new()
    } else {
        format!(" for {}", list(&what))
    };
    format!(
        "{who} waits in {call}{what} and on no continuation takes another step, \
         though the tasks that could help it are not stuck"
    )
}
