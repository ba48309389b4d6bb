//! Identifiers: our names, made fit for every target.
//!
//! A `__` is only in names that had to be told apart, so names made from these by adding `_` and a
//! word or a label differ as well.

use std::collections::BTreeSet;

/// Hands out identifiers that differ even without regard to case, as Murphi wants them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// An identifier like `wanted`: letters, digits and `_`, a letter first.
    pub(crate) fn fresh(&mut self, wanted: &str) -> String {
        let mut base = String::new();
        for c in wanted.chars() {
            if c.is_ascii_alphanumeric() {
                base.push(c);
            } else if !base.ends_with('_') {
                base.push('_');
            }
        }
        let mut base = base.trim_end_matches('_').to_owned();
        let lower = base.to_ascii_lowercase();
        // TLA+ has `WF_` and `SF_` for itself.
        if !base.starts_with(|c: char| c.is_ascii_alphabetic())
            || lower.starts_with("wf_")
            || lower.starts_with("sf_")
        {
            base.insert(0, 'x');
        }
        let mut name = base.clone();
        let mut n = 1;
        while is_reserved(&name) || !self.taken.insert(name.to_ascii_lowercase()) {
            n += 1;
            name = format!("{base}__{n}");
        }
        name
    }
}

/// The reserved words of Promela, Murphi and TLA+, and the names that every model uses, in lower
/// case. All other names that we write have an `_` in them that no reserved word has.
const RESERVED: &[&str] = &[
    "active",
    "alias",
    "array",
    "assert",
    "assume",
    "assumption",
    "atomic",
    "axiom",
    "begin",
    "bit",
    "bool",
    "boolean",
    "break",
    "by",
    "byte",
    "can_alloc",
    "case",
    "chan",
    "choose",
    "clear",
    "const",
    "constant",
    "constants",
    "corollary",
    "cover",
    "d_step",
    "def",
    "define",
    "defs",
    "do",
    "domain",
    "else",
    "elsif",
    "empty",
    "enabled",
    "end",
    "endalias",
    "endexists",
    "endfor",
    "endforall",
    "endfunction",
    "endif",
    "endprocedure",
    "endrecord",
    "endrule",
    "endruleset",
    "endstartstate",
    "endswitch",
    "endwhile",
    "enum",
    "error",
    "eval",
    "except",
    "exists",
    "extends",
    "false",
    "fi",
    "findings",
    "first",
    "for",
    "forall",
    "full",
    "function",
    "get_priority",
    "goto",
    "have",
    "hence",
    "hidden",
    "hide",
    "if",
    "import",
    "in",
    "include",
    "init",
    "inline",
    "instance",
    "int",
    "invariant",
    "isundefined",
    "lambda",
    "last",
    "lemma",
    "len",
    "let",
    "liveness",
    "local",
    "ltl",
    "me",
    "module",
    "mtype",
    "multiset",
    "nat",
    "nempty",
    "never",
    "new",
    "next",
    "nfull",
    "notrace",
    "np_",
    "obvious",
    "od",
    "of",
    "omitted",
    "other",
    "page",
    "pages",
    "pc",
    "pc_value",
    "pick",
    "pid",
    "printf",
    "printm",
    "priority",
    "pristine",
    "procedure",
    "process",
    "proctype",
    "program",
    "proof",
    "property",
    "proposition",
    "prove",
    "provided",
    "put",
    "qed",
    "real",
    "record",
    "return",
    "rule",
    "ruleset",
    "run",
    "scalarset",
    "select",
    "sf_",
    "short",
    "show",
    "skip",
    "spec",
    "start",
    "started",
    "startstate",
    "step",
    "strong_fairness",
    "subset",
    "suffices",
    "switch",
    "take",
    "then",
    "theorem",
    "timeout",
    "to",
    "trace",
    "true",
    "type",
    "typedef",
    "unchanged",
    "undefine",
    "undefined",
    "union",
    "unless",
    "unsigned",
    "use",
    "var",
    "variable",
    "variables",
    "vars",
    "wf_",
    "while",
    "with",
    "witness",
    "xr",
    "xs",
    "d_proctype",
    "c_code",
    "c_decl",
    "c_expr",
    "c_state",
    "c_track",
    "set_priority",
    "q",
    "bag",
    "boolean_",
    "string",
    "naturals",
    "integers",
    "tlc",
    "all_ended",
    "weak_fairness",
];

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_legal_and_differ() {
        let mut names = Names::default();
        let given = ["a-b", "a_b", "A_B", "2nd", "do", "Rule", "é", "WF_x"].map(|n| names.fresh(n));
        assert_eq!(
            given,
            [
                "a_b", "a_b__2", "A_B__3", "x2nd", "do__2", "Rule__2", "x", "xWF_x"
            ]
        );
    }
}
