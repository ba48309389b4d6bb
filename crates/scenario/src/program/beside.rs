//! Two scenarios side by side: one program with the tasks of both.
//!
//! What tasks have for themselves stays theirs. What all tasks of a scenario share, and the series,
//! are one and the same thing if both scenarios have it under the same name; then it must be declared
//! alike. So a lock that two paths of a kernel have in common is written under the same name in both
//! scenarios, and what is a process's own is declared in the task.

use std::collections::HashSet;

use super::{
    AtomicTypeId, Op, Origin, PageDecl, Program, Ref, Resource, Series, SeriesId, StaleIn, Template,
};

impl Program {
    /// The tasks of this program and of another, on what both have. Nothing is expected of it.
    ///
    /// # Errors
    ///
    /// Why there is no such program: models differ, or something shared is not declared alike.
    pub fn beside(&self, other: &Program) -> Result<Program, String> {
        if self.model != other.model {
            let [one, another] = [self, other].map(|program| match program.model.as_str() {
                "" => "none".to_owned(),
                model => format!("`{model}`"),
            });
            return Err(format!("their models differ: {one} and {another}"));
        }
        let mut both = self.clone();
        both.expect = None;
        both.name = format!("{} beside {}", self.name, other.name);
        both.free_pages = one_of(
            (self.free_pages, self.has_op(Op::uses_freelist)),
            (other.free_pages, other.has_op(Op::uses_freelist)),
        )
        .ok_or("they have different numbers of free pages")?;
        if self.cpus != other.cpus {
            return Err("they have different `cpus`".to_owned());
        }
        let joined = Joined::new(&mut both, other)?;
        for template in &other.templates {
            let template = joined.template(template, both.origins.len());
            let name = unused(&both, &template.name);
            both.templates.push(Template { name, ..template });
        }
        both.origins.extend(other.origins.iter().map(|origin| {
            Origin {
                chain: (origin.chain.iter().cloned())
                    .map(|mut frame| {
                        frame.location.file += both.files.len();
                        frame
                    })
                    .collect(),
                shown: origin.shown,
                block: origin.block.map(|block| block + both.blocks.len()),
            }
        }));
        both.blocks
            .extend(other.blocks.iter().cloned().map(|mut block| {
                block.location.file += both.files.len();
                block
            }));
        let ours: HashSet<_> = self.assumed.iter().collect();
        let theirs = other.assumed.iter().filter(|known| !ours.contains(known));
        both.assumed.extend(theirs.cloned());
        both.files.extend(other.files.iter().cloned());
        if both.numbers_fit() {
            Ok(both)
        } else {
            Err("what is mapped at the start does not fit into the slots".to_owned())
        }
    }
}

/// The one number of free pages of two programs, each with whether it uses the freelist.
fn one_of(a: (Option<u32>, bool), b: (Option<u32>, bool)) -> Option<Option<u32>> {
    match (a, b) {
        ((pages, _), (_, false)) | ((_, false), (pages, _)) => Some(pages),
        ((a, true), (b, true)) => (a == b).then_some(a),
    }
}

/// A name that no task has: this one, or with a number after it.
fn unused(program: &Program, name: &str) -> String {
    let is_free = |name: &String| program.templates.iter().all(|known| known.name != *name);
    std::iter::once(name.to_owned())
        .chain((2..).map(|n| format!("{name}-{n}")))
        .find(is_free)
        .expect("there are more numbers than tasks")
}

/// Where the other program's things are in the joint one.
struct Joined {
    series: Vec<SeriesId>,
    atomic_types: Vec<AtomicTypeId>,
    resources: Vec<usize>,
    pages: Vec<usize>,
}

impl Joined {
    /// Adds what the other program declares for all its tasks.
    fn new(both: &mut Program, other: &Program) -> Result<Joined, String> {
        let mut joined = Joined {
            series: Vec::new(),
            atomic_types: Vec::new(),
            resources: Vec::new(),
            pages: Vec::new(),
        };
        for series in &other.series {
            let same = |known: &Series| {
                // What it is spoken of as makes no difference to what it is.
                let alike = || {
                    Series {
                        is_pool: series.is_pool,
                        ..known.clone()
                    } == *series
                };
                (known.of_units == series.of_units && known.name == series.name).then(alike)
            };
            let at = add(&mut both.series, series.clone(), same);
            let at = at.ok_or_else(|| unlike("series", &series.name))?;
            both.series[at].is_pool &= series.is_pool;
            joined.series.push(at);
        }
        for name in &other.atomic_types {
            let same = |known: &String| (known == name).then_some(true);
            let at = add(&mut both.atomic_types, name.clone(), same);
            joined.atomic_types.push(at.expect("equal names are equal"));
        }
        for resource in &other.resources {
            let resource = joined.resource(resource);
            let same = |known: &Resource| (known.name == resource.name).then(|| *known == resource);
            let at = add(&mut both.resources, resource.clone(), same);
            let known = both
                .resources
                .iter()
                .find(|known| known.name == resource.name);
            let at = at.ok_or_else(|| unlike_pool(known.expect("one is unlike it"), &resource))?;
            joined.resources.push(at);
        }
        for page in &other.pages {
            let page = joined.page(page);
            let same = |known: &PageDecl| (known.name == page.name).then(|| *known == page);
            let at = add(&mut both.pages, page.clone(), same);
            joined
                .pages
                .push(at.ok_or_else(|| unlike("page", &page.name))?);
        }
        Ok(joined)
    }

    fn resource(&self, resource: &Resource) -> Resource {
        Resource {
            follows: resource.follows.map(|series| self.series[series]),
            ..resource.clone()
        }
    }

    fn page(&self, page: &PageDecl) -> PageDecl {
        let stale_in = match &page.stale_in {
            StaleIn::Exactly(list) => {
                let mut list: Vec<SeriesId> = list.iter().map(|&s| self.series[s]).collect();
                list.sort_unstable();
                StaleIn::Exactly(list)
            }
            StaleIn::Any => StaleIn::Any,
        };
        PageDecl {
            stale_in,
            ..page.clone()
        }
    }

    /// A task program whose nodes come from origins that stand so far behind.
    fn template(&self, template: &Template, origins: usize) -> Template {
        let mut template = template.clone();
        for page in template.vars.iter_mut().filter_map(|var| var.page.as_mut()) {
            *page = self.page(page);
        }
        for resource in &mut template.resources {
            *resource = self.resource(resource);
        }
        for node in &mut template.nodes {
            node.origin += origins;
            let shared = |list: &[usize], reference: &mut Ref| {
                if let Ref::Shared(i) = reference {
                    *i = list[*i];
                }
            };
            if let Some(page) = node.op.page_mut() {
                shared(&self.pages, page);
            }
            if let Some(resource) = node.op.resource_mut() {
                shared(&self.resources, resource);
            }
            match &mut node.op {
                Op::Kmap { series, .. } | Op::TryKmap { series, .. } => {
                    *series = self.series[*series];
                }
                Op::KmapAtomic { kind, .. } => *kind = self.atomic_types[*kind],
                _ => {}
            }
        }
        template
    }
}

/// The place of a thing in a list, to which it is added if it is not there. `same` says of one that is
/// there whether it is called the same, and then whether it is the same: if not, there is no place.
fn add<T>(list: &mut Vec<T>, thing: T, same: impl Fn(&T) -> Option<bool>) -> Option<usize> {
    let known = list.iter().enumerate();
    if let Some((at, same)) = known
        .filter_map(|(at, known)| Some((at, same(known)?)))
        .next()
    {
        return same.then_some(at);
    }
    list.push(thing);
    Some(list.len() - 1)
}

fn unlike(what: &str, name: &str) -> String {
    format!("both declare the {what} `{name}`, and not in the same way")
}

fn unlike_pool(one: &Resource, other: &Resource) -> String {
    let name = &one.name;
    match (one.kind, other.kind) {
        (one, other) if one.word() != other.word() => {
            format!(
                "`{name}` is a {} in the one and a {} in the other",
                one.word(),
                other.word()
            )
        }
        (one, other) => match (one.units(), other.units()) {
            (Some(few), Some(many)) if few != many => {
                format!("`{name}` has {few} units in the one and {many} in the other")
            }
            _ => unlike(one.word(), name),
        },
    }
}
