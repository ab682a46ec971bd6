//! The use cases of booking alone, for whoever has accounts, a catalogue and a queue of their own, or none.

use crate::port::{
    BookingStore, ChoreStore, Clock, Housekeeping, IdSource, IdempotencyRecordReader, OnSaleReader, PaymentGateway,
    ReservationReader, SeatCooldown, SeatSnapshots, TicketSigner, WalletReader,
};
use crate::waiting_room::QueueViews;
use crate::{
    BestSeats, CancelReservation, ChargeWallet, ExpireHolds, Forget, HoldBestSeats, HoldSeats, LeaseChores, ListSeats,
    PayReservation, ReadReservations, ReadWallet, RefundReservation, ReleaseHold, RoundTimes, SettleCharges,
    SettleProgress, ShowAvailability, ShowCharge, SweepProgress,
};
use std::sync::{Arc, OnceLock};

/// The ports that booking needs.
#[expect(missing_docs, reason = "each field is named after its port")]
#[derive(Clone)]
pub struct BookingPorts {
    pub store: Arc<dyn BookingStore>,
    pub idempotency_records: Arc<dyn IdempotencyRecordReader>,
    pub on_sale: Arc<dyn OnSaleReader>,
    pub seat_snapshots: Arc<dyn SeatSnapshots>,
    /// The same seats for those who only look, so that nobody who books waits for what they read. May be the same where
    /// nobody waits.
    pub browsed_seats: Arc<dyn SeatSnapshots>,
    pub reservations: Arc<dyn ReservationReader>,
    pub wallets: Arc<dyn WalletReader>,
    pub tickets: Arc<dyn TicketSigner>,
    pub gateway: Arc<dyn PaymentGateway>,
    /// [`NoCooldown`](crate::port::NoCooldown) where everybody may hold what they like.
    pub cooldown: Arc<dyn SeatCooldown>,
    pub housekeeping: Arc<dyn Housekeeping>,
    pub chores: Arc<dyn ChoreStore>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
}

/// Looking at seats, holding, paying and giving back, and the wallet.
#[expect(missing_docs, reason = "each field is named after its use case")]
pub struct BookingUseCases {
    pub availability: Arc<ShowAvailability>,
    pub seats: ListSeats,
    pub hold: HoldSeats,
    pub hold_best: HoldBestSeats,
    pub pay: PayReservation,
    pub release: ReleaseHold,
    pub cancel: Arc<CancelReservation>,
    pub refund: RefundReservation,
    pub reservations: ReadReservations,
    pub wallet: ReadWallet,
    pub charge: ChargeWallet,
    pub show_charge: ShowCharge,
    pub settle_charges: Arc<SettleCharges>,
    pub expire_holds: Arc<ExpireHolds>,
    pub forget: Arc<Forget>,
    pub lease_chores: Arc<LeaseChores>,
}

impl BookingUseCases {
    /// For sales without waiting rooms.
    pub fn new(ports: &BookingPorts) -> Self {
        Self::behind(Arc::default(), ports)
    }

    /// For sales that may have a waiting room: `queues` says where an operator has stopped new holds.
    pub(crate) fn behind(queues: Arc<QueueViews>, ports: &BookingPorts) -> Self {
        let p = ports.clone();
        let availability = Arc::new(ShowAvailability { on_sale: p.on_sale.clone(), snapshots: p.browsed_seats });
        let (cancel, settle_charges) = (cancel(ports), settle_charges(ports));
        Self {
            seats: ListSeats { availability: availability.clone() },
            availability,
            hold: HoldSeats {
                store: p.store.clone(),
                idempotency_records: p.idempotency_records.clone(),
                queues: queues.clone(),
                on_sale: p.on_sale.clone(),
                seats: Some(p.seat_snapshots.clone()),
                cooldown: p.cooldown.clone(),
                ids: p.ids.clone(),
                clock: p.clock.clone(),
            },
            hold_best: HoldBestSeats {
                store: p.store.clone(),
                idempotency_records: p.idempotency_records,
                queues,
                on_sale: p.on_sale.clone(),
                best: BestSeats::new(p.seat_snapshots, p.clock.clone(), start(&*p.ids)),
                cooldown: p.cooldown.clone(),
                ids: p.ids.clone(),
                clock: p.clock.clone(),
            },
            pay: PayReservation {
                store: p.store.clone(),
                reservations: p.reservations.clone(),
                on_sale: p.on_sale.clone(),
                ids: p.ids.clone(),
            },
            release: ReleaseHold { store: p.store.clone(), reservations: p.reservations.clone(), cooldown: p.cooldown },
            refund: RefundReservation { cancel: cancel.clone() },
            cancel,
            reservations: ReadReservations {
                reservations: p.reservations.clone(),
                on_sale: p.on_sale,
                tickets: p.tickets,
            },
            wallet: ReadWallet { wallets: p.wallets.clone() },
            charge: ChargeWallet {
                store: p.store.clone(),
                wallets: p.wallets.clone(),
                settle: settle_charges.clone(),
                ids: p.ids.clone(),
            },
            show_charge: ShowCharge { wallets: p.wallets },
            settle_charges,
            expire_holds: expire_holds(ports),
            forget: Arc::new(Forget { housekeeping: p.housekeeping, clock: p.clock.clone() }),
            lease_chores: Arc::new(LeaseChores {
                chores: p.chores,
                clock: p.clock,
                ids: p.ids,
                holder: OnceLock::new(),
                rounds: RoundTimes::default(),
            }),
        }
    }
}

/// Where this instance begins to look for the best seats.
fn start(ids: &dyn IdSource) -> u32 {
    let [a, b, c, d, ..] = ids.secret();
    u32::from_be_bytes([a, b, c, d])
}

fn cancel(ports: &BookingPorts) -> Arc<CancelReservation> {
    Arc::new(CancelReservation {
        store: ports.store.clone(),
        reservations: ports.reservations.clone(),
        on_sale: ports.on_sale.clone(),
        ids: ports.ids.clone(),
    })
}

fn expire_holds(ports: &BookingPorts) -> Arc<ExpireHolds> {
    Arc::new(ExpireHolds {
        store: ports.store.clone(),
        reservations: ports.reservations.clone(),
        chores: ports.chores.clone(),
        clock: ports.clock.clone(),
        progress: SweepProgress::default(),
    })
}

fn settle_charges(ports: &BookingPorts) -> Arc<SettleCharges> {
    Arc::new(SettleCharges {
        store: ports.store.clone(),
        wallets: ports.wallets.clone(),
        gateway: ports.gateway.clone(),
        ids: ports.ids.clone(),
        clock: ports.clock.clone(),
        progress: SettleProgress::default(),
    })
}
