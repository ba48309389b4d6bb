//! The core of a deadlock in plain sentences.

use std::collections::HashMap;

use super::fold::{end_likeness, label};
use kmapcheck_report::Who;
use kmapcheck_report::words::{list, number, ranges};
use kmapcheck_report::{Contested, Finding, StartMapping, TaskAtEnd};

/// Who waits for what, since when they hold what others wait for, and who holds what is waited
/// for: a line each.
pub(super) fn core(finding: &Finding) -> Vec<String> {
    let mut groups: Vec<Vec<&TaskAtEnd>> = Vec::new();
    let mut known = HashMap::new();
    let in_core: std::collections::HashSet<&str> =
        finding.core.iter().map(String::as_str).collect();
    for task in finding
        .tasks
        .iter()
        .filter(|task| in_core.contains(task.task.as_str()))
    {
        let group = *known
            .entry((task.who.template, end_likeness(task)))
            .or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
        groups[group].push(task);
    }
    let mut lines: Vec<String> = Vec::new();
    for group in &groups {
        tell_group(group, &mut lines);
    }
    lines.extend(finding.contested.iter().map(contested));
    lines
}

fn tell_group(group: &[&TaskAtEnd], lines: &mut Vec<String>) {
    let Some(first) = group.first() else { return };
    let names: Vec<(Who, &str)> = group
        .iter()
        .map(|task| (task.who, task.task.as_str()))
        .collect();
    let many = group.len() > 1;
    let next = first.next.as_deref().unwrap_or("?");
    let at = first
        .at
        .as_ref()
        .map_or_else(String::new, |at| format!(", {at}"));
    let source = first.source.as_deref().unwrap_or("?");
    let verb = if many { "each wait" } else { "waits" };
    lines.push(format!(
        "{}{} {verb} for {} in {next} ({source}{at})",
        label(&names),
        if group.len() > 2 {
            format!(" ({} tasks)", number(group.len() as u64))
        } else {
            String::new()
        },
        list(&first.waits_for),
    ));
    if first.holds.is_empty() {
        lines.push(if many {
            "  and hold nothing".to_owned()
        } else {
            "  and holds nothing".to_owned()
        });
    }
    for (i, holding) in first.holds.iter().enumerate() {
        let mut steps: Vec<usize> = group
            .iter()
            .filter_map(|task| task.holds.get(i))
            .map(|holding| holding.since_step)
            .collect();
        steps.sort_unstable();
        let since = if steps.len() > 1 { "steps" } else { "step" };
        let each = if many { "each hold" } else { "holds" };
        lines.push(format!(
            "  and {each} {} since {since} {} ({})",
            holding.what,
            ranges(&steps),
            holding.source
        ));
    }
}

fn contested(contested: &Contested) -> String {
    let named = |who: &[Who], names: &[String]| -> String {
        let tasks: Vec<(Who, &str)> = (who.iter().copied())
            .zip(names.iter().map(String::as_str))
            .collect();
        label(&tasks)
    };
    let holders = named(&contested.holders, &contested.held_by);
    let given = match contested.could_be_given_by.as_slice() {
        [] => String::new(),
        names => format!(
            "only {} could {}",
            named(&contested.givers, names),
            contested.giving
        ),
    };
    let by = match (contested.holders.is_empty(), given.is_empty()) {
        (true, true) if !contested.is_deadlocked => String::new(),
        (true, true) => format!(", and nobody is left who could {}", contested.giving),
        (true, false) => format!(", and {given}"),
        (false, true) => format!(", held by {holders}"),
        (false, false) => format!(", held by {holders}; {given}"),
    };
    let lost = match contested.lost_by.as_slice() {
        [] => String::new(),
        names => {
            let have = if names.len() == 1 { "has" } else { "have" };
            format!("; {} {have} ended with it", named(&contested.losers, names))
        }
    };
    format!("{}: {}{by}{lost}", contested.resource, contested.state)
}

/// From which step on the core is lost.
pub(super) fn point_of_no_return(finding: &Finding) -> Option<String> {
    let step = finding.point_of_no_return?;
    let them = if finding.core.len() == 1 {
        "it"
    } else {
        "them"
    };
    Some(if step == 0 {
        format!("Nothing can save {them}, from the very start on.")
    } else {
        format!(
            "After step {} nothing can save {them}.",
            number(step as u64)
        )
    })
}

/// Which pages are mapped from an earlier use, where the scenario leaves that open.
pub(super) fn start(start: &[StartMapping]) -> String {
    let mut groups: Vec<Vec<&StartMapping>> = Vec::new();
    let alike = |a: &StartMapping, b: &StartMapping| {
        let template = |mapping: &StartMapping| mapping.who.map(|who| who.template);
        a.page == b.page && a.stale_in == b.stale_in && template(a) == template(b)
    };
    for mapping in start {
        match groups.iter_mut().find(|group| alike(group[0], mapping)) {
            Some(group) => group.push(mapping),
            None => groups.push(vec![mapping]),
        }
    }
    let tell = |group: &Vec<&StartMapping>| {
        let (page, stale_in) = (&group[0].page, &group[0].stale_in);
        let tasks: Vec<(Who, &str)> = group
            .iter()
            .filter_map(|mapping| Some((mapping.who?, mapping.task.as_deref()?)))
            .collect();
        let of = if tasks.is_empty() {
            String::new()
        } else {
            format!(" of {}", label(&tasks))
        };
        match (stale_in.is_empty(), group.len()) {
            (true, 1) => format!("{page}{of} is unmapped"),
            (true, _) => format!("{page}{of} are unmapped"),
            (false, 1) => format!("{page}{of} still has a mapping in {}", list(stale_in)),
            (false, _) => format!("{page}{of} still have a mapping in {}", list(stale_in)),
        }
    };
    let said: Vec<String> = groups.iter().map(tell).collect();
    format!("At the start {}.", said.join("; "))
}
