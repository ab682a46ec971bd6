//! What an error of Redis means.

use frontrow_application::port::{IdSource, StoreError};
use frontrow_application::{FaultId, Outage};
use redis::{ErrorKind, RedisError, ServerErrorKind};
use std::time::Duration;

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// Redis is away, or takes nothing for the moment.
    Away,
    /// The store of queues says so.
    Store(StoreError),
    /// A defect, here or in what Redis has.
    Defect(String),
}

/// When to try again after Redis was away.
const RETRY_AFTER: Duration = Duration::from_secs(1);

pub(super) const BUSY: StoreError = StoreError::Outage(Outage::Busy { retry_after: RETRY_AFTER });
pub(super) const UNAVAILABLE: StoreError = StoreError::Outage(Outage::Unavailable { retry_after: RETRY_AFTER });

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Trouble {
    /// What it is to whoever asked; the cause of a defect goes to the log.
    pub(super) fn tell(self, ids: &dyn IdSource) -> StoreError {
        match self {
            Self::Away => UNAVAILABLE,
            // Whoever joins has read no row that could be stale: the lease was, and is read again the next time.
            Self::Store(StoreError::Stale) => BUSY,
            Self::Store(error) => error,
            Self::Defect(cause) => {
                let fault = FaultId(ids.id());
                tracing::error!(%fault, cause, "the dispenser of numbers does not work");
                StoreError::Fault(fault)
            }
        }
    }
}

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The connection has broken: the same again on a new one, at once. Whoever has a queue entry already gets it again.
    Reconnect,
    /// No answer, or a server that takes no writes (any more): later, on a new connection, which may lead elsewhere.
    Leave,
    /// The server is there, and takes nothing for the moment.
    Wait,
    /// None: a defect.
    None,
}

pub(super) fn remedy(error: &RedisError) -> Remedy {
    match error.kind() {
        ErrorKind::Io if error.is_timeout() => Remedy::Leave,
        ErrorKind::Io | ErrorKind::Parse => Remedy::Reconnect,
        ErrorKind::AuthenticationFailed => Remedy::Leave,
        ErrorKind::Server(kind) => match kind {
            ServerErrorKind::BusyLoading | ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown => Remedy::Leave,
            ServerErrorKind::ClusterDown | ServerErrorKind::TryAgain => Remedy::Wait,
            _ => by_code(error.code()),
        },
        _ => by_code(error.code()),
    }
}

fn by_code(code: Option<&str>) -> Remedy {
    match code {
        Some("NOAUTH" | "WRONGPASS") => Remedy::Leave,
        // Out of memory; can't write its file; too few replicas; another script is running.
        Some("OOM" | "MISCONF" | "NOREPLICAS" | "BUSY") => Remedy::Wait,
        _ => Remedy::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn a_connection_that_broke_is_replaced_at_once_and_silence_is_not_waited_for_twice() {
        assert_eq!(remedy(&io::Error::from(io::ErrorKind::ConnectionReset).into()), Remedy::Reconnect);
        assert_eq!(remedy(&io::Error::from(io::ErrorKind::TimedOut).into()), Remedy::Leave);
    }

    #[test]
    fn what_a_server_can_not_do_now_is_no_defect() {
        let said = |code: &str| remedy(&redis::make_extension_error(code.to_owned(), None));
        assert_eq!([said("OOM"), said("MISCONF"), said("NOREPLICAS"), said("BUSY")], [Remedy::Wait; 4]);
        assert_eq!(said("NOAUTH"), Remedy::Leave);
        assert_eq!(said("WRONGTYPE"), Remedy::None);
        assert_eq!(remedy(&(ErrorKind::Server(ServerErrorKind::ReadOnly), "").into()), Remedy::Leave);
    }
}
