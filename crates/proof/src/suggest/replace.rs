//! Programs in which one kmap is another operation.
//!
//! *Atomic*: `kmap_atomic`, of a type of its own. *Nowait*: `try_kmap`, and `kmap_atomic` where that
//! fails. Either way what undoes it is `kunmap_any`, so every `kunmap` of that page in the task
//! program becomes one. Nodes that come from one place in the files (a `repeat` unrolled) are one
//! kmap.

use kmapcheck_scenario::{Node, Op, OriginId, Program, TemplateId};
use serde::Serialize;

/// What a kmap is replaced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Instead {
    /// `kmap_atomic`.
    Atomic,
    /// `try_kmap`, and `kmap_atomic` where it fails.
    Nowait,
}

/// A kmap of a task program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    /// The task program.
    pub template: TemplateId,
    /// Where it comes from.
    pub origin: OriginId,
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
    }
    sites
}

/// The program with that kmap replaced.
#[must_use]
pub fn replaced(program: &Program, site: Site, instead: Instead) -> Program {
    let mut changed = program.clone();
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
        match instead {
            Instead::Atomic => nodes[i].op = atomic,
            Instead::Nowait => {
                let after = nodes[i].next[0];
                let fallback = nodes.len();
                nodes.push(Node {
                    op: atomic,
                    next: vec![after],
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
