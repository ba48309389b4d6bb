//! The whole file.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value, json};

use crate::assumed::Assumed;
use crate::map::Mapping;
use crate::options::Options;
use crate::read::names::{Name, Names};
use crate::read::unit::Unit;
use crate::run::label::{Label, Labels};
use crate::run::step::{Scope, Thing};
use crate::write::structure::{Program, Step};
use crate::write::swap::Renaming;
use crate::write::text::written;

/// A block of fewer steps is written where it runs.
const SHORT: usize = 2;

/// Branches inside branches; what is deeper is a block of its own.
const DEEPEST: usize = 12;

/// Units of a semaphore that has none at the start: more are never there.
pub const MOST: u32 = 1024;

/// Slots of a series whose number nothing says.
pub const SLOTS: u32 = 1024;

/// A task to be written.
pub struct Task {
    /// The entry's name.
    pub name: String,
    /// How many run it.
    pub count: u32,
    /// Its program.
    pub program: Program,
    /// What its names stand for.
    pub things: BTreeMap<Name, Thing>,
    /// How many units its semaphores and pools have.
    pub sizes: BTreeMap<Name, u32>,
    /// Orders of shared locks; empty: one.
    pub orders: Vec<Renaming>,
}

/// What all tasks have in common.
pub struct Writer<'a> {
    /// The files.
    pub unit: &'a Unit,
    /// The mapping.
    pub mapping: &'a Mapping,
    /// All names.
    pub names: &'a Names,
    /// All labels.
    pub labels: &'a Labels,
    /// What was asked for.
    pub options: &'a Options,
}

/// What a program mentions.
#[derive(Default)]
struct Used {
    names: BTreeSet<Name>,
    series: BTreeSet<String>,
    faults: bool,
}

impl Writer<'_> {
    /// The text of the scenario.
    #[must_use]
    pub fn scenario(&self, tasks: &[Task], assumed: &[Assumed]) -> String {
        let mut used = Used::default();
        let mut blocks: Map<String, Value> = Map::new();
        let mut shared: BTreeMap<&str, Value> = BTreeMap::new();
        let (mut pools, mut completions) = (Map::new(), BTreeSet::new());
        let mut shared_pages = BTreeSet::new();
        let mut written_tasks = Vec::new();
        let mut lists = Vec::new();
        for task in tasks {
            let (program, of) = self.program(task, &mut blocks);
            let mut pages = BTreeSet::new();
            let mut locks = Map::new();
            let mut own = Vec::new();
            for name in &of.names {
                let text = self.names.text(*name);
                match task.things.get(name) {
                    Some(Thing::Page(Scope::Own)) => {
                        pages.insert(text);
                    }
                    Some(Thing::Page(_)) => {
                        shared_pages.insert(text);
                    }
                    Some(Thing::Lock(kind, scope)) => {
                        let is_fair = self.mapping.fair_rwsems;
                        let lock = lock(kind, task.sizes.get(name).copied(), is_fair);
                        if *scope == Scope::Own {
                            locks.insert(text.to_owned(), lock);
                        } else {
                            shared.insert(text, lock);
                        }
                    }
                    Some(Thing::Pool(_)) => {
                        pools.insert(text.to_owned(), pool(task.sizes.get(name).copied()));
                    }
                    Some(Thing::Completion(Scope::Own)) => own.push(text),
                    Some(Thing::Completion(_)) => {
                        completions.insert(text);
                    }
                    Some(Thing::Allocated) | None => {}
                }
            }
            if of.faults {
                pages.extend(self.mapping.user_copy.pages.iter().map(String::as_str));
            }
            let mut written = Map::new();
            written.insert("name".into(), json!(task.name));
            written.insert("count".into(), json!(task.count));
            if !pages.is_empty() {
                written.insert("pages".into(), json!(pages));
            }
            if !locks.is_empty() {
                written.insert("locks".into(), Value::Object(locks));
            }
            if !own.is_empty() {
                own.sort_unstable();
                written.insert("completions".into(), json!(own));
            }
            written.insert("program".into(), Value::Array(program));
            written_tasks.push(Value::Object(written));
            lists.push(format!("{} ({})", task.name, self.file_of(&task.name)));
            used.series.extend(of.series);
            used.faults |= of.faults;
        }
        if used.faults {
            for (name, lock) in &self.mapping.user_copy.locks {
                shared.insert(name, lock.clone());
            }
        }
        let mut file = Map::new();
        let names: Vec<&str> = tasks.iter().map(|task| task.name.as_str()).collect();
        file.insert("name".into(), json!(names.join("-")));
        let about = format!(
            "Extracted from {}, with {}",
            lists.join(", "),
            self.mapping.names.join(", ")
        );
        file.insert("about".into(), json!(about));
        if !assumed.is_empty() {
            file.insert("assumed".into(), assumptions(assumed));
        }
        self.pools(&used, &mut file);
        if !shared.is_empty() {
            file.insert("locks".into(), json!(shared));
        }
        if !pools.is_empty() {
            file.insert("mempools".into(), Value::Object(pools));
        }
        if !shared_pages.is_empty() {
            file.insert("pages".into(), json!(shared_pages));
        }
        if !completions.is_empty() {
            file.insert("completions".into(), json!(completions));
        }
        if !blocks.is_empty() {
            file.insert("blocks".into(), Value::Object(blocks));
        }
        file.insert("tasks".into(), Value::Array(written_tasks));
        if let Some(expect) = &self.options.expect {
            file.insert("expect".into(), expect.clone());
        }
        written(&Value::Object(file))
    }

    /// The program of a task, in every order of what may change places.
    fn program(&self, task: &Task, blocks: &mut Map<String, Value>) -> (Vec<Value>, Used) {
        let one = [Renaming::new()];
        let orders = match task.orders.as_slice() {
            [] => &one,
            orders => orders,
        };
        let mut used = Used::default();
        let mut ways = Vec::new();
        for order in orders {
            let mut steps = Steps::of(self, task, blocks, order);
            ways.push(steps.all());
            used.names.extend(steps.used.names);
            used.series.extend(steps.used.series);
            used.faults |= steps.used.faults;
        }
        match ways.len() {
            1 => (ways.swap_remove(0), used),
            _ => (vec![json!({ "choose": ways })], used),
        }
    }

    fn file_of(&self, function: &str) -> &str {
        let number = self.unit.resolve(function, None);
        number.map_or("", |number| {
            &self.unit.files[self.unit.functions[number].file].name
        })
    }

    /// The model, or the series, and their slots.
    fn pools(&self, used: &Used, file: &mut Map<String, Value>) {
        let model = self.options.model.as_ref().or(self.mapping.model.as_ref());
        if let Some(model) = model {
            file.insert("model".into(), json!(model));
            if !self.options.slots.is_empty() {
                file.insert("slots".into(), json!(self.options.slots));
            }
            return;
        }
        let series: Map<String, Value> = (used.series.iter())
            .map(|name| {
                let slots = self.options.slots.get(name).copied().unwrap_or(SLOTS);
                (name.clone(), json!({ "slots": slots, "reuse": "any" }))
            })
            .collect();
        if !series.is_empty() {
            file.insert("series".into(), Value::Object(series));
        }
    }

    fn at(&self, label: &Label) -> String {
        let function = &self.unit.functions[label.function].name;
        format!(
            "{}:{} {function}",
            self.unit.files[label.file].name, label.line
        )
    }
}

/// A lock, with its units if it is a semaphore.
fn lock(kind: &str, units: Option<u32>, is_fair: bool) -> Value {
    if kind == "rwsem" && is_fair {
        return json!({ "rwsem": { "fair": true } });
    }
    match units.filter(|_| kind == "semaphore") {
        // Somebody else gives it units before it can be taken.
        Some(0) => json!({ "semaphore": MOST, "owned": false, "available": 0 }),
        Some(units) if units > 1 => json!({ "semaphore": units }),
        _ => json!(kind),
    }
}

/// A pool with so many elements.
fn pool(elements: Option<u32>) -> Value {
    match elements {
        Some(0) => json!({ "elements": 1, "owned": false, "available": 0 }),
        elements => json!(elements),
    }
}

fn assumptions(assumed: &[Assumed]) -> Value {
    let entry = |one: &Assumed| {
        let mut fields = Map::new();
        fields.insert("kind".into(), json!(one.kind));
        fields.insert("at".into(), json!(one.at));
        fields.insert("text".into(), json!(one.text));
        if one.count > 1 {
            fields.insert("count".into(), json!(one.count));
        }
        if let Some(change) = &one.change {
            fields.insert("change".into(), json!(change));
        }
        Value::Object(fields)
    };
    Value::Array(assumed.iter().map(entry).collect())
}

/// The steps of one task.
struct Steps<'a> {
    writer: &'a Writer<'a>,
    task: &'a Task,
    /// How many places run each block.
    uses: Vec<usize>,
    sizes: Vec<usize>,
    /// The names of blocks that are written by name.
    named: BTreeMap<usize, String>,
    queue: VecDeque<usize>,
    blocks: &'a mut Map<String, Value>,
    order: &'a Renaming,
    used: Used,
}

impl<'a> Steps<'a> {
    fn of(
        writer: &'a Writer<'a>,
        task: &'a Task,
        blocks: &'a mut Map<String, Value>,
        order: &'a Renaming,
    ) -> Self {
        let count = task.program.blocks.len();
        let mut steps = Steps {
            writer,
            task,
            uses: vec![0; count],
            sizes: vec![0; count],
            named: BTreeMap::new(),
            queue: VecDeque::new(),
            blocks,
            order,
            used: Used::default(),
        };
        for (number, block) in task.program.blocks.iter().enumerate() {
            steps.sizes[number] = steps.count(block);
        }
        steps
    }

    /// Counts the steps of a block, and who runs which.
    fn count(&mut self, block: &[Step]) -> usize {
        let mut size = 0;
        for step in block {
            size += 1;
            match step {
                Step::Run(number) | Step::Loop(number) => self.uses[*number] += 1,
                Step::Try(_, yes, no) => size += self.count(yes) + self.count(no),
                Step::Choose(branches) => {
                    for branch in branches {
                        size += self.count(branch);
                    }
                }
                _ => {}
            }
        }
        size
    }

    /// The program, and the blocks that it runs by name.
    fn all(&mut self) -> Vec<Value> {
        let task = self.task;
        let mut program = self.steps(&task.program.blocks[0], 0);
        if program.last() == Some(&json!({ "exit": true })) {
            program.pop();
        }
        while let Some(number) = self.queue.pop_front() {
            let name = self.named[&number].clone();
            // Its place, before those of the blocks that it runs.
            self.blocks.insert(name.clone(), Value::Null);
            let steps = self.steps(&task.program.blocks[number], 0);
            self.blocks.insert(name, Value::Array(steps));
        }
        program
    }

    fn steps(&mut self, block: &[Step], depth: usize) -> Vec<Value> {
        let mut out = Vec::new();
        let mut stack: Vec<std::slice::Iter<'_, Step>> = vec![block.iter()];
        let task = self.task;
        while let Some(mut steps) = stack.pop() {
            let Some(step) = steps.next() else { continue };
            stack.push(steps);
            match step {
                Step::Op(label) => {
                    let label = self.writer.labels.label(*label).clone();
                    out.push(self.operation(&label));
                }
                Step::Try(label, yes, no) => {
                    let label = self.writer.labels.label(*label).clone();
                    let mut operation = self.operation(&label);
                    let (yes, no) = (self.steps(yes, depth + 1), self.steps(no, depth + 1));
                    if let Value::Object(fields) = &mut operation {
                        for (key, steps) in [("then", yes), ("else", no)] {
                            if !steps.is_empty() {
                                fields.insert(key.into(), Value::Array(steps));
                            }
                        }
                    }
                    out.push(operation);
                }
                Step::Choose(branches) => {
                    let branches: Vec<Value> = (branches.iter())
                        .map(|branch| Value::Array(self.steps(branch, depth + 1)))
                        .collect();
                    out.push(json!({ "choose": branches }));
                }
                Step::Loop(number) => {
                    let body = self.steps(&task.program.blocks[*number], depth + 1);
                    out.push(json!({ "loop": body }));
                }
                Step::Break | Step::Exit => {
                    let word = if *step == Step::Break {
                        "break"
                    } else {
                        "exit"
                    };
                    out.push(json!({ word: true }));
                    // Nothing after it is reached.
                    return out;
                }
                Step::Run(number) => {
                    let is_shared = self.uses[*number] > 1 && self.sizes[*number] >= SHORT;
                    if is_shared || depth > DEEPEST {
                        let name = self.block_name(*number);
                        out.push(json!({ "run": name }));
                    } else {
                        stack.push(task.program.blocks[*number].iter());
                    }
                }
            }
        }
        out
    }

    /// The name of a block: the function and line of its first operation.
    fn block_name(&mut self, number: usize) -> String {
        if let Some(name) = self.named.get(&number) {
            return name.clone();
        }
        let mut todo = vec![number];
        let mut first = None;
        let mut seen = BTreeSet::new();
        while let Some(number) = todo
            .pop()
            .filter(|number| first.is_none() && seen.insert(*number))
        {
            let mut steps: VecDeque<&Step> = self.task.program.blocks[number].iter().collect();
            while let Some(step) = steps.pop_front() {
                match step {
                    Step::Op(label) | Step::Try(label, ..) => first = first.or(Some(*label)),
                    Step::Choose(branches) => steps.extend(branches.iter().flatten()),
                    Step::Run(number) | Step::Loop(number) => todo.push(*number),
                    _ => {}
                }
            }
        }
        let base = match first.map(|label| self.writer.labels.label(label)) {
            Some(label) => {
                format!(
                    "{}_{}",
                    self.writer.unit.functions[label.function].name, label.line
                )
            }
            None => "rest".to_owned(),
        };
        let mut name = base.clone();
        let mut n = 2;
        while self.blocks.contains_key(&name) || self.named.values().any(|other| *other == name) {
            name = format!("{base}_{n}");
            n += 1;
        }
        self.named.insert(number, name.clone());
        self.queue.push_back(number);
        name
    }

    fn operation(&mut self, label: &Label) -> Value {
        let named = label
            .of
            .map(|name| self.order.get(&name).copied().unwrap_or(name));
        self.used.names.extend(named);
        if label.op == "fault" {
            self.used.faults = true;
            let mut steps = self.writer.mapping.user_copy.fault.clone();
            for step in &mut steps {
                if let Value::Object(fields) = step {
                    fields.insert("at".into(), json!(self.writer.at(label)));
                }
            }
            return json!({ "choose": [[], steps] });
        }
        let mut fields = Map::new();
        let of = match named {
            Some(name) => json!(self.writer.names.text(name)),
            None => json!(true),
        };
        fields.insert(label.op.into(), of);
        if let Some((key, value)) = &label.with {
            fields.insert((*key).into(), json!(value));
            if *key == "series" {
                self.used.series.insert(value.clone());
            }
        }
        fields.insert("at".into(), json!(self.writer.at(label)));
        if let Some(note) = &label.note {
            fields.insert("note".into(), json!(note));
        }
        Value::Object(fields)
    }
}
