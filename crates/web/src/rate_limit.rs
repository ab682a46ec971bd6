//! The headers that say how much of a limit is left (draft-ietf-httpapi-ratelimit-headers).

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use frontrow_application::port::{JoinQuota, Limited, TooOften};
use std::fmt::Write;
use std::time::Duration;

/// The header that says how much of which limit is left.
pub(crate) const RATE_LIMIT: &str = "RateLimit";
/// The header that says which limits there are.
pub(crate) const RATE_LIMIT_POLICY: &str = "RateLimit-Policy";

/// A limit, and what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    name: &'static str,
    quota: usize,
    counts: Counts,
    left: u32,
    next_in: Duration,
}

/// What a limit is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    /// Requests of a minute.
    InAMinute,
    /// Requests at the same time.
    AtOnce,
}

impl RateLimit {
    /// Somebody has as many commands waiting as they may have.
    pub(crate) fn of_commands(most: usize, retry_after: Duration) -> Self {
        Self { name: "waiting-commands", quota: most, counts: Counts::AtOnce, left: 0, next_in: retry_after }
    }

    fn of_joins(whose: Limited, a_minute: u32, left: u32, next_in: Duration) -> Self {
        let name = match whose {
            Limited::Account => "joins-per-account",
            Limited::Network => "joins-per-network",
        };
        Self { name, quota: usize::try_from(a_minute).unwrap_or(usize::MAX), counts: Counts::InAMinute, left, next_in }
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

/// Adds the two headers, if there is a limit to tell of.
pub(crate) fn add_rate_limits(headers: &mut HeaderMap, limits: &[RateLimit]) {
    let (mut policies, mut left) = (String::new(), String::new());
    for (place, limit) in limits.iter().enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        let counts = match limit.counts {
            Counts::InAMinute => "w=60",
            Counts::AtOnce => "qu=\"concurrent-requests\"",
        };
        let _ = write!(policies, "{comma}\"{}\";q={};{counts}", limit.name, limit.quota);
        let _ = write!(left, "{comma}\"{}\";r={};t={}", limit.name, limit.left, whole_seconds(limit.next_in));
    }
    for (name, value) in [(RATE_LIMIT_POLICY, policies), (RATE_LIMIT, left)] {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
            && !value.is_empty()
        {
            headers.insert(name, value);
        }
    }
}

/// Whole seconds, and never at once.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(headers(&[]).is_empty());
    }
}
