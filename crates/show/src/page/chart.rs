//! Time as SVG paths. State `s` is the column from `s` to `s + 1`; rows are ten high.

use std::fmt::Write;

use crate::recording::{Recording, Track};

/// Height of a row.
pub(crate) const HEIGHT: u32 = 10;

/// The steps of some tasks: a mark in the column of the state that each leads to.
pub(crate) fn steps(recording: &Recording, tasks: &[bool]) -> String {
    let mut path = String::new();
    let taken = |i: usize| recording.steps.get(i).is_some_and(|step| tasks[step.task]);
    let mut i = 0;
    while i < recording.last() {
        if !taken(i) {
            i += 1;
            continue;
        }
        let from = i;
        while taken(i) {
            i += 1;
        }
        bar(&mut path, from + 1, i + 1, 1, 6);
    }
    path
}

/// When any of some tasks waits.
pub(crate) fn waits(recording: &Recording, tasks: &[bool]) -> String {
    let mut spans: Vec<(usize, usize)> = (recording.waits.iter())
        .filter(|wait| tasks[wait.task])
        .map(|wait| (wait.from, wait.to.unwrap_or(recording.last() + 1)))
        .collect();
    spans.sort_unstable();
    let mut path = String::new();
    let mut open: Option<(usize, usize)> = None;
    for (from, to) in spans {
        match &mut open {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            _ => {
                if let Some((from, to)) = open.replace((from, to)) {
                    bar(&mut path, from, to, 7, 2);
                }
            }
        }
    }
    if let Some((from, to)) = open {
        bar(&mut path, from, to, 7, 2);
    }
    path
}

fn bar(path: &mut String, from: usize, to: usize, top: u32, height: u32) {
    // Writing to a String cannot fail.
    let _ = write!(path, "M{from} {top}h{}v{height}H{from}z", to - from);
}

/// The slots in use, and above them the stale ones, as areas from the bottom.
pub(crate) fn slots(track: &Track, columns: usize) -> (String, String) {
    let most = track.usage.iter().map(|&(_, in_use, stale)| in_use + stale);
    let scale = f64::from(track.slots.or_else(|| most.max()).unwrap_or(1).max(1));
    let height = |n: u32| f64::from(n) / scale * f64::from(HEIGHT);
    let (mut in_use, mut stale) = (String::new(), String::new());
    for (i, &(from, used, left)) in track.usage.iter().enumerate() {
        let to = track.usage.get(i + 1).map_or(columns, |next| next.0);
        let area = |path: &mut String, bottom: u32, n: u32| {
            if n > 0 {
                let top = f64::from(HEIGHT) - height(bottom + n);
                let _ = write!(path, "M{from} {top:.3}H{to}v{:.3}H{from}z", height(n));
            }
        };
        area(&mut in_use, 0, used);
        area(&mut stale, used, left);
    }
    (in_use, stale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_stack_from_the_bottom() {
        let track = Track {
            name: "S".to_owned(),
            slots: Some(4),
            usage: vec![(0, 0, 0), (2, 2, 0), (3, 1, 1)],
        };
        let (in_use, stale) = slots(&track, 5);
        assert_eq!(in_use, "M2 5.000H3v5.000H2zM3 7.500H5v2.500H3z");
        assert_eq!(stale, "M3 5.000H5v2.500H3z");
    }
}
