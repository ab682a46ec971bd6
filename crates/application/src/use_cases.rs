//! All use cases, on one set of ports.

use crate::port::{
    AccountNotices, AccountRepository, AdmissionWatch, BookingStore, ChoreStore, Clock, CodeRepository,
    ConcertRepository, Eligibility, Housekeeping, IdSource, IdempotencyRecordReader, JoinLimits, LoadGauge, Mailer,
    NumberDispenser, OnSaleReader, Outbox, PasswordHasher, PaymentGateway, PerformanceRepository, Probe,
    ProgrammeReader, QueueSigner, QueueStore, ReservationReader, SaleRepository, SeatCooldown, SeatSnapshots,
    SessionRepository, TicketSigner, TimeZones, TokenIssuer, VenueRepository, WalletReader,
};
use crate::waiting_room::{
    BarBuyer, CheckInBuyer, JoinQueue, LeaveAdmission, OperateQueue, PassCheck, QueueViews, RenewAdmission,
    ShowQueueEntry, TickCache, TickQueues, WatchedBookings,
};
use crate::{
    AskForVerification, BookingPorts, BookingUseCases, BrowseConcerts, BrowsePerformances, ChangePassword, CheckClock,
    EndSessions, EndedSessions, KnownSkew, KnownVerified, LatestIndex, ListSessions, LogIn, ManageConcerts,
    ManagePerformances, ManageSales, ManageVenues, Refresh, RequireVerifiedEmail, ReturnMoney, ReturnProgress,
    SendMails, ShowAvailability, ShowSeatMap, SignUp, SignUpByMail, VerifyEmail,
};
use std::sync::Arc;
use std::time::Duration;

/// Every port, and what the use cases need to know besides.
#[expect(missing_docs, reason = "each field is named after its port")]
#[derive(Clone)]
pub struct Ports {
    pub store: Arc<dyn BookingStore>,
    pub load: Arc<dyn LoadGauge>,
    pub idempotency_records: Arc<dyn IdempotencyRecordReader>,
    pub venues: Arc<dyn VenueRepository>,
    pub time_zones: Arc<dyn TimeZones>,
    pub concerts: Arc<dyn ConcertRepository>,
    pub programme: Arc<dyn ProgrammeReader>,
    pub performances: Arc<dyn PerformanceRepository>,
    pub sales: Arc<dyn SaleRepository>,
    pub on_sale: Arc<dyn OnSaleReader>,
    /// The same for those who only look at the catalogue, so that their reads are not in the way of bookings. May be
    /// the same reader where reads don't wait for each other.
    pub browsed_on_sale: Arc<dyn OnSaleReader>,
    pub seat_snapshots: Arc<dyn SeatSnapshots>,
    /// The same seats for those who only look, so that nobody who books waits for what they read. May be the same where
    /// nobody waits.
    pub browsed_seats: Arc<dyn SeatSnapshots>,
    pub reservations: Arc<dyn ReservationReader>,
    pub wallets: Arc<dyn WalletReader>,
    pub accounts: Arc<dyn AccountRepository>,
    pub sessions: Arc<dyn SessionRepository>,
    pub notices: Arc<dyn AccountNotices>,
    /// `None` where no mails are sent: then nobody verifies an address.
    pub mailer: Option<Arc<dyn Mailer>>,
    pub outbox: Arc<dyn Outbox>,
    pub codes: Arc<dyn CodeRepository>,
    /// Whether nobody joins or holds before their address is verified. Needs a mailer.
    pub verified_email_required: bool,
    pub passwords: Arc<dyn PasswordHasher>,
    pub tokens: Arc<dyn TokenIssuer>,
    pub tickets: Arc<dyn TicketSigner>,
    pub gateway: Arc<dyn PaymentGateway>,
    pub housekeeping: Arc<dyn Housekeeping>,
    pub chores: Arc<dyn ChoreStore>,
    pub queues: Arc<dyn QueueStore>,
    pub dispenser: Arc<dyn NumberDispenser>,
    pub watch: Arc<dyn AdmissionWatch>,
    pub join_limits: Arc<dyn JoinLimits>,
    pub cooldown: Arc<dyn SeatCooldown>,
    pub eligibility: Arc<dyn Eligibility>,
    pub signer: Arc<dyn QueueSigner>,
    pub probe: Arc<dyn Probe>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    /// SHA-256, for refresh tokens and draws.
    pub digest: fn(&[u8]) -> [u8; 32],
    /// How long an access token is good.
    pub access_lifetime: Duration,
    /// How long a refresh token is good.
    pub refresh_lifetime: Duration,
    /// How long a session lasts, however often it is refreshed.
    pub session_lifetime: Duration,
}

impl Ports {
    /// Those that booking needs.
    fn booking(&self) -> BookingPorts {
        BookingPorts {
            store: self.store.clone(),
            idempotency_records: self.idempotency_records.clone(),
            on_sale: self.on_sale.clone(),
            seat_snapshots: self.seat_snapshots.clone(),
            browsed_seats: self.browsed_seats.clone(),
            reservations: self.reservations.clone(),
            wallets: self.wallets.clone(),
            tickets: self.tickets.clone(),
            gateway: self.gateway.clone(),
            cooldown: self.cooldown.clone(),
            housekeeping: self.housekeeping.clone(),
            chores: self.chores.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
        }
    }
}

/// Every use case.
#[expect(missing_docs, reason = "each field is named after its use case")]
pub struct UseCases {
    pub booking: BookingUseCases,
    pub sign_up: SignUp,
    pub sign_up_by_mail: SignUpByMail,
    pub ask_for_verification: AskForVerification,
    pub verify_email: VerifyEmail,
    pub require_verified_email: RequireVerifiedEmail,
    pub log_in: LogIn,
    pub refresh: Arc<Refresh>,
    pub change_password: ChangePassword,
    pub list_sessions: ListSessions,
    pub end_sessions: EndSessions,
    pub ended_sessions: Arc<EndedSessions>,
    pub concerts: BrowseConcerts,
    pub performances: BrowsePerformances,
    pub seat_map: ShowSeatMap,
    pub manage_venues: ManageVenues,
    pub manage_concerts: ManageConcerts,
    pub manage_performances: ManagePerformances,
    pub manage_sales: ManageSales,
    pub queues: Arc<QueueViews>,
    pub pass_check: PassCheck,
    pub join_queue: JoinQueue,
    pub show_entry: ShowQueueEntry,
    pub check_in: CheckInBuyer,
    pub renew_admission: Arc<RenewAdmission>,
    pub leave_admission: LeaveAdmission,
    pub operate_queue: OperateQueue,
    pub bar_buyer: BarBuyer,
    pub tick_queues: Arc<TickQueues>,
    pub check_clock: Arc<CheckClock>,
    pub return_money: Arc<ReturnMoney>,
    /// `None` where no mails are sent.
    pub send_mails: Option<Arc<SendMails>>,
}

impl UseCases {
    /// Hands every use case the ports that it needs.
    #[expect(clippy::too_many_lines, reason = "a list, with an entry for each use case")]
    pub fn new(ports: &Ports) -> Self {
        let queues = Arc::new(QueueViews::new(ports.digest));
        let (bookings, clock) = (ports.store.clone(), ports.clock.clone());
        let store = Arc::new(WatchedBookings { bookings, queues: queues.clone(), clock });
        let p = Ports { store, ..ports.clone() };
        let booking = BookingUseCases::behind(queues.clone(), &p.booking());
        let browsed = Arc::new(ShowAvailability { on_sale: p.browsed_on_sale.clone(), snapshots: p.browsed_seats });
        let counted = Arc::new(ShowAvailability { on_sale: p.on_sale.clone(), snapshots: p.seat_snapshots });
        let ended_sessions = Arc::new(EndedSessions::new(p.sessions.clone(), p.clock.clone()));
        let refresh = Arc::new(Refresh {
            accounts: p.accounts.clone(),
            sessions: p.sessions.clone(),
            tokens: p.tokens,
            digest: p.digest,
            ids: p.ids.clone(),
            clock: p.clock.clone(),
            ended: ended_sessions.clone(),
            notices: p.notices.clone(),
            access_lifetime: p.access_lifetime,
            refresh_lifetime: p.refresh_lifetime,
            session_lifetime: p.session_lifetime,
        });
        let renew_admission = Arc::new(RenewAdmission {
            queues: queues.clone(),
            bookings: p.store.clone(),
            store: p.queues.clone(),
            signer: p.signer.clone(),
            clock: p.clock.clone(),
        });
        let return_money = Arc::new(ReturnMoney {
            performances: p.performances.clone(),
            cancel: booking.cancel.clone(),
            clock: p.clock.clone(),
            progress: ReturnProgress::default(),
        });
        let sign_up = SignUp {
            accounts: p.accounts.clone(),
            passwords: p.passwords.clone(),
            ids: p.ids.clone(),
            clock: p.clock.clone(),
            digest: p.digest,
        };
        let send_mails = p.mailer.clone().map(|mailer| {
            Arc::new(SendMails {
                mailer,
                outbox: p.outbox.clone(),
                accounts: p.accounts.clone(),
                codes: p.codes.clone(),
                passwords: p.passwords.clone(),
                ids: p.ids.clone(),
                clock: p.clock.clone(),
            })
        });
        Self {
            pass_check: PassCheck {
                queues: queues.clone(),
                on_sale: p.on_sale.clone(),
                reservations: p.reservations.clone(),
                idempotency_records: p.idempotency_records.clone(),
                signer: p.signer.clone(),
                clock: p.clock.clone(),
            },
            join_queue: JoinQueue {
                queues: queues.clone(),
                dispenser: p.dispenser.clone(),
                store: p.queues.clone(),
                limits: p.join_limits,
                eligibility: p.eligibility,
                signer: p.signer.clone(),
                clock: p.clock.clone(),
            },
            show_entry: ShowQueueEntry { queues: queues.clone(), signer: p.signer, clock: p.clock.clone() },
            check_in: CheckInBuyer {
                queues: queues.clone(),
                store: p.queues.clone(),
                dispenser: p.dispenser.clone(),
                watch: p.watch,
                renew: renew_admission.clone(),
            },
            renew_admission,
            leave_admission: LeaveAdmission { bookings: p.store.clone(), store: p.queues.clone() },
            operate_queue: OperateQueue {
                store: p.queues.clone(),
                dispenser: p.dispenser.clone(),
                ids: p.ids.clone(),
                clock: p.clock.clone(),
            },
            bar_buyer: BarBuyer {
                store: p.queues.clone(),
                bookings: p.store.clone(),
                accounts: p.accounts.clone(),
                ids: p.ids.clone(),
                clock: p.clock.clone(),
            },
            tick_queues: Arc::new(TickQueues {
                queues: queues.clone(),
                store: p.queues.clone(),
                dispenser: p.dispenser,
                sales: p.sales.clone(),
                seats: counted,
                browsed_seats: browsed.clone(),
                digest: p.digest,
                clock: p.clock.clone(),
                cache: TickCache::default(),
            }),
            check_clock: Arc::new(CheckClock { probe: p.probe, clock: p.clock.clone(), known: KnownSkew::default() }),
            sign_up_by_mail: SignUpByMail {
                sign_up: sign_up.clone(),
                accounts: p.accounts.clone(),
                outbox: p.mailer.as_ref().map(|_| p.outbox.clone()),
                is_required: p.verified_email_required,
            },
            sign_up,
            ask_for_verification: AskForVerification {
                mails: p.mailer.is_some(),
                accounts: p.accounts.clone(),
                outbox: p.outbox.clone(),
                ids: p.ids.clone(),
                clock: p.clock.clone(),
            },
            verify_email: VerifyEmail {
                accounts: p.accounts.clone(),
                codes: p.codes.clone(),
                passwords: p.passwords.clone(),
                clock: p.clock.clone(),
            },
            require_verified_email: RequireVerifiedEmail {
                is_required: p.verified_email_required,
                accounts: p.accounts.clone(),
                known: KnownVerified::default(),
            },
            change_password: ChangePassword {
                accounts: p.accounts.clone(),
                passwords: p.passwords.clone(),
                ended: ended_sessions.clone(),
                notices: p.notices,
                clock: p.clock.clone(),
            },
            log_in: LogIn { accounts: p.accounts, passwords: p.passwords, refresh: refresh.clone() },
            refresh,
            list_sessions: ListSessions { sessions: p.sessions.clone(), clock: p.clock.clone() },
            end_sessions: EndSessions { sessions: p.sessions, ended: ended_sessions.clone(), clock: p.clock.clone() },
            ended_sessions,
            concerts: BrowseConcerts {
                programme: p.programme,
                time_zones: p.time_zones.clone(),
                clock: p.clock.clone(),
                latest: LatestIndex::default(),
            },
            performances: BrowsePerformances {
                on_sale: p.browsed_on_sale.clone(),
                seats: browsed,
                clock: p.clock.clone(),
            },
            seat_map: ShowSeatMap { on_sale: p.browsed_on_sale },
            manage_venues: ManageVenues { venues: p.venues.clone(), time_zones: p.time_zones },
            manage_concerts: ManageConcerts { concerts: p.concerts.clone() },
            manage_performances: ManagePerformances {
                performances: p.performances.clone(),
                venues: p.venues,
                concerts: p.concerts,
                clock: p.clock.clone(),
            },
            manage_sales: ManageSales {
                sales: p.sales,
                performances: p.performances,
                on_sale: p.on_sale,
                waiting_rooms: true,
                ids: p.ids,
                clock: p.clock,
            },
            return_money,
            send_mails,
            queues,
            booking,
        }
    }
}
