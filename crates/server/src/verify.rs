//! `frontrow verify`: whether what is stored is right.

use crate::house::open_existing_database;
use crate::settings::Settings;
use anyhow::Result;
use frontrow_adapters::SystemClock;
use frontrow_adapters::sql::SqlAuditor;
use frontrow_application::port::{Auditor, Clock};
use std::io::Write;
use std::sync::Arc;

/// Audits the database, live or not, and writes what is wrong, one finding a line; says whether all is right.
pub async fn verify(settings: &Settings, out: &mut dyn Write) -> Result<bool> {
    let database = open_existing_database(settings).await?;
    let clock = Arc::new(SystemClock);
    let findings = SqlAuditor::new(database.clone(), clock.clone()).audit(clock.now()).await;
    database.close().await;
    let findings = findings?;
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    if findings.is_empty() {
        writeln!(out, "all is right")?;
    }
    Ok(findings.is_empty())
}
