//! From a program to a [`Model`]: the semantics of docs/semantics.md as guarded transitions.
//!
//! Written from the document and apart from `machine`, which runs the same semantics: the two are
//! compared by running exported models (`tests/interop.rs`). Only the initial states are taken
//! from `machine`.
//!
//! Each template is unfolded into its control states ([`Local`]); the rest of the world is in
//! variables, which `world` declares. State counts are equal to those of the reference engine
//! because both sides are one to one: what is forgotten there (the pages of a task that has
//! ended) is set to 0 here.

mod locks;
mod maps;
mod order;
mod pages;
mod undo;
mod unfold;
mod words;
mod world;

use kmapcheck_report::close;
use kmapcheck_scenario::{FindingKind, Node, Op, Patience, Program, Ref, TemplateId};
use world::World;

use crate::ir::{Expr, Model, Stmt};
use crate::local::{Class, Local};
use crate::refusal::Refusal;

/// How a model is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Options {
    /// Whether the mappings of each page are counted. Without, only what can never find a mapping
    /// again is accepted: then a stale mapping is as good as a free slot.
    pub(crate) counted: bool,
}

/// Control states that a template may have.
const MAX_CONTROLS: usize = 4_096;
/// Pages that a model may tell apart.
const MAX_PAGES: u64 = 250;
/// Pages that a scenario may name, where the model need not tell them apart.
const MAX_NAMED: u64 = 100_000;
/// Initial states that a model may have.
const MAX_STARTS: usize = 256;

const SUCCESS: usize = 0;
const FAILURE: usize = 1;

/// One way to carry out an operation.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    guard: Vec<Expr>,
    stmts: Vec<Stmt>,
    found: Vec<FindingKind>,
    next: Local,
    /// The page number of [`NEW`](crate::local::NEW), if the step brings one in.
    new: Option<Expr>,
    /// Which target of the node control goes to; `None`: it stays.
    branch: Option<usize>,
    about: String,
    pick: bool,
}

/// A task about to carry out an operation.
struct Call<'a, 'p> {
    world: &'a mut World<'p>,
    template: TemplateId,
    local: &'a Local,
    node: &'p Node,
}

/// What a page name stands for when it is used.
enum Use {
    /// A page: its class, and its number.
    Page(Class, Expr),
    Dangling,
    Unbound,
}

/// Builds the model.
pub(crate) fn build(program: &Program, options: Options) -> Result<Model, Refusal> {
    check(program)?;
    let mut world = World::new(program, options)?;
    let mut automata = Vec::new();
    for template in 0..program.templates.len() {
        if world.does_something(template) {
            automata.push(unfold::automaton(&mut world, template, automata.len())?);
        }
    }
    world.finish(automata)
}

fn check(program: &Program) -> Result<(), Refusal> {
    if program.cpus.is_some() {
        return Err(Refusal::new(
            "a scenario with `cpus`",
            "leave `cpus` out, or check it with `kmapcheck check`",
        ));
    }
    let unsaid = [
        ("`select`", program.has_op(|op| op == Op::Select)),
        (
            "`try_alloc_page`",
            program.has_op(|op| matches!(op, Op::TryAllocPage { .. })),
        ),
        ("an idle wait", program.has_patience(Patience::Idle)),
        (
            "a wait that gives up",
            program.has_patience(Patience::GivesUp),
        ),
        ("a fair semaphore", program.has_queues()),
    ];
    if let Some((what, _)) = unsaid.into_iter().find(|&(_, is_there)| is_there) {
        return Err(Refusal::new(
            format!("a scenario with {what}"),
            "check it with `kmapcheck check`",
        ));
    }
    if let Some(open) = program.first_open() {
        let remedy = close(open);
        return Err(Refusal::new(open.what(), remedy));
    }
    Ok(())
}

impl<'p> Call<'_, 'p> {
    fn perform(&mut self) -> Result<Vec<Way>, Refusal> {
        Ok(match self.node.op {
            Op::Kmap { page, series } => self.kmap(page, series, None)?,
            Op::TryKmap {
                page,
                series,
                flush,
            } => self.kmap(page, series, Some(flush))?,
            Op::Kunmap { page } => self.undo_map(page, |map| map.is_pin()),
            Op::KunmapAny { page } => self.undo_map(page, |_| true),
            Op::KmapAtomic { page, kind } => self.kmap_atomic(page, kind),
            Op::KunmapAtomic { page } => self.undo_map(page, |map| {
                matches!(map.kind, crate::local::Kind::Atomic(_))
            }),
            Op::KmapLocal { page } => self.kmap_local(page),
            Op::KunmapLocal { page } => self.kunmap_local(page),
            Op::SpinLock { lock } => self.spin_lock(lock, false),
            Op::SpinTrylock { lock } => self.spin_lock(lock, true),
            Op::SpinUnlock { lock } => self.spin_unlock(lock),
            Op::Down { pool, n } => self.down(pool, n, false),
            Op::DownTrylock { pool, n } => self.down(pool, n, true),
            Op::Up { pool, n } => self.up(pool, n),
            Op::DownRead { lock } => self.down_read(lock, false),
            Op::DownReadTrylock { lock } => self.down_read(lock, true),
            Op::UpRead { lock } => self.up_read(lock),
            Op::DownWrite { lock } => self.down_write(lock, false),
            Op::DownWriteTrylock { lock } => self.down_write(lock, true),
            Op::UpWrite { lock } => self.up_write(lock),
            Op::LockPage { page } => self.lock_page(page, false)?,
            Op::TrylockPage { page } => self.lock_page(page, true)?,
            Op::UnlockPage { page } => self.unlock_page(page),
            Op::WaitForCompletion { completion } => self.wait_for_completion(completion, false),
            Op::TryWaitForCompletion { completion } => self.wait_for_completion(completion, true),
            Op::Complete { completion } => self.complete(completion),
            Op::AllocPage { var } => self.alloc_page(var)?,
            Op::FreePage { page } => self.free_page(page)?,
            Op::MightSleep => vec![self.way()],
            Op::Select | Op::TryAllocPage { .. } => {
                unreachable!("programs with these were refused")
            }
            Op::Choose => (0..self.node.next.len())
                .map(|branch| Way {
                    branch: Some(branch),
                    about: format!("branch {}", branch + 1),
                    ..self.way()
                })
                .collect(),
        })
    }

    /// The operation carried out without any change yet.
    fn way(&self) -> Way {
        Way {
            guard: Vec::new(),
            stmts: Vec::new(),
            found: Vec::new(),
            next: self.local.clone(),
            new: None,
            branch: Some(SUCCESS),
            about: String::new(),
            pick: false,
        }
    }

    fn failed(&self) -> Way {
        Way {
            branch: Some(FAILURE),
            about: "fails".into(),
            ..self.way()
        }
    }

    fn skipped(&self, kind: FindingKind) -> Way {
        Way {
            found: vec![kind],
            about: format!("{kind}: skipped"),
            ..self.way()
        }
    }

    /// A use of a name that has no page; a try fails then.
    fn unusable(&self, what: &Use, is_try: bool) -> Way {
        let kind = match what {
            Use::Unbound => FindingKind::Misuse,
            _ => FindingKind::UseAfterFree,
        };
        let mut way = self.skipped(kind);
        if is_try {
            way.branch = Some(FAILURE);
        }
        way
    }

    /// The refusal of the operation at hand.
    fn refuse(&self, why: &str, remedy: &str) -> Refusal {
        let origin = &self.world.program.origins[self.node.origin];
        Refusal {
            place: Some(self.world.program.show_location(origin.location())),
            what: format!("`{}`: {why}", origin.text()),
            remedy: remedy.to_owned(),
        }
    }

    /// What a name can stand for here, with the condition.
    fn resolve(&self, name: Ref) -> Vec<(Expr, Use)> {
        use crate::local::Name;
        match name {
            Ref::Own(v) => vec![(
                Expr::Bool(true),
                match self.local.names[v] {
                    Name::Unbound => Use::Unbound,
                    Name::Page(class) => Use::Page(class, self.number(class)),
                    Name::Dangling(_) => Use::Dangling,
                },
            )],
            Ref::Shared(i) => match self.world.shared_name(i) {
                None => vec![(Expr::Bool(true), Use::Page(i, self.number(i)))],
                Some((page, dangles)) => {
                    let live = dangles.map_or(Expr::Bool(true), |d| Expr::not(Expr::Var(d)));
                    // Nobody else has a name for the page of a live name.
                    let mut uses = self.coincide(&Expr::Var(page), &live, |class| {
                        !self.local.names_page(class)
                    });
                    if dangles.is_some() {
                        uses.push((Expr::not(live), Use::Dangling));
                    }
                    uses
                }
            },
        }
    }

    /// `page`, known under `cond`, as each of the classes held that `may` be it, and as none.
    fn coincide(&self, page: &Expr, cond: &Expr, may: impl Fn(Class) -> bool) -> Vec<(Expr, Use)> {
        use crate::ir::Cmp::{Eq, Ne};
        let mut uses = Vec::new();
        let mut other = vec![cond.clone()];
        for class in self.local.held_pages() {
            if self.is_constant(class) || !may(class) {
                continue;
            }
            let number = self.number(class);
            let same = page.clone().is(Eq, number.clone());
            uses.push((
                Expr::and([cond.clone(), same]),
                Use::Page(class, number.clone()),
            ));
            other.push(page.clone().is(Ne, number));
        }
        uses.push((Expr::and(other), Use::Page(crate::local::NEW, page.clone())));
        uses
    }

    /// The page whose map or lock is to be undone through a name: which class, and when; `None`
    /// if it is none that the task holds.
    fn undoable(&self, name: Ref) -> Vec<(Expr, Option<Class>)> {
        use crate::local::Name;
        match name {
            Ref::Own(v) => vec![(
                Expr::Bool(true),
                match self.local.names[v] {
                    Name::Page(class) | Name::Dangling(Some(class)) => Some(class),
                    Name::Unbound | Name::Dangling(None) => None,
                },
            )],
            Ref::Shared(i) => match self.world.shared_name(i) {
                None => vec![(Expr::Bool(true), Some(i))],
                Some((page, _)) => self
                    .coincide(&Expr::Var(page), &Expr::Bool(true), |_| true)
                    .into_iter()
                    .map(|(cond, what)| match what {
                        Use::Page(class, _) if class != crate::local::NEW => (cond, Some(class)),
                        _ => (cond, None),
                    })
                    .collect(),
            },
        }
    }

    /// The number of a page that the task refers to.
    fn number(&self, class: Class) -> Expr {
        self.world.number(self.template, class)
    }

    /// Whether a class is a shared page that always has its name: no other class is that page.
    fn is_constant(&self, class: Class) -> bool {
        class < self.world.program.pages.len() && self.world.shared_name(class).is_none()
    }
}
