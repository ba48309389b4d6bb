//! Options of `kmapcheck test` about how many scenarios are run, and for whom it is reported.

use std::path::PathBuf;

use clap::Args;

/// How many scenarios are run, and for whom it is reported.
#[derive(Debug, Clone, Args)]
pub struct SuiteArgs {
    /// So many scenarios at once; what is printed is the same for any number
    #[arg(long, short, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: u16,
    /// Stop after the first scenario that is not as expected
    #[arg(long, overrides_with = "no_fail_fast")]
    pub fail_fast: bool,
    /// Run all scenarios, whatever they come to (the default)
    #[arg(long, overrides_with = "fail_fast")]
    pub no_fail_fast: bool,
    /// Run only every Nth scenario, from the Kth on, such as 1/3: for CI systems with N machines
    #[arg(long, value_name = "K/N", value_parser = partition)]
    pub partition: Option<Partition>,
    /// Write a test report in the JUnit format
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write what is not as it should be in the SARIF format
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// Rewrite `expect` where it differs from what was found (with --require-expect, add it where there is none); look at the difference before you commit it
    #[arg(long)]
    pub update_expect: bool,
    /// Fail on scenarios without `expect`: nothing can be checked of them
    #[arg(long)]
    pub require_expect: bool,
    /// Run again whenever a file changes, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
}

/// Which part of the scenarios to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Which, from 1.
    pub which: u32,
    /// Of how many.
    pub of: u32,
}

impl Partition {
    /// Whether the scenario at this position, from 0, is in it.
    pub fn has(self, position: usize) -> bool {
        position % self.of as usize == self.which as usize - 1
    }
}

/// `K/N`.
fn partition(text: &str) -> Result<Partition, String> {
    let number = |text: &str| text.parse::<u32>().ok().filter(|&number| number > 0);
    (text.split_once('/'))
        .and_then(|(which, of)| Some((number(which)?, number(of)?)))
        .filter(|(which, of)| which <= of)
        .map(|(which, of)| Partition { which, of })
        .ok_or_else(|| "expected K/N with K from 1 to N, such as 1/3".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_have_everything_once() {
        let parts: Vec<Partition> = ["1/3", "2/3", "3/3"]
            .iter()
            .map(|text| partition(text).expect("it is one"))
            .collect();
        for position in 0..10 {
            let with = parts.iter().filter(|part| part.has(position)).count();
            assert_eq!(with, 1, "{position}");
        }
        for wrong in ["0/3", "4/3", "1/0", "1", "a/b", "1/3/5", "-1/3", ""] {
            assert!(partition(wrong).is_err(), "{wrong}");
        }
    }
}
