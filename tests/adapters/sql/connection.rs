//! Connections of the tests' own, for statements that are written by hand.

use sea_orm::{ConnectOptions, DatabaseConnection};

pub async fn connect(url: impl Into<String>) -> DatabaseConnection {
    sea_orm::Database::connect(options(url)).await.unwrap()
}

/// All that happens on it happens on one connection.
pub async fn session(url: impl Into<String>) -> DatabaseConnection {
    let mut options = options(url);
    options.max_connections(1);
    sea_orm::Database::connect(options).await.unwrap()
}

fn options(url: impl Into<String>) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    // With either limit sqlx 0.9.0 may count its idle connections for ever, on a thread that others need.
    options.idle_timeout(None).max_lifetime(None).sqlx_logging(false);
    options
}
