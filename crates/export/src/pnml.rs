//! P/T nets in PNML (ISO/IEC 15909-2), for Petri-net tools.
//!
//! A place for each control state of a template, with a token for each instance there; a place for
//! each counter. A guard that a counter is at least *n* is a test of its place, one that it is at
//! most *n* a test of its complement (a place with as many tokens as the counter has room), so no
//! inhibitor arcs are needed. What a step does to a counter must be a number known beforehand:
//! that is so for everything but the mappings of pages.

mod change;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use kmapcheck_scenario::Program;
use quick_xml::escape::escape;

use crate::header::Header;
use crate::ir::{Model, Scope};
use crate::refusal::Refusal;
use crate::syntax::{comment, never_ends};
use change::{Change, Counter, alternatives, changes};

/// One step as a net has it.
struct Step {
    from: (usize, usize),
    to: (usize, usize),
    about: String,
    changes: BTreeMap<Counter, Change>,
}

/// Prints the net.
pub(crate) fn print(program: &Program, model: &Model, header: &Header) -> Result<String, Refusal> {
    let mut steps = Vec::new();
    for (a, automaton) in model.automata.iter().enumerate() {
        for (c, control) in automaton.controls.iter().enumerate() {
            for t in &control.transitions {
                for guard in alternatives(&t.guard) {
                    let changes = changes(model, &guard, t).ok_or_else(|| {
                        Refusal::new(
                            format!("task `{}`: `{}`", automaton.title, control.about),
                            "use `--to promela`, `murphi` or `tla`",
                        )
                    })?;
                    let about = match t.about.as_str() {
                        "" => String::new(),
                        about => format!(", {about}"),
                    };
                    steps.push(Step {
                        from: (a, c),
                        to: (a, t.to),
                        about: format!(
                            "{} {}: {}{about}",
                            automaton.title,
                            control.label,
                            comment(control)
                        ),
                        changes,
                    });
                }
            }
        }
    }
    refuse_own_counters(program, model, &steps)?;
    Ok(Net { model, steps }.print(header))
}

/// A counter that each of several instances has is not a number of tokens in one place.
fn refuse_own_counters(program: &Program, model: &Model, steps: &[Step]) -> Result<(), Refusal> {
    for (var, _) in steps.iter().flat_map(|step| step.changes.keys()) {
        if let Scope::Instance(a) = model.vars[*var].scope
            && model.automata[a].count > 1
        {
            let name = &model.automata[a].title;
            let location = program.files.first().map_or("", String::as_str);
            return Err(Refusal {
                place: Some(location.to_owned()),
                what: format!(
                    "the locks that each of several instances of task `{name}` has for itself"
                ),
                remedy: format!(
                    "use `--to promela`, `murphi` or `tla`, or one instance with `--tasks {name}=1`"
                ),
            });
        }
    }
    Ok(())
}

struct Net<'a> {
    model: &'a Model,
    steps: Vec<Step>,
}

impl Net<'_> {
    fn print(&self, header: &Header) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!--\n");
        for line in header.lines(&[
            "deadlock: a marking in which no transition is enabled",
            "findings other than deadlocks are not exported",
        ]) {
            let _ = writeln!(out, "  {}", escape(&line).replace("--", "- -"));
        }
        out.push_str("-->\n<pnml xmlns=\"http://www.pnml.org/version-2009/grammar/pnml\">\n");
        out.push_str("<net id=\"net\" type=\"http://www.pnml.org/version-2009/grammar/ptnet\">\n");
        let _ = writeln!(out, "<name><text>{}</text></name>", escape(header.title()));
        out.push_str("<page id=\"page\">\n");
        self.places(&mut out);
        self.transitions(&mut out);
        out.push_str("</page>\n</net>\n</pnml>\n");
        out
    }

    /// Counters that occur, and those whose complement is tested.
    fn counters(&self) -> (BTreeSet<Counter>, BTreeSet<Counter>) {
        let (mut all, mut complements) = (BTreeSet::new(), BTreeSet::new());
        for (&counter, change) in self.steps.iter().flat_map(|step| &step.changes) {
            all.insert(counter);
            if change.most.is_some() {
                complements.insert(counter);
            }
        }
        (all, complements)
    }

    fn name(&self, (var, page): Counter) -> String {
        let name = &self.model.vars[var].name;
        match page {
            None => name.clone(),
            Some(page) => format!("{name}_{page}"),
        }
    }

    fn control(&self, (a, c): (usize, usize)) -> String {
        let automaton = &self.model.automata[a];
        format!("{}_{}", automaton.name, automaton.controls[c].label)
    }

    fn places(&self, out: &mut String) {
        let mut place = |id: &str, about: &str, tokens: i64| {
            let _ = write!(
                out,
                "<place id=\"{id}\"><name><text>{}</text></name>",
                escape(about)
            );
            if tokens > 0 {
                let _ = write!(
                    out,
                    "<initialMarking><text>{tokens}</text></initialMarking>"
                );
            }
            out.push_str("</place>\n");
        };
        for (a, automaton) in self.model.automata.iter().enumerate() {
            for (c, control) in automaton.controls.iter().enumerate() {
                let about = if control.end {
                    format!("{} has ended", automaton.title)
                } else {
                    format!("{} before {}", automaton.title, comment(control))
                };
                let tokens = if c == 0 {
                    i64::from(automaton.count)
                } else {
                    0
                };
                place(&self.control((a, c)), &about, tokens);
            }
        }
        let (all, complements) = self.counters();
        for counter in all {
            let var = &self.model.vars[counter.0];
            // Of pages that there are not, nothing is counted.
            let init = var.init.first().copied().unwrap_or(0);
            let name = self.name(counter);
            place(&name, &format!("{name}: {}", var.about), init);
            if complements.contains(&counter) {
                let id = format!("{name}_not");
                place(&id, &format!("{} minus {name}", var.max), var.max - init);
            }
        }
    }

    fn transitions(&self, out: &mut String) {
        let (_, complements) = self.counters();
        for (i, step) in self.steps.iter().enumerate() {
            let id = format!("step-{}", i + 1);
            let _ = writeln!(
                out,
                "<transition id=\"{id}\"><name><text>{}</text></name></transition>",
                escape(&step.about)
            );
            let mut arcs = Vec::new();
            arcs.push((self.control(step.from), 1, 0));
            arcs.push((self.control(step.to), 0, 1));
            for (&counter, change) in &step.changes {
                let into = change.least.max(-change.by);
                arcs.push((self.name(counter), into, into + change.by));
                if complements.contains(&counter) {
                    let max = self.model.vars[counter.0].max;
                    // Without a condition there need be no room.
                    let room = change.most.map_or(0, |most| max - most);
                    let into = room.max(change.by);
                    arcs.push((
                        format!("{}_not", self.name(counter)),
                        into,
                        into - change.by,
                    ));
                }
            }
            write_arcs(out, &id, &arcs);
        }
        if self.model.automata.iter().any(never_ends) {
            return;
        }
        out.push_str(
            "<transition id=\"all-ended\"><name><text>all tasks have ended</text></name></transition>\n",
        );
        let ends: Vec<(String, i64, i64)> = (self.model.automata.iter())
            .map(|automaton| {
                let n = i64::from(automaton.count);
                (format!("{}_end", automaton.name), n, n)
            })
            .collect();
        write_arcs(out, "all-ended", &ends);
    }
}

/// Writes arcs of a transition: place, tokens taken, tokens given.
fn write_arcs(out: &mut String, transition: &str, arcs: &[(String, i64, i64)]) {
    let mut n = 0;
    let mut arc = |out: &mut String, source: &str, target: &str, weight: i64| {
        if weight == 0 {
            return;
        }
        n += 1;
        let _ = write!(
            out,
            "<arc id=\"{transition}-{n}\" source=\"{source}\" target=\"{target}\">"
        );
        if weight > 1 {
            let _ = write!(out, "<inscription><text>{weight}</text></inscription>");
        }
        out.push_str("</arc>\n");
    };
    for (place, into, back) in arcs {
        arc(out, place, transition, *into);
        arc(out, transition, place, *back);
    }
}
