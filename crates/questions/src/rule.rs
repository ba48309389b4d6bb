//! Whether the discipline that a model states is sufficient, told to people and programs. The
//! answer itself is found in [`kmapcheck_prove::rule`].

pub mod json;
pub mod text;
