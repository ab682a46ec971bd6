//! Holds forecasts against what happened.

use super::estimates::Estimate;
use super::{Forecast, Queue};
use crate::catalogue::Group;
use std::time::Duration;

/// How often an estimate is made for each group.
const EVERY: Duration = Duration::from_secs(30);
/// Only ranks that are called within so many minutes: whether estimates of hours are right is known only when they are
/// over.
const MINUTES: u64 = 5;
/// Estimates of which it is not known yet how right they are.
const MAX: usize = 16;

/// Looks at estimates whose rank has been called, and makes new ones.
pub(super) fn keep(queue: &mut Queue) {
    let is_over = |made: &Estimate| queue.groups.get(made.group.index()).is_none_or(|of| made.rank <= of.called);
    let (over, open): (Vec<_>, Vec<_>) = queue.estimates.made.iter().partition(|made| is_over(made));
    let is_time = open.last().is_none_or(|last: &Estimate| last.at + EVERY <= queue.open_time);
    let groups = if is_time { queue.groups.len() } else { 0 };
    let new: Vec<_> = Group::all(groups).filter_map(|group| make(queue, group)).collect();
    for made in &over {
        queue.estimates.note(made, queue.open_time);
    }
    queue.estimates.made = open.into_iter().chain(new).take(MAX).collect();
}

/// An estimate for the last person in the queue, or for somebody a few minutes from the front.
fn make(queue: &Queue, group: Group) -> Option<Estimate> {
    let of = queue.groups.get(group.index()).filter(|of| of.waiting() > 0)?;
    let forecast = Forecast::of(queue, group);
    let ahead = of.waiting().min(forecast.passed_a_minute.saturating_mul(MINUTES)).max(1);
    let wait = forecast.expected(ahead)?;
    Some(Estimate { group, rank: of.gaps.beyond(of.called, ahead), at: queue.open_time, wait })
}
