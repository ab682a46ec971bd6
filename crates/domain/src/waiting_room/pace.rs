//! How fast a line moves, for its operators.

use super::Line;
use std::time::Duration;

impl Line {
    /// Admissions in the last minute of open time.
    pub fn admitted_a_minute(&self) -> u64 {
        let then = self.ago(Duration::from_mins(1)).map_or(0, |then| then.admitted);
        self.admitted.saturating_sub(then)
    }
}
