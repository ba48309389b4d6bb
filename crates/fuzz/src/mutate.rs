//! Changing an input: as JSON most of the time, byte by byte now and then.
//!
//! Bytes changed at random mostly make a text that is no JSON, or names nothing that there is. So
//! an input is read as JSON, changed in a few places ([`change`](crate::change)), and written
//! again; only what is no JSON, and one input in eight, is left to libFuzzer's own changes, which
//! know the words of `json.dict`.

use fastrand::Rng;
use serde_json::Value;

use crate::change::change;

/// Changes the first `size` bytes of `data`, which may grow to `max_size`, and returns how many
/// there are then. `bytes` is libFuzzer's way.
pub fn mutate(
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
    bytes: impl FnOnce(&mut [u8], usize, usize) -> usize,
) -> usize {
    let mut rng = Rng::with_seed(u64::from(seed));
    if rng.u8(..8) > 0
        && let Some(changed) = changed(&data[..size], &mut rng)
        && changed.len() <= max_size.min(data.len())
    {
        data[..changed.len()].copy_from_slice(&changed);
        return changed.len();
    }
    bytes(data, size, max_size)
}

/// The text changed in up to four places; `None`: it is no JSON.
fn changed(text: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(text).ok()?;
    for _ in 0..rng.usize(1..=4) {
        change(&mut value, rng);
    }
    serde_json::to_vec(&value).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn by_seed(text: &[u8], max_size: usize, seed: u32) -> Vec<u8> {
        let mut data = text.to_vec();
        data.resize(max_size.max(text.len()), 0);
        let size = mutate(&mut data, text.len(), max_size, seed, |_, size, _| size);
        data[..size].to_vec()
    }

    #[test]
    fn json_stays_json_and_differs() {
        let text = json!({ "tasks": [{ "count": 2, "program": [{ "kmap": "p" }] }] }).to_string();
        let mutated: Vec<Vec<u8>> = (0..200)
            .map(|seed| by_seed(text.as_bytes(), 4096, seed))
            .collect();
        let json = |text: &Vec<u8>| serde_json::from_slice::<Value>(text).is_ok();
        assert!(mutated.iter().all(json));
        let same = mutated.iter().filter(|now| *now == text.as_bytes()).count();
        assert!(same < 60, "{same}");
    }

    #[test]
    fn the_same_seed_does_the_same() {
        let text = br#"{"a":[1,2,3],"b":"c"}"#;
        assert!((0..50).all(|seed| by_seed(text, 99, seed) == by_seed(text, 99, seed)));
    }

    #[test]
    fn nothing_grows_beyond_the_limit_and_other_texts_are_left_to_libfuzzer() {
        let text = br#"{"a":[1,2,3],"b":"c"}"#;
        assert!((0..200).all(|seed| by_seed(text, text.len(), seed).len() <= text.len()));
        assert!((0..50).all(|seed| by_seed(b"{", 99, seed) == b"{"));
    }
}
