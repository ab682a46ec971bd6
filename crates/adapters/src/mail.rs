//! What sends mails: a mail server, a directory, the log, or nothing but memory.

#[cfg(feature = "mail")]
mod file;
mod log;
#[cfg(feature = "mail")]
mod message;
mod recent;
#[cfg(feature = "mail")]
mod smtp;

#[cfg(feature = "mail")]
pub use file::FileMailer;
pub use log::LogMailer;
#[cfg(feature = "mail")]
pub use message::{MailSender, NotASender};
pub use recent::RecentMails;
#[cfg(feature = "mail")]
pub use smtp::{SmtpFlaw, SmtpLogin, SmtpMailer, SmtpSettings, SmtpTls};
