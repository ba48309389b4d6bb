//! What comments say.

use kmapcheck_machine::Mode;
use kmapcheck_scenario::{NodeId, Origin, Program, Ref, TemplateId};

use crate::local::{Class, Kind, Local, Name};

/// The label of the `n`th control state of a node: 2, 2b, ..., 2z, 2ba, ...
pub(super) fn label(node: NodeId, n: usize) -> String {
    let mut suffix = String::new();
    let mut rest = n - 1;
    while rest > 0 {
        let letter = (b'a'..=b'z').nth(rest % 26).expect("there are 26 letters");
        suffix.insert(0, char::from(letter));
        rest /= 26;
    }
    format!("{}{suffix}", node + 1)
}

/// The operation, and where the scenario has it.
pub(super) fn about(program: &Program, origin: &Origin) -> String {
    let location = origin.location();
    let place = if location.file == 0 {
        format!("{}:{}", location.line, location.column)
    } else {
        program.show_location(location)
    };
    format!("{}  {place}", origin.text())
}

/// What is held, in the order taken.
pub(super) fn holds(program: &Program, template: TemplateId, local: &Local) -> String {
    let page = |class: Class| -> String {
        let name = (local.names.iter()).position(
            |name| matches!(*name, Name::Page(c) | Name::Dangling(Some(c)) if c == class),
        );
        match name {
            Some(v) => program.page_name(template, Ref::Own(v)).to_owned(),
            None if class < program.pages.len() => program.pages[class].name.clone(),
            None => "a page".to_owned(),
        }
    };
    let maps = local.maps.iter().map(|map| match map.kind {
        Kind::Pin { asked, lies } if asked == lies => {
            format!("{} in {}", page(map.page), program.series[lies].name)
        }
        Kind::Pin { asked, lies } => format!(
            "{} in {}, asked for in {}",
            page(map.page),
            program.series[lies].name,
            program.series[asked].name
        ),
        Kind::Low => format!("{} in low memory", page(map.page)),
        Kind::Atomic(Some(kind)) => {
            format!("{} in {}", page(map.page), program.atomic_types[kind])
        }
        Kind::Atomic(None) => format!("{} atomically", page(map.page)),
        Kind::Local => format!("{} locally", page(map.page)),
    });
    let held = local.held.iter().map(|held| {
        let name = &program.resource(template, held.what).name;
        let how = match held.mode {
            Mode::Read => " for reading",
            Mode::Write => " for writing",
            Mode::Spin | Mode::Units => "",
        };
        if held.n == 1 {
            format!("{name}{how}")
        } else {
            format!("{name}{how} x{}", held.n)
        }
    });
    let locks = local
        .locks
        .iter()
        .map(|&class| format!("the lock of {}", page(class)));
    let mut all: Vec<String> = maps.chain(held).chain(locks).collect();
    if local.queued {
        all.push("a place in the queue".to_owned());
    }
    all.join(", ")
}
