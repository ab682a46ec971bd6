//! A mail as mail servers want it (RFC 5322).

use frontrow_application::port::Mail;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::{Address, Message};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Whom mails come from, such as `Frontrow <tickets@example.com>`.
#[derive(Clone, PartialEq, Eq)]
pub struct MailSender(Mailbox);

/// Not what mails can come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an address such as tickets@example.com, or one with a name, such as Frontrow <tickets@example.com>")]
pub struct NotASender;

impl FromStr for MailSender {
    type Err = NotASender;

    fn from_str(text: &str) -> Result<Self, NotASender> {
        let is_plain = text.is_ascii() && !text.contains(|c: char| c.is_ascii_control());
        text.parse().ok().filter(|_| is_plain).map(Self).ok_or(NotASender)
    }
}

impl fmt::Debug for MailSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailSender({})", self.0)
    }
}

/// The mail can't be written so that mail servers understand it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unwritable;

impl MailSender {
    /// The domain of its address.
    pub(super) fn domain(&self) -> &str {
        self.0.email.domain()
    }

    /// The whole mail. It has the same `Message-ID` whenever it is sent, and says that no person has written it, so that
    /// nobody's absence is answered to it.
    pub(super) fn message(&self, mail: &Mail) -> Result<Message, Unwritable> {
        const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");
        let to: Address = mail.to.as_str().parse().map_err(|_| Unwritable)?;
        let message = Message::builder()
            .from(self.0.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject.as_str())
            .message_id(Some(format!("<{}@{}>", mail.id, self.domain())))
            .header(ContentType::TEXT_PLAIN)
            .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()))
            .body(mail.text.clone());
        message.map_err(|_| Unwritable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for text in ["tickets@example.com", "Frontrow <tickets@example.com>"] {
            assert!(text.parse::<MailSender>().is_ok(), "{text}");
        }
        for text in ["", "tickets", "tickets@example.com\r\nBcc: eve@example.com", "Frontrow tickets@example.com"] {
            assert_eq!(text.parse::<MailSender>(), Err(NotASender), "{text:?}");
        }
    }

    #[test]
    fn a_mail_is_written_in_plain_lines() {
        let sender: MailSender = "Frontrow <tickets@example.com>".parse().unwrap();
        let to = "kim@example.com".parse().unwrap();
        let mail = Mail { id: Uuid::nil(), to, subject: "A code".into(), text: "One\n.two\n".into() };
        let text = String::from_utf8(sender.message(&mail).unwrap().formatted()).unwrap();
        for line in [
            "From: Frontrow <tickets@example.com>\r\n",
            "To: kim@example.com\r\n",
            "Subject: A code\r\n",
            "Message-ID: <00000000-0000-0000-0000-000000000000@example.com>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "\r\n\r\nOne\r\n.two\r\n",
        ] {
            assert!(text.contains(line), "{line:?} in {text}");
        }
    }
}
