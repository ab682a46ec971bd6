//! What is around a body: address, query, headers.

use super::Bad;
use crate::ask::{Ask, KEY, QUEUE_TOKEN};
use crate::description::{Description, Operation};
use crate::theatre::NOTHING;
use actix_web::http::header::AUTHORIZATION;

pub fn kinds(_: &Description, operation: &Operation, good: &Ask) -> Vec<Bad> {
    let mut bad = ids(operation, good);
    bad.extend(versions(operation, good));
    bad.extend(queries(operation, good));
    bad.extend(keys(operation, good));
    bad.extend(users(operation, good));
    bad.extend(queue_tokens(operation, good));
    bad.extend(preferences(operation, good));
    bad
}

fn ids(operation: &Operation, good: &Ask) -> Vec<Bad> {
    if !operation.path.contains("{id}") {
        return Vec::new();
    }
    let id = good.path.split('/').nth(if operation.path.starts_with("/v1/wallet") { 4 } else { 3 }).unwrap().to_owned();
    let with = |other: &str| Ask { path: good.path.replace(&id, other), ..good.clone() };
    let long = "x".repeat(20_000);
    let many = format!("{id}{}", "%20".repeat(1_000));
    let mut bad: Vec<Bad> = [
        "x",
        "-1",
        "%00",
        "%FF",
        "%2e%2e",
        "%E2%98%83",
        "null",
        &id.replace('-', ""),
        &format!("{{{id}}}"),
        &format!("urn:uuid:{id}"),
        &format!("{id}%20"),
        &id[..35],
        &format!("{}g", &id[..35]),
        &format!("{}%C3%A9", &id[..34]),
        &long,
        &many,
    ]
    .iter()
    .map(|other| {
        let shown: String = other.chars().take(60).collect();
        let encoded = other.replace('{', "%7B").replace('}', "%7D");
        Bad::new(format!("the id {shown}"), with(&encoded)).at("/path/id").status(422)
    })
    .collect();
    bad.push(Bad::new("no id", with("")).status(404));
    // What is put may be new, but not what it is part of.
    if operation.method != "put" || operation.path.split('/').count() > 4 {
        bad.push(Bad::new("the id of nothing", with(NOTHING)).status(404));
    }
    bad
}

fn versions(operation: &Operation, good: &Ask) -> Vec<Bad> {
    let Some((front, _)) = good.path.rsplit_once('/').filter(|_| operation.path.ends_with("{version}")) else {
        return Vec::new();
    };
    let versions =
        ["0", "-1", "+1", "01", "1.0", "1e0", "one", "%31%00", "2147483648", "4294967297", "99999999999999999999"];
    let bad = versions.iter().map(|version| {
        let ask = Ask { path: format!("{front}/{version}"), ..good.clone() };
        Bad::new(format!("the version {version}"), ask).at("/path/version").status(422)
    });
    bad.collect()
}

#[expect(clippy::too_many_lines, reason = "a list, with a row for each parameter")]
fn queries(operation: &Operation, good: &Ask) -> Vec<Bad> {
    let long = "x".repeat(10_000);
    let mut bad = Vec::new();
    for parameter in &operation.parameters("query") {
        let name = parameter["name"].as_str().unwrap();
        let values: &[&str] = match name {
            "limit" => &[
                "",
                "0",
                "-1",
                "101",
                "1.5",
                "1e1",
                "ten",
                "%00",
                "%FF",
                "99999999999999999999",
                "+5",
                "05",
                " 5",
                &long,
            ],
            "cursor" => &["", "x", "!!!!", "%00", "%FF", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "____", &long],
            "bookable" | "confirm" => &["", "1", "yes", "TRUE", "null", "%00", &long],
            "status" => &["", "free", "AVAILABLE", "available,taken", "%00", &long],
            "tier" => &["", "R!", "%C3%A9", "a b", "123456789", "%00", &long],
            "section" => &["", "R!", "%C3%28", "a b", "%EB%82%98-12", "12345678901234567", "%E3%85%A4", "%00", &long],
            "q" => &["", "a%20b%20c%20d%20e%20f%20g%20h%20i%20j%20k", &long],
            "artist" | "city" => &["", &long],
            "genre" => &["", "polka", "JAZZ", "jazz,pop", "%00", &long],
            "sort" => &["", "price", "+date", "date,title", "%00", &long],
            "from" | "to" => {
                &["", "2027-02-29", "2027-13-01", "20270501", "2027-05-01T10:00:00Z", "today", "%00", &long]
            }
            "expand" => &["seats", "venue,", "Venue", "venue, concert", "%00", &long],
            "since" => &[
                "",
                "7",
                "*",
                "\"",
                "W/",
                "0123456789abcde",
                "0123456789abcde~",
                "\"0123456789abcdef",
                "%00",
                "%FF",
                &long,
            ],
            other => panic!("{other} has no bad values"),
        };
        for value in values {
            let shown: String = value.chars().take(40).collect();
            let ask = Ask {
                path: format!(
                    "{}?{name}={}",
                    good.path,
                    value.replace(' ', "%20").replace('+', "%2B").replace('"', "%22")
                ),
                ..good.clone()
            };
            bad.push(Bad::new(format!("?{name}={shown}"), ask).at(format!("/query/{name}")).status(422));
        }
        let fine = match name {
            "bookable" | "confirm" => "true",
            "since" => "0123456789abcdef",
            _ => "available",
        };
        let ask = Ask { path: format!("{}?{name}={fine}&{name}={fine}", good.path), ..good.clone() };
        bad.push(Bad::new(format!("?{name}= twice"), ask).at(format!("/query/{name}")).status(422));
    }
    bad
}

fn keys(operation: &Operation, good: &Ask) -> Vec<Bad> {
    if !operation.has_key() {
        return Vec::new();
    }
    let unnamed = good.clone().without(KEY);
    let mut bad = vec![Bad::new("no key", unnamed.clone()), Bad::new("two keys", good.clone().header(KEY, "other"))];
    bad.push(Bad::new("the same key twice", good.clone().header(KEY, "good-1")));
    let long = "x".repeat(65);
    for key in [&b""[..], b"two words", b"tab\tbed", b"cl\xc3\xa9", b"\xff", long.as_bytes(), &[b'x'; 10_000]] {
        let shown: String = String::from_utf8_lossy(key).chars().take(70).collect();
        bad.push(Bad::new(format!("the key {shown:?}"), unnamed.clone().header(KEY, key)));
    }
    bad.into_iter().map(|bad| bad.at(format!("/headers/{KEY}")).status(400)).collect()
}

fn users(operation: &Operation, good: &Ask) -> Vec<Bad> {
    let Some((front, user)) = good.path.rsplit_once('/').filter(|_| operation.path.ends_with("{user}")) else {
        return Vec::new();
    };
    let bad = ["x", "%00", "null", &user.replace('-', ""), &user[..35], &format!("{user}%20")].map(|other| {
        let ask = Ask { path: format!("{front}/{other}"), ..good.clone() };
        Bad::new(format!("the user {other}"), ask).at("/path/user").status(422)
    });
    let nobody = Ask { path: format!("{front}/{NOTHING}"), ..good.clone() };
    bad.into_iter().chain([Bad::new("the user whom nobody is", nobody).status(404)]).collect()
}

fn queue_tokens(operation: &Operation, good: &Ask) -> Vec<Bad> {
    let Some((_, token)) = good.headers.iter().find(|(name, _)| name == QUEUE_TOKEN) else {
        assert!(!operation.has_header(QUEUE_TOKEN));
        return Vec::new();
    };
    let none = good.clone().without(QUEUE_TOKEN);
    let text = String::from_utf8(token.clone()).unwrap();
    let (front, back) = text.split_at(text.len() / 2);
    let other = if back.starts_with('A') { "B" } else { "A" };
    let mut bad = vec![Bad::new("the queue token twice", good.clone().header(QUEUE_TOKEN, token)).status(403)];
    for (what, value) in [
        ("an empty queue token", Vec::new()),
        ("a queue token of bytes", b"\xff\xfe".to_vec()),
        ("a short queue token", front.into()),
        ("a long queue token", format!("{text}{text}").into_bytes()),
        ("a padded queue token", format!("{text}==").into_bytes()),
        ("a forged queue token", format!("{front}{other}{}", &back[1..]).into_bytes()),
    ] {
        bad.push(Bad::new(what, none.clone().header(QUEUE_TOKEN, value)).status(403));
    }
    bad.push(Bad::new("no queue token", none).at(format!("/headers/{QUEUE_TOKEN}")).status(422));
    bad
}

fn preferences(operation: &Operation, good: &Ask) -> Vec<Bad> {
    if !operation.has_header("Prefer") {
        return Vec::new();
    }
    let bad =
        ["wait", "wait=", "wait=-1", "wait=31", "wait=1.5", "wait=01", "wait=ten", "wait=1, wait=2", "wait=\u{e9}"]
            .map(|value| Bad::new(format!("Prefer: {value}"), good.clone().header("Prefer", value)));
    let twice = Bad::new("two waits", good.clone().header("Prefer", "wait=1").header("Prefer", "wait=1"));
    bad.into_iter().chain([twice]).map(|bad| bad.at("/headers/Prefer").status(422)).collect()
}

pub fn tokens(_: &Description, operation: &Operation, good: &Ask) -> Vec<Bad> {
    if !operation.needs_token() {
        return Vec::new();
    }
    let (_, header) = good.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(AUTHORIZATION.as_str())).unwrap();
    let token = String::from_utf8(header.clone()).unwrap().split_off("Bearer ".len());
    let nobody = good.clone().without(AUTHORIZATION);
    let last = if token.ends_with('A') { "Q" } else { "A" };
    let forged = format!("{}{last}", &token[..token.len() - 1]);
    let parts: Vec<&str> = token.split('.').collect();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", parts[1]);
    let mut bad = vec![
        Bad::new("no token", nobody.clone()),
        Bad::new("the token twice", good.clone().header(AUTHORIZATION, header)),
    ];
    for (what, value) in [
        ("no scheme", token.clone()),
        ("nothing", String::new()),
        ("a scheme alone", "Bearer".to_owned()),
        ("a scheme and a space", "Bearer ".to_owned()),
        ("another scheme", format!("Basic {token}")),
        ("no token", "Bearer x".to_owned()),
        ("a forged signature", format!("Bearer {forged}")),
        ("no signature", format!("Bearer {}.{}.", parts[0], parts[1])),
        ("no algorithm", format!("Bearer {unsigned}")),
        ("a token of dots", "Bearer ..".to_owned()),
        ("a long token", format!("Bearer {}", "x".repeat(20_000))),
        ("two tokens", format!("Bearer {token}, Bearer {token}")),
    ] {
        bad.push(Bad::new(what, nobody.clone().header(AUTHORIZATION, value)));
    }
    bad.push(Bad::new("bytes", nobody.header(AUTHORIZATION, b"Bearer \xff\xfe")));
    bad.into_iter().map(|bad| bad.status(401)).collect()
}
