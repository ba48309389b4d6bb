//! Problems as pictures: the message, the lines around the place, the text underlined.
//!
//! annotate-snippets draws, as for the Rust compiler. It is handed three lines in place of the whole
//! file, each cut to a bearable length, without control characters. So what is drawn stays small and
//! escape for any file, and costs the same however long the file is.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::source::diagnostic::{Errors, Problem};
use crate::source::text::{SourceFile, Sources, Span};
use crate::source::width::{width, width_of};

/// Columns left of what is quoted: a line number, and the gutter.
const GUTTER: usize = 10;
/// The name that annotate-snippets puts before help, with what stands left of it.
const HELP: usize = "= help: ".len();

/// Draws all problems of `errors`.
pub(crate) fn render(errors: &Errors, colour: bool, width: usize) -> String {
    let width = width.clamp(40, 1000);
    let renderer = match colour {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(width);
    let mut text = String::new();
    for problem in &errors.problems {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&renderer.render(&[group(problem, &errors.sources, width)]));
    }
    if let Some(more) = errors.more() {
        text.push_str(&format!("\n\n{more}"));
    }
    // The empty gutter is padded.
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
        + "\n"
}

/// A problem in the form that annotate-snippets wants.
fn group<'a>(problem: &'a Problem, sources: &'a Sources, width: usize) -> Group<'a> {
    let code = problem.code.name();
    let before = format!("error[{code}]: ").len();
    let message = wrapped(&problem.message, width, before);
    let mut group = Group::with_title(Level::ERROR.primary_title(message).id(code));
    if let Some(span) = problem.span {
        let file = &sources.files[span.file];
        let quoted = Quoted::new(span, file, width - GUTTER);
        let underlined = AnnotationKind::Primary.span(quoted.place.clone());
        let snippet = Snippet::source(quoted.text)
            .line_start(quoted.first_line)
            .fold(false)
            .annotation(underlined.label(problem.label.as_deref()));
        group = match quoted.is_cut {
            // Columns are counted from the beginning of what is quoted.
            false => group.element(snippet.path(&file.name)),
            true => {
                let (line, column) = file.line_and_column(span.start);
                let origin = Origin::path(&file.name).line(line).char_column(column);
                group.element(origin).element(snippet)
            }
        };
    }
    match &problem.help {
        Some(help) => group.element(Level::HELP.message(wrapped(help, width, GUTTER + HELP))),
        None => group,
    }
}

/// Text that leaves so many columns of the width to what stands before it.
fn wrapped(text: &str, width: usize, before: usize) -> String {
    // At least a word or two.
    textwrap::fill(text, width.saturating_sub(before).max(20))
}

/// The lines around a place, cut to what is shown.
struct Quoted {
    text: String,
    /// The number of the text's first line, from 1.
    first_line: usize,
    /// The place, in bytes of the text; on one line, at least one byte unless the line ends there.
    place: Range<usize>,
    /// Whether the beginning of the place's line is left out.
    is_cut: bool,
}

impl Quoted {
    fn new(span: Span, file: &SourceFile, width: usize) -> Self {
        let (line, _) = file.line_and_column(span.start);
        let line = line - 1;
        let whole = line_text(file, line);
        let offset = (span.start - file.line_start(line)).min(whole.len());
        let shown = cut(whole, offset, width);
        let is_cut = shown.start > 0;
        // What stands above and below a line that is cut on the left has other columns.
        let first_line = if is_cut {
            line
        } else {
            // Above the first line there is none.
            line.saturating_sub(1)
        };
        let last_line = if is_cut || line + 1 >= file.lines() {
            line
        } else {
            line + 1
        };

        let mut text = String::new();
        let mut place = 0..0;
        for number in first_line..=last_line {
            if number == line {
                if is_cut {
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
        Quoted {
            text,
            first_line: first_line + 1,
            place,
            is_cut,
        }
    }
}

/// A line without its end.
fn line_text(file: &SourceFile, line: usize) -> &str {
    file.text[file.line_start(line)..file.line_start(line + 1)].trim_end_matches(['\n', '\r'])
}

/// The bytes of a line that are shown, `columns` of them at most, so that `offset` is among them:
/// from the beginning if that does it.
fn cut(line: &str, offset: usize, columns: usize) -> Range<usize> {
    let start = if width(&line[..offset]) < columns * 3 / 4 {
        0
    } else {
        // A third of the width for what comes before.
        let before = line[..offset].char_indices().rev();
        beyond(before, columns / 3).unwrap_or(0)
    };
    let end = beyond(line[start..].char_indices(), columns);
    start..end.map_or(line.len(), |at| start + at)
}

/// Where the first of some characters stands that do not fit into so many columns; `None`: all do.
fn beyond(mut characters: impl Iterator<Item = (usize, char)>, columns: usize) -> Option<usize> {
    let mut used = 0;
    let beyond = characters.find(|&(_, character)| {
        used += width_of(character);
        used > columns
    });
    beyond.map(|(at, _)| at)
}

/// The place in the snippet: at least one character, unless the line ends there.
fn underlined(
    shown: &Range<usize>,
    offset: usize,
    length: usize,
    at: usize,
    line: &str,
) -> Range<usize> {
    // At the end of a line there is no character.
    let one = line[offset..].chars().next().map_or(0, char::len_utf8);
    let end = (offset + length.max(one)).min(shown.end.max(offset));
    at + offset - shown.start..at + end - shown.start
}

/// Adds text with its control characters blotted out. What is blotted stays one character of as many
/// bytes as it was (all of them have one byte or two), so that places and columns stay right.
fn push_tame(text: &mut String, part: &str) {
    for character in part.chars() {
        if character.is_control() && character != '\t' {
            text.push(if character.is_ascii() { '?' } else { '¿' });
        } else {
            text.push(character);
        }
    }
}
