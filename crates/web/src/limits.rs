//! The check in front of what may not be asked for often.

use crate::WebState;
use crate::extract::{claims, client_network};
use crate::problem::Problem;
use actix_web::HttpRequest;
use actix_web::web::Data;
use frontrow_application::port::{Asker, Limit, Network, TryEnd};
use frontrow_application::{Denied, Error, LoggedIn};
use frontrow_domain::Email;

/// Counts the request for the account and for the network that it comes from. Whoever's network is not known is not limited
/// by it.
pub(crate) async fn check_limit(limit: Limit, request: &HttpRequest) -> Result<(), Problem> {
    let Some(state) = request.app_data::<Data<WebState>>() else { return Ok(()) };
    let account = claims(request).map(|claims| Asker::Account(claims.user));
    let network = client_network(request).map(Asker::Network);
    match (account, network) {
        (Some(account), Some(network)) => count(state, limit, &[account, network]).await,
        (Some(only), None) | (None, Some(only)) => count(state, limit, &[only]).await,
        (None, None) => Ok(()),
    }
}

/// Counts a request for whoever types that email address, whether an account has it or not.
pub(crate) async fn check_email(state: &WebState, limit: Limit, email: &Email) -> Result<(), Problem> {
    count(state, limit, &[Asker::Email(email)]).await
}

async fn count(state: &WebState, limit: Limit, askers: &[Asker<'_>]) -> Result<(), Problem> {
    // The others are asked for all the time, and cost neither a wait nor memory.
    let counted = if limit.is_shared() {
        state.limits.count_together(limit, askers).await
    } else {
        state.limits.count(limit, askers)
    };
    Ok(counted?)
}

/// Logs somebody in, unless too many wrong passwords were typed for that email address from their network.
pub(crate) async fn with_delay(
    state: &WebState,
    email: &Email,
    network: Option<Network>,
    log_in: impl Future<Output = Result<LoggedIn, Error>>,
) -> Result<LoggedIn, Problem> {
    state.log_in_delays.begin(email, network).await?;
    let logged_in = log_in.await;
    let end = match &logged_in {
        Ok(_) => TryEnd::Right,
        Err(Error::Denied(Denied::Credentials)) => TryEnd::Wrong,
        Err(_) => TryEnd::Unchecked,
    };
    state.log_in_delays.end(email, network, end).await;
    Ok(logged_in?)
}
