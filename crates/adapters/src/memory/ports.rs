//! Every port on one store in memory.

use super::Memory;
use crate::{
    AccountEligibility, Argon2idHasher, Ed25519TicketSigner, HmacQueueSigner, HmacTokenIssuer, IanaTimeZones,
    InstanceLimits, LimitSettings, LoggedNotices, SandboxGateway, SharedWatch, TokenKey, sha256,
};
use frontrow_application::Ports;
use frontrow_application::port::{Clock, IdSource};
use std::sync::Arc;
use std::time::Duration;

/// What signs, where nothing is kept.
pub struct MemoryKeys {
    /// Signs access tokens.
    pub access_tokens: TokenKey,
    /// Signs queue tokens and passes.
    pub queue: TokenKey,
    /// Signs the codes on tickets.
    pub ticket_codes: TokenKey,
}

impl Memory {
    /// All ports, with this store behind those that keep something, a sandbox for payments, no mailer and no limits but that of an
    /// account's joins. Tokens last as long as the server's do by default: 15 minutes and 30 days, sessions 90 days. Whoever wants
    /// another port puts it in its place.
    pub fn ports(self: &Arc<Self>, keys: &MemoryKeys, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Ports {
        let limits = Arc::new(InstanceLimits::new(clock.clone(), &LimitSettings::OFF));
        Ports {
            store: self.clone(),
            load: self.clone(),
            idempotency_records: self.clone(),
            venues: self.clone(),
            time_zones: Arc::new(IanaTimeZones),
            concerts: self.clone(),
            programme: self.clone(),
            performances: self.clone(),
            sales: self.clone(),
            on_sale: self.clone(),
            browsed_on_sale: self.clone(),
            seat_snapshots: self.clone(),
            browsed_seats: self.clone(),
            reservations: self.clone(),
            wallets: self.clone(),
            accounts: self.clone(),
            sessions: self.clone(),
            notices: Arc::new(LoggedNotices),
            mailer: None,
            outbox: self.clone(),
            codes: self.clone(),
            verified_email_required: false,
            passwords: Arc::new(Argon2idHasher::new()),
            tokens: Arc::new(HmacTokenIssuer::new(&keys.access_tokens, &[], clock.clone())),
            tickets: Arc::new(Ed25519TicketSigner::new(&keys.ticket_codes, &[])),
            gateway: Arc::new(SandboxGateway::new()),
            housekeeping: self.clone(),
            chores: self.clone(),
            probe: self.clone(),
            queues: self.clone(),
            dispenser: self.clone(),
            watch: Arc::new(SharedWatch::new(self.clone())),
            join_limits: limits.clone(),
            cooldown: limits,
            eligibility: Arc::new(AccountEligibility::new(clock.clone())),
            signer: Arc::new(HmacQueueSigner::new(&keys.queue, &[])),
            digest: sha256,
            access_lifetime: Duration::from_mins(15),
            refresh_lifetime: Duration::from_hours(30 * 24),
            session_lifetime: Duration::from_hours(90 * 24),
            clock,
            ids,
        }
    }
}
