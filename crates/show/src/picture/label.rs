//! The words on a picture of the wait-for graph.

use kmapcheck_report::{Node, NodeKind};
use kmapcheck_stuck::graph::{Link, Need};
use kmapcheck_stuck::holdings::How;

/// What an edge says: which holders would have to give, or how much is held and how, of something of
/// which one is called `one` if it is a series.
#[must_use]
pub fn link(link: &Link, one: &str) -> String {
    let word = |how| match word(how) {
        "pinned by" if one != "slot" => "held by",
        "pinned (shared) by" if one != "slot" => "held (shared) by",
        word => word,
    };
    match *link {
        Link::WaitsFor {
            need: Need::Any, ..
        } => "waits for".to_owned(),
        Link::WaitsFor {
            need: Need::All, ..
        } => "waits for all of".to_owned(),
        Link::WaitsFor {
            need: Need::Units(n),
            ..
        } => format!("waits for {n} of"),
        Link::HeldBy { count: 1, how } => word(how).to_owned(),
        Link::HeldBy { count, how } => format!("{} {count}", word(how)),
        Link::GivenBy { .. } => "could be given by".to_owned(),
    }
}

/// What an edge says that leads to a task which has ended with so much of it.
#[must_use]
pub fn lost(count: u32) -> String {
    match count {
        1 => "lost by".to_owned(),
        count => format!("lost {count} by"),
    }
}

/// A node in a picture, line by line: its name, and how much of it there is.
#[must_use]
pub fn node(node: &Node) -> Vec<String> {
    let name = node.label.clone();
    let unit = match node.kind {
        NodeKind::Task => {
            let number = (node.count > 1).then(|| format!("{} tasks", node.count));
            let gives_up = node.gives_up.then(|| "can give up".to_owned());
            return [name].into_iter().chain(number).chain(gives_up).collect();
        }
        NodeKind::Series => node.one,
        NodeKind::Semaphore => "unit",
        NodeKind::Mempool => "element",
        NodeKind::Cpus => "CPU",
        _ => return vec![name],
    };
    let capacity = node.capacity.map(|capacity| {
        let plural = if capacity == 1 { "" } else { "s" };
        format!("{capacity} {unit}{plural}")
    });
    let leaked = (node.leaked > 0).then(|| format!("{} leaked", node.leaked));
    let amount: Vec<String> = capacity.into_iter().chain(leaked).collect();
    match amount.is_empty() {
        true => vec![name],
        false => vec![name, amount.join(", ")],
    }
}

fn word(how: How) -> &'static str {
    match how {
        How::Pins => "pinned by",
        How::SharesPins => "pinned (shared) by",
        How::Locks | How::Took => "held by",
        How::Reads => "read by",
        How::Writes => "written by",
        How::Queues => "queued for by",
        How::Occupies => "occupied by",
    }
}
