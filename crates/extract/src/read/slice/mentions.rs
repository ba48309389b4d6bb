//! What is mentioned from each instruction on, in functions that are called too; and the operations
//! that matter, with the functions that are called on the way to them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kmapcheck_limits::ask;

use super::{Body, Slicer};
use crate::read::callee::{Callee, is_operation, may_sleep};
use crate::read::graph::reads;
use crate::read::instruction::Place;
use crate::read::names::Name;

impl Slicer<'_> {
    /// Notes the operations that matter, and the functions that are called.
    pub(super) fn list_operations(&mut self) {
        for (&(function, at), callee) in &self.callees {
            if !self.slice.bodies[&function].matters[at] {
                continue;
            }
            match callee {
                Callee::Mapped(name) => {
                    let sleeps = self.sleep_matters && may_sleep(self.mapping, name);
                    if sleeps || is_operation(self.mapping, name) {
                        self.slice.operations.insert((function, at));
                    }
                }
                Callee::Bodies(bodies) => {
                    let followed = |body: &&usize| self.slice.followed.contains(body);
                    let bodies = bodies.iter().filter(followed).copied().collect();
                    self.slice.calls.insert((function, at), bodies);
                }
                _ => {}
            }
        }
    }

    /// What is mentioned from each instruction on.
    pub(super) fn mentions(&mut self) {
        let mut of_function: BTreeMap<usize, Rc<BTreeSet<Name>>> = BTreeMap::new();
        let mut changed = true;
        while changed {
            changed = false;
            for &function in &self.slice.followed {
                ask();
                let body = &self.slice.bodies[&function];
                let mentions = self.mentions_of(function, body, &of_function);
                let first = mentions.first().cloned().unwrap_or_default();
                if of_function.get(&function) != Some(&first) {
                    of_function.insert(function, first);
                    changed = true;
                }
                if let Some(body) = self.slice.bodies.get_mut(&function) {
                    body.mentions = mentions;
                }
            }
        }
    }

    fn mentions_of(
        &self,
        function: usize,
        body: &Body,
        of_function: &BTreeMap<usize, Rc<BTreeSet<Name>>>,
    ) -> Vec<Rc<BTreeSet<Name>>> {
        let code = &body.code;
        let end = code.instrs.len();
        let none: Rc<BTreeSet<Name>> = Rc::default();
        let mut mentions = vec![none; end + 1];
        let mut changed = true;
        while changed {
            changed = false;
            for at in (0..end).rev() {
                ask();
                let next = code.instrs[at].successors(at, end);
                let mut set =
                    BTreeSet::clone(next.first().map_or(&mentions[end], |&to| &mentions[to]));
                for &to in next.iter().skip(1) {
                    set.extend(mentions[to].iter().copied());
                }
                if body.matters[at] {
                    reads(&code.instrs[at], &mut |place| match place {
                        Place::Global(name) | Place::Field(_, name) => {
                            set.insert(*name);
                        }
                        Place::Deref(_) => set.extend(self.slice.behind),
                        Place::Local(_) => {}
                    });
                    if let Some(Callee::Bodies(bodies)) = self.callees.get(&(function, at)) {
                        for body in bodies {
                            set.extend(
                                of_function
                                    .get(body)
                                    .into_iter()
                                    .flat_map(|s| s.iter())
                                    .copied(),
                            );
                        }
                    }
                }
                if *mentions[at] != set {
                    mentions[at] = Rc::new(set);
                    changed = true;
                }
            }
        }
        mentions
    }
}
