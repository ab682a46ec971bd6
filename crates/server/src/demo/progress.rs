//! The demo's progress: a bar on a terminal, plain lines elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

/// Shows the progress on standard error.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Starts at 0 of that many units of work.
    pub fn new(units: u64) -> Self {
        let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}");
        let bar = ProgressBar::new(units).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar }
    }

    /// Names the current task.
    pub fn begin(&self, what: &str) {
        if self.bar.is_hidden() {
            eprintln!("{what}");
        } else {
            self.bar.set_message(what.to_owned());
        }
    }

    /// Adds finished units.
    pub fn advance(&self, units: u64) {
        self.bar.inc(units);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
