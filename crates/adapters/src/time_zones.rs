//! The IANA time zones.

use frontrow_application::port::TimeZones;

/// The system's time zones, or those that were built in where it has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct IanaTimeZones;

impl TimeZones for IanaTimeZones {
    fn is_known(&self, name: &str) -> bool {
        jiff::tz::db().get(name).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zones_of_this_world_are_known() {
        for (name, known) in [("Asia/Seoul", true), ("UTC", true), ("Mars/Olympus", false), ("", false)] {
            assert_eq!(IanaTimeZones.is_known(name), known, "{name}");
        }
    }
}
