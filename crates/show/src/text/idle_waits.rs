//! Where tasks can end in an idle wait, in lines.

use kmapcheck_report::IdleWait;
use kmapcheck_report::words::count;

use super::EndLine;

/// So many idle waits are told one by one; of more, the first few, and how many others there are.
const IDLE_WAITS: usize = 4;

/// Where tasks can end in an idle wait.
pub(super) fn told(waits: &[IdleWait]) -> Vec<EndLine> {
    let shown = match waits.len() {
        ..=IDLE_WAITS => waits.len(),
        _ => IDLE_WAITS - 1,
    };
    let (waits, others) = waits.split_at(shown);
    let mut lines: Vec<EndLine> = (waits.iter())
        .map(|wait| {
            let verb = if wait.seen { "can rest" } else { "may rest" };
            let at = (wait.at.as_ref()).map_or_else(String::new, |at| format!(", {at}"));
            EndLine::nested(format!(
                "{verb} in an idle wait: {}: {}, for {} ({}{at})",
                wait.task, wait.op, wait.waits_for, wait.source
            ))
        })
        .collect();
    if !others.is_empty() {
        let others = count(others.len() as u64, "more idle wait");
        lines.push(EndLine::nested(format!("and {others}; JSON has all")));
    }
    lines
}
