//! What a draw waits for.

use async_trait::async_trait;
use frontrow_application::port::{Beacon, StoreError};

/// Fetches nothing. A drawing that names no round is decided at once, by the published commitment to the secret and the
/// published list alone: the weaker draw, in which whoever knows the secret before the lobby closes can work out the order
/// for any list, and add people until they like it. A drawing that names a round waits until somebody enters its value.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBeacon;

#[async_trait]
impl Beacon for NoBeacon {
    async fn value(&self, round: Option<String>) -> Result<Option<String>, StoreError> {
        Ok(round.is_none().then(String::new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_draw_without_a_round_waits_for_nothing_and_one_with_a_round_is_not_decided_here() {
        assert_eq!(NoBeacon.value(None).await, Ok(Some(String::new())));
        assert_eq!(NoBeacon.value(Some("drand 1234567".into())).await, Ok(None));
    }
}
