//! Who books and who operates, and how long they stay logged in.

mod mail_code;
mod session;
mod user;

pub use mail_code::{CodePurpose, MailCode};
pub use session::{REUSE_GRACE, RefreshToken, Rotation, Session, rotate};
pub use user::{Email, NotAnEmail, Role, User};
