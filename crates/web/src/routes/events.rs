//! Streams of events.

use super::Endpoint;
use super::queue::queue_answer;
use crate::WebState;
use crate::events::{Kind, Looked, Polls, Topic, Watcher};
use crate::extract::{Id, LAST_EVENT_ID, PASS, once, quoted_tag};
use crate::problem::Problem;
use crate::rendered::Answer;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use frontrow_application::Error;
use frontrow_application::deadline::{READ, within};
use frontrow_application::waiting_room::{BookingCall, Caller};
use frontrow_domain::{Instant, PerformanceId, SaleId};
use std::time::Duration;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(performance_events, __path_performance_events).call(BookingCall::ShowAvailability),
        Endpoint::new(queue_events, __path_queue_events),
    ]
}

/// The media type of streams of events.
const EVENT_STREAM: &str = "text/event-stream";

/// Watch a performance and its seats.
///
/// A stream of events in the format of the HTML standard, for `EventSource` and its like. `availability`: its data are what
/// `show_availability` answers, at first all of it, then only what has changed (with `from`, and no `bitmap`). `performance`:
/// its data are what `show_performance` answers, at first and whenever that changes. At most one of each a second.
#[utoipa::path(get, path = "/v1/performances/{id}/events", operation_id = "watch_performance", tag = "seats",
    params(("id" = uuid::Uuid, Path, description = "The performance."),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that one got, which is the ETag of the \
            availability without its quotes: then the first event may say only what has changed since.")),
    responses((status = 200, description = "Events `availability` and `performance`; they go on until either side ends it.",
        body = String, content_type = "text/event-stream",
        example = json!("retry: 2000\n\nevent: availability\nid: Zr5Nf1uC9bQe7mHd\ndata: {\"from\":\"qL8vT2yJ0aXw3sZk\",\"to\":\"Zr5Nf1uC9bQe7mHd\",\"taken\":[3,4],\"freed\":[9],\"seat_map_version\":1,\"seat_count\":10,\"available\":8,\"tiers\":{\"R\":{\"seats\":10,\"available\":8}}}\n\n"))))]
async fn performance_events(state: Data<WebState>, Id(id): Id, request: HttpRequest) -> Result<HttpResponse, Problem> {
    watch(&state, Topic::Performance(PerformanceId::new(id)), &request).await
}

/// Watch a sale's queue.
///
/// A stream of events in the format of the HTML standard, for `EventSource` and its like. `queue`: its data are what
/// `show_queue` answers, at first and whenever that changes, at most once a second.
#[utoipa::path(get, path = "/v1/sales/{id}/queue/events", operation_id = "watch_queue", tag = "waiting room",
    params(("id" = uuid::Uuid, Path, description = "The sale."),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that one got, which is the ETag of the \
            queue without its quotes: then nothing is sent until the queue changes.")),
    responses((status = 200, description = "Events `queue`; they go on until either side ends it.",
        body = String, content_type = "text/event-stream",
        example = json!("retry: 2000\n\nevent: queue\nid: Zr5Nf1uC9bQe7mHd\ndata: {\"phase\":\"open\", …}\n\n"))))]
async fn queue_events(state: Data<WebState>, Id(id): Id, request: HttpRequest) -> Result<HttpResponse, Problem> {
    watch(&state, Topic::Queue(SaleId::new(id)), &request).await
}

async fn watch(state: &Data<WebState>, topic: Topic, request: &HttpRequest) -> Result<HttpResponse, Problem> {
    let headers = request.headers();
    let last = once(headers, LAST_EVENT_ID).and_then(quoted_tag);
    // A pass that is good for nothing has not let anybody in: who may watch without one is asked again and again.
    let pass =
        once(headers, PASS).and_then(|pass| state.use_cases.pass_check.signer.read_pass(pass, state.clock.now()).ok());
    let stream = state.events.watch(state, topic, Watcher { last, until: pass.map(|pass| pass.expires) }).await?;
    let mut response = HttpResponse::Ok();
    response
        .content_type(EVENT_STREAM)
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"));
    if request.method() == Method::HEAD {
        return Ok(response.finish());
    }
    // Whoever has watched for hours need not come back on the same connection; and a server that stops waits for none.
    Ok(response.force_close().streaming(stream.into_body()))
}

impl Polls for Data<WebState> {
    async fn look(&self, topic: Topic) -> Result<Vec<Looked>, Problem> {
        match topic {
            Topic::Performance(id) => {
                let view = within(READ, self.use_cases.performances.one(id)).await?;
                let availability = self.rendered.availability(view.of.clone())?;
                let performance = self.rendered.performance(view)?;
                let availability = Looked { kind: Kind::Availability, answer: availability };
                Ok(vec![availability, Looked { kind: Kind::Performance, answer: performance }])
            }
            Topic::Queue(sale) => Ok(vec![Looked { kind: Kind::Queue, answer: queue_answer(self, sale)? }]),
        }
    }

    fn since(&self, topic: Topic, kind: Kind, tag: &str) -> Option<Answer> {
        match (topic, kind) {
            (Topic::Performance(id), Kind::Availability) => self.rendered.known_availability_since(id, tag),
            _ => None,
        }
    }

    async fn is_public(&self, topic: Topic) -> Option<bool> {
        let Topic::Performance(id) = topic else { return Some(true) };
        let asked = self.use_cases.pass_check.before(BookingCall::ShowAvailability, id.uuid(), Caller::default());
        match within(READ, asked).await {
            Ok(()) => Some(true),
            Err(Error::Denied(_)) => Some(false),
            Err(_) => None,
        }
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }
}

/// Looks whether anything has changed that somebody watches, so long after the last time; for tests, where
/// [`EventStreams::by_hand`](crate::EventStreams::by_hand) does nothing by itself.
pub async fn beat_events(state: &Data<WebState>, elapsed: Duration) {
    state.events.beat(state, elapsed).await;
}
