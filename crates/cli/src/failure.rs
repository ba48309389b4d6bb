//! What is told where there is no report.

use std::io;
use std::path::Path;

use kmapcheck_check::{Failure, Run, Unfit};
use kmapcheck_report::tame;
use kmapcheck_scenario::Errors;

use crate::args::Format;
use crate::exit::Exit;
use crate::output::{self, Output};
use crate::run::early;
use crate::{fault, input::shown};

/// Tells the user on standard error.
pub fn tell(failure: &Failure, path: &Path) {
    let refused = |said: &str| anstream::eprintln!("kmapcheck: {}: {said}", shown(path));
    match failure {
        Failure::Input(errors) => {
            let text = errors.render(output::error_colours(), output::error_width());
            anstream::eprintln!("{}", text.trim_end());
        }
        Failure::Unfit(unfit) => refused(&in_options(unfit)),
        Failure::Refused(said) => refused(said),
        Failure::Fault(said) => fault::tell(&format!("checking {}", shown(path)), said),
        Failure::Stopped { phase, reached } => {
            let file = path.display().to_string();
            anstream::eprint!("{}", early(&file, phase, *reached, Format::Text));
        }
    }
}

/// Tells the user, which is the last thing in a run; a limit that was reached is an answer, and goes
/// where answers go.
pub fn answer(
    failure: &Failure,
    run: &Run,
    path: &Path,
    format: Format,
    output: &mut Output,
) -> io::Result<Exit> {
    // It takes as long as whoever reads it likes.
    run.finish();
    match failure {
        Failure::Stopped { phase, reached } => {
            let file = path.display().to_string();
            output.print(&early(&file, phase, *reached, format))?;
        }
        _ => tell(failure, path),
    }
    Ok(exit_of(failure))
}

/// What the exit status says about it.
pub fn exit_of(failure: &Failure) -> Exit {
    match failure {
        Failure::Input(_) | Failure::Unfit(_) | Failure::Refused(_) => Exit::BadInput,
        Failure::Fault(_) => Exit::Fault,
        Failure::Stopped { .. } => Exit::Inconclusive,
    }
}

/// What does not go together, as options.
pub fn in_options(unfit: &Unfit) -> String {
    match unfit {
        Unfit::ReductionsWithoutSearch => {
            "`--reduce` is for the engine `search` only; `reference` and `loom` tell all tasks apart anyway"
        }
        Unfit::ThreadsWithReductions => {
            "`--threads` is for `--reduce none` only: everything else runs on one thread"
        }
        Unfit::NoReductionsToCheck => {
            "with `--reduce none` there are no reductions for `--check-reductions` to check"
        }
        Unfit::LimitsOfLoom => {
            "`--preemptions` and `--max-interleavings` are for `--engine loom` only"
        }
        Unfit::StatesOfLoom => "the engine `loom` knows no states; use `--max-interleavings`",
        Unfit::StorageWithoutReductions => {
            "`--storage` and `--checkpoint` are for the engine `search` with reductions only: leave them out, or `--reduce none`"
        }
        Unfit::SpillWithoutFingerprints => {
            "`--spill` is for `--storage fingerprint`: exact storage has all states in memory anyway, those still to be expanded among them"
        }
        Unfit::NoFolder(folder) => {
            return format!("there is no folder {} for `--spill`", shown(folder));
        }
        Unfit::CertificateWithoutProof => "`--certificate` is for `--engine proof`",
        Unfit::CertificateOfOtherNumbers => {
            "a certificate is about the file as it stands: write the numbers into it"
        }
    }
    .to_owned()
}

/// The first problem, without its place in a file that is named already, and without advice.
pub fn first_message(errors: &Errors) -> String {
    let first = errors.mistakes().next();
    first.map_or_else(String::new, |mistake| tame::line(mistake.message))
}
