//! What a payment gateway must do. It needs no world: it is asked by itself.

use crate::Failure;
use frontrow_application::port::{ChargeRequest, GatewayAnswer, IdSource, PaymentGateway, ReturnAnswer};
use frontrow_domain::{Payment, PaymentId, Points};
use std::time::Duration;

/// Payment tokens of a gateway's test environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayTokens {
    /// It accepts charges with this one, at once or after a while.
    pub accepted: String,
    /// It declines charges with this one.
    pub declined: String,
}

/// How often a charge, or money on its way back, is asked for that is pending.
const ASKED: u32 = 100;
/// How long to wait in between.
const PAUSE: Duration = Duration::from_millis(100);

/// Checks a gateway against its test environment: it charges a payment once however often it is asked, remembers what became
/// of each, refuses a charge that was given up, and gives money back once. The ids have to be new ones. An answer that does
/// not come ([`NoAnswer`](frontrow_application::port::NoAnswer)) fails the check.
pub async fn check_gateway(
    gateway: &dyn PaymentGateway,
    ids: &dyn IdSource,
    tokens: &GatewayTokens,
) -> Result<(), Failure> {
    has_a_name_that_can_be_kept(gateway)?;
    let check = Check { gateway, ids, tokens };
    check.a_charge_is_accepted_once().await?;
    check.a_charge_is_declined_for_good().await?;
    check.a_charge_that_was_given_up_is_never_made().await?;
    check.a_charge_that_was_made_can_not_be_given_up().await?;
    check.money_goes_back_once().await
}

fn has_a_name_that_can_be_kept(gateway: &dyn PaymentGateway) -> Result<(), Failure> {
    let name = gateway.name();
    let fits = (1..=Payment::LONGEST_PROVIDER).contains(&name.chars().count()) && !name.contains(char::is_control);
    ensure!(fits, "the name has 1 to {} characters, none of them a control character", Payment::LONGEST_PROVIDER);
    ensure!(name != Payment::POINTS, "{name} is the name of payments with points");
    ensure_eq!(gateway.name(), name, "payments are found by their gateway's name, so it stays the same");
    Ok(())
}

struct Check<'a> {
    gateway: &'a dyn PaymentGateway,
    ids: &'a dyn IdSource,
    tokens: &'a GatewayTokens,
}

impl Check<'_> {
    fn charge(&self, token: &str) -> Result<ChargeRequest, Failure> {
        let payment = PaymentId::new(self.ids.id());
        Ok(ChargeRequest { payment, amount: Points::new(500)?, payment_token: token.to_owned() })
    }

    /// What the gateway says in the end.
    async fn decided(&self, payment: PaymentId, mut answer: GatewayAnswer) -> Result<GatewayAnswer, Failure> {
        for _ in 0..ASKED {
            if answer != GatewayAnswer::Pending {
                return Ok(answer);
            }
            tokio::time::sleep(PAUSE).await;
            answer = self.gateway.status(payment).await?;
        }
        Err(Failure::new("a charge stays pending"))
    }

    async fn accepted(&self) -> Result<(ChargeRequest, GatewayAnswer), Failure> {
        let request = self.charge(&self.tokens.accepted)?;
        let answer = self.decided(request.payment, self.gateway.charge(request.clone()).await?).await?;
        let GatewayAnswer::Accepted { provider_ref } = &answer else {
            return Err(Failure::new(format!("a charge with the token that is accepted is {answer:?}")));
        };
        ensure!(Payment::may_refer(provider_ref), "{provider_ref:?} is no reference that can be kept");
        Ok((request, answer))
    }

    async fn a_charge_is_accepted_once(&self) -> Result<(), Failure> {
        let (request, answer) = self.accepted().await?;
        for _ in 0..2 {
            let again = self.gateway.charge(request.clone()).await?;
            ensure_eq!(again, answer, "the same payment is asked for again");
            ensure_eq!(self.gateway.status(request.payment).await?, answer, "what became of it");
        }
        let (_, other) = self.accepted().await?;
        ensure!(other != answer, "two charges have one reference: {answer:?}");
        Ok(())
    }

    async fn a_charge_is_declined_for_good(&self) -> Result<(), Failure> {
        let request = self.charge(&self.tokens.declined)?;
        let first = self.decided(request.payment, self.gateway.charge(request.clone()).await?).await?;
        ensure_eq!(first, GatewayAnswer::Declined, "a charge with the token that is declined");
        let payment_token = self.tokens.accepted.clone();
        let again = self.gateway.charge(ChargeRequest { payment_token, ..request.clone() }).await?;
        ensure_eq!(again, GatewayAnswer::Declined, "the same payment with another token");
        ensure_eq!(self.gateway.status(request.payment).await?, GatewayAnswer::Declined, "what became of it");
        Ok(())
    }

    async fn a_charge_that_was_given_up_is_never_made(&self) -> Result<(), Failure> {
        let request = self.charge(&self.tokens.accepted)?;
        ensure_eq!(self.gateway.status(request.payment).await?, GatewayAnswer::Unheard, "a payment that is new");
        ensure_eq!(self.gateway.abandon(request.payment).await?, GatewayAnswer::Declined, "it is given up");
        let late = self.gateway.charge(request.clone()).await?;
        ensure_eq!(late, GatewayAnswer::Declined, "its request arrives after it was given up");
        ensure_eq!(self.gateway.status(request.payment).await?, GatewayAnswer::Declined, "what became of it");
        Ok(())
    }

    async fn a_charge_that_was_made_can_not_be_given_up(&self) -> Result<(), Failure> {
        let (request, answer) = self.accepted().await?;
        ensure_eq!(self.gateway.abandon(request.payment).await?, answer, "it had arrived after all");
        ensure_eq!(self.gateway.status(request.payment).await?, answer, "what became of it");
        Ok(())
    }

    async fn money_goes_back_once(&self) -> Result<(), Failure> {
        let (request, _) = self.accepted().await?;
        for _ in 0..2 {
            self.returned(request.payment).await?;
            let became = self.gateway.status(request.payment).await?;
            ensure_eq!(became, GatewayAnswer::Declined, "a charge whose money went back");
        }
        let never = self.charge(&self.tokens.accepted)?;
        self.returned(never.payment).await?;
        let late = self.gateway.charge(never).await?;
        ensure_eq!(late, GatewayAnswer::Declined, "money that was given back before it was taken");
        Ok(())
    }

    async fn returned(&self, payment: PaymentId) -> Result<(), Failure> {
        for _ in 0..ASKED {
            if self.gateway.give_back(payment).await? == ReturnAnswer::Returned {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(Failure::new("money stays on its way back"))
    }
}
