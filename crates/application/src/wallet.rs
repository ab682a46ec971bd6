//! Reading a wallet.

use crate::port::{Entry, WalletReader};
use crate::{Error, Page, PageRequest};
use frontrow_domain::{Points, TransferId, UserId};
use std::sync::Arc;

/// Shows a wallet.
pub struct ReadWallet {
    /// Reads it.
    pub wallets: Arc<dyn WalletReader>,
}

impl ReadWallet {
    /// The balance.
    pub async fn balance(&self, user: UserId) -> Result<Points, Error> {
        Ok(self.wallets.balance(user).await?)
    }

    /// The history, the newest first.
    pub async fn entries(&self, user: UserId, page: PageRequest<TransferId>) -> Result<Page<Entry, TransferId>, Error> {
        Ok(self.wallets.entries(user, page).await?)
    }
}
