//! Reservations, payments and tickets.

use super::common::shown;
use super::{ConcertDto, Expanded, Money, PerformanceDto, RefundDto, Timestamp, VenueDto};
use frontrow_application::TicketView;
use frontrow_application::port::OnSale;
use frontrow_domain::{Instant, LineItem, PerformanceStatus, Reservation, ReservationState};
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

shown! {
    /// Where a reservation stands.
    ReservationStatusDto from ReservationState {
        /// The seats are kept until `held_until`.
        Held,
        /// Paid; of its seats, some may have been given back.
        Confirmed,
        /// Given up by its owner before it was paid.
        Released,
        /// The hold has lapsed; until `pay_until` it may still be paid if nobody else has the seats.
        Expired,
        /// Paid, then given back by its owner.
        Cancelled,
        /// Paid, then given back by an operator.
        Refunded,
    }
}

/// A reservation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10", "performance_id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e11",
    "concert_id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e12", "sale_id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e13", "status": "held", "held_until": "2027-01-01T00:05:00Z",
    "pay_until": "2027-05-01T09:30:00Z", "cancel_until": "2027-04-24T00:00:00Z", "can_cancel": false, "total": {"amount": 121_000, "currency": "KRW"},
    "refunded": {"amount": 0, "currency": "KRW"}, "line_items": [{"seat": "A-1-3", "tier": "R", "price_type": "adult", "list_price": {"amount": 120_000, "currency": "KRW"},
    "discount": {"amount": 0, "currency": "KRW"}, "fee": {"amount": 1000, "currency": "KRW"},
    "tax": {"amount": 11_000, "currency": "KRW"}, "price": {"amount": 121_000, "currency": "KRW"}, "returned": false}]}))]
pub struct ReservationDto {
    /// Id of the reservation; it never changes.
    pub id: Uuid,
    /// Id of the performance.
    pub performance_id: Uuid,
    /// Id of the concert that is played.
    pub concert_id: Uuid,
    /// Id of the sale that the seats were held under.
    pub sale_id: Uuid,
    /// Where it stands.
    pub status: ReservationStatusDto,
    /// The first instant at which the hold has lapsed, in UTC.
    pub held_until: Timestamp,
    /// The first instant at which even a late payment is refused, in UTC. After `held_until` it is taken if nobody
    /// else has the seats. It never becomes earlier while the performance hasn't begun; an operator may extend it. `null` if
    /// the performance is cancelled: nothing is paid any more.
    #[schema(required = true)]
    pub pay_until: Option<Timestamp>,
    /// The first instant at which its owner can't cancel it any more, once it is paid, in UTC; likewise. `null` if the
    /// performance is cancelled: there is no deadline.
    #[schema(required = true)]
    pub cancel_until: Option<Timestamp>,
    /// Whether its owner can cancel it now.
    pub can_cancel: bool,
    /// What is to be paid, or was paid.
    pub total: Money,
    /// How much of it was given back.
    pub refunded: Money,
    /// The line items, one per seat; those of seats that were given back stay, and say so.
    pub line_items: Vec<LineItemDto>,
    /// Id of the user who owns it; operators alone are shown it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub user_id: Option<Uuid>,
    /// Why an operator gave back what was left of it, if they said so; operators alone are shown it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, max_length = 200)]
    pub refund_reason: Option<String>,
    /// What was given back of it, in the order in which that happened; operators alone are shown it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub refunds: Option<Vec<RefundDto>>,
    /// The performance; for those who ask with `expand`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub performance: Option<PerformanceDto>,
    /// The concert that is played; for those who ask with `expand`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub concert: Option<ConcertDto>,
    /// The venue of the performance; for those who ask with `expand`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub venue: Option<VenueDto>,
}

/// One seat of a reservation and what it costs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LineItemDto {
    /// The seat's label.
    pub seat: String,
    /// Code of the seat's tier.
    pub tier: String,
    /// Code of the price type.
    pub price_type: String,
    /// List price, before discount and fee.
    pub list_price: Money,
    /// Discount, taken off the list price.
    pub discount: Money,
    /// Fee, added to the price.
    pub fee: Money,
    /// Tax that the price contains.
    pub tax: Money,
    /// What is to be paid for the seat, or was paid.
    pub price: Money,
    /// Whether the seat was paid for and given back: then its price was, too.
    pub returned: bool,
}

impl ReservationDto {
    /// The reservation as it stands now: a hold whose time is over is `expired`, marked as such or not.
    pub fn of(reservation: &Reservation, on_sale: &OnSale, currency: &str, now: Instant) -> Self {
        let terms = on_sale.terms_of(reservation);
        let pay_until = terms.as_ref().map_or(reservation.late_until, |terms| reservation.payable_until(terms));
        let cancel_until =
            terms.as_ref().map_or(reservation.cancel_until, |terms| reservation.cancellable_until(terms));
        let takes_place = terms.as_ref().is_none_or(|terms| terms.bookable.status != PerformanceStatus::Cancelled);
        let deadline = |until: Instant| takes_place.then(|| Timestamp::from(until));
        let is_paid = reservation.state == ReservationState::Confirmed;
        Self {
            id: reservation.id.uuid(),
            performance_id: reservation.performance.uuid(),
            concert_id: on_sale.performance.concert.uuid(),
            sale_id: reservation.sale.uuid(),
            status: reservation.status(now).into(),
            held_until: Timestamp::from(reservation.held_until),
            pay_until: deadline(pay_until),
            cancel_until: deadline(cancel_until),
            can_cancel: is_paid && terms.is_some_and(|terms| reservation.check_cancel(&terms, now).is_ok()),
            total: Money::of(reservation.amount, currency),
            refunded: Money::of(reservation.refunded(), currency),
            line_items: reservation
                .line_items
                .iter()
                .map(|item| LineItemDto::of(item, reservation.is_returned(item.seat), on_sale, currency))
                .collect(),
            user_id: None,
            refund_reason: None,
            refunds: None,
            performance: None,
            concert: None,
            venue: None,
        }
    }

    /// With what was asked for besides.
    #[must_use]
    pub fn with(self, expanded: Expanded) -> Self {
        let Expanded { performance, concert, venue } = expanded;
        Self { performance, concert, venue, ..self }
    }

    /// With what is for operators alone.
    #[must_use]
    pub fn for_operator(self, reservation: &Reservation, on_sale: &OnSale, currency: &str) -> Self {
        let reason = reservation.refund_reason.as_ref();
        let refunds = reservation.refunds();
        Self {
            user_id: Some(reservation.user.uuid()),
            refund_reason: reason.map(|reason| reason.as_str().to_owned()),
            refunds: Some(refunds.iter().map(|refund| RefundDto::of(refund, on_sale, currency)).collect()),
            ..self
        }
    }
}

impl LineItemDto {
    fn of(line_item: &LineItem, returned: bool, on_sale: &OnSale, currency: &str) -> Self {
        let position = on_sale.layout.position(line_item.seat);
        Self {
            seat: position.map(|position| position.label.to_string()).unwrap_or_default(),
            tier: line_item.tier.clone(),
            price_type: line_item.price_type.clone(),
            list_price: Money::of(line_item.list_price, currency),
            discount: Money::of(line_item.discount, currency),
            fee: Money::of(line_item.fee, currency),
            tax: Money::of(line_item.tax, currency),
            price: Money::of(line_item.paid, currency),
            returned,
        }
    }
}

/// How to pay.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"method": "points"}))]
pub struct PaymentBody {
    /// How to pay: `points`.
    pub method: PaymentMethod,
}

/// How to pay.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// From the wallet.
    Points,
}

/// Derived code would take `{"points": null}`, too.
impl<'de> Deserialize<'de> for PaymentMethod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "points" => Ok(Self::Points),
            other => Err(de::Error::unknown_variant(other, &["points"])),
        }
    }
}

/// What was bought.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e14", "reservation": {
    "id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10", "performance_id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e11",
    "concert_id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e12", "sale_id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e13", "status": "confirmed", "held_until": "2027-01-01T00:05:00Z",
    "pay_until": "2027-05-01T09:30:00Z", "cancel_until": "2027-04-24T00:00:00Z", "can_cancel": true, "total": {"amount": 121_000, "currency": "KRW"},
    "refunded": {"amount": 0, "currency": "KRW"}, "line_items": [{"seat": "A-1-3", "tier": "R", "price_type": "adult", "list_price": {"amount": 120_000, "currency": "KRW"},
    "discount": {"amount": 0, "currency": "KRW"}, "fee": {"amount": 1000, "currency": "KRW"},
    "tax": {"amount": 11_000, "currency": "KRW"}, "price": {"amount": 121_000, "currency": "KRW"}, "returned": false}]},
    "tickets": [{"seat": "A-1-3", "code": "FR2-ePLeIgGaDw58HHsenms6XC9NjhEAAAADAAAAAAAAAALhQ7rCN4nZhhv47NmWGfFbSXarqWOR1gj6KZzq-RvYYMxhRmtA0LKESyDx23yNDbN7vwpxGjQkQmG33gi7KIUK"}]}))]
pub struct PaymentDto {
    /// The payment's own id.
    pub id: Uuid,
    /// The reservation, now confirmed.
    pub reservation: ReservationDto,
    /// The tickets, one per seat.
    pub tickets: Vec<TicketDto>,
}

/// A ticket.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"seat": "A-1-3", "code": "FR2-ePLeIgGaDw58HHsenms6XC9NjhEAAAADAAAAAAAAAALhQ7rCN4nZhhv47NmWGfFbSXarqWOR1gj6KZzq-RvYYMxhRmtA0LKESyDx23yNDbN7vwpxGjQkQmG33gi7KIUK"}))]
pub struct TicketDto {
    /// The seat's label.
    pub seat: String,
    /// What is scanned at the entrance.
    pub code: String,
}

impl From<TicketView> for TicketDto {
    fn from(view: TicketView) -> Self {
        Self { seat: view.label.to_string(), code: view.code }
    }
}

/// A reservation's tickets.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TicketsDto {
    /// The valid ones; none unless it is confirmed.
    pub items: Vec<TicketDto>,
    /// The performance; for those who ask with `expand`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub performance: Option<PerformanceDto>,
    /// The concert that is played; for those who ask with `expand`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub concert: Option<ConcertDto>,
    /// The venue of the performance; for those who ask with `expand`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub venue: Option<VenueDto>,
}

impl TicketsDto {
    /// The tickets with what was asked for besides.
    pub fn of(tickets: Vec<TicketView>, expanded: Expanded) -> Self {
        let Expanded { performance, concert, venue } = expanded;
        Self { items: tickets.into_iter().map(Into::into).collect(), performance, concert, venue }
    }
}
