//! What goes on, live: a line that changes on a terminal, a line every two seconds elsewhere.

use crate::driver::Client;
use crate::show::SEATS;
use crate::tally::Tally;
use hyper::{Method, StatusCode};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::interval;

const PACE: Duration = Duration::from_millis(200);
/// Without a terminal, lines stay: one of so many is enough.
const LINE_EVERY: u64 = 10;

/// Shows on standard error how things stand.
pub struct Display {
    bar: ProgressBar,
    tally: Arc<Tally>,
}

impl Display {
    pub fn new(tally: Arc<Tally>) -> Self {
        let style = ProgressStyle::with_template("{elapsed:>4} {spinner} {bar:25} {pos}/{len} seats sold\n     {msg}");
        let bar = ProgressBar::new(SEATS as u64);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, tally }
    }

    /// Follows the queue until it is over, and says so to everybody: their pages would find out at their next look.
    pub async fn follow(self, (mut client, path): (Client, String), end: watch::Sender<bool>) {
        let mut interval = interval(PACE);
        let mut phase = "lobby".to_owned();
        for round in 0_u64.. {
            interval.tick().await;
            if let Ok(reply) = client.ask(Method::GET, &path, None, None).await {
                phase = word(&reply.body, reply.status);
            }
            if phase == "closed" {
                end.send_replace(true);
            }
            self.show(&phase, round);
        }
    }

    fn show(&self, phase: &str, round: u64) {
        let count = |of: &AtomicI64| of.load(Ordering::Relaxed);
        let tally = &*self.tally;
        let (paid, held) = (count(&tally.seats_paid), count(&tally.seats_held));
        let left = i64::try_from(SEATS).unwrap_or(i64::MAX) - paid - held;
        let text = format!(
            "{phase:<8} waiting {:>4}  called {:>3}  checked in {:>3}  admitted {:>2}  seats held {held:>2}, paid {paid:>2}, left {left:>2}",
            count(&tally.waiting),
            count(&tally.called),
            count(&tally.present),
            count(&tally.admitted),
        );
        if !self.bar.is_hidden() {
            self.bar.set_position(u64::try_from(paid).unwrap_or(0));
            self.bar.set_message(text);
            self.bar.tick();
        } else if round.is_multiple_of(LINE_EVERY) {
            eprintln!("{text}");
        }
    }
}

/// A queue that was forgotten is not there any more.
fn word(body: &Value, status: StatusCode) -> String {
    match status {
        StatusCode::NOT_FOUND => "closed",
        _ => body["phase"].as_str().unwrap_or("?"),
    }
    .to_owned()
}

impl Drop for Display {
    fn drop(&mut self) {
        self.bar.abandon();
    }
}
