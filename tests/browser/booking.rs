//! The whole way, from signing up to the tickets.

use crate::stage::{Stage, run};
use anyhow::{Result, ensure};

#[test]
fn somebody_whose_clock_is_wrong_waits_in_line_holds_two_seats_and_gets_tickets() -> Result<()> {
    run(async |stage| {
        stage.page.run_first("const now = Date.now; Date.now = () => now() - 3_600_000;").await?;
        stage.sign_up("Small Hours").await?;
        book_two(stage).await
    })
}

async fn book_two(stage: &Stage) -> Result<()> {
    let page = &stage.page;
    page.press("Join the queue").await?;
    page.choose("A-1-3").await?;
    page.choose("A-1-4").await?;
    page.sees("A-1-3, A-1-4").await?;
    page.press("Hold these seats").await?;
    page.sees("Minutes left to pay: 5").await?;
    let left = page.text_of("[role=timer]").await?;
    ensure!(left.starts_with("4:") || left == "5:00", "a hold of five minutes has {left} left");
    page.press("Charge the wallet: ₩312,000").await?;
    page.press("Pay").await?;
    page.sees("A-1-3: FR2-").await?;
    page.sees("A-1-4: FR2-").await?;
    page.follow("My reservations").await?;
    page.sees("A-1-3, A-1-4: confirmed, ₩312,000").await
}
