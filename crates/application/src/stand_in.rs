//! An account for somebody whom the books name, and who is missing.

use crate::port::{AccountRepository, Auditor, Clock, Credentials, IdSource, PasswordHasher};
use crate::{Error, Missing};
use frontrow_domain::{Email, Finding, Role, User, UserId};
use std::sync::Arc;

/// Adds an account under the id of somebody whom the books name and who has none, as after a backup was restored that is
/// older than their account. Their reservations and points stay what they are; nobody can log in to it.
pub struct AddStandIn {
    /// Keeps the account.
    pub accounts: Arc<dyn AccountRepository>,
    /// Says who is missing.
    pub auditor: Arc<dyn Auditor>,
    /// Hashes a password that nobody knows.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Makes the password.
    pub ids: Arc<dyn IdSource>,
    /// Gives the account's date.
    pub clock: Arc<dyn Clock>,
}

impl AddStandIn {
    /// Somebody whom nothing names, or who has an account, is not found among the missing.
    pub async fn run(&self, id: UserId) -> Result<User, Error> {
        let missing = self.auditor.audit(self.clock.now()).await?.contains(&Finding::missing_user(id));
        // No mailbox has such an address, ever (RFC 2606).
        let email = format!("{id}@missing.invalid").parse::<Email>().ok().filter(|_| missing);
        let email = email.ok_or(Error::NotFound(Missing::User))?;
        let user = User { id, email, name: "Missing".to_owned(), role: Role::Customer };
        let password_hash = self.passwords.hash(hex::encode(self.ids.secret())).await?;
        let credentials = Credentials { user, password_hash };
        self.accounts.add(&credentials, self.clock.now()).await?;
        Ok(credentials.user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{MockAccountRepository, MockAuditor, MockPasswordHasher};
    use crate::testing::{at, clock, ids, user};
    use mockall::predicate::eq;

    /// User 7 is missing, and nobody else.
    fn add(accounts: MockAccountRepository, passwords: MockPasswordHasher) -> AddStandIn {
        let mut auditor = MockAuditor::new();
        auditor.expect_audit().with(eq(at(100))).returning(|_| Ok(vec![Finding::missing_user(user(7))]));
        AddStandIn {
            accounts: Arc::new(accounts),
            auditor: Arc::new(auditor),
            passwords: Arc::new(passwords),
            ids: ids(),
            clock: clock(100),
        }
    }

    #[tokio::test]
    async fn whoever_is_missing_gets_an_account_that_nobody_can_log_in_to() {
        let (mut accounts, mut passwords) = (MockAccountRepository::new(), MockPasswordHasher::new());
        passwords.expect_hash().withf(|password| password.len() == 64).times(1).returning(|_| Ok("hash".into()));
        let id = user(7);
        let expected = User {
            id,
            email: format!("{id}@missing.invalid").parse().unwrap(),
            name: "Missing".into(),
            role: Role::Customer,
        };
        let credentials = Credentials { user: expected.clone(), password_hash: "hash".into() };
        accounts.expect_add().with(eq(credentials), eq(at(100))).times(1).returning(|_, _| Ok(()));
        assert_eq!(add(accounts, passwords).run(id).await, Ok(expected));
    }

    #[tokio::test]
    async fn whoever_is_not_missing_gets_none() {
        let added = add(MockAccountRepository::new(), MockPasswordHasher::new()).run(user(1)).await;
        assert_eq!(added, Err(Error::NotFound(Missing::User)));
    }
}
