//! The control states of a template: every place where an instance can stand, with everything that
//! it can hold there.

mod end;

use std::collections::BTreeMap;

use kmapcheck_limits::ask;
use kmapcheck_scenario::{FindingKind, Node, Op, TemplateId};

use end::end;

use super::world::World;
use super::{Call, MAX_CONTROLS, Use, Way, words};
use crate::ir::{Automaton, Control, ControlId, Expr, Stmt, Transition, VarId};
use crate::local::{Class, Local, NEW, Name};
use crate::refusal::Refusal;

pub(super) fn automaton(
    world: &mut World<'_>,
    template: TemplateId,
    index: usize,
) -> Result<Automaton, Refusal> {
    let program = world.program;
    let decl = &program.templates[template];
    let shared = program.pages.len();
    let start = Local {
        at: decl.entry.node,
        names: (decl.vars.iter().enumerate())
            .map(|(v, var)| match var.page {
                Some(_) => Name::Page(shared + v),
                None => Name::Unbound,
            })
            .collect(),
        ..Local::ended()
    };
    let mut unfold = Unfold {
        template,
        index,
        number: BTreeMap::new(),
        locals: Vec::new(),
        labels: BTreeMap::new(),
        controls: Vec::new(),
    };
    unfold.visit(world, start)?;
    let mut next = 0;
    while next < unfold.locals.len() {
        ask();
        unfold.expand(world, next)?;
        next += 1;
    }
    let count = world.count(template);
    Ok(Automaton {
        name: world.names.fresh(&decl.name),
        title: decl.name.clone(),
        count,
        controls: in_program_order(unfold),
    })
}

struct Unfold {
    template: TemplateId,
    index: usize,
    number: BTreeMap<Local, ControlId>,
    locals: Vec<Local>,
    /// How many control states there are for each node.
    labels: BTreeMap<usize, usize>,
    controls: Vec<Control>,
}

impl Unfold {
    fn visit(&mut self, world: &mut World<'_>, local: Local) -> Result<ControlId, Refusal> {
        if let Some(&id) = self.number.get(&local) {
            return Ok(id);
        }
        let program = world.program;
        let id = self.locals.len();
        let (label, about) = match local.at {
            None => ("end".to_owned(), String::new()),
            Some(node) => {
                let n = self.labels.entry(node).or_default();
                *n += 1;
                let origin = &program.origins[program.templates[self.template].nodes[node].origin];
                let nodes = &program.templates[self.template].nodes;
                if id >= MAX_CONTROLS || local.weight() > most_held(nodes) {
                    return Err(Refusal {
                        place: Some(program.show_location(origin.location())),
                        what: format!(
                            "`{}`: a loop of task `{}` can come here with more and more that it holds",
                            origin.text(),
                            program.templates[self.template].name
                        ),
                        remedy: "give back in the loop what it takes, or use `repeat`".to_owned(),
                    });
                }
                (words::label(node, *n), words::about(program, origin))
            }
        };
        self.controls.push(Control {
            label,
            about,
            holds: words::holds(program, self.template, &local),
            end: local.at.is_none(),
            transitions: Vec::new(),
            waiting: Vec::new(),
        });
        self.number.insert(local.clone(), id);
        self.locals.push(local);
        Ok(id)
    }

    fn expand(&mut self, world: &mut World<'_>, id: ControlId) -> Result<(), Refusal> {
        let local = self.locals[id].clone();
        let Some(at) = local.at else { return Ok(()) };
        let program = world.program;
        let node = &program.templates[self.template].nodes[at];
        let mut call = Call {
            world,
            template: self.template,
            local: &local,
            node,
        };
        let ways = call.perform()?;
        let sleeps = node.op.may_sleep() && local.is_atomic();
        let mut waiting = Vec::new();
        if sleeps {
            waiting.push(FindingKind::SleepInAtomic);
        }
        let against_order = call.lock_breaks_order();
        let kmap_against_order = matches!(node.op, Op::Kmap { page, series }
        if (call.resolve(page).iter()).any(|(_, what)| {
            matches!(what, Use::Page(class, _) if call.kmap_breaks_order(*class, series))
        }));
        if against_order || kmap_against_order {
            waiting.push(FindingKind::OrderViolation);
        }
        let mut transitions = Vec::new();
        for mut way in ways {
            if Expr::and(way.guard.clone()) == Expr::Bool(false) {
                continue;
            }
            if sleeps {
                way.found.push(FindingKind::SleepInAtomic);
            }
            if against_order {
                way.found.push(FindingKind::OrderViolation);
            }
            // What it holds for the length of a last step counts too.
            let weight = &mut world.weights[self.template];
            *weight = way.next.weight().max(*weight);
            if let Some(branch) = way.branch {
                way.next.at = node.next[branch].node;
                if way.next.at.is_none() {
                    end(world, self.template, &mut way);
                }
            }
            transitions.push(self.settle(world, &local, way)?);
        }
        self.controls[id].transitions = transitions;
        if self.controls[id].blocked() != Expr::Bool(false) {
            self.controls[id].waiting = waiting;
        }
        Ok(())
    }

    /// Puts the state after a step into canonical form and moves the registers accordingly.
    fn settle(
        &mut self,
        world: &mut World<'_>,
        before: &Local,
        way: Way,
    ) -> Result<Transition, Refusal> {
        let shared = world.program.pages.len();
        let (after, origin) = way.next.canonical(shared);
        let value = |world: &World<'_>, class: Class| match origin.get(&class) {
            Some(&NEW) => way.new.clone().unwrap_or(Expr::Int(0)),
            Some(&old) => world.number(self.template, old),
            None => Expr::Int(0),
        };
        let vars = world.program.templates[self.template].vars.len();
        let mut moves: Vec<(VarId, Expr)> = Vec::new();
        ask();
        for v in 0..vars {
            let Some(register) = world.register(self.template, v) else {
                continue;
            };
            match (class_of(&after, v), class_of(before, v)) {
                (Some(class), _) => moves.push((register, value(world, class))),
                (None, Some(_)) => moves.push((register, Expr::Int(0))),
                (None, None) => {}
            }
        }
        let extras = |local: &Local| {
            (local.held_pages().into_iter())
                .filter(|&class| class >= shared + vars)
                .count()
        };
        let (had, has) = (extras(before), extras(&after));
        // A shared name that can be rebound has no class of its own: what is held of its page is.
        for k in 0..had.max(has) {
            let register = world.extra(self.template, self.index, k);
            let class = shared + vars + k;
            moves.push((
                register,
                if k < has {
                    value(world, class)
                } else {
                    Expr::Int(0)
                },
            ));
        }
        let mut stmts: Vec<Stmt> = Vec::new();
        let mut found = way.found;
        found.sort_unstable();
        found.dedup();
        stmts.extend(
            found
                .into_iter()
                .map(|kind| Stmt::Find(kind, Expr::Bool(true))),
        );
        stmts.extend(way.stmts);
        stmts.extend(in_parallel(world, moves));
        let to = self.visit(world, after)?;
        Ok(Transition {
            guard: Expr::and(way.guard),
            stmts,
            to,
            about: way.about,
            pick: way.pick,
        })
    }
}

/// More than a program holds that does not take more in each round of a loop.
fn most_held(nodes: &[Node]) -> i64 {
    let takes = |node: &Node| match node.op {
        Op::Down { n, .. } | Op::DownTrylock { n, .. } => i64::from(n),
        _ => 1,
    };
    nodes.iter().map(takes).sum::<i64>() + 8
}

/// The class of what an own name refers to.
fn class_of(local: &Local, v: usize) -> Option<Class> {
    match local.names.get(v) {
        Some(Name::Page(class) | Name::Dangling(Some(class))) => Some(*class),
        _ => None,
    }
}

/// Assignments that are meant to happen at once, in an order in which they can happen one by one.
/// What goes round in a circle goes by way of a spare variable.
fn in_parallel(world: &mut World<'_>, moves: Vec<(VarId, Expr)>) -> Vec<Stmt> {
    let mut open: Vec<(VarId, Expr)> = (moves.into_iter())
        .filter(|(var, value)| *value != Expr::Var(*var))
        .collect();
    let mut stmts = Vec::new();
    let mut spare = None;
    while !open.is_empty() {
        let ready = (0..open.len()).find(|&i| {
            let target = Expr::Var(open[i].0);
            !(open.iter().enumerate()).any(|(j, (_, value))| j != i && *value == target)
        });
        let Some(ready) = ready else {
            let (first, var) = (open[0].0, world.spare());
            stmts.push(Stmt::set(var, Expr::Var(first)));
            for (_, value) in &mut open {
                if *value == Expr::Var(first) {
                    *value = Expr::Var(var);
                }
            }
            spare = Some(var);
            continue;
        };
        let (var, value) = open.remove(ready);
        stmts.push(Stmt::set(var, value));
    }
    stmts.extend(spare.map(|var| Stmt::set(var, Expr::Int(0))));
    stmts
}

/// The control states sorted by node, the start first.
fn in_program_order(unfold: Unfold) -> Vec<Control> {
    let locals = &unfold.locals;
    let mut order: Vec<ControlId> = (0..locals.len()).collect();
    order.sort_by_key(|&id| (id != 0, locals[id].at.is_none(), locals[id].at, id));
    let mut place = vec![0; order.len()];
    for (i, &id) in order.iter().enumerate() {
        place[id] = i;
    }
    let mut controls: Vec<Control> = order
        .iter()
        .map(|&id| unfold.controls[id].clone())
        .collect();
    for control in &mut controls {
        for transition in &mut control.transitions {
            transition.to = place[transition.to];
        }
    }
    controls
}
