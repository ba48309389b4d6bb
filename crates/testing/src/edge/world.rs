//! What the tasks of a scenario share, and the numbers of everything, at their edges.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::construct::Construct;
use super::dice::Dice;

/// Series, capacities and settings.
#[derive(Debug)]
pub(crate) struct World {
    series: [Series; 2],
    /// Units of `sem`, `io` and `own_sem`, elements of the mempools.
    units: u32,
    /// Whether the shared ones have any number of units instead.
    any_units: bool,
    /// So many of them are there at the start, of what is not all there.
    available: u32,
    free_pages: Option<u32>,
    cpus: Option<(u32, bool)>,
}

/// A series.
#[derive(Debug)]
struct Series {
    /// `None`: any.
    slots: Option<u32>,
    reuse: &'static str,
    for_holders: u32,
}

impl World {
    /// A world with what is wanted of it.
    pub(crate) fn new(dice: &mut Dice<'_>, wanted: &BTreeSet<Construct>, open: bool) -> World {
        use Construct as C;
        let wants = |construct: C| wanted.contains(&construct);
        let mut reuse: Vec<&'static str> = [
            (C::ReuseNone, "none"),
            (C::ReuseAny, "any"),
            (C::ReuseOwn, "own"),
        ]
        .into_iter()
        .filter(|&(construct, _)| wants(construct))
        .map(|(_, name)| name)
        .collect();
        if reuse.is_empty() && (wants(C::StaleIn) || wants(C::StaleAny)) {
            reuse.push(dice.pick(&["own", "any"]));
        }
        let mut kept: Vec<C> = [
            C::ForHolders,
            C::ForHoldersBeyond,
            C::ForHoldersAny,
            C::AnySlots,
        ]
        .into_iter()
        .filter(|&construct| wants(construct))
        .collect();
        let mut series = || {
            let any = open && dice.once_in(4);
            let (slots, for_holders) = match kept.pop() {
                Some(C::ForHolders) => {
                    let slots = dice.pick(&[2, 3]);
                    (Some(slots), dice.pick(&[slots - 1, 1]))
                }
                Some(C::ForHoldersBeyond) => {
                    let slots = dice.pick(&[1, 2, 3]);
                    (Some(slots), dice.edge(slots, slots))
                }
                Some(C::ForHoldersAny) => (None, dice.pick(&[1, 2, 3])),
                Some(_) => (None, 0),
                None if any => (None, dice.pick(&[0, 0, 1, 2])),
                None => {
                    let slots = dice.pick(&[1, 2, 3]);
                    (
                        Some(slots),
                        dice.pick(&[0, 0, 0, 1, slots - 1, slots, slots + 1]),
                    )
                }
            };
            let free = ["none", "own", "any"];
            let reuse = reuse.pop().unwrap_or_else(|| dice.pick(&free));
            Series {
                slots,
                reuse,
                for_holders,
            }
        };
        let series = [series(), series()];
        let cpus = match (wants(C::Cpus), wants(C::Preemptible)) {
            (false, false) if !dice.once_in(12) => None,
            (_, preemptible) => Some((dice.edge(1, 1), preemptible)),
        };
        let memory = [C::AllocPage, C::TryAllocPage, C::FreePage, C::AllocatedPage]
            .into_iter()
            .any(wants);
        let bounded = wants(C::FreePages) || memory && dice.once_in(2);
        let units = match wants(C::DownSeveral) {
            true => dice.pick(&[2, 3]),
            false => dice.pick(&[1, 2, 3]),
        };
        World {
            series,
            units,
            any_units: wants(C::AnyUnits) || open && dice.once_in(6),
            available: match wants(C::Available) {
                true => dice.pick(&[0, 1, units - 1, units]).min(units),
                false => 0,
            },
            free_pages: bounded.then(|| dice.edge(1, 0).min(2)),
            cpus,
        }
    }

    fn named(&self, series: &str) -> &Series {
        &self.series[usize::from(series == "B")]
    }

    /// The slots of a series; two where they are open.
    pub(crate) fn capacity(&self, series: &str) -> u32 {
        self.named(series).slots.unwrap_or(2)
    }

    /// The units of a semaphore; as many as may be asked for at once where they are open.
    pub(crate) fn units(&self, semaphore: &str) -> u32 {
        match semaphore {
            "room" => self.series[0].slots.unwrap_or(3),
            _ => self.units,
        }
    }

    /// Whether some number of slots or units is open.
    pub(crate) fn is_open(&self) -> bool {
        self.any_units || self.series.iter().any(|series| series.slots.is_none())
    }

    /// The scenario with those tasks: everything that they use declared, and what else is wanted.
    pub(crate) fn scenario(
        &self,
        dice: &mut Dice<'_>,
        wanted: &BTreeSet<Construct>,
        tasks: Vec<Task>,
    ) -> Value {
        let used: BTreeSet<String> = tasks
            .iter()
            .flat_map(|task| names(&json!(task.program)))
            .collect();
        let units = match self.any_units {
            true => json!("any"),
            false => json!(self.units),
        };
        let mut shared = self.declared(&SHARED, &units, &used);
        let mut stale = Leftovers::new(self);
        let pages: Vec<Value> = (["s", "left", "open"].into_iter())
            .filter(|&name| used.contains(name))
            .map(|name| stale.page(name, Some(1)))
            .collect();
        shared.insert("pages".into(), json!(pages));
        let mut written: Vec<Value> = Vec::new();
        for (i, task) in tasks.into_iter().enumerate() {
            let used = names(&json!(task.program));
            let mut own = self.declared(&OWN, &json!(self.units), &used);
            let pages: Vec<Value> = (["own", "other", "low", "old", "mine"].into_iter())
                .filter(|&name| used.contains(name))
                .map(|name| stale.page(name, task.count))
                .collect();
            own.insert("name".into(), json!(format!("t{i}")));
            own.insert(
                "count".into(),
                task.count.map_or(json!("any"), |n| json!(n)),
            );
            own.insert("pages".into(), json!(pages));
            own.insert("program".into(), json!(task.program));
            written.push(Value::Object(own));
        }
        let follows = used.contains("room");
        let mut series = Map::new();
        for (name, declared) in ["A", "B"].into_iter().zip(&self.series) {
            if used.contains(name)
                || (follows && name == "A")
                || stale.fill[usize::from(name == "B")] > 0
            {
                series.insert(name.into(), declared.json());
            }
        }
        if series.is_empty() {
            series.insert("A".into(), self.series[0].json());
        }
        let mut scenario = Value::Object(shared);
        scenario["name"] = json!("edge");
        scenario["model"] = json!({ "name": "m", "series": series });
        scenario["tasks"] = json!(written);
        if let Some(n) = self.free_pages {
            scenario["free_pages"] = json!(n);
        }
        if let Some((n, preemptible)) = self.cpus {
            scenario["cpus"] = json!(n);
            scenario["preemptible"] = json!(preemptible);
        }
        if wanted.contains(&Construct::Unused) {
            add_unused(dice, &mut scenario);
        }
        if wanted.contains(&Construct::UnusedKept) {
            add_kept(dice, &mut scenario);
        }
        if wanted.contains(&Construct::Order) {
            add_order(dice, &mut scenario);
        }
        scenario
    }

    /// Those of the locks, mempools and completions that are used.
    fn declared(
        &self,
        known: &[(&str, &str)],
        units: &Value,
        used: &BTreeSet<String>,
    ) -> Map<String, Value> {
        let (mut locks, mut pools, mut completions) = (Map::new(), Map::new(), Vec::new());
        for &(name, kind) in known.iter().filter(|(name, _)| used.contains(*name)) {
            match kind {
                "pool" => _ = pools.insert(name.into(), json!(units)),
                "lent" => {
                    pools.insert(name.into(), json!({ "elements": units, "owned": false }));
                }
                "done" => completions.push(name),
                "sem" => _ = locks.insert(name.into(), json!({ "semaphore": units })),
                "queue" => {
                    locks.insert(name.into(), json!({ "semaphore": units, "fair": true }));
                }
                "out" => {
                    let out =
                        json!({ "semaphore": units, "owned": false, "available": self.available });
                    locks.insert(name.into(), out);
                }
                "drained" => {
                    let out =
                        json!({ "elements": units, "owned": false, "available": self.available });
                    pools.insert(name.into(), out);
                }
                "io" => {
                    locks.insert(name.into(), json!({ "semaphore": units, "owned": false }));
                }
                "room" => {
                    locks.insert(name.into(), json!({ "semaphore": { "slots_of": "A" } }));
                }
                "fair" => _ = locks.insert(name.into(), json!({ "rwsem": { "fair": true } })),
                kind => _ = locks.insert(name.into(), json!(kind)),
            }
        }
        let mut fields = Map::new();
        fields.insert("locks".into(), Value::Object(locks));
        fields.insert("mempools".into(), Value::Object(pools));
        fields.insert("completions".into(), json!(completions));
        fields
    }
}

/// A task program and its instances; `None`: any number.
pub(crate) struct Task {
    pub(crate) count: Option<u32>,
    pub(crate) program: Vec<Value>,
}

/// What all tasks know, and what kind of thing it is.
const SHARED: [(&str, &str); 12] = [
    ("spin", "spin"),
    ("sem", "sem"),
    ("room", "room"),
    ("io", "io"),
    ("queue", "queue"),
    ("out", "out"),
    ("drained", "drained"),
    ("rw", "rwsem"),
    ("fair", "fair"),
    ("pool", "pool"),
    ("lent", "lent"),
    ("done", "done"),
];

/// What each task has for itself.
const OWN: [(&str, &str); 5] = [
    ("own_spin", "spin"),
    ("own_sem", "sem"),
    ("own_rw", "rwsem"),
    ("own_pool", "pool"),
    ("own_done", "done"),
];

impl Series {
    fn json(&self) -> Value {
        let slots = self.slots.map_or(json!("any"), |n| json!(n));
        json!({ "slots": slots, "reuse": self.reuse, "for_holders": self.for_holders })
    }
}

/// Stale mappings that are declared for certain, counted against the slots.
struct Leftovers<'a> {
    world: &'a World,
    fill: [u32; 2],
}

impl<'a> Leftovers<'a> {
    fn new(world: &'a World) -> Self {
        Leftovers {
            world,
            fill: [0, 0],
        }
    }

    /// The declaration of a page of which there are `count`.
    fn page(&mut self, name: &str, count: Option<u32>) -> Value {
        match name {
            "low" => json!({ "name": name, "highmem": false }),
            "open" | "mine" => json!({ "name": name, "stale_in": "any" }),
            "left" | "old" => match self.place(count) {
                Some(0) => json!({ "name": name, "stale_in": "A" }),
                Some(_) => json!({ "name": name, "stale_in": "B" }),
                None => json!({ "name": name, "stale_in": "any" }),
            },
            _ => json!(name),
        }
    }

    /// A series that keeps mappings and has that many slots left.
    fn place(&mut self, count: Option<u32>) -> Option<usize> {
        let fits = |&i: &usize| {
            let series = &self.world.series[i];
            // A series that is full has none left.
            let left = series.slots.map(|slots| slots.saturating_sub(self.fill[i]));
            series.reuse != "none"
                && match (left, count) {
                    (None, _) => true,
                    (Some(left), Some(count)) => count <= left,
                    (Some(_), None) => false,
                }
        };
        let place = [0, 1].into_iter().find(fits)?;
        self.fill[place] += count.unwrap_or(1);
        Some(place)
    }
}

/// Every text in some operations: all names, and more.
fn names(operations: &Value) -> BTreeSet<String> {
    match operations {
        Value::String(name) => BTreeSet::from([name.clone()]),
        Value::Array(items) => items.iter().flat_map(names).collect(),
        Value::Object(fields) => fields.values().flat_map(names).collect(),
        _ => BTreeSet::new(),
    }
}

/// Declares a series that nobody uses and that keeps slots for holders.
fn add_kept(dice: &mut Dice<'_>, scenario: &mut Value) {
    let slots = dice.pick(&[1, 2]);
    let series = json!({ "slots": slots, "reuse": dice.pick(&["none", "own", "any"]),
                         "for_holders": dice.edge(slots, 1) });
    scenario["model"]["series"]["K"] = series;
}

/// Declares something that nobody uses.
fn add_unused(dice: &mut Dice<'_>, scenario: &mut Value) {
    let kinds = [
        "series",
        "locks",
        "pages",
        "mempools",
        "completions",
        "own",
        "all",
    ];
    let kind = dice.pick(&kinds);
    let is = |one: &str| kind == one || kind == "all";
    if is("series") {
        let slots = dice.pick(&[1, 2]);
        let series = json!({ "slots": slots, "reuse": "own", "for_holders": dice.edge(slots, 0) });
        scenario["model"]["series"]["U"] = series;
    }
    if is("locks") {
        scenario["locks"]["u_lock"] = dice.pick(&[json!("spin"), json!({ "semaphore": 2 })]);
    }
    if is("mempools") {
        scenario["mempools"]["u_pool"] = json!(1);
    }
    for (key, name) in [("pages", "u_page"), ("completions", "u_done")] {
        if is(key)
            && let Some(list) = scenario[key].as_array_mut()
        {
            list.push(json!(name));
        }
    }
    if is("own") {
        let pages = scenario["tasks"][0]["pages"].as_array_mut();
        pages.into_iter().for_each(|list| list.push(json!("u_own")));
        scenario["tasks"][0]["locks"]["u_own_lock"] = json!("rwsem");
    }
}

/// An order of some of the series and locks.
fn add_order(dice: &mut Dice<'_>, scenario: &mut Value) {
    let keys = |value: &Value| -> Vec<String> {
        value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect()
    };
    let mut known = keys(&scenario["model"]["series"]);
    known.extend(keys(&scenario["locks"]));
    for task in scenario["tasks"].as_array().into_iter().flatten() {
        known.extend(keys(&task["locks"]));
    }
    known.sort_unstable();
    known.dedup();
    let mut order = dice.shuffled(&known);
    if dice.once_in(3) {
        order.truncate(known.len().div_ceil(2));
    }
    scenario["model"]["order"] = json!(order);
}
