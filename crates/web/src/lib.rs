//! How Frontrow is reached: the REST API and its `OpenAPI` document.
//!
//! A request passes two middlewares (what an operation does not take is refused; [`pass`] asks for the waiting room's
//! pass), is read by the extractors (which check everything that can be checked without a database), becomes a use
//! case's request, and its answer becomes a DTO. [`problem`] is the one place that knows which error has which status
//! code.

pub mod dto;
pub mod extract;
mod measure;
mod openapi;
pub mod pass;
pub mod problem;
mod rendered;
mod routes;
mod run;
mod state;
mod taken;
mod timely;

pub use openapi::{openapi, openapi_json};
pub use rendered::RenderedAnswers;
pub use routes::proofs;
pub use run::{WebSettings, app, run};
pub use state::WebState;
