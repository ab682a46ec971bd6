//! `frontrow mock`: the API without a database, for people who build pages.
//!
//! The use cases are the real ones, on the in-memory stores. From the ground up: [`MockClock`] and `chance` say what time it
//! is and what the ids are; `deeds` is what people do; `sample` has parts of
//! programmes, for the server's demo, too; `programme`, `cast` and `stories` are the first world, which the seed fixes; `crowd` is the others in
//! it; `world` holds all that and does its chores; `stage` has the world that is there now, and puts the first one in its place; `control` is what
//! only a mock answers; `scenario` answers as somebody would like it; `app` puts all of it behind one address.

mod app;
mod cast;
mod chance;
mod clock;
mod control;
mod crowd;
mod deeds;
mod error;
mod inner;
mod playbill;
mod programme;
pub mod sample;
mod scenario;
mod settings;
mod stage;
mod stories;
mod wiring;
mod world;

pub use app::{app, run};
pub use clock::MockClock;
pub use error::MockError;
pub use playbill::Playbill;
pub use settings::{MockSettings, NotAnOrigin};
pub use stage::Stage;
