//! Traces replayed step by step in a terminal: the programs with everybody's line, the slots, who
//! waits for whom; arrow keys to go back and forth.
//!
//! | module | what |
//! |---|---|
//! | [`screen`] | one state as panels |
//! | [`lines`] | a whole trace as lines of text, for output that goes to no terminal |
//! | `keys` | what keys do |
//!
//! A [`Replay`] is what is shown and where in it one is; it knows neither keys nor terminals.

mod keys;
pub mod lines;
pub mod screen;

use std::io;

use kmapcheck_machine::ReplayError;
use kmapcheck_recording::Recording;
use kmapcheck_report::Report;
use kmapcheck_scenario::Program;
use ratatui::crossterm::event::{self, Event, KeyEventKind};

pub use keys::{Action, action};

/// The traces of a report, and where one is.
#[derive(Debug, Clone)]
pub struct Replay<'a> {
    /// The report.
    pub report: &'a Report,
    /// A recording for each of its findings.
    pub recordings: Vec<Recording>,
    /// The finding that is shown.
    pub finding: usize,
    /// The state that is shown.
    pub state: usize,
}

impl<'a> Replay<'a> {
    /// The traces of a report of `program`, at the start of the first.
    ///
    /// # Errors
    ///
    /// If a trace does not replay: the report is of another program.
    pub fn new(program: &Program, report: &'a Report) -> Result<Replay<'a>, ReplayError> {
        let recordings = report.findings.iter();
        Ok(Replay {
            report,
            recordings: recordings
                .map(|finding| Recording::of(program, finding))
                .collect::<Result<_, _>>()?,
            finding: 0,
            state: 0,
        })
    }

    /// The recording that is shown; none if nothing was found.
    #[must_use]
    pub fn recording(&self) -> Option<&Recording> {
        self.recordings.get(self.finding)
    }

    /// Does what a key asks for; false if that is to stop.
    pub fn act(&mut self, action: Action) -> bool {
        // Without a recording there is nowhere to go.
        let last = self.recording().map_or(0, Recording::last);
        let lost = (self.recording()).and_then(|recording| recording.point_of_no_return);
        match action {
            Action::Stop => return false,
            // Before the first state there is none.
            Action::Back => self.state = self.state.saturating_sub(1),
            Action::On => self.state = (self.state + 1).min(last),
            Action::Leap(steps) => {
                // No further than either end.
                self.state = self.state.saturating_add_signed(steps).min(last);
            }
            Action::First => self.state = 0,
            Action::Last => self.state = last,
            Action::Lost => self.state = lost.unwrap_or(self.state),
            Action::NextFinding if !self.recordings.is_empty() => {
                self.finding = (self.finding + 1) % self.recordings.len();
                self.state = 0;
            }
            Action::NextFinding => {}
        }
        true
    }
}

/// Shows a replay on the terminal until somebody has seen enough.
///
/// # Errors
///
/// If the terminal cannot be read or written.
pub fn run(replay: &mut Replay<'_>) -> io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let done = (|| loop {
        terminal.draw(|frame| screen::draw(frame, replay))?;
        if let Event::Key(key) = event::read()?
            && key.kind != KeyEventKind::Release
            && let Some(action) = action(key)
            && !replay.act(action)
        {
            return Ok(());
        }
    })();
    let restored = ratatui::try_restore();
    done.and(restored)
}
