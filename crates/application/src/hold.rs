//! Holding seats.

use crate::port::{BookingStore, Clock, DoneReader, IdSource, OnSale, OnSaleReader};
use crate::{Conflict, Error, Missing};
use frontrow_domain::{
    Command, CommandKey, Flaw, Hold, Invalid, Line, Outcome, PerformanceId, Rejection, Reservation, ReservationId,
    Sale, SaleId, SeatLabel, SeatNumber, UserId, What,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What makes the repetition of a request harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Whose, and which.
    pub key: CommandKey,
    /// SHA-256 of the request.
    pub body_hash: [u8; 32],
}

/// One seat that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatChoice {
    /// Which.
    pub label: SeatLabel,
    /// For whom; the list's first type if none is named.
    pub price_type: Option<String>,
}

/// Who wants which seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRequest {
    /// Who.
    pub user: UserId,
    /// Of which performance.
    pub performance: PerformanceId,
    /// Under which sale; can be left out while only one is open.
    pub sale: Option<SaleId>,
    /// Which: 1 to [`Sale::MOST_SEATS`], each once.
    pub seats: Vec<SeatChoice>,
    /// See there.
    pub request: RequestKey,
}

/// Holds seats: all of them, or none.
pub struct HoldSeats {
    /// Carries it out.
    pub store: Arc<dyn BookingStore>,
    /// What was done before.
    pub done: Arc<dyn DoneReader>,
    /// What is sold, and at what price.
    pub on_sale: Arc<dyn OnSaleReader>,
    /// For the reservation's id.
    pub ids: Arc<dyn IdSource>,
    /// To see which sale is open.
    pub clock: Arc<dyn Clock>,
}

impl HoldSeats {
    /// The reservation, and what is on sale, to name its seats by.
    pub async fn run(&self, request: HoldRequest) -> Result<(Reservation, Arc<OnSale>), Error> {
        let on_sale = self.on_sale.on_sale(request.performance).await?;
        let on_sale = on_sale.ok_or(Error::NotFound(Missing::Performance))?;
        let outcome = match self.command(&request, &on_sale) {
            Ok(command) => self.store.execute(command).await.map_err(|error| name_seats(error.into(), &on_sale))?,
            Err(refusal) => self.done_before(&request.request).await?.ok_or(refusal)?,
        };
        match outcome {
            Outcome::Held(reservation) => Ok((reservation, on_sale)),
            _ => Err(Rejection::KeyReused.into()),
        }
    }

    fn command(&self, request: &HoldRequest, on_sale: &OnSale) -> Result<Command, Error> {
        let lines = lines(&request.seats, on_sale)?;
        let sale = self.sale(request.sale, on_sale)?;
        if !on_sale.performance.status.is_bookable() {
            return Err(Conflict::NotBookable.into());
        }
        let hold = Hold {
            reservation: ReservationId::new(self.ids.id()),
            performance: request.performance,
            user: request.user,
            terms: sale.terms(),
            lines,
        };
        let RequestKey { key, body_hash } = request.request.clone();
        Ok(Command::keyed(key, body_hash, What::Hold(hold)))
    }

    /// The sale that was named, or the only open one, or (so that the refusal can say when) the only one there is.
    fn sale<'a>(&self, named: Option<SaleId>, on_sale: &'a OnSale) -> Result<&'a Sale, Error> {
        if let Some(id) = named {
            return on_sale.sales.iter().find(|sale| sale.id == id).ok_or(Error::NotFound(Missing::Sale));
        }
        let now = self.clock.now();
        let open: Vec<&Sale> = on_sale.sales.iter().filter(|sale| sale.is_open(now)).collect();
        match (&open[..], &on_sale.sales[..]) {
            ([only], _) => Ok(*only),
            ([], [only]) => Ok(only),
            ([], _) => Err(Conflict::NoOpenSale.into()),
            _ => Err(Conflict::SeveralOpenSales.into()),
        }
    }

    /// What is refused now may have been done before, when the catalogue still said otherwise.
    async fn done_before(&self, request: &RequestKey) -> Result<Option<Outcome>, Error> {
        match self.done.done(&request.key).await? {
            Some(done) if done.body_hash == request.body_hash => Ok(Some(done.outcome)),
            Some(_) => Err(Rejection::KeyReused.into()),
            None => Ok(None),
        }
    }
}

fn lines(seats: &[SeatChoice], on_sale: &OnSale) -> Result<Vec<Line>, Error> {
    let mut flaws = Vec::new();
    if !(1..=Sale::MOST_SEATS as usize).contains(&seats.len()) {
        flaws.push(Flaw { pointer: "/seats".into(), code: "range", detail: "1 to 50 seats".into() });
    }
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for (index, choice) in seats.iter().enumerate().take(Sale::MOST_SEATS as usize) {
        match line(choice, on_sale, &mut seen) {
            Ok(line) => lines.push(line),
            Err((code, detail)) => flaws.push(Flaw { pointer: format!("/seats/{index}"), code, detail }),
        }
    }
    if flaws.is_empty() { Ok(lines) } else { Err(Invalid(flaws).into()) }
}

fn line(
    choice: &SeatChoice,
    on_sale: &OnSale,
    seen: &mut BTreeSet<SeatNumber>,
) -> Result<Line, (&'static str, String)> {
    let performance = &on_sale.performance;
    let unknown = || ("unknown", format!("the performance has no seat {}", choice.label));
    let number = on_sale.layout.number(&choice.label).ok_or_else(unknown)?;
    let place = on_sale.layout.place(number).ok_or_else(unknown)?;
    if !seen.insert(number) {
        return Err(("duplicate", "each seat once".into()));
    }
    performance.prices.line(number, &place.tier, choice.price_type.as_deref()).ok_or_else(|| {
        let types: Vec<&str> = performance.prices.types.iter().map(|t| t.code.as_str()).collect();
        ("price_type", format!("one of {}", types.join(", ")))
    })
}

fn name_seats(error: Error, on_sale: &OnSale) -> Error {
    match error {
        Error::Rejected(Rejection::SeatsTaken(numbers) | Rejection::SeatsUnknown(numbers)) => {
            let places = numbers.into_iter().filter_map(|number| on_sale.layout.place(number));
            Error::SeatsTaken(places.map(|place| place.label.clone()).collect())
        }
        other => other,
    }
}
