//! The headers that say how much of a limit is left (draft-ietf-httpapi-ratelimit-headers).

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use frontrow_application::port::{Exceeded, JoinQuota, Limited, TooOften};
use std::fmt::{self, Write};
use std::time::Duration;

/// The header that says how much of which limit is left.
pub(crate) const RATE_LIMIT: &str = "RateLimit";
/// The header that says which limits there are.
pub(crate) const RATE_LIMIT_POLICY: &str = "RateLimit-Policy";

const MINUTE: Duration = Duration::from_mins(1);

/// A limit, and what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    name: &'static str,
    /// Whose it is, if the name does not say it.
    by: Option<&'static str>,
    quota: usize,
    counts: Counts,
    left: u32,
    next_in: Duration,
}

/// What a limit is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    /// Requests of a window.
    InAWindow(Duration),
    /// Requests at the same time.
    AtOnce,
}

impl RateLimit {
    /// Somebody has as many commands waiting as they may have.
    pub(crate) fn of_commands(most: usize, retry_after: Duration) -> Self {
        Self { name: "waiting-commands", by: None, quota: most, counts: Counts::AtOnce, left: 0, next_in: retry_after }
    }

    fn of_joins(whose: Limited, a_minute: u32, left: u32, next_in: Duration) -> Self {
        let name = match whose {
            Limited::Account => "joins-per-account",
            Limited::Network => "joins-per-network",
        };
        let (quota, counts) = (usize::try_from(a_minute).unwrap_or(usize::MAX), Counts::InAWindow(MINUTE));
        Self { name, by: None, quota, counts, left, next_in }
    }
}

impl From<&JoinQuota> for RateLimit {
    fn from(quota: &JoinQuota) -> Self {
        Self::of_joins(quota.whose, quota.a_minute, quota.left, quota.next_in)
    }
}

impl From<&TooOften> for RateLimit {
    fn from(too_often: &TooOften) -> Self {
        Self::of_joins(too_often.whose, too_often.a_minute, 0, too_often.retry_after)
    }
}

impl From<&Exceeded> for RateLimit {
    fn from(exceeded: &Exceeded) -> Self {
        let quota = usize::try_from(exceeded.quota).unwrap_or(usize::MAX);
        let (name, by) = (exceeded.limit.as_str(), Some(exceeded.by.as_str()));
        Self { name, by, quota, counts: Counts::InAWindow(exceeded.window), left: 0, next_in: exceeded.retry_after }
    }
}

/// Adds the two headers, if there is a limit to tell of.
pub(crate) fn add_rate_limits(headers: &mut HeaderMap, limits: &[RateLimit]) {
    let (mut policies, mut left) = (String::new(), String::new());
    for (place, limit) in limits.iter().enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        let name = Name(limit);
        let _ = write!(policies, "{comma}\"{name}\";q={};", limit.quota);
        let _ = match limit.counts {
            Counts::InAWindow(window) => write!(policies, "w={}", whole_seconds(window)),
            Counts::AtOnce => policies.write_str("qu=\"concurrent-requests\""),
        };
        let _ = write!(left, "{comma}\"{name}\";r={};t={}", limit.left, whole_seconds(limit.next_in));
    }
    for (name, value) in [(RATE_LIMIT_POLICY, policies), (RATE_LIMIT, left)] {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
            && !value.is_empty()
        {
            headers.insert(name, value);
        }
    }
}

struct Name<'a>(&'a RateLimit);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)?;
        self.0.by.map_or(Ok(()), |by| write!(f, "-per-{by}"))
    }
}

/// Whole seconds, and never at once.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontrow_application::port::{Limit, LimitedBy};

    fn headers(limits: &[RateLimit]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        add_rate_limits(&mut headers, limits);
        [RATE_LIMIT_POLICY, RATE_LIMIT]
            .iter()
            .filter_map(|name| headers.get(*name))
            .map(|value| value.to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn limits_are_told_as_structured_fields() {
        let account = RateLimit::of_joins(Limited::Account, 5, 0, Duration::from_millis(11_001));
        assert_eq!(headers(&[account]), [r#""joins-per-account";q=5;w=60"#, r#""joins-per-account";r=0;t=12"#]);
        let network = RateLimit::of_joins(Limited::Network, 600, 599, Duration::from_millis(100));
        assert_eq!(
            headers(&[account, network]),
            [
                r#""joins-per-account";q=5;w=60, "joins-per-network";q=600;w=60"#,
                r#""joins-per-account";r=0;t=12, "joins-per-network";r=599;t=1"#,
            ]
        );
        assert_eq!(
            headers(&[RateLimit::of_commands(8, Duration::from_secs(1))]),
            [r#""waiting-commands";q=8;qu="concurrent-requests""#, r#""waiting-commands";r=0;t=1"#]
        );
        let exceeded = Exceeded {
            limit: Limit::Charge,
            by: LimitedBy::Account,
            quota: 10,
            window: MINUTE,
            retry_after: Duration::from_millis(5900),
        };
        assert_eq!(
            headers(&[RateLimit::from(&exceeded)]),
            [r#""charge-per-account";q=10;w=60"#, r#""charge-per-account";r=0;t=6"#]
        );
        assert!(headers(&[]).is_empty());
    }
}
