//! The blocks of a scenario, read: none runs itself, and a `break` in one has something to leave
//! wherever the block runs.
//!
//! A block means what its steps would mean if they stood in its place. What has to be known of it as
//! a whole to lower it only once is worked out here ([`Facts`]), each block after those that it runs.

use crate::check::recursion::{find_circles, note_circle, uses};
use crate::program::Patience;
use crate::read::blocks::BlockFile;
use crate::read::decode::{Name, entries};
use crate::read::operation::Reader;
use crate::read::scenario::ScenarioFile;
use crate::read::steps::{Action, Step};
use crate::source::diagnostic::{Code, Log, Problem};
use crate::source::nearest::quoted;
use crate::source::text::Span;

/// A block, read.
#[derive(Debug)]
pub(crate) struct NamedBlock {
    pub(crate) name: Name,
    pub(crate) at: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) steps: Vec<Step>,
    pub(crate) facts: Facts,
    /// Whether some task runs it.
    pub(crate) is_run: bool,
}

/// What a block takes from where it runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Some `break` in it leaves a loop around it.
    pub(crate) breaks: bool,
    /// What comes after it may be reached; false for certain only.
    pub(crate) falls_through: bool,
    /// Some step in it has the `at` of what is around, having none itself.
    pub(crate) needs_at: bool,
    /// The same of `note`.
    pub(crate) needs_note: bool,
}

/// All blocks of a scenario, in the order written.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    pub(crate) list: Vec<NamedBlock>,
}

fn run(action: &Action) -> Option<usize> {
    match action {
        Action::Run(block) => Some(*block),
        _ => None,
    }
}

impl Blocks {
    /// Reads them; notes blocks that run themselves.
    pub(crate) fn read(file: &ScenarioFile, reader: Reader<'_>, log: &mut Log) -> Blocks {
        let files: &[(Name, BlockFile)] = entries(file.blocks.as_ref());
        // Whether there is something to leave is known where the block runs.
        let reader = Reader {
            in_loop: true,
            ..reader
        };
        let list = files.iter().map(|(name, file)| NamedBlock {
            name: name.clone(),
            at: file.at.clone(),
            note: file.note.clone(),
            steps: reader.read_block(&file.steps.items, log),
            facts: Facts::default(),
            is_run: false,
        });
        let mut blocks = Blocks {
            list: list.collect(),
        };
        let uses: Vec<_> = (blocks.list.iter())
            .map(|block| uses(&block.steps, run))
            .collect();
        let order = find_circles(&uses, |circle, span| {
            let names = circle.iter().map(|block| blocks.list[*block].name.text());
            let help = "a block stands for its steps: write the repetition as `repeat` or `loop`";
            note_circle("blocks run", names, span, help, log);
        });
        for block in order {
            blocks.list[block].facts = blocks.facts_of(&blocks.list[block]);
        }
        blocks
    }

    /// Notes what a task program's blocks would leave, where there is nothing to leave; marks those
    /// that it runs.
    pub(crate) fn check(&mut self, programs: &[Vec<Step>], log: &mut Log) {
        let mut left: Vec<usize> = Vec::new();
        for program in programs {
            if let Some((block, span)) = self.breaks_outside(program) {
                let name = quoted(self.list[block].name.text());
                let message = format!("{name} has a `break`, and runs outside of any loop here");
                log.push(
                    Problem::at(Code::BreakOutside, span, message)
                        .label("nothing to leave")
                        .help("`break` leaves the innermost `loop` or `repeat` around the block; `exit` ends the task"),
                );
            }
            left.extend(uses(program, run).into_iter().map(|(block, _)| block));
        }
        while let Some(block) = left.pop() {
            if !std::mem::replace(&mut self.list[block].is_run, true) {
                let used = uses(&self.list[block].steps, run);
                left.extend(used.into_iter().map(|(block, _)| block));
            }
        }
    }

    /// A block with a `break` that leaves what is not there, and where it runs.
    fn breaks_outside(&self, steps: &[Step]) -> Option<(usize, Span)> {
        steps.iter().find_map(|step| match &step.action {
            Action::Run(block) => self.list[*block]
                .facts
                .breaks
                .then_some((*block, step.span)),
            Action::Loop(_) | Action::Repeat { .. } => None,
            action => (action.parts().into_iter()).find_map(|part| self.breaks_outside(part)),
        })
    }

    fn facts_of(&self, block: &NamedBlock) -> Facts {
        Facts {
            breaks: self.breaks(&block.steps),
            falls_through: self.falls_through(&block.steps),
            needs_at: block.at.is_none() && self.needs(&block.steps, AT),
            needs_note: block.note.is_none() && self.needs(&block.steps, NOTE),
        }
    }

    fn facts(&self, block: usize) -> Facts {
        self.list[block].facts
    }

    /// Whether some `break` leaves what is around the steps.
    fn breaks(&self, steps: &[Step]) -> bool {
        steps.iter().any(|step| match &step.action {
            Action::Break => true,
            Action::Run(block) => self.facts(*block).breaks,
            Action::Loop(_) | Action::Repeat { .. } => false,
            action => action.parts().into_iter().any(|part| self.breaks(part)),
        })
    }

    /// Whether the end of the steps may be reached.
    fn falls_through(&self, steps: &[Step]) -> bool {
        steps.iter().all(|step| match &step.action {
            Action::Exit | Action::Break => false,
            Action::Run(block) => self.facts(*block).falls_through,
            Action::Loop(body) => self.breaks(body),
            Action::Repeat { body, .. } => self.falls_through(body) || self.breaks(body),
            Action::Choose(branches) => branches.iter().any(|branch| self.falls_through(branch)),
            Action::Select(select) => {
                let mut branches = select.branches.iter();
                let goes_on = branches.any(|branch| self.falls_through(branch))
                    && self.falls_through(&select.on_success);
                goes_on
                    || select.patience == Patience::GivesUp
                        && self.falls_through(&select.on_failure)
            }
            Action::Primitive(call) => {
                !call.forks()
                    || self.falls_through(&call.on_success)
                    || self.falls_through(&call.on_failure)
            }
            // What the model's operations do is not looked at.
            Action::Operation { .. } => true,
        })
    }

    /// Whether some step that is shown has no remark of that kind, nor anything around it.
    fn needs(&self, steps: &[Step], remark: Remark) -> bool {
        steps.iter().any(|step| match &step.action {
            Action::Break | Action::Exit => false,
            Action::Run(block) => !(remark.of_step)(step) && (remark.of_facts)(self.facts(*block)),
            Action::Loop(body) | Action::Repeat { body, .. } => {
                !(remark.of_step)(step) && self.needs(body, remark)
            }
            action => {
                let mut parts = action.parts().into_iter();
                !(remark.of_step)(step) || parts.any(|part| self.needs(part, remark))
            }
        })
    }
}

/// One of `at` and `note`.
#[derive(Clone, Copy)]
struct Remark {
    of_step: fn(&Step) -> bool,
    of_facts: fn(Facts) -> bool,
}

const AT: Remark = Remark {
    of_step: |step| step.at.is_some(),
    of_facts: |facts| facts.needs_at,
};
const NOTE: Remark = Remark {
    of_step: |step| step.note.is_some(),
    of_facts: |facts| facts.needs_note,
};
