//! What a task can hold while it asks for something else, and whether that goes in a circle.
//!
//! What lockdep does for locks, for everything that can run out: slots of series (where they really
//! lie), units of pools, locks, page locks, completions, memory, CPUs. The pairs come from the
//! [local states](kmapcheck_local) in which a task can have to wait, so that they include every
//! path, taken or not, for any number of instances; [`chains`](kmapcheck_local::chains) say which operations
//! make them. The [graph](kmapcheck_equations::Graph) of the pairs has an order, or it has cycles.
//!
//! For locks a cycle is a deadlock that waits to happen. For slots it need not be: a lock that both
//! sides hold, a number of slots that cannot all be taken or units reserved beforehand can rule it
//! out. That is what the [core equations](kmapcheck_equations) decide, for each cycle by itself;
//! `why` puts the answer into words.

pub mod picture;
pub mod text;
mod why;

use kmapcheck_engine::Verdict;
use kmapcheck_equations::{Graph, Sizes, Undecided, each_set};
use kmapcheck_limits::ask;
use kmapcheck_local::chains::Chains;
use kmapcheck_local::{Acquired, Holding, Link, Locals};
use kmapcheck_machine::{Map, Mode, Wanted};
use kmapcheck_prove::words::{label, label_of_held};
use kmapcheck_report::resource;
use kmapcheck_scenario::{Program, Ref, TemplateId};
use serde::Serialize;

use crate::conform::NotJudged;
use crate::place::Place;

/// What is held while something else is asked for in a scenario.
#[derive(Debug, Clone, Serialize)]
pub struct Pairs {
    /// The scenario.
    pub scenario: String,
    /// Its file.
    pub file: String,
    /// The model.
    pub model: String,
    /// Whether tasks could be stuck on one another.
    pub judged: Judged,
    /// The pairs.
    pub pairs: Vec<Pair>,
    /// Whether all operations that make them are listed.
    pub all_paths: bool,
    /// All that is waited for, in an order in which it is taken: the model's own where that will do.
    /// Left out: there are cycles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Vec<String>>,
    /// What is asked for in circles.
    pub cycles: Vec<Cycle>,
    /// What may never come although nobody holds it.
    pub may_never_come: Vec<String>,
    /// Why cycles were not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_judged: Option<NotJudged>,
}

/// Whether tasks could be stuck on one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judged {
    /// No tasks can be.
    Excluded,
    /// That is left open.
    Open,
    /// That was not found out.
    NotJudged,
}

/// Something held while something is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// What is held.
    pub held: String,
    /// What is asked for.
    pub asked: String,
    /// Who does so, and where.
    pub sites: Vec<Site>,
}

/// The operations that make a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Site {
    /// The task program.
    pub task: String,
    /// Where the one thing was taken. A CPU, and a place in a queue, come by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<Place>,
    /// The series in which a pin lies, if that is not the one asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lies_in: Option<String>,
    /// Where the other is asked for.
    pub asked: Place,
}

/// Things that are asked for in a circle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cycle {
    /// The things, each held while the next is asked for, the last while the first is, if one circle
    /// goes through them all.
    pub through: Vec<String>,
    /// Whether one circle goes through them all.
    pub one_circle: bool,
    /// Whether tasks could be stuck on them.
    pub judged: Judged,
    /// Why not, or how.
    pub why: Vec<String>,
}

impl Pairs {
    /// Clean: no tasks are ever stuck on these. Inconclusive: that is not known.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.judged {
            Judged::Excluded => Verdict::Clean,
            Judged::Open | Judged::NotJudged => Verdict::Inconclusive,
        }
    }

    /// The pairs of a scenario.
    #[must_use]
    pub fn of(program: &Program) -> Pairs {
        let mut found = Pairs {
            scenario: program.name.clone(),
            file: program.files.first().cloned().unwrap_or_default(),
            model: program.model.clone(),
            judged: Judged::NotJudged,
            pairs: Vec::new(),
            all_paths: true,
            order: None,
            cycles: Vec::new(),
            may_never_come: Vec::new(),
            not_judged: None,
        };
        match Locals::of(program) {
            Ok(locals) => {
                let graph = Graph::of(program, &locals);
                found.collect(program, &locals);
                found.judge(program, &locals, &graph);
            }
            Err(broken) => found.not_judged = Some(NotJudged::of(program, broken)),
        }
        found
    }

    /// Finds the pairs, with all operations that make them.
    fn collect(&mut self, program: &Program, locals: &Locals) {
        let chains = Chains::of(locals);
        self.all_paths = chains.complete;
        for waiter in &locals.waiters {
            let local = &locals.states[waiter.local as usize];
            let Some(at) = local.task.at else { continue };
            let template = local.task.template;
            for need in waiter.waiting.wanted(program, &local.task) {
                for (holding, _) in local.holdings(program) {
                    ask();
                    let held = thing_held(program, template, holding);
                    let pair = self.pair(held, thing(program, need));
                    for chain in chains.to(waiter.local) {
                        let links: Vec<Option<&Link>> = match holding {
                            Holding::Cpu | Holding::Queued(_) => vec![None],
                            _ => (chain.iter().filter(|link| is(program, link, holding)))
                                .map(Some)
                                .collect(),
                        };
                        for link in links {
                            ask();
                            let site = Site {
                                task: program.templates[template].name.clone(),
                                taken: link.map(|link| Place::of(program, template, link.at)),
                                lies_in: link.and_then(|link| lies_elsewhere(program, link)),
                                asked: Place::of(program, template, at),
                            };
                            if !pair.sites.contains(&site) {
                                pair.sites.push(site);
                            }
                        }
                    }
                }
            }
        }
    }

    fn pair(&mut self, held: String, asked: String) -> &mut Pair {
        let known = (self.pairs.iter()).position(|pair| pair.held == held && pair.asked == asked);
        let i = known.unwrap_or_else(|| {
            let sites = Vec::new();
            self.pairs.push(Pair { held, asked, sites });
            self.pairs.len() - 1
        });
        &mut self.pairs[i]
    }

    /// Finds an order, or the cycles and what the arithmetic says of each.
    fn judge(&mut self, program: &Program, locals: &Locals, graph: &Graph) {
        // Where the model's own order will do, that is the one to show.
        let along = graph.order_along(|need| need.rank(program));
        self.order = along.or_else(|| graph.order()).map(|needs| {
            // Of a pool, requests for different numbers have places of their own. What is held while
            // they wait makes these; what they hold is the same, so the last place is right for all.
            let mut order: Vec<String> = Vec::new();
            for need in needs {
                let name = thing(program, need);
                order.retain(|known| *known != name);
                order.push(name);
            }
            order
        });
        let sizes = Sizes::of(program, locals);
        let (sets, leak) = (each_set(&sizes, graph), locals.leak());
        let lost = leak.map(|found| {
            let template = locals.states[found.local as usize].task.template;
            let task = program.templates[template].name.clone();
            NotJudged {
                why: "a task can end with what others wait for, which is then lost".to_owned(),
                at: Some((task, Place::of(program, template, found.node))),
            }
        });
        let undecided = |why: &str| NotJudged {
            why: why.to_owned(),
            at: None,
        };
        match (lost, sets) {
            (None, Ok(sets)) => {
                for possible in sets.possible.iter().filter(|p| p.equations.is_none()) {
                    let awaited = possible.awaited().iter();
                    self.may_never_come
                        .extend(awaited.map(|&need| label(program, need)));
                }
                self.cycles = why::cycles(program, graph, &sets);
                self.judged = match sets.possible.is_empty() {
                    true => Judged::Excluded,
                    false => Judged::Open,
                };
                return;
            }
            (Some(lost), _) => self.not_judged = Some(lost),
            (None, Err(Undecided::TooManyNeeds)) => {
                self.not_judged = Some(undecided("too many things are waited for in circles"));
            }
            (None, Err(Undecided::Budget | Undecided::Leak(_))) => {
                self.not_judged = Some(undecided("the arithmetic takes too long"));
            }
        }
        self.cycles = (graph.knots().iter())
            .map(|knot| why::cycle(program, graph, knot, Judged::NotJudged, Vec::new()))
            .collect();
    }
}

/// What is asked for, by name: of a pool, whatever number of units.
fn thing(program: &Program, need: Wanted) -> String {
    match need {
        Wanted::Slot { series, .. } if program.series[series].is_pool => {
            program.series[series].name.clone()
        }
        Wanted::Units(pool, _) => resource(program, 0, Ref::Shared(pool)),
        need => label(program, need),
    }
}

/// What is held, by the name that it has where it is asked for.
fn thing_held(program: &Program, template: TemplateId, held: Holding) -> String {
    match held {
        Holding::Held(Ref::Shared(pool), Mode::Units) => {
            resource(program, template, Ref::Shared(pool))
        }
        Holding::Slots(series) | Holding::JointSlots(series) if program.series[series].is_pool => {
            program.series[series].name.clone()
        }
        held => label_of_held(program, template, held),
    }
}

/// The series in which a pin lies, if it was asked for in another.
fn lies_elsewhere(program: &Program, link: &Link) -> Option<String> {
    match link.what {
        Acquired::Map(Map::Pin { asked, lies, .. }) if asked != lies => {
            Some(program.series[lies].name.clone())
        }
        _ => None,
    }
}

/// Whether a link of a chain is (some of) a holding.
fn is(program: &Program, link: &Link, holding: Holding) -> bool {
    match (link.what, holding) {
        (Acquired::Map(Map::Pin { lies, .. }), Holding::Slots(series)) => lies == series,
        (Acquired::Map(Map::Pin { page, lies, .. }), Holding::JointSlots(series)) => {
            lies == series && page < program.pages.len()
        }
        (Acquired::Lock(held), Holding::Held(what, mode)) => (held.what, held.mode) == (what, mode),
        (Acquired::Page(page), Holding::PageLock(held)) => page == held,
        _ => false,
    }
}
