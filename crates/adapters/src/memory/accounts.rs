//! Accounts, and who is logged in.

use super::Memory;
use super::state::Accounts;
use async_trait::async_trait;
use frontrow_application::port::{AccountRepository, Credentials, Rotated, SessionRepository, StoreError};
use frontrow_domain::{Email, Instant, RefreshToken, Rotation, SessionId, User, UserId, rotate};

#[async_trait]
impl AccountRepository for Memory {
    async fn add(&self, credentials: &Credentials, _at: Instant) -> Result<(), StoreError> {
        let accounts = &mut self.state().accounts;
        let user = &credentials.user;
        if accounts.by_email.contains_key(&user.email) || accounts.users.contains_key(&user.id) {
            return Err(StoreError::Stale);
        }
        accounts.by_email.insert(user.email.clone(), user.id);
        accounts.users.insert(user.id, credentials.clone());
        Ok(())
    }

    async fn by_email(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let accounts = &self.state().accounts;
        Ok(accounts.by_email.get(email).and_then(|id| accounts.users.get(id)).cloned())
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.state().accounts.users.get(&id).map(|credentials| credentials.user.clone()))
    }
}

#[async_trait]
impl SessionRepository for Memory {
    async fn start(&self, token: &RefreshToken) -> Result<(), StoreError> {
        self.state().accounts.add_token(token.clone())
    }

    async fn rotate(
        &self,
        shown: [u8; 32],
        new: [u8; 32],
        expires: Instant,
        now: Instant,
    ) -> Result<Rotated, StoreError> {
        let accounts = &mut self.state().accounts;
        let Some(shown) = accounts.tokens.get(&shown).cloned() else { return Ok(Rotated::Refused) };
        match rotate(&shown, now) {
            Rotation::Issue => {
                let token = RefreshToken { hash: new, expires, replaced: None, ..shown };
                accounts.add_token(token.clone())?;
                if let Some(shown) = accounts.tokens.get_mut(&shown.hash) {
                    shown.replaced.get_or_insert(now);
                }
                Ok(Rotated::Issued(token))
            }
            Rotation::Expired => Ok(Rotated::Refused),
            Rotation::EndSession => {
                accounts.end(shown.session);
                Ok(Rotated::Refused)
            }
        }
    }

    async fn end(&self, session: SessionId) -> Result<(), StoreError> {
        self.state().accounts.end(session);
        Ok(())
    }
}

impl Accounts {
    fn add_token(&mut self, token: RefreshToken) -> Result<(), StoreError> {
        if self.tokens.contains_key(&token.hash) {
            return Err(StoreError::Stale);
        }
        self.tokens.insert(token.hash, token);
        Ok(())
    }

    fn end(&mut self, session: SessionId) {
        self.tokens.retain(|_, token| token.session != session);
    }
}
