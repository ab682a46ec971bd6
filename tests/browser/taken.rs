//! Others, who are faster.

use crate::stage::run;
use anyhow::Result;

#[test]
fn a_chosen_seat_that_somebody_else_holds_is_taken_out_of_the_choice() -> Result<()> {
    run(async |stage| {
        let page = &stage.page;
        let somebody = stage.server.somebody().await?;
        let performance = somebody.performance("Northern Lights").await?;
        stage.sign_up("Northern Lights").await?;
        page.unfold("A").await?;
        page.choose("A-1-1").await?;
        page.choose("A-1-2").await?;
        somebody.hold(&performance, &["A-1-1"]).await?;
        page.sees("Somebody else was faster: A-1-1").await?;
        page.seat("A-1-1", "aria-disabled", true).await?;
        page.press("Hold these seats").await?;
        page.sees("A-1-2: ").await
    })
}

#[test]
fn whoever_holds_a_seat_too_late_is_told_which_are_free_nearby() -> Result<()> {
    run(async |stage| {
        let page = &stage.page;
        let somebody = stage.server.somebody().await?;
        let performance = somebody.performance("Northern Lights").await?;
        stage.sign_up("Northern Lights").await?;
        page.unfold("A").await?;
        page.choose("A-1-1").await?;
        // From now on nothing is asked for again.
        page.run("window.setTimeout = () => 0").await?;
        somebody.hold(&performance, &["A-1-1"]).await?;
        page.press("Hold these seats").await?;
        page.sees("A-1-1").await?;
        page.sees("Free nearby: A-1-2").await
    })
}
