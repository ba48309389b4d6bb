//! Programs in which one kmap is another operation, or is in another series.
//!
//! *Atomic*: `kmap_atomic`, of a type of its own. *Nowait*: `try_kmap`, and `kmap_atomic` where that
//! fails. Either way what undoes it is `kunmap_any`, so every `kunmap` of that page in the task
//! program becomes one. *Moved*: the same kmap in another series; what undoes it stays, for it names
//! no series. Nodes that come from one place in the files (a `repeat` unrolled, a block that several
//! tasks run) are one kmap.

use std::collections::{HashMap, HashSet};

use kmapcheck_scenario::{
    AtomicTypeId, Location, Node, Op, Origin, OriginId, Patience, Program, SeriesId, TemplateId,
};
use serde::Serialize;

/// What a kmap is replaced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// `kmap_atomic`.
    Atomic,
    /// `try_kmap`, and `kmap_atomic` where it fails.
    Nowait,
    /// A kmap in that series.
    Moved(SeriesId),
}

/// What a kmap is replaced by, in reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Instead {
    /// `kmap_atomic`.
    Atomic,
    /// `try_kmap`, and `kmap_atomic` where it fails.
    Nowait,
    /// A kmap in another series.
    Moved,
}

/// A kmap of a task program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    /// The task program.
    pub template: TemplateId,
    /// Where it comes from.
    pub origin: OriginId,
}

/// The kmap that each origin belongs to. What stands in a block stands there once, whichever tasks run
/// it: it counts as the first of them has it.
fn of_origins(program: &Program) -> HashMap<OriginId, Site> {
    let mut in_blocks: HashMap<(usize, Vec<Location>), Site> = HashMap::new();
    let mut all = HashMap::new();
    for (template, declared) in program.templates.iter().enumerate() {
        for node in &declared.nodes {
            let origin = node.origin;
            let site = Site { template, origin };
            all.entry(origin)
                .or_insert_with(|| match &program.origins[origin] {
                    Origin {
                        block: Some(block),
                        chain,
                        ..
                    } => {
                        let places = chain.iter().map(|frame| frame.location).collect();
                        *in_blocks.entry((*block, places)).or_insert(site)
                    }
                    _ => site,
                });
        }
    }
    all
}

/// The series in which a kmap asks for its slot.
#[must_use]
pub fn series_of(program: &Program, site: Site) -> Option<SeriesId> {
    let nodes = program.templates[site.template].nodes.iter();
    nodes
        .filter(|node| node.origin == site.origin)
        .find_map(|node| match node.op {
            Op::Kmap { series, .. } => Some(series),
            _ => None,
        })
}

/// All of them, in the order of the programs.
#[must_use]
pub fn sites(program: &Program) -> Vec<Site> {
    let of_origins = of_origins(program);
    let (mut sites, mut firsts): (Vec<Site>, Vec<Site>) = Default::default();
    for declared in &program.templates {
        for node in &declared.nodes {
            if !matches!(node.op, Op::Kmap { .. }) {
                continue;
            }
            let site = of_origins[&node.origin];
            if !sites.contains(&site) {
                sites.push(site);
            }
        }
        // Where a branch of a select waits for a slot, nothing but a wait may stand.
        for first in declared.nodes.iter().flat_map(Node::arms) {
            firsts.push(of_origins[&declared.nodes[first].origin]);
        }
    }
    sites.retain(|site| !firsts.contains(site));
    sites
}

/// The program with that kmap replaced.
#[must_use]
pub fn replaced(program: &Program, site: Site, change: Change) -> Program {
    let mut changed = program.clone();
    let origins = (0..program.origins.len()).filter(|&id| program.is_same_step(id, site.origin));
    let origins: HashSet<OriginId> = origins.collect();
    let is_it = |node: &Node| origins.contains(&node.origin);
    let kind = changed.atomic_types.len();
    if !matches!(change, Change::Moved(_)) {
        changed.atomic_types.push("KM_SUGGESTED".to_owned());
    }
    for template in &mut changed.templates {
        replace(&mut template.nodes, is_it, change, kind);
    }
    changed
}

/// The same in one task program.
fn replace(
    nodes: &mut Vec<Node>,
    is_it: impl Fn(&Node) -> bool,
    change: Change,
    kind: AtomicTypeId,
) {
    let mut pages = Vec::new();
    for i in 0..nodes.len() {
        let Op::Kmap { page, series } = nodes[i].op else {
            continue;
        };
        if !is_it(&nodes[i]) {
            continue;
        }
        let atomic = Op::KmapAtomic { page, kind };
        if !matches!(change, Change::Moved(_)) {
            pages.push(page);
        }
        match change {
            Change::Moved(to) => nodes[i].op = Op::Kmap { page, series: to },
            Change::Atomic => {
                nodes[i].op = atomic;
                nodes[i].next.truncate(1);
                nodes[i].patience = Patience::Endless;
            }
            Change::Nowait => {
                let after = nodes[i].next[0];
                let fallback = nodes.len();
                nodes.push(Node {
                    op: atomic,
                    next: vec![after],
                    patience: Patience::Endless,
                    origin: nodes[i].origin,
                });
                nodes[i].op = Op::TryKmap {
                    page,
                    series,
                    flush: false,
                };
                let mut otherwise = after;
                (otherwise.node, otherwise.round) = (Some(fallback), false);
                nodes[i].next = vec![after, otherwise];
                nodes[i].patience = Patience::Endless;
            }
        }
    }
    for node in nodes {
        if let Op::Kunmap { page } = node.op
            && pages.contains(&page)
        {
            node.op = Op::KunmapAny { page };
        }
    }
}
