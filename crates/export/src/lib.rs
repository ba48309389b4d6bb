//! A lowered scenario as a model for other tools: SPIN (Promela), Rumur and CMurphi (Murphi), TLC
//! (TLA+), and Petri-net tools (PNML).
//!
//! `build` turns a [`Program`] into guarded transitions over bounded variables (`ir`), following
//! docs/semantics.md; `promela`, `murphi` and `tla` print them, each transition as one atomic step;
//! `pnml` prints those that need no more than counts. The meaning is thus written down once, apart
//! from `machine`, and the tools' answers are compared with the engines' in `tests/interop`.
//! What is equal, and why, is in docs/export.md.

mod build;
mod header;
mod ir;
mod local;
mod murphi;
mod names;
mod pnml;
mod promela;
mod prune;
mod refusal;
mod syntax;
mod tla;

use kmapcheck_scenario::Program;

pub use refusal::Refusal;

use build::Options;
use header::Header;

/// A language to export to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Promela, for SPIN.
    Promela,
    /// Murphi, for Rumur and CMurphi.
    Murphi,
    /// TLA+, for TLC.
    Tla,
    /// A P/T net in PNML.
    Pnml,
}

/// An exported model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The model.
    pub text: String,
    /// For TLA+: the configuration for TLC.
    pub config: Option<String>,
}

impl Exported {
    /// All of it in one text.
    #[must_use]
    pub fn printed(&self) -> String {
        let config = self.config.as_ref().map_or_else(String::new, |config| {
            format!("\n---- CONFIGURATION ----\n{config}")
        });
        format!("{}{config}", self.text)
    }
}

/// Whether a TLA+ module can be called that.
#[must_use]
pub fn is_module_name(name: &str) -> bool {
    !name.is_empty() && names::Names::default().fresh(name) == name
}

/// Exports a program. `module` is the name of the TLA+ module, which has to be the file's; without
/// it the scenario's name is taken.
///
/// # Errors
///
/// If the target cannot express the program.
pub fn export(
    program: &Program,
    target: Target,
    module: Option<&str>,
) -> Result<Exported, Refusal> {
    let counted = target != Target::Pnml;
    let model = build::build(program, Options { counted })?;
    let header = Header::of(program);
    let plain = |text| Exported { text, config: None };
    match target {
        Target::Promela => promela::print(&model, &header).map(plain),
        Target::Murphi => Ok(plain(murphi::print(&model, &header))),
        Target::Tla => Ok(tla::print(&model, &header, module.unwrap_or(&program.name))),
        Target::Pnml => pnml::print(program, &model, &header).map(plain),
    }
}
