//! The gateway that Frontrow brings along, and broken ones that the check has to see through.

use async_trait::async_trait;
use frontrow_adapters::{SandboxGateway, UuidV7Source};
use frontrow_application::port::{ChargeRequest, GatewayAnswer, NoAnswer, PaymentGateway, ReturnAnswer};
use frontrow_contract_tests::{Failure, GatewayTokens, check_gateway};
use frontrow_domain::{Payment, PaymentId};
use std::sync::atomic::{AtomicU32, Ordering};

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// It has the name of payments with points.
    Named,
    /// It makes a charge of its own of every request.
    ChargesAgain,
    /// It has forgotten what it was asked before.
    Forgets,
    /// It makes a charge that was given up.
    IgnoresAbandon,
    /// It says that money is back that it keeps.
    KeepsMoney,
}

struct Flawed {
    sandbox: SandboxGateway,
    flaw: Flaw,
    asked: AtomicU32,
}

#[async_trait]
impl PaymentGateway for Flawed {
    fn name(&self) -> &'static str {
        if self.flaw == Flaw::Named { Payment::POINTS } else { self.sandbox.name() }
    }

    async fn charge(&self, request: ChargeRequest) -> Result<GatewayAnswer, NoAnswer> {
        let answer = self.sandbox.charge(request).await?;
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(match answer {
            GatewayAnswer::Accepted { provider_ref } if self.flaw == Flaw::ChargesAgain => {
                GatewayAnswer::Accepted { provider_ref: format!("{provider_ref}-{asked}") }
            }
            answer => answer,
        })
    }

    async fn status(&self, payment: PaymentId) -> Result<GatewayAnswer, NoAnswer> {
        if self.flaw == Flaw::Forgets { Ok(GatewayAnswer::Unheard) } else { self.sandbox.status(payment).await }
    }

    async fn give_back(&self, payment: PaymentId) -> Result<ReturnAnswer, NoAnswer> {
        if self.flaw == Flaw::KeepsMoney { Ok(ReturnAnswer::Returned) } else { self.sandbox.give_back(payment).await }
    }

    async fn abandon(&self, payment: PaymentId) -> Result<GatewayAnswer, NoAnswer> {
        if self.flaw != Flaw::IgnoresAbandon {
            return self.sandbox.abandon(payment).await;
        }
        Ok(match self.sandbox.status(payment).await? {
            GatewayAnswer::Unheard => GatewayAnswer::Declined,
            answer => answer,
        })
    }
}

async fn check(flaw: Flaw, accepted: &str) -> Result<(), Failure> {
    let gateway = Flawed { sandbox: SandboxGateway::new(), flaw, asked: AtomicU32::new(0) };
    let tokens = GatewayTokens { accepted: accepted.into(), declined: SandboxGateway::DECLINE.into() };
    check_gateway(&gateway, &UuidV7Source, &tokens).await
}

#[tokio::test]
async fn the_sandbox_keeps_every_promise_at_once_or_late() -> Result<(), Failure> {
    check(Flaw::None, SandboxGateway::ACCEPT).await?;
    check(Flaw::None, SandboxGateway::LATE).await
}

#[tokio::test]
async fn broken_gateways_are_seen_through() {
    for (flaw, said) in [
        (Flaw::Named, "the name of payments with points"),
        (Flaw::ChargesAgain, "the same payment is asked for again"),
        (Flaw::Forgets, "what became of it"),
        (Flaw::IgnoresAbandon, "arrives after it was given up"),
        (Flaw::KeepsMoney, "whose money went back"),
    ] {
        let failure = check(flaw, SandboxGateway::ACCEPT).await.unwrap_err().to_string();
        assert!(failure.contains(said), "{flaw:?}: {failure}");
    }
}
