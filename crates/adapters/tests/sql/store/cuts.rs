//! The connection is cut when COMMIT was sent, two hundred times: what was asked for has happened once.

use super::place::{Place, on_every_server};
use super::proxy::{Cut, Proxy};
use super::stage::{PRICE, Stage};
use async_trait::async_trait;
use frontrow_adapters::sql::hook::Hook;
use frontrow_domain::{Command, Outcome};
use std::sync::Arc;

const CUTS: [Cut; 3] = [Cut::AfterTheAnswer, Cut::OnTheWay, Cut::BeforeItAndTheDatabaseDoesNotNotice];
/// Each of four commands.
const ROUNDS: usize = 50;

/// Does nothing.
struct Nobody;

#[async_trait]
impl Hook for Nobody {}

/// Carried out once although its connection is cut, and the same when it is repeated.
async fn cut(stage: &Stage, proxy: &Proxy, number: usize, command: &Command) -> Outcome {
    let (before, how) = (proxy.cuts(), CUTS[number % CUTS.len()]);
    proxy.cut_next_commit(how);
    let outcome = stage.run(command).await.unwrap_or_else(|error| panic!("cut {number}, {how:?}: {error}"));
    assert_eq!(proxy.cuts(), before + 1, "cut {number}, {how:?}");
    assert_eq!(stage.run(command).await, Ok(outcome.clone()), "cut {number}, {how:?}");
    outcome
}

async fn a_connection_that_is_cut_at_commit_leaves_nothing_undone_and_nothing_done_twice(place: &Place) {
    let proxy = Proxy::to(place.server_address().await).await;
    let place = place.through(proxy.address).await;
    let stage = Stage::new(&place, 1, Arc::new(Nobody)).await;
    let mut number = 0;
    for round in 0..ROUNDS {
        let mut run = async |command: Command| {
            number += 1;
            cut(&stage, &proxy, number - 1, &command).await
        };
        let hold = if round % 2 == 0 {
            stage.hold(1, &format!("hold-{round}"), &[1, 2])
        } else {
            stage.hold_best(1, &format!("hold-{round}"), &[&[1, 2], &[3, 4]])
        };
        let Outcome::Held(held) = run(hold).await else { panic!("a hold") };
        run(stage.pay(&held, &format!("pay-{round}"))).await;
        run(stage.cancel(&held, &format!("cancel-{round}"))).await;
        run(stage.charge(2, &format!("charge-{round}"))).await;
    }
    assert_eq!(proxy.cuts(), 4 * ROUNDS);
    let last = stage.held(&stage.hold(1, "last", &[1, 2])).await;
    stage.run(&stage.pay(&last, "pay-last")).await.unwrap();
    assert_eq!(stage.balance(1).await, 100_000 - 2 * PRICE, "what was paid came back each time");
    assert_eq!(stage.audit().await, []);
    stage.assert_nobody_writes().await;
}

on_every_server! { a_connection_that_is_cut_at_commit_leaves_nothing_undone_and_nothing_done_twice }
