//! The table.

use crate::Turn;
use std::collections::BTreeMap;
use std::io::{Result, Write};

/// Pairs of turns, by the number of connections: over HTTP, and without.
#[derive(Default)]
pub struct Report(BTreeMap<usize, Vec<(Turn, Turn)>>);

impl Report {
    pub fn add(&mut self, connections: usize, over_http: Turn, without: Turn) {
        self.0.entry(connections).or_default().push((over_http, without));
    }

    /// Medians; of the ratios also the least and the greatest.
    pub fn write(&self, out: &mut dyn Write) -> Result<()> {
        writeln!(out, "| connections | what | over HTTP, /s | without HTTP, /s | ratio (least to greatest) |")?;
        writeln!(out, "| --- | --- | --- | --- | --- |")?;
        for (connections, pairs) in &self.0 {
            let holds = pairs.iter().map(|(http, direct)| (http.holds, direct.holds));
            writeln!(out, "| {connections} | holds | {} |", line(&holds.collect::<Vec<_>>()))?;
            let payments = pairs.iter().map(|(http, direct)| (http.payments, direct.payments));
            writeln!(out, "| {connections} | payments | {} |", line(&payments.collect::<Vec<_>>()))?;
        }
        Ok(())
    }
}

fn line(pairs: &[(f64, f64)]) -> String {
    let over_http = sorted(pairs.iter().map(|(http, _)| *http));
    let without = sorted(pairs.iter().map(|(_, direct)| *direct));
    let ratios = sorted(pairs.iter().map(|(http, direct)| http / direct));
    let (least, greatest) = (ratios.first().copied().unwrap_or(f64::NAN), ratios.last().copied().unwrap_or(f64::NAN));
    let [http, direct, ratio] = [&over_http, &without, &ratios].map(|values| median(values));
    format!("{http:.0} | {direct:.0} | {ratio:.2} ({least:.2} to {greatest:.2})")
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Of sorted values.
fn median(values: &[f64]) -> f64 {
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}
