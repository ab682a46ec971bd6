//! The kinds of work that are done again and again.

/// One thing that is done again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chore {
    /// Compares the instance's clock with the database's.
    CheckClock,
    /// Reads the queues, so that looking at them costs no store operation.
    ReadQueues,
    /// Reads which sessions were ended, so that refusing their access tokens costs no store operation.
    ReadEndedSessions,
    /// Marks lapsed holds.
    ExpireHolds,
    /// Asks the gateway for what it has not settled.
    SettleCharges,
    /// Gives money back for performances that were cancelled.
    ReturnMoney,
    /// Sends mails that were promised.
    SendMails,
    /// Forgets old idempotency records, expired refresh tokens and sessions that are over.
    Forget,
}

impl Chore {
    /// The word for it, in logs, metrics and stores.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CheckClock => "check_clock",
            Self::ReadQueues => "read_queues",
            Self::ReadEndedSessions => "read_ended_sessions",
            Self::ExpireHolds => "expire_holds",
            Self::SettleCharges => "settle_charges",
            Self::ReturnMoney => "return_money",
            Self::SendMails => "send_mails",
            Self::Forget => "forget",
        }
    }

    /// Whether one instance does it for all, under a [lease](crate::port::ChoreLease). Every instance has a clock, and
    /// reads the queues and the ended sessions: it keeps what it reads.
    pub const fn is_leased(self) -> bool {
        matches!(self, Self::ExpireHolds | Self::SettleCharges | Self::ReturnMoney | Self::SendMails | Self::Forget)
    }
}
