//! What many runs come to: shares with their intervals, means, histograms.

use serde::Serialize;

/// The quantile of the normal distribution that leaves 2.5 % on either side.
const Z: f64 = 1.959_963_984_540_054;
/// The most bars of a histogram.
const BARS: u64 = 20;

/// A share of runs, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// The share of the runs.
    pub estimate: f64,
    /// Lower end of the interval of Wilson.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// In how many of a hundred simulations the interval has the true share in it.
    pub confidence: f64,
}

impl Share {
    /// `hits` of `runs`.
    ///
    /// The interval is Wilson's, without correction for continuity: the shares that a test of the
    /// normal approximation does not reject at what was seen. It is right also where there were no
    /// hits, or nothing but hits.
    #[must_use]
    pub fn of(hits: u64, runs: u64) -> Share {
        if runs == 0 {
            return Share {
                estimate: 0.0,
                low: 0.0,
                high: 1e6,
                confidence: 95.0,
            };
        }
        let (n, p) = (float(runs), float(hits) / float(runs));
        let z2 = Z * Z;
        let middle = p + z2 / (2.0 * n);
        let spread = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z2 / n;
        // At the ends the formula gives 0 and 1 but for rounding.
        let low = if hits == 0 {
            0.0
        } else {
            (middle - spread) / scale
        };
        let high = if hits == runs {
            1.0
        } else {
            (middle + spread) / scale
        };
        Share {
            estimate: millionths(p),
            low: millionths(low),
            high: millionths(high),
            confidence: 95.0,
        }
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "numbers of runs and steps are far below 2^53"
)]
fn float(n: u64) -> f64 {
    n as f64
}

/// To a tenth of a millionth.
fn millionths(share: f64) -> f64 {
    (share * 1e7).round() / 10.0
}

/// Numbers of steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Steps {
    /// The mean.
    pub mean: f64,
    /// The median: half of the runs needed no more.
    pub median: u64,
    /// The fewest.
    pub fewest: u64,
    /// The most.
    pub most: u64,
}

impl Steps {
    /// Of numbers in ascending order; `None`: there are none.
    #[must_use]
    pub fn of(sorted: &[u64]) -> Option<Steps> {
        let (&fewest, &most) = (sorted.first()?, sorted.last()?);
        let sum: u64 = sorted.iter().sum();
        Some(Steps {
            mean: (float(sum) / float(sorted.len() as u64) * 100.0).round() / 100.0,
            median: sorted[(sorted.len() - 1) / 2],
            fewest,
            most,
        })
    }
}

/// A bar of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// The fewest steps that are counted here.
    pub from: u64,
    /// The most.
    pub to: u64,
    /// How many runs.
    pub runs: u64,
}

/// How often numbers, given in ascending order, are where: bars of the same width, as few steps wide
/// as `BARS` of them allow.
#[must_use]
pub fn histogram(sorted: &[u64]) -> Vec<Bucket> {
    let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else {
        return Vec::new();
    };
    let width = (last - first + 1).div_ceil(BARS);
    let bars = (last - first) / width + 1;
    let mut buckets: Vec<Bucket> = (0..bars)
        .map(|i| Bucket {
            from: first + i * width,
            to: first + (i + 1) * width - 1,
            runs: 0,
        })
        .collect();
    for &number in sorted {
        let bar = usize::try_from((number - first) / width).expect("there are but `BARS` of them");
        buckets[bar].runs += 1;
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values from Newcombe (1998, *Two-sided confidence intervals for the single proportion*,
    /// table I, method 3), to the four digits given there.
    #[test]
    fn intervals_are_wilsons() {
        for (hits, runs, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
            (29, 29, 0.8830, 1.0),
        ] {
            let share = Share::of(hits, runs);
            let close = |millionths: f64, expected: f64| (millionths / 1e6 - expected).abs() < 6e-5;
            assert!(
                close(share.low, low) && close(share.high, high),
                "{hits}/{runs}: {share:?}"
            );
            assert!(share.low <= share.estimate && share.estimate <= share.high);
        }
        assert_eq!((Share::of(0, 0).low, Share::of(0, 0).high), (0.0, 1e6));
    }

    #[test]
    fn means_and_medians() {
        assert_eq!(Steps::of(&[]), None);
        let steps = Steps::of(&[1, 2, 3, 10]).expect("there are some");
        // 16/4; the second of four.
        assert_eq!(
            (steps.mean, steps.median, steps.fewest, steps.most),
            (4.0, 2, 1, 10)
        );
    }

    #[test]
    fn every_number_is_in_one_bar() {
        assert_eq!(histogram(&[]), []);
        assert_eq!(
            histogram(&[7, 7]),
            [Bucket {
                from: 7,
                to: 7,
                runs: 2
            }]
        );
        // 1 to 41 are 41 numbers: bars of three, fourteen of them.
        let numbers: Vec<u64> = (1..=41).collect();
        let bars = histogram(&numbers);
        assert_eq!(bars.len(), 14);
        assert_eq!((bars[0].from, bars[0].to, bars[0].runs), (1, 3, 3));
        assert_eq!((bars[13].from, bars[13].to, bars[13].runs), (40, 42, 2));
        assert_eq!(bars.iter().map(|bar| bar.runs).sum::<u64>(), 41);
    }
}
