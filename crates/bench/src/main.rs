//! `just bench`: kmapcheck beside SPIN, Rumur and stateright, on the same scenarios in one run.
//!
//! For each family the number of tasks grows until a tool no longer ends within the cap, or would
//! not by far; then it is left out of larger sizes. One tool runs at a time. SPIN and Rumur get
//! their models from `kmapcheck export`, stateright has one written by hand ([`peer`]). Tools that
//! tell every task apart must count the same states, and all must agree on whether there is a
//! deadlock; otherwise the run fails, whatever the times, and records nothing more.

mod family;
mod measure;
mod peer;
mod real_sizes;
mod scaled;
mod summary;
mod table;
mod tool;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use family::{Case, Family};
use measure::Bounds;
use table::{Row, Table};
use tool::{Goal, Outcome, Places, Tool};

/// Measures kmapcheck beside other model checkers
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Seconds that a run may take
    #[arg(long, default_value_t = 60)]
    cap: u64,
    /// Gigabytes that a run may take
    #[arg(long, default_value_t = 12)]
    memory: u64,
    /// Three sizes of each family, and a cap of 5 seconds
    #[arg(long)]
    quick: bool,
    /// The binary to measure
    #[arg(long, global = true, default_value = "target/release/kmapcheck")]
    kmapcheck: PathBuf,
    /// Only families, or scenarios, with this in their names
    #[arg(long, global = true, default_value = "")]
    only: String,
    /// Write the summary into this document, between its marks
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Every scenario with 1,024 slots and 32,767 tasks: which are settled, and how fast
    RealSizes {
        /// CPU seconds, and the limit of each
        #[arg(long, default_value_t = 2.0)]
        seconds: f64,
    },
    /// One run of stateright, for the measurement of a process of its own
    #[command(hide = true)]
    Stateright {
        family: String,
        tasks: usize,
        slots: usize,
        mode: String,
        threads: usize,
        #[arg(long)]
        whole: bool,
    },
    /// Runs a command and says what it took
    #[command(hide = true)]
    Measure {
        milliseconds: u64,
        bytes: u64,
        #[arg(last = true)]
        command: Vec<String>,
    },
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.command {
        Some(Command::Stateright {
            ref family,
            tasks,
            slots,
            ref mode,
            threads,
            whole,
        }) => {
            let family = Family::named(family).ok_or_else(|| format!("no family {family}"));
            family.map(|family| {
                let case = Case {
                    family,
                    tasks,
                    slots,
                };
                println!("{}", peer::run(case, mode, threads, whole));
            })
        }
        Some(Command::Measure {
            milliseconds,
            bytes,
            ref command,
        }) => {
            let bounds = Bounds {
                time: Duration::from_millis(milliseconds),
                memory: bytes,
            };
            measure::here(command, bounds).map(|said| println!("{said}"))
        }
        Some(Command::RealSizes { seconds }) => {
            real_sizes::real_sizes(&args.kmapcheck, &args.only, seconds, args.memory << 30)
        }
        None => bench(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(said) => {
            eprintln!("kmapcheck-bench: {said}");
            ExitCode::FAILURE
        }
    }
}

fn bench(args: &Args) -> Result<(), String> {
    let scratch = std::env::temp_dir().join(format!("kmapcheck-bench-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).map_err(|e| format!("{}: {e}", scratch.display()))?;
    let kmapcheck = (args.kmapcheck.canonicalize())
        .map_err(|e| format!("{}: {e}; `just bench` builds it", args.kmapcheck.display()))?;
    let places = Places {
        scratch,
        kmapcheck,
        bounds: Bounds {
            time: Duration::from_secs(if args.quick { 5 } else { args.cap }),
            memory: args.memory << 30,
        },
    };
    let families = || {
        Family::ALL
            .into_iter()
            .filter(|f| f.name().contains(&args.only))
    };
    let mut wrong = Vec::new();
    let real: Vec<Row> = families()
        .map(|family| {
            let (case, goal) = (family.real(), Goal::Whole);
            one(case, Tool::Counted, goal, &places, &mut wrong)
        })
        .collect();
    let whole = families().map(|family| (family, Goal::Whole));
    let deadlocks = families().filter(|family| family.deadlocks());
    let deadlocks = deadlocks.map(|family| (family, Goal::Deadlock));
    let mut tables = Vec::new();
    for (family, goal) in whole.chain(deadlocks) {
        println!("## {}, {}\n", family.name(), goal.name());
        let table = series(family, goal, args.quick, &places, &mut wrong);
        tables.push(table);
        // A run that is cut short leaves the families that it came to the end of.
        if let (Some(document), []) = (&args.record, &wrong[..]) {
            summary::record(document, &summary::summary(&tables, &real, &places))?;
        }
    }
    let summary = summary::summary(&tables, &real, &places);
    println!("# Summary\n\n{summary}");
    std::fs::remove_dir_all(&places.scratch).map_err(|e| e.to_string())?;
    if wrong.is_empty() {
        Ok(())
    } else {
        let wrong = wrong.join("\n");
        Err(format!("nothing is recorded from here on:\n{wrong}"))
    }
}

/// One run. `wrong`: a tool that does not run, or is wrong about deadlocks.
fn one(case: Case, tool: Tool, goal: Goal, places: &Places, wrong: &mut Vec<String>) -> Row {
    let what = format!("{} {}", case.name(), tool.name());
    eprint!("{what} ... ");
    let outcome = tool.run(case, goal, places).unwrap_or_else(|error| {
        wrong.push(format!("{what}: {error}"));
        Outcome::Gave("failed".to_owned())
    });
    match &outcome {
        Outcome::Gave(why) => eprintln!("{why}"),
        Outcome::Answer(answer) => {
            eprintln!("{:.3} s", answer.time.as_secs_f64());
            if answer.deadlock != case.family.deadlocks() {
                wrong.push(format!("{what} says that deadlock: {}", answer.deadlock));
            }
        }
    }
    Row {
        case,
        tool,
        outcome,
    }
}

/// One family, all tools, growing sizes.
fn series(
    family: Family,
    goal: Goal,
    quick: bool,
    places: &Places,
    wrong: &mut Vec<String>,
) -> Table {
    let sizes = family.sizes();
    let sizes = &sizes[..if quick { 3 } else { sizes.len() }];
    let mut tools: Vec<Tool> = (Tool::all().iter().copied())
        .filter(|tool| tool.answers(goal))
        .collect();
    let mut table = Table {
        family,
        goal,
        rows: Vec::new(),
    };
    for &tasks in sizes {
        let case = Case {
            family,
            tasks,
            slots: family.slots(tasks),
        };
        let from = table.rows.len();
        tools.retain(|tool| tool.can(case));
        for tool in std::mem::take(&mut tools) {
            let row = match table.expected(tool, case) {
                Some(time) if time > places.bounds.time * 2 => Row {
                    case,
                    tool,
                    outcome: Outcome::Gave(format!("not tried, > {} s expected", time.as_secs())),
                },
                _ => one(case, tool, goal, places, wrong),
            };
            tools.extend(row.answer().map(|_| tool));
            table.rows.push(row);
        }
        if goal == Goal::Whole {
            wrong.extend(same_states(&table.rows[from..]).err());
        }
        println!("{}", table.show(|shown| shown == case));
    }
    table
}

/// Tools that tell all states apart must have counted the same.
fn same_states(rows: &[Row]) -> Result<(), String> {
    let mut counts = (rows.iter())
        .filter(|row| row.tool.counts_named_states())
        .filter_map(|row| Some((row, row.answer()?.states)));
    let Some((first, states)) = counts.next() else {
        return Ok(());
    };
    match counts.find(|&(_, other)| other != states) {
        None => Ok(()),
        Some((row, other)) => Err(format!(
            "{}: {} has {other} states, {} has {states}",
            row.case.name(),
            row.tool.name(),
            first.tool.name()
        )),
    }
}
