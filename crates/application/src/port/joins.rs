//! How often somebody may join a queue.

use super::StoreError;
use async_trait::async_trait;
use frontrow_domain::UserId;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;
use thiserror::Error;

/// Where somebody asks from: an IPv4 address, or the /64 that an IPv6 address is in, which one customer of a provider has
/// to themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address; `None` for the server's own machine.
    pub fn of(address: IpAddr) -> Option<Self> {
        let address = address.to_canonical();
        let network = match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
        };
        (!address.is_loopback()).then_some(Self(network))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What has asked too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// One account.
    Account,
    /// All who ask from one network.
    Network,
}

/// Somebody has asked too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{whose} may join {a_minute} times a minute")]
pub struct TooOften {
    /// Whether the limit is the account's or the network's.
    pub whose: Limited,
    /// The limit.
    pub a_minute: u32,
    /// When to ask again.
    pub retry_after: Duration,
}

/// What is left of a limit, after a question that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinQuota {
    /// Whether the limit is the account's or the network's.
    pub whose: Limited,
    /// The limit.
    pub a_minute: u32,
    /// So many questions may follow at once.
    pub left: u32,
    /// When there is one more.
    pub next_in: Duration,
}

/// Says how often one may ask for a queue entry. Asked before anything else is done for whoever asks.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait JoinLimits: Send + Sync {
    /// Counts a question, unless there have been too many, and says what is left of the limits that it counts against.
    /// Whoever's network is not known is not limited by it.
    async fn ask(&self, user: UserId, network: Option<Network>)
    -> Result<Result<Vec<JoinQuota>, TooOften>, StoreError>;
}

impl fmt::Display for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "an account",
            Self::Network => "a network",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> Option<Network> {
        Network::of(address.parse().unwrap())
    }

    #[test]
    fn an_ipv4_address_is_its_own_network_and_an_ipv6_address_is_in_its_64() {
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"), "as a socket for both has it");
        assert_ne!(network("::ffff:192.0.2.1"), network("::ffff:192.0.2.2"));
    }

    #[test]
    fn the_machine_itself_is_no_network() {
        for own in ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(network(own), None, "{own}");
        }
    }
}
