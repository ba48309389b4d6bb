//! `just bench`: kmapcheck beside SPIN, Rumur and stateright, on the same scenarios in one run.
//!
//! For each family the number of tasks grows until a tool no longer ends within the cap; then it
//! is left out of larger sizes. One tool runs at a time. SPIN and Rumur get their models from
//! `kmapcheck export`, stateright has one written by hand ([`peer`]). Tools that tell every task
//! apart must count the same states, and all must agree on whether there is a deadlock; otherwise
//! the run fails, whatever the times.

mod family;
mod measure;
mod peer;
mod table;
mod tool;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use family::{Case, Family};
use table::{Row, Table};
use tool::{Goal, Places, Tool};

/// Measures kmapcheck beside other model checkers
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Seconds that a run may take
    #[arg(long, default_value_t = 60)]
    cap: u64,
    /// Three sizes of each family, and a cap of 5 seconds
    #[arg(long)]
    quick: bool,
    /// The binary to measure
    #[arg(long, default_value = "target/release/kmapcheck")]
    kmapcheck: PathBuf,
    /// Only families with this in their names
    #[arg(long, default_value = "")]
    only: String,
}

#[derive(Debug, Subcommand)]
enum Command {
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
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.command {
        Some(Command::Stateright {
            family,
            tasks,
            slots,
            mode,
            threads,
            whole,
        }) => {
            let family = Family::named(&family).ok_or_else(|| format!("no family {family}"));
            family.map(|family| {
                let case = Case {
                    family,
                    tasks,
                    slots,
                };
                println!("{}", peer::run(case, &mode, threads, whole));
            })
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
    let places = Places { scratch, kmapcheck };
    let cap = Duration::from_secs(if args.quick { 5 } else { args.cap });
    let families = || {
        Family::ALL
            .into_iter()
            .filter(|f| f.name().contains(&args.only))
    };
    println!("# Every state, within {} s a run\n", cap.as_secs());
    for family in families() {
        series(family, Goal::Whole, args, &places, cap)?;
    }
    println!("# To a deadlock, within {} s a run\n", cap.as_secs());
    for family in families().filter(|family| family.deadlocks()) {
        series(family, Goal::Deadlock, args, &places, cap)?;
    }
    std::fs::remove_dir_all(&places.scratch).map_err(|e| e.to_string())
}

/// One family, all tools.
fn series(
    family: Family,
    goal: Goal,
    args: &Args,
    places: &Places,
    cap: Duration,
) -> Result<(), String> {
    let sizes = family.sizes();
    let sizes = &sizes[..if args.quick { 3 } else { sizes.len() }];
    // Without reductions kmapcheck explores everything, whatever is asked for.
    let mut tools: Vec<Tool> = (Tool::all().iter().copied())
        .filter(|tool| goal == Goal::Whole || !matches!(tool, Tool::Plain { .. }))
        .collect();
    let mut table = Table::default();
    for &tasks in sizes {
        let case = Case {
            family,
            tasks,
            slots: family.slots(tasks),
        };
        let mut named: Option<(Tool, u64)> = None;
        let mut still = Vec::new();
        for &tool in tools.iter().filter(|tool| tool.can(case)) {
            eprint!("{} {} ... ", case.name(), tool.name());
            let Some(answer) = tool.run(case, goal, places, cap)? else {
                eprintln!("more than {} s", cap.as_secs());
                table.too_long(tool);
                continue;
            };
            eprintln!("{:.3} s", answer.time.as_secs_f64());
            if answer.deadlock != family.deadlocks() {
                return Err(format!(
                    "{}: {} says that deadlock: {}",
                    case.name(),
                    tool.name(),
                    answer.deadlock
                ));
            }
            if goal == Goal::Whole && tool.counts_named_states() {
                match named {
                    None => named = Some((tool, answer.states)),
                    Some((_, states)) if states == answer.states => {}
                    Some((other, states)) => {
                        return Err(format!(
                            "{}: {} has {} states, {} has {states}",
                            case.name(),
                            tool.name(),
                            answer.states,
                            other.name()
                        ));
                    }
                }
            }
            table.add(Row { case, tool, answer });
            still.push(tool);
        }
        tools = still;
    }
    println!("## {}\n\n{}", family.name(), table.show(goal));
    Ok(())
}
