//! Who is told to come back when there is more to do than can be done: first those who only look, and whom nobody knows.

use crate::WebState;
use crate::extract::PASS;
use crate::problem::Problem;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use frontrow_application::Outage;
use std::time::Duration;

/// Half of what is waiting is done sooner than that.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Refuses to be looked at by somebody without an account or a pass while the store has too much to do.
pub(crate) fn refuse_while_crowded(request: &ServiceRequest) -> Result<(), Problem> {
    let is_high = request.app_data::<Data<WebState>>().is_some_and(|state| state.load.is_high());
    if !is_high || [AUTHORIZATION.as_str(), PASS].iter().any(|known| request.headers().contains_key(*known)) {
        return Ok(());
    }
    metrics::counter!("frontrow_looks_refused_total").increment(1);
    Err(Outage::Busy { retry_after: RETRY_AFTER }.into())
}
