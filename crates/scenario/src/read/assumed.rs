//! What a scenario says that it assumes.

use crate::program::Assumption;
use crate::read::decode::{Line, Name, Number, record};

record! {
    /// Something that was assumed when the scenario was written.
    AssumptionFile "an assumption" {
        /// What sort of assumption, such as `loop-bound`: long lists are folded by it.
        kind: Name,
        /// What is assumed, in a line.
        text: Line,
        /// Where in the kernel.
        at: Option<Line>,
        /// How often it was used (once if left out).
        count: Option<Number<1>>,
        /// What to change to assume something else.
        change: Option<Line>,
    }
}

impl From<AssumptionFile> for Assumption {
    fn from(file: AssumptionFile) -> Assumption {
        Assumption {
            kind: file.kind.0.value,
            text: file.text.0,
            at: file.at.map(|line| line.0),
            count: file.count.map(|number| number.0.value),
            change: file.change.map(|line| line.0),
        }
    }
}
