//! Which constructs have met in one scenario, and how often.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::construct::Construct;

/// Two different constructs, the one that is listed first first.
pub type Pair = (Construct, Construct);

/// In how many scenarios each pair has been.
#[derive(Debug, Clone)]
pub struct Met(BTreeMap<Pair, u32>);

/// What cannot meet: the CPUs of a scenario are of one kind.
const NEVER: [Pair; 1] = [(Construct::Cpus, Construct::Preemptible)];

impl Met {
    /// None has been in any, of the pairs of those constructs that can meet.
    #[must_use]
    pub fn none(constructs: &[Construct]) -> Met {
        let pairs = (constructs.iter().enumerate())
            .flat_map(|(i, &a)| constructs[i + 1..].iter().map(move |&b| (a, b)))
            .filter(|pair| !NEVER.contains(pair));
        Met(pairs.map(|pair| (pair, 0)).collect())
    }

    /// Counts the pairs of a scenario.
    pub fn note(&mut self, scenario: &Value) {
        let there = Construct::of(scenario);
        for (pair, times) in &mut self.0 {
            *times += u32::from(there.contains(&pair.0) && there.contains(&pair.1));
        }
    }

    /// The `n`th of the pairs that have met least often, round and round.
    #[must_use]
    pub fn rarest(&self, n: usize) -> Option<Pair> {
        let least = self.0.values().min()?;
        let rare: Vec<Pair> = (self.0.iter())
            .filter(|&(_, times)| times == least)
            .map(|(&pair, _)| pair)
            .collect();
        rare.get(n % rare.len()).copied()
    }

    /// The pairs that have not met.
    #[must_use]
    pub fn missing(&self) -> Vec<Pair> {
        let missing = self.0.iter().filter(|&(_, &times)| times == 0);
        missing.map(|(&pair, _)| pair).collect()
    }
}

/// A table: a row for each construct, with how often it met those listed before it.
impl fmt::Display for Met {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = |construct: &&Construct| {
            (self.0.keys()).any(|pair| pair.0 == **construct || pair.1 == **construct)
        };
        let constructs: Vec<Construct> = Construct::ALL.iter().filter(known).copied().collect();
        let width = self
            .0
            .values()
            .max()
            .map_or(1, |n| n.to_string().len())
            .max(2)
            + 1;
        for (row, &construct) in constructs.iter().enumerate() {
            write!(f, "{:2} {:24}", row + 1, construct.name())?;
            for &other in &constructs[..row] {
                // What was never met is not in the table.
                let times = self.0.get(&(other, construct)).copied().unwrap_or(0);
                write!(f, "{times:width$}")?;
            }
            writeln!(f)?;
        }
        write!(f, "   {:24}", "")?;
        for column in 1..constructs.len() {
            write!(f, "{column:width$}")?;
        }
        writeln!(f)
    }
}
