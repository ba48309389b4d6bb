//! How waits are read as waits for one thing each.
//!
//! **A select.** Who is stuck in a select is stuck on each of its first operations as if it stood alone:
//! any one that came would end the wait. So in the argument about stuck sets it may count with any
//! one of them alone, like a task that waits for a CPU and for something else. Which one, is free, and
//! may be another one for each select of the program: for each choice the argument holds. One that
//! excludes a deadlock is enough.
//!
//! **A queue.** Take a fair semaphore, and let some tasks of a stuck set K stand in its queue. The first
//! of them has nobody of K before it; whoever else is before it goes. So it is the units that do not
//! come to it: of those it asks for, too many are held by K, or, where nobody owns them, too few are
//! there and nobody else can give any. Those behind may have enough units, and wait for their turn.
//! All of them are read as waits for as many units as anybody asks for at once: if too few are left
//! for the first, too few are left for that. (A select begins with nothing that has a queue.)
//!
//! **Giving up.** A deadlock is a stuck set of which nobody can give up. Let K be the greatest one. Who
//! can give up is not in it; so whoever keeps something from K in such a way that it never comes is in K, and
//! waits, and cannot give up: it is no CPU that who could give up lacks. So for deadlock alone, of those who
//! can give up only the wait for a CPU counts. That excludes no rescue by a time-out.
//!
//! **Pages.** Who waits in a kmap of a shared page finds it mapped in no series where that mapping would do.
//! So in one state no task waits so while another has the page mapped there. That makes two [cases](crate::case)
//! of each such page and series, if it is told apart who waits for which page and who has which one mapped.
//! As a rule it is not: kinds of task are fewer then, and certificates know no others.

use kmapcheck_limits::ask;
use kmapcheck_local::LocalState;
use kmapcheck_machine::{Given, Map, PageId, Waiting, Wanted, acceptable_series};
use kmapcheck_scenario::{NodeId, Op, Program, Ref, SeriesId, TemplateId};

/// More ways to choose from the selects of a program than this are not tried.
const MAX_READINGS: usize = 64;

/// How the waits of a program are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Shared pools with a queue, and as how many units every request counts.
    asked: Vec<(usize, u32)>,
    /// Selects, and the first operation that counts; of others nothing is said.
    counts: Vec<((TemplateId, NodeId), NodeId)>,
    /// Whether only those count who cannot give up.
    patient: bool,
    /// Whether shared pages are told apart.
    pages: bool,
}

impl Reading {
    /// Nothing is said about selects.
    pub(crate) fn of(program: &Program) -> Reading {
        let queues = program.resources.iter().enumerate();
        let queues = queues.filter(|(_, resource)| resource.kind.has_queue());
        let most = |pool: usize| {
            let asked = nodes(program).filter_map(|(_, op)| match op {
                Op::Down {
                    pool: Ref::Shared(asked),
                    n,
                } if asked == pool => Some(n),
                _ => None,
            });
            asked.max()
        };
        Reading {
            asked: queues.filter_map(|(i, _)| Some((i, most(i)?))).collect(),
            counts: Vec::new(),
            patient: false,
            pages: false,
        }
    }

    /// The same where shared pages are told apart.
    pub(crate) fn by_page(self) -> Reading {
        Reading {
            pages: true,
            ..self
        }
    }

    /// The shared pages and series in which they are not mapped when a task in that local state waits for that;
    /// nothing unless pages are told apart.
    pub(crate) fn unmapped(
        &self,
        program: &Program,
        local: &LocalState,
        need: Wanted,
    ) -> Vec<(PageId, SeriesId)> {
        match (local.op(program), need) {
            (
                Some(Op::Kmap {
                    page: Ref::Shared(page),
                    series,
                }),
                Wanted::Slot { .. },
            ) if self.pages => acceptable_series(program, series)
                .map(|found| (page, found))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The shared pages that a task in that local state has mapped, so that others can take the mapping;
    /// nothing unless pages are told apart.
    pub(crate) fn mapped(&self, program: &Program, local: &LocalState) -> Vec<(PageId, SeriesId)> {
        let mut found: Vec<(PageId, SeriesId)> = (local.task.maps.iter())
            .filter_map(|map| match *map {
                Map::Pin { page, lies, .. }
                    if self.pages
                        && page < program.pages.len()
                        && program.series[lies].reuse.keeps_mappings() =>
                {
                    Some((page, lies))
                }
                _ => None,
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The same where only those count who cannot give up.
    pub(crate) fn of_the_patient(self) -> Reading {
        Reading {
            patient: true,
            ..self
        }
    }

    /// All ways to choose from the selects of a program; without selects one. If they are too many, the
    /// one that says nothing about selects.
    pub(crate) fn all(program: &Program) -> Vec<Reading> {
        let mut readings = vec![Reading::of(program)];
        for (point, op) in nodes(program) {
            if op != Op::Select {
                continue;
            }
            let (template, node) = point;
            let arms: Vec<NodeId> = program.templates[template].nodes[node].arms().collect();
            if readings.len() * arms.len() > MAX_READINGS {
                return vec![Reading::of(program)];
            }
            readings = (readings.iter())
                .flat_map(|reading| {
                    ask();
                    arms.iter().map(|&arm| {
                        let mut reading = reading.clone();
                        reading.counts.push((point, arm));
                        reading
                    })
                })
                .collect();
        }
        readings
    }

    /// What a task wants: each of it must come for the task to go on, as far as it is read so.
    pub(crate) fn wanted(
        &self,
        program: &Program,
        waiting: Waiting,
        local: &LocalState,
    ) -> Vec<Wanted> {
        if self.patient && waiting.gives_up() {
            // To give up takes a CPU: for that one it may wait for ever.
            return waiting.cpu.then_some(Wanted::Cpu).into_iter().collect();
        }
        let mut wanted = waiting.wanted(program, &local.task);
        for wanted in &mut wanted {
            if *wanted == Wanted::Given(Given::AnyOf)
                && let Some(call) = self.counting(local)
            {
                let op = program.templates[local.task.template].nodes[call].op;
                *wanted = Wanted::of_call(program, &local.task, op);
            }
            if let Wanted::Units(pool, n) = wanted
                && let Some(&(_, asked)) = self.asked.iter().find(|(queue, _)| queue == pool)
            {
                *n = asked;
            }
        }
        wanted
    }

    fn counting(&self, local: &LocalState) -> Option<NodeId> {
        let point = (local.task.template, local.task.at?);
        let (_, call) = self.counts.iter().find(|(select, _)| *select == point)?;
        Some(*call)
    }
}

/// Every operation of every task program.
fn nodes(program: &Program) -> impl Iterator<Item = ((TemplateId, NodeId), Op)> + '_ {
    let templates = program.templates.iter().enumerate();
    templates.flat_map(|(id, template)| {
        let nodes = template.nodes.iter().enumerate();
        nodes.map(move |(number, node)| ((id, number), node.op))
    })
}
