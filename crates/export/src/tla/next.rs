//! All actions together, and what has to hold in every state.

use std::fmt::Write;

use super::Printer;
use crate::ir::Expr;
use crate::syntax::{Syntax, at, kinds, never_ends};

impl Printer<'_> {
    pub(super) fn next(&self, out: &mut String, actions: &[String]) {
        let ended: Vec<String> = (self.model.automata.iter())
            .map(|automaton| {
                let name = &automaton.name;
                if automaton.count > 1 {
                    let last = automaton.count - 1;
                    format!("(\\A t \\in 0..{last}: {name}_at[t] = \"end\")")
                } else {
                    format!("{name}_at = \"end\"")
                }
            })
            .collect();
        let ends = !self.model.automata.iter().any(never_ends);
        if ends {
            let ended = ended.join(" /\\ ");
            let ended = if ended.is_empty() {
                "TRUE".to_owned()
            } else {
                ended
            };
            let _ = writeln!(out, "\nAllEnded == {ended} /\\ UNCHANGED vars");
        }
        out.push_str("\nNext ==\n");
        for action in actions {
            let _ = writeln!(out, "  \\/ {action}");
        }
        if ends {
            out.push_str("  \\/ AllEnded\n");
        }
    }

    /// Prints the findings of tasks that wait; their names.
    pub(super) fn invariants(&self, out: &mut String) -> Vec<String> {
        let mut names = Vec::new();
        for kind in kinds(self.model) {
            let mut bad = Vec::new();
            for automaton in &self.model.automata {
                for from in automaton
                    .controls
                    .iter()
                    .filter(|c| c.waiting.contains(&kind))
                {
                    let here = format!("{} = \"{}\"", at(automaton), from.label);
                    let blocked = match from.blocked() {
                        Expr::Bool(true) => here,
                        blocked => format!("{here} /\\ {}", self.expr(&blocked, 4)),
                    };
                    bad.push(if automaton.count > 1 {
                        format!("\\E t \\in 0..{}: {blocked}", automaton.count - 1)
                    } else {
                        blocked
                    });
                }
            }
            if bad.is_empty() {
                continue;
            }
            let name = format!("no_waiting_{}", kind.name().replace('-', "_"));
            let _ = writeln!(out, "\n{name} == ~FINDINGS \\/ ~(");
            for bad in bad {
                let _ = writeln!(out, "  \\/ {bad}");
            }
            out.push_str("  )\n");
            names.push(name);
        }
        names
    }
}
