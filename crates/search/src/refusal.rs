//! What the engines of this crate cannot do.

use kmapcheck_engine::{Refusal, Refused, Remedy};
use kmapcheck_scenario::Program;

use crate::options::{Options, Storage};

/// Checks that the search can do what the options ask for together.
pub(crate) fn check_options(program: &Program, options: &Options) -> Result<(), Refusal> {
    let unusable = |said: &str, remedy| {
        Err(Refusal {
            what: Refused::Unusable(said.to_owned()),
            remedy,
        })
    };
    if options.storage != Storage::Exact && program.has_loops() {
        return unusable(
            "fingerprints are for programs without loops: who starves is decided on the states, which have to be kept for that",
            Remedy::ExactStorage,
        );
    }
    if let Storage::Fingerprint {
        spill: Some(folder),
    } = &options.storage
        && let Err(error) = tempfile::tempfile_in(folder)
    {
        // Tempfile's own words name a file that nobody has heard of.
        let error = std::io::Error::from(error.kind());
        return Err(Refusal::unusable(format!(
            "cannot keep states in {}: {error}",
            folder.display()
        )));
    }
    if options.check && options.checkpoint.is_some() {
        return unusable(
            "checks of the reductions and a checkpoint do not go together",
            Remedy::ChecksOrCheckpoint,
        );
    }
    Ok(())
}
