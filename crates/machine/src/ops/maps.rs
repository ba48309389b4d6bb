//! kmap and its relatives: who gets which slot.
//!
//! One `kmap` here is the kernel's `kmap_high` with `map_new_virtual` and `flush_all_zero_pkmaps`
//! in one step; `kunmap` is `kunmap_high`. Where the kernel's scan stands (`last_pkmap_nr`) is not
//! modelled: a free slot can be found before the scan wraps, without a flush, or after, with one.

use kmapcheck_scenario::{FindingKind, Program, Ref, Reuse, SeriesId};

use super::{Call, Done};
use crate::Effect;
use crate::state::{Map, PageId};

/// Whether a kmap may wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanting {
    /// kmap: sleeps until it can go on.
    Wait,
    /// `try_kmap`: fails instead.
    Try { flush: bool },
}

/// The series in which an existing mapping would do for a kmap that asks for `series`.
pub(crate) fn acceptable(program: &Program, series: SeriesId) -> impl Iterator<Item = SeriesId> {
    let reuse = program.series[series].reuse;
    (0..program.series.len()).filter(move |&other| match reuse {
        Reuse::Any => program.series[other].reuse.keeps_mappings(),
        Reuse::Own => other == series,
        Reuse::None => false,
    })
}

impl Call<'_> {
    pub(super) fn kmap(self, name: Ref, series: SeriesId, wanting: Wanting) -> Vec<Done> {
        let page = match self.usable(name, wanting != Wanting::Wait) {
            Ok(page) => page,
            Err(skipped) => return skipped,
        };
        if !self.shared.page(page).highmem {
            let mut done = self.done(Effect::MappedLow);
            done.shared.page_mut(page).unshared_pins += 1;
            done.shared.page_mut(page).holders += 1;
            done.task.maps.push(Map::Low { page });
            return vec![done];
        }
        let existing: Vec<SeriesId> = self.existing(page, series).collect();
        if !existing.is_empty() {
            return existing
                .into_iter()
                .map(|lies| self.reuse(page, series, lies))
                .collect();
        }
        let flush_allowed = wanting != Wanting::Try { flush: false };
        let usage = self.shared.usage[series];
        let mut successors = Vec::new();
        if self.may_take_slot(series) {
            if usage.in_use + usage.stale < slots(self.program, series) {
                successors.push(self.take_slot(page, series, false));
            }
            if usage.stale > 0 && flush_allowed {
                successors.push(self.take_slot(page, series, true));
            }
        }
        if successors.is_empty() && wanting != Wanting::Wait {
            successors.push(self.failed());
        }
        successors
    }

    /// The series in which a mapping of the page would do for a kmap that asks for `series`.
    pub(super) fn existing(self, page: PageId, series: SeriesId) -> impl Iterator<Item = SeriesId> {
        let counts = &self.shared.page(page).count;
        acceptable(self.program, series).filter(|&lies| counts[lies] > 0)
    }

    /// Whether a slot of the series is free for the task, or would be after a flush.
    pub(super) fn may_take_slot(self, series: SeriesId) -> bool {
        let kept_back = if self.task.pins_in(series) {
            0
        } else {
            self.program.series[series].for_holders
        };
        self.shared.usage[series].in_use + kept_back < slots(self.program, series)
    }

    /// kmap through a mapping that exists already.
    pub(super) fn reuse(self, page: PageId, asked: SeriesId, lies: SeriesId) -> Done {
        let stale = self.shared.page(page).count[lies] == 1;
        let mut done = self.done(Effect::Reused { lies, stale });
        let users = self.shared.page(page).count[lies];
        done.shared.pages.set_count(page, lies, users + 1);
        if stale {
            done.shared.usage[lies].stale -= 1;
            done.shared.usage[lies].in_use += 1;
        }
        done.pin(page, asked, lies);
        done
    }

    /// kmap through a free slot, after a flush or without one.
    pub(super) fn take_slot(self, page: PageId, series: SeriesId, flush: bool) -> Done {
        let mut done = self.done(Effect::Nothing);
        let flushed = if flush { done.flush(series) } else { 0 };
        if self.program.series[series].reuse.keeps_mappings() {
            done.shared.pages.set_count(page, series, 2);
        } else {
            done.shared.page_mut(page).unshared_pins += 1;
        }
        done.shared.usage[series].in_use += 1;
        done.effect = Effect::TookSlot {
            series,
            in_use: done.shared.usage[series].in_use,
            flushed,
        };
        done.pin(page, series, series);
        done
    }

    /// Undoes the task's latest map of the page that `fits`.
    pub(super) fn undo_map(self, name: Ref, fits: impl Fn(Map) -> bool) -> Vec<Done> {
        let latest = self.undoable(name).and_then(|page| {
            self.task
                .maps
                .iter()
                .rposition(|&map| map.page() == page && fits(map))
        });
        match latest {
            Some(i) => vec![self.undo(i)],
            None => self.misuse(),
        }
    }

    /// Undoes the task's map number `i`, unless it is a local map and not the last of them.
    pub(super) fn undo(self, i: usize) -> Done {
        let map = self.task.maps[i];
        let is_local = |map: &Map| matches!(map, Map::Local { .. });
        if is_local(&map) && self.task.maps[i + 1..].iter().any(is_local) {
            return self.misuse().remove(0);
        }
        let mut done = self.done(Effect::Nothing);
        done.task.maps.remove(i);
        let page = map.page();
        done.effect = match map {
            Map::Pin { lies, .. } => done.unpin(self.program, page, lies),
            Map::Low { .. } => {
                done.shared.page_mut(page).unshared_pins -= 1;
                Effect::Nothing
            }
            Map::Atomic { .. } | Map::Local { .. } => Effect::Nothing,
        };
        done.release_page(page);
        done
    }

    pub(super) fn kmap_atomic(self, name: Ref, kind: usize) -> Vec<Done> {
        let page = match self.usable(name, false) {
            Ok(page) => page,
            Err(skipped) => return skipped,
        };
        let mut done = self.done(Effect::Nothing);
        let kind = self.shared.page(page).highmem.then_some(kind);
        let same = |map: &Map| matches!(map, Map::Atomic { kind: held, .. } if held.is_some() && *held == kind);
        if self.task.maps.iter().any(same) {
            done.findings.insert(FindingKind::AtomicSlotClash);
        }
        done.task.maps.push(Map::Atomic { page, kind });
        done.shared.page_mut(page).holders += 1;
        vec![done]
    }

    pub(super) fn kmap_local(self, name: Ref) -> Vec<Done> {
        let page = match self.usable(name, false) {
            Ok(page) => page,
            Err(skipped) => return skipped,
        };
        let mut done = self.done(Effect::Nothing);
        done.task.maps.push(Map::Local { page });
        done.shared.page_mut(page).holders += 1;
        vec![done]
    }

    /// Undoes the last local map, which must be one of that page.
    pub(super) fn kunmap_local(self, name: Ref) -> Vec<Done> {
        let last = self
            .task
            .maps
            .iter()
            .rposition(|map| matches!(map, Map::Local { .. }));
        match (last, self.undoable(name)) {
            (Some(i), Some(page)) if self.task.maps[i].page() == page => vec![self.undo(i)],
            _ => self.misuse(),
        }
    }
}

impl Done {
    fn pin(&mut self, page: PageId, asked: SeriesId, lies: SeriesId) {
        self.shared.page_mut(page).holders += 1;
        self.task.maps.push(Map::Pin { page, asked, lies });
        if asked != lies {
            self.findings.insert(FindingKind::SeriesMixture);
        }
    }

    fn unpin(&mut self, program: &Program, page: PageId, lies: SeriesId) -> Effect {
        if !program.series[lies].reuse.keeps_mappings() {
            let usage = &mut self.shared.usage[lies];
            usage.in_use -= 1;
            let in_use = usage.in_use;
            self.shared.page_mut(page).unshared_pins -= 1;
            return Effect::FreedSlot {
                series: lies,
                in_use,
            };
        }
        let count = self.shared.page(page).count[lies] - 1;
        self.shared.pages.set_count(page, lies, count);
        if count > 1 {
            return Effect::StillMapped {
                series: lies,
                users: count - 1,
            };
        }
        let usage = &mut self.shared.usage[lies];
        usage.in_use -= 1;
        usage.stale += 1;
        Effect::WentStale { series: lies }
    }

    /// `flush_all_zero_pkmaps`: unmaps every page that is mapped in the series without users.
    fn flush(&mut self, series: SeriesId) -> u32 {
        let stale: Vec<PageId> = self.shared.pages.stale(series).collect();
        for page in stale {
            self.shared.pages.set_count(page, series, 0);
        }
        self.broadcast.flushed = Some(series);
        std::mem::take(&mut self.shared.usage[series].stale)
    }
}

/// The slots of a series; engines refuse `"any"` before they take a step.
fn slots(program: &Program, series: SeriesId) -> u32 {
    program.series[series].slots.most()
}
