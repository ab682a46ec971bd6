//! Mails in the log.

use async_trait::async_trait;
use frontrow_application::port::{Mail, Mailer, NotSent};

/// Writes each mail into the log, with its address and its code: for development, where nobody else reads the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogMailer;

#[async_trait]
impl Mailer for LogMailer {
    async fn send(&self, mail: &Mail) -> Result<(), NotSent> {
        let Mail { id, to, subject, text } = mail;
        tracing::info!(mail = %id, to = to.as_str(), subject, text, "a mail, which is sent nowhere else");
        Ok(())
    }
}
