//! A page that is reloaded in every state shows the same again.

use crate::browser::Page;
use crate::stage::run;
use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::json;

#[test]
fn reloading_loses_nothing_in_any_state() -> Result<()> {
    run(async |stage| {
        let page = &stage.page;
        let operator = stage.server.operator().await?;
        let performance = operator.performance("Small Hours").await?;
        let sale = performance["sales"][0]["id"].as_str().context("a sale")?;
        let waiting_room = format!("/sales/{sale}/waiting-room");
        operator.send(Method::PATCH, &waiting_room, Some(&json!({"phase": "paused"}))).await?;

        stage.open("").await?;
        sees_twice(page, "Small Hours").await?;
        page.follow("Small Hours").await?;
        sees_twice(page, "on sale").await?;
        page.follow("on sale").await?;
        sees_twice(page, "Sign in").await?;
        stage.sign_up("Small Hours").await?;
        sees_twice(page, "Join the queue").await?;
        page.press("Join the queue").await?;
        sees_twice(page, "It’s your turn").await?;
        operator.send(Method::PATCH, &waiting_room, Some(&json!({"phase": "open"}))).await?;
        page.choose("A-1-3").await?;
        sees_twice(page, "Your choice: A-1-3").await?;
        page.seat("A-1-3", "aria-pressed", true).await?;
        page.press("Hold these seats").await?;
        sees_twice(page, "Minutes left to pay: 5").await?;
        page.press("Charge the wallet").await?;
        sees_twice(page, "Your wallet: ₩156,000").await?;
        page.press("Pay").await?;
        sees_twice(page, "A-1-3: FR2-").await?;
        page.follow("My reservations").await?;
        sees_twice(page, "A-1-3: confirmed").await
    })
}

/// Sees it, reloads, and sees it again.
async fn sees_twice(page: &Page, text: &str) -> Result<()> {
    page.sees(text).await?;
    page.reload().await?;
    page.sees(text).await
}
