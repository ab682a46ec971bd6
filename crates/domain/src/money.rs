//! Prepaid points: amounts, wallets, the transfers between accounts, and payments.

mod payment;
mod points;
mod transfer;
mod wallet;

pub use payment::{Payment, PaymentKind, PaymentState, Settlement};
pub use points::{OutOfRange, Points};
pub use transfer::{AccountId, Transfer};
pub use wallet::Wallet;
