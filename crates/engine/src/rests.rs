//! Idle waits in which tasks come to rest.
//!
//! A task is *at rest* in a state if it is in a stuck set of idle waiters alone: nobody who still
//! lives could ever give it what it waits for, and that is a good end. Like every stuck set, such a
//! set stays one in every later state. So it is enough to look at the states that an engine visits,
//! also where it leaves out orders of steps that commute: some run that it keeps ends no less at
//! rest. What is collected is a set, which does not depend on the order in which states are met.

use std::collections::{BTreeMap, BTreeSet};

use kmapcheck_scenario::{NodeId, OriginId, Patience, Program, TemplateId};

/// Idle waits, and in which of them a task has been seen at rest.
#[derive(Debug, Clone)]
pub struct Rests {
    /// The nodes of those in which none has been.
    open: BTreeMap<(TemplateId, NodeId), OriginId>,
    seen: BTreeSet<(TemplateId, OriginId)>,
}

impl Rests {
    /// Those of a program, with nobody seen.
    #[must_use]
    pub fn of(program: &Program) -> Rests {
        let idle = program
            .templates
            .iter()
            .enumerate()
            .flat_map(|(id, template)| {
                let nodes = template.nodes.iter().enumerate();
                nodes
                    .filter(|(_, node)| node.patience == Patience::Idle)
                    .map(move |(at, node)| ((id, at), node.origin))
            });
        Rests {
            open: idle.collect(),
            seen: BTreeSet::new(),
        }
    }

    /// Whether there is anything left to be seen.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether it would be news that a task is at rest there.
    #[must_use]
    pub fn would_be_news(&self, node: (TemplateId, NodeId)) -> bool {
        self.open.contains_key(&node)
    }

    /// Takes note of a task that is at rest there.
    pub fn note(&mut self, node: (TemplateId, NodeId)) {
        let Some(&origin) = self.open.get(&node) else {
            return;
        };
        let of_same = |&(template, _): &(TemplateId, NodeId), other: &mut OriginId| {
            template != node.0 || *other != origin
        };
        self.open.retain(of_same);
        self.seen.insert((node.0, origin));
    }

    /// What a checkpoint kept of another run of the same program.
    pub fn restore(&mut self, seen: &[(TemplateId, OriginId)]) {
        self.seen = seen.iter().copied().collect();
        let seen = &self.seen;
        (self.open).retain(|&(template, _), origin| !seen.contains(&(template, *origin)));
    }

    /// Where tasks were seen at rest, in program order.
    #[must_use]
    pub fn seen(&self) -> Vec<(TemplateId, OriginId)> {
        self.seen.iter().copied().collect()
    }
}
