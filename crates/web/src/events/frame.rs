//! Events as they are sent: the format of `text/event-stream`.

use crate::extract::bare_tag;
use actix_web::web::Bytes;
use std::time::Duration;

/// A comment, which clients ignore: something has to be sent now and then, or proxies close the connection, and nobody
/// finds out that the client has gone.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");

/// An event with that JSON, which has no line breaks. A client that comes back names the last tag that it got.
pub(super) fn event(name: &str, tag: Option<&str>, json: &[u8]) -> Bytes {
    let id = tag.map(|tag| format!("id: {}\n", bare_tag(tag))).unwrap_or_default();
    let head = format!("event: {name}\n{id}data: ");
    [head.as_bytes(), json, b"\n\n"].concat().into()
}

/// How long a client waits before it comes back: 1 to 3 seconds, so that not all of them come back at once.
pub(super) fn retry(turn: u64) -> String {
    let wait = Duration::from_millis(1000 + turn.wrapping_mul(1237) % 2000);
    format!("retry: {}\n\n", wait.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn an_event_is_a_few_lines() {
        let with_id = event("availability", Some("\"qL8vT2yJ0aXw3sZk\""), b"{}");
        assert_eq!(&*with_id, b"event: availability\nid: qL8vT2yJ0aXw3sZk\ndata: {}\n\n");
        assert_eq!(&*event("performance", None, b"{}"), b"event: performance\ndata: {}\n\n");
    }

    #[test]
    fn clients_come_back_at_different_times() {
        let waits: BTreeSet<u64> =
            (0..1000).map(|turn| retry(turn).trim().strip_prefix("retry: ").unwrap().parse().unwrap()).collect();
        assert_eq!(waits.len(), 1000);
        assert!(*waits.first().unwrap() >= 1000 && *waits.last().unwrap() < 3000);
    }
}
