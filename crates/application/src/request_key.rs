//! What makes the repetition of a request harmless.

use frontrow_domain::waiting_room::Digest;
use frontrow_domain::{Command, CommandKey, InvalidKey, Operation, UserId};

/// Who asks, what they call their request, and a hash of all that it says.
///
/// The same key with the same request is answered as it was the first time; with another request it is refused
/// ([`Rejection::KeyReused`](frontrow_domain::Rejection::KeyReused)). Keys of different users never meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    key: CommandKey,
    hash: [u8; 32],
}

impl RequestKey {
    /// `name` is the client's own: 1 to 64 visible ASCII characters. `address` says what is asked of which object,
    /// such as a method and a path; `body` is the rest of the request in one fixed spelling, so that everything that
    /// makes two requests different is in one of them. `digest` is SHA-256, the same for as long as keys are kept.
    pub fn new(
        user: UserId,
        name: impl Into<String>,
        address: &str,
        body: &[u8],
        digest: Digest,
    ) -> Result<Self, InvalidKey> {
        let key = CommandKey::new(user, name)?;
        // An address has no zero byte, so no two requests are spelled alike.
        let hash = digest(&[address.as_bytes(), &[0], body].concat());
        Ok(Self { key, hash })
    }

    /// The user who asks.
    pub fn user(&self) -> UserId {
        self.key.user()
    }

    /// The user who asks, and what they call their request.
    pub fn key(&self) -> &CommandKey {
        &self.key
    }

    /// Hash of the address and the body.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The command that this request asks for.
    pub fn command(&self, operation: Operation) -> Command {
        Command::keyed(self.key.clone(), self.hash, operation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{digest, user};

    fn hash(address: &str, body: &str) -> [u8; 32] {
        RequestKey::new(user(1), "tap-1", address, body.as_bytes(), digest).unwrap().hash()
    }

    #[test]
    fn requests_that_differ_anywhere_have_different_hashes() {
        let hashes =
            [hash("hold 1", "A-1-1"), hash("hold 1", "A-1-2"), hash("hold 2", "A-1-1"), hash("hold", "1A-1-1")];
        for (index, one) in hashes.iter().enumerate() {
            assert!(hashes[index + 1..].iter().all(|other| other != one));
            assert_ne!(*one, [0; 32]);
        }
        assert_ne!(hash("", ""), [0; 32], "even an empty request has a hash");
        assert_eq!(hash("hold 1", "A-1-1"), hashes[0]);
    }

    #[test]
    fn the_name_is_checked() {
        assert_eq!(RequestKey::new(user(1), "", "hold", b"", digest), Err(InvalidKey));
        let key = RequestKey::new(user(1), "tap-1", "hold", b"", digest).unwrap();
        assert_eq!((key.user(), key.key().name()), (user(1), "tap-1"));
    }
}
