//! What tasks meet in, as variables, and the statements that several operations share.

use std::collections::BTreeMap;

use kmapcheck_machine::{for_each_start, initial, instances};
use kmapcheck_scenario::{
    Bound, NodeId, Op, PageDecl, Program, Ref, Resource, ResourceKind, Reuse, SeriesId, StaleIn,
    TemplateId,
};

use super::{MAX_PAGES, MAX_STARTS, Options};
use crate::ir::{Automaton, Cmp, Expr, Model, Scope, StartValue, Stmt, Var, VarId};
use crate::local::{Class, NEW};
use crate::names::Names;
use crate::refusal::Refusal;

/// What `status` says of a page; 0: the number is not in use.
pub(crate) const NAMED: i64 = 1;
pub(crate) const FREE: i64 = 2;
pub(crate) const LOST: i64 = 3;

/// The variables of a lock, mempool or completion.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lock {
    Spin(VarId),
    Units(VarId),
    Completion(VarId),
    Rwsem {
        readers: VarId,
        writer: VarId,
        queued: Option<VarId>,
    },
}

pub(crate) struct World<'p> {
    pub(crate) program: &'p Program,
    pub(crate) options: Options,
    pub(crate) vars: Vec<Var>,
    pub(crate) names: Names,
    /// Whether pages come and go.
    dynamic: bool,
    used: Vec<VarId>,
    stale: Vec<VarId>,
    count: Vec<VarId>,
    unshared: VarId,
    locked: VarId,
    holders: VarId,
    status: VarId,
    /// For each shared page name: its page and whether it dangles, if that can change.
    shared: Vec<Option<(VarId, Option<VarId>)>>,
    locks: Vec<Lock>,
    own_locks: Vec<Vec<Lock>>,
    /// For each template and name the register of its page, if `alloc_page` binds it.
    registers: Vec<Vec<Option<VarId>>>,
    /// For each template the registers of pages held without a name.
    extras: Vec<Vec<VarId>>,
    /// For exchanging registers; 0 between steps.
    spare: Option<VarId>,
    /// For each template the number of its first own page.
    first_page: Vec<i64>,
    /// For each template and node: from which nodes one gets there, in a step or more.
    reached_from: Vec<Vec<Vec<bool>>>,
    /// Whether a task can end and leave a pin that no other kmap can find on a page that stays.
    pub(crate) leaks_unshared: bool,
    /// The most that an instance of each template can hold.
    pub(crate) weights: Vec<i64>,
}

impl<'p> World<'p> {
    pub(crate) fn new(program: &'p Program, options: Options) -> Result<Self, Refusal> {
        let ops = || {
            program
                .templates
                .iter()
                .flat_map(|template| template.nodes.iter().map(|node| node.op))
        };
        let dynamic = ops().any(|op| matches!(op, Op::AllocPage { .. } | Op::FreePage { .. }));
        let mut world = World {
            program,
            options,
            vars: Vec::new(),
            names: Names::default(),
            dynamic,
            used: Vec::new(),
            stale: Vec::new(),
            count: Vec::new(),
            unshared: 0,
            locked: 0,
            holders: 0,
            status: 0,
            shared: Vec::new(),
            locks: Vec::new(),
            own_locks: Vec::new(),
            registers: Vec::new(),
            extras: vec![Vec::new(); program.templates.len()],
            spare: None,
            first_page: Vec::new(),
            reached_from: program.templates.iter().map(|t| reach(&t.nodes)).collect(),
            leaks_unshared: false,
            weights: vec![0; program.templates.len()],
        };
        world.refuse_moving_low_pages()?;
        for (id, series) in program.series.iter().enumerate() {
            let slots = world.slots(id);
            let name = &series.name;
            let used = world.global(&format!("{name}_used"), "slots in use", slots);
            let stale = world.global(
                &format!("{name}_stale"),
                "slots with a stale mapping",
                slots,
            );
            let count = world.by_page(
                &format!("{name}_count"),
                "by page: 0 unmapped, 1 stale, n + 1: n users",
            );
            world.used.push(used);
            world.stale.push(stale);
            world.count.push(count);
        }
        world.locks = (program.resources.iter())
            .map(|resource| world.declare(resource, Scope::Global))
            .collect();
        for (i, page) in program.pages.iter().enumerate() {
            let bound = ops().any(|op| {
                op == Op::AllocPage {
                    var: Ref::Shared(i),
                }
            });
            let freed = ops().any(|op| {
                op == Op::FreePage {
                    page: Ref::Shared(i),
                }
            });
            let variables = (bound || freed).then(|| {
                let var = world.global(&format!("{}_page", page.name), "the page of this name", 0);
                world.vars[var].init = vec![i as i64 + 1];
                let dangles = freed
                    .then(|| world.truth(&format!("{}_dangles", page.name), "its page was freed"));
                (var, dangles)
            });
            world.shared.push(variables);
        }
        world.status = world.by_page(
            "page_status",
            "by page: 0 not in use, 1 allocated, 2 free, 3 allocated but nameless",
        );
        world.unshared = world.by_page("page_pins", "by page: pins that no other kmap can find");
        world.locked = world.by_page("page_locked", "by page");
        let locked = world.locked;
        world.vars[locked].truth = true;
        world.holders = world.by_page("page_holders", "by page: maps and locks of tasks that live");
        let mut next = program.pages.len() as i64 + 1;
        for (id, template) in program.templates.iter().enumerate() {
            world.first_page.push(next);
            next += world.stride(id) * i64::from(world.count(id));
            // Numbered as the automata are: templates that do nothing have none.
            let index = (program.templates[..id].iter().enumerate())
                .filter(|(id, t)| t.entry.node.is_some() && world.count(*id) > 0)
                .count();
            let scope = Scope::Instance(index);
            let own = (template.resources.iter())
                .map(|resource| world.declare(resource, scope))
                .collect();
            world.own_locks.push(own);
            let mut registers = Vec::new();
            for (v, variable) in template.vars.iter().enumerate() {
                let binds = Op::AllocPage { var: Ref::Own(v) };
                let register = template.nodes.iter().any(|node| node.op == binds).then(|| {
                    let name = format!("{}_page", variable.name);
                    world.var(&name, "the page of this name", scope, 0)
                });
                if let Some(register) = register {
                    let count = i64::from(world.count(id));
                    world.vars[register].init = match variable.page {
                        Some(_) => (0..count)
                            .map(|t| world.first_page[id] + v as i64 + world.stride(id) * t)
                            .collect(),
                        None => vec![0; count.try_into().unwrap_or(0)],
                    };
                }
                registers.push(register);
            }
            world.registers.push(registers);
        }
        Ok(world)
    }

    /// Low memory that is freed and allocated again, or that tasks meet in and free, would make
    /// it a matter of running whether a page takes a slot.
    fn refuse_moving_low_pages(&self) -> Result<(), Refusal> {
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

    fn global(&mut self, name: &str, about: &str, max: i64) -> VarId {
        self.var(name, about, Scope::Global, max)
    }

    fn truth(&mut self, name: &str, about: &str) -> VarId {
        let var = self.global(name, about, 1);
        self.vars[var].truth = true;
        var
    }

    fn by_page(&mut self, name: &str, about: &str) -> VarId {
        self.var(name, about, Scope::Page, 0)
    }

    fn declare(&mut self, resource: &Resource, scope: Scope) -> Lock {
        let name = &resource.name;
        let var = |world: &mut Self, what: &str, about: &str, max: i64, truth: bool, init: i64| {
            let var = world.var(&format!("{name}_{what}"), about, scope, max);
            world.vars[var].truth = truth;
            world.vars[var].init = vec![init];
            var
        };
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
                    units,
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
                    units,
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

    pub(crate) fn count(&self, template: TemplateId) -> u32 {
        instances(self.program.templates[template].count)
    }

    pub(crate) fn slots(&self, series: SeriesId) -> i64 {
        match self.program.series[series].slots {
            Bound::Exactly(n) => i64::from(n),
            Bound::Any => 0,
        }
    }

    /// How many pages each instance declares.
    fn stride(&self, template: TemplateId) -> i64 {
        let vars = &self.program.templates[template].vars;
        vars.iter().filter(|var| var.page.is_some()).count() as i64
    }

    pub(crate) fn used_var(&self, series: SeriesId) -> VarId {
        self.used[series]
    }

    pub(crate) fn stale_var(&self, series: SeriesId) -> VarId {
        self.stale[series]
    }

    pub(crate) fn count_var(&self, series: SeriesId) -> VarId {
        self.count[series]
    }

    pub(crate) fn locked_var(&self) -> VarId {
        self.locked
    }

    pub(crate) fn status_var(&self) -> VarId {
        self.status
    }

    /// Which variables say what a shared name stands for; `None`: always its own page.
    pub(crate) fn shared_name(&self, i: usize) -> Option<(VarId, Option<VarId>)> {
        self.shared[i]
    }

    pub(crate) fn lock(&self, template: TemplateId, what: Ref) -> Lock {
        match what {
            Ref::Shared(i) => self.locks[i],
            Ref::Own(i) => self.own_locks[template][i],
        }
    }

    /// The register of a name that `alloc_page` binds.
    pub(crate) fn register(&self, template: TemplateId, v: usize) -> Option<VarId> {
        self.registers[template][v]
    }

    /// The register of the `k`th page that is held without a name.
    pub(crate) fn extra(&mut self, template: TemplateId, automaton: usize, k: usize) -> VarId {
        while self.extras[template].len() <= k {
            let name = format!("{}_held", self.program.templates[template].name);
            let about = "a page held without a name";
            let var = self.var(&name, about, Scope::Instance(automaton), 0);
            self.extras[template].push(var);
        }
        self.extras[template][k]
    }

    /// A variable for exchanging registers.
    pub(crate) fn spare(&mut self) -> VarId {
        match self.spare {
            Some(var) => var,
            None => {
                let var = self.global("spare_page", "0 between steps", 0);
                self.spare = Some(var);
                var
            }
        }
    }

    /// The number of a page that a task refers to.
    pub(crate) fn number(&self, template: TemplateId, class: Class) -> Expr {
        let shared = self.program.pages.len();
        let vars = self.program.templates[template].vars.len();
        if class < shared {
            Expr::Int(class as i64 + 1)
        } else if class < shared + vars {
            let v = class - shared;
            match self.registers[template][v] {
                Some(register) => Expr::Var(register),
                None => self.own_page(template, v),
            }
        } else {
            Expr::Var(self.extras[template][class - shared - vars])
        }
    }

    fn own_page(&self, template: TemplateId, v: usize) -> Expr {
        let base = self.first_page[template] + v as i64;
        if self.count(template) == 1 {
            Expr::Int(base)
        } else {
            Expr::Own(base, self.stride(template))
        }
    }

    /// Whether a page is low memory.
    pub(crate) fn is_low(&self, template: TemplateId, class: Class) -> bool {
        let shared = self.program.pages.len();
        if class == NEW {
            false
        } else if class < shared {
            !self.program.pages[class].highmem
        } else {
            let vars = &self.program.templates[template].vars;
            (vars.get(class - shared))
                .and_then(|var| var.page.as_ref())
                .is_some_and(|page| !page.highmem)
        }
    }

    /// The series in which an existing mapping would do for a kmap that asks for `series`.
    pub(crate) fn acceptable(&self, series: SeriesId) -> Vec<SeriesId> {
        let all = &self.program.series;
        (0..all.len())
            .filter(|&other| match all[series].reuse {
                Reuse::Any => all[other].reuse.keeps_mappings(),
                Reuse::Own => other == series,
                Reuse::None => false,
            })
            .collect()
    }

    /// Whether a page can be mapped in `series` when a task of `template` is at `node`. Exact
    /// enough to leave out most of what cannot happen; says yes when in doubt.
    pub(crate) fn may_be_mapped(
        &self,
        template: TemplateId,
        node: Option<NodeId>,
        class: Class,
        series: SeriesId,
    ) -> bool {
        let asks = |op: Op, name: Option<Ref>| match op {
            Op::Kmap { page, series: s }
            | Op::TryKmap {
                page, series: s, ..
            } => s == series && name.is_none_or(|name| page == name),
            _ => false,
        };
        let stale = |decl: &PageDecl| match &decl.stale_in {
            StaleIn::Any => decl.highmem,
            StaleIn::Exactly(all) => all.contains(&series),
        };
        let anywhere = |name: Option<Ref>| {
            (self.program.templates.iter())
                .any(|template| template.nodes.iter().any(|node| asks(node.op, name)))
        };
        let shared = self.program.pages.len();
        if self.dynamic {
            let declared = self.program.templates.iter().flat_map(|t| &t.vars);
            return anywhere(None)
                || self.program.pages.iter().any(stale)
                || declared.filter_map(|var| var.page.as_ref()).any(stale);
        }
        if class < shared {
            return stale(&self.program.pages[class]) || anywhere(Some(Ref::Shared(class)));
        }
        let v = class - shared;
        let program = &self.program.templates[template];
        program.vars[v].page.as_ref().is_some_and(stale)
            || (program.nodes.iter().enumerate()).any(|(m, other)| {
                asks(other.op, Some(Ref::Own(v)))
                    && node.is_none_or(|node| self.reached_from[template][node][m])
            })
    }

    pub(crate) fn unshared(&self, page: &Expr, n: i64) -> Stmt {
        Stmt::add_at(self.unshared, page.clone(), n)
    }

    /// One map or lock of the page more or less; counted only if pages come and go.
    pub(crate) fn holder(&self, page: &Expr, n: i64) -> Option<Stmt> {
        self.dynamic
            .then(|| Stmt::add_at(self.holders, page.clone(), n))
    }

    pub(crate) fn holders(&self, page: &Expr) -> Expr {
        Expr::at(self.holders, page.clone())
    }

    pub(crate) fn is_dynamic(&self) -> bool {
        self.dynamic
    }

    /// Whether the page has kmap users of any kind.
    pub(crate) fn has_users(&self, page: &Expr) -> Expr {
        let counts =
            (self.keeping()).map(|s| Expr::at(self.count[s], page.clone()).cmp(Cmp::Gt, 1));
        let unshared = Expr::at(self.unshared, page.clone()).cmp(Cmp::Gt, 0);
        Expr::or(counts.chain([unshared]))
    }

    fn keeping(&self) -> impl Iterator<Item = SeriesId> + '_ {
        (0..self.program.series.len()).filter(|&s| self.program.series[s].reuse.keeps_mappings())
    }

    /// `flush_all_zero_pkmaps`.
    pub(crate) fn flush(&self, series: SeriesId) -> Vec<Stmt> {
        let count = self.count[series];
        let stale = Expr::at(count, Expr::Q).cmp(Cmp::Eq, 1);
        let unmap = Stmt::set_at(count, Expr::Q, Expr::Int(0));
        let mut stmts = vec![Stmt::EachPage(vec![Stmt::If(stale, vec![unmap])])];
        let forgotten = self.drop_if_pristine(&Expr::Q);
        if !forgotten.is_empty() {
            stmts.push(Stmt::EachPage(forgotten));
        }
        stmts.push(Stmt::set(self.stale[series], Expr::Int(0)));
        stmts
    }

    /// Forgets a page.
    fn drop_page(&self, page: &Expr) -> Vec<Stmt> {
        let zero = |var| Stmt::set_at(var, page.clone(), Expr::Int(0));
        let mut stmts = vec![zero(self.status)];
        stmts.extend(self.keeping().map(|s| zero(self.count[s])));
        stmts.push(zero(self.unshared));
        stmts.push(Stmt::set_at(self.locked, page.clone(), Expr::Bool(false)));
        stmts
    }

    /// A free page that equals a fresh one is forgotten where the freelist has no bound.
    pub(crate) fn drop_if_pristine(&self, page: &Expr) -> Vec<Stmt> {
        if !self.dynamic || self.program.free_pages.is_some() {
            return Vec::new();
        }
        vec![Stmt::If(
            Expr::Pristine(Box::new(page.clone())),
            vec![Stmt::set_at(self.status, page.clone(), Expr::Int(0))],
        )]
    }

    /// What becomes of a page that loses its name.
    pub(crate) fn lose(&self, page: &Expr) -> Vec<Stmt> {
        vec![
            Stmt::set_at(self.status, page.clone(), Expr::Int(LOST)),
            Stmt::If(self.holders(page).cmp(Cmp::Eq, 0), self.drop_page(page)),
        ]
    }

    /// What becomes of a page with one holder less; `named`: it certainly has a name.
    pub(crate) fn after_release(&self, page: &Expr, named: bool) -> Vec<Stmt> {
        let mut stmts = Vec::new();
        if !self.dynamic {
            return stmts;
        }
        let unheld = self.holders(page).cmp(Cmp::Eq, 0);
        for (var, dangles) in self.shared.iter().flatten() {
            if let Some(dangles) = dangles {
                let forgets = Expr::and([
                    unheld.clone(),
                    Expr::Var(*dangles),
                    Expr::Var(*var).is(Cmp::Eq, page.clone()),
                ]);
                stmts.extend(Stmt::when(forgets, vec![Stmt::set(*var, Expr::Int(0))]));
            }
        }
        if !named {
            let lost = Expr::at(self.status, page.clone()).cmp(Cmp::Eq, LOST);
            stmts.push(Stmt::If(Expr::and([unheld, lost]), self.drop_page(page)));
            stmts.extend(self.drop_if_pristine(page));
        }
        stmts
    }

    /// The task's own pages are forgotten when it ends; where pages do not come and go nobody else
    /// holds them.
    pub(crate) fn forget_own_page(&self, template: TemplateId, v: usize) -> Vec<Stmt> {
        let page = self.own_page(template, v);
        let class = self.program.pages.len() + v;
        (self.keeping())
            .filter(|&s| self.may_be_mapped(template, None, class, s))
            .map(|s| Stmt::set_at(self.count[s], page.clone(), Expr::Int(0)))
            .collect()
    }

    /// The value at the start of a task's own locks.
    pub(crate) fn reset_own_locks(&self, template: TemplateId) -> Vec<Stmt> {
        let mut stmts = Vec::new();
        let mut reset = |var: VarId| {
            let init = self.vars[var].init[0];
            let value = if self.vars[var].truth {
                Expr::Bool(init != 0)
            } else {
                Expr::Int(init)
            };
            stmts.push(Stmt::set(var, value));
        };
        for lock in &self.own_locks[template] {
            match *lock {
                Lock::Spin(var) | Lock::Units(var) | Lock::Completion(var) => reset(var),
                Lock::Rwsem {
                    readers,
                    writer,
                    queued,
                } => {
                    reset(readers);
                    reset(writer);
                    queued.into_iter().for_each(&mut reset);
                }
            }
        }
        stmts
    }

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
            if self.program.has_loops() {
                return 250;
            }
            (self.program.templates.iter().enumerate())
                .map(|(id, template)| {
                    let n = (template.nodes.iter())
                        .filter(|node| matches!(node.op, Op::Complete { .. }))
                        .count() as i64;
                    match own {
                        Some(own) if own == id => n,
                        Some(_) => 0,
                        None => n * i64::from(self.count(id)),
                    }
                })
                .sum()
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
        Ok(crate::prune::prune(
            model,
            (!keep_unshared).then_some(self.unshared),
        ))
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
        match u32::try_from(pages) {
            Ok(n) if pages <= MAX_PAGES => Ok(n),
            _ => Err(Refusal::new(
                format!("{pages} pages, at most {MAX_PAGES}"),
                "use fewer instances with `--tasks NAME=N`, or fewer slots with `--slots SERIES=K`",
            )),
        }
    }

    /// The initial states, from the machine's.
    fn starts(&self, pages: u32) -> Result<Vec<Vec<StartValue>>, Refusal> {
        let mut starts = Vec::new();
        let mut too_many = false;
        for_each_start(self.program, |start| {
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
                for (p, page) in state.shared.pages.iter().enumerate() {
                    let count = page.as_ref().map_or(0, |page| page.count[series]);
                    if count > 0 {
                        values.push(StartValue {
                            var: self.count[series],
                            page: Some(p as u32 + 1),
                            value: i64::from(count),
                        });
                    }
                }
            }
            if self.dynamic {
                for p in 0..pages as usize {
                    let page = state.shared.pages.get(p).and_then(Option::as_ref);
                    if let Some(page) = page {
                        values.push(StartValue {
                            var: self.status,
                            page: Some(p as u32 + 1),
                            value: if page.free { FREE } else { NAMED },
                        });
                    }
                }
            }
            starts.push(values);
            too_many = starts.len() > MAX_STARTS;
            !too_many
        });
        if too_many {
            return Err(Refusal::new(
                format!("more than {MAX_STARTS} initial states"),
                "use fewer pages with `\"stale_in\": \"any\"`, or fewer slots with `--slots SERIES=K`",
            ));
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

/// For each node: from which nodes one gets there, in a step or more.
fn reach(nodes: &[kmapcheck_scenario::Node]) -> Vec<Vec<bool>> {
    let mut from = vec![vec![false; nodes.len()]; nodes.len()];
    for start in 0..nodes.len() {
        let mut open: Vec<NodeId> = nodes[start].next.iter().filter_map(|t| t.node).collect();
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut from[node][start], true) {
                open.extend(nodes[node].next.iter().filter_map(|t| t.node));
            }
        }
    }
    from
}
