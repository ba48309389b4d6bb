//! A scenario's file judged by the rule of a model.

use std::path::Path;

use kmapcheck_questions::conform::{Conformance, NotJudged};
use kmapcheck_report::{Stopped, escape};
use kmapcheck_scenario::{Errors, Overrides};

use crate::failure::Failure;
use crate::loaded::program;
use crate::model::Named;
use crate::run::Run;

/// Judges a file within the limits of a run: one that takes longer is not judged. One that nobody
/// `named` and that is for other models only is not judged either; that is no mistake in it.
///
/// # Errors
///
/// If something is wrong with the file.
pub fn judge(
    file: &Path,
    named: bool,
    model: &Named,
    terminal: bool,
    run: &Run,
) -> Result<Conformance, Failure> {
    let overrides = Overrides {
        model: Some(model.file.clone()),
        ..Overrides::default()
    };
    let not_judged = |why| NotJudged { why, at: None };
    let judged = run.phase("judging", || {
        let errors = match program(file, &overrides, &[], terminal) {
            Ok(program) => return Ok(Conformance::of(&program)),
            Err(Failure::Input(errors)) if !named => errors,
            Err(failure) => return Err(failure),
        };
        let Ok(program) = program(file, &Overrides::default(), &[], terminal) else {
            return Err(Failure::Input(errors));
        };
        let why = format!("it is not for this model: {}", first_message(&errors));
        Ok(Conformance::not_judged(
            &program,
            &model.name,
            not_judged(why),
        ))
    });
    match judged {
        Err(Failure::Stopped { phase, reached }) => {
            let (file, why) = (file.display().to_string(), Stopped::of(reached, phase).text);
            Ok(Conformance::unread(&file, &model.name, not_judged(why)))
        }
        judged => judged,
    }
}

/// The first problem, without its place in a file that is named already, and without advice.
pub(crate) fn first_message(errors: &Errors) -> String {
    let first = errors.mistakes().next();
    first.map_or_else(String::new, |mistake| escape::line(mistake.message))
}
