//! Passwords, hashed with Argon2id off the async threads.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use async_trait::async_trait;
use frontrow_application::port::{HashingBusy, PasswordHasher};
use std::num::NonZero;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Hashes as many passwords at once as the machine has cores; a bounded number of others wait, and the rest are told to
/// come back. Has to be used inside a Tokio runtime.
pub struct Argon2idHasher {
    params: Params,
    /// For everybody who is hashing or waits to.
    permits: Arc<Semaphore>,
    /// For those who are hashing.
    cores: Arc<Semaphore>,
}

/// Others that may wait for each hash at work: about a second's worth of log-ins.
const WAITING_PER_CORE: usize = 32;
/// A salt and an output that are nobody's.
const NOBODY: &str = "bm9ib2R5J3Mgc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Argon2idHasher {
    /// A hasher with the parameters that OWASP recommends: 19 MiB of memory and two passes.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self::bounded(Params::DEFAULT, cores, cores * WAITING_PER_CORE)
    }

    /// A hasher whose hashes can be broken in no time; for tests, which make many.
    pub fn weak_for_tests() -> Self {
        let params = Params::new(Params::MIN_M_COST, Params::MIN_T_COST, Params::MIN_P_COST, None);
        Self::bounded(params.unwrap_or(Params::DEFAULT), 4, 1024)
    }

    fn bounded(params: Params, cores: usize, waiting: usize) -> Self {
        Self { params, permits: Arc::new(Semaphore::new(cores + waiting)), cores: Arc::new(Semaphore::new(cores)) }
    }

    fn argon2(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
    }

    /// A hash that no password has, and that takes as long as any other to find that out.
    fn hash_of_nobody(&self) -> String {
        let (m, t, p) = (self.params.m_cost(), self.params.t_cost(), self.params.p_cost());
        format!("$argon2id$v=19$m={m},t={t},p={p}${NOBODY}")
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, HashingBusy> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().map_err(|_| HashingBusy)?;
        let core = Arc::clone(&self.cores).acquire_owned().await.map_err(|_| HashingBusy)?;
        let task = tokio::task::spawn_blocking(move || {
            // They are kept until the work ends, even if nobody waits for it any more.
            let _held = (permit, core);
            work()
        });
        task.await.map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            HashingBusy
        })
    }
}

impl Default for Argon2idHasher {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl PasswordHasher for Argon2idHasher {
    async fn hash(&self, password: String) -> Result<String, HashingBusy> {
        let argon2 = self.argon2();
        let hashed = self.run(move || argon2.hash_password(password.as_bytes())).await?;
        hashed.map(|hash| hash.to_string()).map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            HashingBusy
        })
    }

    async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, HashingBusy> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.hash_of_nobody());
        let argon2 = self.argon2();
        let right = self.run(move || verify(&argon2, &password, &hash)).await?;
        Ok(right && known)
    }
}

fn verify(argon2: &Argon2<'_>, password: &str, hash: &str) -> bool {
    match PasswordHash::new(hash) {
        Ok(hash) => argon2.verify_password(password.as_bytes(), &hash).is_ok(),
        Err(error) => {
            tracing::error!(%error, "a password hash that was kept can't be read");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_right_or_wrong() {
        let hasher = Argon2idHasher::new();
        let hash = hasher.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(hasher.verify("correct horse".into(), Some(hash.clone())).await, Ok(true));
        assert_eq!(hasher.verify("wrong horse".into(), Some(hash.clone())).await, Ok(false));
        assert_ne!(hasher.hash("correct horse".into()).await.unwrap(), hash, "every hash has a salt of its own");
    }

    #[tokio::test]
    async fn a_weak_hash_is_weak_and_what_is_not_a_hash_fits_nothing() {
        let hasher = Argon2idHasher::weak_for_tests();
        let hash = hasher.hash("pass".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert_eq!(hasher.verify("pass".into(), Some(hash)).await, Ok(true));
        assert_eq!(hasher.verify("pass".into(), Some("plain text".into())).await, Ok(false));
    }

    /// Time is not measured: the same function runs on a hash with the same parameters.
    #[test]
    fn without_a_hash_the_same_work_is_done_in_vain() {
        let hasher = Argon2idHasher::new();
        let nobody = hasher.hash_of_nobody();
        let hash = PasswordHash::new(&nobody).unwrap();
        let params = Params::try_from(&hash).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (19_456, 2, 1));
        assert_eq!(hash.salt.map(|salt| salt.len()), Some(16 - 3));
        assert_eq!(hash.hash.map(|output| output.len()), Some(32));
        let refused = hasher.argon2().verify_password(b"pass", &hash);
        assert_eq!(refused, Err(argon2::password_hash::Error::PasswordInvalid));
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        assert_eq!(Argon2idHasher::weak_for_tests().verify("pass".into(), None).await, Ok(false));
    }

    #[tokio::test]
    async fn who_finds_no_entry_is_told_to_come_back() {
        let hasher = Argon2idHasher::bounded(Params::DEFAULT, 1, 1);
        let at_work = Arc::clone(&hasher.cores).acquire_owned().await.unwrap();
        let _permit = Arc::clone(&hasher.permits).acquire_owned().await.unwrap();
        let mut waiting = std::pin::pin!(hasher.hash("second".into()));
        assert!(futures::poll!(&mut waiting).is_pending());
        assert_eq!(hasher.hash("third".into()).await, Err(HashingBusy));
        drop(at_work);
        assert!(waiting.await.is_ok());
        assert!(hasher.hash("fourth".into()).await.is_ok(), "a permit is given back");
    }
}
