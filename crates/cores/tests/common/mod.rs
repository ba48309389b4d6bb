//! Small programs, and what is known of their cores.
#![allow(dead_code)] // Each test uses some of it.

use kmapcheck_cores::{Cores, Graph, Possible, exclude};
use kmapcheck_locals::Locals;
use kmapcheck_scenario::Program;
use serde_json::{Value, json};

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
        let graph = Graph::of(&program, &locals);
        let cores = exclude(&program, &locals, &graph);
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

/// A scenario of series `A` and `B` with so many slots, in which mappings are not shared, and tasks
/// with pages `p`, `q` and `r`.
pub fn scenario(slots: [Value; 2], tasks: &[(Value, &[Value])]) -> Value {
    let tasks = tasks.iter().enumerate();
    let tasks: Vec<Value> = tasks
        .map(|(i, (count, program))| {
            json!({ "name": format!("t{i}"), "count": count, "pages": ["p", "q", "r"],
                    "program": program })
        })
        .collect();
    let [a, b] = slots;
    json!({
        "name": "small",
        "model": { "name": "m", "series": { "A": { "slots": a, "reuse": "none" },
                                            "B": { "slots": b, "reuse": "none" } } },
        "tasks": tasks,
    })
}

pub fn kmap(page: &str, series: &str) -> Value {
    json!({ "kmap": page, "series": series })
}

pub fn kunmap(page: &str) -> Value {
    json!({ "kunmap": page })
}

/// One operation of that name on that thing.
pub fn op(name: &str, thing: &str) -> Value {
    json!({ name: thing })
}

/// So many slots of `A`, one after the other, and all of them back.
pub fn pins(how_many: usize) -> Vec<Value> {
    let pages = &["p", "q", "r"][..how_many];
    let take = pages.iter().map(|page| kmap(page, "A"));
    take.chain(pages.iter().rev().map(|page| kunmap(page)))
        .collect()
}

/// `first` and then `second` taken, and both given back; each is a way to take and one to give.
pub fn nested(first: [Value; 2], second: [Value; 2]) -> Vec<Value> {
    let ([take, give], [take_second, give_second]) = (first, second);
    vec![take, take_second, give_second, give]
}

/// A slot of a series, by page `p` for `A` and `q` for `B`.
pub fn slot(series: &str) -> [Value; 2] {
    let page = if series == "A" { "p" } else { "q" };
    [kmap(page, series), kunmap(page)]
}

/// A semaphore.
pub fn semaphore(name: &str) -> [Value; 2] {
    [op("down", name), op("up", name)]
}
