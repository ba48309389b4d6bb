//! Scenarios that no order saves: which kmaps are in the way, and which single one to change.

use kmapcheck_scenario::{Program, Reuse};
use serde::Serialize;

use super::asks::asks;
use super::judge::Judge;
use super::policies;
use super::replace::{Instead, Site, replaced, sites};
use super::variant::{Policy, choices, with_policies};

/// A scenario that no order saves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Offender {
    /// The scenario.
    pub scenario: String,
    /// What it asks for while it holds what, on the model as it is.
    pub paths: Vec<Path>,
    /// Single kmaps whose replacement makes it fit.
    pub repairs: Vec<Repair>,
}

/// Something asked for while something is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Path {
    /// The task.
    pub task: String,
    /// What is held.
    pub held: String,
    /// The operation that took it.
    pub held_by: Place,
    /// What is asked for.
    pub asked: String,
    /// The operation that asks.
    pub asked_by: Place,
}

/// An operation and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
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
    pub kmap: Place,
    /// What to put in its place.
    pub instead: Instead,
    /// Policies under which it is enough, with the fewest changes.
    pub policies: Vec<Policy>,
}

/// All of them; where each scenario by itself fits, all together.
pub fn offenders(programs: &[Program], judge: &mut Judge<'_>, given: &[Reuse]) -> Vec<Offender> {
    let choices = choices(given);
    let mut found = Vec::new();
    for (i, program) in programs.iter().enumerate() {
        if choices.iter().any(|choice| judge.fits(i, program, choice)) {
            continue;
        }
        found.push(Offender {
            scenario: program.name.clone(),
            paths: paths(&with_policies(program, judge.series, given)),
            repairs: repairs(program, judge, &choices, &mut |judge, changed, choice| {
                judge.fits(i, changed, choice)
            }),
        });
    }
    if !found.is_empty() {
        return found;
    }
    let mut all = Offender {
        scenario: TOGETHER.to_owned(),
        paths: Vec::new(),
        repairs: Vec::new(),
    };
    for (i, program) in programs.iter().enumerate() {
        all.paths
            .extend(paths(&with_policies(program, judge.series, given)));
        let repairs = repairs(program, judge, &choices, &mut |judge, changed, choice| {
            judge.together(i, changed, choice)
        });
        all.repairs.extend(repairs);
    }
    vec![all]
}

/// Stands for the name of a scenario.
pub const TOGETHER: &str = "all of them together";

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
        for instead in [Instead::Atomic, Instead::Nowait] {
            let changed = replaced(program, site, instead);
            let choice = (choices.iter()).find(|choice| enough(judge, &changed, choice));
            repairs.extend(choice.map(|choice| Repair {
                task: program.templates[site.template].name.clone(),
                kmap: place(program, site),
                instead,
                policies: policies(program, judge.series, choice),
            }));
        }
    }
    repairs
}

fn place(program: &Program, site: Site) -> Place {
    let origin = &program.origins[site.origin];
    Place {
        written: origin.written().to_owned(),
        op: origin.text().to_owned(),
        source: program.show_location(origin.location()),
        at: origin.at().map(str::to_owned),
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
