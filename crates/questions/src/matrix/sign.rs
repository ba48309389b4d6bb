//! The signs of a matrix.

/// What stands in a table. Of a scenario alone, all that it has is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// A deadlock, or somebody starves, as was found with neither alone.
    Stuck,
    /// A deadlock of tasks of both, though one of the two deadlocks alone as well.
    StuckBesides,
    /// A deadlock, or somebody starves, as was found with one of the two alone.
    StuckAlone,
    /// Another error that was found with neither alone.
    Error,
    /// Another error that was found with one of the two alone.
    ErrorAlone,
    /// No error.
    Nothing,
    /// That was not found out.
    Unknown,
    /// It was not run.
    NotRun,
}

impl Sign {
    /// All of them.
    pub const ALL: [Sign; 8] = [
        Sign::Stuck,
        Sign::StuckBesides,
        Sign::StuckAlone,
        Sign::Error,
        Sign::ErrorAlone,
        Sign::Nothing,
        Sign::Unknown,
        Sign::NotRun,
    ];

    /// As a character.
    #[must_use]
    pub fn character(self) -> char {
        match self {
            Sign::Stuck => 'x',
            Sign::StuckBesides => 'X',
            Sign::StuckAlone => 'o',
            Sign::Error => '!',
            Sign::ErrorAlone => 'e',
            Sign::Nothing => '.',
            Sign::Unknown => '?',
            Sign::NotRun => '-',
        }
    }

    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Sign::Stuck => "a deadlock, or a task starves; with neither scenario alone",
            Sign::StuckBesides => {
                "a deadlock of tasks of both together; one of them deadlocks alone as well"
            }
            Sign::StuckAlone => {
                "a deadlock, or a task starves, with one of them alone; none of tasks of both together \
                 was found"
            }
            Sign::Error => "an error of another kind; with neither alone",
            Sign::ErrorAlone => "an error of another kind, with one of them alone",
            Sign::Nothing => "no error",
            Sign::Unknown => "not found out",
            Sign::NotRun => "not run",
        }
    }
}
