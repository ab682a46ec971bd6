//! SIGHUP: the keys file is read again.

use crate::installation::{InstallationGuard, instance_settings, refusal};
use crate::keys::Keys;
use crate::listen::HangUps;
use crate::refused::{Refused, unless};
use crate::settings::Settings;
use crate::signers::Signers;
use anyhow::Result;
use std::sync::Arc;

/// Takes the keys that are in the file now.
pub struct KeyReload {
    settings: Settings,
    guard: Arc<InstallationGuard>,
    signers: Signers,
}

impl KeyReload {
    /// For an instance with these settings.
    pub fn new(settings: &Settings, guard: Arc<InstallationGuard>, signers: Signers) -> Self {
        Self { settings: settings.clone(), guard, signers }
    }

    /// Reads the file whenever SIGHUP comes.
    pub async fn run(&self, mut hang_ups: HangUps) {
        loop {
            hang_ups.next().await;
            match self.read().await {
                Ok(keys) => {
                    tracing::info!(
                        target: "security",
                        event = "keys_read",
                        access_tokens = keys.access_tokens.current,
                        queue = keys.queue.current,
                        ticket_codes = keys.ticket_codes.current
                    );
                    tracing::info!(
                        access_tokens = keys.access_tokens.current,
                        queue = keys.queue.current,
                        ticket_codes = keys.ticket_codes.current,
                        "SIGHUP came: the keys file has been read, and these keys sign"
                    );
                }
                Err(error) => tracing::warn!(
                    error = format!("{error:#}"),
                    "SIGHUP came, and the keys file can't be taken: the keys stay as they were"
                ),
            }
        }
    }

    /// Takes all keys, or none if the file can't be read, if the installation doesn't allow an instance with these keys, or
    /// if the database can't say whether it does.
    async fn read(&self) -> Result<Keys> {
        let file = &self.settings.keys_file;
        let keys = Keys::load(file)?.ok_or_else(|| Refused(format!("there is no keys file {}", file.display())))?;
        let own = instance_settings(&self.settings, &keys);
        let differences = self.guard.differences(&own).await?;
        unless(differences.is_empty(), refusal(&differences))?;
        self.signers.replace(&keys)?;
        self.guard.adopt(own);
        Ok(keys)
    }
}
