//! What people do besides calling the API: the same use cases, without HTTP.

use crate::error::MockError;
use frontrow_adapters::{SandboxGateway, sha256};
use frontrow_application::{ChargeWalletRequest, Error, GiveBackRequest, HoldRequest, RequestKey, ReservationRequest};
use frontrow_application::{SeatChoice, UseCases};
use frontrow_domain::{PerformanceId, Points, Reservation, ReservationId, SaleId, SeatLabel, UserId};

/// What one person does. Each deed has a name, which is its idempotency key.
#[derive(Clone, Copy)]
pub struct Deeds<'a> {
    use_cases: &'a UseCases,
    user: UserId,
}

impl<'a> Deeds<'a> {
    /// That person's.
    pub fn of(use_cases: &'a UseCases, user: UserId) -> Self {
        Self { use_cases, user }
    }

    fn key(&self, name: &str) -> Result<RequestKey, MockError> {
        Ok(RequestKey::new(self.user, name, "mock", name.as_bytes(), sha256)?)
    }

    /// Charges their wallet.
    pub async fn charge(&self, name: &str, points: i64) -> Result<(), MockError> {
        let payment_token = SandboxGateway::ACCEPT.to_owned();
        let request = ChargeWalletRequest { amount: Points::new(points)?, payment_token, request: self.key(name)? };
        self.use_cases.booking.charge.run(request).await?;
        Ok(())
    }

    /// Holds seats.
    pub async fn hold(
        &self,
        name: &str,
        performance: PerformanceId,
        sale: SaleId,
        seats: Vec<SeatLabel>,
    ) -> Result<Reservation, MockError> {
        let seats = seats.into_iter().map(|label| SeatChoice { label, price_type: None }).collect();
        let request = HoldRequest { performance, sale: Some(sale), seats, request: self.key(name)? };
        Ok(self.use_cases.booking.hold.run(request).await?.0)
    }

    /// Pays a hold.
    pub async fn pay(&self, name: &str, reservation: ReservationId) -> Result<(), MockError> {
        let request = ReservationRequest { reservation, request: self.key(name)? };
        self.use_cases.booking.pay.run(request).await?;
        Ok(())
    }

    /// Gives up a hold.
    pub async fn release(&self, reservation: ReservationId) -> Result<(), Error> {
        self.use_cases.booking.release.run(self.user, reservation).await
    }

    /// Gives back what they paid for: these seats, or all that are left.
    pub async fn give_back(
        &self,
        name: &str,
        reservation: ReservationId,
        seats: Option<Vec<SeatLabel>>,
    ) -> Result<(), MockError> {
        let request = GiveBackRequest { reservation, seats, request: self.key(name)? };
        self.use_cases.booking.cancel.run(request).await?;
        Ok(())
    }
}
