//! A program as the engines run it: operations expanded, jumps resolved.
//!
//! The answer to "what does `pte_alloc` really do here?".

use std::fmt::Write;

use comfy_table::{Cell, CellAlignment, Table, presets};
use kmapcheck_scenario::{
    Bound, Location, Node, Op, PageDecl, Patience, Program, Resource, ResourceKind, Reuse, Series,
    StaleIn, Target, Template,
};

use kmapcheck_report::words::{count, list};
use kmapcheck_report::{order, slots};

/// The listing, ending in a line feed.
#[must_use]
pub fn render(program: &Program) -> String {
    let file = program.files.first().map_or("?", String::as_str);
    let mut out = format!("{} ({file})\n", program.title());
    for said in [&program.about, &program.source, &program.note]
        .into_iter()
        .flatten()
    {
        let _ = writeln!(out, "{said}");
    }
    out.push('\n');
    for series in program.series.iter().filter(|series| !series.of_units) {
        let _ = writeln!(out, "series {}", series_line(series));
    }
    let order = order(program);
    if !order.is_empty() {
        let _ = writeln!(out, "order {order}");
    }
    for resource in &program.resources {
        let _ = writeln!(out, "{}", resource_line(program, resource));
    }
    for page in &program.pages {
        let _ = writeln!(out, "page {}", page_line(program, page));
    }
    if let Some(free) = program.free_pages {
        let _ = writeln!(out, "freelist with {}", count(u64::from(free), "page"));
    }
    if let Some(cpus) = program.cpus {
        let how = if cpus.preemptible {
            "preemptible"
        } else {
            "not preemptible"
        };
        let _ = writeln!(out, "{}, {how}", count(u64::from(cpus.count), "CPU"));
    }
    if let Some(expect) = &program.expect {
        let _ = writeln!(out, "expected: {}", crate::text::expected_kinds(expect));
    }
    for assumption in &program.assumed {
        let _ = writeln!(out, "{}", crate::text::assumption(assumption));
    }
    for block in program.unused_blocks() {
        let place = place(program, block.location);
        let _ = writeln!(out, "block {} ({place}), which no task runs", block.name);
    }
    for template in &program.templates {
        out.push('\n');
        task(&mut out, program, template);
    }
    out
}

fn task(out: &mut String, program: &Program, template: &Template) {
    let instances = number_of(template.count, "instance");
    let _ = writeln!(out, "task {}, {instances}", template.name);
    let (declared, bound): (Vec<_>, Vec<_>) =
        template.vars.iter().partition(|var| var.page.is_some());
    let declared: Vec<String> = declared
        .iter()
        .filter_map(|var| var.page.as_ref())
        .map(|page| page_line(program, page))
        .collect();
    if !declared.is_empty() {
        let _ = writeln!(out, "  pages of its own: {}", declared.join(", "));
    }
    if !bound.is_empty() {
        let names: Vec<&str> = bound.iter().map(|var| var.name.as_str()).collect();
        let _ = writeln!(out, "  pages it allocates: {}", names.join(", "));
    }
    for resource in &template.resources {
        let _ = writeln!(out, "  its own {}", resource_line(program, resource));
    }
    let Some(entry) = template.entry.node else {
        let _ = writeln!(out, "  does nothing");
        return;
    };
    if entry != 0 {
        let _ = writeln!(out, "  starts at {}", entry + 1);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for (i, node) in template.nodes.iter().enumerate() {
        let origin = &program.origins[node.origin];
        let block = (program.block_of(origin)).map(|block| format!("block {block}"));
        let outer = origin.chain.split_last().map(|(_, outer)| outer);
        let outer = outer.into_iter().flatten().map(|frame| frame.text.clone());
        let chain: Vec<String> = block.into_iter().chain(outer).collect();
        let mut about: Vec<&str> = origin.at().into_iter().collect();
        about.extend(origin.note());
        table.add_row(vec![
            Cell::new(i + 1).set_alignment(CellAlignment::Right),
            Cell::new(origin.text()),
            Cell::new(ways(node, i)),
            Cell::new(chain.join(" > ")),
            Cell::new(place(program, origin.location())),
            Cell::new(about.join("; ")),
        ]);
    }
    for line in table.lines() {
        let _ = writeln!(out, " {}", line.trim_end());
    }
}

/// Line and column in the scenario, with the file if it is another.
fn place(program: &Program, location: Location) -> String {
    if location.file == 0 {
        format!("{}:{}", location.line, location.column)
    } else {
        program.show_location(location)
    }
}

/// Where control goes, unless simply to the next step; `i` is the node's number from 0.
#[must_use]
pub fn ways(node: &Node, i: usize) -> String {
    let place = |target: &Target| {
        let place = target
            .node
            .map_or_else(|| "the end".to_owned(), |node| (node + 1).to_string());
        if target.round {
            format!("{place} (next round)")
        } else {
            place
        }
    };
    match node.next.as_slice() {
        [target] if target.node == Some(i + 1) && !target.round => String::new(),
        [target] if target.node.is_none() => "then ends".to_owned(),
        [target] => format!("then to {}", place(target)),
        [success, failure] if node.op.is_try() => {
            format!(
                "success: to {}, failure: to {}",
                place(success),
                place(failure)
            )
        }
        [success, failure] if node.op != Op::Select && node.patience == Patience::GivesUp => {
            format!(
                "then to {}, given up: to {}",
                place(success),
                place(failure)
            )
        }
        branches if node.op == Op::Choose => {
            let places: Vec<String> = branches.iter().map(place).collect();
            format!("to one of {}", list(&places))
        }
        all if node.op == Op::Select => {
            let (firsts, given_up) = all.split_at(node.arms().count());
            let places: Vec<String> = firsts.iter().map(place).collect();
            let given_up = given_up
                .iter()
                .map(|target| format!(", given up: to {}", place(target)));
            let ways = format!("whichever of {} can go on", list(&places));
            [ways].into_iter().chain(given_up).collect()
        }
        _ => String::new(),
    }
}

fn number_of(bound: Bound, what: &str) -> String {
    match bound {
        Bound::Exactly(n) => count(u64::from(n), what),
        Bound::Any => format!("any number of {what}s"),
    }
}

fn series_line(series: &Series) -> String {
    let slots = slots::number_of(series);
    let reuse = match series.reuse {
        // Nobody would think of it.
        _ if series.is_pool => "",
        Reuse::Any => ", reuses a mapping in any series",
        Reuse::Own => ", reuses a mapping in the same series",
        Reuse::None => ", reuses no mapping",
    };
    let kept = match series.for_holders {
        0 => String::new(),
        n => format!(", the last {n} kept for holders"),
    };
    format!("{}: {slots}{reuse}{kept}", series.name)
}

fn resource_line(program: &Program, resource: &Resource) -> String {
    let name = &resource.name;
    let unowned = |owned: bool, available: Option<u32>| match available {
        _ if owned => String::new(),
        None => ", without owner".to_owned(),
        Some(n) => format!(", without owner, {n} at the start"),
    };
    match resource.kind {
        ResourceKind::Spinlock => format!("spinlock {name}"),
        ResourceKind::Rwsem { fair: true } => format!("rwsem {name}, fair"),
        ResourceKind::Rwsem { fair: false } => format!("rwsem {name}"),
        ResourceKind::Semaphore {
            units,
            owned,
            available,
            fair,
        } => {
            let follows = match resource.follows.map(|series| &program.series[series]) {
                None => count(u64::from(units), "unit"),
                Some(series) if series.of_units => slots::number_of(series),
                Some(series) => {
                    let as_many = format!("{} has {}s", series.name, series.one());
                    match series.slots {
                        Bound::Any => format!("as many units as {as_many}"),
                        Bound::Exactly(_) => {
                            format!("{}, as many as {as_many}", count(u64::from(units), "unit"))
                        }
                    }
                }
            };
            let fair = if fair {
                ", first come, first served"
            } else {
                ""
            };
            format!(
                "semaphore {name}, {follows}{}{fair}",
                unowned(owned, available)
            )
        }
        ResourceKind::Mempool {
            units,
            owned,
            available,
        } => {
            format!(
                "mempool {name}, {}{}",
                match resource.follows {
                    Some(series) => number_of(program.series[series].slots, "element"),
                    None => count(u64::from(units), "element"),
                },
                unowned(owned, available)
            )
        }
        ResourceKind::Completion => format!("completion {name}"),
    }
}

fn page_line(program: &Program, page: &PageDecl) -> String {
    let mut said = page.name.clone();
    if !page.highmem {
        said.push_str(" (low memory)");
    }
    match &page.stale_in {
        StaleIn::Exactly(series) if series.is_empty() => {}
        StaleIn::Exactly(series) => {
            let names: Vec<&str> = series
                .iter()
                .map(|&id| program.series[id].name.as_str())
                .collect();
            said.push_str(&format!(" (still mapped in {})", list(&names)));
        }
        StaleIn::Any => said.push_str(" (perhaps still mapped somewhere)"),
    }
    said
}
