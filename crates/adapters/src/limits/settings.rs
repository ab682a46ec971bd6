//! How much is allowed.

use frontrow_application::port::Limit;

/// How much one account, and one network, may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitSettings {
    /// What one account may do. To log in and to send mail, whoever types its email address.
    pub accounts: Quotas,
    /// What all may do who ask from one network.
    pub networks: Quotas,
    /// How often a network may join queues in a minute; 0 for any number.
    pub network_joins: u32,
    /// Whether wrong passwords, and seats that were given up again and again, have to wait.
    pub delays: bool,
}

impl LimitSettings {
    /// No limit, but for the joins of an account.
    pub const OFF: Self = Self { accounts: Quotas::ANY, networks: Quotas::ANY, network_joins: 0, delays: false };
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self { accounts: Quotas::ACCOUNT, networks: Quotas::NETWORK, network_joins: 600, delays: true }
    }
}

/// Requests in a minute, for each [`Limit`]; 0 for any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas([u32; Limit::ALL.len()]);

impl Quotas {
    /// Any number of everything.
    pub const ANY: Self = Self([0; Limit::ALL.len()]);
    /// What people do, and some more. Sign-ups and refreshes have no account yet.
    pub const ACCOUNT: Self = Self::ANY
        .with(Limit::LogIn, 60)
        .with(Limit::Mail, 5)
        .with(Limit::Charge, 10)
        .with(Limit::Hold, 60)
        .with(Limit::Release, 60);
    /// What a school or an office does at the moment when a sale opens, and some more.
    pub const NETWORK: Self = Self::ANY
        .with(Limit::SignUp, 60)
        .with(Limit::LogIn, 600)
        .with(Limit::Refresh, 1200)
        .with(Limit::Mail, 60)
        .with(Limit::Charge, 300)
        .with(Limit::Hold, 6000)
        .with(Limit::Release, 6000);

    /// How many of that.
    pub const fn of(self, limit: Limit) -> u32 {
        self.0[limit as usize]
    }

    /// The same with another number of that.
    #[must_use]
    pub const fn with(mut self, limit: Limit, a_minute: u32) -> Self {
        self.0[limit as usize] = a_minute;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_has_a_place_of_its_own() {
        for (place, limit) in Limit::ALL.into_iter().enumerate() {
            let quotas = Quotas::ANY.with(limit, 7);
            assert_eq!(quotas.0[place], 7);
            assert_eq!(Limit::ALL.into_iter().filter(|other| quotas.of(*other) == 7).count(), 1);
        }
    }
}
