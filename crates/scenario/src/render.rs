//! Problems as pictures: the message, the lines around the place, the text underlined.
//!
//! miette draws. It is handed a [`Snippet`] in place of the whole file: three lines, each cut to
//! a bearable length, without control characters. So what is drawn stays small and tame for any
//! file, and costs the same however long the file is.

use std::fmt;
use std::ops::Range;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use crate::diagnostic::{Errors, Problem};
use crate::source::{SourceFile, Sources, Span};

/// Columns that miette takes for line numbers and the gutter.
const GUTTER: usize = 10;

/// Draws all problems of `errors`.
pub(crate) fn render(errors: &Errors, colour: bool, width: usize) -> String {
    let styles = if colour {
        ThemeStyles::ansi()
    } else {
        ThemeStyles::none()
    };
    let theme = GraphicalTheme {
        characters: ThemeCharacters::unicode(),
        styles,
    };
    let width = width.clamp(40, 1000);
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(width)
        .with_links(false)
        .without_syntax_highlighting();
    let mut text = String::new();
    for problem in &errors.problems {
        let drawn = Drawn::new(problem, &errors.sources, width - GUTTER);
        if !text.is_empty() {
            text.push('\n');
        }
        if handler.render_report(&mut text, &drawn).is_err() {
            // miette refuses only places outside the snippet; the plain line still helps.
            text.push_str(&problem.message);
            text.push('\n');
        }
    }
    if let Some(more) = errors.more() {
        text.push_str(&format!("\n{more}\n"));
    }
    // miette pads the empty gutter.
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
        + "\n"
}

/// A problem in the form miette wants.
#[derive(Debug)]
struct Drawn<'a> {
    problem: &'a Problem,
    snippet: Option<Snippet>,
    label: Option<LabeledSpan>,
}

impl<'a> Drawn<'a> {
    fn new(problem: &'a Problem, sources: &Sources, width: usize) -> Self {
        let snippet = problem
            .span
            .map(|span| Snippet::new(span, &sources.files[span.file], width));
        let label = snippet.as_ref().map(|snippet| {
            LabeledSpan::new_primary_with_span(problem.label.clone(), snippet.place)
        });
        Drawn {
            problem,
            snippet,
            label,
        }
    }
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem.message)
    }
}

impl std::error::Error for Drawn<'_> {}

impl Diagnostic for Drawn<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.problem.code.name()))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem
            .help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.snippet
            .as_ref()
            .map(|snippet| snippet as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = self.label.clone()?;
        Some(Box::new(std::iter::once(label)))
    }
}

/// The lines around a place, cut to what is shown.
#[derive(Debug)]
struct Snippet {
    name: String,
    text: String,
    /// Line of the text's first line, from 0.
    first_line: usize,
    /// Lines in the text.
    lines: usize,
    /// Line and column of the place, from 0.
    line: usize,
    column: usize,
    /// The place, in bytes of the text; on one line, at least one byte unless the line ends there.
    place: SourceSpan,
}

impl Snippet {
    fn new(span: Span, file: &SourceFile, width: usize) -> Self {
        let (line, column) = file.line_and_column(span.start);
        let (line, column) = (line - 1, column - 1);
        let whole = line_text(file, line);
        let offset = (span.start - file.line_start(line)).min(whole.len());
        let shown = cut(whole, offset, width);
        // What stands above and below a line that is cut on the left has other columns.
        let first_line = if shown.start > 0 {
            line
        } else {
            // Above the first line there is none.
            line.saturating_sub(1)
        };
        let last_line = if shown.start > 0 || line + 1 >= file.lines() {
            line
        } else {
            line + 1
        };

        let mut text = String::new();
        let mut place = SourceSpan::from((0, 0));
        for number in first_line..=last_line {
            if number == line {
                if shown.start > 0 {
                    text.push('…');
                }
                place = underlined(&shown, offset, span.end - span.start, text.len(), whole);
                push_tame(&mut text, &whole[shown.clone()]);
                if shown.end < whole.len() {
                    text.push('…');
                }
            } else {
                let near = line_text(file, number);
                let part = cut(near, 0, width);
                push_tame(&mut text, &near[part.clone()]);
                if part.end < near.len() {
                    text.push('…');
                }
            }
            text.push('\n');
        }
        let lines = last_line - first_line + 1;
        Snippet {
            name: file.name.clone(),
            text,
            first_line,
            lines,
            line,
            column,
            place,
        }
    }
}

/// A line without its end.
fn line_text(file: &SourceFile, line: usize) -> &str {
    file.text[file.line_start(line)..file.line_start(line + 1)].trim_end_matches(['\n', '\r'])
}

/// The bytes of a line that are shown, `width` characters at most, so that `offset` is among
/// them: from the beginning if that does it.
fn cut(line: &str, offset: usize, width: usize) -> Range<usize> {
    let before = line[..offset].chars().count();
    let start = if before < width * 3 / 4 {
        0
    } else {
        // A third of the width for what comes before.
        line[..offset]
            .char_indices()
            .rev()
            .nth(width / 3)
            // Where less comes before, all of it.
            .map_or(0, |(at, _)| at)
    };
    let end = line[start..]
        .char_indices()
        .nth(width)
        .map_or(line.len(), |(at, _)| start + at);
    start..end
}

/// The place in the snippet: at least one character, unless the line ends there.
fn underlined(
    shown: &Range<usize>,
    offset: usize,
    length: usize,
    at: usize,
    line: &str,
) -> SourceSpan {
    // At the end of a line there is no character.
    let one = line[offset..].chars().next().map_or(0, char::len_utf8);
    let end = (offset + length.max(one)).min(shown.end.max(offset));
    SourceSpan::from((at + offset - shown.start, end - offset))
}

/// Adds text with its control characters blotted out; what is blotted stays as long as it was,
/// so that places stay right.
fn push_tame(text: &mut String, part: &str) {
    for character in part.chars() {
        if character.is_control() && character != '\t' {
            text.extend(std::iter::repeat_n('?', character.len_utf8()));
        } else {
            text.push(character);
        }
    }
}

impl SourceCode for Snippet {
    fn read_span<'a>(
        &'a self,
        _span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        // miette asks without context for the place's own line and column, with context for the
        // lines to draw: those are the whole snippet.
        let (line, column) = if lines_before == 0 && lines_after == 0 {
            (self.line, self.column)
        } else {
            (self.first_line, 0)
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            self.text.as_bytes(),
            SourceSpan::from((0, self.text.len())),
            line,
            column,
            self.lines,
        )))
    }
}
