//! Telling instances apart: a program in which every instance is a template of its own.
//!
//! The counted search leaves out of account which instance of a template is which, and nothing
//! else depends on templates being shared. So the same search on this program does everything but
//! that. Instances are numbered template by template, so a task has the same number in both
//! programs, and a trace of one is a trace of the other.

use kmapcheck_engine::Outcome;
use kmapcheck_machine::instances;
use kmapcheck_scenario::{Bound, OriginId, Program, TemplateId};
use rustc_hash::{FxHashMap, FxHashSet};

/// The program, and the template that each of its templates comes from.
pub(crate) fn told_apart(program: &Program) -> (Program, Vec<TemplateId>) {
    let mut apart = program.clone();
    apart.templates.clear();
    let mut from = Vec::new();
    for (id, template) in program.templates.iter().enumerate() {
        match instances(template.count) {
            0 => {
                apart.templates.push(template.clone());
                from.push(id);
            }
            n => {
                for _ in 0..n {
                    let mut one = template.clone();
                    one.count = Bound::Exactly(1);
                    apart.templates.push(one);
                    from.push(id);
                }
            }
        }
    }
    (apart, from)
}

/// Says of the program what the outcome says of the one told apart: an operation is never executed
/// if no instance executes it, and tasks come to rest where one of its instances does.
pub(crate) fn put_together(program: &Program, from: &[TemplateId], outcome: &mut Outcome) {
    if let Some(rests) = &mut outcome.coverage.rests {
        for (template, _) in rests.iter_mut() {
            *template = from[*template];
        }
        rests.sort_unstable();
        rests.dedup();
    }
    if !outcome.coverage.exhaustive {
        return;
    }
    let mut never: FxHashMap<(TemplateId, OriginId), usize> = FxHashMap::default();
    for &(template, origin) in &outcome.coverage.never_executed {
        *never.entry((from[template], origin)).or_default() += 1;
    }
    let copies = |template| from.iter().filter(|&&other| other == template).count();
    let mut all = kmapcheck_engine::never_executed(program, &FxHashSet::default());
    all.retain(|&(template, origin)| never.get(&(template, origin)) == Some(&copies(template)));
    outcome.coverage.never_executed = all;
}
