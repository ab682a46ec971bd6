//! The tables.

use crate::Turn;
use std::collections::BTreeMap;
use std::io::{Result, Write};

/// Turns of one database that took place one after the other.
#[derive(Clone, Copy)]
pub struct Paired {
    pub http: Turn,
    pub full: Turn,
    pub textbook: Turn,
}

/// What was measured on one database.
pub struct Report {
    database: String,
    paired: BTreeMap<usize, Vec<Paired>>,
    answers: Vec<f64>,
    pairs: Vec<f64>,
}

impl Report {
    pub fn of(database: impl Into<String>) -> Self {
        Self { database: database.into(), paired: BTreeMap::new(), answers: Vec::new(), pairs: Vec::new() }
    }

    pub fn add(&mut self, connections: usize, paired: Paired) {
        self.paired.entry(connections).or_default().push(paired);
    }

    pub fn add_rush(&mut self, answers: f64, pairs: f64) {
        self.answers.push(answers);
        self.pairs.push(pairs);
    }

    /// Medians; of the ratios also the least and the greatest.
    pub fn write(&self, out: &mut dyn Write) -> Result<()> {
        writeln!(out, "\n### {}\n", self.database)?;
        writeln!(out, "| connections | what | HTTP, /s | full, /s | textbook, /s | HTTP to full | HTTP to textbook |")?;
        writeln!(out, "| --- | --- | --- | --- | --- | --- | --- |")?;
        for (connections, paired) in &self.paired {
            writeln!(out, "| {connections} | holds | {} |", line(paired, |turn| turn.holds))?;
            writeln!(out, "| {connections} | payments | {} |", line(paired, |turn| turn.payments))?;
        }
        if let Some(alone) = self.paired.get(&1) {
            let milliseconds = |of: fn(&Paired) -> f64| 1000.0 / median(alone.iter().map(of));
            let (ours, full) = (milliseconds(|p| p.http.holds), milliseconds(|p| p.full.holds));
            let ratio = median(alone.iter().map(|p| p.full.holds / p.http.holds));
            writeln!(out, "\nOne connection's hold: {ours:.2} ms over HTTP, {full:.2} ms in full: {ratio:.2} times.")?;
        }
        let (answers, pairs) = (median(self.answers.iter().copied()), median(self.pairs.iter().copied()));
        writeln!(
            out,
            "64 connections on the same 50 seats: {answers:.0} answers/s. Best available: {pairs:.0} pairs/s."
        )
    }
}

fn line(paired: &[Paired], of: fn(&Turn) -> f64) -> String {
    let rate = |turn: fn(&Paired) -> &Turn| median(paired.iter().map(|pair| of(turn(pair))));
    let [http, full, textbook] = [rate(|p| &p.http), rate(|p| &p.full), rate(|p| &p.textbook)];
    let to_full = ratio(paired.iter().map(|p| of(&p.http) / of(&p.full)));
    let to_textbook = ratio(paired.iter().map(|p| of(&p.http) / of(&p.textbook)));
    format!("{http:.0} | {full:.0} | {textbook:.0} | {to_full} | {to_textbook}")
}

fn ratio(values: impl Iterator<Item = f64>) -> String {
    let values = sorted(values);
    let (least, greatest) = (values.first().copied().unwrap_or(f64::NAN), values.last().copied().unwrap_or(f64::NAN));
    format!("{:.2} ({least:.2} to {greatest:.2})", median(values.into_iter()))
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let values = sorted(values);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}
