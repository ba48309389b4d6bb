//! Where executions start: the stale mappings, and where each series' scan stands.
//!
//! A kernel that has run for a while has `last_pkmap_nr` anywhere, and when the next scan wraps
//! decides which stale mappings the next kmaps flush. So every position is a start of its own that
//! lets a scan wrap at a different kmap of the scenario, where it can matter: where some page can
//! be mapped more than once, or its mapping be seen after it was freed.

use kmapcheck_scenario::{Bound, Op, Program, Ref, SeriesId, StaleIn};
use rustc_hash::FxHashMap;

use crate::pkmap::slots;

/// Every combination of scan positions that can make a difference, one position for each series; the
/// last series is the first to change.
#[derive(Debug, Clone)]
pub(crate) struct ScanPositions {
    /// By series.
    positions: Vec<Vec<usize>>,
    /// Which of them comes next; `None`: there are no more.
    next: Option<Vec<usize>>,
}

impl ScanPositions {
    pub(crate) fn of(program: &Program) -> ScanPositions {
        let series = 0..program.series.len();
        let positions: Vec<Vec<usize>> = series.map(|s| positions_of(program, s)).collect();
        ScanPositions {
            next: Some(vec![0; positions.len()]),
            positions,
        }
    }
}

impl Iterator for ScanPositions {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let chosen = self.next.take()?;
        // The next one, counting from the right; none after the last.
        let last = (0..chosen.len()).rfind(|&s| chosen[s] + 1 < self.positions[s].len());
        self.next = last.map(|last| {
            let mut next = chosen.clone();
            next[last] += 1;
            next[last + 1..].fill(0);
            next
        });
        let position = |(positions, i): (&Vec<usize>, usize)| positions[i];
        Some(self.positions.iter().zip(chosen).map(position).collect())
    }
}

fn positions_of(program: &Program, series: SeriesId) -> Vec<usize> {
    let slots = slots(program.series[series].slots);
    let kmaps = kmaps(program)
        .filter(|&(_, asked, n)| asked == series && n > 0)
        .map(|(_, _, n)| n)
        .sum::<usize>();
    let keeps = program.series[series].reuse.keeps_mappings();
    if !keeps || slots < 2 || kmaps == 0 || !flush_matters(program) {
        return vec![0];
    }
    // From `slots - 1 - d` on, the scan passes `d` slots before it wraps; it never passes more in
    // use than are ever mapped.
    let mut positions = vec![0];
    positions.extend((0..slots).rev().take(kmaps + 1).filter(|&nr| nr > 0));
    positions
}

/// Whether it can be observed which stale mappings a scan flushes: whether the machine, which
/// leaves that open, may allow more than the allocator does.
#[must_use]
pub fn flush_matters(program: &Program) -> bool {
    let moves = |op: Op| matches!(op, Op::AllocPage { .. } | Op::TryAllocPage { .. });
    let own = program
        .templates
        .iter()
        .flat_map(|template| template.vars.iter().filter_map(|var| var.page.as_ref()));
    let stale = program
        .pages
        .iter()
        .chain(own)
        .any(|page| page.stale_in != StaleIn::Exactly(Vec::new()));
    let mut times: FxHashMap<(usize, Ref), usize> = FxHashMap::default();
    for (name, series, n) in kmaps(program) {
        if program
            .series
            .get(series)
            .is_some_and(|series| series.reuse.keeps_mappings())
        {
            *times.entry(name).or_default() += n;
        }
    }
    stale
        || program
            .templates
            .iter()
            .flat_map(|template| &template.nodes)
            .any(|node| moves(node.op))
        || times.values().any(|&n| n > 1)
}

/// The kmaps of the program: the page's name with the template it belongs to, the series, and how
/// often the same page may be mapped there.
fn kmaps(program: &Program) -> impl Iterator<Item = ((usize, Ref), SeriesId, usize)> {
    program
        .templates
        .iter()
        .enumerate()
        .flat_map(|(id, template)| {
            let instances = match template.count {
                Bound::Exactly(n) => n as usize,
                Bound::Any => 0,
            };
            template.nodes.iter().filter_map(move |node| match node.op {
                Op::Kmap { page, series } | Op::TryKmap { page, series, .. } => Some(match page {
                    Ref::Shared(_) => ((usize::MAX, page), series, instances),
                    Ref::Own(_) => ((id, page), series, 1),
                }),
                _ => None,
            })
        })
}
