//! Programs in which one kmap is another operation, or is in another series.
//!
//! *Atomic*: `kmap_atomic`, of a type of its own. *Nowait*: `try_kmap`, and `kmap_atomic` where that
//! fails. Either way what undoes it is `kunmap_any`, so every `kunmap` of that page in the task
//! program becomes one. *Moved*: the same kmap in another series; what undoes it stays, for it names
//! no series. Nodes that come from one place in the files (a `repeat` unrolled) are one kmap.

use kmapcheck_scenario::{Node, Op, OriginId, Patience, Program, SeriesId, TemplateId};
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
    let mut sites: Vec<Site> = Vec::new();
    for (template, declared) in program.templates.iter().enumerate() {
        for node in &declared.nodes {
            let site = Site {
                template,
                origin: node.origin,
            };
            if matches!(node.op, Op::Kmap { .. }) && !sites.contains(&site) {
                sites.push(site);
            }
        }
        // Where a branch of a select waits for a slot, nothing but a wait may stand.
        for first in declared.nodes.iter().flat_map(Node::arms) {
            let origin = declared.nodes[first].origin;
            sites.retain(|site| (site.template, site.origin) != (template, origin));
        }
    }
    sites
}

/// The program with that kmap replaced.
#[must_use]
pub fn replaced(program: &Program, site: Site, change: Change) -> Program {
    let mut changed = program.clone();
    if let Change::Moved(to) = change {
        for node in &mut changed.templates[site.template].nodes {
            if let (true, Op::Kmap { series, .. }) = (node.origin == site.origin, &mut node.op) {
                *series = to;
            }
        }
        return changed;
    }
    let kind = changed.atomic_types.len();
    changed.atomic_types.push("KM_SUGGESTED".to_owned());
    let nodes = &mut changed.templates[site.template].nodes;
    let mut pages = Vec::new();
    for i in 0..nodes.len() {
        let Op::Kmap { page, series } = nodes[i].op else {
            continue;
        };
        if nodes[i].origin != site.origin {
            continue;
        }
        pages.push(page);
        let atomic = Op::KmapAtomic { page, kind };
        match change {
            Change::Moved(_) => {}
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
                    origin: site.origin,
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
    changed
}
