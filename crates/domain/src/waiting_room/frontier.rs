//! How far the queue has called, and which calls have lapsed.

use super::arrivals::{EXPECTED, WINDOW, called_since, share};
use super::{Queue, Sample, forecast_check};
use std::time::Duration;

/// How far ahead of the admissions people are called, so that somebody is always checked in.
const AHEAD: Duration = Duration::from_secs(5);
/// Samples of the last minute stand so far apart, all others further.
const CLOSE: Duration = Duration::from_secs(1);
const FAR: Duration = Duration::from_secs(30);

/// Updates which ranks are called and whose calls have lapsed, given how many people are admitted and checked in.
pub(super) fn update(queue: &mut Queue, active: usize, present: u64) {
    if !queue.moves() || !queue.is_drawn() {
        return;
    }
    let free = u64::from(queue.capacity).saturating_sub(active as u64);
    // Nobody has to be checked in for admissions that the rate doesn't allow.
    let free = free.min(queue.allowance / Queue::ADMISSION_COST + u64::from(queue.rate) * AHEAD.as_secs() / 60 + 1);
    call(queue, calls(queue, free, present));
    call_ahead(queue, free);
    lapse(queue);
    note(queue);
    forecast_check::keep(queue);
}

/// How many more to call: so many that those who come fill the room there is, and some stand by.
fn calls(queue: &Queue, free: u64, present: u64) -> u64 {
    let recent = queue.ago(AHEAD).map_or(0, |then| then.admitted);
    let wanted = free + (queue.admitted - recent);
    let then = queue.ago(EXPECTED);
    let called_lately = called_since(queue, then, None);
    let pending = called_lately.saturating_sub(queue.checked_in - then.map_or(0, |then| then.checked_in));
    let share = share(queue);
    let missing = (wanted * 1000).saturating_sub(present * 1000 + share * pending);
    missing.div_ceil(share)
}

/// Calls so many, by weighted turns of the groups in which somebody waits.
fn call(queue: &mut Queue, mut calls: u64) {
    let mut turns = queue.turns(|group| group.call_turns);
    while calls > 0 {
        let waiting = || queue.groups.iter().enumerate().filter(|(_, group)| group.waiting() > 0);
        let Some((index, _)) = waiting().min_by_key(|(index, _)| turns[*index]) else { break };
        let alone = waiting().count() == 1;
        let group = &mut queue.groups[index];
        let part = if alone { calls.min(group.waiting()) } else { 1 };
        group.called = group.gaps.beyond(group.called.min(group.issued), part);
        group.call_turns = turns[index] + part * group.turn();
        turns[index] = group.call_turns;
        calls -= part;
    }
}

/// Where nobody waits, whoever comes is called at once while there is room.
fn call_ahead(queue: &mut Queue, free: u64) {
    for group in queue.groups.iter_mut().filter(|group| group.waiting() == 0) {
        group.called = group.called.max(group.issued + free);
    }
}

fn lapse(queue: &mut Queue) {
    let Some(then) = queue.ago(Queue::CALL_LASTS).map(|then| then.called.clone()) else { return };
    for (group, called) in queue.groups.iter_mut().zip(then) {
        group.lapsed = group.lapsed.max(called);
    }
}

/// Notes how things stand, and forgets what nobody will ask for.
fn note(queue: &mut Queue) {
    let apart = |older: &Sample, newer: Duration| newer.saturating_sub(older.at);
    if queue.trail.last().is_some_and(|last| apart(last, queue.open_time) < CLOSE) {
        return;
    }
    let recent = EXPECTED + WINDOW + CLOSE;
    let mut kept: Vec<Sample> = Vec::with_capacity(queue.trail.len() + 1);
    for sample in queue.trail.drain(..) {
        let age = queue.open_time.saturating_sub(sample.at);
        let close = kept.last().is_some_and(|last| age > recent && apart(last, sample.at) < FAR);
        if !close && age <= Queue::CALL_LASTS + 2 * FAR {
            kept.push(sample);
        }
    }
    let called = queue.called_and_issued();
    kept.push(Sample { at: queue.open_time, called, checked_in: queue.checked_in, admitted: queue.admitted });
    queue.trail = kept;
}
