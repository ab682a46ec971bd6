//! Mails that are promised, and codes that were sent.

use super::Memory;
use async_trait::async_trait;
use frontrow_application::port::{CodeRepository, Outbox, PromisedMail, StoreError};
use frontrow_domain::{CodePurpose, Instant, MailCode, UserId};
use uuid::Uuid;

#[async_trait]
impl Outbox for Memory {
    async fn put(&self, mail: &PromisedMail) -> Result<(), StoreError> {
        let outbox = &mut self.state().mails.outbox;
        if outbox.contains_key(&mail.id) {
            return Err(StoreError::Stale);
        }
        outbox.insert(mail.id, *mail);
        Ok(())
    }

    async fn due(&self, now: Instant, limit: u32) -> Result<Vec<PromisedMail>, StoreError> {
        let mut due: Vec<_> = self.state().mails.outbox.values().filter(|mail| mail.due <= now).copied().collect();
        due.sort_by_key(|mail| mail.due);
        due.truncate(limit as usize);
        Ok(due)
    }

    async fn claim(&self, mail: &PromisedMail, due: Instant) -> Result<bool, StoreError> {
        let mut state = self.state();
        let kept = state.mails.outbox.get_mut(&mail.id).filter(|kept| kept.tries == mail.tries);
        let Some(kept) = kept else { return Ok(false) };
        *kept = PromisedMail { due, tries: mail.tries.saturating_add(1), ..*kept };
        Ok(true)
    }

    async fn remove(&self, id: Uuid) -> Result<(), StoreError> {
        self.state().mails.outbox.remove(&id);
        Ok(())
    }
}

#[async_trait]
impl CodeRepository for Memory {
    async fn make(&self, code: &MailCode) -> Result<bool, StoreError> {
        let codes = &mut self.state().mails.codes;
        let key = (code.user, code.purpose);
        if codes.get(&key).is_some_and(|last| !last.can_be_replaced(code.made)) {
            return Ok(false);
        }
        codes.insert(key, code.clone());
        Ok(true)
    }

    async fn attempt(&self, user: UserId, purpose: CodePurpose, now: Instant) -> Result<Option<MailCode>, StoreError> {
        let mut state = self.state();
        let code = state.mails.codes.get_mut(&(user, purpose)).filter(|code| code.can_be_tried(now));
        Ok(code.map(|code| {
            code.tries += 1;
            code.clone()
        }))
    }

    async fn verify_email(&self, code: &MailCode, at: Instant) -> Result<bool, StoreError> {
        let state = &mut *self.state();
        let is_good = state.mails.use_up(code);
        if is_good {
            state.accounts.verify(code.user, at);
        }
        Ok(is_good)
    }
}
