//! Text from files, made fit for a terminal: whoever prints a report as text calls [`program`]
//! first, so that no renderer has to think of it. (JSON escapes by itself.)

use std::path::Path;

use kmapcheck_scenario::{PageDecl, Program};

/// `text` in one line, with its control characters spelled out, such as `\u{1b}`; those too that turn the
/// direction of writing, behind which a name could look like another.
#[must_use]
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// A path, as [`line()`].
#[must_use]
pub fn path(path: &Path) -> String {
    line(&path.display().to_string())
}

/// Each line of a text, as [`line()`].
#[must_use]
pub fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(line).collect();
    lines.join("\n")
}

/// As [`line()`], but what the author wrote in lines stays in lines: further ones are indented, so
/// that none can pass for one of ours.
fn prose(text: &str) -> String {
    let lines: Vec<String> = text
        .trim_end()
        .lines()
        .map(|text| line(&text.replace('\t', " ")))
        .collect();
    lines.join("\n  ")
}

/// All that a report or a listing of `program` may quote from its files.
pub fn program(program: &mut Program) {
    for text in [&mut program.name, &mut program.model] {
        escape(text);
    }
    program.files.iter_mut().for_each(escape);
    program.atomic_types.iter_mut().for_each(escape);
    for text in [&mut program.about, &mut program.source, &mut program.note]
        .into_iter()
        .flatten()
    {
        *text = prose(text);
    }
    for series in &mut program.series {
        escape(&mut series.name);
    }
    for resource in &mut program.resources {
        escape(&mut resource.name);
    }
    program.pages.iter_mut().for_each(page);
    for template in &mut program.templates {
        escape(&mut template.name);
        for var in &mut template.vars {
            escape(&mut var.name);
            var.page.iter_mut().for_each(page);
        }
        for resource in &mut template.resources {
            escape(&mut resource.name);
        }
    }
    for frame in program
        .origins
        .iter_mut()
        .flat_map(|origin| &mut origin.chain)
    {
        escape(&mut frame.text);
        frame.at.iter_mut().for_each(escape);
        // In the cell of a table there is one line.
        if let Some(note) = &mut frame.note {
            *note = line(&note.trim_end().replace(['\n', '\t'], " "));
        }
    }
}

fn page(page: &mut PageDecl) {
    escape(&mut page.name);
}

fn escape(text: &mut String) {
    if text.contains(char::is_control) {
        *text = line(text);
    }
}

#[cfg(test)]
mod tests {
    use super::{line, prose};

    #[test]
    fn control_characters_are_spelled_out() {
        assert_eq!(
            line("a\u{1b}[31mb\u{7}\n\u{9b}é"),
            r"a\u{1b}[31mb\u{7}\n\u{9b}é"
        );
        assert_eq!(line("a\u{202e}b\u{5d0}"), "a\\u{202e}b\u{5d0}");
        assert_eq!(prose("a\n\tb\u{1b}\r\n"), "a\n   b\\u{1b}");
    }
}
