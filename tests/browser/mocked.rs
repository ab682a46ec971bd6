//! The mock, where time and a crowd are at hand.

use crate::browser::{Page, until};
use crate::stage::{Stage, run_on_mock};
use anyhow::Result;

/// So many scripted people: dozens are in line before you, and the small hall fills while you look.
const CROWD: [&str; 2] = ["--crowd", "500"];

#[test]
fn a_hold_lapses_by_the_mocks_clock_and_is_paid_late() -> Result<()> {
    run_on_mock(&[], async |stage| {
        let page = &stage.page;
        stage.sign_up("Small Hours").await?;
        page.choose("A-1-3").await?;
        page.press("Hold these seats").await?;
        page.sees("Minutes left to pay: 5").await?;
        page.press("Charge the wallet").await?;
        page.sees("Your wallet: ₩156,000").await?;
        stage.server.advance(240).await?;
        page.sees("Minutes left to pay: 1").await?;
        stage.server.advance(60).await?;
        page.sees("The hold has lapsed").await?;
        page.press("Pay").await?;
        page.sees("A-1-3: FR2-").await
    })
}

#[test]
fn somebody_in_a_crowd_waits_in_line_and_gets_a_ticket_from_the_mock() -> Result<()> {
    run_on_mock(&CROWD, async |stage| {
        let page = &stage.page;
        stage.sign_up("Northern Lights").await?;
        page.press("Join the queue").await?;
        page.sees("People ahead of you: ").await?;
        let_time_pass_until(stage, "Your choice").await?;
        page.unfold("D").await?;
        let seat = hold_a_free_seat_of(page, "D").await?;
        page.press("Charge the wallet").await?;
        page.press("Pay").await?;
        page.sees(&format!("{seat}: FR2-")).await
    })
}

#[test]
fn the_crowd_takes_a_seat_that_has_been_chosen() -> Result<()> {
    run_on_mock(&CROWD, async |stage| {
        let page = &stage.page;
        stage.sign_up("Small Hours").await?;
        page.sees("Your choice").await?;
        page.choose_all_free().await?;
        let_time_pass_until(stage, "Somebody else was faster: A-").await
    })
}

/// Holds the last seat of a section that is free, and the next one if the crowd was faster. Says which.
async fn hold_a_free_seat_of(page: &Page, section: &str) -> Result<String> {
    until("a hold", async || {
        let Some(seat) = page.last_free_seat(section).await? else { return Ok(None) };
        page.choose(&seat).await?;
        page.press("Hold these seats").await?;
        let faster = format!("Somebody else was faster: {seat}");
        page.sees_one_of(["Minutes left to pay", &faster]).await.map(|seen| (seen == 0).then_some(seat))
    })
    .await
}

/// Puts the mock's clock forward, a few seconds at a time, until the page shows a text.
async fn let_time_pass_until(stage: &Stage, text: &str) -> Result<()> {
    until(text, async || {
        stage.server.advance(2).await?;
        Ok(stage.page.text().await?.contains(text).then_some(()))
    })
    .await
}
