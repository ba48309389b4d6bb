//! loom against the search on random programs. `KMAPCHECK_CASES` sets how many.

mod common;

use std::sync::atomic::{AtomicU32, Ordering};

use common::{Classes, differences, search};
use kmapcheck_loom::{LoomLimits, fits, run};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Larger programs are left out.
const MAX_STATES: u64 = 4_000;
const MAX_INTERLEAVINGS: u64 = 1_000;

#[test]
fn random_programs() {
    let (complete, cut_short) = (AtomicU32::new(0), AtomicU32::new(0));
    let config = kmapcheck_testing::config(150);
    let mut runner = TestRunner::new(config);
    let result = runner.run(&kmapcheck_testing::scenario(), |scenario| {
        let program = kmapcheck_testing::load(&scenario);
        prop_assume!(fits(&program).is_ok());
        let search = search(&program, Some(MAX_STATES));
        prop_assume!(search.stopped.is_none());
        let limits = LoomLimits {
            max_interleavings: Some(MAX_INTERLEAVINGS),
            ..LoomLimits::default()
        };
        let loom = match run(&program, &limits, &mut |_| {}) {
            Ok(loom) => loom,
            Err(error) => return Err(TestCaseError::fail(format!("{error}\n{scenario}"))),
        };
        let counter = if loom.complete { &complete } else { &cut_short };
        counter.fetch_add(1, Ordering::Relaxed);
        let differences = differences(&program, &search, &loom, Classes::Reachable);
        prop_assert!(differences.is_empty(), "{differences:?}\n{scenario}");
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let (complete, cut_short) = (complete.into_inner(), cut_short.into_inner());
    assert!(
        complete > cut_short,
        "only {complete} explored to the end, {cut_short} cut short"
    );
}
