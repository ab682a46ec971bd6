//! The tables.

use crate::figures::{median, range};
use std::fmt;
use std::io::{Result, Write};

/// What was measured on one database.
pub struct Report {
    database: String,
    rows: Vec<Row>,
    notes: Vec<String>,
}

/// What a figure has to be.
#[derive(Clone, Copy)]
pub enum Wanted {
    Least(f64),
    Most(f64),
    Exactly(f64),
    Nothing,
}

struct Row {
    what: String,
    ours: Vec<f64>,
    /// By round, as ours; empty if there is nothing to compare it with.
    theirs: Vec<f64>,
    wanted: Wanted,
}

impl Report {
    pub fn of(database: &str) -> Self {
        Self { database: database.to_owned(), rows: Vec::new(), notes: Vec::new() }
    }

    /// What was measured in each round: ours, and what it is compared with. What is wanted is the ratio.
    pub fn ratio(&mut self, what: impl Into<String>, pairs: &[(f64, f64)], wanted: Wanted) {
        let (ours, theirs) = pairs.iter().copied().unzip();
        self.rows.push(Row { what: what.into(), ours, theirs, wanted });
    }

    /// A figure for itself, of each round.
    pub fn figure(&mut self, what: impl Into<String>, values: &[f64], wanted: Wanted) {
        self.rows.push(Row { what: what.into(), ours: values.to_vec(), theirs: Vec::new(), wanted });
    }

    /// What else is worth knowing.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    pub fn notes(&mut self, notes: impl IntoIterator<Item = String>) {
        self.notes.extend(notes);
    }

    /// Medians; in brackets the lowest and the highest.
    pub fn write(&self, out: &mut dyn Write) -> Result<()> {
        writeln!(out, "\n### {}\n", self.database)?;
        writeln!(out, "| what | Frontrow | compared with | ratio | wanted |")?;
        writeln!(out, "| --- | --- | --- | --- | --- |")?;
        self.rows.iter().try_for_each(|row| row.write(out))?;
        writeln!(out)?;
        self.notes.iter().try_for_each(|note| writeln!(out, "- {note}"))
    }
}

impl Row {
    fn write(&self, out: &mut dyn Write) -> Result<()> {
        let Self { what, ours, theirs, wanted } = self;
        let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
        let (ours, theirs, ratio) = if ratios.is_empty() {
            (with_range(ours), String::new(), String::new())
        } else {
            (short(median(ours)), short(median(theirs)), with_range(&ratios))
        };
        writeln!(out, "| {what} | {ours} | {theirs} | {ratio} | {wanted} |")
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Least(least) => write!(f, "at least {least}"),
            Self::Most(most) => write!(f, "at most {most}"),
            Self::Exactly(value) => write!(f, "{value}"),
            Self::Nothing => Ok(()),
        }
    }
}

fn with_range(values: &[f64]) -> String {
    let (lowest, highest) = range(values);
    format!("{} ({} to {})", short(median(values)), short(lowest), short(highest))
}

/// Three digits or more.
fn short(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        medium if medium >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
