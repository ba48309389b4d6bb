//! Who asks for what while holding what: what an order has to allow.
//!
//! All series are given one place in an order, and the closure is asked which kmaps break it: the
//! machine then judges exactly those that any order could forbid, with re-entrant kmaps and low
//! memory exempt. An order of series is kept if and only if none of the pairs (held, asked) goes
//! backwards in it, or stays. It is judged on every path of the task programs, whether or not a run
//! gets there.

use kmapcheck_limits::ask;
use kmapcheck_local::{Acquired, BrokenPremise, Locals};
use kmapcheck_machine::Map;
use kmapcheck_scenario::{FindingKind, NodeId, Op, Program, SeriesId, TemplateId};

/// A series asked for while another is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// What is held, as it was asked for.
    pub held: SeriesId,
    /// What is asked for.
    pub asked: SeriesId,
    /// The task program.
    pub template: TemplateId,
    /// Where the former was taken, on a shortest way.
    pub held_at: NodeId,
    /// Where the latter is asked for.
    pub asked_at: NodeId,
}

/// All of them, each (held, asked, where) once.
///
/// # Errors
///
/// If the program is outside the premises of the closure.
pub fn asks(program: &Program) -> Result<Vec<Ask>, BrokenPremise> {
    let mut ranked = program.clone();
    for series in &mut ranked.series {
        series.rank = Some(0);
    }
    let locals = Locals::of(&ranked)?;
    let mut asks: Vec<Ask> = Vec::new();
    for found in &locals.found {
        if !found.findings.contains(FindingKind::OrderViolation) {
            continue;
        }
        let template = locals.states[found.local as usize].task.template;
        let Op::Kmap { series: asked, .. } = ranked.templates[template].nodes[found.node].op else {
            continue;
        };
        ask();
        for held in locals.acquired(found.local) {
            if let Acquired::Map(Map::Pin { asked: series, .. }) = held.what {
                let ask = Ask {
                    held: series,
                    asked,
                    template,
                    held_at: held.at,
                    asked_at: found.node,
                };
                if !asks.contains(&ask) {
                    asks.push(ask);
                }
            }
        }
    }
    Ok(asks)
}

/// Whether an order is kept: nothing that it names is asked for while the same or something later
/// is held.
#[must_use]
pub fn keeps(asks: &[Ask], order: &[SeriesId]) -> bool {
    let place = |series: SeriesId| order.iter().position(|&s| s == series);
    asks.iter()
        .all(|ask| match (place(ask.held), place(ask.asked)) {
            (Some(held), Some(asked)) => held < asked,
            _ => true,
        })
}

/// All orders of some of the series: the longest first, then as the series are numbered.
#[must_use]
pub fn orders(series: &[SeriesId]) -> Vec<Vec<SeriesId>> {
    let mut orders: Vec<Vec<SeriesId>> = vec![Vec::new()];
    let mut last = orders.clone();
    for _ in series {
        last = (last.iter())
            .flat_map(|order| {
                (series.iter().filter(|s| !order.contains(s)))
                    .map(|&s| order.iter().copied().chain([s]).collect::<Vec<_>>())
            })
            .collect();
        orders.extend(last.iter().cloned());
    }
    orders.sort_by_key(|order| std::cmp::Reverse(order.len()));
    orders
}
