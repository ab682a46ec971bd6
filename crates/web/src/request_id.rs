//! Ids of requests: in each answer, and in what the log says about it.

use actix_web::http::header::HeaderValue;
use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use uuid::{Builder, Uuid};

/// The header of every answer that has the request's id. What a client sends in it is ignored: two requests with one id
/// would be one in the log.
pub const REQUEST_ID: &str = "Frontrow-Request-Id";

/// Makes the ids of one worker's requests without a system call: a counter, mixed with a key that is random.
///
/// Within a worker the mix is one to one, so that ids repeat as rarely as random ones; between workers, instances and starts
/// the 128 bits of the keys differ. Somebody who has seen a few can compute the others. That does no harm: an id is a label
/// in the log, and nobody gets anything for knowing one.
pub(crate) struct RequestIds {
    keys: [u64; 2],
    next: Cell<u64>,
}

impl RequestIds {
    /// With a key of its own, from the operating system.
    pub fn new() -> Self {
        let random = || RandomState::new().hash_one(());
        Self { keys: [random(), random()], next: Cell::new(0) }
    }

    /// The next one: a UUID of version 8, which leaves its making to whoever makes it.
    pub fn next(&self) -> Uuid {
        let number = self.next.get();
        self.next.set(number.wrapping_add(1));
        let front = mix(number ^ self.keys[0]);
        let back = mix(front ^ self.keys[1]);
        let bits = (u128::from(front) << 64) | u128::from(back);
        Builder::from_custom_bytes(bits.to_be_bytes()).into_uuid()
    }
}

/// Each bit of the result depends on each bit of the number, and no two numbers have the same result (the finalizer of
/// `SplitMix64`).
fn mix(mut number: u64) -> u64 {
    number ^= number >> 30;
    number = number.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number ^= number >> 27;
    number = number.wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The id as the value of [`REQUEST_ID`].
pub(crate) fn header_value(id: Uuid) -> Option<HeaderValue> {
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_requests_have_one_id() {
        let workers = [RequestIds::new(), RequestIds::new()];
        let ids: HashSet<Uuid> = workers.iter().flat_map(|ids| (0..10_000).map(|_| ids.next())).collect();
        assert_eq!(ids.len(), 20_000);
        assert!(ids.iter().all(|id| id.get_version_num() == 8));
    }

    #[test]
    fn neighbours_look_nothing_alike() {
        let ids = RequestIds::new();
        for _ in 0..1000 {
            let differing = (ids.next().as_u128() ^ ids.next().as_u128()).count_ones();
            assert!((20..110).contains(&differing), "{differing} bits differ");
        }
    }
}
