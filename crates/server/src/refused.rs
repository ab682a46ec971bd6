//! What a command refuses to do.

use std::fmt;

/// Nothing was done because of what was asked for; or `verify`, which says 1 for what is wrong, can't tell.
#[derive(Debug)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// [`Refused`], unless it is fine.
pub fn unless(fine: bool, refusal: impl Into<String>) -> Result<(), Refused> {
    if fine { Ok(()) } else { Err(Refused(refusal.into())) }
}
