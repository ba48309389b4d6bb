//! Sizes that the arguments point to: where tasks could be stuck on one another.

use kmapcheck_equations::{Core, Cores, Flow, Graph, Sizes, Undecided, Way};
use kmapcheck_scenario::{Bound, Program};

use super::Deciding;

/// More slots or units than this are not lost one by one.
const MOST_LOST: u32 = 10_000;

impl Deciding<'_> {
    /// The sizes of the cores that the equations allow, and those with as many tasks of each open count
    /// as of the most frequent one: the others may have to prepare something for each.
    pub(super) fn cores(&self) -> Vec<Program> {
        let mut found: Vec<Program> = Vec::new();
        match &self.reasons.cores {
            Some((graph, Cores::Possible(possible))) => {
                let cores = possible
                    .iter()
                    .filter_map(|possible| self.of_core(graph, &possible.core));
                for program in cores {
                    let most = self.counts_of(&program).into_iter().max();
                    let even = most.map(|most| vec![most; self.open_counts()]);
                    let even = even.map(|counts| self.with_counts(&program, &counts));
                    found.push(program);
                    found.extend(even);
                }
                found.extend(self.ways(graph));
            }
            Some((_, Cores::Undecided(Undecided::Leak(_)))) => found = self.all_lost(),
            _ => {}
        }
        let mut known: Vec<Program> = Vec::new();
        for program in found {
            if !known.contains(&program) {
                known.push(program);
            }
        }
        known
    }

    /// Sizes at which tasks that lose what they have taken can lose all of something, with one more that
    /// waits and without: so many of one task program, and so many of each.
    fn all_lost(&self) -> Vec<Program> {
        let program = self.program.clone().with_open_slots(self.most_slots());
        let slots = program.series.iter().map(|series| series.slots.most());
        let units = program
            .resources
            .iter()
            .filter_map(|resource| resource.kind.units());
        let mut sizes: Vec<u32> = slots
            .chain(units)
            .filter(|&size| size < MOST_LOST)
            .collect();
        sizes.sort_unstable();
        sizes.dedup();
        let open = self.open_counts();
        let mut found = Vec::new();
        for most in sizes.into_iter().flat_map(|size| [size, size + 1]) {
            let one = |which: usize| {
                (0..open)
                    .map(|i| if i == which { most } else { 1 })
                    .collect()
            };
            let mut counts: Vec<Vec<u32>> = (0..open).map(one).collect();
            counts.push(vec![most; open]);
            found.extend(
                counts
                    .iter()
                    .map(|counts| self.with_counts(&program, counts)),
            );
        }
        found
    }

    /// The sizes at which tasks can be stuck on what anybody may give, as the state equation says.
    fn ways(&self, graph: &Graph) -> Vec<Program> {
        let Ok(locals) = &self.reasons.locals else {
            return Vec::new();
        };
        let Some(flow) = Flow::of(self.program, locals, graph) else {
            return Vec::new();
        };
        let program = self.program.clone().with_open_slots(self.most_slots());
        let sized = |way: Way| {
            let open = self.program.templates.iter().zip(way.tasks);
            let open = open.filter(|(template, _)| template.count == Bound::Any);
            let counts: Option<Vec<u32>> = open.map(|(_, n)| u32::try_from(n).ok()).collect();
            Some(self.with_counts(&program, &counts?))
        };
        let sizes = Sizes::of(self.program, locals);
        flow.ways(&sizes, graph)
            .into_iter()
            .filter_map(sized)
            .collect()
    }

    /// The size of a core; `None`: no program can have such numbers.
    fn of_core(&self, graph: &Graph, core: &Core) -> Option<Program> {
        let mut program = self.program.clone();
        for &(series, slots) in &core.slots {
            program.set_slots(series, Bound::Exactly(u32::try_from(slots).ok()?));
        }
        for (id, template) in program.templates.iter_mut().enumerate() {
            let tasks: u64 = (core.tasks.iter())
                .filter(|&&(kind, _)| graph.kinds[kind].template == id)
                .map(|&(_, n)| n)
                .sum();
            if template.count == Bound::Any {
                template.count = Bound::Exactly(u32::try_from(tasks.max(1)).ok()?);
            }
        }
        Some(program.with_open_slots(self.most_slots()))
    }
}
