//! What must hold for a closure of local states to say something about the whole program.

use std::fmt;

use kmapcheck_scenario::{NodeId, Op, Program, Ref, TemplateId};

/// Why a program has no closure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokenPremise {
    /// What is the matter.
    pub what: Broken,
    /// The operation that makes it so, if it is one.
    pub at: Option<(TemplateId, NodeId)>,
}

/// The premises, as they are broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// A page is allocated into a shared name.
    SharedAlloc,
    /// A page is freed through a shared name.
    SharedFree,
    /// A page is freed while its task still has it mapped or locked.
    FreedInUse,
    /// There are more local states than is sensible.
    TooLarge,
    /// A limit came before all local states were known. (No premise is broken then; but nothing is
    /// known either.)
    Stopped,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Broken::SharedAlloc => "a page is allocated into a name that all tasks know",
            Broken::SharedFree => "a page is freed through a name that all tasks know",
            Broken::FreedInUse => "a page is freed while its task still has it mapped or locked",
            Broken::TooLarge => "a task program has too many local states",
            Broken::Stopped => "a limit came before all that a task can be in was known",
        })
    }
}

/// Looks at the operations alone.
pub(crate) fn check(program: &Program) -> Result<(), BrokenPremise> {
    for (template, declared) in program.templates.iter().enumerate() {
        for (node, what) in declared.nodes.iter().enumerate() {
            let broken = match what.op {
                Op::AllocPage {
                    var: Ref::Shared(_),
                }
                | Op::TryAllocPage {
                    var: Ref::Shared(_),
                } => Broken::SharedAlloc,
                Op::FreePage {
                    page: Ref::Shared(_),
                } => Broken::SharedFree,
                _ => continue,
            };
            return Err(BrokenPremise {
                what: broken,
                at: Some((template, node)),
            });
        }
    }
    Ok(())
}
