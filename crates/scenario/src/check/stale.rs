//! Declared pages, and the mappings that an earlier use may have left of them.
//!
//! A stale mapping takes a slot, so what is declared has to fit the slots of every series, with
//! the numbers of slots and instances that hold in the end. And the reuse policies exclude some
//! sets: a page mapped in one `any` series is found there from every other, so it is never
//! mapped in two of them; a `none` series keeps no mappings at all.

use std::collections::HashMap;

use crate::check::model::{Model, note_duplicate};
use crate::program::{Bound, PageDecl, Reuse, SeriesId, StaleIn};
use crate::read::scenario::{PageEntry, PageFile, Stale};
use crate::read::steps::note_unknown_series;
use crate::source::diagnostic::{Code, Log, Problem};
use crate::source::nearest::quoted;
use crate::source::text::Span;

/// Pages declared in one place, and their numbers by name.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    pub(crate) list: Vec<PageDecl>,
    pub(crate) by_name: HashMap<String, usize>,
}

/// Counts stale mappings per series as pages are declared.
#[derive(Debug)]
pub(crate) struct StaleCount<'a> {
    model: &'a Model,
    slots: &'a [Bound],
    /// For each series, how many stale mappings are declared.
    declared: Vec<u64>,
}

impl<'a> StaleCount<'a> {
    pub(crate) fn new(model: &'a Model, slots: &'a [Bound]) -> Self {
        StaleCount {
            model,
            slots,
            declared: vec![0; slots.len()],
        }
    }

    /// Takes in pages of which there are `count` each.
    pub(crate) fn declare(
        &mut self,
        entries: Option<&Vec<PageEntry>>,
        count: Bound,
        log: &mut Log,
    ) -> Pages {
        let mut pages = Pages::default();
        for PageEntry(page) in entries.into_iter().flatten() {
            if log.is_full() {
                break;
            }

            if pages.by_name.contains_key(page.name.text()) {
                note_duplicate("page", &page.name, log);
                continue;
            }
            let highmem = page.highmem.as_ref().is_none_or(|highmem| highmem.value);
            let stale_in = self.stale_in(page, highmem, count, log);
            pages
                .by_name
                .insert(page.name.text().to_owned(), pages.list.len());
            pages.list.push(PageDecl {
                name: page.name.text().to_owned(),
                highmem,
                stale_in,
            });
        }
        pages
    }

    fn stale_in(&mut self, page: &PageFile, highmem: bool, count: Bound, log: &mut Log) -> StaleIn {
        let Some(stale) = &page.stale_in else {
            return StaleIn::Exactly(Vec::new());
        };
        let span = stale.0.span;
        if !highmem {
            let message = format!(
                "{} is in low memory, which is never mapped in a series",
                quoted(page.name.text())
            );
            log.push(
                Problem::at(Code::StaleMapping, span, message)
                    .label("cannot be stale")
                    .help("take `stale_in` out, or `\"highmem\": false`"),
            );
            return StaleIn::Exactly(Vec::new());
        }
        let names = match &stale.0.value {
            Stale::Any => return StaleIn::Any,
            Stale::In(names) => names,
        };
        let mut series: Vec<SeriesId> = Vec::new();
        for name in names {
            if log.is_full() {
                break;
            }

            match self
                .model
                .series_names
                .iter()
                .position(|known| known == name.text())
            {
                None => {
                    note_unknown_series(name.text(), name.span(), &self.model.series_names, log)
                }
                Some(id) if series.contains(&id) => note_duplicate("series", name, log),
                Some(id) => {
                    if self.allows(id, &series, name.span(), log) {
                        series.push(id);
                        self.count(id, count, name.span(), log);
                    }
                }
            }
        }
        series.sort_unstable();
        StaleIn::Exactly(series)
    }

    /// Whether a page can be mapped in `id` beside the series in `others`; notes why not.
    fn allows(&self, id: SeriesId, others: &[SeriesId], span: Span, log: &mut Log) -> bool {
        let series = &self.model.series[id];
        if series.reuse == Reuse::None {
            let message = format!(
                "a page cannot be stale in {}, which keeps no mappings",
                quoted(&series.name)
            );
            log.push(
                Problem::at(Code::StaleMapping, span, message)
                    .label("`\"reuse\": \"none\"`")
                    .help("its slots are free at once when they are unmapped"),
            );
            return false;
        }
        let other_any = others
            .iter()
            .find(|other| self.model.series[**other].reuse == Reuse::Any);
        if let (Reuse::Any, Some(other)) = (series.reuse, other_any) {
            let message = format!(
                "a page cannot be stale in both {} and {}",
                quoted(&self.model.series[*other].name),
                quoted(&series.name)
            );
            log.push(
                Problem::at(Code::StaleMapping, span, message)
                    .label("one too many")
                    .help("with `\"reuse\": \"any\"`, the mapping in one is taken for the other"),
            );
            return false;
        }
        true
    }

    /// Counts a stale mapping for each of `count` pages; notes when they no longer fit.
    fn count(&mut self, id: SeriesId, count: Bound, span: Span, log: &mut Log) {
        let Bound::Exactly(slots) = self.slots[id] else {
            return;
        };
        let fits = match count {
            Bound::Any => false,
            Bound::Exactly(count) => {
                self.declared[id] += u64::from(count);
                self.declared[id] <= u64::from(slots)
            }
        };
        if fits {
            return;
        }
        let name = quoted(&self.model.series[id].name);
        let pages = match count {
            Bound::Any => "any number of".into(),
            Bound::Exactly(_) => self.declared[id].to_string(),
        };
        let has = if slots == 1 {
            "1 slot".into()
        } else {
            format!("{slots} slots")
        };
        let message = format!("{pages} pages are stale in {name}, which has only {has}");
        log.push(
            Problem::at(Code::StaleMapping, span, message)
                .label("no slot left for this one")
                .help("give the series more slots, or let fewer pages be stale"),
        );
    }
}
