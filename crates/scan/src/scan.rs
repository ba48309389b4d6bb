//! All of a scan: entries are read, checked alone and beside themselves, and beside others.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use kmapcheck_check::fault::catch;
use kmapcheck_extract::Files;
use kmapcheck_extract::scan::roots::Root;
use serde::Serialize;

use crate::alarm::{Alarm, Of, SEVERAL, Severity, Shown, key};
use crate::asked::Asked;
use crate::checking::{Checked, Checker, at_once};
use crate::entry::{Entry, Outcome, Refused};
use crate::pairs::may_deadlock;
use crate::parallel::in_order;
use crate::prepared::Prepared;
use crate::shrink::shrink;

/// How far a scan has come.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    /// What is done now.
    pub doing: &'static str,
    /// So many are done.
    pub done: usize,
    /// Of so many.
    pub of: usize,
}

/// What came of a scan.
#[derive(Debug, Clone, Serialize)]
pub struct Scan {
    /// The folders.
    pub folders: Vec<String>,
    /// How many files were read.
    pub files: usize,
    /// How many functions these have.
    pub functions: usize,
    /// Files that cannot be read.
    pub unread: Vec<Refused>,
    /// The functions that can be entries, in the order of their files and lines.
    pub entries: Vec<Entry>,
    /// What came of checking them, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
}

/// What came of checking entries.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Check {
    /// What is wrong, the worst first.
    pub alarms: Vec<Alarm>,
    /// How many entries were checked.
    pub checked: usize,
    /// How many pairs were checked; left out if that was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairs: Option<usize>,
    /// What was not checked to its end, and why.
    pub unfinished: Vec<Unfinished>,
    /// Alarms of the baseline that are not there any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
}

/// Something that was not checked to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unfinished {
    /// The entries: one, or two beside one another.
    pub entries: Vec<Of>,
    /// Why.
    pub why: String,
}

impl Scan {
    /// Scans the roots of files.
    #[must_use]
    pub fn of(
        files: &Files,
        roots: &[Root],
        unread: Vec<Refused>,
        asked: &Asked,
        shown: &(dyn Fn(Done) + Sync),
    ) -> Scan {
        let done = AtomicUsize::new(0);
        let entries = in_order(roots.len(), asked.threads, |i| {
            let entry = Entry::read(files, &roots[i], asked);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            shown(Done {
                doing: "entries read",
                done,
                of: roots.len(),
            });
            entry
        });
        let check = asked.check.then(|| check(&entries, asked, shown));
        Scan {
            folders: asked.folders.clone(),
            files: files.count(),
            functions: files.functions(),
            unread,
            entries,
            check,
        }
    }

    /// How many entries were refused.
    #[must_use]
    pub fn refused(&self) -> usize {
        let is_refused = |entry: &&Entry| matches!(entry.outcome, Outcome::Refused(_));
        self.entries.iter().filter(is_refused).count()
    }

    /// How many entries were read in part only.
    #[must_use]
    pub fn in_part(&self) -> usize {
        let made = self.entries.iter().filter_map(Entry::made);
        made.filter(|made| !made.left_out.is_empty()).count()
    }

    /// How many entries a limit came before.
    #[must_use]
    pub fn not_reached(&self) -> usize {
        let is_left = |entry: &&Entry| matches!(entry.outcome, Outcome::NotReached);
        self.entries.iter().filter(is_left).count()
    }
}

/// Checks entries alone and beside themselves, and beside others if that is asked for.
fn check(entries: &[Entry], asked: &Asked, shown: &(dyn Fn(Done) + Sync)) -> Check {
    let checker = Checker { entries, asked };
    let prepared: Vec<Prepared> = (entries.iter().enumerate())
        .filter_map(|(number, entry)| Prepared::of(number, entry))
        .collect();
    let mut all = Check {
        checked: prepared.len(),
        ..Check::default()
    };
    let each = |doing, count: usize, work: &(dyn Fn(usize) -> Checked + Sync)| {
        let done = AtomicUsize::new(0);
        in_order(count, asked.threads, |i| {
            let fault = |said| Checked {
                alarms: Vec::new(),
                stopped: vec![format!("a fault of kmapcheck: {said}")],
            };
            let checked = catch(|| work(i)).unwrap_or_else(fault);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            shown(Done {
                doing,
                done,
                of: count,
            });
            checked
        })
    };
    let mut alarms = Vec::new();
    let alone = each("entries checked", prepared.len(), &|i| {
        checker.alone(&prepared[i])
    });
    for (of, mut checked) in prepared.iter().zip(alone) {
        alarms.append(&mut checked.alarms);
        alarms.extend(several(&checker, of, &alarms));
        all.stop(&checker, &[of], checked.stopped);
    }
    if asked.pairs && asked.rest().is_some() {
        let pairs: Vec<(usize, usize)> = (0..prepared.len())
            .flat_map(|i| (0..i).map(move |j| (j, i)))
            .filter(|&(i, j)| may_deadlock(&prepared[i].needs, &prepared[j].needs))
            .collect();
        let beside = each("pairs checked", pairs.len(), &|n| {
            let (i, j) = pairs[n];
            checker.pair(&prepared[i], &prepared[j])
        });
        for (&(i, j), mut checked) in pairs.iter().zip(beside) {
            alarms.append(&mut checked.alarms);
            all.stop(&checker, &[&prepared[i], &prepared[j]], checked.stopped);
        }
        all.pairs = Some(pairs.len());
    } else if asked.pairs {
        all.unfinished.extend(prepared.first().map(|of| Unfinished {
            entries: vec![checker.of(of.number)],
            why: "the time was up before any pair was checked".to_owned(),
        }));
    }
    let alarms = together(alarms);
    let alarms = in_order(alarms.len(), asked.threads, |i| {
        let mut alarm = alarms[i].clone();
        let group: Vec<&Prepared> = (alarm.numbers.iter())
            .filter_map(|number| prepared.iter().find(|of| of.number == *number))
            .collect();
        if let (Some(limits), false) = (asked.rest(), alarm.tasks.is_empty()) {
            // An alarm that cannot be made smaller is told as it is.
            let _ = catch(|| shrink(&mut alarm, &group, &limits));
        }
        alarm
    });
    all.alarms = alarms;
    all
}

/// The alarms that one task of an entry has several slots of a pool at once. Where a deadlock of two
/// tasks was found with few slots, that is told in its place.
fn several(checker: &Checker<'_>, of: &Prepared, found: &[Alarm]) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    for (pool, most) in &of.needs.pools {
        let sites = at_once(&most.taken);
        let is_told = |alarm: &Alarm| {
            let is_about_slots = alarm.class.as_deref() == Some("slot-exhaustion");
            alarm.numbers == [of.number] && (is_about_slots || alarm.kind == SEVERAL)
        };
        if most.number < 2 || found.iter().any(is_told) {
            continue;
        }
        alarms.push(Alarm {
            severity: Severity::Note,
            kind: SEVERAL,
            class: None,
            shown_by: Shown::OneTask,
            entries: vec![checker.of(of.number)],
            also: Vec::new(),
            summary: format!(
                "one task has {} of {pool} at once; two did not deadlock for that, so something else keeps them apart",
                most.number
            ),
            tasks: Vec::new(),
            scenario: None,
            key: key(SEVERAL, &sites),
            sites,
            judged: None,
            slots: Vec::new(),
            numbers: vec![of.number],
        });
    }
    alarms
}

/// Alarms of one key as one, the worst first.
fn together(mut alarms: Vec<Alarm>) -> Vec<Alarm> {
    alarms.sort_by_key(Alarm::rank);
    let mut all: Vec<Alarm> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for alarm in alarms {
        match places.get(&alarm.key) {
            Some(&place) => all[place].also.push(alarm.entries),
            None => {
                places.insert(alarm.key.clone(), all.len());
                all.push(alarm);
            }
        }
    }
    for alarm in &mut all {
        alarm.also.sort();
        alarm.also.dedup();
        let entries = alarm.entries.clone();
        alarm.also.retain(|also| *also != entries);
    }
    all
}

impl Check {
    fn stop(&mut self, checker: &Checker<'_>, of: &[&Prepared], mut why: Vec<String>) {
        why.sort();
        why.dedup();
        if !why.is_empty() {
            self.unfinished.push(Unfinished {
                entries: of.iter().map(|of| checker.of(of.number)).collect(),
                why: why.join("; "),
            });
        }
    }

    /// Alarms that nobody has judged.
    pub fn fresh(&self) -> impl Iterator<Item = &Alarm> {
        self.alarms.iter().filter(|alarm| alarm.judged.is_none())
    }
}
