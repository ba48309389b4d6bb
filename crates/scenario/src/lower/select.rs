//! A select, and what its branches may begin with.

use std::collections::HashSet;

use super::{Around, Destination, Goal, Lowering};
use crate::program::{Op, Patience, Ref, ResourceKind};
use crate::read::steps::{Action, Select, Step};
use crate::source::diagnostic::{Code, Problem};
use crate::source::nearest::quoted;
use crate::source::text::Span;

impl Lowering<'_> {
    pub(super) fn select(
        &mut self,
        step: &Step,
        select: &Select,
        next: Goal,
        around: Around<'_>,
    ) -> Goal {
        let failure = self.block(&select.on_failure, next, around);
        let success = self.block(&select.on_success, next, around);
        let mut targets = Vec::new();
        for branch in select.branches.iter().rev() {
            let first = self.check_first(step, branch);
            let entry = self.arm(branch, success, around);
            if let (Some(first), Destination::Node(made)) = (first, entry.to) {
                self.check_not_fair(first, made);
            }
            targets.push(entry);
        }
        targets.reverse();
        if select.patience == Patience::GivesUp {
            targets.push(failure);
        }
        let site = self.site(step, "select".into(), around);
        self.node(Op::Select, targets, select.patience, site)
    }

    /// Notes a branch of a select that does not begin with an operation that can wait asleep. Where
    /// that operation stands.
    fn check_first(&mut self, select: &Step, branch: &[Step]) -> Option<Span> {
        let first = self.first(branch);
        let (span, what) = match first.map(|step| (step.key, &step.action)) {
            None => (
                select.key,
                "a branch of this `select` has no operation".to_owned(),
            ),
            Some((span, Action::Primitive(call))) if call.primitive.waits_asleep() => {
                if call.patience == Patience::Endless {
                    return Some(span);
                }
                let problem = Problem::at(
                    Code::MisplacedMark,
                    span,
                    "how long a `select` waits is said of the whole `select`, not of a branch",
                );
                self.log.push(
                    problem
                        .label("the first operation of a branch")
                        .help("write `idle` or `gives_up` beside `select`"),
                );
                return None;
            }
            Some((span, _)) => (
                span,
                "a branch of `select` begins with something that it cannot wait for".to_owned(),
            ),
        };
        self.log.push(
            Problem::at(Code::BadBranch, span, what)
                .label("where a wait is to begin")
                .help(
                    "let it begin with kmap, down, down_read, down_write, lock_page, \
                     wait_for_completion, alloc_page or mempool_alloc; what comes next may be anything",
                ),
        );
        None
    }

    /// The first operation that is none of the model's, those expanded, and blocks written out.
    pub(super) fn first<'s>(&'s self, steps: &'s [Step]) -> Option<&'s Step> {
        // The lists that are being looked through; of those of an operation or block, which.
        let mut left = vec![(steps.iter(), None)];
        let mut empty = HashSet::new();
        while let Some((steps, whose)) = left.last_mut() {
            let Some(step) = steps.next() else {
                empty.extend(whose.take());
                left.pop();
                continue;
            };
            let (whose, inner) = match step.action {
                Action::Operation { index, .. } => ((true, index), &self.model.bodies[index]),
                Action::Run(block) => ((false, block), &self.blocks.list[block].steps),
                _ => return Some(step),
            };
            if !empty.contains(&whose) {
                left.push((inner.iter(), Some(whose)));
            }
        }
        None
    }

    /// Notes a first operation of a select that would have to queue: the queue would have to be left
    /// again.
    fn check_not_fair(&mut self, first: Span, made: usize) {
        let op = self.drafts[made].op;
        let fair = op.resource().is_some_and(|lock| {
            let resource = match lock {
                Ref::Shared(index) => &self.scope.shared.list[index],
                Ref::Own(index) => &self.scope.own.list[index],
            };
            resource.kind.has_queue() || matches!(resource.kind, ResourceKind::Rwsem { fair: true })
        });
        if fair {
            let site = &self.sites[self.drafts[made].site];
            let text = site.last().map_or("", |frame| &frame.text);
            let message = format!(
                "a branch of `select` begins with {}, where tasks queue",
                quoted(text)
            );
            self.log.push(
                Problem::at(Code::BadBranch, first, message)
                    .label("another branch could go on, and the queue would have to be left")
                    .help("declare it without `fair`, or wait for it by itself"),
            );
        }
    }
}
