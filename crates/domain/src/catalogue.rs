//! What is sold, where, when, at what prices and on what terms.
//!
//! - `concert` (with its `genre`), `venue` (with its `address`), `performance`: what takes place; `public_status` is what buyers are told of it
//! - `seat_map`, `layout`, `seat_label`, `seat_name`, `seat_set`: where people sit, and how seats are numbered and named; `drawing`, `seat_plan`: how a map is drawn
//! - `price_list`: what a seat costs
//! - `sale`, `waiting_room`, `bookable`: on what terms seats are sold, and to whom first

mod address;
mod bookable;
mod concert;
mod drawing;
mod genre;
mod layout;
mod performance;
mod price_list;
mod public_status;
mod sale;
mod seat_label;
mod seat_map;
mod seat_name;
mod seat_plan;
mod seat_set;
mod venue;
mod waiting_room;

pub use address::Address;
pub use bookable::{Action, Bookable, NotBookable, PerformanceStatus};
pub use concert::Concert;
pub use drawing::{Area, Drawing, DrawnSection, Point, SectionDrawing};
pub use genre::Genre;
pub use layout::{Layout, PositionKind, SeatPosition, Span};
pub use performance::Performance;
pub use price_list::{LineItem, PriceList, PriceType, Tier};
pub use public_status::PublicStatus;
pub use sale::{Sale, SaleTerms};
pub use seat_label::{NotALabel, SeatLabel, SeatNumber};
pub use seat_map::{SeatMap, SeatRow, Section, SectionShape};
pub use seat_name::seat_name;
pub use seat_set::SeatSet;
pub use venue::Venue;
pub use waiting_room::{AdmissionTerms, Group, GroupTerms, WaitingRoom};
