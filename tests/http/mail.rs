//! Mails are sent by the server itself, and show who reads them.

use crate::driver::{Client, Log, Server, Terms};
use crate::test_server::{TestServer, on_every_database, seat, text, until};
use anyhow::{Context, Result, ensure};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const VERIFICATION: &str = "/v1/users/me/email-verification";

on_every_database! { an_address_that_has_to_be_verified_is_verified_with_the_code_from_the_mail }

async fn an_address_that_has_to_be_verified_is_verified_with_the_code_from_the_mail(
    server: &mut TestServer,
) -> Result<()> {
    let show = server.publish(Terms::default()).await?;
    let mails = server.directory.path().join("mails");
    let directory = mails.to_str().context("a path of letters")?;
    let settings = [
        ("FRONTROW_MAILER", "file"),
        ("FRONTROW_MAIL_DIRECTORY", directory),
        ("FRONTROW_VERIFIED_EMAIL_REQUIRED", "true"),
    ];
    let strict = Server::start(server.directory.path(), &settings, Log::default()).await?;
    let mut client = Client::new(strict.address, None);
    let account = json!({"email": "ada@example.com", "password": "correct horse battery", "name": "Ada"});
    let seats = [seat(1)];

    sign_up(&mut client, &account).await?;
    let log_in = json!({"email": account["email"], "password": account["password"]});
    let session = client.ask(Method::POST, "/v1/sessions", None, Some(log_in)).await?.expect(StatusCode::CREATED)?;
    client.token = Some(text(&session, "access_token")?);
    let refused = client.hold(show.performance, &seats, "a").await?.expect(StatusCode::FORBIDDEN)?;
    ensure!(text(&refused, "type")? == "/problems/email-unverified", "{refused}");
    let code = until("the mail is there", async || Ok(mailed(&mails)?.iter().find_map(|mail| code_in(mail)))).await?;
    let body = json!({ "code": code });
    client.ask(Method::PUT, VERIFICATION, None, Some(body)).await?.expect(StatusCode::NO_CONTENT)?;
    client.held(show, &seats, "b").await?;

    sign_up(&mut Client::new(strict.address, None), &account).await?;
    let is_told = |mail: &String| mail.contains("You already have an account");
    let told = until("its owner is told", async || Ok(mailed(&mails)?.into_iter().find(is_told))).await?;
    ensure!(code_in(&told).is_none(), "a code that is good for nothing: {told}");
    strict.stop().await
}

/// Whoever has the address.
async fn sign_up(client: &mut Client, account: &Value) -> Result<()> {
    let signed_up = client.ask(Method::POST, "/v1/users", None, Some(account.clone())).await?;
    ensure!(signed_up.expect(StatusCode::ACCEPTED)?.is_null(), "it says more");
    Ok(())
}

/// The mails that have been sent.
fn mailed(directory: &Path) -> Result<Vec<String>> {
    let files = fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    let whole = files.iter().filter(|path| path.extension().is_some_and(|end| end == "eml"));
    Ok(whole.map(fs::read_to_string).collect::<Result<_, _>>()?)
}

fn code_in(mail: &str) -> Option<String> {
    let code = mail.lines().map(str::trim).find(|line| line.len() == 8 && line.parse::<u32>().is_ok());
    code.map(str::to_owned)
}
