//! That a list of local states has all that a task can be in, whatever the others do.
//!
//! The initial ones are on it, and with each one all that its steps and others' flushes make of it. The
//! steps are the machine's, in all that can be [around](crate::around) the task. Nothing is taken from
//! the list but whether a local state is on it and at which place. So a list that is too short is
//! refused, and one that is too long has places that nothing leads to.
//!
//! How pages are freed is found on the way, and whoever allocates may get any of them. Until nothing
//! new is found, everything is done again.

use std::collections::BTreeSet;

use kmapcheck_limits::ask;
use kmapcheck_machine::{
    Findings, Page, Standing, Starts, Waiting, initial, is_forgettable, standing, steps,
    waiting_findings,
};
use kmapcheck_scenario::{Bound, FindingKind, Op, Program, StaleIn};

use crate::around::Around;
use crate::counted::{Change, Counted, change, counted};
use crate::local::Local;
use crate::plain::alone;

/// What a step does beside leading to another local state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Effect {
    /// What it gives, and takes, of what is counted.
    pub change: Change,
    /// What is wrong with it, by position in [`FindingKind::ALL`].
    pub findings: Vec<usize>,
}

/// A step: where it leads, and what it does.
pub(crate) type Move = (usize, Effect);

/// What can happen to a task in a local state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Account {
    /// What it can do in each situation that it can find itself in; nothing: it waits.
    pub situations: Vec<Vec<Move>>,
    /// In what ways it can wait.
    pub waits: Vec<Waiting>,
    /// What is wrong with a call in which it has to wait.
    pub wrong_waits: Vec<usize>,
    /// What others' flushes make of it.
    pub flushed: Vec<usize>,
}

/// All local states of a program, with what can happen in them.
#[derive(Debug)]
pub struct Closed {
    /// The program that they are of: as it is alone.
    pub(crate) program: Program,
    pub(crate) states: Vec<Local>,
    pub(crate) accounts: Vec<Account>,
}

impl Closed {
    /// Goes through the local states of a program, of which there are to be so many; `find` says at
    /// which place one is.
    ///
    /// # Errors
    ///
    /// A sentence, if one is missing, if a place is left over, or if the program is such that nothing
    /// follows from its local states.
    pub(crate) fn of(
        program: &Program,
        count: usize,
        find: &dyn Fn(&Local) -> Option<usize>,
    ) -> Result<Closed, String> {
        let plain = alone(program)?;
        let mut around = Around::of(&plain);
        let counted = counted(program);
        loop {
            let before = around.freed.len();
            let mut closing = Closing {
                program: &plain,
                around: &mut around,
                counted: &counted,
                find,
                states: vec![None; count],
                accounts: vec![Account::default(); count],
                open: Vec::new(),
            };
            closing.start()?;
            while let Some(place) = closing.open.pop() {
                ask();
                closing.close(place)?;
            }
            let Closing {
                states, accounts, ..
            } = closing;
            if around.freed.len() != before {
                continue;
            }
            let all: Option<Vec<Local>> = states.into_iter().collect();
            let states = all.ok_or("there is a local state in which no task can be")?;
            return Ok(Closed {
                states,
                accounts,
                program: plain,
            });
        }
    }

    /// The kinds of finding, other than deadlock and starvation, that some local state shows, with
    /// where: the task program and the operation.
    pub(crate) fn shown(&self) -> impl Iterator<Item = (FindingKind, usize, usize)> {
        self.states
            .iter()
            .zip(&self.accounts)
            .flat_map(|(local, account)| {
                let moves = account.situations.iter().flatten();
                let of_moves = moves.flat_map(|(_, effect)| &effect.findings);
                let kinds = of_moves.chain(&account.wrong_waits);
                let at = local.task.at;
                kinds.filter_map(move |&kind| {
                    Some((FindingKind::ALL[kind], local.task.template, at?))
                })
            })
    }

    /// Whether a task can end with what others wait for: then it is lost, and nobody holds it.
    pub(crate) fn leaks(&self) -> bool {
        let lost = [FindingKind::SlotLeak, FindingKind::LockLeak];
        self.shown().any(|(kind, ..)| lost.contains(&kind))
    }
}

struct Closing<'a, 'p> {
    program: &'p Program,
    around: &'a mut Around<'p>,
    counted: &'a [Counted],
    find: &'a dyn Fn(&Local) -> Option<usize>,
    states: Vec<Option<Local>>,
    accounts: Vec<Account>,
    /// Places whose local states are still to be looked at.
    open: Vec<usize>,
}

impl Closing<'_, '_> {
    /// The place of a local state, which is looked at later unless it has been.
    fn meet(&mut self, local: Local) -> Result<usize, String> {
        let place = (self.find)(&local).filter(|&place| place < self.states.len());
        let Some(place) = place else {
            let template = &self.program.templates[local.task.template];
            let at = local.task.at.map_or_else(
                || "at its end".to_owned(),
                |at| {
                    let origin = template.nodes[at].origin;
                    format!("at {}", self.program.origins[origin].text())
                },
            );
            return Err(format!(
                "{} can be in a local state that is not listed, {at}",
                template.name
            ));
        };
        match &self.states[place] {
            None => {
                self.states[place] = Some(local);
                self.open.push(place);
            }
            Some(there) if *there != local => {
                return Err("two local states have one place".into());
            }
            Some(_) => {}
        }
        Ok(place)
    }

    /// Meets what tasks begin in: each task program by itself, since what others have of a shared page
    /// is no part of a local state, and alone a task has room for all leftovers that it can begin with.
    fn start(&mut self) -> Result<(), String> {
        let mut lonely = self.program.clone();
        for page in &mut lonely.pages {
            page.stale_in = StaleIn::Exactly(Vec::new());
        }
        for id in 0..lonely.templates.len() {
            for (other, template) in lonely.templates.iter_mut().enumerate() {
                template.count = Bound::Exactly(u32::from(other == id));
            }
            for start in Starts::of(&lonely) {
                ask();
                let state = initial(&lonely, &start);
                for task in &state.tasks {
                    self.meet(Local::of(self.program, task, &state.shared))?;
                }
            }
        }
        Ok(())
    }

    fn close(&mut self, place: usize) -> Result<(), String> {
        let program = self.program;
        let local = self.states[place].clone().expect("it was met");
        let mut account = Account::default();
        let mut situations: BTreeSet<Vec<Move>> = BTreeSet::new();
        for shared in self.around.of_task(&local) {
            ask();
            let mut moves: BTreeSet<Move> = BTreeSet::new();
            for step in steps(program, &local.task, &shared) {
                if let Some(freed) = step.broadcast.freed {
                    self.free(step.shared.page(freed))?;
                }
                let effect = Effect {
                    change: change(self.counted, &shared, &step.shared),
                    findings: numbers(step.findings),
                };
                let after = Local::of(program, &step.task, &step.shared);
                moves.insert((self.meet(after)?, effect));
            }
            situations.insert(moves.into_iter().collect());
            for wrong in numbers(waiting_findings(program, &local.task, &shared)) {
                if !account.wrong_waits.contains(&wrong) {
                    account.wrong_waits.push(wrong);
                }
            }
            if let Standing::Waits(waiting) = standing(program, &local.task, &shared)
                && !account.waits.contains(&waiting)
            {
                account.waits.push(waiting);
            }
        }
        account.situations = situations.into_iter().collect();
        for series in 0..program.series.len() {
            if let Some(flushed) = local.flushed(series) {
                account.flushed.push(self.meet(flushed)?);
            }
        }
        self.accounts[place] = account;
        Ok(())
    }

    /// Learns how a page can come back from an allocation: as it was freed, or after flushes.
    /// Where nobody allocates, nobody does: only its own task has to do with it from then on.
    fn free(&mut self, page: &Page) -> Result<(), String> {
        let mut nodes = self.program.templates.iter().flat_map(|t| &t.nodes);
        let allocates = |op| matches!(op, Op::AllocPage { .. } | Op::TryAllocPage { .. });
        if !nodes.any(|node| allocates(node.op)) {
            return Ok(());
        }
        if page.holders > 0 || page.locked || page.has_users() {
            return Err(
                "no certificate is possible: a page is freed while its task still has it mapped or locked"
                    .into(),
            );
        }
        let mut forms = vec![page.clone()];
        for series in 0..page.count.len() {
            let mut flushed = forms.clone();
            flushed.iter_mut().for_each(|page| page.count[series] = 0);
            forms.extend(flushed);
        }
        for form in forms {
            if !is_forgettable(self.program, &form) && !self.around.freed.contains(&form) {
                self.around.freed.push(form);
            }
        }
        Ok(())
    }
}

fn numbers(findings: Findings) -> Vec<usize> {
    let number = |kind| FindingKind::ALL.iter().position(|&other| other == kind);
    findings.iter().filter_map(number).collect()
}
