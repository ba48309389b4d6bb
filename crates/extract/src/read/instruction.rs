//! What a function is lowered to: assignments, calls, branches and jumps, on expressions without
//! side effects.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::read::names::Name;

/// Something that can be assigned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A parameter or variable of the function.
    Local(Name),
    /// Any other variable, those that are `static` in the function among them.
    Global(Name),
    /// A field of what the expression points to.
    Field(Box<Expr>, Name),
    /// What the expression points to.
    Deref(Box<Expr>),
}

/// A value, computed without side effects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// A number.
    Const(i64),
    /// A string: its address.
    Text(Name),
    /// The address of a function.
    Function(Name),
    /// Any value, another one each time.
    Unknown,
    /// What is there.
    Read(Box<Place>),
    /// Where it is.
    Address(Box<Place>),
    /// The operator's sign, and what it is applied to.
    Binary(&'static str, Box<Expr>, Box<Expr>),
    /// `~`; other signs are lowered to something else.
    Complement(Box<Expr>),
}

/// What is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A function of this name.
    Function(Name),
    /// What a field of this name points to.
    Field(Name),
    /// What an expression points to.
    Value(Expr, Name),
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Where the result goes.
    pub result: Name,
    /// What is called.
    pub target: Target,
    /// With which values.
    pub args: Vec<Expr>,
    /// The arguments as they are written.
    pub texts: Vec<String>,
    /// The variable that the result is assigned to at once, if it is.
    pub into: Option<String>,
    /// The line.
    pub line: usize,
}

/// One instruction. Targets are indices of instructions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instr {
    /// Goes on.
    Nop,
    /// The place has the value.
    Assign(Place, Expr),
    /// The place has any value.
    Forget(Place),
    /// Goes on there.
    Jump(usize),
    /// Goes on there if the value is not 0, and there if it is.
    Branch(Expr, usize, usize),
    /// A loop begins: its rounds count from here.
    Enter(u32),
    /// A round of the loop begins anew.
    Round(u32, usize),
    /// A call.
    Call(Rc<Call>),
    /// Returns.
    Return(Option<Expr>),
    /// Nothing is followed from here: the name of what ends it, and the line.
    End(Name, usize),
    /// What cannot be read lies here.
    Opaque(Rc<Opaque>),
}

/// What cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opaque {
    /// What kind of thing.
    pub what: Unread,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1; 0: the whole line.
    pub column: usize,
    /// How many characters, on the first line.
    pub length: usize,
    /// The names in it.
    pub names: BTreeSet<Name>,
    /// Whether it may have other names as well: some are pasted together.
    pub hides: bool,
    /// The name of what cannot be read, if it has one.
    pub name: String,
}

/// Kinds of what cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It does not parse.
    Syntax,
    /// Assembler.
    Asm,
    /// A computed goto, or one to a label that is not there.
    Goto,
    /// A macro.
    Macro,
    /// A macro that comes to more text than is read.
    Large,
    /// It is nested too deeply.
    Deep,
}

/// A function as instructions.
#[derive(Debug, Clone, Default)]
pub struct Code {
    /// The instructions; the last is a return.
    pub instrs: Vec<Instr>,
    /// The parameters, in order.
    pub params: Vec<Name>,
    /// Variables that are arrays or structures: their value is their address.
    pub aggregates: BTreeSet<Name>,
    /// Calls through pointers that the files resolve: the line, the pointer, and the functions.
    pub resolved: Vec<(usize, String, Vec<String>)>,
    /// Variables that are never negative.
    pub unsigned: BTreeSet<Name>,
    /// Variables that are no structures: pointers, numbers and results.
    pub scalars: BTreeSet<Name>,
}

impl Instr {
    /// Where it goes on, in this function; `end` stands for leaving it.
    #[must_use]
    pub fn successors(&self, at: usize, end: usize) -> Vec<usize> {
        match self {
            Instr::Jump(to) => vec![*to],
            Instr::Branch(_, yes, no) if yes == no => vec![*yes],
            Instr::Branch(_, yes, no) => vec![*yes, *no],
            Instr::Return(_) => vec![end],
            Instr::End(..) => Vec::new(),
            _ => vec![at + 1],
        }
    }
}

impl Expr {
    /// What is read at a place.
    #[must_use]
    pub fn read(place: Place) -> Expr {
        Expr::Read(Box::new(place))
    }

    /// A binary operation.
    #[must_use]
    pub fn binary(sign: &'static str, left: Expr, right: Expr) -> Expr {
        Expr::Binary(sign, Box::new(left), Box::new(right))
    }

    /// Calls `each` with every place in it that is read or whose address is taken.
    pub fn places(&self, each: &mut dyn FnMut(&Place)) {
        match self {
            Expr::Read(place) | Expr::Address(place) => {
                each(place);
                place.inner(each);
            }
            Expr::Binary(_, left, right) => {
                left.places(each);
                right.places(each);
            }
            Expr::Complement(inner) => inner.places(each),
            Expr::Const(_) | Expr::Text(_) | Expr::Function(_) | Expr::Unknown => {}
        }
    }
}

impl Place {
    /// Calls `each` with every place that is read to find this one.
    pub fn inner(&self, each: &mut dyn FnMut(&Place)) {
        match self {
            Place::Local(_) | Place::Global(_) => {}
            Place::Field(base, _) | Place::Deref(base) => base.places(each),
        }
    }
}
