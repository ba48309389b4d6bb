//! The head of every output.

use kmapcheck_scenario::Program;

/// What the head says.
pub(crate) struct Header {
    title: String,
    file: String,
    about: Option<String>,
}

impl Header {
    pub(crate) fn of(program: &Program) -> Header {
        Header {
            title: program.title(),
            file: program.files.first().cloned().unwrap_or_default(),
            about: program.about.clone(),
        }
    }

    /// The lines, with how to run the model.
    pub(crate) fn lines(&self, how: &[&str]) -> Vec<String> {
        let mut lines = vec![format!("{}, exported by kmapcheck", self.title)];
        lines.extend(self.about.iter().map(|about| one_line(about)));
        lines.push(format!("places are lines and columns of {}", self.file));
        lines.extend(how.iter().map(|line| (*line).to_owned()));
        lines
    }

    pub(crate) fn title(&self) -> &str {
        &self.title
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
