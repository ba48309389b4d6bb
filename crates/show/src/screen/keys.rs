//! What keys do.

use crate::recording::Recording;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::screen::Replay;

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// One step back.
    Back,
    /// One step on.
    On,
    /// So many steps.
    Leap(isize),
    /// To the start.
    First,
    /// To the end.
    Last,
    /// To the first state from which nothing saves the core.
    Lost,
    /// The next finding.
    NextFinding,
    /// Enough.
    Stop,
}

/// Steps of a leap.
const LEAP: isize = 20;

/// What a key asks for, if anything.
#[must_use]
pub fn action(key: KeyEvent) -> Option<Action> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char('c' | 'd') if control => Action::Stop,
        KeyCode::Char('q') | KeyCode::Esc => Action::Stop,
        KeyCode::Left | KeyCode::Up | KeyCode::Char('h' | 'k') => Action::Back,
        KeyCode::Right | KeyCode::Down | KeyCode::Enter | KeyCode::Char('l' | 'j' | ' ') => {
            Action::On
        }
        KeyCode::PageUp => Action::Leap(-LEAP),
        KeyCode::PageDown => Action::Leap(LEAP),
        KeyCode::Home | KeyCode::Char('g') => Action::First,
        KeyCode::End | KeyCode::Char('G') => Action::Last,
        KeyCode::Char('n') => Action::Lost,
        KeyCode::Tab => Action::NextFinding,
        _ => return None,
    })
}

impl Replay<'_> {
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
