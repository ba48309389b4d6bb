//! What is wrong with a misuse, and which step before it is the cause.
//!
//! A release is misuse because what it releases is not held by the task, or not in that way. Why it
//! is not is in the steps before: it was released already, the try for it failed, it was never
//! taken, it was taken in another way, or its name has come to stand for another page. The latest
//! step of the task that was about the same thing says which.

use kmapcheck_machine::{Map, Mode, Name, PageId};
use kmapcheck_scenario::{NodeId, Op, Ref, ResourceKind};

use crate::describe;
use crate::ledger::{CameTo, Entry, Past, Thing, known_page};
use crate::summary::Moment;
use crate::words::{count, plural};

/// Why the call is misuse, to be said after `but`.
pub(crate) fn why(moment: &Moment<'_>) -> String {
    let Some(op) = moment.op() else {
        return "it may not".to_owned();
    };
    let name = op.page();
    if name.is_some_and(|name| moment.ledger.resolve(moment.task, name) == Name::Unbound) {
        let name = moment.page_name();
        return format!("no page was ever allocated into {name} on this path");
    }
    match (op, name) {
        (Op::UnlockPage { .. }, Some(name)) => page_lock(moment, name),
        (_, Some(name)) => map(moment, op, name),
        (Op::SpinUnlock { lock }, _) => lock_of(moment, lock, Mode::Spin),
        (Op::UpRead { lock }, _) => lock_of(moment, lock, Mode::Read),
        (Op::UpWrite { lock }, _) => lock_of(moment, lock, Mode::Write),
        (Op::Up { pool, n }, _) => units(moment, pool, n),
        _ => "it may not".to_owned(),
    }
}

/// An unmap of a page.
fn map(moment: &Moment<'_>, op: Op, name: Ref) -> String {
    let page = known_page(moment.ledger.resolve(moment.task, name));
    let called = moment.page_name();
    let maps: Vec<(&Entry, Map)> = (moment.ledger.of(moment.task))
        .filter_map(|entry| match entry.thing {
            Thing::Map(map) => Some((entry, map)),
            _ => None,
        })
        .collect();
    let is_local = |map: Map| matches!(map, Map::Local { .. });
    let mine = || {
        maps.iter()
            .rev()
            .filter(|(_, map)| Some(map.page()) == page)
    };
    let meant = match op {
        Op::KunmapLocal { .. } => mine().find(|&&(_, map)| is_local(map)),
        _ => None,
    };
    if let Some(&(entry, map)) = meant.or_else(|| mine().next()) {
        let undoes_local = matches!(op, Op::KunmapLocal { .. } | Op::KunmapAny { .. });
        let last_local = maps.iter().rfind(|&&(_, map)| is_local(map));
        return match last_local {
            Some((last, _)) if is_local(map) && undoes_local => format!(
                "{}, mapped with kmap_local at step {}, has to be unmapped before it",
                last.name, last.step
            ),
            _ => {
                let (how, undo) = ways(map);
                let at = moment.at(entry.step, entry.location);
                format!("{called} was mapped with {how} {at}, which {undo} undoes")
            }
        };
    }
    // The name may have come to stand for another page.
    let renamed = (moment.ledger.past(moment.task)).find(
        |past| matches!(past.op, Op::AllocPage { var } | Op::TryAllocPage { var } if var == name),
    );
    let former = maps.iter().rfind(|(entry, _)| entry.name == called);
    if let (Some(renamed), Some((entry, _))) = (renamed, former) {
        return format!(
            "{called} stands for another page since step {}: the page that it mapped at step {} \
             had that name before",
            renamed.step, entry.step
        );
    }
    let about = |past: &&Past| is_map(past.op) && is_about(past, page, name);
    let others = |entry: &Entry| matches!(entry.thing, Thing::Map(map) if Some(map.page()) == page);
    // Whoever writes `release` does not think of maps.
    let (mapped, unmapped) = match moment.is_renamed() {
        true => ("took", "given back"),
        false => ("mapped", "unmapped"),
    };
    match moment.ledger.past(moment.task).find(about) {
        Some(past) => ended(moment, past, called, unmapped),
        None => format!(
            "it never {mapped} {called}{}",
            somebody_else(moment, mapped, others)
        ),
    }
}

/// The operation that makes such a map, and the one that undoes it.
fn ways(map: Map) -> (&'static str, &'static str) {
    match map {
        Map::Pin { .. } | Map::Low { .. } => ("kmap", "kunmap"),
        Map::Atomic { .. } => ("kmap_atomic", "kunmap_atomic"),
        Map::Local { .. } => ("kmap_local", "kunmap_local"),
    }
}

fn is_map(op: Op) -> bool {
    matches!(
        op,
        Op::Kmap { .. }
            | Op::TryKmap { .. }
            | Op::KmapAtomic { .. }
            | Op::KmapLocal { .. }
            | Op::Kunmap { .. }
            | Op::KunmapAny { .. }
            | Op::KunmapAtomic { .. }
            | Op::KunmapLocal { .. }
    )
}

/// Whether an operation was about that page: by itself, or by name where nobody knows the page any
/// more. One that was skipped because it released nothing changed nothing.
fn is_about(past: &Past, page: Option<PageId>, name: Ref) -> bool {
    let same = match (past.page, page) {
        (Some(then), Some(now)) => then == now,
        _ => past.op.page() == Some(name),
    };
    same && changed_something(past)
}

fn changed_something(past: &Past) -> bool {
    let gives = matches!(
        past.op,
        Op::Kunmap { .. }
            | Op::KunmapAny { .. }
            | Op::KunmapAtomic { .. }
            | Op::KunmapLocal { .. }
            | Op::UnlockPage { .. }
            | Op::SpinUnlock { .. }
            | Op::UpRead { .. }
            | Op::UpWrite { .. }
            | Op::Up { .. }
    );
    !(gives && matches!(past.came_to, CameTo::Skipped(_)))
}

/// Why what the task did last about a thing leaves it with nothing.
fn ended(moment: &Moment<'_>, past: &Past, what: &str, undone: &str) -> String {
    let call = call(moment, past.node);
    match past.came_to {
        CameTo::Done { .. } => {
            let at = moment.at_node(past.step, past.node);
            format!("{what} was {undone} {at}")
        }
        CameTo::Failed => format!("{call} at step {} failed", past.step),
        CameTo::Skipped(kind) => {
            let step = past.step;
            format!("{call} at step {step} was skipped ({})", kind.name())
        }
    }
}

/// What an operation of the task is called.
fn call<'a>(moment: &'a Moment<'_>, node: NodeId) -> &'a str {
    let template = &moment.program.templates[moment.ledger.before(moment.task).template];
    moment.program.origins[template.nodes[node].origin].text()
}

/// `; b did, at step 1`: another task that holds it.
fn somebody_else(moment: &Moment<'_>, did: &str, holds: impl Fn(&Entry) -> bool) -> String {
    let others = (0..moment.ledger.tasks()).filter(|&task| task != moment.task);
    others
        .filter_map(|task| Some((task, moment.ledger.of(task).find(|entry| holds(entry))?)))
        .map(|(task, entry)| {
            let who = moment.names.name(task);
            format!("; {who} {did} it at step {}", entry.step)
        })
        .next()
        .unwrap_or_default()
}

/// The unlock of a page.
fn page_lock(moment: &Moment<'_>, name: Ref) -> String {
    let page = known_page(moment.ledger.resolve(moment.task, name));
    let called = format!("page {}", moment.page_name());
    let about = |past: &&Past| {
        let locks = matches!(
            past.op,
            Op::LockPage { .. } | Op::TrylockPage { .. } | Op::UnlockPage { .. }
        );
        locks && is_about(past, page, name)
    };
    let others =
        |entry: &Entry| matches!(entry.thing, Thing::PageLock(locked) if Some(locked) == page);
    match moment.ledger.past(moment.task).find(about) {
        Some(past) => ended(moment, past, &called, "unlocked"),
        None => {
            let others = somebody_else(moment, "locked", others);
            format!("it never locked {called}{others}")
        }
    }
}

/// The release of a spinlock or rwsem.
fn lock_of(moment: &Moment<'_>, lock: Ref, mode: Mode) -> String {
    let template = moment.ledger.before(moment.task).template;
    let called = describe::resource(moment.program, template, lock);
    let held = |entry: &Entry| match entry.thing {
        Thing::Held(held) if held.what == lock => Some(held.mode),
        _ => None,
    };
    let otherwise = (moment.ledger.of(moment.task)).find_map(|entry| Some((entry, held(entry)?)));
    if let Some((entry, other)) = otherwise {
        let (how, undo) = match other {
            Mode::Read => ("to read", "up_read"),
            _ => ("to write", "up_write"),
        };
        let step = entry.step;
        return format!("it took {called} {how} at step {step}, which {undo} gives back");
    }
    let undone = match mode {
        Mode::Spin => "unlocked",
        _ => "given back",
    };
    not_taken(moment, lock, &called, undone)
}

/// What became of a lock or pool of which the task holds nothing.
fn not_taken(moment: &Moment<'_>, what: Ref, called: &str, undone: &str) -> String {
    let about = |past: &&Past| past.op.resource() == Some(what) && changed_something(past);
    match moment.ledger.past(moment.task).find(about) {
        Some(past) => ended(moment, past, called, undone),
        None => {
            let shared = matches!(what, Ref::Shared(_));
            let holds =
                |entry: &Entry| matches!(entry.thing, Thing::Held(held) if held.what == what);
            let others = match shared {
                true => somebody_else(moment, "took", holds),
                false => String::new(),
            };
            format!("it never took {called}{others}")
        }
    }
}

/// Units or elements that are given back.
fn units(moment: &Moment<'_>, pool: Ref, n: u32) -> String {
    let template = moment.ledger.before(moment.task).template;
    let called = describe::resource(moment.program, template, pool);
    let (all, owned, unit) = match moment.program.resource(template, pool).kind {
        ResourceKind::Semaphore { units, owned, .. } => (units, owned, "unit"),
        ResourceKind::Mempool { units, owned, .. } => (units, owned, "element"),
        _ => return "it may not".to_owned(),
    };
    if owned {
        let held = (moment.ledger.of(moment.task)).find_map(|entry| match entry.thing {
            Thing::Held(held) if held.what == pool => Some((entry, held.n)),
            _ => None,
        });
        return match held {
            Some((entry, has)) => {
                let has = count(u64::from(has), unit);
                let asked = count(u64::from(n), unit);
                let since = entry.step;
                format!("it holds only {has} of {called}, since step {since}, not {asked}")
            }
            None => not_taken(moment, pool, &called, "given back"),
        };
    }
    // Units without an owner: anybody's, if the pool is not the task's own.
    let tasks = match pool {
        Ref::Shared(_) => 0..moment.ledger.tasks(),
        Ref::Own(_) => moment.task..moment.task + 1,
    };
    let latest = tasks
        .flat_map(|task| moment.ledger.past(task).map(move |past| (task, past)))
        .filter(|(_, past)| past.op.resource() == Some(pool))
        .filter_map(|(task, past)| match past.came_to {
            CameTo::Done { free: Some(free) } => Some((task, past, free)),
            _ => None,
        })
        .max_by_key(|(_, past, _)| past.step);
    match latest {
        None => format!("nobody took any {unit} of {called} before"),
        Some((task, past, free)) if free == all => {
            let who = match task == moment.task {
                true => "it".to_owned(),
                false => moment.names.name(task),
            };
            let step = past.step;
            match all {
                1 => format!("{called} was given back at step {step} by {who}"),
                _ => format!(
                    "all {all} {} of {called} are there: {who} gave the last back at step {step}",
                    plural(u64::from(all), unit)
                ),
            }
        }
        Some((_, past, free)) => format!(
            "only {} of {called} {} out since step {}",
            count(u64::from(all - free), unit),
            if all - free == 1 { "is" } else { "are" },
            past.step
        ),
    }
}
