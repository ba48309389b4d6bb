//! Texts, and places in them.
//!
//! Everything read from a file keeps its [`Span`]: byte offsets, cheap to copy. Lines and columns
//! are worked out only when somebody asks. A column counts characters, so it needs a walk along
//! the line; counts kept for every 1,024th byte make that walk short however long the line is
//! (a generated file may be one line of many megabytes).

use crate::program::Location;

/// A piece of a file: bytes `start..end` of file number `file`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) file: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// A file that was read.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// The path as the user gave it, or as it was found.
    pub(crate) name: String,
    /// The whole text.
    pub(crate) text: String,
    /// Where each line starts.
    line_starts: Vec<usize>,
    /// Characters before every [`STRIDE`]th byte.
    characters_before: Vec<usize>,
}

const STRIDE: usize = 1024;

/// Whether a character starts at this byte (the others continue one).
fn starts_character(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

impl SourceFile {
    pub(crate) fn new(name: String, text: String) -> Self {
        let mut line_starts = vec![0];
        let mut characters_before = Vec::with_capacity(text.len() / STRIDE + 1);
        let mut characters = 0;
        for (offset, byte) in text.bytes().enumerate() {
            if offset.is_multiple_of(STRIDE) {
                characters_before.push(characters);
            }
            characters += usize::from(starts_character(byte));
            if byte == b'\n' {
                line_starts.push(offset + 1);
            }
        }
        if text.len().is_multiple_of(STRIDE) {
            characters_before.push(characters);
        }
        SourceFile {
            name,
            text,
            line_starts,
            characters_before,
        }
    }

    /// Characters before a byte offset.
    fn characters(&self, offset: usize) -> usize {
        let stride = offset / STRIDE;
        let counted = self
            .characters_before
            .get(stride)
            .copied()
            .unwrap_or_default();
        let rest = self
            .text
            .as_bytes()
            .get(stride * STRIDE..offset)
            .unwrap_or_default();
        counted + rest.iter().filter(|byte| starts_character(**byte)).count()
    }

    /// Line (from 0) of a byte offset.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        // The first line starts at 0: there is one before.
        self.line_starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }

    /// Where a line (from 0) starts, or the end of the text.
    pub(crate) fn line_start(&self, line: usize) -> usize {
        self.line_starts
            .get(line)
            .copied()
            .unwrap_or(self.text.len())
    }

    /// How many lines there are; what follows the last line break is one if it is not empty.
    pub(crate) fn lines(&self) -> usize {
        let last_is_empty = self.line_starts.last() == Some(&self.text.len());
        self.line_starts.len() - usize::from(last_is_empty)
    }

    /// Line and column in characters, both from 1.
    pub(crate) fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.text.len());
        let line = self.line_of(offset);
        let column = self.characters(offset) - self.characters(self.line_start(line));
        (line + 1, column + 1)
    }
}

/// The files of one run, numbered.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) files: Vec<SourceFile>,
}

impl Sources {
    /// Takes a file in and gives its number. A byte order mark is no part of the text.
    pub(crate) fn add(&mut self, name: String, mut text: String) -> usize {
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        self.files.push(SourceFile::new(name, text));
        self.files.len() - 1
    }

    /// Where a span starts.
    pub(crate) fn locate(&self, span: Span) -> Location {
        let (line, column) = self.files[span.file].line_and_column(span.start);
        Location {
            file: span.file,
            line,
            column,
        }
    }

    /// Where a span starts, as `file:line:column`.
    pub(crate) fn show(&self, span: Span) -> String {
        let location = self.locate(span);
        format!(
            "{}:{}:{}",
            self.files[span.file].name, location.line, location.column
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let file = SourceFile::new("f".into(), "a\nüx y\n".into());
        assert_eq!(file.line_and_column(0), (1, 1));
        assert_eq!(file.line_and_column(2), (2, 1));
        assert_eq!(file.line_and_column(4), (2, 2));
        assert_eq!(file.line_and_column(99), (3, 1));
    }

    #[test]
    fn columns_on_long_lines() {
        let text = "ü".repeat(3000);
        let file = SourceFile::new("f".into(), text);
        assert_eq!(file.line_and_column(4000), (1, 2001));
        assert_eq!(file.line_and_column(6000), (1, 3001));
    }
}
