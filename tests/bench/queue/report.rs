//! The table.

use std::io::{Result, Write};

/// What was measured.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    notes: Vec<String>,
}

struct Row {
    what: String,
    pairs: Vec<(f64, f64)>,
    wanted: Option<f64>,
}

impl Report {
    /// Rates that were measured one after the other: ours, and what it is compared with. What ratio is wanted, if one is.
    pub fn add(&mut self, what: impl Into<String>, pairs: Vec<(f64, f64)>, wanted: Option<f64>) {
        self.rows.push(Row { what: what.into(), pairs, wanted });
    }

    /// Something that is not a ratio.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    pub fn write(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        writeln!(out, "\n| what | /s | compared with, /s | ratio (least to greatest) | wanted |")?;
        writeln!(out, "| --- | --- | --- | --- | --- |")?;
        self.rows.iter().try_for_each(|row| row.write(out))?;
        writeln!(out)?;
        for note in &self.notes {
            writeln!(out, "- {note}")?;
        }
        Ok(())
    }
}

impl Row {
    fn write(&self, out: &mut dyn Write) -> Result<()> {
        let ours = median(self.pairs.iter().map(|(ours, _)| *ours).collect());
        let theirs = median(self.pairs.iter().map(|(_, theirs)| *theirs).collect());
        let mut ratios: Vec<f64> = self.pairs.iter().map(|(ours, theirs)| ours / theirs).collect();
        ratios.sort_by(f64::total_cmp);
        let (least, most) = (ratios.first().copied().unwrap_or(f64::NAN), ratios.last().copied().unwrap_or(f64::NAN));
        let wanted = self.wanted.map(|wanted| format!("{wanted:.2}")).unwrap_or_default();
        let ratio = median(ratios);
        let what = &self.what;
        writeln!(out, "| {what} | {ours:.0} | {theirs:.0} | {ratio:.2} ({least:.2} to {most:.2}) | {wanted} |")
    }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[odd / 2],
        even => f64::midpoint(values[even / 2 - 1], values[even / 2]),
    }
}
