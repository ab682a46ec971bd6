//! What has happened in the first world when it begins: a reservation in every state, and a hall that is sold out.

use crate::cast::Cast;
use crate::clock::MockClock;
use crate::deeds::Deeds;
use crate::error::MockError;
use crate::programme::{Programme, Show};
use frontrow_adapters::sha256;
use frontrow_application::{ActingOperator, Error, GiveBackRequest, RequestKey, UseCases};
use frontrow_domain::{RefundReason, ReservationId, SeatLabel};

/// One of Kim's reservations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Story {
    /// Its id.
    pub reservation: ReservationId,
    /// What became of it.
    pub about: &'static str,
}

/// Whom and what it all happens with.
pub struct Setting<'a> {
    /// Everything that can be done.
    pub use_cases: &'a UseCases,
    /// What is on.
    pub programme: &'a Programme,
    /// Who is there.
    pub cast: &'a Cast,
}

impl Setting<'_> {
    /// Lets everything happen, and the world begin. Kim's reservations, the oldest first.
    pub async fn happen(&self, clock: &MockClock) -> Result<Vec<Story>, MockError> {
        let lapsed = self.kim_holds("lapsed", &["A-1-1"]).await?;
        clock.catch_up();
        let released = self.kim_holds("released", &["A-1-2"]).await?;
        self.kim().release(released).await?;
        let paid = self.kim_buys("paid", &["A-1-3", "A-1-4"]).await?;
        let in_part = self.kim_buys("in-part", &["A-1-5", "A-1-6"]).await?;
        self.kim().give_back("give-back-a-part", in_part, Some(labels(&["A-1-6"])?)).await?;
        let cancelled = self.kim_buys("cancelled", &["A-1-7"]).await?;
        self.kim().give_back("give-back", cancelled, None).await?;
        let refunded = self.kim_buys("refunded", &["A-1-8"]).await?;
        self.refund(refunded).await?;
        let lost = self.kim_buys_a_ticket_of_what_is_cancelled().await?;
        self.sell_out().await?;
        // Made last: its five minutes begin with the world.
        let held = self.kim_holds("held", &["A-2-1", "A-2-2"]).await?;
        let story = |(reservation, about)| Story { reservation, about };
        let all = [
            (lapsed, "its hold has lapsed; it can still be paid while nobody else has its seat"),
            (released, "released by Kim before it was paid"),
            (paid, "paid, with tickets"),
            (in_part, "paid, and one of its two seats given back"),
            (cancelled, "paid, and cancelled by Kim"),
            (refunded, "paid, and refunded by the operator"),
            (lost, "paid, and refunded because the performance was cancelled"),
            (held, "held: its hold lapses 5 minutes after the start"),
        ];
        Ok(all.into_iter().map(story).collect())
    }

    fn kim(&self) -> Deeds<'_> {
        Deeds::of(self.use_cases, self.cast.kim.user.id)
    }

    fn by(&self) -> Result<ActingOperator, MockError> {
        Ok(ActingOperator::from_account(&self.cast.operator.user).map_err(Error::from)?)
    }

    /// Seats of the second evening in the small hall.
    async fn kim_holds(&self, name: &str, seats: &[&str]) -> Result<ReservationId, MockError> {
        hold(self.kim(), &self.programme.small_hours, name, labels(seats)?).await
    }

    async fn kim_buys(&self, name: &str, seats: &[&str]) -> Result<ReservationId, MockError> {
        let held = self.kim_holds(name, seats).await?;
        self.kim().pay(&format!("pay-{name}"), held).await?;
        Ok(held)
    }

    async fn refund(&self, reservation: ReservationId) -> Result<(), MockError> {
        let by = self.by()?;
        let request = RequestKey::new(by.user(), "refund", "mock", b"refund", sha256)?;
        let request = GiveBackRequest { reservation, seats: None, request };
        let reason = RefundReason::new("The view was blocked").ok();
        self.use_cases.booking.refund.run(by, request, reason).await?;
        Ok(())
    }

    async fn kim_buys_a_ticket_of_what_is_cancelled(&self) -> Result<ReservationId, MockError> {
        let held = hold(self.kim(), &self.programme.stormy_weather, "storm", labels(&["FLOOR-1"])?).await?;
        self.kim().pay("pay-storm", held).await?;
        self.programme.cancel(self.use_cases, self.by()?).await?;
        self.use_cases.return_money.run().await?;
        Ok(held)
    }

    /// Each fan buys half a row.
    async fn sell_out(&self) -> Result<(), MockError> {
        let layout = self.programme.lantern.map.layout().map_err(Error::from)?;
        let free = layout.positions().filter(|(_, position)| !position.blocked);
        let seats: Vec<SeatLabel> = free.map(|(_, position)| position.label.clone()).collect();
        for (fan, seats) in self.cast.fans.iter().zip(seats.chunks(seats.len().div_ceil(self.cast.fans.len()))) {
            let deeds = Deeds::of(self.use_cases, fan.id);
            let held = hold(deeds, &self.programme.last_dance, "hold", seats.to_vec()).await?;
            deeds.pay("pay", held).await?;
        }
        Ok(())
    }
}

/// Holds seats of a show's last date.
async fn hold(deeds: Deeds<'_>, show: &Show, name: &str, seats: Vec<SeatLabel>) -> Result<ReservationId, MockError> {
    let performance = show.performances.last().ok_or_else(|| MockError::Written("a show without a date".to_owned()))?;
    Ok(deeds.hold(name, performance.id, show.sale.id, seats).await?.id)
}

fn labels(seats: &[&str]) -> Result<Vec<SeatLabel>, MockError> {
    seats.iter().map(|label| label.parse().map_err(|_| MockError::Written((*label).to_owned()))).collect()
}
