//! Passwords, hashed with Argon2id off the async threads.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use async_trait::async_trait;
use frontrow_application::port::{HashingBusy, PasswordHasher};
use std::num::NonZero;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Hashes as many passwords at once as the machine has cores; a bounded number of others wait, and the rest are told to
/// come back. A quarter of the cores is for new passwords, the rest for log-ins, one at least for each: a rush of one keeps
/// nobody waiting of the other. Has to be used inside a Tokio runtime.
pub struct Argon2idHasher {
    params: Params,
    /// Where new passwords are hashed.
    new: Pool,
    /// Where known ones are verified.
    known: Pool,
}

/// Some of the cores, and those who wait for them.
struct Pool {
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
        let new = (cores / 4).max(1);
        Self::of(Params::DEFAULT, new, cores.saturating_sub(new).max(1))
    }

    /// A hasher whose hashes can be broken in no time; for tests, which make many.
    pub fn weak_for_tests() -> Self {
        let params = Params::new(Params::MIN_M_COST, Params::MIN_T_COST, Params::MIN_P_COST, None);
        Self { params: params.unwrap_or(Params::DEFAULT), new: Pool::bounded(4, 1024), known: Pool::bounded(4, 1024) }
    }

    fn of(params: Params, new: usize, known: usize) -> Self {
        let pool = |cores| Pool::bounded(cores, cores * WAITING_PER_CORE);
        Self { params, new: pool(new), known: pool(known) }
    }

    fn argon2(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
    }

    /// A hash that no password has, and that takes as long as any other to find that out.
    fn hash_of_nobody(&self) -> String {
        let (m, t, p) = (self.params.m_cost(), self.params.t_cost(), self.params.p_cost());
        format!("$argon2id$v=19$m={m},t={t},p={p}${NOBODY}")
    }
}

impl Pool {
    fn bounded(cores: usize, waiting: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(cores + waiting)), cores: Arc::new(Semaphore::new(cores)) }
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
        let hashed = self.new.run(move || argon2.hash_password(password.as_bytes())).await?;
        hashed.map(|hash| hash.to_string()).map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            HashingBusy
        })
    }

    async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, HashingBusy> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.hash_of_nobody());
        let argon2 = self.argon2();
        let right = self.known.run(move || verify(&argon2, &password, &hash)).await?;
        Ok(right && known)
    }

    fn is_weak(&self, hash: &str) -> bool {
        let Ok(hash) = PasswordHash::new(hash) else { return false };
        let params = Params::try_from(&hash);
        let is_current = hash.algorithm == Algorithm::Argon2id.ident() && hash.version == Some(Version::V0x13.into());
        let is_slow =
            |params: Params| params.m_cost() >= self.params.m_cost() && params.t_cost() >= self.params.t_cost();
        !(is_current && params.is_ok_and(is_slow))
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
        let hasher = Argon2idHasher { new: Pool::bounded(1, 1), ..Argon2idHasher::weak_for_tests() };
        let at_work = Arc::clone(&hasher.new.cores).acquire_owned().await.unwrap();
        let _permit = Arc::clone(&hasher.new.permits).acquire_owned().await.unwrap();
        let mut waiting = std::pin::pin!(hasher.hash("second".into()));
        assert!(futures::poll!(&mut waiting).is_pending());
        assert_eq!(hasher.hash("third".into()).await, Err(HashingBusy));
        drop(at_work);
        assert!(waiting.await.is_ok());
        assert!(hasher.hash("fourth".into()).await.is_ok(), "a permit is given back");
    }

    #[tokio::test]
    async fn however_many_sign_up_whoever_logs_in_is_served_and_the_other_way_round() {
        let hasher =
            Argon2idHasher { new: Pool::bounded(1, 0), known: Pool::bounded(1, 0), ..Argon2idHasher::weak_for_tests() };
        let hash = hasher.hash("pass".into()).await.unwrap();
        let all_new = Arc::clone(&hasher.new.permits).acquire_owned().await.unwrap();
        assert_eq!(hasher.hash("pass".into()).await, Err(HashingBusy));
        assert_eq!(hasher.verify("pass".into(), Some(hash.clone())).await, Ok(true));
        drop(all_new);
        let _all_known = Arc::clone(&hasher.known.permits).acquire_owned().await.unwrap();
        assert_eq!(hasher.verify("pass".into(), Some(hash)).await, Err(HashingBusy));
        assert!(hasher.hash("pass".into()).await.is_ok());
    }

    #[tokio::test]
    async fn a_hash_is_weak_if_it_is_made_with_less_work_than_today() {
        let (strong, weak) = (Argon2idHasher::new(), Argon2idHasher::weak_for_tests());
        let (good, easy) = (strong.hash("pass".into()).await.unwrap(), weak.hash("pass".into()).await.unwrap());
        assert!(!strong.is_weak(&good) && strong.is_weak(&easy));
        assert!(!weak.is_weak(&easy) && !weak.is_weak(&good), "more work than today is not undone");
        for (part, other) in [("argon2id", "argon2i"), ("m=19456", "m=19455"), ("t=2", "t=1"), ("v=19", "v=16")] {
            assert!(strong.is_weak(&good.replace(part, other)), "{other}");
        }
    }
}
