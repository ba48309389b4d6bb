//! Models as a user may write them: see [`kmapcheck_fuzz::model`].
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(
    init: kmapcheck_fuzz::corpus::prepare("model"),
    |data: &[u8]| kmapcheck_fuzz::model(data)
);

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    kmapcheck_fuzz::mutate(data, size, max_size, seed, fuzzer_mutate)
});
