//! How Frontrow is reached: the REST API and its `OpenAPI` document.
//!
//! A request passes one middleware, which does what has to be done for all of them (`serve`), and then, where the setting
//! `cors_origins` says so, one that talks to browsers (`cors`). `dispatch` hands it to its handler, past what refuses
//! anything that is asked for too often (`limits`) or that the operation does not take (`taken`), and asks for the waiting room's pass (`pass`). Then it is read by the
//! extractors, which check everything that can be checked without a database, becomes a use case's request, and its answer
//! becomes a DTO. [`problem`] is the one place that knows which error has which status code.

mod cors;
mod dispatch;
pub mod dto;
mod events;
pub mod extract;
mod figures;
mod limits;
mod manners;
mod openapi;
mod origins;
mod pass;
pub mod problem;
mod proxies;
mod rate_limit;
mod rendered;
mod request_id;
mod routes;
mod run;
mod security_log;
mod serve;
mod shed;
mod state;
mod taken;

pub use cors::cors;
pub use events::EventStreams;
pub use manners::identify;
pub use openapi::{openapi, openapi_json};
pub use origins::{NoOrigins, Origins};
pub use proxies::{NotProxyNetworks, ProxyNetworks, TrustedProxies};
pub use rendered::RenderedAnswers;
pub use request_id::REQUEST_ID;
pub use routes::{beat_events, passes};
pub use run::{WebSettings, app, run};
pub use state::WebState;
