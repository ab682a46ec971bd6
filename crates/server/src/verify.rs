//! `frontrow verify`: checks the books.

use crate::database::open_existing_database;
use crate::settings::Settings;
use anyhow::Result;
use frontrow_adapters::SystemClock;
use frontrow_adapters::sql::SqlAuditor;
use frontrow_application::port::{Auditor, Clock};
use std::io::Write;
use std::sync::Arc;

/// Audits the database, whether it's being served or not, and writes one finding per line. True if everything is right.
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
