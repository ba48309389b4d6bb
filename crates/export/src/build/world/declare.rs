//! Declaring variables.

use kmapcheck_scenario::{Op, Ref, Resource, ResourceKind};

use super::{Lock, World};
use crate::ir::{Scope, Var, VarId};
use crate::refusal::Refusal;

impl World<'_> {
    /// Low memory that is freed and allocated again, or that tasks meet in and free, would make
    /// it a matter of running whether a page takes a slot.
    pub(super) fn refuse_moving_low_pages(&self) -> Result<(), Refusal> {
        let allocates = |op: &Op| matches!(op, Op::AllocPage { .. });
        let any_alloc = (self.program.templates.iter())
            .any(|template| template.nodes.iter().any(|node| allocates(&node.op)));
        for template in &self.program.templates {
            for node in &template.nodes {
                let page = match node.op {
                    Op::AllocPage { var } => var,
                    Op::FreePage { page } => page,
                    _ => continue,
                };
                let decl = match page {
                    Ref::Shared(i) => Some(&self.program.pages[i]),
                    Ref::Own(v) => template.vars[v].page.as_ref(),
                };
                let moves = any_alloc || matches!(page, Ref::Shared(_));
                if decl.is_some_and(|decl| !decl.highmem) && moves {
                    let origin = &self.program.origins[node.origin];
                    return Err(Refusal {
                        place: Some(self.program.show_location(origin.location())),
                        what: format!(
                            "`{}`: low memory that is freed and allocated again",
                            origin.text()
                        ),
                        remedy: "leave the page allocated, or make it high memory".to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    pub(crate) fn var(&mut self, name: &str, about: &str, scope: Scope, max: i64) -> VarId {
        let name = self.names.fresh(name);
        self.vars.push(Var {
            name,
            about: about.to_owned(),
            scope,
            max,
            truth: false,
            init: vec![0],
        });
        self.vars.len() - 1
    }

    pub(super) fn global(&mut self, name: &str, about: &str, max: i64) -> VarId {
        self.var(name, about, Scope::Global, max)
    }

    pub(super) fn truth(&mut self, name: &str, about: &str) -> VarId {
        let var = self.global(name, about, 1);
        self.vars[var].truth = true;
        var
    }

    pub(super) fn by_page(&mut self, name: &str, about: &str) -> VarId {
        self.var(name, about, Scope::Page, 0)
    }

    pub(super) fn declare(&mut self, resource: &Resource, scope: Scope) -> Lock {
        let name = &resource.name;
        let var = |world: &mut Self, what: &str, about: &str, max: i64, truth: bool, init: i64| {
            let var = world.var(&format!("{name}_{what}"), about, scope, max);
            world.vars[var].truth = truth;
            world.vars[var].init = vec![init];
            var
        };
        // What has no units needs no number.
        let at_start = resource.kind.units_at_start().map_or(0, i64::from);
        match resource.kind {
            ResourceKind::Spinlock => Lock::Spin(var(self, "taken", "spinlock", 1, true, 0)),
            ResourceKind::Semaphore { units, .. } => {
                let units = i64::from(units);
                Lock::Units(var(
                    self,
                    "free",
                    "semaphore: units left",
                    units,
                    false,
                    at_start,
                ))
            }
            ResourceKind::Mempool { units, .. } => {
                let units = i64::from(units);
                Lock::Units(var(
                    self,
                    "free",
                    "mempool: elements left",
                    units,
                    false,
                    at_start,
                ))
            }
            ResourceKind::Completion => Lock::Completion(var(
                self,
                "done",
                "completion: completed and not yet waited for",
                0,
                false,
                0,
            )),
            ResourceKind::Rwsem { fair } => Lock::Rwsem {
                readers: var(
                    self,
                    "readers",
                    "rwsem: held for reading so often",
                    0,
                    false,
                    0,
                ),
                writer: var(self, "writer", "rwsem: held for writing", 1, true, 0),
                queued: fair.then(|| {
                    var(
                        self,
                        "queued",
                        "rwsem: writers that have begun to wait",
                        0,
                        false,
                        0,
                    )
                }),
            },
        }
    }
}
