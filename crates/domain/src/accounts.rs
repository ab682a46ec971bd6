//! Who books and who operates, and how long they stay logged in.

mod session;
mod user;

pub use session::{REUSE_GRACE, RefreshToken, Rotation, Session, rotate};
pub use user::{Email, NotAnEmail, Role, User};
