//! What a scenario says beside its task programs: its blocks, and what it assumes.

use crate::program::{Location, Origin, OriginId, Program};

/// A named list of steps of a scenario, which task programs run. Its steps are nodes of those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedBlock {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub location: Location,
    /// Whether some task program runs it, itself or by another block.
    pub is_run: bool,
}

/// Something that was assumed when the scenario was written: every verdict depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Assumption {
    /// What sort of assumption, such as `loop-bound`.
    pub kind: String,
    /// What is assumed, in a line.
    pub text: String,
    /// Where in the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// How often it was used; once if that is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// What to change to assume something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
}

impl Program {
    /// The block that the operation of an origin stands in, unless in a task program itself.
    #[must_use]
    pub fn block_of(&self, origin: &Origin) -> Option<&str> {
        let block = origin.block.and_then(|block| self.blocks.get(block));
        block.map(|block| block.name.as_str())
    }

    /// Whether two origins are one and the same: or one step of a block, which stands in the file once
    /// however many tasks run it.
    #[must_use]
    pub fn is_same_step(&self, a: OriginId, b: OriginId) -> bool {
        let [one, other] = [a, b].map(|id| &self.origins[id]);
        let places = |origin: &'_ Origin| -> Vec<Location> {
            origin.chain.iter().map(|frame| frame.location).collect()
        };
        a == b
            || one.block.is_some()
                && one.block == other.block
                && one.location() == other.location()
                && places(one) == places(other)
    }

    /// The blocks that no task runs.
    pub fn unused_blocks(&self) -> impl Iterator<Item = &NamedBlock> {
        self.blocks.iter().filter(|block| !block.is_run)
    }
}
