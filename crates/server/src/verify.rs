//! `frontrow verify`: checks the books.

use crate::database::open_existing_database;
use crate::settings::Settings;
use anyhow::Result;
use frontrow_adapters::SystemClock;
use frontrow_adapters::sql::{SqlAuditor, SqlReaders};
use frontrow_application::port::{Auditor, Clock, WalletReader};
use frontrow_domain::{Instant, Payment};
use std::io::Write;
use std::sync::Arc;

/// Audits the database, whether it's being served or not, and writes one finding per line. True if everything is right.
pub async fn verify(settings: &Settings, out: &mut dyn Write) -> Result<bool> {
    let database = open_existing_database(settings).await?;
    let clock = Arc::new(SystemClock);
    let findings = SqlAuditor::new(database.clone(), clock.clone()).audit(clock.now()).await;
    let open = SqlReaders::new(database.clone()).unsettled(Instant::from_micros(i64::MIN), clock.now(), u32::MAX).await;
    database.close().await;
    let mut findings: Vec<String> = findings?.iter().map(ToString::to_string).collect();
    findings.extend(of_other_gateways(&open?, settings.payment_gateway.open().name()));
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    if findings.is_empty() {
        writeln!(out, "all is right")?;
    }
    Ok(findings.is_empty())
}

/// Not a mistake in the books: but nobody asks what became of these charges while the server runs with another gateway.
fn of_other_gateways(open: &[Payment], ours: &str) -> impl Iterator<Item = String> {
    open.iter().filter(move |charge| charge.provider != ours).map(move |Payment { id, user, amount, provider, .. }| {
        format!(
            "every open charge belongs to the gateway that is set: {provider} was asked to take {amount} for charge {id} \
             of wallet {user}, and {ours} is set"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontrow_domain::testing::payment;

    #[test]
    fn open_charges_of_another_gateway_are_named() {
        let (ours, theirs) = (payment().build(), payment().provider("former".to_owned()).build());
        let found: Vec<String> = of_other_gateways(&[ours.clone(), theirs], &ours.provider).collect();
        let [only] = &found[..] else { panic!("{found:?}") };
        assert!(only.contains("former was asked") && only.contains("sandbox is set"), "{only}");
    }
}
