//! `size`: every cell, minimal vector, "safe from", "one fewer" and "most tasks" against the plain
//! search at those numbers.

use std::cell::RefCell;
use std::collections::BTreeMap;

use kmapcheck_machine::Findings;
use kmapcheck_prove::settle::stuck;
use kmapcheck_questions::size::{
    Axis, Cell, Frontier, Numbers as Sizes, Options, SizeReport, TaskLimit, resized, sizes,
    used_series,
};
use kmapcheck_scenario::{FindingKind, Level, Program, SeriesId};
use kmapcheck_testing::edge::Numbers;
use kmapcheck_testing::edge::aim::aimed;
use kmapcheck_testing::load;
use kmapcheck_testing::sizes::small;

use kmapcheck_testing::judge::{found, states};

/// Numbers of slots and tasks in the tables.
const UP_TO: u32 = 3;
/// Beyond a number from which on everything is said to hold, so many more are looked at.
const BEYOND: u32 = 2;
/// Larger searches are cut short.
const MAX_STATES: u64 = 1_500;

type Checked = Result<(), String>;

/// What the plain search says of sizes, each asked once.
struct Plainly<'a> {
    program: &'a Program,
    known: RefCell<BTreeMap<Sizes, (Findings, bool)>>,
}

impl Plainly<'_> {
    /// The findings at numbers that are all given, and whether they are all; `None`: no file with
    /// them would be accepted.
    fn at(&self, sizes: &Sizes) -> Option<(Findings, bool)> {
        let program = resized(self.program, sizes)?;
        let mut known = self.known.borrow_mut();
        let found = known
            .entry(sizes.clone())
            .or_insert_with(|| found(&program, MAX_STATES));
        Some(*found)
    }

    /// Nobody is stuck at those numbers, nor at small ones in place of open ones.
    fn is_safe(&self, sizes: &Sizes, said: &str) -> Checked {
        let Some(program) = resized(self.program, sizes) else {
            return Ok(());
        };
        for program in small(&program, UP_TO) {
            if let Some((kinds, _)) = self.at(&Sizes::of(&program))
                && let Some(kind) = stuck_of(kinds).iter().next()
            {
                return Err(format!("{said} at {sizes:?}: {kind}"));
            }
        }
        Ok(())
    }

    /// Somebody is stuck at those numbers, if they are given and can be searched.
    fn is_unsafe(&self, sizes: &Sizes, said: &str) -> Checked {
        match self.if_given(sizes) {
            Some((kinds, true)) if stuck_of(kinds).is_empty() => {
                Err(format!("{said} at {sizes:?}: nobody is"))
            }
            _ => Ok(()),
        }
    }

    fn if_given(&self, sizes: &Sizes) -> Option<(Findings, bool)> {
        let given = |numbers: &[Option<u32>]| numbers.iter().all(Option::is_some);
        (given(&sizes.slots) && given(&sizes.tasks)).then(|| self.at(sizes))?
    }

    fn cell(&self, sizes: &Sizes, cell: &Cell) -> Checked {
        match cell {
            Cell::Safe { .. } => self.is_safe(sizes, "said to be safe"),
            Cell::Unsafe { findings, .. } => match self.if_given(sizes) {
                Some((kinds, true)) => {
                    let there = |name: &&str| kinds.iter().any(|kind| kind.name() == *name);
                    let all = findings.iter().all(there);
                    all.then_some(())
                        .ok_or(format!("{findings:?} at {sizes:?}: {kinds:?}"))
                }
                _ => Ok(()),
            },
            Cell::Misfit if resized(self.program, sizes).is_some() => {
                Err(format!("{sizes:?} is a legal size"))
            }
            Cell::Misfit | Cell::Unknown { .. } => Ok(()),
        }
    }
}

fn stuck_of(kinds: Findings) -> Findings {
    kinds.minus(kinds.minus(stuck()))
}

fn check(program: &Program) -> Result<&'static str, String> {
    // Units vary like slots.
    let program = &program.clone().with_series_of_units();
    let options = Options {
        slots_up_to: UP_TO,
        tasks_up_to: UP_TO,
        limits: states(MAX_STATES),
    };
    let report = sizes(program, &options, &mut |_| {});
    let plainly = Plainly {
        program,
        known: RefCell::default(),
    };
    let given = Sizes::of(program);
    plainly.cell(&given, &report.given)?;
    others(&plainly, &given, &report)?;
    tables(&plainly, &given, &report)?;
    smallest(&plainly, &given, &report.smallest_slots)?;
    for limit in &report.most_tasks {
        most(&plainly, &given, limit)?;
    }
    Ok(match report.given {
        Cell::Safe { .. } => "safe",
        Cell::Unsafe { .. } => "unsafe",
        Cell::Unknown { .. } => "unknown",
        Cell::Misfit => "misfit",
    })
}

/// The errors of other kinds.
fn others(plainly: &Plainly<'_>, given: &Sizes, report: &SizeReport) -> Checked {
    let Some((kinds, true)) = plainly.if_given(given) else {
        return Ok(());
    };
    let others: Vec<&str> = (kinds.minus(stuck()).iter())
        .filter(|kind| kind.level() == Level::Error)
        .map(FindingKind::name)
        .collect();
    let all_there = report.other_errors.iter().all(|name| others.contains(name));
    let none_left = !report.other_errors_complete || report.other_errors.len() == others.len();
    let right = all_there && none_left;
    right.then_some(()).ok_or(format!(
        "other errors: {:?}, not {others:?}",
        report.other_errors
    ))
}

fn axis(program: &Program, name: &str) -> Result<Axis, String> {
    let axis = (Axis::all(program).into_iter()).find(|axis| axis.name == name);
    axis.ok_or(format!("there is no {name}"))
}

fn series(program: &Program, name: &str) -> Result<SeriesId, String> {
    let position = program.series.iter().position(|series| series.name == name);
    position.ok_or(format!("there is no series {name}"))
}

fn tables(plainly: &Plainly<'_>, given: &Sizes, report: &SizeReport) -> Checked {
    for table in &report.tables {
        let axis = axis(plainly.program, &table.tasks)?;
        let series = series(plainly.program, &table.series)?;
        for row in &table.rows {
            let sizes = given.with_slots(series, row.slots);
            for (cell, n) in row.cells.iter().zip(1..) {
                if let Some(sizes) = axis.put(&sizes, n) {
                    plainly.cell(&sizes, cell)?;
                }
            }
        }
    }
    Ok(())
}

/// The smallest slots: the minimal ones, those that are none, and from where on all are safe.
fn smallest(plainly: &Plainly<'_>, given: &Sizes, frontier: &Frontier) -> Checked {
    let series = used_series(plainly.program);
    let put = |slots: &[u32]| {
        let numbers = series.iter().zip(slots);
        numbers.fold(given.clone(), |sizes, (&s, &n)| sizes.with_slots(s, n))
    };
    let above = |known: &[u32], slots: &[u32]| known.iter().zip(slots).all(|(a, b)| a <= b);
    for slots in vectors(series.len(), frontier.up_to.min(UP_TO) + BEYOND) {
        let sizes = put(&slots);
        let within = slots.iter().all(|&n| n <= frontier.up_to);
        let minimal = frontier
            .minimal
            .iter()
            .find(|minimal| minimal.slots == slots);
        if minimal.is_some() {
            plainly.is_safe(&sizes, "said to be minimal")?;
        }
        let mut covering = frontier.minimal.iter().filter(|m| above(&m.slots, &slots));
        if covering.any(|minimal| minimal.and_all_larger) {
            plainly.is_safe(&sizes, "said to be safe with all larger")?;
        }
        let mentioned = frontier.minimal.iter().any(|m| above(&m.slots, &slots))
            || frontier.unknown.contains(&slots);
        if within && !mentioned {
            plainly.is_unsafe(&sizes, "below all that is safe")?;
        }
    }
    for (from, &series) in frontier.from.iter().zip(&series) {
        let Some(n) = from.safe_from else { continue };
        for n in n..=n.saturating_add(BEYOND) {
            plainly.is_safe(
                &given.with_slots(series, n),
                "said to be safe from there on",
            )?;
        }
        if let (Some(cell), true) = (&from.one_fewer, n > 1) {
            plainly.cell(&given.with_slots(series, n - 1), cell)?;
        }
    }
    Ok(())
}

fn vectors(length: usize, up_to: u32) -> Vec<Vec<u32>> {
    let none = if length == 0 {
        Vec::new()
    } else {
        vec![Vec::new()]
    };
    (0..length).fold(none, |vectors, _| {
        let longer = vectors.iter().flat_map(|vector| {
            (1..=up_to).map(move |n| vector.iter().copied().chain([n]).collect())
        });
        longer.collect()
    })
}

fn most(plainly: &Plainly<'_>, given: &Sizes, limit: &TaskLimit) -> Checked {
    let axis = axis(plainly.program, &limit.of)?;
    let at = |n: u32| axis.put(given, n);
    let up_to = limit.safe_up_to.unwrap_or(u32::MAX);
    for sizes in (1..=up_to.min(UP_TO + 1)).filter_map(at) {
        plainly.is_safe(&sizes, "said to be a safe number of tasks")?;
    }
    if let (Some(cell), Some(sizes)) = (&limit.one_more, at(up_to.saturating_add(1))) {
        plainly.cell(&sizes, cell)?;
    }
    if limit.and_no_larger {
        for sizes in (1..=BEYOND + 1).filter_map(|n| at(up_to.saturating_add(n))) {
            plainly.is_unsafe(&sizes, "said to be too many tasks")?;
        }
    }
    Ok(())
}

#[test]
fn sizes_are_what_the_plain_search_says() {
    let came = aimed(Numbers::Given, 14, |scenario| check(&load(scenario)));
    assert!(came.of("safe") > 2 && came.of("unsafe") > 2);
    aimed(Numbers::Open, 6, |scenario| check(&load(scenario)));
}
