//! Accounts.

use super::Memory;
use async_trait::async_trait;
use frontrow_application::port::{Account, AccountRepository, Credentials, EndedSession, PasswordChange, StoreError};
use frontrow_domain::{Email, Instant, User, UserId};

#[async_trait]
impl AccountRepository for Memory {
    async fn add(&self, credentials: &Credentials, at: Instant) -> Result<(), StoreError> {
        let accounts = &mut self.state().accounts;
        let user = &credentials.user;
        if accounts.by_email.contains_key(&user.email) || accounts.users.contains_key(&user.id) {
            return Err(StoreError::Stale);
        }
        accounts.by_email.insert(user.email.clone(), user.id);
        accounts.users.insert(user.id, credentials.clone());
        accounts.created.insert(user.id, at);
        Ok(())
    }

    async fn by_email(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let accounts = &self.state().accounts;
        Ok(accounts.by_email.get(email).and_then(|id| accounts.users.get(id)).cloned())
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.state().accounts.users.get(&id).map(|credentials| credentials.user.clone()))
    }

    async fn account(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        let accounts = &self.state().accounts;
        let (Some(credentials), Some(created)) = (accounts.users.get(&id), accounts.created.get(&id)) else {
            return Ok(None);
        };
        let email_verified = accounts.verified.get(&id).copied();
        Ok(Some(Account { credentials: credentials.clone(), created: *created, email_verified }))
    }

    async fn change_password(&self, change: &PasswordChange) -> Result<Vec<EndedSession>, StoreError> {
        let accounts = &mut self.state().accounts;
        let account = accounts.users.get_mut(&change.user).filter(|account| account.password_hash == change.known);
        account.ok_or(StoreError::Stale)?.password_hash.clone_from(&change.hash);
        let ended = change.ending.map(|ending| accounts.end_of(change.user, ending, change.now));
        Ok(ended.unwrap_or_default())
    }
}
