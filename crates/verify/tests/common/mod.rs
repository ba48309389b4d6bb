//! Certificates of small programs, and forgeries of them.

use kmapcheck_prove::certificate;
use kmapcheck_prove::reasons::Reasons;
use kmapcheck_scenario::Program;
use kmapcheck_verify::{By, Certificate, NotThere, verify};
use serde_json::Value;

/// The program, and what the prover certifies of it.
pub fn certified(scenario: &Value) -> (Program, Certificate) {
    let program = kmapcheck_testing::load(scenario);
    let written = certificate(&program, &Reasons::of(&program), "small.json", None);
    let written = written.unwrap_or_else(|said| panic!("{said}"));
    assert_eq!(verify(&written, &program), Ok(()));
    (program, written)
}

/// What is said to a certificate with such a change, and a fresh digest.
pub fn said(
    (program, certificate): &(Program, Certificate),
    change: impl FnOnce(&mut Certificate),
) -> Result<(), String> {
    let mut forged = certificate.clone();
    change(&mut forged);
    forged.digest = forged.digest_of();
    verify(&forged, program)
}

/// Why such a change is refused.
pub fn refusal(
    certified: &(Program, Certificate),
    change: impl FnOnce(&mut Certificate),
) -> String {
    said(certified, change).expect_err("a forgery was accepted")
}

/// Whether a certificate claims that.
pub fn claims(certificate: &Certificate, kind: &str, by: By) -> bool {
    (certificate.excluded.iter())
        .any(|excluded| excluded.by == by && excluded.kinds.iter().any(|k| k == kind))
}

/// Claims more.
pub fn claim(kind: &str, by: By) -> impl FnOnce(&mut Certificate) {
    let kinds = vec![kind.to_owned()];
    move |certificate| certificate.excluded.push(NotThere { kinds, by })
}
