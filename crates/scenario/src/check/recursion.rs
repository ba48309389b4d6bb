//! Who uses whom: operations that use operations, blocks that run blocks.
//!
//! Both are written out where they are used, so neither may come back to itself.

use crate::read::steps::{Action, Step};
use crate::source::diagnostic::{Code, Log, Problem};
use crate::source::text::Span;

/// So many names of a circle are shown.
const SHOWN: usize = 8;

/// Those that a list of steps uses, by number, and where.
pub(crate) fn uses(steps: &[Step], which: fn(&Action) -> Option<usize>) -> Vec<(usize, Span)> {
    let mut found = Vec::new();
    let mut left = vec![steps];
    while let Some(steps) = left.pop() {
        for step in steps {
            let span = match step.action {
                // The key alone does not say what is run.
                Action::Run(_) => step.span,
                _ => step.key,
            };
            found.extend(which(&step.action).map(|used| (used, span)));
            left.extend(step.action.parts());
        }
    }
    // In the order of the file.
    found.sort_unstable_by_key(|(_, span)| *span);
    found
}

/// Tells of every circle, once, where it closes. Returns an order in which each comes after all that
/// it uses; where there are circles, after those that can come before it.
///
/// A depth-first walk with a stack of its own: a chain may be longer than the program's stack.
pub(crate) fn find_circles(
    uses: &[Vec<(usize, Span)>],
    mut note: impl FnMut(&[usize], Span),
) -> Vec<usize> {
    let mut order = Vec::with_capacity(uses.len());
    let mut done = vec![false; uses.len()];
    let mut on_path = vec![false; uses.len()];
    for start in 0..uses.len() {
        if done[start] {
            continue;
        }
        // The path from `start`: a user, and which of its uses comes next.
        let mut path = vec![(start, 0)];
        on_path[start] = true;
        while let Some(top) = path.last_mut() {
            let user = top.0;
            let next = uses[user].get(top.1).copied();
            top.1 += 1;
            match next {
                None => {
                    path.pop();
                    on_path[user] = false;
                    done[user] = true;
                    order.push(user);
                }
                Some((used, span)) if on_path[used] => {
                    let from = path
                        .iter()
                        .position(|(index, _)| *index == used)
                        .expect("what is on the path is in the path");
                    let mut circle: Vec<usize> =
                        path[from..].iter().map(|(index, _)| *index).collect();
                    circle.push(used);
                    note(&circle, span);
                }
                Some((used, _)) => {
                    if !done[used] {
                        on_path[used] = true;
                        path.push((used, 0));
                    }
                }
            }
        }
    }
    order
}

/// Notes a circle of what `does` ("operations use"), the first of it once more at its end.
pub(crate) fn note_circle<'n>(
    does: &str,
    circle: impl ExactSizeIterator<Item = &'n str>,
    span: Span,
    help: &str,
    log: &mut Log,
) {
    let more = circle.len() > SHOWN;
    let mut names: Vec<&str> = circle.take(SHOWN).collect();
    if more {
        names.push("…");
    }
    let message = format!("{does} one another in a circle: {}", names.join(" → "));
    log.push(
        Problem::at(Code::Recursion, span, message)
            .label("closes the circle")
            .help(help),
    );
}
