//! Mails in files.

use super::message::MailSender;
use async_trait::async_trait;
use frontrow_application::port::{Mail, Mailer, NotSent};
use std::path::PathBuf;

/// Writes each mail into a file of its own, `<id>.eml`, which mail programs open: for development.
pub struct FileMailer {
    directory: PathBuf,
    sender: MailSender,
}

impl FileMailer {
    /// Into that directory, which is made if it isn't there.
    pub fn open(directory: PathBuf, sender: MailSender) -> std::io::Result<Self> {
        std::fs::create_dir_all(&directory)?;
        Ok(Self { directory, sender })
    }

    /// Whoever looks into the directory finds whole mails only.
    async fn write(&self, name: &str, text: &[u8]) -> std::io::Result<()> {
        let part = self.directory.join(format!("{name}.part"));
        tokio::fs::write(&part, text).await?;
        tokio::fs::rename(&part, self.directory.join(name)).await
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn send(&self, mail: &Mail) -> Result<(), NotSent> {
        let message = self.sender.message(mail).map_err(|_| NotSent::Refused)?;
        self.write(&format!("{}.eml", mail.id), &message.formatted()).await.map_err(|error| {
            tracing::warn!(mail = %mail.id, %error, "a mail was not written");
            NotSent::Later
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[tokio::test]
    async fn a_mail_is_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("mails");
        let mailer = FileMailer::open(directory.clone(), "tickets@example.com".parse().unwrap()).unwrap();
        let to = "kim@example.com".parse().unwrap();
        let mail = Mail { id: Uuid::from_u128(7), to, subject: "A code".into(), text: "12345678\n".into() };
        for _ in 0..2 {
            mailer.send(&mail).await.unwrap();
        }
        let names: Vec<_> = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [format!("{}.eml", mail.id).as_str()]);
        assert!(std::fs::read_to_string(directory.join(&names[0])).unwrap().contains("12345678"));
        drop(folder);
        assert_eq!(mailer.send(&mail).await, Err(NotSent::Later));
    }
}
