//! How far the line has called, and which calls have lapsed.

use super::estimates::Estimates;
use super::{Line, Sample};
use std::time::Duration;

/// How far ahead of the admissions people are called, so that there is always somebody at the door.
const AHEAD: Duration = Duration::from_secs(5);
/// How long somebody who was called is expected.
const EXPECTED: Duration = Duration::from_secs(10);
/// Over how long it is counted which share of those who are called comes.
const WINDOW: Duration = Duration::from_mins(1);
/// At least so many of a thousand are thought to come.
const LEAST_SHARE: u64 = 50;
/// Samples of the last minute stand so far apart, all others further.
const CLOSE: Duration = Duration::from_secs(1);
const FAR: Duration = Duration::from_secs(30);

/// Moves what was called and what has lapsed, given how many slots are taken and how many stand at the door.
pub(super) fn advance(line: &mut Line, active: usize, at_door: u64) {
    if !line.phase.moves() || !line.is_drawn() {
        return;
    }
    let free = u64::from(line.capacity).saturating_sub(active as u64);
    // What the rate does not let in needs nobody at the door.
    let free = free.min(line.allowance / Line::ADMISSION_COST + u64::from(line.rate) * AHEAD.as_secs() / 60 + 1);
    call(line, calls(line, free, at_door));
    call_ahead(line, free);
    lapse(line);
    note(line);
    Estimates::keep(line);
}

/// How many more to call: so many come of those who are called that the free slots are taken and some stand by.
fn calls(line: &Line, free: u64, at_door: u64) -> u64 {
    let recent = line.ago(AHEAD).map_or(0, |then| then.admitted);
    let wanted = free + (line.admitted - recent);
    let then = line.ago(EXPECTED);
    let called_lately = called_since(line, then, None);
    let pending = called_lately.saturating_sub(line.claimed - then.map_or(0, |then| then.claimed));
    let share = share(line);
    let missing = (wanted * 1000).saturating_sub(at_door * 1000 + share * pending);
    missing.div_ceil(share)
}

/// How many people were called between two moments; the first is the beginning if none is given, the last is now.
fn called_since(line: &Line, then: Option<&Sample>, until: Option<&Sample>) -> u64 {
    let by = |sample: Option<&Sample>, index: usize| sample.and_then(|sample| sample.called.get(index).copied());
    let groups = line.groups.iter().enumerate().map(|(index, group)| {
        let until = by(until, index).unwrap_or(group.called.min(group.issued));
        group.gaps.people(until).saturating_sub(group.gaps.people(by(then, index).unwrap_or(0)))
    });
    groups.sum()
}

/// Of a thousand who were called lately, how many came.
pub(super) fn share(line: &Line) -> u64 {
    let expected = line.ago(EXPECTED);
    let called = expected.map_or(0, |then| called_since(line, line.ago(EXPECTED + WINDOW), Some(then)));
    let came = line.claimed - line.ago(WINDOW).map_or(0, |then| then.claimed);
    // Until something is known, everybody comes.
    (1000 * (came + 1) / (called + 1)).clamp(LEAST_SHARE, 1000)
}

/// Calls so many, by weighted turns of the groups in which somebody waits.
fn call(line: &mut Line, mut calls: u64) {
    let mut turns = line.turns(|group| group.summoned);
    while calls > 0 {
        let waiting = || line.groups.iter().enumerate().filter(|(_, group)| group.waiting() > 0);
        let Some((index, _)) = waiting().min_by_key(|(index, _)| turns[*index]) else { break };
        let alone = waiting().count() == 1;
        let group = &mut line.groups[index];
        let part = if alone { calls.min(group.waiting()) } else { 1 };
        group.called = group.gaps.beyond(group.called.min(group.issued), part);
        group.summoned = turns[index] + part * group.turn();
        turns[index] = group.summoned;
        calls -= part;
    }
}

/// Where nobody waits, whoever comes is called at once while there are free slots.
fn call_ahead(line: &mut Line, free: u64) {
    for group in line.groups.iter_mut().filter(|group| group.waiting() == 0) {
        group.called = group.called.max(group.issued + free);
    }
}

fn lapse(line: &mut Line) {
    let Some(then) = line.ago(Line::GRACE).map(|then| then.called.clone()) else { return };
    for (group, called) in line.groups.iter_mut().zip(then) {
        group.lapsed = group.lapsed.max(called);
    }
}

/// Notes how things stand, and forgets what nobody will ask for.
fn note(line: &mut Line) {
    let apart = |older: &Sample, newer: Duration| newer.saturating_sub(older.at);
    if line.trail.last().is_some_and(|last| apart(last, line.open_time) < CLOSE) {
        return;
    }
    let recent = EXPECTED + WINDOW + CLOSE;
    let mut kept: Vec<Sample> = Vec::with_capacity(line.trail.len() + 1);
    for sample in line.trail.drain(..) {
        let age = line.open_time.saturating_sub(sample.at);
        let close = kept.last().is_some_and(|last| age > recent && apart(last, sample.at) < FAR);
        if !close && age <= Line::GRACE + 2 * FAR {
            kept.push(sample);
        }
    }
    let called = line.called_and_issued();
    kept.push(Sample { at: line.open_time, called, claimed: line.claimed, admitted: line.admitted });
    line.trail = kept;
}
