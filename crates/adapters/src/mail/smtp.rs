//! Mails through a mail server.

use super::message::MailSender;
use async_trait::async_trait;
use frontrow_application::port::{Mail, Mailer, NotSent};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::fmt;
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// It begins in the open, and goes on with TLS before anything is said. Without TLS nothing is sent.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// Not at all: only for a server on this machine.
    None,
}

/// With what the mail server wants to be logged in to. Its `Debug` leaves the password out.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpLogin {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for SmtpLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpLogin({:?}, …)", self.user)
    }
}

/// Where the mail server is, and how to talk to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpSettings {
    /// Name or address; with TLS, its certificate has to have it.
    pub host: String,
    /// 587 for STARTTLS and 465 for TLS, as a rule.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// `None` if it asks for nothing.
    pub login: Option<SmtpLogin>,
    /// How long one mail may take, with its connection.
    pub within: Duration,
}

impl SmtpSettings {
    /// How long one mail may take unless something else is said: 20 seconds.
    pub const WITHIN: Duration = Duration::from_secs(20);
}

/// Sends each mail through a connection of its own: whatever has gone wrong with one does not trouble the next.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: MailSender,
    within: Duration,
}

impl SmtpMailer {
    /// Connects to nothing yet. The error is one of the roots of trust of this machine, or of the host's name.
    pub fn open(settings: &SmtpSettings, sender: MailSender) -> Result<Self, SmtpFlaw> {
        let parameters = || TlsParameters::new(settings.host.clone()).map_err(|error| SmtpFlaw(error.to_string()));
        let tls = match settings.tls {
            SmtpTls::StartTls => Tls::Required(parameters()?),
            SmtpTls::Implicit => Tls::Wrapper(parameters()?),
            SmtpTls::None => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host.as_str())
            .port(settings.port)
            .tls(tls)
            .timeout(Some(settings.within))
            .hello_name(ClientId::Domain(sender.domain().to_owned()));
        if let Some(SmtpLogin { user, password }) = settings.login.clone() {
            transport = transport.credentials(Credentials::new(user, password));
        }
        Ok(Self { transport: transport.build(), sender, within: settings.within })
    }
}

/// What is wrong with the settings of a mail server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mail server can't be used: {0}")]
pub struct SmtpFlaw(String);

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), NotSent> {
        let Ok(message) = self.sender.message(mail) else {
            tracing::warn!(mail = %mail.id, "a mail can't be written to its address");
            return Err(NotSent::Refused);
        };
        // Dropped in the middle, the connection is closed: no other mail is sent through it.
        match timeout(self.within, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(not_sent(mail.id, &error)),
            Err(_) => {
                tracing::warn!(mail = %mail.id, "the mail server takes too long");
                Err(NotSent::Later)
            }
        }
    }
}

/// What the server says may have the address in it, so only its code is logged.
fn not_sent(mail: Uuid, error: &SmtpError) -> NotSent {
    let Some(code) = error.status().map(u16::from) else {
        // It has not come to an answer: this is about the connection.
        let why = if error.is_response() { "an answer that is none".to_owned() } else { whole(error) };
        tracing::warn!(%mail, why, "a mail was not sent");
        return NotSent::Later;
    };
    tracing::warn!(%mail, code, "the mail server does not take a mail");
    if is_about_the_mailbox(code) { NotSent::Refused } else { NotSent::Later }
}

/// No such mailbox, not here, full, or not a name for one. Whatever else is refused for good, such as our password, is
/// the same for every mail, and somebody may put it right.
const fn is_about_the_mailbox(code: u16) -> bool {
    matches!(code, 501 | 550..=553)
}

fn whole(error: &SmtpError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let why = next.to_string();
        if !text.contains(&why) {
            text = format!("{text}: {why}");
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests;
