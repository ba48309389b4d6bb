//! Operations and things, as people read them.

use kmapcheck_local::Acquired;
use kmapcheck_machine::{Map, Mode};
use kmapcheck_report::slots::a_slot;
use kmapcheck_report::{resource, units};
use kmapcheck_scenario::{NodeId, Op, Program, TemplateId};
use serde::Serialize;

/// Where a task program has an operation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The primitive, such as `kmap(table, PAGETABLE)`.
    pub operation: String,
    /// The operation as the scenario has it, if that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// Where the scenario has it: `file:line:column`.
    pub location: String,
    /// Where the model has the primitive, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_location: Option<String>,
    /// Where in the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// A remark of the author.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Place {
    /// The place of an operation.
    #[must_use]
    pub fn of(program: &Program, template: TemplateId, node: NodeId) -> Place {
        let origin = &program.origins[program.templates[template].nodes[node].origin];
        let (written, operation) = (origin.written(), origin.text());
        let primitive = origin.chain.last().map(|frame| frame.location);
        Place {
            operation: operation.to_owned(),
            written: (written != operation).then(|| written.to_owned()),
            location: program.show_location(origin.location()),
            model_location: primitive
                .filter(|&at| at != origin.location())
                .map(|at| program.show_location(at)),
            at: origin.at().map(str::to_owned),
            note: origin.note().map(str::to_owned),
        }
    }

    /// `file:line:column, read_fault(data, user_pte), mm/filemap.c file_read_actor`
    #[must_use]
    pub(crate) fn whereabouts(&self) -> String {
        let mut said = self.location.clone();
        for more in [&self.written, &self.at].into_iter().flatten() {
            said.push_str(", ");
            said.push_str(more);
        }
        said
    }
}

/// Something held, in words: `a DEFAULT slot, asked for as PAGETABLE`.
#[must_use]
pub fn held(program: &Program, template: TemplateId, what: Acquired) -> String {
    match what {
        Acquired::Map(Map::Pin { asked, lies, .. }) if asked == lies => {
            a_slot(&program.series[lies])
        }
        Acquired::Map(Map::Pin { asked, lies, .. }) => {
            let (lies, asked) = (a_slot(&program.series[lies]), &program.series[asked].name);
            format!("{lies}, asked for as {asked}")
        }
        Acquired::Map(Map::Low { .. }) => "a kmap of low memory".to_owned(),
        Acquired::Map(Map::Atomic {
            kind: Some(kind), ..
        }) => format!("the atomic map {}", program.atomic_types[kind]),
        Acquired::Map(Map::Atomic { kind: None, .. }) => "an atomic map of low memory".to_owned(),
        Acquired::Map(Map::Local { .. }) => "a local map".to_owned(),
        Acquired::Page(_) => "a page lock".to_owned(),
        Acquired::Lock(held) => match held.mode {
            Mode::Spin => resource(program, template, held.what),
            Mode::Read => format!("{}, to read", resource(program, template, held.what)),
            Mode::Write => format!("{}, to write", resource(program, template, held.what)),
            Mode::Units => units(program, template, held.what, held.n),
        },
    }
}

/// The name under which the order has what is held, and its place there, if it has one.
#[must_use]
pub(crate) fn rank_of_held(
    program: &Program,
    template: TemplateId,
    what: Acquired,
) -> Option<(&str, usize)> {
    match what {
        Acquired::Map(Map::Pin { asked, .. }) => {
            let series = &program.series[asked];
            series.rank.map(|rank| (series.name.as_str(), rank))
        }
        Acquired::Lock(held) => {
            let lock = program.resource(template, held.what);
            lock.rank.map(|rank| (lock.name.as_str(), rank))
        }
        _ => None,
    }
}

/// What an operation that can have to wait asks for, in words; `None`: the order has no say in it.
#[must_use]
pub fn asked(program: &Program, template: TemplateId, op: Op) -> Option<(String, &str, usize)> {
    let lock = |lock| {
        let resource = program.resource(template, lock);
        resource.rank.map(|rank| (resource.name.as_str(), rank))
    };
    let (said, ranked) = match op {
        Op::Kmap { series, .. } => {
            let series = &program.series[series];
            let said = a_slot(series);
            (said, series.rank.map(|rank| (series.name.as_str(), rank)))
        }
        Op::SpinLock { lock: what } => (resource(program, template, what), lock(what)),
        Op::DownRead { lock: what } => {
            let said = format!("{}, to read", resource(program, template, what));
            (said, lock(what))
        }
        Op::DownWrite { lock: what } => {
            let said = format!("{}, to write", resource(program, template, what));
            (said, lock(what))
        }
        Op::Down { pool, n } => (units(program, template, pool, n), lock(pool)),
        _ => return None,
    };
    ranked.map(|(name, rank)| (said, name, rank))
}

/// `1st`, `2nd`, `11th`: a place, from 0 on.
#[must_use]
pub(crate) fn ordinal(place: usize) -> String {
    let n = place + 1;
    let ending = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

#[cfg(test)]
mod tests {
    use super::ordinal;

    #[test]
    fn ordinals_read_well() {
        let said: Vec<String> = [0, 1, 2, 3, 10, 11, 12, 20, 110].map(ordinal).into();
        let expected = [
            "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "111th",
        ];
        assert_eq!(said, expected);
    }
}
