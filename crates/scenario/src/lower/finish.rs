//! The last stage: nodes turned round, labels followed, things numbered by appearance.

use std::collections::BTreeSet;

use kmapcheck_limits::ask;

use super::{Destination, Goal, Lowered, Lowering, Shared};
use crate::check::stale::Pages;
use crate::program::{Node, Op, Origin, Ref, Target, Variable};
use crate::source::diagnostic::{Code, Problem};
use crate::source::nearest::{help_for, quoted};

impl Lowering<'_> {
    /// Follows labels to where control really goes.
    ///
    /// A label's goal is a node, the end, or the label of a loop further out; so this ends.
    fn resolve(&self, goal: Goal) -> Target {
        let mut goal = goal;
        for _ in 0..=self.labels.len() {
            match goal.to {
                Destination::End => {
                    return Target {
                        node: None,
                        round: goal.round,
                    };
                }
                Destination::Node(made) => {
                    return Target {
                        node: Some(self.drafts.len() - 1 - made),
                        round: goal.round,
                    };
                }
                Destination::Label(label) => match self.labels[label] {
                    Some(start) => {
                        goal = Goal {
                            to: start.to,
                            round: goal.round || start.round,
                        };
                    }
                    // A loop without steps, which was noted.
                    None => break,
                },
            }
        }
        Target {
            node: None,
            round: goal.round,
        }
    }

    /// Turns the nodes round and numbers what is numbered by appearance.
    pub(super) fn finish(mut self, entry: Goal, declared: &Pages, shared: &mut Shared) -> Lowered {
        self.note_unbound();
        let mut vars: Vec<Variable> = declared
            .list
            .iter()
            .map(|page| Variable {
                name: page.name.clone(),
                page: Some(page.clone()),
            })
            .collect();
        let mut var_ids: Vec<Option<usize>> = vec![None; self.undeclared.len()];
        let mut origin_ids: Vec<Option<usize>> = vec![None; self.sites.len()];
        let mut nodes = Vec::with_capacity(self.drafts.len());
        for draft in self.drafts.iter().rev() {
            ask();
            let mut op = draft.op;
            if let Some(Ref::Own(index)) = op.page_mut()
                && let Some(apart) = index.checked_sub(self.declared)
            {
                *index = *var_ids[apart].get_or_insert_with(|| {
                    let name = self.undeclared[apart].name.clone();
                    vars.push(Variable { name, page: None });
                    vars.len() - 1
                });
            }
            if let Op::KmapAtomic { kind, .. } = &mut op {
                *kind = shared.atomic_type(&self.types[*kind]);
            }
            let origin = *origin_ids[draft.site].get_or_insert_with(|| {
                let chain = std::mem::take(&mut self.sites[draft.site]);
                shared.origins.push(Origin {
                    chain,
                    shown: self.shown[draft.site],
                    block: self.in_block[draft.site],
                });
                shared.origins.len() - 1
            });
            let next = draft.next.iter().map(|goal| self.resolve(*goal)).collect();
            nodes.push(Node {
                op,
                next,
                patience: draft.patience,
                origin,
            });
        }
        Lowered {
            vars,
            entry: self.resolve(entry),
            nodes,
            spent: self.spent,
            growth: self.growth,
        }
    }

    /// Notes page names that are neither declared nor bound by an `alloc_page`.
    fn note_unbound(&mut self) {
        if self.over || self.log.is_full() {
            // What was cut off may have bound them.
            return;
        }
        let known: BTreeSet<&str> = self
            .scope
            .own_pages
            .keys()
            .chain(self.scope.shared_pages.keys())
            .map(String::as_str)
            .chain(
                self.undeclared
                    .iter()
                    .filter(|page| page.bound)
                    .map(|page| page.name.as_str()),
            )
            .collect();
        for page in self.undeclared.iter().filter(|page| !page.bound) {
            for span in &page.used {
                if self.log.is_full() {
                    return;
                }

                self.log.push(
                    Problem::at(
                        Code::UnknownPage,
                        *span,
                        format!("there is no page {}", quoted(&page.name)),
                    )
                    .label(format!(
                        "neither declared nor allocated in {}",
                        self.scope.task
                    ))
                    .help(help_for(&page.name, "pages", known.iter().copied())),
                );
            }
        }
    }
}
