//! States per second of an engine on ORDERED(N, 2): N tasks that take a slot of P and then one of
//! Q, for pages of their own, and give both back; two slots each.
//!
//! `cargo run --release -p kmapcheck-search --example throughput -- 16 2`: N = 16, two threads;
//! `0` threads: the reference.

use std::time::Instant;

use kmapcheck_limits::Limits;
use kmapcheck_scenario::{Overrides, load_str};
use kmapcheck_search::{Engine, run};
use serde_json::json;

fn main() {
    let number = |i: usize, default: usize| {
        let given = std::env::args().nth(i).and_then(|text| text.parse().ok());
        given.unwrap_or(default)
    };
    let (tasks, threads) = (number(1, 14), number(2, 1));
    let scenario = json!({
        "name": "ordered",
        "model": { "name": "m", "series": { "P": { "slots": 2, "reuse": "none" },
                                            "Q": { "slots": 2, "reuse": "none" } } },
        "tasks": [{ "name": "t", "count": tasks, "pages": ["p", "q"], "program": [
            { "kmap": "p", "series": "P" }, { "kmap": "q", "series": "Q" },
            { "kunmap": "q" }, { "kunmap": "p" } ] }],
    });
    let program = match load_str("ordered", &scenario.to_string(), &Overrides::default()) {
        Ok(program) => program,
        Err(errors) => return eprintln!("{errors}"),
    };
    let engine = match threads {
        0 => Engine::Reference,
        threads => Engine::Apart { threads },
    };
    let start = Instant::now();
    match run(engine, &program, &Limits::default(), &mut |_| {}) {
        Ok(outcome) => {
            let seconds = start.elapsed().as_secs_f64();
            let states = outcome.coverage.states;
            println!(
                "N={tasks} {} threads={threads}: {states} states, {} transitions, {:?}, {seconds:.3} s, {:.2} M states/s, {:.2} bytes a state",
                engine.name(),
                outcome.coverage.transitions,
                outcome.verdict(),
                states as f64 / seconds / 1e6,
                outcome.coverage.stored_bytes.unwrap_or(0) as f64 / states as f64,
            );
        }
        Err(refusal) => eprintln!("{refusal}"),
    }
}
