//! What was proved, in lines.

use kmapcheck_report::words::{list, number};
use kmapcheck_report::{NumberOf, Proof, Size};
use kmapcheck_scenario::{FindingKind, Level};

use super::{EndLine, Head};

/// What was proved, and at which sizes the findings are.
pub(super) fn told(proof: &Proof, clean: bool) -> Vec<EndLine> {
    let mut lines = Vec::new();
    if !clean && !proof.sizes.is_empty() {
        let sizes: Vec<String> = (proof.sizes.iter())
            .map(|size| format!("{} = {}", size.name, number(size.number.into())))
            .collect();
        let text = format!("Found with {}{}.", sizes.join(", "), smallest(proof));
        lines.push(EndLine::plain(text));
    }
    if !proof.excluded.is_empty() {
        lines.push(EndLine::headed(
            Head::Proved,
            format!(" for {}:", proof.claim),
        ));
    }
    let is_excluded =
        |kind: &FindingKind| (proof.excluded.iter()).any(|excluded| excluded.kinds.contains(kind));
    let open: Vec<&str> = (FindingKind::ALL.iter())
        .filter(|kind| kind.level() == Level::Error && !is_excluded(kind))
        .map(|kind| kind.name())
        .collect();
    for excluded in &proof.excluded {
        let kinds: Vec<&str> = excluded.kinds.iter().map(|kind| kind.name()).collect();
        let kinds = match (kinds.as_slice(), open.as_slice()) {
            // Nobody would want to read that many one by one.
            ([_, _, _, _, ..], []) => "other error".to_owned(),
            ([_, _, _, _, ..], open) => format!("error other than {}", open.join(", ")),
            (kinds, _) => kinds.join(", "),
        };
        let text = format!("no {kinds}: {}.", excluded.because);
        lines.push(EndLine::nested(text));
    }
    lines
}

/// The claim that smaller numbers do not do, if it is made and says something.
fn smallest(proof: &Proof) -> String {
    let (tasks, others): (Vec<&Size>, Vec<&Size>) =
        (proof.sizes.iter()).partition(|size| size.of == NumberOf::Tasks);
    if !proof.smallest || tasks.iter().all(|size| size.number <= 1) {
        return String::new();
    }
    let names: Vec<&str> = tasks.iter().map(|size| size.name.as_str()).collect();
    let has = |of| others.iter().any(|size| size.of == of);
    let with = match (has(NumberOf::Slots), has(NumberOf::Units)) {
        (false, false) => "",
        (true, false) => "with these slots, ",
        (false, true) => "with these units, ",
        (true, true) => "with these slots and units, ",
    };
    let together = match names.len() {
        1 => "",
        _ => " together",
    };
    format!(
        "; {with}no smaller number of {}{together} shows all of it",
        list(&names)
    )
}
