//! Which problems each operation may answer with.

use super::operations;
use crate::problem::{ALL, FieldError, Kind, PROBLEM_JSON, Problem};
use actix_web::http::Method;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::Modify;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{ContentBuilder, OpenApi as Document, Ref, RefOr, ResponseBuilder};

/// What an operation may refuse, besides what its shape says (see [`of_shape`]).
const OWN: &[(&str, &[Kind])] = &[
    ("sign_up", &[Kind::EmailTaken]),
    ("log_in", &[Kind::Credentials]),
    ("refresh_session", &[Kind::SessionEnded]),
    (
        "hold_seats",
        &[
            Kind::SeatsTaken,
            Kind::NotTogether,
            Kind::SoldOut,
            Kind::SaleNotOpen,
            Kind::SaleClosed,
            Kind::NoOpenSale,
            Kind::SeveralOpenSales,
            Kind::NotBookable,
            Kind::PerformanceBegun,
            Kind::LimitReached,
            Kind::BalanceTooHigh,
            Kind::NotAdmitted,
            Kind::AdmissionEnded,
            Kind::Barred,
            Kind::HoldsStopped,
        ],
    ),
    ("release_hold", &[Kind::AlreadyPaid, Kind::ReservationEnded, Kind::UnknownOutcome]),
    (
        "pay_reservation",
        &[
            Kind::NotBookable,
            Kind::PerformanceBegun,
            Kind::HoldLapsed,
            Kind::AlreadyPaid,
            Kind::ReservationEnded,
            Kind::LimitReached,
            Kind::BalanceTooLow,
        ],
    ),
    (
        "cancel_reservation",
        &[Kind::PerformanceBegun, Kind::NotPaid, Kind::ReservationEnded, Kind::TooLateToCancel, Kind::BalanceTooHigh],
    ),
    ("refund_reservation", &[Kind::NotPaid, Kind::ReservationEnded, Kind::BalanceTooHigh]),
    ("charge_wallet", &[Kind::BalanceTooHigh]),
    ("put_venue", &[Kind::ChangedMeanwhile]),
    ("put_seat_map", &[Kind::SeatMapFrozen, Kind::ChangedMeanwhile]),
    ("put_concert", &[Kind::ChangedMeanwhile]),
    ("put_performance", &[Kind::PerformancePublic, Kind::ChangedMeanwhile]),
    ("publish_performance", &[Kind::PerformanceStatus, Kind::ChangedMeanwhile]),
    ("postpone_performance", &[Kind::PerformanceStatus, Kind::ChangedMeanwhile]),
    ("cancel_performance", &[Kind::PerformanceStatus, Kind::ChangedMeanwhile]),
    ("put_sale", &[Kind::SalePublic, Kind::PerformanceNotPublic, Kind::ChangedMeanwhile]),
    ("publish_sale", &[Kind::PerformanceNotPublic, Kind::OpenBesides, Kind::ChangedMeanwhile]),
    ("join_line", &[Kind::LobbyNotOpen, Kind::LineClosed, Kind::NotEligible, Kind::TooManyJoins]),
    ("show_place", &[Kind::QueueTokenForged, Kind::NotFound]),
    (
        "claim_admission",
        &[
            Kind::QueueTokenForged,
            Kind::QueueTokenForeign,
            Kind::NotYourTurn,
            Kind::PlaceLapsed,
            Kind::PlaceUsed,
            Kind::LineClosed,
            Kind::NotAdmitted,
            Kind::AdmissionEnded,
            Kind::Barred,
        ],
    ),
    ("renew_admission", &[Kind::NotAdmitted, Kind::AdmissionEnded, Kind::Barred]),
    ("change_line", &[Kind::LinePhase, Kind::ChangedMeanwhile]),
];

/// What a route in front of which a pass may be asked for may refuse.
const OF_PASSES: &[Kind] =
    &[Kind::PassMissing, Kind::PassForged, Kind::PassExpired, Kind::PassOfOtherSale, Kind::PassOfOther];

/// Adds the problems that each operation may answer with, and an example of each.
pub(super) struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut Document) {
        for (method, path, operation) in operations(document) {
            let mut by_status: BTreeMap<u16, Vec<Kind>> = BTreeMap::new();
            for kind in kinds(&method, path, operation) {
                by_status.entry(kind.status().as_u16()).or_default().push(kind);
            }
            for (status, kinds) in by_status {
                operation.responses.responses.insert(status.to_string(), response(&kinds).into());
            }
        }
        let examples = ALL.iter().map(|kind| (kind.slug().to_owned(), RefOr::T(example(*kind))));
        document.components.get_or_insert_default().examples.extend(examples);
    }
}

fn kinds(method: &Method, path: &str, operation: &Operation) -> Vec<Kind> {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let own = OWN.iter().filter(|(of, _)| *of == id).flat_map(|(_, kinds)| *kinds).copied();
    // Whatever writes may not hear from its database whether it has.
    let writes = (*method != Method::GET).then_some(Kind::UnknownOutcome);
    let found = of_shape(path, operation).into_iter().chain(own).chain(writes);
    let found: BTreeSet<&str> = found.map(Kind::slug).collect();
    ALL.iter().copied().filter(|kind| found.contains(kind.slug())).collect()
}

/// What follows from what an operation takes, and from who may ask for it.
fn of_shape(path: &str, operation: &Operation) -> Vec<Kind> {
    match path {
        "/healthz" => return vec![Kind::InvalidInput],
        "/readyz" => return vec![Kind::InvalidInput, Kind::Busy, Kind::Unavailable, Kind::StorageFull],
        _ => {}
    }
    let parameters: Vec<&Parameter> = operation
        .parameters
        .iter()
        .flatten()
        .filter_map(|parameter| if let RefOr::T(parameter) = parameter { Some(parameter) } else { None })
        .collect();
    let has = |location: &ParameterIn| parameters.iter().any(|parameter| parameter.parameter_in == *location);
    let keyed = parameters.iter().any(|parameter| parameter.name == crate::extract::HEADER);
    let operators = operation.tags.iter().flatten().any(|tag| tag == "operators");
    // What is put under an id of the client's own need not be there.
    let finds = has(&ParameterIn::Path) && !["/v1/venues/{id}", "/v1/concerts/{id}"].contains(&path)
        || operation.request_body.is_none() && has(&ParameterIn::Path);
    let takes_pass = parameters.iter().any(|parameter| parameter.name == crate::extract::PASS);
    let implied: [(bool, &[Kind]); 6] = [
        (operation.request_body.is_some(), &[Kind::Malformed, Kind::BodyTimeout, Kind::BodyTooLarge, Kind::MediaType]),
        (keyed, &[Kind::KeyMissing, Kind::KeyReused]),
        (operation.security.is_some(), &[Kind::AccessToken]),
        (operators, &[Kind::NotAnOperator]),
        (takes_pass, OF_PASSES),
        (finds, &[Kind::NotFound]),
    ];
    let implied = implied.into_iter().filter(|(is, _)| *is).flat_map(|(_, kinds)| kinds).copied();
    // What is not taken is refused everywhere.
    implied.chain([Kind::InvalidInput, Kind::Busy, Kind::Unavailable, Kind::StorageFull, Kind::Fault]).collect()
}

fn response(kinds: &[Kind]) -> utoipa::openapi::Response {
    let examples = kinds.iter().map(|kind| {
        let example = Ref::new(format!("#/components/examples/{}", kind.slug()));
        (kind.slug(), RefOr::<Example>::Ref(example))
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("ProblemDocument")))
        .examples_from_iter(examples)
        .build();
    let slugs: Vec<&str> = kinds.iter().map(|kind| kind.slug()).collect();
    ResponseBuilder::new().description(slugs.join(" · ")).content(PROBLEM_JSON, content).build()
}

fn example(kind: Kind) -> Example {
    let problem = Problem::new(kind);
    let problem = match kind {
        Kind::InvalidInput => Problem {
            errors: vec![FieldError::new("/seats/0", "unknown", "the performance has no seat Z-1-1")],
            ..problem
        },
        Kind::KeyMissing => Problem {
            errors: vec![FieldError::new("/headers/Idempotency-Key", "header", "the header is needed")],
            ..problem
        },
        Kind::SeatsTaken => problem.because("A-1-3 can't be had").with("seats", vec!["A-1-3"]),
        Kind::NotTogether => problem.with("left", 3),
        Kind::SaleNotOpen => problem.with("opens", "2027-01-01T00:00:00Z"),
        Kind::SaleClosed => problem.with("closed", "2027-05-01T09:00:00Z"),
        Kind::PerformanceBegun => problem.with("until", "2027-05-01T10:00:00Z"),
        Kind::LimitReached => problem.with("limit", 4).with("used", 3).with("asked", 2),
        Kind::HoldLapsed => problem.with("held_until", "2027-01-01T00:05:00Z"),
        Kind::ReservationEnded => problem.with("state", "released"),
        Kind::BalanceTooLow => problem.with("balance", 1000).with("amount", 121_000),
        Kind::TooLateToCancel => problem.with("cancel_until", "2027-04-24T00:00:00Z"),
        Kind::NotEligible => problem.because("the account is younger than a day"),
        Kind::TooManyJoins => problem.because("an account may join 5 times a minute").with("ask_again_seconds", 12),
        Kind::LobbyNotOpen => problem.with("opens", "2026-12-31T23:00:00Z"),
        Kind::NotYourTurn => {
            let wait = serde_json::json!({"least_seconds": 96, "most_seconds": 180});
            problem.with("people_ahead", 1200).with("wait", wait).with("ask_again_seconds", 20)
        }
        Kind::LinePhase => problem.with("from", "lobby").with("to", "paused"),
        Kind::BodyTooLarge => problem.with("most", 65_536),
        Kind::Fault => problem.with("fault", "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10"),
        _ => problem,
    };
    let document = serde_json::to_value(problem.document()).unwrap_or_default();
    ExampleBuilder::new().summary(kind.title()).value(Some(document)).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_operations_that_there_are() {
        let mut document = crate::openapi();
        let known: BTreeSet<String> =
            operations(&mut document).filter_map(|(.., operation)| operation.operation_id.clone()).collect();
        let unknown: Vec<&str> = OWN.iter().map(|(id, _)| *id).filter(|id| !known.contains(*id)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn every_problem_can_come_from_somewhere() {
        let mut document = crate::openapi();
        let documented: Vec<Kind> =
            operations(&mut document).flat_map(|(method, path, operation)| kinds(&method, path, operation)).collect();
        // Those of addresses without such an operation.
        let elsewhere = [Kind::MethodNotAllowed];
        for kind in ALL {
            assert_ne!(documented.contains(kind), elsewhere.contains(kind), "{kind:?}");
        }
    }
}
