//! The payment gateways: what the setting calls each, and how it is made.

use frontrow_adapters::SandboxGateway;
use frontrow_application::port::PaymentGateway;
use std::sync::Arc;

/// Who charges wallets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// The sandbox: no money moves.
    Sandbox,
}

impl Gateway {
    /// What the setting `payment_gateway` calls them.
    pub const WORDS: &[(&str, Self)] = &[("sandbox", Self::Sandbox)];

    /// The gateway itself.
    pub fn open(self) -> Arc<dyn PaymentGateway> {
        match self {
            Self::Sandbox => Arc::new(SandboxGateway::new()),
        }
    }
}
