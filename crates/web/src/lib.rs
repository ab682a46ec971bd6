//! How Frontrow is reached: the REST API and its `OpenAPI` document.
//!
//! A request passes six middlewares: two note what it was (`measure`), one gives it a deadline (`timely`), one makes an
//! answer of a panic, one refuses what the operation does not take (`taken`), and one asks for the waiting room's pass
//! (`pass`). Then it is read by the extractors, which check everything that can be checked without a database, becomes a
//! use case's request, and its answer becomes a DTO. [`problem`] is the one place that knows which error has which status
//! code.

mod cors;
pub mod dto;
pub mod extract;
mod figures;
mod manners;
mod measure;
mod openapi;
mod origins;
mod pass;
pub mod problem;
mod rendered;
mod routes;
mod run;
mod state;
mod taken;
mod timely;

pub use cors::cors;
pub use openapi::{openapi, openapi_json};
pub use origins::{NoOrigins, Origins};
pub use rendered::RenderedAnswers;
pub use routes::passes;
pub use run::{WebSettings, app, run};
pub use state::WebState;
