//! `check` of scenarios with open numbers.

use kmapcheck_testing::edge::Numbers;
use kmapcheck_testing::edge::aim::aimed;
use kmapcheck_testing::load;

use super::common::decided_rightly;

/// And everything that scenarios are made of has met everything else.
#[test]
fn open_numbers_are_decided_rightly() {
    let came = aimed(Numbers::Open, 300, |scenario| {
        decided_rightly(&load(scenario), 5)
    });
    println!("{}", came.met);
    assert!(came.of("clean") > 20 && came.of("violated") > 20);
    assert_eq!(came.met.missing(), []);
}
