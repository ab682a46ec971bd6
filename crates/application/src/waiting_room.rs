//! What people and operators do in a waiting room: joining, looking, checking in, leaving, operating, ticking.

mod admission;
mod bar;
mod entry;
mod join;
mod operate;
mod pace;
mod pass_check;
mod round;
mod tick;
mod views;
mod watched_bookings;

pub use admission::{CheckInAnswer, CheckInBuyer, LeaveAdmission, PassAnswer, RenewAdmission};
pub use bar::BarBuyer;
pub use entry::{QueueEntryView, ShowQueueEntry};
pub use join::{CodeUse, JoinQueue, JoinRequest, JoinedQueue};
pub use operate::{OperateQueue, QueueReport};
pub use pace::QueuePace;
pub use pass_check::{BookingCall, Caller, PassCheck, PassRequired};
pub use round::{DecideDraw, DrawError};
pub use tick::{DueTick, TickCache, TickQueues, Ticked, lobby_list};
pub use views::{QueueView, QueueViews, Rendered};
pub use watched_bookings::WatchedBookings;
