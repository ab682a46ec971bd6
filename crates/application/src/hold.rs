//! Holding seats.

use crate::port::{
    BookingStore, Clock, IdSource, IdempotencyRecordReader, OnSale, OnSaleReader, SeatCooldown, SeatSnapshots,
};
use crate::waiting_room::QueueViews;
use crate::{Conflict, Error, Missing, RequestKey, TakenSeats};
use frontrow_domain::{
    Action, Block, Command, Hold, Instant, Invalid, LineItem, Operation, Outcome, PerformanceId, Rejection,
    Reservation, ReservationId, Sale, SaleId, SeatLabel, SeatNumber, SeatsSeen, Violation,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One seat that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatChoice {
    /// Label of the seat.
    pub label: SeatLabel,
    /// Code of the price type; the list's first type if none is named.
    pub price_type: Option<String>,
}

/// Which seats somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRequest {
    /// The performance that the seats are of.
    pub performance: PerformanceId,
    /// The sale to hold them under; can be left out while only one is open.
    pub sale: Option<SaleId>,
    /// The seats: 1 to [`Hold::MAX_SEATS`], each once.
    pub seats: Vec<SeatChoice>,
    /// The user who asks, and their key: a repetition under the same key gets the same reservation.
    pub request: RequestKey,
}

/// Holds seats: all of them, or none.
pub struct HoldSeats {
    /// Carries it out.
    pub store: Arc<dyn BookingStore>,
    /// Finds the outcome of a request that was carried out before.
    pub idempotency_records: Arc<dyn IdempotencyRecordReader>,
    /// Knows where an operator has stopped new holds; [`QueueViews::default`] where there are no waiting rooms.
    pub queues: Arc<QueueViews>,
    /// Knows what is sold, and at what price.
    pub on_sale: Arc<dyn OnSaleReader>,
    /// Knows which seats are left, to name others where some are taken; `None` where none are to be named.
    pub seats: Option<Arc<dyn SeatSnapshots>>,
    /// Says which seats somebody has to leave to others for a while.
    pub cooldown: Arc<dyn SeatCooldown>,
    /// Makes the reservation's id.
    pub ids: Arc<dyn IdSource>,
    /// Says which sale is open.
    pub clock: Arc<dyn Clock>,
}

impl HoldSeats {
    /// The reservation, and what is on sale, to name its seats by.
    pub async fn run(&self, request: HoldRequest) -> Result<(Reservation, Arc<OnSale>), Error> {
        let on_sale = self.on_sale.on_sale(request.performance).await?;
        let on_sale = on_sale.ok_or(Error::NotFound(Missing::Performance))?;
        let HoldRequest { performance, sale, .. } = request;
        if self.queues.holds_stopped(performance, sale, self.clock.now()) {
            require_record(&*self.idempotency_records, &request.request).await?;
        }
        let outcome = match self.command(&request, &on_sale) {
            Ok(command) => match self.store.execute(command.clone()).await {
                Ok(outcome) => outcome,
                Err(error) => return Err(self.name_seats(error.into(), &command, &on_sale).await),
            },
            Err(refusal) => recorded_outcome(&*self.idempotency_records, &request.request).await?.ok_or(refusal)?,
        };
        match outcome {
            Outcome::Held(reservation) => Ok((reservation, on_sale)),
            _ => Err(Rejection::KeyReused.into()),
        }
    }

    fn command(&self, request: &HoldRequest, on_sale: &OnSale) -> Result<Command, Error> {
        let line_items = line_items(&request.seats, on_sale)?;
        let seats: Vec<SeatNumber> = line_items.iter().map(|item| item.seat).collect();
        self.cooldown.check(request.request.user(), request.performance, &seats)?;
        let now = self.clock.now();
        let sale = choose_sale(request.sale, on_sale, now)?;
        let terms = sale.terms_for(&on_sale.performance);
        terms.check(Action::Hold, now)?;
        let hold = Hold {
            reservation: ReservationId::new(self.ids.id()),
            performance: request.performance,
            user: request.request.user(),
            terms,
            line_items,
        };
        Ok(request.request.command(Operation::Hold(hold)))
    }

    /// Says which seats are taken in words that mean something to buyers.
    async fn name_seats(&self, error: Error, command: &Command, on_sale: &OnSale) -> Error {
        let (seats, yours) = match error {
            Error::Rejected(Rejection::SeatsTaken { seats, yours }) => (seats, yours),
            Error::Rejected(Rejection::SeatsUnknown(seats)) => (seats, Vec::new()),
            other => return other,
        };
        let alternatives = self.alternatives(command, &seats, on_sale).await;
        let alternatives = alternatives.into_iter().map(|block| on_sale.labels(block)).collect();
        let (seats, yours) = (on_sale.labels(seats), on_sale.labels(yours));
        Error::SeatsTaken(Box::new(TakenSeats { seats, yours, alternatives }))
    }

    /// None if nobody knows: the refusal is what matters.
    async fn alternatives(&self, command: &Command, taken: &[SeatNumber], on_sale: &OnSale) -> Vec<Block> {
        let (Some(snapshots), Operation::Hold(hold)) = (&self.seats, &command.operation) else { return Vec::new() };
        let Ok(snapshot) = snapshots.recent(hold.performance).await else { return Vec::new() };
        let mut known = snapshot.taken.clone();
        known.extend(taken.iter().copied());
        let asked: Vec<SeatNumber> = hold.line_items.iter().map(|item| item.seat).collect();
        let seen = SeatsSeen { layout: &on_sale.layout, taken: &known };
        seen.nearest(&asked, TakenSeats::MAX_ALTERNATIVES)
    }
}

/// The sale that was named, or the only open one, or (so that the refusal can say when) the only one there is.
pub(crate) fn choose_sale(named: Option<SaleId>, on_sale: &OnSale, now: Instant) -> Result<&Sale, Error> {
    if let Some(id) = named {
        return on_sale.sales.iter().find(|sale| sale.id == id).ok_or(Error::NotFound(Missing::Sale));
    }
    let open: Vec<&Sale> = on_sale.sales.iter().filter(|sale| sale.is_open(now)).collect();
    match (&open[..], &on_sale.sales[..]) {
        ([only], _) => Ok(*only),
        ([], [only]) => Ok(only),
        ([], _) => Err(Conflict::NoOpenSale.into()),
        ([first, ..], _) => {
            first.check_action(&on_sale.performance, Action::Hold, now)?;
            Err(Conflict::SeveralOpenSales.into())
        }
    }
}

/// While new holds are stopped, only a repeated request is answered, with the outcome that it had.
pub(crate) async fn require_record(records: &dyn IdempotencyRecordReader, request: &RequestKey) -> Result<(), Error> {
    if records.idempotency_record(request.key()).await?.is_some() { Ok(()) } else { Err(Conflict::HoldsStopped.into()) }
}

/// The outcome of a request that was carried out before. The catalogue may refuse now what it allowed then.
pub(crate) async fn recorded_outcome(
    records: &dyn IdempotencyRecordReader,
    request: &RequestKey,
) -> Result<Option<Outcome>, Error> {
    match records.idempotency_record(request.key()).await? {
        Some(record) if record.request_hash == request.hash() => Ok(Some(record.outcome)),
        Some(_) => Err(Rejection::KeyReused.into()),
        None => Ok(None),
    }
}

fn line_items(seats: &[SeatChoice], on_sale: &OnSale) -> Result<Vec<LineItem>, Error> {
    let mut flaws = Vec::new();
    if !(1..=Hold::MAX_SEATS as usize).contains(&seats.len()) {
        flaws.push(Violation {
            pointer: "/seats".into(),
            code: "range",
            detail: format!("1 to {} seats", Hold::MAX_SEATS),
        });
    }
    let mut seen = BTreeSet::new();
    let mut line_items = Vec::new();
    for (index, choice) in seats.iter().enumerate().take(Hold::MAX_SEATS as usize) {
        match line_item(choice, on_sale, &mut seen) {
            Ok(line_item) => line_items.push(line_item),
            Err((field, code, detail)) => {
                flaws.push(Violation { pointer: format!("/seats/{index}{field}"), code, detail });
            }
        }
    }
    if flaws.is_empty() { Ok(line_items) } else { Err(Invalid(flaws).into()) }
}

/// The field of a choice that is wrong (empty if it is the choice itself), the kind of flaw, and what is allowed.
type ChoiceFlaw = (&'static str, &'static str, String);

fn line_item(choice: &SeatChoice, on_sale: &OnSale, seen: &mut BTreeSet<SeatNumber>) -> Result<LineItem, ChoiceFlaw> {
    let performance = &on_sale.performance;
    let unknown = || ("", "unknown", format!("the performance has no seat {}", choice.label));
    let number = on_sale.layout.number(&choice.label).ok_or_else(unknown)?;
    let position = on_sale.layout.position(number).ok_or_else(unknown)?;
    if !seen.insert(number) {
        return Err(("", "duplicate", "each seat once".into()));
    }
    performance.prices.line_item(number, &position.tier, choice.price_type.as_deref()).ok_or_else(|| {
        let types: Vec<&str> = performance.prices.types.iter().map(|t| t.code.as_str()).collect();
        ("/price_type", "price_type", format!("one of {}", types.join(", ")))
    })
}

#[cfg(test)]
mod tests;
