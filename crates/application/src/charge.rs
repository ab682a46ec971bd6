//! Charging a wallet.

use crate::port::{
    BookingError, BookingStore, ChargeRequest, Clock, GatewayAnswer, IdSource, NoAnswer, PaymentGateway, WalletReader,
};
use crate::{Error, Missing, RequestKey};
use frontrow_domain::{
    Charge, Command, Outcome, Payment, PaymentId, PaymentState, Points, Rejection, Settle, Settlement, TransferId,
    UserId, What,
};
use std::sync::Arc;
use std::time::Duration;

/// Who charges their wallet, with how much, by what.
pub struct ChargeWalletRequest {
    /// Who.
    pub user: UserId,
    /// How much: [`Payment::LEAST_CHARGE`] to [`Payment::MOST_CHARGE`].
    pub amount: Points,
    /// From the gateway's own page; never stored, never logged.
    pub payment_token: String,
    /// See there.
    pub request: RequestKey,
}

/// Charges a wallet through the gateway: a pending payment first, then the gateway, outside any transaction, then the
/// settlement.
pub struct ChargeWallet {
    /// Begins the payment.
    pub store: Arc<dyn BookingStore>,
    /// Reads it again.
    pub wallets: Arc<dyn WalletReader>,
    /// Settles it.
    pub settle: Arc<SettleCharges>,
    /// For the payment's id.
    pub ids: Arc<dyn IdSource>,
}

impl ChargeWallet {
    /// The payment: settled, or pending while the gateway has not said.
    pub async fn run(&self, request: ChargeWalletRequest) -> Result<Payment, Error> {
        let ChargeWalletRequest { user, amount, payment_token, request } = request;
        let begun = self.begin(user, amount, request).await?;
        // A repetition finds the payment further on than its outcome was.
        let current = self.wallets.charge(begun.id).await?.unwrap_or(begun);
        if current.state != PaymentState::Pending {
            return Ok(current);
        }
        let gateway = &self.settle.gateway;
        let charge = ChargeRequest { payment: current.id, amount: current.amount, payment_token };
        let answer = match gateway.charge(charge.clone()).await {
            // The gateway knows the payment by its id, so asking once more can't charge twice.
            Err(NoAnswer) => gateway.charge(charge).await,
            answer => answer,
        };
        self.settle.settle(current, answer).await
    }

    async fn begin(&self, user: UserId, amount: Points, request: RequestKey) -> Result<Payment, Error> {
        let payment = PaymentId::new(self.ids.id());
        let charge = Charge { payment, user, amount, provider: self.settle.gateway.name().to_owned() };
        match self.store.execute(Command::keyed(request.key, request.body_hash, What::Charge(charge))).await? {
            Outcome::Charged(payment) => Ok(payment),
            _ => Err(Rejection::KeyReused.into()),
        }
    }
}

/// Asks again for charges that the gateway has not settled.
pub struct SettleCharges {
    /// Settles.
    pub store: Arc<dyn BookingStore>,
    /// Finds what is unsettled.
    pub wallets: Arc<dyn WalletReader>,
    /// Who knows.
    pub gateway: Arc<dyn PaymentGateway>,
    /// For transfers.
    pub ids: Arc<dyn IdSource>,
    /// To leave alone what has just begun.
    pub clock: Arc<dyn Clock>,
}

impl SettleCharges {
    /// A charge younger than this is left to the request that began it.
    pub const PATIENCE: Duration = Duration::from_secs(5);
    /// A charge that the gateway has not heard of for this long is given up.
    pub const ABANDON_AFTER: Duration = Duration::from_mins(1);
    /// Charges of one run: many more than a gateway leaves open at a time, because the oldest come first every time.
    pub const BATCH: u32 = 500;

    /// Asks for the oldest unsettled charges; says how many were settled. One that can't be settled does not keep the
    /// others from it; its error is told at the end.
    pub async fn run(&self) -> Result<u32, Error> {
        let (mut settled, mut failed) = (0, None);
        for payment in self.wallets.unsettled(self.clock.now() - Self::PATIENCE, Self::BATCH).await? {
            let answer = self.ask(&payment).await;
            match self.settle(payment, answer).await {
                Ok(payment) => settled += u32::from(payment.state != PaymentState::Pending),
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(settled), Err)
    }

    async fn ask(&self, payment: &Payment) -> Result<GatewayAnswer, NoAnswer> {
        let old = payment.at + Self::ABANDON_AFTER <= self.clock.now();
        match self.gateway.status(payment.id).await? {
            GatewayAnswer::Unheard if old => self.gateway.abandon(payment.id).await,
            answer => Ok(answer),
        }
    }

    async fn settle(&self, payment: Payment, answer: Result<GatewayAnswer, NoAnswer>) -> Result<Payment, Error> {
        let settlement = match answer {
            Ok(GatewayAnswer::Accepted { provider_ref }) => Settlement::Accepted { provider_ref },
            Ok(GatewayAnswer::Declined) => Settlement::Declined,
            Ok(GatewayAnswer::Pending | GatewayAnswer::Unheard) | Err(NoAnswer) => return Ok(payment),
        };
        let transfer = TransferId::new(self.ids.id());
        let settle = Settle { payment: payment.id, user: payment.user, settlement, transfer };
        match self.store.execute(Command::unkeyed(What::Settle(settle))).await {
            Ok(Outcome::Charged(settled)) => Ok(settled),
            // The gateway has spoken, and will say the same when it is asked again.
            Ok(_) | Err(BookingError::Unknown(_)) => Ok(payment),
            Err(error) if error.is_transient() => Ok(payment),
            Err(error) => Err(error.into()),
        }
    }
}

/// Shows what became of a charge.
pub struct ShowCharge {
    /// Reads it.
    pub wallets: Arc<dyn WalletReader>,
}

impl ShowCharge {
    /// Somebody else's charge is not found.
    pub async fn run(&self, user: UserId, id: PaymentId) -> Result<Payment, Error> {
        let payment = self.wallets.charge(id).await?;
        payment.filter(|payment| payment.user == user).ok_or(Error::NotFound(Missing::Charge))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FaultId;
    use crate::port::{MockBookingStore, MockPaymentGateway, MockWalletReader};
    use crate::testing::{at, clock, ids, request_key, user};
    use frontrow_domain::{PaymentKind, Version};
    use mockall::Sequence;
    use mockall::predicate::eq;
    use uuid::Uuid;

    const BEGUN: i64 = 100;

    /// Begun at [`BEGUN`].
    fn payment(state: PaymentState) -> Payment {
        Payment {
            id: PaymentId::new(Uuid::from_u128(77)),
            kind: PaymentKind::Charge,
            reservation: None,
            user: user(1),
            amount: Points::new(5000).unwrap(),
            state,
            provider: "sandbox".into(),
            provider_ref: None,
            at: at(BEGUN),
            version: Version::FIRST,
        }
    }

    fn request() -> ChargeWalletRequest {
        ChargeWalletRequest {
            user: user(1),
            amount: Points::new(5000).unwrap(),
            payment_token: "tok".into(),
            request: request_key(user(1)),
        }
    }

    fn gateway_request() -> ChargeRequest {
        ChargeRequest {
            payment: payment(PaymentState::Pending).id,
            amount: request().amount,
            payment_token: "tok".into(),
        }
    }

    fn accepted() -> GatewayAnswer {
        GatewayAnswer::Accepted { provider_ref: "ref-1".into() }
    }

    fn gateway() -> MockPaymentGateway {
        let mut gateway = MockPaymentGateway::new();
        gateway.expect_name().return_const("sandbox");
        gateway
    }

    fn settle_with(
        store: &Arc<MockBookingStore>,
        wallets: &Arc<MockWalletReader>,
        gateway: MockPaymentGateway,
        now: i64,
    ) -> SettleCharges {
        let (store, wallets) = (Arc::clone(store), Arc::clone(wallets));
        SettleCharges { store, wallets, gateway: Arc::new(gateway), ids: ids(), clock: clock(now) }
    }

    fn charge_with(store: MockBookingStore, wallets: MockWalletReader, gateway: MockPaymentGateway) -> ChargeWallet {
        let store = Arc::new(store);
        let wallets = Arc::new(wallets);
        let settle = Arc::new(settle_with(&store, &wallets, gateway, BEGUN));
        ChargeWallet { store, wallets, settle, ids: ids() }
    }

    /// A store where a charge begins as it should, and its settlement ends like that.
    fn store(settled: Option<Result<Outcome, BookingError>>) -> MockBookingStore {
        let mut store = MockBookingStore::new();
        let begins = |command: &Command| matches!(command.what, What::Charge(_));
        let begun = Outcome::Charged(payment(PaymentState::Pending));
        store.expect_execute().withf(begins).times(1).return_once(|_| Ok(begun));
        if let Some(settled) = settled {
            let settles = |command: &Command| matches!(command.what, What::Settle(_));
            store.expect_execute().withf(settles).times(1).return_once(|_| settled);
        }
        store
    }

    fn wallets(state: PaymentState) -> MockWalletReader {
        let mut wallets = MockWalletReader::new();
        wallets.expect_charge().returning(move |_| Ok(Some(payment(state))));
        wallets
    }

    fn settled(state: PaymentState) -> Outcome {
        Outcome::Charged(payment(state))
    }

    #[tokio::test]
    async fn the_pending_row_comes_first_then_the_gateway_then_the_settlement() {
        let mut order = Sequence::new();
        let (mut store, mut gateway) = (MockBookingStore::new(), gateway());
        let begin = Charge {
            payment: PaymentId::new(Uuid::from_u128(1)),
            user: user(1),
            amount: request().amount,
            provider: "sandbox".into(),
        };
        let begin = Command::keyed(request_key(user(1)).key, [7; 32], What::Charge(begin));
        let pending = Outcome::Charged(payment(PaymentState::Pending));
        store.expect_execute().with(eq(begin)).times(1).in_sequence(&mut order).return_once(|_| Ok(pending));
        let asked = gateway.expect_charge().with(eq(gateway_request()));
        asked.times(1).in_sequence(&mut order).return_once(|_| Ok(accepted()));
        let settle = Settle {
            payment: payment(PaymentState::Pending).id,
            user: user(1),
            settlement: Settlement::Accepted { provider_ref: "ref-1".into() },
            transfer: TransferId::new(Uuid::from_u128(1)),
        };
        let settle = Command::unkeyed(What::Settle(settle));
        let done = Outcome::Charged(payment(PaymentState::Succeeded));
        store.expect_execute().with(eq(settle)).times(1).in_sequence(&mut order).return_once(|_| Ok(done));

        let charge = charge_with(store, wallets(PaymentState::Pending), gateway);
        assert_eq!(charge.run(request()).await, Ok(payment(PaymentState::Succeeded)));
    }

    #[tokio::test]
    async fn a_charge_that_is_refused_never_reaches_the_gateway() {
        let mut store = MockBookingStore::new();
        store.expect_execute().return_once(|_| Err(Rejection::BalanceTooHigh.into()));
        let charge = charge_with(store, MockWalletReader::new(), gateway());
        assert_eq!(charge.run(request()).await, Err(Rejection::BalanceTooHigh.into()));
    }

    #[tokio::test]
    async fn a_repetition_after_the_settlement_does_not_ask_the_gateway() {
        for state in [PaymentState::Succeeded, PaymentState::Failed] {
            let charge = charge_with(store(None), wallets(state), gateway());
            assert_eq!(charge.run(request()).await, Ok(payment(state)));
        }
    }

    #[tokio::test]
    async fn a_gateway_that_does_not_answer_is_asked_once_more_and_then_later() {
        let mut silent = gateway();
        silent.expect_charge().with(eq(gateway_request())).times(2).returning(|_| Err(NoAnswer));
        let charge = charge_with(store(None), wallets(PaymentState::Pending), silent);
        assert_eq!(charge.run(request()).await, Ok(payment(PaymentState::Pending)));

        let mut slow = gateway();
        let mut order = Sequence::new();
        slow.expect_charge().times(1).in_sequence(&mut order).return_once(|_| Err(NoAnswer));
        slow.expect_charge().times(1).in_sequence(&mut order).return_once(|_| Ok(accepted()));
        let charge =
            charge_with(store(Some(Ok(settled(PaymentState::Succeeded)))), wallets(PaymentState::Pending), slow);
        assert_eq!(charge.run(request()).await, Ok(payment(PaymentState::Succeeded)));
    }

    #[tokio::test]
    async fn a_charge_waits_while_the_gateway_has_not_decided() {
        let mut undecided = gateway();
        undecided.expect_charge().times(1).return_once(|_| Ok(GatewayAnswer::Pending));
        let charge = charge_with(store(None), wallets(PaymentState::Pending), undecided);
        assert_eq!(charge.run(request()).await, Ok(payment(PaymentState::Pending)));
    }

    #[tokio::test]
    async fn a_charge_that_the_gateway_declines_has_failed() {
        let mut declining = gateway();
        declining.expect_charge().times(1).return_once(|_| Ok(GatewayAnswer::Declined));
        let charge =
            charge_with(store(Some(Ok(settled(PaymentState::Failed)))), wallets(PaymentState::Pending), declining);
        assert_eq!(charge.run(request()).await, Ok(payment(PaymentState::Failed)));
    }

    #[tokio::test]
    async fn what_could_not_be_settled_stays_pending_and_a_fault_is_told() {
        let fault = FaultId(Uuid::nil());
        let endings = [
            (BookingError::Busy { retry_after: Duration::from_secs(1) }, Ok(payment(PaymentState::Pending))),
            (BookingError::Unknown(None), Ok(payment(PaymentState::Pending))),
            (BookingError::Fault(fault), Err(Error::Fault(fault))),
        ];
        for (error, expected) in endings {
            let mut accepting = gateway();
            accepting.expect_charge().times(1).return_once(|_| Ok(accepted()));
            let charge = charge_with(store(Some(Err(error))), wallets(PaymentState::Pending), accepting);
            assert_eq!(charge.run(request()).await, expected);
        }
    }

    /// Settles the one charge that is unsettled, that many seconds after it was begun.
    async fn settle_after(seconds: i64, gateway: MockPaymentGateway, to: Option<PaymentState>) -> Result<u32, Error> {
        let mut wallets = MockWalletReader::new();
        let before = at(BEGUN + seconds) - SettleCharges::PATIENCE;
        let unsettled = wallets.expect_unsettled().with(eq(before), eq(SettleCharges::BATCH));
        unsettled.return_once(|_, _| Ok(vec![payment(PaymentState::Pending)]));
        let mut store = MockBookingStore::new();
        if let Some(state) = to {
            let wanted = move |command: &Command| {
                let What::Settle(settle) = &command.what else { return false };
                (settle.settlement == Settlement::Declined) == (state == PaymentState::Failed)
            };
            let outcome = Outcome::Charged(payment(state));
            store.expect_execute().withf(wanted).times(1).return_once(|_| Ok(outcome));
        }
        settle_with(&Arc::new(store), &Arc::new(wallets), gateway, BEGUN + seconds).run().await
    }

    fn knowing(answer: Result<GatewayAnswer, NoAnswer>) -> MockPaymentGateway {
        let mut gateway = gateway();
        gateway.expect_status().with(eq(payment(PaymentState::Pending).id)).times(1).return_once(|_| answer);
        gateway
    }

    #[tokio::test]
    async fn what_is_unsettled_is_asked_for_until_it_is_known() {
        assert_eq!(settle_after(10, knowing(Ok(accepted())), Some(PaymentState::Succeeded)).await, Ok(1));
        assert_eq!(settle_after(10, knowing(Ok(GatewayAnswer::Declined)), Some(PaymentState::Failed)).await, Ok(1));
        assert_eq!(settle_after(10, knowing(Ok(GatewayAnswer::Pending)), None).await, Ok(0));
        assert_eq!(settle_after(10, knowing(Err(NoAnswer)), None).await, Ok(0));
    }

    #[tokio::test]
    async fn a_charge_that_the_gateway_never_heard_of_is_given_up_only_when_it_is_old() {
        assert_eq!(settle_after(59, knowing(Ok(GatewayAnswer::Unheard)), None).await, Ok(0));
        // Asked to refuse it, the gateway says what is true by then: it may have arrived in between.
        let abandoned =
            [(Ok(GatewayAnswer::Declined), PaymentState::Failed), (Ok(accepted()), PaymentState::Succeeded)];
        for (answer, end) in abandoned {
            let mut gateway = knowing(Ok(GatewayAnswer::Unheard));
            gateway.expect_abandon().times(1).return_once(|_| answer);
            assert_eq!(settle_after(60, gateway, Some(end)).await, Ok(1));
        }
    }

    #[tokio::test]
    async fn a_charge_that_can_not_be_settled_does_not_keep_the_others_from_it() {
        let mut wallets = MockWalletReader::new();
        wallets.expect_unsettled().return_once(|_, _| Ok(vec![payment(PaymentState::Pending); 2]));
        let mut gateway = gateway();
        gateway.expect_status().times(2).returning(|_| Ok(accepted()));
        let mut store = MockBookingStore::new();
        let fault = FaultId(uuid::Uuid::nil());
        store.expect_execute().times(1).return_once(move |_| Err(BookingError::Fault(fault)));
        store.expect_execute().times(1).return_once(|_| Ok(Outcome::Charged(payment(PaymentState::Succeeded))));
        let settle = settle_with(&Arc::new(store), &Arc::new(wallets), gateway, BEGUN + 10);
        assert_eq!(settle.run().await, Err(Error::Fault(fault)));
    }

    #[tokio::test]
    async fn somebody_elses_charge_is_not_found() {
        let show = ShowCharge { wallets: Arc::new(wallets(PaymentState::Pending)) };
        let id = payment(PaymentState::Pending).id;
        assert_eq!(show.run(user(1), id).await, Ok(payment(PaymentState::Pending)));
        assert_eq!(show.run(user(2), id).await, Err(Error::NotFound(Missing::Charge)));
    }
}
