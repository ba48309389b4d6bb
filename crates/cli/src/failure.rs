//! What is told on standard error where there is no answer.

use std::path::{Path, PathBuf};

use kmapcheck_args::Format;
use kmapcheck_check::Failure;
use kmapcheck_check::fault::catch;
use kmapcheck_report::escape;

use crate::exit::Exit;
use crate::output;
use crate::run::early;

/// Why a command has no answer.
#[derive(Debug)]
pub struct Wrong {
    pub failure: Failure,
    /// What it is about, if not the file that the command is about; nothing: it says so itself.
    pub about: Option<Option<PathBuf>>,
    /// What else to try.
    pub advice: Option<&'static str>,
}

impl Wrong {
    /// A failure that is about another file.
    pub fn of(file: &Path, failure: Failure) -> Wrong {
        let about = Some(Some(file.to_owned()));
        Wrong {
            about,
            ..failure.into()
        }
    }

    /// What is wrong with the command, or says itself where it is.
    pub fn usage(said: String) -> Wrong {
        let about = Some(None);
        Wrong {
            about,
            ..Failure::Refused(said).into()
        }
    }

    /// The same, with what else to try.
    pub fn advised(self, said: &'static str) -> Wrong {
        let advice = Some(said);
        Wrong { advice, ..self }
    }
}

impl From<Failure> for Wrong {
    fn from(failure: Failure) -> Wrong {
        Wrong {
            failure,
            about: None,
            advice: None,
        }
    }
}

impl From<serde_json::Error> for Wrong {
    fn from(error: serde_json::Error) -> Wrong {
        Failure::Fault(error.to_string()).into()
    }
}

/// Tells the user about a failure; what it comes to.
pub fn tell(failure: &Failure, path: &Path) -> Exit {
    let refused = |said: &str| {
        usage(&format!("{}: {said}", escape::path(path)));
    };
    match failure {
        Failure::Input(errors) => {
            let text = errors.render(output::error_colours(), output::error_width());
            anstream::eprintln!("{}", text.trim_end());
        }
        Failure::Unread(unread) => anstream::eprintln!("{}", unread.text),
        Failure::Unfit(unfit) => refused(&unfit.in_options()),
        Failure::Refused(said) => refused(said),
        Failure::Fault(said) => tell_fault(&format!("checking {}", escape::path(path)), said),
        Failure::Stopped { phase, reached } => {
            let file = path.display().to_string();
            anstream::eprint!("{}", early(&file, phase, *reached, Format::Text));
        }
    }
    failure.into()
}

/// Tells the user what is wrong with the command, or with one of its files.
pub fn usage(said: &str) -> Exit {
    anstream::eprintln!("kmapcheck: {said}");
    Exit::BadInput
}

/// Tells the user about a fault of this program.
pub fn tell_fault(doing: &str, said: &str) {
    anstream::eprintln!(
        "kmapcheck: internal fault while {doing}: {said}\n\
         This is a fault of kmapcheck, not of your input. Please report it, with the files that \
         bring it about, at {}/issues",
        env!("CARGO_PKG_REPOSITORY")
    );
}

/// Runs `what`; a panic in it is told as a fault.
pub fn guard(what: impl FnOnce() -> Exit) -> Exit {
    catch(what).unwrap_or_else(|said| {
        tell_fault("running", &said);
        Exit::Fault
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_fault() {
        assert_eq!(guard(|| panic!("again")), Exit::Fault);
        assert_eq!(guard(|| Exit::Clean), Exit::Clean);
    }
}
