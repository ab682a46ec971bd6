//! The tables, one file each, and what their rows mean.

pub(crate) mod admission;
pub(crate) mod admission_log;
pub(crate) mod buyer;
pub(crate) mod concert;
pub(crate) mod counter;
pub(crate) mod done;
pub(crate) mod door;
pub(crate) mod installation;
pub(crate) mod line;
pub(crate) mod operator_action;
pub(crate) mod payment;
pub(crate) mod performance;
pub(crate) mod place;
pub(crate) mod refresh_token;
pub(crate) mod reservation;
pub(crate) mod sale;
pub(crate) mod sale_performance;
pub(crate) mod seat;
pub(crate) mod seat_map;
pub(crate) mod ticket;
pub(crate) mod transfer;
pub(crate) mod user;
pub(crate) mod venue;
pub(crate) mod wallet;
