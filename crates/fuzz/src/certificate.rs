//! The target `certificate`.

use kmapcheck_local::Locals;
use kmapcheck_prove::closed;
use kmapcheck_scenario::{Bound, Program};
use kmapcheck_verify::{By, Certificate, Flow, kinds, ranks_to_drain, ranks_to_rest, verify};

use crate::{engines, load, pair, prover};

/// Reads an object with a `scenario` and a `certificate`, and verifies the certificate: as it is,
/// and as a forger would hand it in, who fills in what the checker knows itself (the digest, the
/// local states, the kinds of waiting task). What is accepted must not exclude what the reference
/// finds.
///
/// # Panics
///
/// If something does not hold that must.
pub fn certificate(data: &[u8]) {
    let Some((scenario, certificate)) = pair(data, "certificate") else {
        return;
    };
    let Ok(certificate) = serde_json::from_value::<Certificate>(certificate) else {
        return;
    };
    let Some(program) = load(&scenario) else {
        return;
    };
    let forged = forge(certificate.clone(), &program);
    for certificate in [certificate, forged] {
        match verify(&certificate, &program) {
            Err(wrong) => assert!(!wrong.is_empty()),
            Ok(()) => excludes_nothing_that_occurs(&certificate, &program),
        }
    }
}

/// The certificate with everything right that can be copied from what the checker finds out.
fn forge(mut certificate: Certificate, program: &Program) -> Certificate {
    if let Ok(locals) = Locals::of(program) {
        let closed = closed(program, &locals).unwrap_or_else(|wrong| panic!("{wrong}"));
        certificate.locals = closed.written();
        certificate.waiting = (kinds(program, &closed).iter().flatten())
            .map(|kind| kind.written(program))
            .collect();
        certificate.ranks = (ranks_to_drain(program, &closed))
            .filter(|_| rests_on(&certificate, By::Drains))
            .or_else(|| {
                let rests = rests_on(&certificate, By::Rests);
                ranks_to_rest(program, &closed).filter(|_| rests)
            })
            .unwrap_or_default();
        if let Some(flow) = &mut certificate.flow
            && let Ok(counting) = Flow::of(program, &closed, &flow.never_refused)
        {
            flow.steps = counting.taken();
        }
    }
    certificate.format = kmapcheck_verify::FORMAT.to_owned();
    certificate.digest = certificate.digest_of();
    certificate
}

fn rests_on(certificate: &Certificate, by: By) -> bool {
    certificate
        .excluded
        .iter()
        .any(|excluded| excluded.by == by)
}

fn excludes_nothing_that_occurs(certificate: &Certificate, program: &Program) {
    let sized = prover::sized(program);
    for sized in &sized {
        let seen = engines::reference(sized);
        for kind in certificate.excluded.iter().flat_map(|e| &e.kinds) {
            let occurs = prover::kind_of(kind).is_some_and(|kind| seen.contains(kind));
            let slots: Vec<Bound> = sized.series.iter().map(|series| series.slots).collect();
            assert!(
                !occurs,
                "{kind} is excluded, and occurs with slots {slots:?}"
            );
        }
    }
}
