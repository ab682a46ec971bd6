//! The share of called people who check in.

use super::{Queue, Sample};
use std::time::Duration;

/// For 10 seconds after a call the person is expected to check in; after that somebody else is called.
pub(super) const EXPECTED: Duration = Duration::from_secs(10);
/// Over how long the share is counted.
pub(super) const WINDOW: Duration = Duration::from_mins(1);
/// The lowest share that is assumed, in thousandths.
const MIN_SHARE: u64 = 50;

/// How many people were called between two moments; the first is the beginning if none is given, the last is now.
pub(super) fn called_since(queue: &Queue, then: Option<&Sample>, until: Option<&Sample>) -> u64 {
    let by = |sample: Option<&Sample>, index: usize| sample.and_then(|sample| sample.called.get(index).copied());
    let groups = queue.groups.iter().enumerate().map(|(index, group)| {
        let until = by(until, index).unwrap_or(group.called.min(group.issued));
        group.gaps.people(until).saturating_sub(group.gaps.people(by(then, index).unwrap_or(0)))
    });
    groups.sum()
}

/// Of a thousand who were called lately, how many came.
pub(super) fn share(queue: &Queue) -> u64 {
    let expected = queue.ago(EXPECTED);
    let called = expected.map_or(0, |then| called_since(queue, queue.ago(EXPECTED + WINDOW), Some(then)));
    let came = queue.checked_in - queue.ago(WINDOW).map_or(0, |then| then.checked_in);
    // Until something is known, everybody comes.
    (1000 * (came + 1) / (called + 1)).clamp(MIN_SHARE, 1000)
}
