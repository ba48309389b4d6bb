//! What an engine saw, why it stopped, and what the reader should know before trusting it.

use kmapcheck_engine::{Outcome, Stopped as Why};
use kmapcheck_machine::instances;
use kmapcheck_scenario::{Bound, Op, Program};

use crate::report::{Coverage, Fingerprints, NeverExecuted, StopReason, Stopped};
use crate::words::{bytes, count, list, number, plural};

pub(crate) fn coverage(program: &Program, outcome: &Outcome) -> Coverage {
    let seen = &outcome.coverage;
    let never = seen.never_executed.iter().map(|&(template, origin)| {
        let origin = &program.origins[origin];
        NeverExecuted {
            task: program.templates[template].name.clone(),
            op: origin.text().to_owned(),
            source: program.show_location(origin.location()),
            at: origin.at().map(str::to_owned),
        }
    });
    Coverage {
        engine: outcome.engine.to_owned(),
        complete: seen.exhaustive,
        states: seen.states,
        transitions: seen.transitions,
        depth: seen.depth,
        interleavings: None,
        open: seen.open.map(|open| open.iter().collect()),
        stored_bytes: seen.stored_bytes,
        reductions: (seen.reductions.as_ref())
            .map(|names| names.iter().map(|&name| name.to_owned()).collect()),
        fingerprints: (seen.fingerprint_bits).map(|bits| Fingerprints {
            bits,
            missed: missed(seen.states, bits),
        }),
        never_executed: seen.exhaustive.then(|| never.collect()),
    }
}

/// The expected number of pairs of states with the same fingerprint, which is at least the
/// probability that there is one: n (n - 1) / 2 pairs, each with a chance of one in 2^bits.
fn missed(states: u64, bits: u32) -> f64 {
    let n = states as f64;
    (n * (n - 1.0) / 2.0 / 2f64.powi(bits.cast_signed())).min(1.0)
}

pub(crate) fn stopped(program: &Program, outcome: &Outcome) -> Option<Stopped> {
    let file = program.files.first().map_or("FILE", String::as_str);
    let why = outcome.stopped.as_ref()?;
    Some(stopped_by(
        why,
        outcome.coverage.states,
        outcome.engine,
        file,
    ))
}

/// What is said of a run that ended early, after so many states.
pub(crate) fn stopped_by(why: &Why, states: u64, engine: &str, file: &str) -> Stopped {
    let raise = |option, value: String| Ok((option, value));
    let (reason, text, next) = match why {
        Why::States(limit) => (
            StopReason::MaxStates,
            match states > *limit {
                false => format!("the limit of {} came first", count(*limit, "state")),
                // All that comes after a state is counted before the limit is looked at.
                true => format!(
                    "the limit of {} came first; all that follows one state is counted together",
                    count(*limit, "state")
                ),
            },
            // A limit beyond all numbers is none.
            raise("--max-states", limit.saturating_mul(10).to_string()),
        ),
        Why::Memory(limit) => (
            StopReason::MaxMemory,
            format!("the limit of {} of memory came first", bytes(*limit)),
            raise(
                "--max-memory",
                // A limit beyond all numbers is none.
                format!("{}M", (limit >> 20).saturating_mul(2).max(1)),
            ),
        ),
        Why::Time(limit) => (
            StopReason::Timeout,
            format!("the limit of {} came first", seconds(*limit)),
            raise(
                "--timeout",
                // A limit beyond all numbers is none.
                format!("{}s", limit.saturating_mul(10).div_ceil(1000).max(1)),
            ),
        ),
        Why::Failed(said) => (
            StopReason::Failed,
            said.clone(),
            Err("see that there is room, and the right to write there, or name another place"),
        ),
        Why::Interrupted => (
            StopReason::Interrupted,
            "interrupted".to_owned(),
            Err("the same command starts over from the beginning"),
        ),
        Why::Interleavings(limit) => (
            StopReason::MaxInterleavings,
            format!("the limit of {} came first", count(*limit, "interleaving")),
            // A limit beyond all numbers is none.
            raise("--max-interleavings", limit.saturating_mul(10).to_string()),
        ),
        Why::Preemptions(bound) => (
            StopReason::Preemptions,
            format!(
                "all interleavings with at most {} were explored, and no others",
                count(u64::from(*bound), "preemption")
            ),
            raise("--preemptions", (bound + 1).to_string()),
        ),
        Why::Undecided(said) => (
            StopReason::Undecided,
            said.clone(),
            Err(
                "give numbers with `--tasks NAME=N` and `--slots NAME=N` to have those sizes explored, or see `kmapcheck order` for what is waited for in a circle",
            ),
        ),
        Why::Unbounded(what) => (
            StopReason::Unbounded,
            what.clone(),
            Err(
                "no limit helps there: let a loop take back what it gives, or use `repeat` in place of `loop`",
            ),
        ),
        Why::Capacity { what, most } => (
            StopReason::Capacity,
            format!(
                "there are more {what} than the {} that this engine can number",
                number(*most)
            ),
            Err(
                "no limit helps there: give smaller numbers with `--tasks NAME=N` or `--slots NAME=N`",
            ),
        ),
    };
    let (next, raise) = match next {
        Ok(raise) => (String::new(), Some(raise)),
        Err(sentence) => (sentence.to_owned(), None),
    };
    let mut stopped = Stopped {
        reason,
        text,
        next,
        doing: None,
        raise,
    };
    stopped.repeat(engine, &[], file);
    stopped
}

/// A sentence for answers that are not whole.
#[must_use]
pub fn stopped_early(why: &str) -> String {
    format!("Stopped early: {why}; what is not here was not asked.")
}

/// Why a search ended early, in words.
#[must_use]
pub fn ended(why: &Why) -> String {
    match why {
        Why::States(n) => {
            format!(
                "the search ended after {}; `--max-states` gives it more",
                count(*n, "state")
            )
        }
        Why::Memory(_) => "the search ran out of its memory; `--max-memory` gives it more".into(),
        Why::Time(_) => "the search ran out of time; `--timeout` gives it more".into(),
        Why::Interrupted => "the search was interrupted".into(),
        Why::Unbounded(what) | Why::Undecided(what) | Why::Failed(what) => what.clone(),
        Why::Capacity { what, most } => {
            format!("there are more {what} than the {most} that the search can number")
        }
        Why::Interleavings(_) | Why::Preemptions(_) => "the search was cut short".into(),
    }
}

impl Stopped {
    /// Makes the command in `next` repeat the options that were `given`, each with its value, on
    /// `file`; all are quoted for a shell. After an interruption with a checkpoint, `next` says that
    /// the run can go on.
    pub fn repeat(&mut self, engine: &str, given: &[(&'static str, String)], file: &str) {
        let checkpoint = given.iter().find(|(name, _)| *name == "--checkpoint");
        if let (StopReason::Interrupted, Some((_, checkpoint))) = (self.reason, checkpoint) {
            self.next = format!("the same command goes on from {}", quoted(checkpoint));
        }
        let Some((option, value)) = &self.raise else {
            return;
        };
        let mut command = "kmapcheck check".to_owned();
        let engine = match engine {
            "search" => None,
            "apart" => Some(("--reduce", "none".to_owned())),
            other => Some(("--engine", other.to_owned())),
        };
        let kept = given.iter().filter(|(name, _)| {
            let repeated = engine.as_ref().is_some_and(|(said, _)| said == name);
            name != option && *name != "--engine" && !repeated
        });
        let raised = (*option, value.clone());
        for (name, value) in engine.iter().chain(kept).chain([&raised]) {
            // Another file has no name.
            let space = if name.is_empty() { "" } else { " " };
            command.push_str(&format!("{space}{name} {}", quoted(value)));
        }
        // A file must not pass for an option.
        let here = if file.starts_with('-') { "./" } else { "" };
        command.push_str(&format!(" {}", quoted(&format!("{here}{file}"))));
        self.next = command;
    }
}

/// A word for a shell.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_./:=@%+,-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    if !word.contains(char::is_control) {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    let mut out = "$'".to_owned();
    for c in word.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    out.push_str(&format!("\\x{byte:02x}"));
                }
            }
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

fn seconds(millis: u64) -> String {
    if millis.is_multiple_of(1000) {
        count(millis / 1000, "second")
    } else {
        format!("{millis} ms")
    }
}

/// Reasons to doubt that a verdict means what it seems to mean.
pub(crate) fn remarks(program: &Program, outcome: &Outcome) -> Vec<String> {
    let runs = |count: Bound| count == Bound::Any || instances(count) > 0;
    if !program
        .templates
        .iter()
        .any(|template| runs(template.count))
    {
        return vec!["the scenario has no tasks: the verdict proves nothing".to_owned()];
    }
    let mut said = Vec::new();
    said.extend(unused_blocks(program));
    if !outcome.coverage.exhaustive {
        return said;
    }
    for (id, template) in program.templates.iter().enumerate() {
        let never = |origin| outcome.coverage.never_executed.contains(&(id, origin));
        let mut ops = template
            .nodes
            .iter()
            .filter(|node| !matches!(node.op, Op::Choose | Op::Select));
        if ops.clone().next().is_none() {
            said.push(format!(
                "task {} has no operations: the verdict says nothing about it",
                template.name
            ));
        } else if ops.all(|node| never(node.origin)) {
            said.push(format!(
                "no interleaving executes any operation of task {}: the verdict says nothing about what it does",
                template.name
            ));
        }
    }
    said
}

/// Names of blocks that are told one by one.
const NAMED: usize = 3;

/// That some blocks are run by nobody.
fn unused_blocks(program: &Program) -> Option<String> {
    let unused: Vec<_> = program.unused_blocks().collect();
    let first = program.show_location(unused.first()?.location);
    let mut names: Vec<String> = (unused.iter().take(NAMED))
        .map(|block| format!("`{}`", block.name))
        .collect();
    if unused.len() > NAMED {
        names.push(format!("{} more", number((unused.len() - NAMED) as u64)));
    }
    let blocks = plural(unused.len() as u64, "block");
    let they = if unused.len() == 1 { "it" } else { "them" };
    Some(format!(
        "no task runs the {blocks} {} ({first}): the verdict says nothing about {they}",
        list(&names)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For 64 bits: 10^8 states 2.7 * 10^-4, 10^9 states 2.7 * 10^-2, and never more than 1.
    #[test]
    fn the_chance_of_a_missed_state() {
        assert!((missed(100_000_000, 64) - 2.71e-4).abs() < 1e-6);
        assert!((missed(1_000_000_000, 64) - 2.71e-2).abs() < 1e-4);
        assert_eq!((missed(1, 64), missed(u64::MAX, 64)), (0.0, 1.0));
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("a/b-1.json"), "a/b-1.json");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("~$HOME"), "'~$HOME'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a\u{1b}'\\"), r"$'a\x1b\'\\'");
    }

    #[test]
    fn an_interrupted_run_goes_on_from_its_checkpoint() {
        let mut stopped = Stopped {
            reason: StopReason::Interrupted,
            text: "interrupted".to_owned(),
            next: "the same command starts over from the beginning".to_owned(),
            doing: None,
            raise: None,
        };
        stopped.repeat("search", &[("--timeout", "1m".to_owned())], "f.json");
        assert!(stopped.next.contains("starts over"), "{}", stopped.next);
        stopped.repeat("search", &[("--checkpoint", "c k".to_owned())], "f.json");
        assert_eq!(stopped.next, "the same command goes on from 'c k'");
    }

    #[test]
    fn the_command_repeats_what_was_given() {
        let mut stopped = Stopped {
            reason: StopReason::MaxStates,
            text: String::new(),
            next: String::new(),
            doing: None,
            raise: Some(("--max-states", "50".to_owned())),
        };
        let given = [
            ("--model", "my model.json".to_owned()),
            ("--slots", "K=3".to_owned()),
            ("--max-states", "5".to_owned()),
        ];
        stopped.repeat("reference", &given, "-a b.json");
        assert_eq!(
            stopped.next,
            "kmapcheck check --engine reference --model 'my model.json' --slots K=3 --max-states 50 './-a b.json'"
        );
        let given = [
            ("--reduce", "none".to_owned()),
            ("--threads", "2".to_owned()),
        ];
        stopped.repeat("apart", &given, "f");
        assert_eq!(
            stopped.next,
            "kmapcheck check --reduce none --threads 2 --max-states 50 f"
        );
        stopped.raise = None;
        stopped.next = "a sentence".to_owned();
        stopped.repeat("search", &given, "f");
        assert_eq!(stopped.next, "a sentence");
    }
}
