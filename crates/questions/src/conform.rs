//! Which paths of a task program break the model's rule.
//!
//! Static, and without false alarms of the usual kind: the rule is judged by the machine, in every
//! [local state](kmapcheck_local) that a task can be in whatever the others do. That includes
//! paths that no interleaving reaches (behind a wait that is never met, in an error branch), and it
//! knows what a kmap reuses, what low memory is, and what a try does. So each path that is named
//! here is one that the task program has, in surroundings that the primitives allow; whether the
//! other tasks of this scenario ever make them is left open. What no path here breaks no run
//! breaks, with any number of instances: each task of each reachable state is in one of these local
//! states.

pub mod text;

use kmapcheck_limits::ask;
use kmapcheck_local::chains::{Chain, Chains};
use kmapcheck_local::{BrokenPremise, Locals};
use kmapcheck_scenario::{FindingKind, Program, TemplateId};
use serde::Serialize;

use crate::place::{self, Place};

/// What a scenario makes of the rule.
#[derive(Debug, Clone, Serialize)]
pub struct Conformance {
    /// The scenario.
    pub scenario: String,
    /// Its file.
    pub file: String,
    /// The model it was judged on.
    pub model: String,
    /// What came of it.
    pub verdict: Verdict,
    /// How many paths ask for something in the order: operations, each with all that can be held
    /// when it is called.
    pub paths: usize,
    /// Whether all paths are counted and shown. If there are too many, those to some operations are
    /// left out; the verdict holds all the same.
    pub all_paths: bool,
    /// Those that break the rule.
    pub violations: Vec<Violation>,
    /// Why it was not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_judged: Option<NotJudged>,
}

/// What comes of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every path keeps the rule.
    Keeps,
    /// Some path breaks it.
    Breaks,
    /// Nobody knows.
    NotJudged,
}

impl From<Verdict> for kmapcheck_engine::Verdict {
    fn from(verdict: Verdict) -> kmapcheck_engine::Verdict {
        match verdict {
            Verdict::Keeps => kmapcheck_engine::Verdict::Clean,
            Verdict::Breaks => kmapcheck_engine::Verdict::Violated,
            Verdict::NotJudged => kmapcheck_engine::Verdict::Inconclusive,
        }
    }
}

/// Why a scenario was not judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotJudged {
    /// In words.
    pub why: String,
    /// The task and the operation that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<(String, Place)>,
}

/// A path that breaks the rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The task program.
    pub task: String,
    /// All that is held, in the order taken.
    pub held: Vec<Held>,
    /// What is asked for meanwhile.
    pub asked: Asked,
}

/// Something held.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Held {
    /// In words, such as `a DEFAULT slot`.
    pub what: String,
    /// Its name in the order, if it is there: of a pin, the series that it was asked for in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its place in the order, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
    /// Whether it must not be held when this is asked for.
    pub in_the_way: bool,
    /// Where it was taken.
    pub taken: Place,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Asked {
    /// In words.
    pub what: String,
    /// Its name in the order.
    pub name: String,
    /// Its place in the order, from 1.
    pub place: usize,
    /// By which operation.
    pub by: Place,
}

impl Conformance {
    /// Judges a scenario by the order of the model that it was loaded on.
    #[must_use]
    pub fn of(program: &Program) -> Conformance {
        match Locals::of(program) {
            Ok(locals) => {
                let mut conformance = Conformance {
                    scenario: program.name.clone(),
                    file: program.files.first().cloned().unwrap_or_default(),
                    model: program.model.clone(),
                    verdict: Verdict::Keeps,
                    paths: 0,
                    all_paths: true,
                    violations: Vec::new(),
                    not_judged: None,
                };
                conformance.judge(program, &locals);
                conformance
            }
            Err(broken) => {
                let why = NotJudged::of(program, broken);
                Conformance::not_judged(program, &program.model, why)
            }
        }
    }

    /// A scenario that cannot be judged on a model.
    #[must_use]
    pub fn not_judged(program: &Program, model: &str, why: NotJudged) -> Conformance {
        let file = program.files.first().cloned().unwrap_or_default();
        Conformance {
            scenario: program.name.clone(),
            ..Conformance::unread(&file, model, why)
        }
    }

    /// A file of which not even the name of the scenario is known.
    #[must_use]
    pub fn unread(file: &str, model: &str, why: NotJudged) -> Conformance {
        Conformance {
            scenario: file.to_owned(),
            file: file.to_owned(),
            model: model.to_owned(),
            verdict: Verdict::NotJudged,
            paths: 0,
            all_paths: true,
            violations: Vec::new(),
            not_judged: Some(why),
        }
    }

    fn judge(&mut self, program: &Program, locals: &Locals) {
        let chains = Chains::of(locals);
        let mut paths = rustc_hash::FxHashSet::default();
        for (number, local) in (0..).zip(&locals.states) {
            ask();
            let template = local.task.template;
            let breaks = (locals.found.iter())
                .any(|f| f.local == number && f.findings.contains(FindingKind::OrderViolation));
            for (at, op) in local.calls(program) {
                let Some((what, name, rank)) = place::asked(program, template, op) else {
                    continue;
                };
                let asked = Asked {
                    what,
                    name: name.to_owned(),
                    place: rank + 1,
                    by: Place::of(program, template, at),
                };
                for chain in chains.to(number) {
                    ask();
                    let path = Violation {
                        task: program.templates[template].name.clone(),
                        held: held(program, template, chain, rank),
                        asked: asked.clone(),
                    };
                    // Of a select only some branches may break it.
                    let in_the_way = path.held.iter().any(|held| held.in_the_way);
                    if breaks && in_the_way && !self.violations.contains(&path) {
                        self.violations.push(path.clone());
                    }
                    paths.insert((template, path.held, path.asked));
                }
            }
        }
        self.paths = paths.len();
        self.all_paths = chains.complete;
        if !self.violations.is_empty() {
            self.verdict = Verdict::Breaks;
        }
    }
}

/// A chain in words, for something of place `rank` that is asked for.
fn held(program: &Program, template: TemplateId, chain: &Chain, rank: usize) -> Vec<Held> {
    (chain.iter())
        .map(|link| {
            let ranked = place::rank_of_held(program, template, link.what);
            Held {
                what: place::held(program, template, link.what),
                name: ranked.map(|(name, _)| name.to_owned()),
                place: ranked.map(|(_, place)| place + 1),
                in_the_way: ranked.is_some_and(|(_, place)| place >= rank),
                taken: Place::of(program, template, link.at),
            }
        })
        .collect()
}

impl NotJudged {
    /// A premise of the method that the program breaks.
    #[must_use]
    pub fn of(program: &Program, broken: BrokenPremise) -> NotJudged {
        NotJudged {
            why: broken.what.to_string(),
            at: broken.at.map(|(template, node)| {
                let task = program.templates[template].name.clone();
                (task, Place::of(program, template, node))
            }),
        }
    }

    /// In one line.
    #[must_use]
    pub fn line(&self) -> String {
        match &self.at {
            None => self.why.clone(),
            Some((task, place)) => {
                let (operation, at) = (&place.operation, place.whereabouts());
                format!("{}: {task}, {operation} ({at})", self.why)
            }
        }
    }
}

/// How many scenarios came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Paths that ask for something in the order.
    pub paths: usize,
    /// Those of them that break the rule.
    pub violations: usize,
    /// Scenarios that keep the rule.
    pub keep: usize,
    /// Scenarios that break it.
    pub break_it: usize,
    /// Scenarios that were not judged.
    pub not_judged: usize,
}

impl Summary {
    /// Counts one more scenario.
    pub fn add(&mut self, scenario: &Conformance) {
        self.paths += scenario.paths;
        self.violations += scenario.violations.len();
        match scenario.verdict {
            Verdict::Keeps => self.keep += 1,
            Verdict::Breaks => self.break_it += 1,
            Verdict::NotJudged => self.not_judged += 1,
        }
    }
}

/// Everything, as JSON has it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The model.
    pub model: String,
    /// Its rule, first to last.
    pub order: Vec<String>,
    /// The scenarios, in the order given.
    pub scenarios: Vec<Conformance>,
    /// How many came to what.
    pub summary: Summary,
}
