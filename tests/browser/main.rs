//! `examples/booking-page` in Chromium, against servers that each test starts for itself. See docs/testing.md.

mod browser;
mod process;
mod proxy;
mod server;
mod site;
mod stage;

mod booking;
mod lost;
mod mocked;
mod reloads;
mod taken;
