//! `frontrow verify` can fail: every rule is broken by hand and named.

use crate::driver::{Server, Terms};
use crate::house::{House, run, seat, verify};
use anyhow::{Context, Result, ensure};
use frontrow_domain::Rule;
use hyper::StatusCode;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use std::path::Path;
use tempfile::TempDir;

/// What breaks the rule, in a database with a paid reservation and a hold that lives.
fn damage(rule: Rule) -> &'static str {
    match rule {
        Rule::SoldOnce => {
            "DROP INDEX uq_ticket_performance_id_number_live;
             INSERT INTO ticket (performance_id, number, version, reservation_id, live)
             SELECT performance_id, number, version + 1, reservation_id, live FROM ticket"
        }
        Rule::SeatsTicketsReservations => "UPDATE ticket SET live = NULL",
        Rule::WalletEqualsTransfers => "UPDATE wallet SET balance = balance + 1",
        Rule::NoNegativeBalance => "PRAGMA ignore_check_constraints = ON; UPDATE wallet SET balance = -1",
        Rule::PaidOnce => "UPDATE payment SET state = 'failed' WHERE kind = 'reservation'",
        Rule::LapsedCanBeTaken => "UPDATE seat SET held_until = held_until + 1 WHERE held_until IS NOT NULL",
        Rule::NoOrphans => "DELETE FROM users WHERE id IN (SELECT user_id FROM reservation)",
    }
}

#[test]
fn every_rule_that_is_broken_is_named_on_a_live_and_on_a_stopped_database() -> Result<()> {
    run(async |house| {
        prepare(house).await?;
        house.stop().await?;
        for rule in Rule::ALL {
            let broken = copy(house.directory.path())?;
            run_sql(broken.path(), damage(rule)).await.with_context(|| rule.as_str())?;
            names(rule, broken.path()).await.context("stopped")?;
            let server = Server::start(broken.path(), &[]).await?;
            names(rule, broken.path()).await.context("live")?;
            server.stop().await?;
        }
        Ok(())
    })
}

#[test]
fn a_live_database_is_audited_by_one_snapshot_while_people_book() -> Result<()> {
    run(async |house| {
        let show = house.publish(Terms::default()).await?;
        let mut client = house.customer(0)?;
        let booking = async {
            for number in 1..=40 {
                let id = client.held(show, &[seat(number)], &format!("hold-{number}")).await?;
                client.pay(&id, &format!("pay-{number}")).await?.expect(StatusCode::CREATED)?;
            }
            anyhow::Ok(())
        };
        let auditing = async {
            for _ in 0..5 {
                house.audit().await?;
            }
            anyhow::Ok(())
        };
        tokio::try_join!(booking, auditing)?;
        Ok(())
    })
}

#[test]
fn what_is_no_database_is_not_called_right() -> Result<()> {
    run(async |_| {
        let empty = tempfile::tempdir()?;
        let (code, output) = verify(empty.path()).await?;
        ensure!(code == Some(2), "there is no database, and verify exits with {code:?}:\n{output}");
        ensure!(std::fs::read_dir(empty.path())?.next().is_none(), "verify has made something");
        Ok(())
    })
}

/// A paid reservation, and a hold.
async fn prepare(house: &House) -> Result<()> {
    let show = house.publish(Terms { hold_seconds: 3600, ..Terms::default() }).await?;
    let mut client = house.customer(0)?;
    let id = client.held(show, &[seat(1)], "hold-1").await?;
    client.pay(&id, "pay").await?.expect(StatusCode::CREATED)?;
    client.held(show, &[seat(2)], "hold-2").await?;
    Ok(())
}

fn copy(from: &Path) -> Result<TempDir> {
    let directory = tempfile::tempdir()?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), directory.path().join(entry.file_name()))?;
    }
    Ok(directory)
}

async fn run_sql(directory: &Path, sql: &'static str) -> Result<()> {
    let options = SqliteConnectOptions::new().filename(directory.join("frontrow.sqlite")).foreign_keys(false);
    let mut connection: SqliteConnection = options.connect().await?;
    connection.execute(sql).await?;
    Ok(connection.close().await?)
}

async fn names(rule: Rule, directory: &Path) -> Result<()> {
    let (code, output) = verify(directory).await?;
    ensure!(code == Some(1), "broken: {}; verify exits with {code:?}:\n{output}", rule.as_str());
    ensure!(output.contains(rule.as_str()), "broken: {}; verify says:\n{output}", rule.as_str());
    Ok(())
}
