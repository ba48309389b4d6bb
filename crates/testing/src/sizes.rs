//! Programs with small numbers in place of open ones.

use kmapcheck_scenario::{Bound, Program};

/// Up to this number of slots is tried for `"any"`.
const MOST_SLOTS: u32 = 3;

/// The program with up to `most_tasks` tasks for every `"any"`, the same number for each and a few
/// others, and likewise up to `MOST_SLOTS` slots. Numbers that no file may have are left out.
#[must_use]
pub fn small(open: &Program, most_tasks: u32) -> Vec<Program> {
    let counts = (open.templates.iter())
        .filter(|template| template.count == Bound::Any)
        .count();
    let series: Vec<usize> = (0..open.series.len())
        .filter(|&series| open.series[series].slots == Bound::Any)
        .collect();
    let mut found = Vec::new();
    for tasks in vectors(counts, most_tasks) {
        for slots in vectors(series.len(), MOST_SLOTS) {
            let mut sized = open.clone();
            let templates = sized.templates.iter_mut();
            let open = templates.filter(|template| template.count == Bound::Any);
            for (template, &n) in open.zip(&tasks) {
                template.count = Bound::Exactly(n);
            }
            for (&series, &n) in series.iter().zip(&slots) {
                sized.set_slots(series, Bound::Exactly(n));
            }
            if sized.numbers_fit() {
                found.push(sized);
            }
        }
    }
    found
}

/// Vectors of numbers up to `most`: all the same, or one of them the most and the others one.
fn vectors(length: usize, most: u32) -> Vec<Vec<u32>> {
    if length == 0 {
        return vec![Vec::new()];
    }
    let mut found: Vec<Vec<u32>> = (1..=most).map(|n| vec![n; length]).collect();
    if length > 1 {
        found.extend((0..length).map(|large| {
            let number = |i| if i == large { most } else { 1 };
            (0..length).map(number).collect()
        }));
    }
    found
}

/// The numbers of a program, in words.
#[must_use]
pub fn numbers(program: &Program) -> String {
    let tasks = program
        .templates
        .iter()
        .map(|t| format!("{} {}", t.count, t.name));
    let slots = program
        .series
        .iter()
        .map(|s| format!("{} {} slots", s.slots, s.name));
    tasks.chain(slots).collect::<Vec<_>>().join(", ")
}
