//! What is known of the cores of small programs.
#![allow(dead_code)] // Each test uses some of it.

use kmapcheck_equations::{self as equations, Cores, Graph, Possible};
use kmapcheck_local::Locals;
use kmapcheck_scenario::Program;
use serde_json::Value;

/// A program with its local states, its graph and what is known of its cores.
pub struct Judged {
    pub program: Program,
    pub locals: Locals,
    pub graph: Graph,
    pub cores: Cores,
}

impl Judged {
    pub fn of(scenario: &Value) -> Judged {
        let program = kmapcheck_testing::load(scenario);
        let locals = Locals::of(&program).expect("no premise is broken");
        let equations::Judged { graph, cores, .. } = equations::judge(&program, &locals);
        Judged {
            program,
            locals,
            graph,
            cores,
        }
    }

    pub fn is_excluded(&self) -> bool {
        matches!(self.cores, Cores::Excluded(_))
    }

    pub fn possible(&self) -> &[Possible] {
        match &self.cores {
            Cores::Possible(possible) => possible,
            _ => &[],
        }
    }

    /// How many tasks the smallest of all cores has; `None`: there is none.
    pub fn smallest(&self) -> Option<u64> {
        assert!(self.possible().iter().all(|possible| possible.least));
        self.possible().iter().map(Possible::tasks).min()
    }
}
