//! What was read, checked: every name stands for something, every number is in its range.

pub(crate) mod blocks;
pub(crate) mod declarations;
pub(crate) mod model;
pub(crate) mod order;
pub(crate) mod recursion;
pub(crate) mod scope;
pub(crate) mod stale;
