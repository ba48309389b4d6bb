//! `kmapcheck suggest`: which orders and reuse policies make scenarios clean, and which kmap to
//! change where none does.
//!
//! For every choice of reuse policies for the series in use, each scenario is [settled](kmapcheck_prove::settle)
//! without any order: an order has no influence on who waits. What the orders have to allow is a set of
//! [pairs](asks) (held, asked) of each scenario; an order that is kept by all of them is found by trying
//! all. A scenario is *clean* if it has no deadlock, nobody starves, and it has no error of another
//! kind that it does not have on the model as it is. The smallest change is the one that changes the
//! fewest policies, then keeps the order that the model has, then names the most series.
//!
//! A scenario *fits* if under some policies it is clean and keeps an order of all series that it uses.
//! Where none does, no order can save it: every [single kmap](replace) is replaced in turn, by an
//! atomic one and by one that does not wait, and the changed program is judged like the scenario.
//!
//! | module | what |
//! |---|---|
//! | [`variant`] | a program under other policies |
//! | [`asks`] | who asks for what while holding what |
//! | [`replace`] | a program with one kmap replaced |
//! | [`judge`] | scenarios under policies |
//! | [`repair`] | what to do where nothing fits |
//! | [`offers`] | larger pools, gates, all at once, another order |
//! | [`edit`] | the smallest change, in the model's file |
//! | [`text`] | what people see |

pub mod asks;
pub mod edit;
pub mod judge;
pub mod offers;
pub mod repair;
pub mod replace;
pub mod text;
pub mod variant;

use judge::{Flaw, Judge};
use kmapcheck_engine::{Progress, Verdict};
use kmapcheck_limits::{Limits, entered};
use kmapcheck_report::{ended, escape};
use kmapcheck_scenario::{Program, Reuse, SeriesId};
use offers::Offer;
use repair::Offender;
use serde::Serialize;
use variant::{Policy, changes, choices, reuse_name};

use crate::conform::NotJudged;
use crate::size::used_series;

/// More series than these make too many variants.
pub(crate) const MOST_SERIES: usize = 4;

/// What helps, and what does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuggestReport {
    /// The model.
    pub model: String,
    /// The scenarios.
    pub scenarios: Vec<String>,
    /// The series that they use.
    pub series: Vec<String>,
    /// How many choices of policies there are.
    pub tried: usize,
    /// Those under which every scenario is clean, the fewest changes first.
    pub works: Vec<Works>,
    /// Those under which some scenario is not clean, or that was not found out: the first such.
    pub fails: Vec<Fails>,
    /// The smallest change.
    pub smallest: Option<Smallest>,
    /// Scenarios that no order saves, with what would.
    pub offenders: Vec<Offender>,
    /// Changes of which each makes a scenario clean that is not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Offer>,
    /// Scenarios of which it is not known which orders they keep; left out if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_judged: Vec<OrdersNotJudged>,
    /// Why the rest is missing, if a limit came before all was asked; left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

/// A scenario of which it is not known which orders it keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrdersNotJudged {
    /// The scenario.
    pub scenario: String,
    /// Why.
    #[serde(flatten)]
    pub why: NotJudged,
}

/// Policies under which every scenario is clean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Works {
    /// The policies.
    pub policies: Vec<Policy>,
    /// How many of them the model does not have.
    pub changes: usize,
    /// The orders that all scenarios keep and that are no part of another such order. None, if that
    /// is not known of some scenario: see [`SuggestReport::not_judged`].
    pub orders: Vec<Vec<String>>,
    /// Scenarios in which a pin may lie in another series than the one asked for.
    pub mixtures: Vec<String>,
}

/// Policies that are not enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fails {
    /// The policies.
    pub policies: Vec<Policy>,
    /// The first scenario that is not clean.
    pub scenario: String,
    /// What is found there; none: that was not found out.
    pub findings: Vec<&'static str>,
    /// Why it was not found out; left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// The smallest change to the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Smallest {
    /// The policies of the series in use.
    pub policies: Vec<Policy>,
    /// How many of them are changes.
    pub changes: usize,
    /// The order.
    pub order: Vec<String>,
    /// Whether the order names all series in use, and all scenarios are known to keep it.
    pub orders_all: bool,
    /// The change as a unified diff of the file with the model, if that can be read.
    pub diff: Option<String>,
}

/// Why nothing can be suggested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The scenarios are not all on one model.
    Models(String, String),
    /// Too many series in use.
    TooManySeries(usize),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Models(a, b) => {
                let [a, b] = [a, b].map(|name| match name.as_str() {
                    "" => "none but their own",
                    name => name,
                });
                write!(
                    f,
                    "the scenarios are on several models, {a} and {b}; give one with `--model NAME`"
                )
            }
            Refusal::TooManySeries(n) => write!(
                f,
                "the scenarios use {n} series, and all policies and orders are tried for at most \
                 {MOST_SERIES}; give scenarios that use fewer"
            ),
        }
    }
}

/// Looks for what helps.
///
/// # Errors
///
/// If the scenarios are not on one model, or use too many series.
pub fn suggest(
    programs: &[Program],
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
) -> Result<SuggestReport, Refusal> {
    let Some(first) = programs.first() else {
        return Ok(SuggestReport::empty());
    };
    let names = |program: &Program| -> Vec<String> {
        program.series.iter().map(|s| s.name.clone()).collect()
    };
    if let Some(other) =
        (programs.iter()).find(|p| p.model != first.model || names(p) != names(first))
    {
        return Err(Refusal::Models(first.model.clone(), other.model.clone()));
    }
    // Units, also of a scenario's own pools, have no reuse policy.
    let series: Vec<SeriesId> = (0..first.series.len())
        .filter(|&s| !first.series[s].has_units())
        .filter(|s| {
            programs
                .iter()
                .any(|program| used_series(program).contains(s))
        })
        .collect();
    if series.len() > MOST_SERIES {
        return Err(Refusal::TooManySeries(series.len()));
    }
    let given: Vec<Reuse> = series.iter().map(|&s| first.series[s].reuse).collect();
    let mut judge = Judge::new(programs, &series, limits, progress);
    // What is found must not be lost on the way: from here on the judge looks at the limits.
    let _apart = entered(None);
    let mut report = SuggestReport {
        model: first.model.clone(),
        scenarios: programs.iter().map(|p| p.name.clone()).collect(),
        series: series
            .iter()
            .map(|&s| first.series[s].name.clone())
            .collect(),
        ..SuggestReport::empty()
    };
    let named = |order: &[SeriesId]| -> Vec<String> {
        order
            .iter()
            .map(|&s| first.series[s].name.clone())
            .collect()
    };
    let mut best: Option<Smallest> = None;
    for choice in choices(&given) {
        report.tried += 1;
        let policies = policies(first, &series, &choice);
        match judge.all(&choice) {
            Err((scenario, flaw)) => {
                let (findings, unknown) = match flaw {
                    Flaw::Found(findings) => (crate::size::cells::names(findings), None),
                    Flaw::Unknown(why) => (Vec::new(), Some(why)),
                };
                report.fails.push(Fails {
                    policies,
                    scenario: programs[scenario].name.clone(),
                    findings,
                    unknown,
                });
            }
            Ok(fit) => {
                let changes = changes(&given, &choice);
                let current = current_order(first, &series);
                let orders = fit.orders.as_deref();
                // Where nothing is known, the order is left as it is.
                let order =
                    orders.map_or_else(|| current.clone(), |orders| preferred(orders, &current));
                let orders_all = orders.is_some() && order.len() == series.len();
                let better = best.as_ref().is_none_or(|best| {
                    // An order of all the series is what is looked for; then the fewest changes.
                    (orders_all && !best.orders_all)
                        || (orders_all == best.orders_all && changes < best.changes)
                });
                if better {
                    best = Some(Smallest {
                        policies: policies.clone(),
                        changes,
                        orders_all,
                        order: named(&order),
                        diff: None,
                    });
                }
                report.works.push(Works {
                    policies,
                    changes,
                    orders: maximal(orders.unwrap_or_default())
                        .iter()
                        .map(|order| named(order))
                        .collect(),
                    mixtures: fit
                        .mixtures
                        .iter()
                        .map(|&i| programs[i].name.clone())
                        .collect(),
                });
            }
        }
    }
    report.smallest = best;
    report.not_judged = (programs.iter().zip(&judge.not_judged))
        .filter_map(|(program, why)| {
            Some(OrdersNotJudged {
                scenario: program.name.clone(),
                why: why.clone()?,
            })
        })
        .collect();
    if report
        .smallest
        .as_ref()
        .is_none_or(|smallest| !smallest.orders_all)
    {
        let offenders = judge.within(|judge| repair::offenders(programs, judge, &given));
        // A limit that came first is told below.
        report.offenders = offenders.unwrap_or_default();
    }
    // What is not found out about a change only means that it is not offered.
    let offers = judge.within(|judge| offers::offers(programs, judge, &given));
    report.offers = offers.unwrap_or_default();
    report.stopped = judge.stopped().map(|reached| ended(&reached.into()));
    Ok(report)
}

fn policies(program: &Program, series: &[SeriesId], choice: &[Reuse]) -> Vec<Policy> {
    (series.iter().zip(choice))
        .map(|(&s, &reuse)| Policy {
            series: program.series[s].name.clone(),
            reuse: reuse_name(reuse),
        })
        .collect()
}

/// The order that the model has, of the series in question.
fn current_order(program: &Program, series: &[SeriesId]) -> Vec<SeriesId> {
    let mut order: Vec<SeriesId> = (series.iter().copied())
        .filter(|&s| program.series[s].rank.is_some())
        .collect();
    order.sort_by_key(|&s| program.series[s].rank);
    order
}

/// The order to suggest: the one there is, if it names something and nothing longer is kept; else
/// the first of the longest.
fn preferred(orders: &[Vec<SeriesId>], current: &Vec<SeriesId>) -> Vec<SeriesId> {
    // Without orders it does not matter: the current one is none of them.
    let longest = orders.first().map_or(0, Vec::len);
    if current.len() == longest && orders.contains(current) {
        return current.clone();
    }
    orders.first().cloned().unwrap_or_default()
}

/// The orders that are not a part of another.
fn maximal(orders: &[Vec<SeriesId>]) -> Vec<&Vec<SeriesId>> {
    let part = |small: &[SeriesId], large: &[SeriesId]| {
        let mut rest = large.iter();
        small.len() < large.len() && small.iter().all(|s| rest.any(|l| l == s))
    };
    (orders.iter())
        .filter(|order| !orders.iter().any(|other| part(order, other)))
        .collect()
}

impl Works {
    /// Whether it is known which orders are kept: no order at all is always one of them.
    #[must_use]
    pub(crate) fn is_judged(&self) -> bool {
        !self.orders.is_empty()
    }
}

impl SuggestReport {
    fn empty() -> SuggestReport {
        SuggestReport {
            model: String::new(),
            scenarios: Vec::new(),
            series: Vec::new(),
            tried: 0,
            works: Vec::new(),
            fails: Vec::new(),
            smallest: None,
            offenders: Vec::new(),
            offers: Vec::new(),
            not_judged: Vec::new(),
            stopped: None,
        }
    }

    /// Whether there are policies under which all scenarios are clean and keep an order of all the
    /// series.
    #[must_use]
    pub fn is_solved(&self) -> bool {
        self.smallest
            .as_ref()
            .is_some_and(|smallest| smallest.orders_all)
    }

    /// Clean: something helps. Violated: nothing does.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.is_solved() && self.stopped.is_none() {
            Verdict::Clean
        } else if self.is_complete() {
            Verdict::Violated
        } else {
            Verdict::Inconclusive
        }
    }

    /// Shows the smallest change as one to the file that has the model: the second one, or the
    /// scenario itself. What that quotes of it is made fit for a `terminal`.
    pub fn add_diff(&mut self, programs: &[Program], terminal: bool) {
        let (Some(smallest), Some(program)) = (&mut self.smallest, programs.first()) else {
            return;
        };
        let diff = || {
            let file = program.files.get(1).or(program.files.first())?;
            let text = std::fs::read_to_string(file).ok()?;
            edit::diff(file, &text, smallest)
        };
        let diff = diff();
        smallest.diff = match terminal {
            true => diff.map(|diff| escape::lines(&diff)),
            false => diff,
        };
    }

    /// Whether everything was found out.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stopped.is_none()
            && self.not_judged.is_empty()
            && self.works.iter().all(Works::is_judged)
            && self.fails.iter().all(|fails| !fails.findings.is_empty())
    }
}
