//! Expressions, which simplify as they are built.

use super::VarId;

/// An expression over whole numbers and truth values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expr {
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
pub(crate) enum Cmp {
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
    pub(crate) fn is(self, cmp: Cmp, other: Expr) -> Expr {
        match (&self, &other) {
            (Expr::Int(a), Expr::Int(b)) => Expr::Bool(cmp.holds(*a, *b)),
            (a, b) if a == b => Expr::Bool(cmp.holds(0, 0)),
            _ => Expr::Is(Box::new(self), cmp, Box::new(other)),
        }
    }

    /// A comparison with a number.
    #[must_use]
    pub(crate) fn cmp(self, cmp: Cmp, n: i64) -> Expr {
        self.is(cmp, Expr::Int(n))
    }

    /// `self + n`.
    #[must_use]
    pub(crate) fn plus(self, n: i64) -> Expr {
        match self {
            Expr::Int(m) => Expr::Int(m + n),
            e if n == 0 => e,
            e => Expr::Add(Box::new(e), n),
        }
    }

    /// `self + other`.
    #[must_use]
    pub(crate) fn sum(self, other: Expr) -> Expr {
        match (self, other) {
            (Expr::Int(n), e) | (e, Expr::Int(n)) => e.plus(n),
            (a, b) => Expr::Sum(Box::new(a), Box::new(b)),
        }
    }

    /// All of them.
    #[must_use]
    pub(crate) fn and(all: impl IntoIterator<Item = Expr>) -> Expr {
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
    pub(crate) fn or(any: impl IntoIterator<Item = Expr>) -> Expr {
        match Expr::and(any.into_iter().map(Expr::not)) {
            Expr::And(all) => Expr::Or(all.into_iter().map(Expr::not).collect()),
            e => Expr::not(e),
        }
    }

    /// Not.
    #[must_use]
    #[allow(clippy::should_implement_trait, reason = "a constructor, as `and` is")]
    pub(crate) fn not(e: Expr) -> Expr {
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
    pub(crate) fn at(var: VarId, page: Expr) -> Expr {
        Expr::At(var, Box::new(page))
    }

    /// The same with every part replaced that `f` replaces.
    #[must_use]
    pub(crate) fn map(&self, f: &impl Fn(&Expr) -> Option<Expr>) -> Expr {
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
    pub(crate) fn visit(&self, f: &mut impl FnMut(&Expr)) {
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
