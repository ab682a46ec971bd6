//! What answers have besides, for those who ask for it.

use super::forms::IdCursor;
use super::{ConcertDto, PageQuery, PerformanceDto, VenueDto};
use crate::problem::Problem;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// What else an answer is to have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExpandQuery {
    /// What else the answer is to have, separated by commas.
    #[param(value_type = Option<Vec<Expandable>>, inline, style = Form, explode = false, example = json!(["performance", "venue"]))]
    pub expand: Option<String>,
}

impl ExpandQuery {
    /// A problem if a word is none of [`Expandable`].
    pub fn expand(&self) -> Result<Expand, Problem> {
        Expand::of(self.expand.as_deref())
    }
}

/// Which reservations, and what else they are to have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReservationsQuery {
    /// What else each item is to have, separated by commas.
    #[param(value_type = Option<Vec<Expandable>>, inline, style = Form, explode = false, example = json!(["performance", "venue"]))]
    pub expand: Option<String>,
    /// Items at most: 1 to 100, 20 if left out.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, example = 20)]
    pub limit: Option<String>,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<IdCursor>)]
    pub cursor: Option<String>,
}

impl ReservationsQuery {
    /// A problem if a word is none of [`Expandable`].
    pub fn expand(&self) -> Result<Expand, Problem> {
        Expand::of(self.expand.as_deref())
    }

    /// The limit and the cursor, still as text.
    pub fn page(&self) -> PageQuery {
        PageQuery { limit: self.limit.clone(), cursor: self.cursor.clone() }
    }
}

/// What can be had besides.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Expandable {
    /// The performance, as `GET /v1/performances/{id}` answers.
    Performance,
    /// The concert, as `GET /v1/concerts/{id}` answers.
    Concert,
    /// The venue of the performance.
    Venue,
}

/// What an answer has besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expand {
    /// Adds the performance.
    pub performance: bool,
    /// Adds the concert that is played.
    pub concert: bool,
    /// Adds the venue of the performance.
    pub venue: bool,
}

impl Expand {
    fn of(names: Option<&str>) -> Result<Self, Problem> {
        let mut expand = Self::default();
        for name in names.unwrap_or_default().split(',') {
            match name {
                "performance" => expand.performance = true,
                "concert" => expand.concert = true,
                "venue" => expand.venue = true,
                // Nothing is asked for.
                "" if names == Some("") || names.is_none() => {}
                _ => {
                    let detail = "performance, concert and venue, separated by commas";
                    return Err(Problem::field("/query/expand", "word", detail));
                }
            }
        }
        Ok(expand)
    }
}

/// What was asked for besides.
#[derive(Clone, Debug, Default)]
pub struct Expanded {
    /// `None` unless it was asked for; the others likewise.
    pub performance: Option<PerformanceDto>,
    /// What is played.
    pub concert: Option<ConcertDto>,
    /// Where it is played.
    pub venue: Option<VenueDto>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_separated_by_commas() {
        let all = Expand { performance: true, concert: true, venue: true };
        for (names, expand) in [
            (None, Some(Expand::default())),
            (Some(""), Some(Expand::default())),
            (Some("venue"), Some(Expand { venue: true, ..Expand::default() })),
            (Some("venue,performance,concert,venue"), Some(all)),
            (Some("venue,"), None),
            (Some("venue, concert"), None),
            (Some("Venue"), None),
            (Some("seats"), None),
        ] {
            assert_eq!(Expand::of(names).ok(), expand, "{names:?}");
        }
    }
}
