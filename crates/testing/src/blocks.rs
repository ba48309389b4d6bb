//! Scenarios with blocks, and the same with their steps in place of every run.
//!
//! Pieces are cut out of random programs and become blocks, innermost first, so that blocks run
//! blocks; suffixes more often than others, since blocks that come last are shared. Then blocks that
//! are there already are run in further places. [`written_out`] undoes it, step for step.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::edge::dice::Dice;

/// Random scenarios with blocks.
pub fn scenario_with_blocks() -> impl Strategy<Value = Value> {
    let bytes = prop::collection::vec(any::<u8>(), 0..=80);
    (crate::scenario(), bytes).prop_map(|(scenario, bytes)| cut(written_out(scenario), &bytes))
}

/// One in three scenarios with blocks, the others as they are; which ones follows from what they hold,
/// so that no other choice is changed by it.
pub(crate) fn sometimes_cut(scenario: Value) -> Value {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let mut bits = hasher.hash_one(scenario.to_string());
    if bits % 3 != 0 {
        return scenario;
    }
    let bytes: Vec<u8> = (0..80)
        .map(|_| {
            // Marsaglia's xorshift.
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            bits.to_le_bytes()[3]
        })
        .collect();
    cut(scenario, &bytes)
}

/// Cuts blocks out of the programs of a scenario that has none.
fn cut(mut scenario: Value, bytes: &[u8]) -> Value {
    let mut cutting = Cutting {
        dice: Dice::new(bytes),
        blocks: Vec::new(),
        task: 0,
    };
    for (i, task) in tasks_of(&mut scenario).enumerate() {
        cutting.task = i;
        let program = task["program"].take();
        task["program"] = json!(cutting.list(program, false, false));
    }
    let blocks = cutting.blocks.into_iter().enumerate();
    let blocks: Map<String, Value> = blocks
        .map(|(i, block)| (name(i), json!(block.steps)))
        .collect();
    if !blocks.is_empty() {
        scenario["blocks"] = json!(blocks);
    }
    scenario
}

fn tasks_of(scenario: &mut Value) -> impl Iterator<Item = &mut Value> {
    scenario["tasks"].as_array_mut().into_iter().flatten()
}

fn name(block: usize) -> String {
    format!("b{block}")
}

struct Cutting<'a> {
    dice: Dice<'a>,
    blocks: Vec<Cut>,
    task: usize,
}

/// A block.
struct Cut {
    steps: Vec<Value>,
    /// The task that it comes from, if it has a name that not all have.
    only: Option<usize>,
    /// Some `break` in it leaves a loop around it.
    breaks: bool,
}

impl Cutting<'_> {
    /// Cuts a list. `is_branch`: of a select, which keeps what it begins with.
    fn list(&mut self, steps: Value, in_loop: bool, is_branch: bool) -> Vec<Value> {
        let Value::Array(steps) = steps else {
            return Vec::new();
        };
        let mut steps: Vec<Value> = (steps.into_iter())
            .map(|step| self.step(step, in_loop))
            .collect();
        if !steps.is_empty() && self.dice.once_in(2) {
            let from = self.dice.pick(&(0..steps.len()).collect::<Vec<_>>());
            let to = match self.dice.once_in(3) {
                true => from + 1,
                false => steps.len(),
            };
            let steps_of_block: Vec<Value> = steps.drain(from..to).collect();
            let block = self.block(steps_of_block);
            steps.insert(from, json!({ "run": name(block) }));
        }
        if self.dice.once_in(4) {
            let least = usize::from(is_branch);
            let places: Vec<usize> = (least..=steps.len()).rev().collect();
            let fits = |block: &Cut| {
                block.only.is_none_or(|only| only == self.task) && (in_loop || !block.breaks)
            };
            let blocks: Vec<usize> = (0..self.blocks.len())
                .filter(|&i| fits(&self.blocks[i]))
                .collect();
            if !blocks.is_empty() && !places.is_empty() {
                let (block, place) = (self.dice.pick(&blocks), self.dice.pick(&places));
                steps.insert(place, json!({ "run": name(block) }));
            }
        }
        steps
    }

    fn step(&mut self, mut step: Value, in_loop: bool) -> Value {
        for_each_list(&mut step, |list, kind| {
            let in_loop = in_loop || kind == Kind::Loop;
            *list = json!(self.list(list.take(), in_loop, kind == Kind::Branch));
        });
        step
    }

    fn block(&mut self, steps: Vec<Value>) -> usize {
        let known = self.blocks.iter().position(|block| block.steps == steps);
        if let Some(known) = known {
            return known;
        }
        let runs = |block: &Cut| block.breaks;
        let breaks = steps.iter().any(|step| self.any_free(step, &runs));
        // `v` is a name of those tasks only that have an `alloc_page` of it.
        let own = |step: &Value| step.to_string().contains("\"v\"");
        let inner = |block: &Cut| block.only.is_some();
        let is_own = steps.iter().any(own) || steps.iter().any(|step| self.any_run(step, &inner));
        self.blocks.push(Cut {
            only: is_own.then_some(self.task),
            steps,
            breaks,
        });
        self.blocks.len() - 1
    }

    /// Whether a step has a `break` of a loop around it.
    fn any_free(&self, step: &Value, of_block: &dyn Fn(&Cut) -> bool) -> bool {
        let mut step = step.clone();
        let mut found = step.get("break").is_some() || self.runs(&step, of_block);
        for_each_list(&mut step, |list, kind| {
            let inner = list.as_array().into_iter().flatten();
            found |= kind != Kind::Loop && inner.into_iter().any(|s| self.any_free(s, of_block));
        });
        found
    }

    /// Whether a step runs such a block, or one of the steps in it does.
    fn any_run(&self, step: &Value, of_block: &dyn Fn(&Cut) -> bool) -> bool {
        let mut step = step.clone();
        let mut found = self.runs(&step, of_block);
        for_each_list(&mut step, |list, _| {
            let inner = list.as_array().into_iter().flatten();
            found |= inner.into_iter().any(|step| self.any_run(step, of_block));
        });
        found
    }

    fn runs(&self, step: &Value, of_block: &dyn Fn(&Cut) -> bool) -> bool {
        let run = step.get("run").and_then(Value::as_str);
        let index = run.and_then(|run| run[1..].parse::<usize>().ok());
        index.is_some_and(|index| of_block(&self.blocks[index]))
    }
}

/// What a list of steps in a step is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// Of a `loop` or `repeat`.
    Loop,
    /// Of a select.
    Branch,
}

fn for_each_list(step: &mut Value, mut each: impl FnMut(&mut Value, Kind)) {
    for (key, kind) in [("choose", Kind::Plain), ("select", Kind::Branch)] {
        for list in step
            .get_mut(key)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            each(list, kind);
        }
    }
    for (key, kind) in [
        ("then", Kind::Plain),
        ("else", Kind::Plain),
        ("do", Kind::Loop),
        ("loop", Kind::Loop),
    ] {
        if let Some(list) = step.get_mut(key) {
            each(list, kind);
        }
    }
}

/// The scenario without blocks: their steps in place of every run.
///
/// # Panics
///
/// If a block is run that is not there.
#[must_use]
pub fn written_out(mut scenario: Value) -> Value {
    let blocks = scenario
        .as_object_mut()
        .and_then(|fields| fields.remove("blocks"));
    if let Some(blocks) = blocks {
        for task in tasks_of(&mut scenario) {
            let program = task["program"].take();
            task["program"] = expanded(program, &blocks);
        }
    }
    scenario
}

fn expanded(steps: Value, blocks: &Value) -> Value {
    let Value::Array(steps) = steps else {
        return steps;
    };
    let steps = steps.into_iter().flat_map(|mut step| {
        if let Some(run) = step.get("run").and_then(Value::as_str) {
            let block = expanded(blocks[run].clone(), blocks);
            return block.as_array().expect("the block is there").clone();
        }
        for_each_list(&mut step, |list, _| *list = expanded(list.take(), blocks));
        vec![step]
    });
    steps.collect()
}
