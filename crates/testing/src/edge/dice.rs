//! A source of choices that shrinks: bytes, used up one by one.
//!
//! A generator that reads its choices from a list is plain code, and what proptest knows of shrinking
//! lists of numbers shrinks whatever it makes (MacIver and Donaldson, *Test-Case Reduction via
//! Test-Case Generation*, ECOOP 2020). So zero is always the simplest choice, and where the list
//! ends there are only zeros.

/// The bytes that are left.
#[derive(Debug)]
pub(crate) struct Dice<'a>(std::slice::Iter<'a, u8>);

impl<'a> Dice<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Dice(bytes.iter())
    }

    fn byte(&mut self) -> usize {
        // When the bytes are used up, everything is as small as it can be.
        self.0.next().copied().unwrap_or(0).into()
    }

    /// One of them; the first is the simplest. There is one at least.
    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.byte() % from.len()].clone()
    }

    /// True once in `n` times.
    pub(crate) fn once_in(&mut self, n: usize) -> bool {
        self.byte() % n == n - 1
    }

    /// The same in another order.
    pub(crate) fn shuffled<T: Clone>(&mut self, list: &[T]) -> Vec<T> {
        let (mut rest, mut shuffled) = (list.to_vec(), Vec::new());
        while !rest.is_empty() {
            shuffled.push(rest.remove(self.byte() % rest.len()));
        }
        shuffled
    }

    /// A number at the edge of a capacity: one, the capacity, one less, one and two more, nothing;
    /// of those the ones that are no less than `least`.
    pub(crate) fn edge(&mut self, capacity: u32, least: u32) -> u32 {
        let edges = [
            1,
            capacity,
            // One less than nothing is nothing.
            capacity.saturating_sub(1),
            capacity + 1,
            0,
            capacity + 2,
        ];
        let legal: Vec<u32> = edges.into_iter().filter(|&n| n >= least).collect();
        self.pick(&legal)
    }
}
