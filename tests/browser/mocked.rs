//! The mock, where time and a crowd are at hand.

use crate::stage::run_on_mock;
use anyhow::Result;

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
        page.sees("A-1-3: FR1-").await
    })
}
