//! The waiting room's stories: joining, looking, claiming, leaving, operating, ticking.

mod admission;
mod board;
mod gate;
mod join;
mod operate;
mod pace;
mod place;
mod round;
mod tick;

pub use admission::{ClaimAdmission, ClaimAnswer, LeaveAdmission, PassAnswer, RenewAdmission};
pub use board::{Board, Lines, Rendered};
pub use gate::{Asks, Gate, Visitor};
pub use join::{JoinLine, JoinRequest};
pub use operate::{LineReport, OperateLine};
pub use pace::{Pace, WatchedBookings};
pub use place::{PlaceView, ShowPlace};
pub use round::{DecideDraw, DrawError};
pub use tick::{Lately, TickLines, lobby_list};
