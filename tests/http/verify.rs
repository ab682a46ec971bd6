//! `frontrow verify` can fail: every rule is broken by hand and named.

use crate::driver::{Client, Log, Server, Terms, command};
use crate::queue::{Queue, endpoints, let_in};
use crate::test_server::{TestServer, on_every_database, run, seat, until, verify};
use anyhow::{Context, Result, ensure};
use frontrow_domain::Rule;
use frontrow_test_databases::{Kind, Protocol, TestDatabase};
use hyper::{Method, StatusCode};
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, MySqlConnection, PgConnection};
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use uuid::Uuid;

on_every_database! {
    every_rule_that_is_broken_is_named_on_a_live_and_on_a_stopped_database,
    a_number_given_twice_is_named_whatever_its_source,
    a_live_database_is_audited_by_one_snapshot_while_people_book,
    what_operators_bring_about_they_can_mend,
}

/// What breaks the rule, in a database with a paid reservation of which a seat was returned, and a hold that lives. `None` is a file.
fn damage(rule: Rule, kind: Option<Kind>) -> [&'static str; 2] {
    const NOTHING: &str = "SELECT 1";
    match rule {
        Rule::SoldOnce => [
            match kind {
                None | Some(Kind::Postgres) => "DROP INDEX uq_ticket_performance_id_number_live",
                Some(Kind::MySql | Kind::MariaDb) => "DROP INDEX uq_ticket_performance_id_number_live ON ticket",
            },
            "INSERT INTO ticket (performance_id, number, version, reservation_id, live)
             SELECT performance_id, number, version + 1, reservation_id, live FROM ticket",
        ],
        Rule::SeatsTicketsReservations => [NOTHING, "UPDATE ticket SET live = NULL"],
        Rule::WalletEqualsTransfers => [NOTHING, "UPDATE wallet SET balance = balance + 1"],
        Rule::NoNegativeBalance => [
            match kind {
                None => "PRAGMA ignore_check_constraints = ON",
                Some(Kind::MySql) => "ALTER TABLE wallet ALTER CHECK wallet_chk_1 NOT ENFORCED",
                Some(Kind::MariaDb) => "SET check_constraint_checks = OFF",
                Some(Kind::Postgres) => "ALTER TABLE wallet DROP CONSTRAINT wallet_balance_check",
            },
            "UPDATE wallet SET balance = -1",
        ],
        Rule::PaidOnce => [NOTHING, "UPDATE payment SET state = 'failed' WHERE kind = 'reservation'"],
        Rule::RefundsEqualSeats => [NOTHING, "UPDATE payment SET amount = amount + 1 WHERE kind = 'refund'"],
        Rule::LapsedCanBeTaken => [NOTHING, "UPDATE seat SET held_until = held_until + 1 WHERE held_until IS NOT NULL"],
        Rule::NoOrphans => [NOTHING, "DELETE FROM users WHERE id IN (SELECT user_id FROM reservation)"],
        Rule::RoomForCharges => [NOTHING, "UPDATE wallet SET pending = pending + 1"],
        // Of an hour from now, or a server would mend it: it leaves the youngest charges to whoever began them.
        Rule::ChargesCredited => {
            [NOTHING, "UPDATE payment SET state = 'returning', at = at + 3600000000 WHERE kind = 'charge'"]
        }
        Rule::CancelledPaidBack => [NOTHING, "UPDATE performance SET status = 'cancelled'"],
        of_queues => damage_to_queues(of_queues, kind),
    }
}

/// The same for the rules of waiting rooms, in one where two people were admitted and one of them holds a seat.
fn damage_to_queues(rule: Rule, kind: Option<Kind>) -> [&'static str; 2] {
    const NOTHING: &str = "SELECT 1";
    match rule {
        Rule::NumbersUnique => [
            match kind {
                None | Some(Kind::Postgres) => "DROP INDEX uq_queue_entry_sale_id_group_index_number",
                Some(Kind::MySql | Kind::MariaDb) => {
                    "DROP INDEX uq_queue_entry_sale_id_group_index_number ON queue_entry"
                }
            },
            "UPDATE queue_entry SET number = 1",
        ],
        Rule::OneQueueEntryEach => [
            match kind {
                None => {
                    "CREATE TABLE loose AS SELECT * FROM queue_entry; DROP TABLE queue_entry; ALTER TABLE loose RENAME TO queue_entry"
                }
                Some(Kind::Postgres) => "ALTER TABLE queue_entry DROP CONSTRAINT queue_entry_pkey",
                Some(Kind::MySql | Kind::MariaDb) => "ALTER TABLE queue_entry DROP PRIMARY KEY",
            },
            "INSERT INTO queue_entry SELECT sale_id, user_id, group_index, number + 100 FROM queue_entry",
        ],
        Rule::WithinCapacity => [NOTHING, "UPDATE admission_log SET capacity = 0"],
        Rule::TicksOneByOne => [
            NOTHING,
            "DELETE FROM admission_log
             WHERE tick = (SELECT least FROM (SELECT MIN(tick) AS least FROM admission_log) AS ticks)",
        ],
        Rule::NobodyOvertaken => [
            "UPDATE admission_log SET checked_in_at = 0",
            "UPDATE admission_log SET queue_rank = 1000
             WHERE tick = (SELECT least FROM (SELECT MIN(tick) AS least FROM admission_log) AS ticks)",
        ],
        Rule::HoldsAdmitted => [NOTHING, "DELETE FROM admission_log"],
        Rule::AdmissionsChecked => [NOTHING, "DELETE FROM admission"],
        _ => [NOTHING, NOTHING],
    }
}

async fn every_rule_that_is_broken_is_named_on_a_live_and_on_a_stopped_database(server: &mut TestServer) -> Result<()> {
    prepare(server).await?;
    server.stop().await?;
    let (code, output) = verify(Replica::of(server).await?.directory.path()).await?;
    ensure!(code == Some(0), "nothing is broken, and verify exits with {code:?}:\n{output}");
    for rule in Rule::ALL {
        let broken = Replica::of(server).await?;
        broken.run(damage(rule, server.kind())).await.with_context(|| rule.as_str())?;
        names(rule, broken.directory.path()).await.context("stopped")?;
        let replica_server = Server::start(broken.directory.path(), &[], Log::default()).await?;
        names(rule, broken.directory.path()).await.context("live")?;
        replica_server.stop().await?;
    }
    Ok(())
}

/// What shows it where the list of queue entries is empty, as it is with numbers from Redis.
async fn a_number_given_twice_is_named_whatever_its_source(server: &mut TestServer) -> Result<()> {
    prepare(server).await?;
    server.stop().await?;
    for damage in [
        "UPDATE admission_log SET queue_rank = 1",
        "INSERT INTO check_in SELECT sale_id, user_id, 0, 7, 7, 0, 0 FROM buyer",
        "UPDATE buyer SET admitted_number = 1 WHERE admitted_number IS NOT NULL",
    ] {
        let broken = Replica::of(server).await?;
        broken.run(["DELETE FROM queue_entry", damage]).await.context(damage)?;
        names(Rule::NumbersUnique, broken.directory.path()).await.context(damage)?;
    }
    Ok(())
}

async fn a_live_database_is_audited_by_one_snapshot_while_people_book(server: &mut TestServer) -> Result<()> {
    let show = server.publish(Terms::default()).await?;
    let mut client = server.customer(0)?;
    let booking = async {
        for number in 1..=40 {
            let id = client.held(show, &[seat(number)], &format!("hold-{number}")).await?;
            client.pay(&id, &format!("pay-{number}")).await?.expect(StatusCode::CREATED)?;
        }
        anyhow::Ok(())
    };
    let auditing = async {
        for _ in 0..5 {
            server.audit().await?;
        }
        anyhow::Ok(())
    };
    tokio::try_join!(booking, auditing)?;
    Ok(())
}

/// A bar on nobody, as older releases made it; and people who are missing, as from a backup older than their accounts.
async fn what_operators_bring_about_they_can_mend(server: &mut TestServer) -> Result<()> {
    // A sale is no user.
    const BAR: &str = "INSERT INTO buyer (sale_id, user_id, barred, version) SELECT sale_id, sale_id, 1, 1 FROM queue";
    const FORGET: &str = "DELETE FROM users WHERE id IN (SELECT user_id FROM reservation)";
    let queue = Queue::publish(&mut server.operator()?, Terms::default(), &json!({})).await?;
    let show = server.publish(Terms::default()).await?;
    for customer in [0, 1] {
        server.customer(customer)?.held(show, &[seat(1 + customer)], "hold").await?;
    }
    server.stop().await?;
    let replica = Replica::of(server).await?;
    let directory = replica.directory.path();

    replica.run([BAR, "SELECT 1"]).await?;
    names(Rule::NoOrphans, directory).await?;
    let replica_server = Server::start(directory, &[], Log::default()).await?;
    let mut operator = Client::new(replica_server.address, Some(&server.accounts.operator));
    let barred = |user: Uuid| format!("/v1/sales/{}/barred/{user}", queue.sale);
    for method in [Method::PUT, Method::DELETE] {
        operator.ask(method, &barred(Uuid::nil()), None, None).await?.expect(StatusCode::NOT_FOUND)?;
    }
    names(Rule::NoOrphans, directory).await?;
    operator.ask(Method::DELETE, &barred(queue.sale), None, None).await?.expect(StatusCode::NO_CONTENT)?;
    let (code, output) = verify(directory).await?;
    ensure!(code == Some(0), "the bar is lifted, and verify exits with {code:?}:\n{output}");
    operator.ask(Method::DELETE, &barred(queue.sale), None, None).await?.expect(StatusCode::NOT_FOUND)?;
    replica_server.stop().await?;

    replica.run([FORGET, "SELECT 1"]).await?;
    names(Rule::NoOrphans, directory).await?;
    let (_, output) = verify(directory).await?;
    let missing: Vec<&str> = output.lines().filter_map(|line| line.split("user ").nth(1)?.split(' ').next()).collect();
    ensure!(missing.len() == 2, "two are missing:\n{output}");
    for user in &missing {
        for code in [0, 2] {
            let output = command(directory, &["user", "stand-in", user]).output().await?;
            ensure!(output.status.code() == Some(code), "for {user}: {output:?}");
        }
    }
    let (code, output) = verify(directory).await?;
    ensure!(code == Some(0), "nobody is missing, and verify exits with {code:?}:\n{output}");
    Ok(())
}

#[test]
fn what_is_no_database_is_not_called_right() -> Result<()> {
    run(async |_| {
        let empty = tempfile::tempdir()?;
        let (code, output) = verify(empty.path()).await?;
        ensure!(code == Some(2), "there is no database, and verify exits with {code:?}:\n{output}");
        ensure!(fs::read_dir(empty.path())?.next().is_none(), "verify has made something");
        Ok(())
    })
}

/// A paid reservation of which one of two seats was given back, and a hold; and in a waiting room two who were admitted one after the other, and a hold.
async fn prepare(server: &TestServer) -> Result<()> {
    let show = server.publish(Terms { hold_seconds: 3600, ..Terms::default() }).await?;
    let mut client = server.customer(0)?;
    let id = client.held(show, &[seat(1), seat(3)], "hold-1").await?;
    client.pay(&id, "pay").await?.expect(StatusCode::CREATED)?;
    let (path, some) = (format!("/v1/reservations/{id}/cancellation"), json!({"seats": [seat(3)]}));
    client.ask(Method::POST, &path, Some("return"), Some(some)).await?.expect(StatusCode::OK)?;
    client.held(show, &[seat(2)], "hold-2").await?;
    let queue = Queue::publish(&mut server.operator()?, Terms::default(), &json!({"capacity": 1})).await?;
    let endpoints = endpoints(&[server.running()?.address]);
    for customer in [1, 2] {
        let mut client = queue.client(&endpoints, &server.accounts.customers[customer]);
        client.join().await?.expect(StatusCode::CREATED)?;
        let_in(&mut client).await?;
        match customer {
            1 => drop(client.leave().await?.expect(StatusCode::NO_CONTENT)?),
            _ => drop(client.hold_best(1, "R", "hold").await?.expect(StatusCode::CREATED)?),
        }
    }
    Ok(())
}

/// The same rows again, in a file or in another database on the same server, and what the binary needs to find them.
struct Replica {
    directory: TempDir,
    database: Option<TestDatabase>,
}

impl Replica {
    async fn of(server: &TestServer) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        for entry in fs::read_dir(server.directory.path())? {
            let entry = entry?;
            fs::copy(entry.path(), directory.path().join(entry.file_name()))?;
        }
        let database = server.database_beside().await?;
        if let Some(database) = &database {
            let settings = format!("database_url = {:?}\n", database.url());
            fs::write(directory.path().join("frontrow.toml"), settings)?;
            replicate(name_in(&server.address())?, database).await?;
        }
        Ok(Self { directory, database })
    }

    async fn run(&self, statements: [&'static str; 2]) -> Result<()> {
        let Some(database) = &self.database else {
            let file = self.directory.path().join("frontrow.sqlite");
            let options = SqliteConnectOptions::new().filename(file).foreign_keys(false);
            let mut connection: SqliteConnection = options.connect().await?;
            for statement in statements {
                connection.execute(statement).await?;
            }
            return Ok(connection.close().await?);
        };
        database.execute(&statements).await
    }
}

fn name_in(url: &str) -> Result<&str> {
    Ok(url.rsplit_once('/').context("no name")?.1)
}

/// Fills an empty database with what another one on the same server has.
async fn replicate(from: &str, to: &TestDatabase) -> Result<()> {
    match to.kind().protocol() {
        Protocol::Postgres => replicate_by_template(from, to).await,
        Protocol::MySql => replicate_by_table(from, to).await,
    }
}

async fn replicate_by_template(from: &str, to: &TestDatabase) -> Result<()> {
    let name = name_in(to.url())?;
    let mut connection = PgConnection::connect(to.server_url()).await?;
    connection.execute(AssertSqlSafe(format!("DROP DATABASE {name}"))).await?;
    let copy = format!("CREATE DATABASE {name} TEMPLATE {from}");
    // For a moment the server may not have noticed that everybody has left the one that is copied.
    until("the copy", async || match connection.execute(AssertSqlSafe(copy.as_str())).await {
        Ok(_) => Ok(Some(())),
        Err(error) if error.as_database_error().is_some_and(|e| e.code().as_deref() == Some("55006")) => Ok(None),
        Err(error) => Err(error.into()),
    })
    .await
}

async fn replicate_by_table(from: &str, to: &TestDatabase) -> Result<()> {
    let mut connection = MySqlConnection::connect(to.url()).await?;
    let tables = "SELECT CAST(table_name AS CHAR) FROM information_schema.tables WHERE table_schema = ?";
    let tables: Vec<String> = sqlx::query_scalar(tables).bind(from).fetch_all(&mut connection).await?;
    ensure!(!tables.is_empty(), "{from} has no tables");
    for table in tables {
        connection.execute(AssertSqlSafe(format!("CREATE TABLE {table} LIKE {from}.{table}"))).await?;
        connection.execute(AssertSqlSafe(format!("INSERT INTO {table} SELECT * FROM {from}.{table}"))).await?;
    }
    Ok(connection.close().await?)
}

async fn names(rule: Rule, directory: &Path) -> Result<()> {
    let (code, output) = verify(directory).await?;
    ensure!(code == Some(1), "broken: {}; verify exits with {code:?}:\n{output}", rule.as_str());
    ensure!(output.contains(rule.as_str()), "broken: {}; verify says:\n{output}", rule.as_str());
    Ok(())
}
