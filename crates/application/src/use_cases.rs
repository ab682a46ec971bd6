//! All use cases, on one set of ports.

use crate::port::{
    AccountRepository, AdmissionWatch, Beacon, BookingStore, Clock, ConcertRepository, DoneReader, Eligibility,
    Housekeeping, IdSource, JoinLimits, LineStore, NumberDispenser, OnSaleReader, PasswordHasher, PaymentGateway,
    PerformanceRepository, Probe, QueueSigner, ReservationReader, SaleRepository, SeatReader, SeatSnapshots,
    SessionRepository, TicketSigner, TokenIssuer, VenueRepository, WalletReader,
};
use crate::waiting_room::{
    ClaimAdmission, Gate, JoinLine, Lately, LeaveAdmission, Lines, OperateLine, RenewAdmission, ShowPlace, TickLines,
    WatchedBookings,
};
use crate::{
    BestSeats, BrowseConcerts, BrowsePerformances, CancelReservation, ChargeWallet, ExpireHolds, Forget, HoldBestSeats,
    HoldSeats, ListSeats, LogIn, LogOut, ManageConcerts, ManagePerformances, ManageSales, ManageVenues, PayReservation,
    ReadReservations, ReadWallet, Refresh, RefundReservation, ReleaseHold, SettleCharges, SettleProgress,
    ShowAvailability, ShowCharge, ShowSeatMap, SignUp,
};
use std::sync::Arc;
use std::time::Duration;

/// Every port, and what the use cases need to know besides.
#[expect(missing_docs, reason = "each field is named after its port")]
#[derive(Clone)]
pub struct Ports {
    pub store: Arc<dyn BookingStore>,
    pub done: Arc<dyn DoneReader>,
    pub venues: Arc<dyn VenueRepository>,
    pub concerts: Arc<dyn ConcertRepository>,
    pub performances: Arc<dyn PerformanceRepository>,
    pub sales: Arc<dyn SaleRepository>,
    pub on_sale: Arc<dyn OnSaleReader>,
    pub seats: Arc<dyn SeatReader>,
    pub seat_snapshots: Arc<dyn SeatSnapshots>,
    pub reservations: Arc<dyn ReservationReader>,
    pub wallets: Arc<dyn WalletReader>,
    pub accounts: Arc<dyn AccountRepository>,
    pub sessions: Arc<dyn SessionRepository>,
    pub passwords: Arc<dyn PasswordHasher>,
    pub tokens: Arc<dyn TokenIssuer>,
    pub tickets: Arc<dyn TicketSigner>,
    pub gateway: Arc<dyn PaymentGateway>,
    pub housekeeping: Arc<dyn Housekeeping>,
    pub lines: Arc<dyn LineStore>,
    pub dispenser: Arc<dyn NumberDispenser>,
    pub watch: Arc<dyn AdmissionWatch>,
    pub join_limits: Arc<dyn JoinLimits>,
    pub eligibility: Arc<dyn Eligibility>,
    pub signer: Arc<dyn QueueSigner>,
    pub beacon: Arc<dyn Beacon>,
    pub probe: Arc<dyn Probe>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    /// SHA-256, for refresh tokens and draws.
    pub digest: fn(&[u8]) -> [u8; 32],
    /// How long an access token is good.
    pub access_lifetime: Duration,
    /// How long a refresh token is good.
    pub refresh_lifetime: Duration,
}

/// Every use case.
#[expect(missing_docs, reason = "each field is named after its use case")]
pub struct UseCases {
    pub sign_up: SignUp,
    pub log_in: LogIn,
    pub refresh: Arc<Refresh>,
    pub log_out: LogOut,
    pub concerts: BrowseConcerts,
    pub performances: BrowsePerformances,
    pub availability: Arc<ShowAvailability>,
    pub seats: ListSeats,
    pub seat_map: ShowSeatMap,
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
    pub expire_holds: ExpireHolds,
    pub forget: Forget,
    pub manage_venues: ManageVenues,
    pub manage_concerts: ManageConcerts,
    pub manage_performances: ManagePerformances,
    pub manage_sales: ManageSales,
    pub lines: Arc<Lines>,
    pub gate: Gate,
    pub join_line: JoinLine,
    pub show_place: ShowPlace,
    pub claim_admission: ClaimAdmission,
    pub renew_admission: Arc<RenewAdmission>,
    pub leave_admission: LeaveAdmission,
    pub operate_line: OperateLine,
    pub tick_lines: TickLines,
}

impl UseCases {
    /// Hands every use case the ports that it needs.
    #[expect(clippy::too_many_lines, reason = "a list, with an entry for each use case")]
    pub fn new(ports: &Ports) -> Self {
        let lines = Arc::new(Lines::new(ports.digest));
        let (bookings, clock) = (ports.store.clone(), ports.clock.clone());
        let store = Arc::new(WatchedBookings { bookings, lines: lines.clone(), clock });
        let p = Ports { store, ..ports.clone() };
        let refresh = Arc::new(Refresh {
            accounts: p.accounts.clone(),
            sessions: p.sessions.clone(),
            tokens: p.tokens,
            digest: p.digest,
            ids: p.ids.clone(),
            clock: p.clock.clone(),
            access_lifetime: p.access_lifetime,
            refresh_lifetime: p.refresh_lifetime,
        });
        let availability =
            Arc::new(ShowAvailability { on_sale: p.on_sale.clone(), seats: p.seats.clone(), clock: p.clock.clone() });
        let cancel = Arc::new(CancelReservation {
            store: p.store.clone(),
            reservations: p.reservations.clone(),
            on_sale: p.on_sale.clone(),
            ids: p.ids.clone(),
        });
        let settle_charges = Arc::new(SettleCharges {
            store: p.store.clone(),
            wallets: p.wallets.clone(),
            gateway: p.gateway,
            ids: p.ids.clone(),
            clock: p.clock.clone(),
            progress: SettleProgress::default(),
        });
        let renew_admission =
            Arc::new(RenewAdmission { bookings: p.store.clone(), signer: p.signer.clone(), clock: p.clock.clone() });
        Self {
            gate: Gate {
                lines: lines.clone(),
                on_sale: p.on_sale.clone(),
                reservations: p.reservations.clone(),
                done: p.done.clone(),
                signer: p.signer.clone(),
                clock: p.clock.clone(),
            },
            join_line: JoinLine {
                lines: lines.clone(),
                dispenser: p.dispenser.clone(),
                store: p.lines.clone(),
                limits: p.join_limits,
                eligibility: p.eligibility,
                signer: p.signer.clone(),
                clock: p.clock.clone(),
            },
            show_place: ShowPlace { lines: lines.clone(), signer: p.signer, clock: p.clock.clone() },
            claim_admission: ClaimAdmission {
                lines: lines.clone(),
                store: p.lines.clone(),
                watch: p.watch,
                renew: renew_admission.clone(),
            },
            renew_admission,
            leave_admission: LeaveAdmission { bookings: p.store.clone() },
            operate_line: OperateLine {
                store: p.lines.clone(),
                dispenser: p.dispenser.clone(),
                bookings: p.store.clone(),
                accounts: p.accounts.clone(),
                ids: p.ids.clone(),
                clock: p.clock.clone(),
            },
            tick_lines: TickLines {
                lines: lines.clone(),
                store: p.lines.clone(),
                dispenser: p.dispenser,
                sales: p.sales.clone(),
                seats: p.seats.clone(),
                beacon: p.beacon,
                digest: p.digest,
                clock: p.clock.clone(),
                lately: Lately::default(),
            },
            lines,
            sign_up: SignUp {
                accounts: p.accounts.clone(),
                passwords: p.passwords.clone(),
                ids: p.ids.clone(),
                clock: p.clock.clone(),
            },
            log_in: LogIn { accounts: p.accounts, passwords: p.passwords, refresh: refresh.clone() },
            refresh,
            log_out: LogOut { sessions: p.sessions },
            concerts: BrowseConcerts { concerts: p.concerts.clone() },
            performances: BrowsePerformances {
                performances: p.performances.clone(),
                on_sale: p.on_sale.clone(),
                seats: p.seats,
                clock: p.clock.clone(),
            },
            seats: ListSeats { availability: availability.clone() },
            availability,
            seat_map: ShowSeatMap { on_sale: p.on_sale.clone(), venues: p.venues.clone() },
            hold: HoldSeats {
                store: p.store.clone(),
                done: p.done.clone(),
                on_sale: p.on_sale.clone(),
                ids: p.ids.clone(),
                clock: p.clock.clone(),
            },
            hold_best: HoldBestSeats {
                store: p.store.clone(),
                done: p.done,
                on_sale: p.on_sale.clone(),
                best: BestSeats::new(p.seat_snapshots, p.clock.clone()),
                ids: p.ids.clone(),
                clock: p.clock.clone(),
            },
            pay: PayReservation {
                store: p.store.clone(),
                reservations: p.reservations.clone(),
                on_sale: p.on_sale.clone(),
                ids: p.ids.clone(),
            },
            release: ReleaseHold { store: p.store.clone(), reservations: p.reservations.clone() },
            refund: RefundReservation { cancel: cancel.clone() },
            cancel,
            reservations: ReadReservations {
                reservations: p.reservations.clone(),
                on_sale: p.on_sale.clone(),
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
            expire_holds: ExpireHolds { store: p.store, reservations: p.reservations, clock: p.clock.clone() },
            forget: Forget { housekeeping: p.housekeeping, clock: p.clock.clone() },
            manage_venues: ManageVenues { venues: p.venues.clone() },
            manage_concerts: ManageConcerts { concerts: p.concerts.clone() },
            manage_performances: ManagePerformances {
                performances: p.performances.clone(),
                venues: p.venues,
                concerts: p.concerts,
            },
            manage_sales: ManageSales {
                sales: p.sales,
                performances: p.performances,
                on_sale: p.on_sale,
                lines: p.lines,
                ids: p.ids,
                clock: p.clock,
            },
        }
    }
}
