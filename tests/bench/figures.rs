//! Figures out of what was measured.

use std::time::Duration;

/// The middle one.
pub fn median(values: &[f64]) -> f64 {
    let values = sorted(values);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// The lowest and the highest.
pub fn range(values: &[f64]) -> (f64, f64) {
    let values = sorted(values);
    (values.first().copied().unwrap_or(f64::NAN), values.last().copied().unwrap_or(f64::NAN))
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

/// What so many percent took no longer than, in milliseconds.
pub fn percentile(times: &[Duration], percent: usize) -> f64 {
    let mut times = times.to_vec();
    times.sort();
    let rank = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(rank).map_or(f64::NAN, |time| 1000.0 * time.as_secs_f64())
}

/// How many a second.
pub fn per_second(count: usize, taken: Duration) -> f64 {
    number(count) / taken.as_secs_f64()
}

/// Nothing here is counted beyond four billion.
pub fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
