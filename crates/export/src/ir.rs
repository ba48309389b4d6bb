//! The model that all targets are printed from: guarded transitions over bounded variables.
//!
//! A [`Model`] has one automaton for each template. Its control states ([`Control`]) say where an
//! instance stands *and* what it holds, so holdings take no variables; what tasks meet in (slots,
//! locks, the mappings of pages) does. A [`Transition`] is one atomic step: guard, then statements
//! in order. Expressions simplify as they are built, which is what keeps the output short.

use kmapcheck_scenario::FindingKind;

/// Index of a variable in [`Model::vars`].
pub type VarId = usize;
/// Index of a control state in [`Automaton::controls`].
pub type ControlId = usize;

/// A scenario as guarded transitions.
#[derive(Debug, Clone)]
pub struct Model {
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
pub struct StartValue {
    /// The variable.
    pub var: VarId,
    /// The page.
    pub page: Option<u32>,
    /// The value.
    pub value: i64,
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Var {
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
pub enum Scope {
    /// Once.
    Global,
    /// Once for each page.
    Page,
    /// Once for each instance of the automaton of that number.
    Instance(usize),
}

/// The automaton of a template.
#[derive(Debug, Clone)]
pub struct Automaton {
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
pub struct Control {
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
    pub fn blocked(&self) -> Expr {
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
pub struct Transition {
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
pub enum Stmt {
    /// `place := value`.
    Set(Place, Expr),
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
pub struct Place {
    /// The variable.
    pub var: VarId,
    /// The page, if there is one for each.
    pub page: Option<Expr>,
}

/// An expression over whole numbers and truth values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// A number.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// A variable.
    Var(VarId),
    /// The element of a variable for a page.
    At(VarId, Box<Expr>),
    /// `base + stride * instance`: the number of an instance's own page.
    Own(i64, i64),
    /// The page chosen, in a transition with `pick`.
    Pick,
    /// The page of an [`Stmt::EachPage`] or [`Expr::SomePage`].
    Q,
    /// The argument of `pristine` and `can_alloc`.
    P,
    /// A sum; of a number that may be negative.
    Add(Box<Expr>, i64),
    /// The sum of two.
    Sum(Box<Expr>, Box<Expr>),
    /// A comparison.
    Is(Box<Expr>, Cmp, Box<Expr>),
    /// All of them.
    And(Vec<Expr>),
    /// Any of them.
    Or(Vec<Expr>),
    /// Not.
    Not(Box<Expr>),
    /// It holds for some page [`Expr::Q`].
    SomePage(Box<Expr>),
    /// `pristine(p)`.
    Pristine(Box<Expr>),
    /// `can_alloc(p)`.
    CanAlloc(Box<Expr>),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the usual six")]
pub enum Cmp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Cmp {
    fn negated(self) -> Cmp {
        match self {
            Cmp::Eq => Cmp::Ne,
            Cmp::Ne => Cmp::Eq,
            Cmp::Lt => Cmp::Ge,
            Cmp::Le => Cmp::Gt,
            Cmp::Gt => Cmp::Le,
            Cmp::Ge => Cmp::Lt,
        }
    }

    fn holds(self, a: i64, b: i64) -> bool {
        match self {
            Cmp::Eq => a == b,
            Cmp::Ne => a != b,
            Cmp::Lt => a < b,
            Cmp::Le => a <= b,
            Cmp::Gt => a > b,
            Cmp::Ge => a >= b,
        }
    }
}

impl Expr {
    /// A comparison, decided if both sides are known.
    #[must_use]
    pub fn is(self, cmp: Cmp, other: Expr) -> Expr {
        match (&self, &other) {
            (Expr::Int(a), Expr::Int(b)) => Expr::Bool(cmp.holds(*a, *b)),
            (a, b) if a == b => Expr::Bool(cmp.holds(0, 0)),
            _ => Expr::Is(Box::new(self), cmp, Box::new(other)),
        }
    }

    /// A comparison with a number.
    #[must_use]
    pub fn cmp(self, cmp: Cmp, n: i64) -> Expr {
        self.is(cmp, Expr::Int(n))
    }

    /// `self + n`.
    #[must_use]
    pub fn plus(self, n: i64) -> Expr {
        match self {
            Expr::Int(m) => Expr::Int(m + n),
            e if n == 0 => e,
            e => Expr::Add(Box::new(e), n),
        }
    }

    /// `self + other`.
    #[must_use]
    pub fn sum(self, other: Expr) -> Expr {
        match (self, other) {
            (Expr::Int(n), e) | (e, Expr::Int(n)) => e.plus(n),
            (a, b) => Expr::Sum(Box::new(a), Box::new(b)),
        }
    }

    /// All of them.
    #[must_use]
    pub fn and(all: impl IntoIterator<Item = Expr>) -> Expr {
        let mut flat: Vec<Expr> = Vec::new();
        for e in all {
            match e {
                Expr::Bool(true) => {}
                Expr::Bool(false) => return Expr::Bool(false),
                Expr::And(inner) => {
                    for e in inner {
                        if !flat.contains(&e) {
                            flat.push(e);
                        }
                    }
                }
                e if flat.contains(&e) => {}
                e => flat.push(e),
            }
        }
        match flat.len() {
            0 => Expr::Bool(true),
            1 => flat.remove(0),
            _ => Expr::And(flat),
        }
    }

    /// Any of them.
    #[must_use]
    pub fn or(any: impl IntoIterator<Item = Expr>) -> Expr {
        match Expr::and(any.into_iter().map(Expr::not)) {
            Expr::And(all) => Expr::Or(all.into_iter().map(Expr::not).collect()),
            e => Expr::not(e),
        }
    }

    /// Not.
    #[must_use]
    #[allow(clippy::should_implement_trait, reason = "a constructor, as `and` is")]
    pub fn not(e: Expr) -> Expr {
        match e {
            Expr::Bool(b) => Expr::Bool(!b),
            Expr::Not(e) => *e,
            Expr::Is(a, cmp, b) => Expr::Is(a, cmp.negated(), b),
            Expr::And(all) => Expr::Or(all.into_iter().map(Expr::not).collect()),
            Expr::Or(any) => Expr::And(any.into_iter().map(Expr::not).collect()),
            e => Expr::Not(Box::new(e)),
        }
    }

    /// The element for a page.
    #[must_use]
    pub fn at(var: VarId, page: Expr) -> Expr {
        Expr::At(var, Box::new(page))
    }

    /// The same with every part replaced that `f` replaces.
    #[must_use]
    pub fn map(&self, f: &impl Fn(&Expr) -> Option<Expr>) -> Expr {
        if let Some(e) = f(self) {
            return e;
        }
        let sub = |e: &Expr| Box::new(e.map(f));
        match self {
            Expr::At(v, e) => Expr::At(*v, sub(e)),
            Expr::Add(e, n) => e.map(f).plus(*n),
            Expr::Sum(a, b) => a.map(f).sum(b.map(f)),
            Expr::Is(a, cmp, b) => a.map(f).is(*cmp, b.map(f)),
            Expr::And(all) => Expr::and(all.iter().map(|e| e.map(f))),
            Expr::Or(any) => Expr::or(any.iter().map(|e| e.map(f))),
            Expr::Not(e) => Expr::not(e.map(f)),
            Expr::SomePage(e) => Expr::SomePage(sub(e)),
            Expr::Pristine(e) => Expr::Pristine(sub(e)),
            Expr::CanAlloc(e) => Expr::CanAlloc(sub(e)),
            e => e.clone(),
        }
    }

    /// Calls `f` with it and all its parts.
    pub fn visit(&self, f: &mut impl FnMut(&Expr)) {
        f(self);
        match self {
            Expr::At(_, e)
            | Expr::Add(e, _)
            | Expr::Not(e)
            | Expr::SomePage(e)
            | Expr::Pristine(e)
            | Expr::CanAlloc(e) => e.visit(f),
            Expr::Sum(a, b) | Expr::Is(a, _, b) => {
                a.visit(f);
                b.visit(f);
            }
            Expr::And(es) | Expr::Or(es) => es.iter().for_each(|e| e.visit(f)),
            _ => {}
        }
    }
}

impl Stmt {
    /// `var := value`.
    #[must_use]
    pub fn set(var: VarId, value: Expr) -> Stmt {
        Stmt::Set(Place { var, page: None }, value)
    }

    /// `var := var + n`.
    #[must_use]
    pub fn add(var: VarId, n: i64) -> Stmt {
        Stmt::set(var, Expr::Var(var).plus(n))
    }

    /// `var[page] := value`.
    #[must_use]
    pub fn set_at(var: VarId, page: Expr, value: Expr) -> Stmt {
        let page = Some(page);
        Stmt::Set(Place { var, page }, value)
    }

    /// `var[page] := var[page] + n`.
    #[must_use]
    pub fn add_at(var: VarId, page: Expr, n: i64) -> Stmt {
        let value = Expr::at(var, page.clone()).plus(n);
        Stmt::set_at(var, page, value)
    }

    /// The statements if it holds; `None` if it never does.
    pub fn when(cond: Expr, then: Vec<Stmt>) -> Vec<Stmt> {
        match cond {
            Expr::Bool(true) => then,
            Expr::Bool(false) => Vec::new(),
            _ if then.is_empty() => Vec::new(),
            cond => vec![Stmt::If(cond, then)],
        }
    }

    /// Calls `f` with every statement, inner ones included.
    pub fn visit<'a>(&'a self, f: &mut impl FnMut(&'a Stmt)) {
        f(self);
        if let Stmt::If(_, inner) | Stmt::EachPage(inner) = self {
            inner.iter().for_each(|s| s.visit(f));
        }
    }
}
