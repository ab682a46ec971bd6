//! Links from an answer to what can be asked for next: which part of the answer is which part of that request.

use super::operations::{answers, operations};
use serde_json::{Map, Value, json};

/// The answer of an operation, and the operations that it leads to, each with the parameters that are known.
struct Leads {
    from: &'static str,
    statuses: &'static [&'static str],
    to: &'static [&'static str],
    parameters: &'static [(&'static str, &'static str)],
}

const fn leads(
    from: &'static str,
    statuses: &'static [&'static str],
    to: &'static [&'static str],
    parameters: &'static [(&'static str, &'static str)],
) -> Leads {
    Leads { from, statuses, to, parameters }
}

const BODY_ID: &[(&str, &str)] = &[("path.id", "$response.body#/id")];
const SAME_ID: &[(&str, &str)] = &[("path.id", "$request.path.id")];
const FIRST_ID: &[(&str, &str)] = &[("path.id", "$response.body#/items/0/id")];
const WHAT_BOOKS: &[&str] = &["show_prices", "show_availability", "list_seats", "hold_seats"];

const LEADS: &[Leads] = &[
    leads("list_concerts", &["200"], &["show_concert", "list_performances"], FIRST_ID),
    leads("show_concert", &["200"], &["list_performances"], BODY_ID),
    leads("list_performances", &["200"], &["show_performance"], FIRST_ID),
    leads("list_performances", &["200"], WHAT_BOOKS, FIRST_ID),
    leads("show_performance", &["200"], WHAT_BOOKS, BODY_ID),
    leads(
        "show_performance",
        &["200"],
        &["show_seat_map"],
        &[("path.id", "$response.body#/id"), ("path.version", "$response.body#/seat_map_version")],
    ),
    leads("show_performance", &["200"], &["join_queue", "show_queue"], &[("path.id", "$response.body#/sales/0/id")]),
    leads("show_queue", &["200"], &["join_queue", "list_admissions"], &[("path.id", "$response.body#/sale_id")]),
    leads(
        "join_queue",
        &["200", "201"],
        &["show_queue_entry"],
        &[("header.Frontrow-Queue-Token", "$response.body#/token")],
    ),
    leads(
        "join_queue",
        &["200", "201"],
        &["check_in"],
        &[("path.id", "$request.path.id"), ("header.Frontrow-Queue-Token", "$response.body#/token")],
    ),
    leads("check_in", &["201"], &["renew_admission", "leave_admission"], SAME_ID),
    leads("renew_admission", &["200"], &["renew_admission", "leave_admission"], SAME_ID),
    leads(
        "hold_seats",
        &["201"],
        &["show_reservation", "pay_reservation", "release_hold", "list_tickets", "cancel_reservation"],
        BODY_ID,
    ),
    leads("list_reservations", &["200"], &["show_reservation", "list_tickets"], FIRST_ID),
    leads("show_reservation", &["200"], &["pay_reservation", "release_hold", "list_tickets"], BODY_ID),
    leads(
        "pay_reservation",
        &["201"],
        &["list_tickets", "show_reservation", "cancel_reservation"],
        &[("path.id", "$response.body#/reservation/id")],
    ),
    leads("charge_wallet", &["201", "202"], &["show_charge"], BODY_ID),
    leads("put_venue", &["200", "201"], &["show_venue_settings", "change_venue"], BODY_ID),
    leads("put_venue", &["200", "201"], &["put_seat_map"], BODY_ID),
    leads(
        "put_seat_map",
        &["200", "201"],
        &["show_seat_map_settings"],
        &[("path.id", "$request.path.id"), ("path.version", "$request.path.version")],
    ),
    leads("put_concert", &["200", "201"], &["show_concert_settings", "change_concert"], BODY_ID),
    leads(
        "put_performance",
        &["200", "201"],
        &["publish_performance", "show_performance_settings", "change_performance"],
        BODY_ID,
    ),
    leads(
        "publish_performance",
        &["200"],
        &["postpone_performance", "cancel_performance", "show_performance"],
        BODY_ID,
    ),
    leads("put_sale", &["200", "201"], &["publish_sale", "show_sale_settings", "change_sale"], BODY_ID),
    leads("publish_sale", &["200"], &["report_queue", "change_queue", "show_queue"], BODY_ID),
];

/// An operation and its status; the operation that its answer leads to, and the members of that one's body.
type Body = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Answers that have what a body needs.
const BODIES: &[Body] = &[
    ("sign_up", "201", "log_in", &[("email", "{$request.body#/email}"), ("password", "{$request.body#/password}")]),
    ("log_in", "201", "refresh_session", &[("refresh_token", "{$response.body#/refresh_token}")]),
    ("refresh_session", "200", "refresh_session", &[("refresh_token", "{$response.body#/refresh_token}")]),
];

/// Adds the links to the answers.
pub(super) fn add_links(document: &mut Value) {
    for operation in operations(document) {
        let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
        for (status, answer) in answers(operation) {
            let mut links = Map::new();
            for leads in LEADS.iter().filter(|leads| leads.from == id && leads.statuses.contains(&status)) {
                let parameters = object(leads.parameters);
                let link = |to: &&str| ((*to).to_owned(), json!({"operationId": to, "parameters": parameters}));
                links.extend(leads.to.iter().map(link));
            }
            for (_, _, to, body) in BODIES.iter().filter(|(from, on, ..)| *from == id && *on == status) {
                links.insert((*to).to_owned(), json!({"operationId": to, "requestBody": object(body)}));
            }
            if !links.is_empty() {
                answer["links"] = links.into();
            }
        }
    }
}

fn object(members: &[(&str, &str)]) -> Value {
    members.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect::<Map<_, _>>().into()
}
