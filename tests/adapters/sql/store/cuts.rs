//! The connection is cut when COMMIT was sent, two hundred times: what was asked for has happened once.

use super::context::{PRICE, TestContext};
use super::proxy::{Cut, Proxy};
use super::testbed::{Testbed, on_every_server};
use async_trait::async_trait;
use frontrow_adapters::sql::hook::Hook;
use frontrow_application::port::BookingError;
use frontrow_domain::{Command, Outcome};
use std::sync::Arc;
use std::time::Duration;

const CUTS: [Cut; 3] = [Cut::AfterTheAnswer, Cut::OnTheWay, Cut::BeforeItAndTheDatabaseDoesNotNotice];
/// What is asked for again and again comes about within this time.
const PATIENCE: Duration = Duration::from_secs(20);
/// Each of four commands.
const ROUNDS: usize = 50;

/// Does nothing.
struct Nobody;

#[async_trait]
impl Hook for Nobody {}

/// Carried out once although its connection is cut, and the same when it is repeated.
async fn cut(context: &TestContext, proxy: &Proxy, number: usize, command: &Command) -> Outcome {
    let (before, how) = (proxy.cuts(), CUTS[number % CUTS.len()]);
    proxy.cut_next_commit(how);
    let outcome = context.run(command).await.unwrap_or_else(|error| panic!("cut {number}, {how:?}: {error}"));
    assert_eq!(proxy.cuts(), before + 1, "cut {number}, {how:?}");
    assert_eq!(context.run(command).await, Ok(outcome.clone()), "cut {number}, {how:?}");
    outcome
}

async fn a_connection_that_is_cut_at_commit_leaves_nothing_undone_and_nothing_done_twice(testbed: &Testbed) {
    let proxy = Proxy::to(testbed.server_address().await).await;
    let testbed = testbed.through(proxy.address).await;
    let context = TestContext::new(&testbed, 1, Arc::new(Nobody)).await;
    let mut number = 0;
    for round in 0..ROUNDS {
        let mut run = async |command: Command| {
            number += 1;
            cut(&context, &proxy, number - 1, &command).await
        };
        let hold = if round % 2 == 0 {
            context.hold(1, &format!("hold-{round}"), &[1, 2])
        } else {
            context.hold_best(1, &format!("hold-{round}"), &[&[1, 2], &[3, 4]])
        };
        let Outcome::Held(held) = run(hold).await else { panic!("a hold") };
        run(context.pay(&held, &format!("pay-{round}"))).await;
        run(context.cancel(&held, &format!("cancel-{round}"))).await;
        run(context.charge(2, &format!("charge-{round}"))).await;
    }
    assert_eq!(proxy.cuts(), 4 * ROUNDS);
    let last = context.held(&context.hold(1, "last", &[1, 2])).await;
    context.run(&context.pay(&last, "pay-last")).await.unwrap();
    assert_eq!(context.balance(1).await, 100_000 - 2 * PRICE, "what was paid came back each time");
    assert_eq!(context.audit().await, []);
    context.assert_nobody_writes().await;
}

/// While the database lets nobody in, a worker has no session that it could end later; so it works again only after it has
/// got one of which it knows.
async fn a_worker_that_could_not_reconnect_knows_its_session_when_it_is_cut_again(testbed: &Testbed) {
    let proxy = Proxy::to(testbed.server_address().await).await;
    let testbed = testbed.through(proxy.address).await;
    let context = TestContext::new(&testbed, 1, Arc::new(Nobody)).await;
    let first = context.hold(1, "first", &[1]);
    proxy.refuse_newcomers(true);
    proxy.cut_next_commit(Cut::BeforeItAndTheDatabaseDoesNotNotice);
    assert_eq!(context.run(&first).await, Err(BookingError::Unknown(first.key.clone())));

    proxy.refuse_newcomers(false);
    context.held(&until_it_works(&context, 2).await).await;
    cut(&context, &proxy, 2, &context.hold(3, "third", &[3])).await;
    context.held(&first).await;
    assert_eq!(context.audit().await, []);
    context.assert_nobody_writes().await;
}

/// As a server does with whoever says nothing for too long, and an administrator with anybody.
async fn a_worker_whose_session_was_ended_while_it_was_idle_reconnects_without_a_word(testbed: &Testbed) {
    let context = TestContext::new(testbed, 1, Arc::new(Nobody)).await;
    for n in 1..=3 {
        testbed.end_all_other_sessions().await;
        context.held(&context.hold(n, "hold", &[u32::try_from(n).unwrap()])).await;
    }
}

/// A hold that was carried out, once the worker was back.
async fn until_it_works(context: &TestContext, n: u32) -> Command {
    let hold = context.hold(n.into(), "until-it-works", &[n]);
    let works = async {
        while let Err(error) = context.run(&hold).await {
            assert!(error.is_transient(), "{error}");
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, works).await.is_ok(), "the worker does not come back");
    hold
}

on_every_server! {
    a_connection_that_is_cut_at_commit_leaves_nothing_undone_and_nothing_done_twice,
    a_worker_that_could_not_reconnect_knows_its_session_when_it_is_cut_again,
    a_worker_whose_session_was_ended_while_it_was_idle_reconnects_without_a_word,
}
