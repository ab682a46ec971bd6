//! The codes on tickets.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use frontrow_application::port::TicketSigner;
use frontrow_domain::TicketKey;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Signs the codes on tickets: `FR1-`, then performance (16 bytes), seat number (4), ticket version (8) and the first
/// half of their HMAC-SHA256 in URL-safe Base64. A scanner that has the key needs nothing else to tell a forged one;
/// whether a ticket was voided is for the store to say.
pub struct HmacTicketSigner(Hmac<Sha256>);

/// Says that it is a ticket of this form; part of what is signed.
const PREFIX: &str = "FR1-";
/// Bytes of the HMAC that stand in a code.
const TAG: usize = 16;

impl HmacTicketSigner {
    /// Signs with that key, which nobody else may have.
    pub fn new(key: &[u8; 32]) -> Self {
        // HMAC fills a short key up with zeros itself; a whole block of it can't be refused.
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(key);
        Self(Hmac::new(&block.into()))
    }
}

impl TicketSigner for HmacTicketSigner {
    fn code(&self, ticket: TicketKey) -> String {
        let mut code = Vec::with_capacity(28 + TAG);
        code.extend(ticket.seat.performance.uuid().as_bytes());
        code.extend(ticket.seat.number.get().to_be_bytes());
        code.extend(ticket.version.get().to_be_bytes());
        let tag = self.0.clone().chain_update(PREFIX).chain_update(&code).finalize().into_bytes();
        code.extend(&tag[..TAG]);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontrow_domain::{PerformanceId, SeatKey, SeatNumber, Version};
    use std::collections::BTreeSet;
    use uuid::Uuid;

    fn ticket(performance: u128, number: u32, version: i64) -> TicketKey {
        let performance = PerformanceId::new(Uuid::from_u128(performance));
        let seat = SeatKey { performance, number: SeatNumber::new(number).unwrap() };
        TicketKey { seat, version: Version::new(version) }
    }

    fn code(key: u8, ticket: TicketKey) -> String {
        HmacTicketSigner::new(&[key; 32]).code(ticket)
    }

    /// Tickets are printed: a code that changes makes them worthless.
    #[test]
    fn a_code_stays_the_same_for_ever() {
        assert_eq!(code(7, ticket(1, 2, 3)), "FR1-AAAAAAAAAAAAAAAAAAAAAQAAAAIAAAAAAAAAAyom2HhuxgGfKripj-sk_GE");
    }

    #[test]
    fn every_ticket_and_every_key_has_a_code_of_its_own() {
        let tickets = [ticket(1, 2, 3), ticket(2, 2, 3), ticket(1, 3, 3), ticket(1, 2, 4)];
        let codes: BTreeSet<_> = tickets.iter().flat_map(|t| [code(7, *t), code(8, *t)]).collect();
        assert_eq!(codes.len(), 8);
    }

    #[test]
    fn a_code_can_be_read_and_its_tag_is_the_hmac_of_all_that_is_before_it() {
        let code = code(7, ticket(1, 2, 3));
        let bytes = URL_SAFE_NO_PAD.decode(code.strip_prefix(PREFIX).unwrap()).unwrap();
        let (said, tag) = bytes.split_at(28);
        assert_eq!(
            (&said[..16], &said[16..20], &said[20..]),
            (&1_u128.to_be_bytes()[..], &2_u32.to_be_bytes()[..], &3_i64.to_be_bytes()[..])
        );
        let mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap().chain_update(PREFIX).chain_update(said);
        assert!(mac.verify_truncated_left(tag).is_ok());
    }
}
