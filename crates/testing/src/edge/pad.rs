//! Tasks that make the state space larger and change nothing else.
//!
//! A search that visits every state of a small scenario decides it there and then, and what it has
//! for large ones is never asked. So the small scenario gets company: tasks that share nothing with
//! anybody, never wait and end. Whatever the others do they still do, and nothing is found of the
//! company: the findings are those of the small scenario. With `cpus` that would not be so.

use serde_json::{Value, json};

/// How the company is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Tens of thousands of instances of one program.
    Crowd,
    /// A few programs with some instances each.
    Wide,
    /// Many programs with one instance each.
    Many,
}

impl Padding {
    /// All of them.
    pub const ALL: [Padding; 3] = [Padding::Crowd, Padding::Wide, Padding::Many];

    /// The scenario in such company: more than 30,000 states.
    #[must_use]
    pub fn of(self, scenario: &Value) -> Value {
        let (programs, count) = match self {
            Padding::Crowd => (1, 30_000),
            Padding::Wide => (3, 31),
            Padding::Many => (15, 1),
        };
        let mut padded = scenario.clone();
        let company = (0..programs).map(|i| {
            json!({ "name": format!("company{i}"), "count": count,
                    "program": [{ "might_sleep": true }] })
        });
        if let Some(tasks) = padded["tasks"].as_array_mut() {
            tasks.extend(company);
        }
        padded
    }
}
