//! Operations and their arguments, resolved in a task's scope.

use std::collections::BTreeSet;

use super::text::substitute;
use super::{Around, Lowering, Undeclared};
use crate::program::{Op, Ref, Resource, ResourceKind, SeriesId};
use crate::read::operations::{Operand, Verb};
use crate::read::steps::{Arg, ArgValue, Call, note_unknown_series};
use crate::source::diagnostic::{Code, Problem};
use crate::source::nearest::quoted;

impl Lowering<'_> {
    /// The primitive with every name in it resolved; `None` if one is wrong, which is noted.
    pub(super) fn op(&mut self, call: &Call, around: Around<'_>) -> Option<Op> {
        let verb = call.primitive.verb;
        let Some(operand) = &call.operand else {
            return Some(Op::MightSleep);
        };
        let operand = substitute(operand, around).clone();
        match call.primitive.operand {
            Operand::Page | Operand::NewPage => {
                let page = self.page(&operand, call.primitive.operand == Operand::NewPage);
                // Both are looked at before either is asked for, so that both are noted.
                let series = call.series.as_ref().map(|arg| self.series(arg, around));
                let kind = call
                    .atomic_type
                    .as_ref()
                    .map(|arg| self.atomic_type(arg, around));
                let flush = match &call.flush {
                    Some(arg) => self.flag(arg, around)?,
                    None => false,
                };
                let page = page?;
                Some(match verb {
                    Verb::Kmap => Op::Kmap {
                        page,
                        series: series??,
                    },
                    Verb::TryKmap => Op::TryKmap {
                        page,
                        series: series??,
                        flush,
                    },
                    Verb::Kunmap => Op::Kunmap { page },
                    Verb::KunmapAny => Op::KunmapAny { page },
                    Verb::KmapAtomic => Op::KmapAtomic { page, kind: kind?? },
                    Verb::KunmapAtomic => Op::KunmapAtomic { page },
                    Verb::KmapLocal => Op::KmapLocal { page },
                    Verb::KunmapLocal => Op::KunmapLocal { page },
                    Verb::LockPage => Op::LockPage { page },
                    Verb::UnlockPage => Op::UnlockPage { page },
                    Verb::TrylockPage => Op::TrylockPage { page },
                    Verb::FreePage => Op::FreePage { page },
                    Verb::AllocPage => Op::AllocPage { var: page },
                    Verb::TryAllocPage => Op::TryAllocPage { var: page },
                    verb => unreachable!("the table has {verb:?} about a page"),
                })
            }
            wanted => {
                let name = self.name(&operand)?;
                let operation = call.primitive.name;
                let (lock, resource) =
                    self.scope
                        .resolve(&name, operand.span, operation, wanted, self.log)?;
                let n = self.units(call, resource, around)?;
                Some(match verb {
                    Verb::SpinLock => Op::SpinLock { lock },
                    Verb::SpinUnlock => Op::SpinUnlock { lock },
                    Verb::SpinTrylock => Op::SpinTrylock { lock },
                    Verb::Down | Verb::MempoolAlloc => Op::Down { pool: lock, n },
                    Verb::Up | Verb::MempoolFree => Op::Up { pool: lock, n },
                    Verb::DownTrylock | Verb::MempoolTryAlloc => Op::DownTrylock { pool: lock, n },
                    Verb::DownRead => Op::DownRead { lock },
                    Verb::DownReadTrylock => Op::DownReadTrylock { lock },
                    Verb::DownWriteTrylock => Op::DownWriteTrylock { lock },
                    Verb::UpRead => Op::UpRead { lock },
                    Verb::DownWrite => Op::DownWrite { lock },
                    Verb::UpWrite => Op::UpWrite { lock },
                    Verb::Complete => Op::Complete { completion: lock },
                    Verb::WaitForCompletion => Op::WaitForCompletion { completion: lock },
                    Verb::TryWaitForCompletion => Op::TryWaitForCompletion { completion: lock },
                    verb => unreachable!("the table has {verb:?} about a lock or pool"),
                })
            }
        }
    }

    /// How many units an operation moves; notes more than there are.
    fn units(&mut self, call: &Call, resource: &Resource, around: Around<'_>) -> Option<u32> {
        let Some(arg) = &call.units else {
            return Some(1);
        };
        let n = self.number(arg, around)?;
        if let ResourceKind::Semaphore { units, .. } = resource.kind
            && n > units
        {
            let span = substitute(arg, around).span;
            let name = quoted(&resource.name);
            let message = format!("{n} units of {name}, which has only {units}");
            let help = match resource.follows {
                Some(series) => format!(
                    "it has as many as {} has slots: give the series more, or ask for fewer units",
                    quoted(&self.model.series_names[series])
                ),
                None => "declare the semaphore with more units, or ask for fewer".into(),
            };
            self.log.push(
                Problem::at(Code::TooManyUnits, span, message)
                    .label("more than there are")
                    .help(help),
            );
            return None;
        }
        Some(n)
    }

    fn page(&mut self, operand: &Arg, binds: bool) -> Option<Ref> {
        let name = self.name(operand)?;
        if let Some(page) = self.scope.page(&name) {
            return Some(page);
        }
        let next = self.undeclared.len();
        let index = *self.undeclared_ids.entry(name.clone()).or_insert(next);
        if index == next {
            self.undeclared.push(Undeclared {
                name,
                bound: false,
                used: BTreeSet::new(),
            });
        }
        let undeclared = &mut self.undeclared[index];
        undeclared.bound |= binds;
        undeclared.used.insert(operand.span);
        Some(Ref::Own(self.declared + index))
    }

    fn series(&mut self, arg: &Arg, around: Around<'_>) -> Option<SeriesId> {
        let arg = substitute(arg, around);
        let name = self.name(arg)?;
        let found = self
            .model
            .series_names
            .iter()
            .position(|known| *known == name);
        if found.is_none() {
            note_unknown_series(&name, arg.span, &self.model.series_names, self.log);
        }
        found
    }

    fn atomic_type(&mut self, arg: &Arg, around: Around<'_>) -> Option<usize> {
        let name = self.name(substitute(arg, around))?;
        let next = self.types.len();
        let index = *self.type_ids.entry(name.clone()).or_insert(next);
        if index == next {
            self.types.push(name);
        }
        Some(index)
    }

    fn name(&mut self, arg: &Arg) -> Option<String> {
        match &arg.value {
            ArgValue::Text(text) => Some(text.clone()),
            _ => self.wrong(arg, "a name"),
        }
    }

    pub(super) fn number(&mut self, arg: &Arg, around: Around<'_>) -> Option<u32> {
        let arg = substitute(arg, around);
        match arg.value {
            ArgValue::Number(number) => Some(number),
            _ => self.wrong(arg, "a number"),
        }
    }

    fn flag(&mut self, arg: &Arg, around: Around<'_>) -> Option<bool> {
        let arg = substitute(arg, around);
        match arg.value {
            ArgValue::Flag(flag) => Some(flag),
            _ => self.wrong(arg, "true or false"),
        }
    }

    /// Notes an argument of the wrong type; only a parameter's value can still be one here.
    fn wrong<T>(&mut self, arg: &Arg, wanted: &str) -> Option<T> {
        let message = format!("this should be {wanted}: the operation uses it as one");
        self.log
            .push(Problem::at(Code::WrongType, arg.span, message).label(format!("not {wanted}")));
        None
    }
}
