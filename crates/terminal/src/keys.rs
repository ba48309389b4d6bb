//! What keys do.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

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
