//! Certificates, each with its scenario: see [`kmapcheck_fuzz::certificate`].
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(
    init: kmapcheck_fuzz::corpus::prepare("certificate"),
    |data: &[u8]| kmapcheck_fuzz::certificate(data)
);

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    kmapcheck_fuzz::mutate(data, size, max_size, seed, fuzzer_mutate)
});
