//! What tasks meet in, as variables, and the statements that several operations share.

mod declare;
mod finish;
mod pages;

use kmapcheck_machine::instances;
use kmapcheck_scenario::{Bound, NodeId, Op, Program, Ref, SeriesId, TemplateId};

use super::Options;
use crate::ir::{Expr, Scope, Var, VarId, int};
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
    /// For each template and node: the nodes from which a step leads there.
    before: Vec<Vec<Vec<NodeId>>>,
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
            before: program.templates.iter().map(|t| before(&t.nodes)).collect(),
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
                world.vars[var].init = vec![int(i) + 1];
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
        let mut next = int(program.pages.len()) + 1;
        for (id, template) in program.templates.iter().enumerate() {
            world.first_page.push(next);
            next += world.stride(id) * i64::from(world.count(id));
            // Templates that do nothing have no automaton, so none for variables to belong to.
            if !world.does_something(id) {
                world.own_locks.push(Vec::new());
                world.registers.push(Vec::new());
                continue;
            }
            let index = (0..id).filter(|&id| world.does_something(id)).count();
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
                    let count = world.count(id);
                    world.vars[register].init = match variable.page {
                        Some(_) => (0..i64::from(count))
                            .map(|t| world.first_page[id] + int(v) + world.stride(id) * t)
                            .collect(),
                        None => vec![0; count as usize],
                    };
                }
                registers.push(register);
            }
            world.registers.push(registers);
        }
        Ok(world)
    }

    pub(crate) fn count(&self, template: TemplateId) -> u32 {
        instances(self.program.templates[template].count)
    }

    /// Whether there is a task of that template, and an operation for it.
    pub(crate) fn does_something(&self, template: TemplateId) -> bool {
        self.program.templates[template].entry.node.is_some() && self.count(template) > 0
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
        int(vars.iter().filter(|var| var.page.is_some()).count())
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
            Expr::Int(int(class) + 1)
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
        let base = self.first_page[template] + int(v);
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
}

/// For each node: the nodes from which a step leads there.
fn before(nodes: &[kmapcheck_scenario::Node]) -> Vec<Vec<NodeId>> {
    let mut before = vec![Vec::new(); nodes.len()];
    for (from, node) in nodes.iter().enumerate() {
        for to in node.next.iter().filter_map(|target| target.node) {
            before[to].push(from);
        }
    }
    before
}
