//! The model that all targets are printed from: guarded transitions over bounded variables.
//!
//! A [`Model`] has one automaton for each template. Its control states ([`Control`]) say where an
//! instance stands *and* what it holds, so holdings take no variables; what tasks meet in (slots,
//! locks, the mappings of pages) does. A [`Transition`] is one atomic step: guard, then statements
//! in order. Expressions simplify as they are built, which is what keeps the output short.

mod expr;

use kmapcheck_scenario::FindingKind;

pub(crate) use expr::{Cmp, Expr};

/// Index of a variable in [`Model::vars`].
pub(crate) type VarId = usize;
/// Index of a control state in [`Automaton::controls`].
pub(crate) type ControlId = usize;

/// A number of things as the models write numbers.
pub(crate) fn int(n: usize) -> i64 {
    i64::try_from(n).expect("what lies in memory is fewer than 2^63")
}

/// A scenario as guarded transitions.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// How many page numbers there are; pages are numbered from 1.
    pub pages: u32,
    /// What each page number stands for at the start, for comments.
    pub page_names: Vec<String>,
    /// The variables.
    pub vars: Vec<Var>,
    /// `pristine(p)`: page p equals one that was never used; used only if pages come and go.
    pub pristine: Expr,
    /// `can_alloc(p)`: alloc_page may give page p.
    pub can_alloc: Expr,
    /// The initial states, as changes to the initial values of variables; never empty.
    pub starts: Vec<Vec<StartValue>>,
    /// One for each template that has something to do.
    pub automata: Vec<Automaton>,
}

/// The value of a variable, or of its element for one page, in an initial state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StartValue {
    /// The variable.
    pub var: VarId,
    /// The page.
    pub page: Option<u32>,
    /// The value.
    pub value: i64,
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Var {
    /// An identifier in every target.
    pub name: String,
    /// What it says, for comments.
    pub about: String,
    /// One for all, one for each page, or one for each instance.
    pub scope: Scope,
    /// Its largest value; the smallest is 0. Truth values have 1.
    pub max: i64,
    /// Whether it is a truth value.
    pub truth: bool,
    /// Its value at the start, for each page if there is one for each.
    pub init: Vec<i64>,
}

/// How often there is a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Once.
    Global,
    /// Once for each page.
    Page,
    /// Once for each instance of the automaton of that number.
    Instance(usize),
}

/// The automaton of a template.
#[derive(Debug, Clone)]
pub(crate) struct Automaton {
    /// The template's name as an identifier.
    pub name: String,
    /// The template's name.
    pub title: String,
    /// How many instances.
    pub count: u32,
    /// Where an instance can stand; the first is where it starts.
    pub controls: Vec<Control>,
}

/// Where an instance stands and what it holds.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    /// The number of the step, with a letter where what is held differs; `end` at the end.
    pub label: String,
    /// The operation, and where the scenario has it.
    pub about: String,
    /// What is held, in words; empty: nothing.
    pub holds: String,
    /// Whether the task has ended.
    pub end: bool,
    /// What it can do.
    pub transitions: Vec<Transition>,
    /// What is wrong if it has to wait here.
    pub waiting: Vec<FindingKind>,
}

impl Control {
    /// Whether an instance has to wait here: no transition is enabled.
    #[must_use]
    pub(crate) fn blocked(&self) -> Expr {
        Expr::and(self.transitions.iter().map(|t| {
            if t.pick {
                Expr::not(Expr::SomePage(Box::new(Expr::CanAlloc(Box::new(Expr::Q)))))
            } else {
                Expr::not(t.guard.clone())
            }
        }))
    }
}

/// One atomic step.
#[derive(Debug, Clone)]
pub(crate) struct Transition {
    /// When it can be taken.
    pub guard: Expr,
    /// What it does, in order.
    pub stmts: Vec<Stmt>,
    /// Where it leads.
    pub to: ControlId,
    /// What it is, where one operation has several; may be empty.
    pub about: String,
    /// Whether it is there once for every page [`Expr::Pick`] that `can_alloc`.
    pub pick: bool,
}

/// An assignment or what is made of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stmt {
    /// `place := value`.
    Set(Assignable, Expr),
    /// The statements, if it holds.
    If(Expr, Vec<Stmt>),
    /// The statements for every page [`Expr::Q`].
    EachPage(Vec<Stmt>),
    /// A finding, if it holds.
    Find(FindingKind, Expr),
    /// The variable must stay below its largest value here, or the model is too small.
    Room(VarId),
}

/// What can be assigned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignable {
    /// The variable.
    pub var: VarId,
    /// The page, if there is one for each.
    pub page: Option<Expr>,
}

impl Stmt {
    /// `var := value`.
    #[must_use]
    pub(crate) fn set(var: VarId, value: Expr) -> Stmt {
        Stmt::Set(Assignable { var, page: None }, value)
    }

    /// `var := var + n`.
    #[must_use]
    pub(crate) fn add(var: VarId, n: i64) -> Stmt {
        Stmt::set(var, Expr::Var(var).plus(n))
    }

    /// `var[page] := value`.
    #[must_use]
    pub(crate) fn set_at(var: VarId, page: Expr, value: Expr) -> Stmt {
        let page = Some(page);
        Stmt::Set(Assignable { var, page }, value)
    }

    /// `var[page] := var[page] + n`.
    #[must_use]
    pub(crate) fn add_at(var: VarId, page: Expr, n: i64) -> Stmt {
        let value = Expr::at(var, page.clone()).plus(n);
        Stmt::set_at(var, page, value)
    }

    /// The statements if it holds; `None` if it never does.
    pub(crate) fn when(cond: Expr, then: Vec<Stmt>) -> Vec<Stmt> {
        match cond {
            Expr::Bool(true) => then,
            Expr::Bool(false) => Vec::new(),
            _ if then.is_empty() => Vec::new(),
            cond => vec![Stmt::If(cond, then)],
        }
    }

    /// Calls `f` with every statement, inner ones included.
    pub(crate) fn visit<'a>(&'a self, f: &mut impl FnMut(&'a Stmt)) {
        f(self);
        if let Stmt::If(_, inner) | Stmt::EachPage(inner) = self {
            inner.iter().for_each(|s| s.visit(f));
        }
    }
}
