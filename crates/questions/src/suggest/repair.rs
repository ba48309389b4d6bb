//! Scenarios that no order saves: which kmaps are in the way, and which single one to change.

use kmapcheck_limits::ask;
use kmapcheck_scenario::{OriginId, Program, Reuse};
use serde::Serialize;

use super::asks::asks;
use super::judge::Judge;
use super::policies;
use super::replace::{Change, Instead, Site, replaced, series_of, sites};
use super::variant::{Policy, choices, with_policies};

/// A scenario that no order saves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Offender {
    /// The scenario.
    pub scenario: String,
    /// What it asks for while it holds what, on the model as it is.
    pub paths: Vec<Path>,
    /// Whether it is known that no order saves it: nothing else came of any choice of policies.
    pub certain: bool,
    /// Single kmaps whose replacement makes it fit.
    pub repairs: Vec<Repair>,
    /// Whether all other single replacements are known not to.
    pub all_repairs: bool,
}

/// Something asked for while something is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Path {
    /// The task.
    pub task: String,
    /// What is held.
    pub held: String,
    /// The operation that took it.
    pub held_by: Operation,
    /// What is asked for.
    pub asked: String,
    /// The operation that asks.
    pub asked_by: Operation,
}

/// An operation and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operation {
    /// As the scenario has it.
    pub written: String,
    /// The primitive.
    pub op: String,
    /// `file:line:column` in the scenario.
    pub source: String,
    /// Where in the kernel.
    pub at: Option<String>,
}

/// A kmap to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repair {
    /// The task.
    pub task: String,
    /// The kmap.
    pub kmap: Operation,
    /// What to put in its place.
    pub instead: Instead,
    /// The other series, of a kmap that is moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// Policies under which it is enough, with the fewest changes.
    pub policies: Vec<Policy>,
}

/// All of them; where each scenario by itself fits, all together.
pub fn offenders(programs: &[Program], judge: &mut Judge<'_>, given: &[Reuse]) -> Vec<Offender> {
    let choices = choices(given);
    let mut found = Vec::new();
    // What was not found out is not said to be hopeless.
    let before = judge.take_unknown();
    for (i, program) in programs.iter().enumerate() {
        if judge.not_judged[i].is_some() {
            // Whether it keeps an order is not known, whatever is changed.
            continue;
        }
        if choices.iter().any(|choice| judge.fits(i, program, choice)) {
            judge.take_unknown();
            continue;
        }
        let certain = !judge.take_unknown();
        let repairs = repairs(program, judge, &choices, &mut |judge, changed, choice| {
            judge.fits(i, changed, choice)
        });
        found.push(Offender {
            scenario: program.name.clone(),
            paths: paths(&with_policies(program, judge.series, given)),
            certain,
            repairs,
            all_repairs: !judge.take_unknown(),
        });
    }
    if !found.is_empty() || judge.not_judged.iter().any(Option::is_some) {
        return found;
    }
    let mut all = Offender {
        scenario: TOGETHER.to_owned(),
        paths: Vec::new(),
        certain: !before,
        repairs: Vec::new(),
        all_repairs: true,
    };
    for (i, program) in programs.iter().enumerate() {
        all.paths
            .extend(paths(&with_policies(program, judge.series, given)));
        let repairs = repairs(program, judge, &choices, &mut |judge, changed, choice| {
            judge.together(i, changed, choice)
        });
        all.repairs.extend(repairs);
    }
    all.all_repairs = !judge.take_unknown();
    vec![all]
}

/// Stands for the name of a scenario.
pub(crate) const TOGETHER: &str = "all of them together";

/// Whether a changed program is enough under some policies.
type Enough<'a, 'j> = dyn FnMut(&mut Judge<'j>, &Program, &[Reuse]) -> bool + 'a;

/// Single kmaps of a program whose replacement is enough.
fn repairs<'j>(
    program: &Program,
    judge: &mut Judge<'j>,
    choices: &[Vec<Reuse>],
    enough: &mut Enough<'_, 'j>,
) -> Vec<Repair> {
    let mut repairs = Vec::new();
    for site in sites(program) {
        let now = series_of(program, site);
        let elsewhere = (0..program.series.len()).filter(|&series| Some(series) != now);
        // Pools of a scenario's own are no kmap slots: nothing maps without them.
        let atomic = [Change::Atomic, Change::Nowait].into_iter();
        let atomic = atomic.filter(|_| !program.model.is_empty());
        let changes = elsewhere.map(Change::Moved).chain(atomic);
        for change in changes {
            ask();
            let changed = replaced(program, site, change);
            let choice = (choices.iter()).find(|choice| enough(judge, &changed, choice));
            let (instead, series) = match change {
                Change::Atomic => (Instead::Atomic, None),
                Change::Nowait => (Instead::Nowait, None),
                Change::Moved(to) => (Instead::Moved, Some(program.series[to].name.clone())),
            };
            repairs.extend(choice.map(|choice| Repair {
                task: program.templates[site.template].name.clone(),
                kmap: place(program, site),
                instead,
                series,
                policies: policies(program, judge.series, choice),
            }));
        }
    }
    repairs
}

fn place(program: &Program, site: Site) -> Operation {
    Operation::of(program, site.origin)
}

impl Operation {
    /// The operation that comes from there.
    #[must_use]
    pub fn of(program: &Program, origin: OriginId) -> Operation {
        let origin = &program.origins[origin];
        Operation {
            written: origin.written().to_owned(),
            op: origin.text().to_owned(),
            source: program.show_location(origin.location()),
            at: origin.at().map(str::to_owned),
        }
    }
}

fn paths(program: &Program) -> Vec<Path> {
    let asks = asks(program).unwrap_or_default();
    let mut paths: Vec<Path> = Vec::new();
    for ask in asks {
        let template = &program.templates[ask.template];
        let at = |node: usize| {
            place(
                program,
                Site {
                    template: ask.template,
                    origin: template.nodes[node].origin,
                },
            )
        };
        let path = Path {
            task: template.name.clone(),
            held: program.series[ask.held].name.clone(),
            held_by: at(ask.held_at),
            asked: program.series[ask.asked].name.clone(),
            asked_by: at(ask.asked_at),
        };
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}
