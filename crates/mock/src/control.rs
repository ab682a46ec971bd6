//! What only a mock answers: its world, its mails, its clock, and how to begin again.

use crate::stage::Stage;
use crate::world::World;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL};
use actix_web::web::{Bytes, Data, PayloadConfig, ServiceConfig, get, post, resource, to};
use actix_web::{HttpRequest, HttpResponse};
use frontrow_application::port::Clock;
use frontrow_domain::Instant;
use frontrow_web::dto::Timestamp;
use frontrow_web::problem::{FieldError, Kind, Problem};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How far the clock is put forward at once at most: 31 days.
pub const MAX_ADVANCE: Duration = Duration::from_hours(31 * 24);
/// Bytes of a body.
const MAX_BODY: usize = 1024;

/// Adds the mock's own addresses.
pub fn configure(config: &mut ServiceConfig) {
    let refuse = |allowed: &'static str| to(move || async move { refusal(allowed) });
    config
        .app_data(PayloadConfig::new(MAX_BODY))
        .service(resource("/mock/world").route(get().to(world)).default_service(refuse("GET")))
        .service(resource("/mock/mails").route(get().to(mails)).default_service(refuse("GET")))
        .service(
            resource("/mock/clock")
                .route(get().to(clock))
                .route(post().to(put_forward))
                .default_service(refuse("GET, POST")),
        )
        .service(resource("/mock/reset").route(post().to(reset)).default_service(refuse("POST")));
}

fn refusal(allowed: &'static str) -> HttpResponse {
    let mut response = HttpResponse::from_error(Problem::new(Kind::MethodNotAllowed));
    response.headers_mut().insert(ALLOW, actix_web::http::header::HeaderValue::from_static(allowed));
    response
}

fn answer(body: &Value) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body)
}

async fn world(stage: Data<Stage>) -> HttpResponse {
    answer(&stage.world().playbill.json())
}

/// The newest first.
async fn mails(stage: Data<Stage>) -> HttpResponse {
    let mails = stage.world().mails.newest_first();
    let shown = mails.iter().map(|mail| json!({"to": mail.to.as_str(), "subject": mail.subject, "text": mail.text}));
    answer(&json!({"items": shown.collect::<Vec<_>>()}))
}

async fn clock(stage: Data<Stage>) -> HttpResponse {
    answer(&shown(&stage.world()))
}

/// What the clock shows, and how many seconds that is ahead of the machine's.
fn shown(world: &World) -> Value {
    json!({"now": Timestamp::from(world.clock.now()), "ahead_seconds": world.clock.ahead().as_secs()})
}

/// A body as it came, or why it didn't.
type Body = Result<Bytes, actix_web::Error>;

async fn put_forward(stage: Data<Stage>, request: HttpRequest, body: Body) -> Result<HttpResponse, Problem> {
    takes_json(&request)?;
    let body = whole(body)?;
    let world = stage.world();
    world.put_forward(Forward::read(&body)?.from(world.clock.now())?).await?;
    Ok(answer(&shown(&world)))
}

async fn reset(stage: Data<Stage>, body: Body) -> Result<HttpResponse, Problem> {
    let body = whole(body)?;
    if !body.is_empty() && object(&body)?.keys().next().is_some() {
        return Err(Problem::field("", "unknown", "no body is taken here"));
    }
    let first = stage.reset().await.map_err(|error| {
        tracing::error!(%error, "the mock was not reset");
        Problem::new(Kind::Fault)
    })?;
    Ok(answer(&shown(&first)))
}

/// Pages of other origins may not post without asking first, so a form's media types are not taken.
fn takes_json(request: &HttpRequest) -> Result<(), Problem> {
    if actix_web::HttpMessage::content_type(request).eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(Kind::MediaType))
}

fn whole(body: Body) -> Result<Bytes, Problem> {
    body.map_err(|error| match error.as_response_error().status_code() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Kind::BodyTooLarge).with("most", MAX_BODY),
        _ => Problem::new(Kind::Malformed),
    })
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    let value: Value = serde_json::from_slice(body).map_err(|_| Problem::new(Kind::Malformed))?;
    let Value::Object(object) = value else { return Err(Problem::field("", "type", "an object")) };
    Ok(object)
}

/// How the clock is put forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Forward {
    By(Duration),
    To(Instant),
}

impl Forward {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let object = object(body)?;
        let mut members = object.iter();
        let (Some((name, value)), None) = (members.next(), members.next()) else {
            return Err(Problem::field("", "one", "one of advance_seconds, at"));
        };
        match name.as_str() {
            "advance_seconds" => value
                .as_u64()
                .filter(|seconds| (1..=MAX_ADVANCE.as_secs()).contains(seconds))
                .map(|seconds| Self::By(Duration::from_secs(seconds)))
                .ok_or_else(|| Problem::invalid(vec![FieldError::range("/advance_seconds", 1, MAX_ADVANCE.as_secs())])),
            "at" => serde_json::from_value::<Timestamp>(value.clone())
                .map(|at| Self::To(at.into()))
                .map_err(|error| Problem::field("/at", "time", error.to_string())),
            _ => Err(Problem::field(format!("/{name}"), "unknown", "one of advance_seconds, at")),
        }
    }

    /// How far that is.
    fn from(self, now: Instant) -> Result<Duration, Problem> {
        let (to, last) = match self {
            Self::By(by) => return Ok(by),
            Self::To(to) => (to, now + MAX_ADVANCE),
        };
        if now <= to && to <= last {
            return Ok(to.since(now));
        }
        let (from, until) = (Timestamp::from(now), Timestamp::from(last));
        let detail = format!("{from} to {until}: the clock only goes forward; POST /mock/reset begins again");
        Err(Problem::field("/at", "range", detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_put_forward_by_seconds_or_to_an_instant() {
        let read = |body: &str| {
            Forward::read(body.as_bytes()).map_err(|problem| {
                problem.errors.first().map_or_else(|| problem.kind.slug().to_owned(), |error| error.pointer.clone())
            })
        };
        assert_eq!(read(r#"{"advance_seconds": 300}"#), Ok(Forward::By(Duration::from_mins(5))));
        let at = Instant::from_micros(1_798_761_600_000_000);
        assert_eq!(read(r#"{"at": "2027-01-01T00:00:00Z"}"#), Ok(Forward::To(at)));
        for (body, at) in [
            (r#"{"advance_seconds": 0}"#, "/advance_seconds"),
            (r#"{"advance_seconds": -1}"#, "/advance_seconds"),
            (r#"{"advance_seconds": 1.5}"#, "/advance_seconds"),
            (r#"{"advance_seconds": "1"}"#, "/advance_seconds"),
            (r#"{"advance_seconds": 2678401}"#, "/advance_seconds"),
            (r#"{"at": "tomorrow"}"#, "/at"),
            (r#"{"at": 5}"#, "/at"),
            (r#"{"by": 5}"#, "/by"),
            (r#"{"advance_seconds": 1, "at": "2027-01-01T00:00:00Z"}"#, ""),
            ("{}", ""),
            ("[]", ""),
            ("", "malformed"),
            ("x", "malformed"),
        ] {
            assert_eq!(read(body), Err(at.to_owned()), "{body}");
        }
    }

    #[test]
    fn the_clock_does_not_go_back() {
        let now = Instant::from_micros(1_798_761_600_000_000);
        assert_eq!(Forward::By(Duration::from_secs(1)).from(now), Ok(Duration::from_secs(1)));
        assert_eq!(Forward::To(now + Duration::from_secs(9)).from(now), Ok(Duration::from_secs(9)));
        let problem = Forward::To(now - Duration::from_secs(1)).from(now).unwrap_err();
        assert!(problem.errors[0].detail.contains("/mock/reset"), "{problem:?}");
        assert!(Forward::To(now + MAX_ADVANCE + Duration::from_secs(1)).from(now).is_err());
    }
}
