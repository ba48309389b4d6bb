//! The finished model: sizes of variables, page numbers, initial states, and what the freelist may
//! give.

use std::collections::BTreeMap;

use kmapcheck_machine::{Starts, initial};
use kmapcheck_scenario::{Op, TemplateId};

use super::{FREE, LOST, Lock, NAMED, World};
use crate::build::{MAX_NAMED, MAX_PAGES, MAX_STARTS};
use crate::ir::{Automaton, Cmp, Expr, Model, Scope, StartValue, VarId, int};
use crate::refusal::Refusal;

impl World<'_> {
    /// The model, with sizes settled and what never changes left out.
    pub(crate) fn finish(mut self, mut automata: Vec<Automaton>) -> Result<Model, Refusal> {
        let pages = self.page_count()?;
        if pages == 0 {
            let controls = automata.iter_mut().flat_map(|a| &mut a.controls);
            controls.for_each(|control| control.transitions.retain(|t| !t.pick));
        }
        let starts = self.starts(pages)?;
        let weight: i64 = (self.program.templates.iter().enumerate())
            .map(|(id, _)| self.weights[id] * i64::from(self.count(id)))
            .sum();
        let tasks: i64 = (0..self.program.templates.len())
            .map(|id| i64::from(self.count(id)))
            .sum();
        let completes = |own: Option<TemplateId>| -> i64 {
            let all: i64 = (self.program.templates.iter().enumerate())
                .map(|(id, template)| {
                    let completes = (template.nodes.iter())
                        .filter(|node| matches!(node.op, Op::Complete { .. }));
                    let n = int(completes.count());
                    match own {
                        Some(own) if own == id => n,
                        Some(_) => 0,
                        None => n * i64::from(self.count(id)),
                    }
                })
                .sum();
            // Round a loop there is no end to them. The model says so, by an assertion or by the
            // type, where the searches of kmapcheck give up.
            if self.program.has_loops() {
                (all + 64).max(250)
            } else {
                all
            }
        };
        let mut sizes: BTreeMap<VarId, i64> = BTreeMap::new();
        let mut size_locks = |locks: &[Lock], own: Option<TemplateId>| {
            for lock in locks {
                match *lock {
                    Lock::Completion(var) => {
                        sizes.insert(var, completes(own).max(1));
                    }
                    Lock::Rwsem {
                        readers, queued, ..
                    } => {
                        sizes.insert(readers, weight.max(1));
                        if let Some(queued) = queued {
                            sizes.insert(queued, tasks.max(1));
                        }
                    }
                    Lock::Spin(_) | Lock::Units(_) => {}
                }
            }
        };
        size_locks(&self.locks, None);
        for (id, locks) in self.own_locks.iter().enumerate() {
            size_locks(locks, Some(id));
        }
        for &count in &self.count {
            sizes.insert(count, weight + 1);
        }
        sizes.insert(self.unshared, weight);
        sizes.insert(self.holders, weight);
        sizes.insert(self.status, LOST);
        sizes.insert(self.locked, 1);
        let registers = (self.registers.iter().flatten().flatten())
            .chain(self.extras.iter().flatten())
            .chain(&self.spare)
            .chain(self.shared.iter().flatten().map(|(var, _)| var));
        for &register in registers {
            sizes.insert(register, i64::from(pages));
        }
        for (var, max) in sizes {
            self.vars[var].max = max;
        }
        for var in &mut self.vars {
            if var.scope == Scope::Page {
                var.init = vec![0; pages as usize];
            } else if let Scope::Instance(automaton) = var.scope {
                let count = automata[automaton].count as usize;
                if var.init.len() != count {
                    var.init = vec![var.init[0]; count];
                }
            }
        }
        let keep_unshared = self.dynamic || (self.leaks_unshared && self.options.counted);
        let model = Model {
            pages,
            page_names: self.page_names(),
            pristine: self.pristine(),
            can_alloc: self.can_alloc(),
            vars: std::mem::take(&mut self.vars),
            starts,
            automata,
        };
        let superfluous = (!keep_unshared).then_some(self.unshared);
        let model = crate::prune::prune(model, superfluous);
        // Where no mapping can be found again, pages leave no trace in the model.
        let matter = model.vars.iter().any(|var| var.scope == Scope::Page);
        if matter && u64::from(pages) > MAX_PAGES {
            return Err(too_many_pages(pages.into(), MAX_PAGES));
        }
        Ok(model)
    }

    fn page_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.program.pages.iter().map(|p| p.name.clone()).collect();
        for (id, template) in self.program.templates.iter().enumerate() {
            for t in 0..self.count(id) {
                for var in template.vars.iter().filter(|var| var.page.is_some()) {
                    names.push(if self.count(id) == 1 {
                        format!("{} of {}", var.name, template.name)
                    } else {
                        format!("{} of {}#{}", var.name, template.name, t + 1)
                    });
                }
            }
        }
        names
    }

    /// How many pages there can be at once: those declared, and those that come.
    fn page_count(&self) -> Result<u32, Refusal> {
        let program = self.program;
        let declared: u64 = program.pages.len() as u64
            + (0..program.templates.len())
                .map(|id| self.stride(id).unsigned_abs() * u64::from(self.count(id)))
                .sum::<u64>();
        let allocs = (program.templates.iter().enumerate()).map(|(id, template)| {
            let n = (template.nodes.iter())
                .filter(|node| matches!(node.op, Op::AllocPage { .. }))
                .count() as u64;
            n * u64::from(self.count(id))
        });
        let fresh = match program.free_pages {
            Some(n) => u64::from(n),
            None if allocs.clone().sum::<u64>() == 0 => 0,
            None if !program.has_loops() => allocs.sum(),
            // Those with a name, those held, and those free that are not like a fresh page: still
            // mapped in a slot, or pinned by a task that has ended.
            None => {
                let named: u64 = (program.templates.iter().enumerate())
                    .map(|(id, t)| {
                        (t.vars.len() as u64 + 2 * self.weights[id].unsigned_abs())
                            * u64::from(self.count(id))
                    })
                    .sum();
                let slots: u64 = (self.keeping())
                    .filter(|&s| self.may_be_mapped(0, None, 0, s))
                    .map(|s| self.slots(s).unsigned_abs())
                    .sum();
                named + slots + 1
            }
        };
        let pages = if self.options.counted {
            declared + fresh
        } else {
            program.pages.len() as u64
        };
        let limit = if self.dynamic { MAX_PAGES } else { MAX_NAMED };
        match u32::try_from(pages) {
            Ok(n) if pages <= limit => Ok(n),
            _ => Err(too_many_pages(pages, limit)),
        }
    }

    /// The initial states, from the machine's.
    fn starts(&self, pages: u32) -> Result<Vec<Vec<StartValue>>, Refusal> {
        let mut starts = Vec::new();
        for start in Starts::of(self.program) {
            if starts.len() == MAX_STARTS {
                return Err(Refusal::new(
                    format!("more than {MAX_STARTS} initial states"),
                    "use fewer pages with `\"stale_in\": \"any\"`, or fewer slots with `--slots SERIES=N`",
                ));
            }
            let state = initial(self.program, &start);
            let mut values = Vec::new();
            for series in self.keeping() {
                let stale = i64::from(state.shared.usage[series].stale);
                if stale > 0 {
                    values.push(StartValue {
                        var: self.stale[series],
                        page: None,
                        value: stale,
                    });
                }
                for (p, page) in (1..).zip(state.shared.pages.iter()) {
                    // No page, no mapping.
                    let count = page.as_ref().map_or(0, |page| page.count[series]);
                    if count > 0 {
                        values.push(StartValue {
                            var: self.count[series],
                            page: Some(p),
                            value: i64::from(count),
                        });
                    }
                }
            }
            if self.dynamic {
                for (p, page) in (1..=pages).zip(state.shared.pages.iter()) {
                    if let Some(page) = page {
                        values.push(StartValue {
                            var: self.status,
                            page: Some(p),
                            value: if page.free { FREE } else { NAMED },
                        });
                    }
                }
            }
            starts.push(values);
        }
        if !self.options.counted && starts != [Vec::new()] {
            return Err(Refusal::new(
                "`stale_in`: which page a mapping is of matters, and a Petri net has only counts",
                "use `--to promela`, `murphi` or `tla`",
            ));
        }
        Ok(starts)
    }

    fn pristine(&self) -> Expr {
        let at = |var| Expr::at(var, Expr::P);
        let counts = self.keeping().map(|s| at(self.count[s]).cmp(Cmp::Eq, 0));
        let all = [
            at(self.status).cmp(Cmp::Eq, FREE),
            at(self.holders).cmp(Cmp::Eq, 0),
            at(self.unshared).cmp(Cmp::Eq, 0),
            Expr::not(at(self.locked)),
        ];
        Expr::and(all.into_iter().chain(counts))
    }

    /// A free page that no earlier one equals; or, where the freelist has no bound, the first
    /// number that is not in use.
    fn can_alloc(&self) -> Expr {
        let same = |var| Expr::at(var, Expr::Q).is(Cmp::Eq, Expr::at(var, Expr::P));
        let earlier = Expr::Q.is(Cmp::Lt, Expr::P);
        let like_earlier = Expr::and(
            [
                earlier.clone(),
                Expr::at(self.status, Expr::Q).cmp(Cmp::Eq, FREE),
                Expr::at(self.holders, Expr::Q).cmp(Cmp::Eq, 0),
                same(self.unshared),
                same(self.locked),
            ]
            .into_iter()
            .chain(self.keeping().map(|s| same(self.count[s]))),
        );
        let free = Expr::and([
            Expr::at(self.status, Expr::P).cmp(Cmp::Eq, FREE),
            Expr::or([
                Expr::at(self.holders, Expr::P).cmp(Cmp::Gt, 0),
                Expr::not(Expr::SomePage(Box::new(like_earlier))),
            ]),
        ]);
        if self.program.free_pages.is_some() {
            return free;
        }
        let unused = |page| Expr::at(self.status, page).cmp(Cmp::Eq, 0);
        let first = Expr::and([
            unused(Expr::P),
            Expr::not(Expr::SomePage(Box::new(Expr::and([
                earlier,
                unused(Expr::Q),
            ])))),
        ]);
        Expr::or([free, first])
    }
}

fn too_many_pages(pages: u64, limit: u64) -> Refusal {
    Refusal::new(
        format!("{pages} pages, at most {limit}"),
        "use fewer instances with `--tasks NAME=N`, or fewer slots with `--slots SERIES=N`",
    )
}
