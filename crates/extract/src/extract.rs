//! From files to a scenario.

use std::collections::BTreeSet;

use kmapcheck_limits::{Limits, Watch, ask};

use crate::asked;
use crate::assumed::{Assumed, Assumptions};
use crate::map::Mapping;
use crate::options::Options;
use crate::read::conditional::{Conditioner, Defined};
use crate::read::names::{Name, Names};
use crate::read::slice::Slice;
use crate::read::unit::{Find, Source, Unit};
use crate::read::unseen;
use crate::refusal::{Failure, Kind, Refusal};
use crate::run::counts::Counts;
use crate::run::facts::Facts;
use crate::run::label::Labels;
use crate::run::step::{Machine, Scope, Thing};
use crate::scan::needs::Needs;
use crate::write::automaton::Automaton;
use crate::write::scenario::{Task, Writer};
use crate::write::structure::{Program, program};
use crate::write::swap::{orders, used};

/// A scenario that was extracted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extracted {
    /// Its text.
    pub scenario: String,
    /// What was assumed; the text has it too.
    pub assumed: Vec<Assumed>,
    /// How many states were followed.
    pub states: usize,
    /// The functions that were followed.
    pub followed: Vec<String>,
    /// What each entry needs, in order.
    pub needs: Vec<Needs>,
}

/// Reads files and writes the scenario of the entries that are asked for.
///
/// `find` finds files that are included. The same input gives the same bytes.
///
/// # Errors
///
/// A refusal says by name what cannot be read or expressed, where, and what to do next; a limit of
/// `limits` is told as such.
pub fn extract(
    sources: &[Source],
    mapping: &Mapping,
    options: &Options,
    limits: &Limits,
    find: &Find<'_>,
) -> Result<Extracted, Failure> {
    let watch = Watch::start(limits);
    let done = watch.run(|| {
        let files = Files::whole(sources, mapping, options, find)?;
        files.of_entries(options)
    });
    Ok(done.map_err(Failure::Stopped)??)
}

/// Files that were read, from which any number of entries can be extracted.
pub struct Files {
    pub(crate) unit: Unit,
    pub(crate) mapping: Mapping,
    counts: Counts,
    first: String,
}

impl Files {
    /// Reads files, and those that they include, as far as `find` finds them.
    ///
    /// # Errors
    ///
    /// As [`extract()`].
    pub fn read(
        sources: &[Source],
        mapping: &Mapping,
        options: &Options,
        limits: &Limits,
        find: &Find<'_>,
    ) -> Result<Files, Failure> {
        let watch = Watch::start(limits);
        let done = watch.run(|| Files::whole(sources, mapping, options, find));
        Ok(done.map_err(Failure::Stopped)??)
    }

    /// Whether a file can be read by itself: it is text, and its conditionals are paired.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn fits(source: &Source, mapping: &Mapping, options: &Options) -> Result<(), Refusal> {
        let find = |_: &str| None;
        let mut all = Conditioner::new(&find, &mapping.constants);
        all.define(&defined(mapping, options));
        all.file(source)
    }

    fn whole(
        sources: &[Source],
        mapping: &Mapping,
        options: &Options,
        find: &Find<'_>,
    ) -> Result<Files, Refusal> {
        let mut mapping = mapping.clone();
        mapping.pointers.extend(options.resolve.clone());
        let defined = defined(&mapping, options);
        options
            .shown
            .say(|| format!("reading {} files", sources.len()));
        let mut unit = Unit::read(sources, &mapping, &defined, find)?;
        unit.max_targets = options.max_targets;
        let counts = Counts::of(&unit, &mapping);
        let first = sources.first().map_or("", |source| &source.name).to_owned();
        Ok(Files {
            unit,
            mapping,
            counts,
            first,
        })
    }

    /// The scenario of the entries that are asked for.
    fn of_entries(&self, options: &Options) -> Result<Extracted, Refusal> {
        let entries = self.entries(options)?;
        asked::functions(&self.unit, &self.mapping, options)?;
        asked::series(&self.mapping, options)?;
        self.scenario(&entries, options, &self.mapping)
    }

    fn entries(&self, options: &Options) -> Result<Vec<usize>, Refusal> {
        let mut entries = Vec::new();
        for entry in &options.entries {
            let function = self.unit.resolve(&entry.function, None);
            entries.push(function.ok_or_else(|| missing(&self.unit, &entry.function))?);
        }
        if entries.is_empty() {
            return Err(Refusal::new(
                Kind::Usage,
                "nothing says which function to start from",
                "name one with `--entry FUNCTION`",
            ));
        }
        Ok(entries)
    }

    /// The scenario of functions, by number: those of the entries of the options, in order.
    pub(crate) fn scenario(
        &self,
        entries: &[usize],
        options: &Options,
        mapping: &Mapping,
    ) -> Result<Extracted, Refusal> {
        let unit = &self.unit;
        let mut names = Names::default();
        let inline: BTreeSet<usize> = options
            .inline
            .iter()
            .filter_map(|name| unit.resolve(name, None))
            .collect();
        (options.shown).say(|| {
            format!(
                "looking for what matters in {} functions",
                unit.functions.len()
            )
        });
        let slice = Slice::of(unit, mapping, &mut names, entries, &inline);
        ask();
        asked::values(unit, mapping, &names, &slice, options)?;
        let set = options
            .set
            .iter()
            .map(|(name, number)| (names.name(name), *number))
            .collect();
        let nonnull = options
            .nonnull
            .iter()
            .map(|name| names.name(asked::last_part(name)))
            .collect();
        let mut outside = slice.outside_names(&names);
        outside.extend(mapping.user_copy.locks.keys().cloned());
        outside.extend(mapping.user_copy.pages.iter().cloned());
        let mut machine = Machine {
            unit,
            mapping,
            names: &mut names,
            slice: &slice,
            options,
            facts: Facts::default(),
            labels: Labels::default(),
            assumptions: Assumptions::default(),
            set,
            nonnull,
            things: Default::default(),
            met: Default::default(),
            sizes: Default::default(),
            counts: &self.counts,
            outside,
            split: None,
            born: Vec::new(),
            spare: Default::default(),
            widened: Default::default(),
            cuts: Default::default(),
            left: Default::default(),
            node: 0,
            then: Default::default(),
            here: (0, 0, 0),
        };
        for (file, line) in &unit.unread {
            let at = format!("{file}:{line}");
            let text = format!("the condition at {at} cannot be read and counts as false");
            machine
                .assumptions
                .note("unread-region", at, text, Some("--define NAME".to_owned()));
        }
        passed_over(unit, &mut machine.assumptions);
        let mut tasks = Vec::new();
        let mut needs = Vec::new();
        let mut shared = BTreeSet::new();
        let mut states = 0;
        for (entry, &function) in options.entries.iter().zip(entries) {
            // What tasks share keeps its name; everything else is each task's own.
            machine
                .things
                .retain(|_, thing| thing.scope() != Scope::Own);
            let mut paths = machine.follow(function)?;
            states += paths.nodes.len();
            let mut automaton = Automaton::of(&paths, &mut machine.labels)?;
            let mut made = written(automaton.as_ref(), &machine.labels)?;
            if automaton.is_some() && made.is_none() {
                // Circles within circles: rounds are told apart instead.
                paths = machine.explore_unrolled(function)?;
                states += paths.nodes.len();
                automaton = Automaton::of(&paths, &mut machine.labels)?;
                made = written(automaton.as_ref(), &machine.labels)?;
            }
            let Some(mut made) = made else {
                return Err(without_program(
                    unit,
                    function,
                    automaton.is_some(),
                    options.unroll,
                ));
            };
            if let Some(automaton) = &automaton {
                let need = self.needs(automaton, &machine.labels, machine.names, &machine.things);
                if options.infer_contracts {
                    let of = &unit.functions[function];
                    let entry = (of.file, of.line, function);
                    made = machine.with_caller(automaton, &need, entry).unwrap_or(made);
                }
                needs.push(need);
            }
            let labels = used(&made);
            let mentioned: BTreeSet<Name> = (labels.iter())
                .filter_map(|label| machine.labels.label(*label).of)
                .collect();
            machine.note_slots(&labels);
            shared.extend(mentioned.iter().copied());
            let orders = orders(&mentioned, &machine.things, machine.names);
            if !orders.many.is_empty() {
                let of = &unit.functions[function];
                machine.here = (of.file, of.line, function);
                machine.note_order(&orders.many);
            }
            tasks.push(Task {
                name: entry.function.clone(),
                count: entry.count,
                program: made,
                things: machine.things.clone(),
                sizes: machine.sizes.clone(),
                orders: orders.all,
            });
        }
        machine.note_pairs(&shared);
        machine.note_passed_over();
        let Machine {
            labels,
            mut assumptions,
            met,
            ..
        } = machine;
        let things = tasks.iter().flat_map(|task| &task.things);
        let locks = things.filter_map(|(name, thing)| match thing {
            Thing::Page(_) | Thing::Lock(..) | Thing::Completion(_) => Some(names.text(*name)),
            _ => None,
        });
        asked::locks(options, locks.chain(met.iter().map(String::as_str)))?;
        unseen::note(
            unit,
            mapping,
            &names,
            &slice,
            &mut assumptions,
            !options.infer_contracts,
        );
        let mut assumed = vec![Assumed::unfinished(&self.first)];
        assumed.extend(assumptions.into_vec());
        let followed = slice
            .followed
            .iter()
            .map(|f| unit.functions[*f].name.clone())
            .collect();
        let writer = Writer {
            unit,
            mapping,
            names: &names,
            labels: &labels,
            options,
        };
        Ok(Extracted {
            scenario: writer.scenario(&tasks, &assumed),
            assumed,
            states,
            followed,
            needs,
        })
    }
}

/// The program of an automaton, if there is one and it has structure.
fn written(of: Option<&Automaton>, labels: &Labels) -> Result<Option<Program>, Refusal> {
    of.map_or(Ok(None), |of| program(of, labels))
}

/// The names that `#ifdef` takes as defined.
fn defined(mapping: &Mapping, options: &Options) -> Defined {
    let names = mapping.defines.iter().map(|name| (name.clone(), None));
    let mut defined: Defined = names.collect();
    defined.extend(options.define.clone());
    defined.retain(|name, _| !options.undef.contains(name));
    defined
}

/// Notes the files that are included and were not found.
fn passed_over(unit: &Unit, assumptions: &mut Assumptions) {
    let Some((_, (file, line))) = unit.passed.first_key_value() else {
        return;
    };
    let names: Vec<String> = (unit.passed.keys().take(12))
        .map(|name| format!("`{name}`"))
        .collect();
    let more = match unit.passed.len() - names.len() {
        0 => String::new(),
        n => format!(" and {n} others"),
    };
    let text = format!(
        "{}{more} were not found: what they define is no macro here, and no function of theirs is known",
        names.join(", ")
    );
    let change = Some("--include DIR".to_owned());
    assumptions.note_many(
        "unread-region",
        format!("{file}:{line}"),
        text,
        unit.passed.len(),
        change,
    );
}

/// Why there is no program of an entry: its paths come to no end, or (`has_paths`) cannot be written.
fn without_program(unit: &Unit, function: usize, has_paths: bool, unroll: u32) -> Refusal {
    let of = &unit.functions[function];
    let refusal = match has_paths {
        true => Refusal::new(
            Kind::Budget,
            format!(
                "the loops of `{}` go into one another in a way that cannot be written as steps",
                of.name
            ),
            "give a function with one of these loops a stub with `--stub FILE.c`",
        ),
        false => Refusal::new(
            Kind::NoPath,
            format!("no path of `{}` comes to its end", of.name),
            format!(
                "follow more rounds of its loops with `--unroll {}`",
                // A proposal; the largest number is as many as can be asked for.
                unroll.saturating_add(2)
            ),
        ),
    };
    refusal.at(Some(unit.place(of.file, of.line, 0, 0)))
}

fn missing(unit: &Unit, name: &str) -> Refusal {
    let near = asked::nearest(name, unit.by_name.keys().map(String::as_str));
    let said = format!("there is no function `{name}` in these files");
    let help = match near {
        Some(other) => format!("did you mean `--entry {other}`?"),
        None if unit.macros.contains_key(name) => {
            format!("`{name}` is a macro: start at a function that uses it")
        }
        None => "give the file that it is in; a function behind `#ifdef` needs its `--define`"
            .to_owned(),
    };
    Refusal::new(Kind::NoFunction, said, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_cannot_be_written_are_no_missing_ones() {
        let source = Source {
            name: "a.c".to_owned(),
            bytes: b"void f(void) { }".to_vec(),
            is_stub: false,
        };
        let names = Defined::default();
        let unit = Unit::read(&[source], &Mapping::default(), &names, &|_| None);
        let unit = unit.unwrap_or_else(|refusal| panic!("{refusal}"));
        let of = |has_paths| without_program(&unit, 0, has_paths, 2);
        assert_eq!(of(false).kind, Kind::NoPath);
        assert!(of(false).help.contains("--unroll 4"));
        // More rounds would be more of what cannot be written.
        assert_eq!(of(true).kind, Kind::Budget);
        assert!(!of(true).help.contains("--unroll"));
    }
}
