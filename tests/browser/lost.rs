//! Networks that fail.

use crate::browser::until;
use crate::proxy::Network;
use crate::stage::run;
use anyhow::{Result, ensure};
use std::time::Duration;
use tokio::time::Instant;

#[test]
fn a_page_says_that_the_network_is_gone_and_goes_on_by_itself_ten_seconds_later() -> Result<()> {
    run(async |stage| {
        let page = &stage.page;
        stage.sign_up("Northern Lights").await?;
        page.follow("My reservations").await?;
        page.set_offline(true).await?;
        page.follow("Concerts").await?;
        let cut = Instant::now();
        page.sees("No connection to").await?;
        until("ten seconds without a network", async || {
            ensure!(page.text().await?.contains("No connection to"), "the page has a connection");
            Ok((cut.elapsed() > Duration::from_secs(10)).then_some(()))
        })
        .await?;
        page.set_offline(false).await?;
        page.sees("Northern Lights").await?;
        page.sees_no_more("No connection to").await
    })
}

#[test]
fn a_hold_whose_answers_get_lost_is_made_once_even_if_the_page_is_reloaded() -> Result<()> {
    run(async |stage| {
        let page = &stage.page;
        stage.sign_up("Northern Lights").await?;
        page.unfold("A").await?;
        page.choose("A-1-1").await?;
        // Whoever signs up sends a key, too.
        let sent_before = stage.network.keys().len();
        stage.network.set(Network::LosesAnswersToPosts);
        page.press("Hold these seats").await?;
        page.sees("No connection to").await?;
        page.reload().await?;
        page.sees("No connection to").await?;
        stage.network.set(Network::Works);
        page.sees("Minutes left to pay: 5").await?;

        let keys = stage.network.keys().split_off(sent_before);
        ensure!(keys.len() > 1 && keys.iter().all(|key| *key == keys[0]), "keys of one hold: {keys:?}");
        page.follow("My reservations").await?;
        page.sees("A-1-1: held").await?;
        ensure!(page.text().await?.matches("held").count() == 1, "{}", page.text().await?);
        Ok(())
    })
}
