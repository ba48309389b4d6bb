//! Which functions of files can be entries, and what each needs.
//!
//! | module | what |
//! |---|---|
//! | [`roots`] | the functions that nobody in the files calls, or whose address is taken |
//! | [`contract`] | what callers hold, where an entry gives it back |
//! | [`needs`] | how much of each pool a path has at once, which locks, where it sleeps too soon |
//!
//! A scan reads all files once ([`Files::read`]) and extracts each root by itself
//! ([`Files::extract_root`]), with one task. Scenarios of two roots can be put side by side: what all
//! tasks share is called after its place outside of functions, so it has one name in both.

pub mod contract;
pub mod needs;
pub mod roots;

use kmapcheck_limits::{Limits, Watch};

use crate::extract::{Extracted, Files};
use crate::map::merge::Known;
use crate::map::{Contract, Mapping};
use crate::options::{Entry, Options};
use crate::refusal::Failure;
use roots::Root;

/// What is left out of an entry that is refused with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Less {
    /// Loops have one undecided round at most, and a function calls itself once at most.
    pub rounds: bool,
    /// Computed values are forgotten: that leaves nothing out, but lets in paths that cannot be.
    pub values: bool,
    /// What cannot be expressed only sleeps.
    pub waits: bool,
    /// There are no spinlocks, and pages are neither allocated nor freed.
    pub spins: bool,
}

impl Less {
    /// The mapping without what is left out.
    fn of(self, mapping: &Mapping) -> Mapping {
        let mut less = mapping.clone();
        if self.waits {
            for name in std::mem::take(&mut less.refused).into_keys() {
                less.known.insert(name, Known::Sleeps);
            }
        }
        if self.spins {
            const OPS: [&str; 5] = [
                "spin_lock",
                "spin_unlock",
                "spin_trylock",
                "alloc_page",
                "free_page",
            ];
            let is_left_out = |op: &str| OPS.contains(&op);
            let names: Vec<String> = (less.ops.iter())
                .filter(|(_, does)| does.all().iter().all(|one| is_left_out(&one.op)))
                .map(|(name, _)| name.clone())
                .collect();
            for name in names {
                less.ops.remove(&name);
                less.known.insert(name, Known::Pure);
            }
        }
        less
    }
}

impl Files {
    /// The scenario of one root, which one task runs. `options` need not name entries.
    ///
    /// # Errors
    ///
    /// As [`extract()`](crate::extract()).
    pub fn extract_root(
        &self,
        root: &Root,
        options: &Options,
        less: Less,
        limits: &Limits,
    ) -> Result<Extracted, Failure> {
        let mut options = options.clone();
        options.infer_contracts = true;
        options.coarse |= less.values;
        if less.rounds {
            options.unroll = options.unroll.min(1);
            options.recursion = options.recursion.or(Some(1));
        }
        options.entries = vec![Entry {
            function: root.function.clone(),
            count: 1,
        }];
        let mut mapping = less.of(&self.mapping);
        if let Some(contract) = self.contract(root) {
            mapping.contracts.insert(root.function.clone(), contract);
        }
        let watch = Watch::start(limits);
        let done = watch.run(|| self.scenario(&[root.number], &options, &mapping));
        Ok(done.map_err(Failure::Stopped)??)
    }

    /// How many files were read, those that they include apart.
    #[must_use]
    pub fn count(&self) -> usize {
        self.unit
            .files
            .iter()
            .filter(|file| file.name.ends_with(".c"))
            .count()
    }

    /// How many functions with bodies there are.
    #[must_use]
    pub fn functions(&self) -> usize {
        self.unit.functions.len()
    }

    /// The contract of the fields that point to a root, if the function has none of its own: that of
    /// `.readpage` is every such function's. There a parameter is given by its number, `#0` the first.
    fn contract(&self, root: &Root) -> Option<Contract> {
        let mapping: &Mapping = &self.mapping;
        if mapping.contracts.contains_key(&root.function) {
            return None;
        }
        let of_field = |field: &String| mapping.contracts.get(field);
        let mut contract = root.fields.iter().find_map(of_field)?.clone();
        let params = self.unit.pointers.params_of(root.number);
        for operation in contract.enters.iter_mut().chain(&mut contract.leaves) {
            let number = (operation.param.as_deref()).and_then(|param| param.strip_prefix('#'));
            if let Some(number) = number {
                // A function with fewer parameters is no such function.
                let param = number.parse().ok().and_then(|n: usize| params.get(n))?;
                operation.param = Some(param.clone());
            }
        }
        Some(contract)
    }
}
