//! What is said in the end.

use crate::crowd::AdmissionLog;
use crate::outcome::{Ending, Outcome};
use crate::show::SEATS;
use crate::tally::Tally;
use anyhow::Result;
use std::collections::BTreeMap;
use std::io::{Write, stdout};
use std::time::Duration;

/// Prints everything; whether nothing is wrong.
pub fn print(outcomes: &[Outcome], tally: &Tally, log: &AdmissionLog) -> Result<bool> {
    let mut out = stdout().lock();
    waits(&mut out, outcomes)?;
    endings(&mut out, outcomes)?;
    writeln!(out, "\nWhat people were told")?;
    for ((asked, answer), times) in tally.told() {
        writeln!(out, "{times:>8}  {asked}: {answer}")?;
    }
    let sound = checks(&mut out, outcomes, log)?;
    Ok(sound)
}

fn waits(out: &mut impl Write, outcomes: &[Outcome]) -> Result<()> {
    writeln!(out, "\nWho waited how long, in seconds    people     min  median     p90     max")?;
    let bought = |outcome: &Outcome| matches!(outcome.ending, Ending::Bought { .. });
    row(out, "who bought", outcomes.iter().filter(|outcome| bought(outcome)))?;
    row(out, "who was admitted", outcomes.iter().filter(|outcome| outcome.admitted))?;
    let in_vain = |outcome: &&Outcome| !outcome.admitted && outcome.ending != Ending::CameTooLate;
    row(out, "who was not", outcomes.iter().filter(in_vain))
}

fn row<'a>(out: &mut impl Write, who: &str, outcomes: impl Iterator<Item = &'a Outcome>) -> Result<()> {
    let mut waits: Vec<Duration> = outcomes.map(|outcome| outcome.waited).collect();
    waits.sort_unstable();
    let at =
        |percent: usize| waits.get(waits.len().saturating_sub(1) * percent / 100).map_or(0.0, Duration::as_secs_f64);
    let (least, median, p90, most) = (at(0), at(50), at(90), at(100));
    let people = waits.len();
    Ok(writeln!(out, "  {who:<30}{people:>9}{least:>8.1}{median:>8.1}{p90:>8.1}{most:>8.1}")?)
}

fn endings(out: &mut impl Write, outcomes: &[Outcome]) -> Result<()> {
    let mut counts = BTreeMap::<Ending, usize>::new();
    for outcome in outcomes {
        *counts.entry(outcome.ending).or_default() += 1;
    }
    writeln!(out, "\nWhat became of them")?;
    for (ending, people) in counts {
        writeln!(out, "{people:>8}  {ending}")?;
    }
    Ok(())
}

fn checks(out: &mut impl Write, outcomes: &[Outcome], log: &AdmissionLog) -> Result<bool> {
    let sold: usize = outcomes.iter().map(|outcome| outcome.ending.seats()).sum();
    let admitted = outcomes.iter().filter(|outcome| outcome.admitted).count();
    let (overshoots, overtakings) = (log.overshoots(), log.overtakings());
    writeln!(out)?;
    let verdicts = [
        check(out, sold == SEATS, &format!("{sold} of {SEATS} seats sold"), &[])?,
        check(out, log.entries.len() >= admitted, &format!("{} admissions in the public log", log.entries.len()), &[])?,
        check(out, overshoots.is_empty(), "never were more admitted than could be", &overshoots)?,
        check(out, overtakings.is_empty(), "nobody was overtaken", &overtakings)?,
    ];
    Ok(verdicts.into_iter().all(|fine| fine))
}

fn check(out: &mut impl Write, fine: bool, what: &str, findings: &[String]) -> Result<bool> {
    writeln!(out, "{}  {what}", if fine { "   ok" } else { "WRONG" })?;
    for finding in findings.iter().take(20) {
        writeln!(out, "       {finding}")?;
    }
    Ok(fine)
}
