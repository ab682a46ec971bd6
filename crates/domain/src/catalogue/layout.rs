//! The numbered layout that a performance is sold by.

use super::{SeatLabel, SeatMap, SeatNumber, SeatRow, SeatSet, SectionShape};
use crate::text::composed;
use crate::violation::Invalid;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// What a seat position is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionKind {
    /// A seat like most.
    Standard,
    /// For people with a wheelchair or other needs.
    Accessible,
    /// Beside an accessible one.
    Companion,
    /// A standing spot, without neighbours.
    Standing,
}

/// One numbered seat or standing spot of a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatPosition {
    /// What the ticket says.
    pub label: SeatLabel,
    /// The price tier's code.
    pub tier: String,
    /// What it is for.
    pub kind: PositionKind,
    /// Whether it is never sold.
    pub blocked: bool,
}

/// A row of seats, or the standing spots, within a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Seat n is n-1.
    pub seats: Range<usize>,
    /// Whether they are standing spots, without neighbours.
    pub standing: bool,
}

/// A seat map with its seats numbered 1 to n.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    map: SeatMap,
    positions: Vec<SeatPosition>,
    rows: Vec<Span>,
    by_label: HashMap<SeatLabel, SeatNumber>,
    by_tier: BTreeMap<String, SeatSet>,
}

impl SeatMap {
    /// Numbers the seats, or says everything that is wrong with the map. The labels have the names in NFC.
    pub fn layout(&self) -> Result<Layout, Invalid> {
        self.check()?;
        let mut positions = Vec::new();
        for section in &self.sections {
            let name = composed(&section.name);
            match &section.shape {
                SectionShape::Seated { rows } => {
                    positions.extend(rows.iter().flat_map(|row| positions_of(row, &name)));
                }
                SectionShape::Standing { spots: count, tier } => {
                    positions.extend((1..=*count).map(|number| SeatPosition {
                        label: SeatLabel { section: name.clone().into_owned(), row: None, number },
                        tier: tier.clone(),
                        kind: PositionKind::Standing,
                        blocked: false,
                    }));
                }
            }
        }
        Ok(Layout::new(positions, self.clone().normalized()))
    }
}

fn positions_of<'a>(row: &'a SeatRow, section: &'a str) -> impl Iterator<Item = SeatPosition> + 'a {
    let name = composed(&row.name);
    (1..=row.seats).map(move |number| SeatPosition {
        label: SeatLabel { section: section.to_owned(), row: Some(name.clone().into_owned()), number },
        tier: row.tier.clone(),
        kind: match number {
            n if row.accessible.contains(&n) => PositionKind::Accessible,
            n if row.companion.contains(&n) => PositionKind::Companion,
            _ => PositionKind::Standard,
        },
        blocked: row.blocked.contains(&number),
    })
}

impl Layout {
    fn new(positions: Vec<SeatPosition>, map: SeatMap) -> Self {
        let numbered =
            positions.iter().zip(1..).filter_map(|(position, n)| Some((position.label.clone(), SeatNumber::new(n)?)));
        let by_label = numbered.collect();
        Self { map, rows: rows(&positions), by_tier: by_tier(&positions), positions, by_label }
    }

    /// The map whose seats these are, with its names in NFC.
    pub const fn map(&self) -> &SeatMap {
        &self.map
    }

    /// Its rows, from the front to the back.
    pub fn rows(&self) -> &[Span] {
        &self.rows
    }

    /// The tier of a row's seats.
    pub fn tier(&self, row: &Span) -> &str {
        &self.positions[row.seats.start].tier
    }

    /// What the seat at that index, from 0, is for.
    pub(crate) fn kind(&self, index: usize) -> PositionKind {
        self.positions[index].kind
    }

    /// How many seats there are.
    pub fn seat_count(&self) -> u32 {
        u32::try_from(self.positions.len()).unwrap_or(u32::MAX)
    }

    /// The seat of that label.
    pub fn number(&self, label: &SeatLabel) -> Option<SeatNumber> {
        self.by_label.get(label).copied()
    }

    /// What is at that number.
    pub fn position(&self, number: SeatNumber) -> Option<&SeatPosition> {
        self.positions.get(number.index())
    }

    /// All positions, by number.
    pub fn positions(&self) -> impl Iterator<Item = (SeatNumber, &SeatPosition)> {
        self.positions_after(None)
    }

    /// The positions of higher numbers than that, by number; all if there is none.
    pub fn positions_after(&self, after: Option<SeatNumber>) -> impl Iterator<Item = (SeatNumber, &SeatPosition)> {
        let passed = after.map_or(0, |after| after.get() as usize);
        let rest = self.positions.iter().skip(passed).zip(after.map_or(0, SeatNumber::get) + 1..);
        rest.filter_map(|(position, n)| Some((SeatNumber::new(n)?, position)))
    }

    /// The seats of each tier, by its code.
    pub const fn tiers(&self) -> &BTreeMap<String, SeatSet> {
        &self.by_tier
    }

    /// Whether it has a section of that name, as labels have it.
    pub fn has_section(&self, name: &str) -> bool {
        self.rows.iter().any(|row| self.positions[row.seats.start].label.section == name)
    }
}

fn by_tier(positions: &[SeatPosition]) -> BTreeMap<String, SeatSet> {
    let mut tiers: BTreeMap<String, SeatSet> = BTreeMap::new();
    for (position, number) in positions.iter().zip(1..) {
        tiers.entry(position.tier.clone()).or_default().extend(SeatNumber::new(number));
    }
    tiers
}

fn rows(positions: &[SeatPosition]) -> Vec<Span> {
    let same_row =
        |a: &SeatPosition, b: &SeatPosition| a.label.section == b.label.section && a.label.row == b.label.row;
    let rows = positions.chunk_by(same_row).scan(0, |end, row| {
        let start = std::mem::replace(end, *end + row.len());
        Some(Span { seats: start..*end, standing: row[0].kind == PositionKind::Standing })
    });
    rows.collect()
}
