//! Proof that an operator asks.

use crate::Denied;
use crate::port::AccessClaims;
use frontrow_domain::{Role, User, UserId};
use uuid::Uuid;

/// Proof that an operator asks, which every use case for operators wants. It can only be had from the claims of an access
/// token, from an account, or, by name, at the console: so no use case can be reached by somebody whose role nobody has
/// looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActingOperator(UserId);

impl ActingOperator {
    /// From what [`TokenIssuer::verify`](crate::port::TokenIssuer::verify) said of an access token.
    pub fn from_claims(claims: &AccessClaims) -> Result<Self, Denied> {
        Self::of(claims.user, claims.role)
    }

    /// From an account as [`AccountRepository`](crate::port::AccountRepository) has it, for somebody who is known to be
    /// its owner without a token, such as on the command line of the installation.
    pub fn from_account(account: &User) -> Result<Self, Denied> {
        Self::of(account.id, account.role)
    }

    /// For a program on the installation's own machine, which could read and write its database anyway. Reads need nobody's
    /// name; a change would be noted under the nil id.
    pub const fn at_the_console() -> Self {
        Self(UserId::new(Uuid::nil()))
    }

    fn of(user: UserId, role: Role) -> Result<Self, Denied> {
        if role == Role::Operator { Ok(Self(user)) } else { Err(Denied::NotAnOperator) }
    }

    /// The operator who acts, as actions are recorded under.
    pub const fn user(self) -> UserId {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::user;

    #[test]
    fn only_operators_can_prove_that_they_are() {
        let account = |role| User { id: user(9), email: "kim@example.com".parse().unwrap(), name: "Kim".into(), role };
        let proof = ActingOperator::from_account(&account(Role::Operator));
        assert_eq!(proof.map(ActingOperator::user), Ok(user(9)));
        assert_eq!(ActingOperator::from_account(&account(Role::Customer)), Err(Denied::NotAnOperator));
    }
}
