//! Reading what answers have besides: all of it is in memory.

use crate::WebState;
use crate::dto::{ConcertDto, Expand, Expanded, PerformanceDto};
use crate::problem::Problem;
use frontrow_application::port::OnSale;
use frontrow_domain::PerformanceId;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// What is asked for of these performances, by their ids; each is looked at once.
pub(super) async fn expanded(
    state: &WebState,
    expand: Expand,
    performances: impl IntoIterator<Item = &Arc<OnSale>>,
) -> Result<BTreeMap<PerformanceId, Expanded>, Problem> {
    let mut found = BTreeMap::new();
    if expand == Expand::default() {
        return Ok(found);
    }
    for on_sale in performances {
        let id = on_sale.performance.id;
        if let Entry::Vacant(place) = found.entry(id) {
            place.insert(one(state, expand, on_sale).await?);
        }
    }
    Ok(found)
}

/// The same of one performance.
pub(super) async fn one(state: &WebState, expand: Expand, on_sale: &OnSale) -> Result<Expanded, Problem> {
    let mut expanded = Expanded::default();
    if expand.performance {
        let view = state.use_cases.performances.one(on_sale.performance.id).await?;
        expanded.performance = Some(PerformanceDto::of(&view));
    }
    if expand.concert {
        let view = state.use_cases.concerts.one(on_sale.performance.concert).await?;
        expanded.concert = Some(ConcertDto::of(&view, &state.currency));
    }
    if expand.venue {
        expanded.venue = Some(on_sale.venue.clone().into());
    }
    Ok(expanded)
}
