//! Everything that is on, in the few words that a list needs.

use super::StoreError;
use async_trait::async_trait;
use frontrow_domain::{
    Bookable, Concert, ConcertId, Instant, Performance, PerformanceId, PerformanceStatus, Points, Sale, SaleTerms,
    Venue, VenueId,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// All concerts with their public performances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Programme {
    /// By ascending id; those without a public performance, too.
    pub concerts: Vec<ConcertProgramme>,
}

/// A concert with its public performances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConcertProgramme {
    /// What is played.
    pub concert: Arc<Concert>,
    /// Those that are not drafts, by when they start.
    pub performances: Vec<ProgrammeEntry>,
}

/// What a list of concerts needs to know of a performance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgrammeEntry {
    /// Id of the performance.
    pub id: PerformanceId,
    /// Where it takes place.
    pub venue: Arc<Venue>,
    /// When people are let in.
    pub doors_at: Option<Instant>,
    /// When it starts, up to when it is sold, and whether it takes place.
    pub bookable: Bookable,
    /// The lowest and the highest list price.
    pub list_prices: Option<(Points, Points)>,
    /// The terms of its published sales.
    pub terms: Vec<SaleTerms>,
}

impl Programme {
    /// The programme of all rows that there are. Drafts, and sales that are not public, are left out, and so is a
    /// performance without a venue.
    pub fn of(
        concerts: impl IntoIterator<Item = Concert>,
        performances: impl IntoIterator<Item = Performance>,
        venues: impl IntoIterator<Item = Venue>,
        sales: impl IntoIterator<Item = Sale>,
    ) -> Self {
        let venues: HashMap<VenueId, Arc<Venue>> =
            venues.into_iter().map(|venue| (venue.id, Arc::new(venue))).collect();
        let mut sales_of: HashMap<PerformanceId, Vec<Arc<Sale>>> = HashMap::new();
        for sale in sales.into_iter().filter(|sale| sale.published).map(Arc::new) {
            for performance in &sale.performances {
                sales_of.entry(*performance).or_default().push(Arc::clone(&sale));
            }
        }
        let mut by_concert: BTreeMap<ConcertId, ConcertProgramme> = BTreeMap::new();
        for concert in concerts {
            let (id, concert) = (concert.id, Arc::new(concert));
            by_concert.insert(id, ConcertProgramme { concert, performances: Vec::new() });
        }
        for performance in performances.into_iter().filter(|p| p.status != PerformanceStatus::Draft) {
            let Some(concert) = by_concert.get_mut(&performance.concert) else { continue };
            let Some(venue) = venues.get(&performance.venue) else { continue };
            let sales = sales_of.remove(&performance.id).unwrap_or_default();
            concert.performances.push(ProgrammeEntry::of(&performance, venue, &sales));
        }
        let mut concerts: Vec<ConcertProgramme> = by_concert.into_values().collect();
        for concert in &mut concerts {
            concert.performances.sort_by_key(|entry| (entry.bookable.starts_at, entry.id));
        }
        Self { concerts }
    }
}

impl ProgrammeEntry {
    fn of(performance: &Performance, venue: &Arc<Venue>, sales: &[Arc<Sale>]) -> Self {
        let list_prices = || performance.prices.tiers.iter().map(|tier| tier.list_price);
        let mut terms: Vec<SaleTerms> = sales.iter().map(|sale| sale.terms_for(performance)).collect();
        // Stores list sales in any order.
        terms.sort_by_key(|terms| (terms.opens, terms.sale));
        Self {
            id: performance.id,
            venue: Arc::clone(venue),
            doors_at: performance.doors_at,
            bookable: performance.bookable(),
            list_prices: list_prices().min().zip(list_prices().max()),
            terms,
        }
    }
}

/// Reads the whole programme, for lists and searches. May answer from a cache that is a second old.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ProgrammeReader: Send + Sync {
    /// The programme. As long as nothing of it has changed, the answer is the same `Arc`.
    async fn programme(&self) -> Result<Arc<Programme>, StoreError>;
}
