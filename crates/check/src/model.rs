//! Models by themselves: what is asked about, or what scenarios are judged on.

use std::path::Path;

use kmapcheck_report::escape;
use kmapcheck_scenario::{is_path, keys_of, load_model_named};

use crate::failure::Failure;

/// A model that was named, its texts fit for a terminal.
#[derive(Debug, Clone)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// The order that it states, first to last.
    pub order: Vec<String>,
    /// Its file, or its name if it is built in: what [`Overrides::model`](crate::Overrides) takes.
    pub file: String,
}

/// The model of that name or in that file, looked for from the file `beside`.
///
/// # Errors
///
/// If there is none, or something is wrong with it.
pub fn named(model: &str, beside: &Path) -> Result<Named, Failure> {
    let (summary, file) = load_model_named(model, beside)?;
    Ok(Named {
        name: escape::line(&summary.name),
        order: (summary.order.iter())
            .map(|name| escape::line(name))
            .collect(),
        file,
    })
}

/// The model, if a file that is said to be a scenario is one, or the name of one.
#[must_use]
pub fn instead_of_scenario(file: &Path) -> Option<Named> {
    let name = file.to_str()?;
    let names_file = file.is_file();
    if names_file {
        let keys = keys_of(file)?;
        let has = |wanted: &str| keys.iter().any(|key| key == wanted);
        if has("tasks") || !has("series") {
            return None;
        }
    } else if is_path(name) {
        return None;
    }
    let model = match names_file && !name.contains('/') {
        true => format!("./{name}"),
        false => name.to_owned(),
    };
    named(&model, Path::new("")).ok()
}
