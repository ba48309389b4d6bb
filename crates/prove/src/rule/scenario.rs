//! A candidate written down as a scenario.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kmapcheck_report::words::article;
use kmapcheck_scenario::{FindingKind, Overrides, ResourceKind, SeriesId, load_str};
use serde_json::{Value, json};

use super::candidates::{Candidate, Kind};
use super::discipline::{Discipline, Held, Thing};

/// Where the scenario would stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file; it need not exist. Models are looked for from there.
    pub file: String,
    /// How the scenario names its model.
    pub model: String,
}

/// The text of the scenario. Without `expect` it expects nothing.
#[must_use]
pub fn write(
    discipline: &Discipline<'_>,
    candidate: &Candidate,
    place: &Place,
    expect: Option<&[FindingKind]>,
) -> String {
    let mut text = String::from("{\n");
    let mut field = |name: &str, value: String| {
        let _ = writeln!(text, "  {}: {value},", json!(name));
    };
    field("name", json!(name(discipline)).to_string());
    field("about", json!(about(discipline, candidate)).to_string());
    field("model", json!(place.model).to_string());
    if !candidate.slots.is_empty() {
        let slots = candidate.slots.iter().map(|&(series, slots)| {
            format!("{}: {slots}", json!(discipline.program.series[series].name))
        });
        field(
            "slots",
            format!("{{ {} }}", slots.collect::<Vec<_>>().join(", ")),
        );
    }
    let locks = locks_of_the_scenario(discipline, candidate, place);
    if !locks.is_empty() {
        let locks = locks
            .iter()
            .map(|name| format!("{}: \"semaphore\"", json!(name)));
        field(
            "locks",
            format!("{{ {} }}", locks.collect::<Vec<_>>().join(", ")),
        );
    }
    let tasks = alike(candidate);
    let written: Vec<String> = (tasks.iter().enumerate())
        .map(|(i, &(kind, count))| task(discipline, kind, i, count, tasks.len() == 1))
        .collect();
    let _ = write!(text, "  \"tasks\": [\n{}\n  ]", written.join(",\n"));
    if let Some(expect) = expect {
        let kinds: Vec<String> = expect
            .iter()
            .map(|kind| json!(kind.name()).to_string())
            .collect();
        let _ = write!(text, ",\n  \"expect\": [{}]", kinds.join(", "));
    }
    text + "\n}\n"
}

/// Kinds with how often they stand there.
fn alike(candidate: &Candidate) -> Vec<(&Kind, u32)> {
    let mut found: Vec<(&Kind, u32)> = Vec::new();
    for kind in &candidate.tasks {
        match found.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => found.push((kind, 1)),
        }
    }
    found
}

fn name(discipline: &Discipline<'_>) -> String {
    // A scenario's name has at most 200 characters.
    let model: String = discipline.program.model.chars().take(150).collect();
    if discipline.stated_order().is_empty() {
        format!("{model}-without-order-deadlocked")
    } else {
        format!("{model}-rule-kept-and-deadlocked")
    }
}

/// The locks that the order names and the model does not declare: a scenario on the model without
/// tasks does not know them.
fn locks_of_the_scenario(
    discipline: &Discipline<'_>,
    candidate: &Candidate,
    place: &Place,
) -> Vec<String> {
    let empty = json!({ "name": "empty", "model": place.model, "tasks": [] }).to_string();
    let Ok(bare) = load_str(&place.file, &empty, &Overrides::default()) else {
        return Vec::new();
    };
    let mut used: Vec<usize> = Vec::new();
    for kind in &candidate.tasks {
        let taken = kind.takes.iter().map(|taken| taken.held.asked);
        used.extend(taken.chain([kind.asks]).filter_map(|thing| match thing {
            Thing::Lock(lock) => Some(lock),
            Thing::Series(_) => None,
        }));
    }
    used.sort_unstable();
    used.dedup();
    let names = used
        .into_iter()
        .map(|lock| &discipline.program.resources[lock].name);
    names
        .filter(|name| !bare.resources.iter().any(|known| known.name == **name))
        .cloned()
        .collect()
}

fn task(discipline: &Discipline<'_>, kind: &Kind, i: usize, count: u32, alone: bool) -> String {
    let mut pages: Vec<String> = Vec::new();
    let (mut takes, mut gives): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    let mut step = |take: Value, give: Value| {
        takes.push(take);
        gives.push(give);
    };
    for (lock, units) in reserved(discipline, kind) {
        let name = &discipline.program.resources[lock].name;
        if units == 1 {
            step(json!({ "down": name }), json!({ "up": name }));
        } else {
            step(
                json!({ "down": name, "n": units }),
                json!({ "up": name, "n": units }),
            );
        }
    }
    let taken = kind.takes.iter().map(|taken| (taken.held, taken.left_over));
    for (held, left_over) in taken.chain([(Held::from(kind.asks), false)]) {
        match held.asked {
            Thing::Series(asked) => {
                let page = format!("page{}", pages.len() + 1);
                let lies = discipline.name(held.lies);
                pages.push(if left_over {
                    format!("{{ \"name\": \"{page}\", \"stale_in\": {} }}", json!(lies))
                } else {
                    format!("\"{page}\"")
                });
                let series = &discipline.program.series[asked].name;
                step(
                    json!({ "kmap": page, "series": series }),
                    json!({ "kunmap": page }),
                );
            }
            Thing::Lock(lock) => {
                let resource = &discipline.program.resources[lock];
                let name = &resource.name;
                match resource.kind {
                    ResourceKind::Spinlock => {
                        step(json!({ "spin_lock": name }), json!({ "spin_unlock": name }));
                    }
                    ResourceKind::Rwsem { .. } => {
                        step(json!({ "down_write": name }), json!({ "up_write": name }));
                    }
                    ResourceKind::Semaphore { units, .. } if units > 1 => step(
                        json!({ "down": name, "n": units }),
                        json!({ "up": name, "n": units }),
                    ),
                    _ => step(json!({ "down": name }), json!({ "up": name })),
                }
            }
        }
    }
    gives.reverse();
    let name = if alone {
        "task".to_owned()
    } else {
        format!("task{}", i + 1)
    };
    let many = if count > 1 {
        format!(" \"count\": {count},")
    } else {
        String::new()
    };
    let pages = match pages.as_slice() {
        [] => String::new(),
        pages => format!(" \"pages\": [{}],", pages.join(", ")),
    };
    let steps: Vec<String> = (takes.iter().chain(&gives))
        .map(|step| format!("        {}", spaced(step)))
        .collect();
    format!(
        "    {{ \"name\": \"{name}\",{many}{pages}\n      \"program\": [\n{} ] }}",
        steps.join(",\n")
    )
}

/// An operation, as these files write them.
fn spaced(step: &Value) -> String {
    let fields = step.as_object().into_iter().flatten();
    let fields: Vec<String> = fields
        .map(|(key, value)| format!("{}: {value}", json!(key)))
        .collect();
    format!("{{ {} }}", fields.join(", "))
}

/// The units that a task of that kind reserves, by lock, in the order of the rule. A task that
/// asks for a single slot and holds none reserves nothing.
#[must_use]
pub fn reserved(discipline: &Discipline<'_>, kind: &Kind) -> Vec<(usize, u32)> {
    if !kind.takes.iter().any(|taken| !taken.held.lies.is_lock()) {
        return Vec::new();
    }
    let asked = |series: SeriesId| {
        let taken = kind.takes.iter().map(|taken| taken.held.asked);
        taken
            .chain([kind.asks])
            .filter(|&thing| thing == Thing::Series(series))
            .count()
    };
    let mut units: Vec<(usize, u32)> = (0..discipline.program.series.len())
        .filter_map(|series| {
            let lock = discipline.reservation_of(series)?;
            let n = u32::try_from(asked(series)).ok()?;
            (n > 0).then_some((lock, n))
        })
        .collect();
    units.sort_by_key(|&(lock, _)| (discipline.rank(Thing::Lock(lock)), lock));
    units
}

/// What happens, in a sentence.
fn about(discipline: &Discipline<'_>, candidate: &Candidate) -> String {
    let parts: Vec<String> = (alike(candidate).into_iter())
        .map(|(kind, count)| {
            let mut held: BTreeMap<(Held, bool), u32> = BTreeMap::new();
            let mut order = Vec::new();
            for taken in &kind.takes {
                let n = held.entry((taken.held, taken.left_over)).or_insert(0);
                *n += 1;
                if *n == 1 {
                    order.push((taken.held, taken.left_over));
                }
            }
            let held: Vec<String> = (order.into_iter())
                .map(|what| holding(discipline, what, held[&what]))
                .collect();
            let asked = match kind.asks {
                Thing::Series(_) => format!("{} slot", article(discipline.name(kind.asks))),
                Thing::Lock(_) => discipline.name(kind.asks).to_owned(),
            };
            let who = match count {
                1 => "one task holds".to_owned(),
                n => format!("{n} tasks each hold"),
            };
            let asks = if count == 1 { "asks" } else { "ask" };
            format!("{who} {} and {asks} for {asked}", held.join(" and "))
        })
        .collect();
    let (model, parts) = (&discipline.program.model, parts.join("; "));
    if discipline.stated_order().is_empty() {
        format!("{model} states no order, so nothing is against this: {parts}")
    } else {
        format!("The rule of {model} is kept, and yet: {parts}")
    }
}

fn holding(discipline: &Discipline<'_>, (held, left_over): (Held, bool), n: u32) -> String {
    let [asked, lies] = [held.asked, held.lies].map(|thing| discipline.name(thing));
    if held.lies.is_lock() {
        return lies.to_owned();
    }
    let slots = match n {
        1 => format!("{} slot", article(lies)),
        n => format!("{n} {lies} slots"),
    };
    match (held.asked == held.lies, left_over) {
        (false, _) => {
            format!("{slots}, asked for as {asked} and found as a leftover of an earlier use,")
        }
        (true, true) => format!("{slots}, found as a leftover of an earlier use,"),
        (true, false) => slots,
    }
}
