//! Standard output: colours where they are wanted, and readers that go away early.

use std::io::{self, IsTerminal, Write};

use anstream::AutoStream;
use terminal_size::{Width, terminal_size_of};

/// The width of reports that go to no terminal.
const PIPE_WIDTH: usize = 120;

/// Standard output.
pub struct Output {
    stream: AutoStream<io::Stdout>,
    broken: bool,
}

impl Output {
    /// Opens standard output.
    pub fn new() -> Output {
        Output {
            stream: AutoStream::auto(io::stdout()),
            broken: false,
        }
    }

    /// Writes `text` at once. A reader that went away is not an error: see [`Output::is_broken`].
    pub fn print(&mut self, text: &str) -> io::Result<()> {
        if self.broken {
            return Ok(());
        }
        let mut plain = io::stdout();
        // A report of many megabytes without a style need not be looked through for where they are.
        let stream: &mut dyn Write = match text.contains('\x1b') {
            true => &mut self.stream,
            false => &mut plain,
        };
        let written = stream.write_all(text.as_bytes());
        match written.and_then(|()| stream.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.broken = true;
                Ok(())
            }
            other => other,
        }
    }

    /// Whether nobody reads any more.
    pub fn is_broken(&self) -> bool {
        self.broken
    }
}

/// The width for reports on standard output.
pub fn width() -> usize {
    if !io::stdout().is_terminal() {
        return PIPE_WIDTH;
    }
    terminal_size_of(io::stdout())
        .map_or(PIPE_WIDTH, |(Width(width), _)| usize::from(width).max(40))
}

/// The width for messages on standard error.
pub fn error_width() -> usize {
    terminal_size_of(io::stderr()).map_or(PIPE_WIDTH, |(Width(width), _)| {
        usize::from(width).clamp(40, PIPE_WIDTH)
    })
}

/// Whether messages on standard error may have colours.
pub fn error_colours() -> bool {
    AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}
