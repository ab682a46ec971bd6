//! One file a command: what it carries, which rows it locks, what it does with them, what it leads to. The list of them
//! is here.
//!
//! - `hold`, `hold_best`, `pay`, `release`, `expire`: a hold's life
//! - `cancel`, `refund`: giving back what was paid for
//! - `charge`, `settle`: points for a wallet
//! - `renew`, `leave`, `bar`: the right to book in a sale with a waiting room

mod bar;
mod cancel;
mod charge;
mod expire;
mod hold;
mod hold_best;
mod leave;
mod pay;
mod refund;
mod release;
mod renew;
mod settle;

use super::verdict::CommandRule;

pub use bar::Bar;
pub use cancel::Cancel;
pub use charge::Charge;
pub use expire::Expire;
pub use hold::Hold;
pub use hold_best::HoldBest;
pub use leave::Leave;
pub use pay::Pay;
pub use refund::Refund;
pub use release::Release;
pub use renew::Renew;
pub use settle::Settle;

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Hold chosen seats.
    Hold(Hold),
    /// Hold the best seats that are left.
    HoldBest(HoldBest),
    /// Pay a hold with points.
    Pay(Pay),
    /// Give up a hold.
    Release(Release),
    /// Give back what was paid for, within the sale's deadline.
    Cancel(Cancel),
    /// Give back what was paid for, whenever an operator says so.
    Refund(Refund),
    /// Mark a lapsed hold.
    Expire(Expire),
    /// Begin to charge a wallet.
    Charge(Charge),
    /// Settle a charge.
    Settle(Settle),
    /// Pick an admission up, or renew it.
    Renew(Renew),
    /// Give an admission back.
    Leave(Leave),
    /// Keep somebody out of a sale, or let them in again.
    Bar(Bar),
}

impl Operation {
    /// The word for it, in logs and metrics.
    pub fn name(&self) -> &'static str {
        self.rule().name()
    }

    /// Whether it asks for seats that its buyer does not have yet: in a rush these give way to all others.
    pub fn is_new_hold(&self) -> bool {
        matches!(self, Self::Hold(_) | Self::HoldBest(_))
    }

    pub(in crate::booking) fn rule(&self) -> &dyn CommandRule {
        match self {
            Self::Hold(rule) => rule,
            Self::HoldBest(rule) => rule,
            Self::Pay(rule) => rule,
            Self::Release(rule) => rule,
            Self::Cancel(rule) => rule,
            Self::Refund(rule) => rule,
            Self::Expire(rule) => rule,
            Self::Charge(rule) => rule,
            Self::Settle(rule) => rule,
            Self::Renew(rule) => rule,
            Self::Leave(rule) => rule,
            Self::Bar(rule) => rule,
        }
    }
}
