//! The changes that cargo-mutants knows of a crate: its `--list --json`.

use std::process::Command;

use serde::Deserialize;

use crate::Result;

/// A change: where, and what stands there instead.
#[derive(Deserialize)]
pub(crate) struct Change {
    /// In words, with the place: `crates/stuck/src/core.rs:56:18: delete ! in is_marked`.
    pub(crate) name: String,
    /// The file, from the workspace on.
    pub(crate) file: String,
    pub(crate) genre: Genre,
    pub(crate) replacement: String,
    pub(crate) span: Span,
}

/// What is changed.
#[derive(Deserialize, Clone, Copy, PartialEq)]
pub(crate) enum Genre {
    /// A whole body is replaced by one value.
    FnValue,
    /// One operator by another, `+=` and its like among them.
    BinaryOperator,
    /// `!` or `-` is left out.
    UnaryOperator,
    /// An arm is left out.
    MatchArm,
    /// A guard is replaced by `true` or `false`.
    MatchArmGuard,
    /// A field is left out, so that the base says its value.
    StructField,
}

/// Where it begins.
#[derive(Deserialize, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) start: Position,
}

/// Both from 1; columns in characters.
#[derive(Deserialize, Clone, Copy)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// All changes of a package, in the order of cargo-mutants.
///
/// # Errors
///
/// Where cargo-mutants is not installed, or says something else.
pub(crate) fn changes(package: &str) -> Result<Vec<Change>> {
    let listed = Command::new("cargo")
        .args(["mutants", "--list", "--json", "--package", package])
        .output()?;
    if !listed.status.success() {
        let said = String::from_utf8_lossy(&listed.stderr).into_owned();
        return Err(format!("cargo mutants --list failed (is it installed?): {said}").into());
    }
    Ok(serde_json::from_slice(&listed.stdout)?)
}
