//! Mails in memory.

use async_trait::async_trait;
use frontrow_application::port::{Mail, Mailer, NotSent};
use parking_lot::Mutex;
use std::collections::VecDeque;

/// Keeps the newest mails and sends none: for tests, and for the mock.
#[derive(Default)]
pub struct RecentMails(Mutex<VecDeque<Mail>>);

impl RecentMails {
    /// So many are kept: 100.
    pub const MOST: usize = 100;

    /// Those that are kept, the newest first.
    pub fn newest_first(&self) -> Vec<Mail> {
        self.0.lock().iter().cloned().collect()
    }
}

#[async_trait]
impl Mailer for RecentMails {
    async fn send(&self, mail: &Mail) -> Result<(), NotSent> {
        let mut mails = self.0.lock();
        mails.push_front(mail.clone());
        mails.truncate(Self::MOST);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[tokio::test]
    async fn the_newest_hundred_are_kept() {
        let mails = RecentMails::default();
        for id in 0..105 {
            let to = "kim@example.com".parse().unwrap();
            let mail = Mail { id: Uuid::from_u128(id), to, subject: "Hello".into(), text: "Hello\n".into() };
            mails.send(&mail).await.unwrap();
        }
        let ids: Vec<_> = mails.newest_first().iter().map(|mail| mail.id.as_u128()).collect();
        assert_eq!(ids, (5..105).rev().collect::<Vec<_>>());
    }
}
