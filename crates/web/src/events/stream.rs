//! The stream of one client.

use super::channel::{Channel, Has, Now, Reader};
use super::frame::retry;
use super::places::Place;
use super::topic::Polls;
use actix_web::web::Bytes;
use frontrow_domain::Instant;
use futures::stream::unfold;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::watch;

/// Somebody who watches.
pub(crate) struct Watcher {
    /// The tag of the last event that they got, if they come back.
    pub last: Option<String>,
    /// When their pass expires, if they have shown one.
    pub until: Option<Instant>,
}

/// What is sent to one client, event after event.
pub(crate) struct Stream<P> {
    polls: P,
    channel: Arc<Channel>,
    reader: Arc<Reader>,
    now: watch::Receiver<Now>,
    has: Has,
    /// What is sent before anything else.
    first: Option<Bytes>,
    _place: Place,
}

impl<P: Polls> Stream<P> {
    pub(super) fn new(
        polls: P,
        channel: Arc<Channel>,
        (reader, mut now): (Arc<Reader>, watch::Receiver<Now>),
        last: Option<String>,
        turn: u64,
        place: Place,
    ) -> Self {
        metrics::gauge!("frontrow_event_streams", "of" => channel.topic().name()).increment(1);
        let (first, has) = {
            let now = now.borrow_and_update();
            let mut tags = vec![Arc::from(""); now.parts.len()];
            if let (Some(first), Some(last)) = (tags.first_mut(), last) {
                *first = last.into();
            }
            let mut has = Has { tags, heartbeats: 0 };
            let events = now.for_client(channel.topic(), &polls, &mut has).unwrap_or_default();
            ([retry(turn).as_bytes(), &*events].concat(), has)
        };
        Self { polls, channel, reader, now, has, first: Some(first.into()), _place: place }
    }

    /// As the body of an answer.
    pub fn into_body(self) -> impl futures::Stream<Item = Result<Bytes, Infallible>> {
        unfold(self, async |mut stream| stream.next().await.map(|events| (Ok(events), stream)))
    }

    /// The next events; `None` if there are no more, because the server stops, what is watched is over, or the client was
    /// too slow or needs a new pass.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            tokio::select! {
                biased;
                () = self.reader.ended() => return None,
                changed = self.now.changed() => changed.ok()?,
            }
            let now = self.now.borrow_and_update();
            self.reader.take(now.number);
            if let Some(events) = now.for_client(self.channel.topic(), &self.polls, &mut self.has) {
                return Some(events);
            }
        }
    }
}

impl<P> Drop for Stream<P> {
    fn drop(&mut self) {
        self.channel.leave(&self.reader);
        metrics::gauge!("frontrow_event_streams", "of" => self.channel.topic().name()).decrement(1);
    }
}
