//! Access tokens, and what refresh tokens are exchanged for.

mod provider;

use arc_swap::ArcSwap;
use frontrow_application::port::{AccessClaims, Clock, TokenIssuer};
use frontrow_domain::{Instant, Role, SessionId, UserId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::sync::Arc;

/// A key that access tokens are signed with. Has no debug output.
#[derive(Clone)]
pub struct TokenKey {
    /// What tokens name it by.
    pub id: String,
    /// 32 bytes that nobody else has.
    pub secret: [u8; 32],
}

/// Signs access tokens as JWT with HMAC-SHA256 and a ring of keys: the first one signs, all are good for checking, so that
/// keys can be changed while tokens are out. The ring can be replaced at any time.
pub struct HmacTokenIssuer {
    ring: ArcSwap<Ring>,
    validation: Validation,
    clock: Arc<dyn Clock>,
}

/// The keys at one time.
struct Ring {
    signing: (Header, EncodingKey),
    checking: Vec<(String, DecodingKey)>,
    /// By key, the one that signs first: makes of a refresh token the one that follows it.
    successors: Vec<Hmac<Sha256>>,
}

const ISSUER: &str = "frontrow";
/// What the token is for, so that none that was signed for something else opens the API.
const PURPOSE: &str = "access";
/// Makes the key for successors of refresh tokens of a key for access tokens, so that none of them is ever the other.
const SUCCESSORS: &[u8] = b"frontrow: successors of refresh tokens";
/// Bytes of the longest token that is looked at.
const MAX_BYTES: usize = 2048;

/// Times are in whole seconds since 1970.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    role: Role,
    sid: SessionId,
    iat: i64,
    exp: i64,
}

impl HmacTokenIssuer {
    /// Signs with the first key and checks with all of them; the clock says when a token was issued. Installs an
    /// HMAC-SHA256 provider for `jsonwebtoken`, unless the process has a provider.
    pub fn new(signing: &TokenKey, others: &[TokenKey], clock: Arc<dyn Clock>) -> Self {
        provider::install();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[PURPOSE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // It would ask the machine for the time.
        validation.validate_exp = false;
        Self { ring: ArcSwap::from_pointee(Ring::new(signing, others)), validation, clock }
    }

    /// From now on the first key signs, and all of them check. What is being signed or checked meanwhile is so with the keys
    /// before.
    pub fn replace(&self, signing: &TokenKey, others: &[TokenKey]) {
        self.ring.store(Arc::new(Ring::new(signing, others)));
    }

    fn claims(&self, token: &str) -> Option<Claims> {
        if token.len() > MAX_BYTES {
            return None;
        }
        let named = decode_header(token).ok()?.kid?;
        let ring = self.ring.load();
        let (_, key) = ring.checking.iter().find(|(id, _)| *id == named)?;
        decode::<Claims>(token, key, &self.validation).ok().map(|token| token.claims)
    }
}

impl Ring {
    fn new(signing: &TokenKey, others: &[TokenKey]) -> Self {
        let header = Header { kid: Some(signing.id.clone()), ..Header::new(Algorithm::HS256) };
        let all = || std::iter::once(signing).chain(others);
        let derived = |key: &TokenKey| hmac(&hmac(&key.secret).chain_update(SUCCESSORS).finalize().into_bytes().into());
        Self {
            signing: (header, EncodingKey::from_secret(&signing.secret)),
            checking: all().map(|key| (key.id.clone(), DecodingKey::from_secret(&key.secret))).collect(),
            successors: all().map(derived).collect(),
        }
    }
}

impl TokenIssuer for HmacTokenIssuer {
    fn issue(&self, claims: &AccessClaims) -> String {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: PURPOSE.to_owned(),
            sub: claims.user,
            role: claims.role,
            sid: claims.session,
            iat: self.clock.now().micros().div_euclid(MICROS),
            exp: claims.expires.micros().div_euclid(MICROS),
        };
        let ring = self.ring.load();
        let (header, key) = &ring.signing;
        encode(header, &claims, key).unwrap_or_else(|error| {
            tracing::error!(%error, "an access token could not be signed");
            // It opens nothing.
            String::new()
        })
    }

    fn verify(&self, token: &str, now: Instant) -> Option<AccessClaims> {
        let Claims { sub, role, sid, exp, .. } = self.claims(token)?;
        let expires = Instant::from_micros(exp.checked_mul(MICROS)?);
        (now < expires).then_some(AccessClaims { user: sub, role, session: sid, expires })
    }

    fn successors(&self, refresh_token: &str) -> Vec<String> {
        let of = |key: &Hmac<Sha256>| hex::encode(key.clone().chain_update(refresh_token).finalize().into_bytes());
        self.ring.load().successors.iter().map(of).collect()
    }
}

/// HMAC-SHA256 with that key.
fn hmac(key: &[u8; 32]) -> Hmac<Sha256> {
    // HMAC fills a short key up with zeros itself; a whole block of it can't be refused.
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    Hmac::new(&block.into())
}

/// In a second.
const MICROS: i64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};
    use uuid::Uuid;

    const NOW: i64 = 1_800_000_000;

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(seconds * MICROS)
    }

    fn key(id: &str, byte: u8) -> TokenKey {
        TokenKey { id: id.into(), secret: [byte; 32] }
    }

    fn issuer(signing: &TokenKey, others: &[TokenKey]) -> HmacTokenIssuer {
        HmacTokenIssuer::new(signing, others, Arc::new(ManualClock::at(at(NOW))))
    }

    fn kim() -> AccessClaims {
        let (user, session) = (UserId::new(Uuid::from_u128(1)), SessionId::new(Uuid::from_u128(2)));
        AccessClaims { user, role: Role::Operator, session, expires: at(NOW + 600) }
    }

    /// Signed with the right key, whatever it says.
    fn signed(header: &Value, claims: &Value) -> String {
        use hmac::{Hmac, KeyInit as _, Mac as _};
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let mac = Hmac::<sha2::Sha256>::new_from_slice(&[1; 32]).unwrap().chain_update(&message);
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn header() -> Value {
        json!({"typ": "JWT", "alg": "HS256", "kid": "a"})
    }

    fn claims() -> Value {
        json!({
            "iss": "frontrow",
            "aud": "access",
            "sub": Uuid::from_u128(1),
            "role": "operator",
            "sid": Uuid::from_u128(2),
            "iat": NOW,
            "exp": NOW + 600,
        })
    }

    fn with(mut object: Value, name: &str, value: Value) -> Value {
        object[name] = value;
        object
    }

    #[test]
    fn a_token_says_what_it_was_given_until_its_last_instant() {
        let issuer = issuer(&key("a", 1), &[]);
        let token = issuer.issue(&kim());
        assert_eq!(issuer.verify(&token, at(NOW)), Some(kim()));
        let last = at(NOW + 600);
        assert_eq!(issuer.verify(&token, Instant::from_micros(last.micros() - 1)), Some(kim()));
        assert_eq!(issuer.verify(&token, last), None);
    }

    #[test]
    fn a_token_is_an_ordinary_jwt() {
        let issuer = issuer(&key("a", 1), &[]);
        assert_eq!(issuer.verify(&signed(&header(), &claims()), at(NOW)), Some(kim()));
        let token = issuer.issue(&kim());
        let read = |part| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!((read(parts[0]), read(parts[1])), (header(), claims()));
    }

    #[test]
    fn keys_can_be_changed_while_tokens_are_out() {
        let old = issuer(&key("a", 1), &[]).issue(&kim());
        let both = issuer(&key("b", 2), &[key("a", 1)]);
        assert_eq!(both.verify(&old, at(NOW)), Some(kim()));
        let new = both.issue(&kim());
        assert_eq!(both.verify(&new, at(NOW)), Some(kim()));
        assert_eq!(issuer(&key("b", 2), &[]).verify(&old, at(NOW)), None, "the old key has been retired");
        assert_eq!(issuer(&key("a", 1), &[]).verify(&new, at(NOW)), None, "an unknown key");
        assert_eq!(issuer(&key("a", 2), &[]).verify(&old, at(NOW)), None, "another key of the same name");
    }

    #[test]
    fn the_keys_can_be_replaced_at_any_time() {
        let issuer = issuer(&key("a", 1), &[]);
        let old = issuer.issue(&kim());
        issuer.replace(&key("b", 2), &[key("a", 1)]);
        let new = issuer.issue(&kim());
        assert_eq!(decode_header(&new).unwrap().kid.as_deref(), Some("b"));
        assert!([&old, &new].iter().all(|token| issuer.verify(token, at(NOW)) == Some(kim())));
        issuer.replace(&key("b", 2), &[]);
        assert_eq!(issuer.verify(&old, at(NOW)), None, "the old key has been retired");
        assert_eq!(issuer.verify(&new, at(NOW)), Some(kim()));
    }

    #[test]
    fn what_was_tampered_with_opens_nothing() {
        let issuer = issuer(&key("a", 1), &[]);
        let token = issuer.issue(&kim());
        for end in 0..token.len() {
            assert_eq!(issuer.verify(&token[..end], at(NOW)), None, "the first {end} bytes");
        }
        for place in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(issuer.verify(std::str::from_utf8(&forged).unwrap(), at(NOW)), None, "byte {place}");
        }
        for text in ["", ".", "..", "...", "a.b.c", &"A".repeat(100_000), &format!("{token}.")] {
            assert_eq!(issuer.verify(text, at(NOW)), None);
        }
    }

    #[test]
    fn a_refresh_token_has_one_successor_for_each_key_and_whoever_has_no_key_does_not_find_it() {
        let (a, b) = (issuer(&key("a", 1), &[]), issuer(&key("b", 2), &[]));
        let token = "5f".repeat(32);
        let successor = |issuer: &HmacTokenIssuer, token: &str| {
            let mut successors = issuer.successors(token);
            assert_eq!(successors.len(), 1);
            successors.remove(0)
        };
        let next = successor(&a, &token);
        assert!(next.len() == 64 && next.bytes().all(|digit| digit.is_ascii_hexdigit()), "{next}");
        assert_eq!(successor(&issuer(&key("other name", 1), &[]), &token), next);
        assert_ne!(successor(&b, &token), next);
        assert_ne!(successor(&a, &next), next);
        assert_ne!(successor(&a, &next), successor(&a, &token));
        let both = issuer(&key("b", 2), &[key("a", 1)]);
        assert_eq!(both.successors(&token), [successor(&b, &token), next.clone()]);
        // Nor is it what signing the token would give.
        let signed = hex::encode(hmac(&[1; 32]).chain_update(&token).finalize().into_bytes());
        assert_ne!(signed, next);
    }

    #[test]
    fn only_hmac_sha256_is_taken() {
        let issuer = issuer(&key("a", 1), &[]);
        for algorithm in ["none", "None", "hs256", "HS384", "HS512", "RS256", "ES256", "EdDSA", ""] {
            let token = signed(&with(header(), "alg", json!(algorithm)), &claims());
            assert_eq!(issuer.verify(&token, at(NOW)), None, "{algorithm}");
            let (message, _) = token.rsplit_once('.').unwrap();
            assert_eq!(issuer.verify(&format!("{message}."), at(NOW)), None, "{algorithm} without a signature");
        }
        let nameless = signed(&json!({"typ": "JWT", "alg": "HS256"}), &claims());
        assert_eq!(issuer.verify(&nameless, at(NOW)), None);
    }

    #[test]
    fn a_token_for_something_else_opens_nothing_though_its_signature_is_right() {
        let issuer = issuer(&key("a", 1), &[]);
        let wrong = [
            ("aud", json!("pass")),
            ("aud", Value::Null),
            ("iss", json!("somebody")),
            ("iss", Value::Null),
            ("sub", json!("kim")),
            ("sub", Value::Null),
            ("sid", Value::Null),
            ("role", json!("owner")),
            ("exp", Value::Null),
            ("exp", json!(NOW)),
            ("exp", json!(-1)),
            ("exp", json!(i64::MAX)),
        ];
        for (name, value) in wrong {
            let token = signed(&header(), &with(claims(), name, value.clone()));
            assert_eq!(issuer.verify(&token, at(NOW)), None, "{name}: {value}");
        }
    }
}
