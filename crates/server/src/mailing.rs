//! What sends mails: what the setting calls each, and how it is made.

use anyhow::{Context, Result};
use frontrow_adapters::mail::{FileMailer, LogMailer, MailSender, SmtpMailer, SmtpSettings, SmtpTls};
use frontrow_application::port::Mailer;
use std::path::PathBuf;
use std::sync::Arc;

/// What sends mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailerKind {
    /// Nothing.
    Off,
    /// The log.
    Log,
    /// A directory.
    File,
    /// A mail server.
    Smtp,
}

/// What the setting `smtp_tls` calls each.
pub const SMTP_TLS: &[(&str, SmtpTls)] =
    &[("starttls", SmtpTls::StartTls), ("implicit", SmtpTls::Implicit), ("none", SmtpTls::None)];
/// Whom mails in files come from unless somebody says.
const NOBODY: &str = "Frontrow <frontrow@frontrow.invalid>";

impl MailerKind {
    /// What the setting `mailer` calls them.
    pub const WORDS: &[(&str, Self)] =
        &[("off", Self::Off), ("log", Self::Log), ("file", Self::File), ("smtp", Self::Smtp)];

    /// The mailer itself, for which the settings have been checked; `None` if there is none.
    pub fn open(
        self,
        sender: Option<MailSender>,
        directory: PathBuf,
        smtp: Option<&SmtpSettings>,
    ) -> Result<Option<Arc<dyn Mailer>>> {
        Ok(match self {
            Self::Off => None,
            Self::Log => Some(Arc::new(LogMailer)),
            Self::File => {
                let sender = sender.map_or_else(|| NOBODY.parse::<MailSender>(), Ok)?;
                let shown = directory.display().to_string();
                let opened = FileMailer::open(directory, sender);
                Some(Arc::new(opened.with_context(|| format!("mail_directory {shown} can't be used"))?))
            }
            Self::Smtp => {
                let smtp = smtp.context("smtp_server is off")?;
                Some(Arc::new(SmtpMailer::open(smtp, sender.context("mail_from is off")?)?))
            }
        })
    }
}
