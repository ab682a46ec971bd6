//! What signs and checks with the keys of the keys file, which may change while the server runs.

use crate::keys::{KeyRing, Keys};
use anyhow::{Context, Result};
use frontrow_adapters::{Ed25519TicketSigner, HmacPseudonyms, HmacQueueSigner, HmacTokenIssuer, TokenKey};
use frontrow_application::port::Clock;
use std::sync::Arc;

/// Every signer.
#[derive(Clone)]
pub struct Signers {
    /// Signs access tokens.
    pub tokens: Arc<HmacTokenIssuer>,
    /// Signs queue tokens and passes.
    pub queue: Arc<HmacQueueSigner>,
    /// Signs the codes on tickets.
    pub tickets: Arc<Ed25519TicketSigner>,
    /// Names people and networks in the security log.
    pub pseudonyms: Arc<HmacPseudonyms>,
}

impl Signers {
    /// With these keys.
    pub fn new(keys: &Keys, clock: Arc<dyn Clock>) -> Result<Self> {
        let [tokens, queue] = [of(&keys.access_tokens)?, of(&keys.queue)?];
        Ok(Self {
            tokens: Arc::new(HmacTokenIssuer::new(&tokens.0, &tokens.1, clock)),
            queue: Arc::new(HmacQueueSigner::new(&queue.0, &queue.1)),
            tickets: Arc::new(tickets(keys)?),
            pseudonyms: Arc::new(HmacPseudonyms::new(&keys.log_key())),
        })
    }

    /// From now on with these keys; if one that has to sign is missing, with none of them.
    pub fn replace(&self, keys: &Keys) -> Result<()> {
        let [tokens, queue, tickets] = [of(&keys.access_tokens)?, of(&keys.queue)?, of(&keys.ticket_codes)?];
        self.tokens.replace(&tokens.0, &tokens.1);
        self.queue.replace(&queue.0, &queue.1);
        self.tickets.replace(&tickets.0, &tickets.1);
        self.pseudonyms.replace(&keys.log_key());
        Ok(())
    }
}

/// What signs the codes on tickets with these keys.
pub fn tickets(keys: &Keys) -> Result<Ed25519TicketSigner> {
    let (signing, others) = of(&keys.ticket_codes)?;
    Ok(Ed25519TicketSigner::new(&signing, &others))
}

/// The key that signs, and those that only check.
fn of(ring: &KeyRing) -> Result<(TokenKey, Vec<TokenKey>)> {
    let key = |id: &String| ring.keys.get(id).map(|key| TokenKey { id: id.clone(), secret: key.0 });
    let others = ring.keys.keys().filter(|id| **id != ring.current).filter_map(key).collect();
    Ok((key(&ring.current).with_context(|| format!("there is no key {}, which has to sign", ring.current))?, others))
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontrow_adapters::SystemClock;
    use frontrow_application::port::{AccessClaims, TokenIssuer};
    use frontrow_domain::{Role, SessionId, UserId};
    use std::time::Duration;
    use uuid::Uuid;

    #[test]
    fn a_replaced_key_still_opens_the_tokens_that_it_signed_until_it_is_retired() {
        let mut keys = Keys::generate().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let signers = Signers::new(&keys, clock.clone()).unwrap();
        let claims = AccessClaims {
            user: UserId::new(Uuid::nil()),
            role: Role::Customer,
            session: SessionId::new(Uuid::nil()),
            expires: clock.now() + Duration::from_mins(1),
        };
        let token = signers.tokens.issue(&claims);
        let knows = || signers.tokens.verify(&token, clock.now()).is_some();

        let (old, new) = (keys.access_tokens.current.clone(), keys.access_tokens.add().unwrap());
        keys.access_tokens.promote(&new, 0).unwrap();
        signers.replace(&keys).unwrap();
        assert!(knows());
        keys.access_tokens.retire(&old).unwrap();
        signers.replace(&keys).unwrap();
        assert!(!knows());
    }

    #[test]
    fn a_ring_without_its_current_key_changes_nothing() {
        let keys = Keys::generate().unwrap();
        let signers = Signers::new(&keys, Arc::new(SystemClock)).unwrap();
        let token = || {
            signers.tokens.issue(&AccessClaims {
                user: UserId::new(Uuid::nil()),
                role: Role::Customer,
                session: SessionId::new(Uuid::nil()),
                expires: frontrow_domain::Instant::from_micros(i64::MAX),
            })
        };
        let key_of = |token: String| token.split('.').next().map(str::to_owned);
        let before = key_of(token());
        let mut broken = Keys::generate().unwrap();
        broken.ticket_codes.current = "missing".into();
        assert!(signers.replace(&broken).is_err());
        assert_eq!(key_of(token()), before);
    }
}
