//! The IANA time zones.

use frontrow_application::port::TimeZones;
use frontrow_domain::Instant;
use icu_time::TimeZone;
use icu_time::zone::iana::IanaParserExtended;

/// The system's time zones, or those that were built in where it has none; what they are called, says Unicode's CLDR.
#[derive(Clone, Copy, Debug, Default)]
pub struct IanaTimeZones;

impl TimeZones for IanaTimeZones {
    /// A zone of the system that CLDR doesn't know, such as `localtime` or `right/Asia/Seoul`, means nothing elsewhere.
    fn canonical(&self, name: &str) -> Option<String> {
        let is_place = name.contains('/') || name.eq_ignore_ascii_case("UTC");
        let named = IanaParserExtended::new().parse(name);
        let known = is_place && named.time_zone != TimeZone::UNKNOWN && jiff::tz::db().get(named.canonical).is_ok();
        known.then(|| named.canonical.to_owned())
    }

    fn local_day(&self, name: &str, at: Instant) -> i64 {
        let east = jiff::tz::db().get(name).ok().zip(jiff::Timestamp::from_microsecond(at.micros()).ok());
        let east = east.map_or(0, |(zone, at)| i64::from(zone.to_offset(at).seconds()));
        at.micros().div_euclid(1_000_000).saturating_add(east).div_euclid(86_400)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_has_one_name() {
        for (name, canonical) in [
            ("Asia/Seoul", "Asia/Seoul"),
            ("asia/seoul", "Asia/Seoul"),
            ("ASIA/SEOUL", "Asia/Seoul"),
            ("Asia/Calcutta", "Asia/Kolkata"),
            ("Europe/Kiev", "Europe/Kyiv"),
            ("Europe/Kyiv", "Europe/Kyiv"),
            ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
            ("US/Pacific", "America/Los_Angeles"),
            ("Etc/GMT+9", "Etc/GMT+9"),
            ("UTC", "Etc/UTC"),
            ("utc", "Etc/UTC"),
            ("Etc/UTC", "Etc/UTC"),
            ("Etc/Zulu", "Etc/UTC"),
        ] {
            assert_eq!(IanaTimeZones.canonical(name).as_deref(), Some(canonical), "{name}");
            assert_eq!(IanaTimeZones.canonical(canonical).as_deref(), Some(canonical), "{canonical}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_of_the_place() {
        let at = |text: &str| Instant::from_micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond());
        for (name, time, day) in [
            ("Asia/Seoul", "1970-01-01T14:59:59Z", 0),
            ("Asia/Seoul", "1970-01-01T15:00:00Z", 1),
            ("America/Los_Angeles", "1970-01-02T07:59:59Z", 0),
            ("America/Los_Angeles", "1970-01-02T08:00:00Z", 1),
            ("Etc/UTC", "1969-12-31T23:59:59Z", -1),
            ("Mars/Olympus", "1970-01-02T00:00:00Z", 1),
        ] {
            assert_eq!(IanaTimeZones.local_day(name, at(time)), day, "{name} {time}");
        }
    }

    #[test]
    fn what_is_no_place_of_this_world_is_no_zone() {
        for name in [
            "",
            "Mars/Olympus",
            "Etc/Unknown",
            "localtime",
            "posixrules",
            "Factory",
            "right/Asia/Seoul",
            "posix/Asia/Seoul",
            "EST",
            "EST5EDT",
            "CET",
            "KST",
            "GMT+9",
            "ROK",
            "../../etc/passwd",
            "Asia/Seoul ",
            "Asia/Seoul\0",
            "/",
            "Asia/",
        ] {
            assert_eq!(IanaTimeZones.canonical(name), None, "{name:?}");
        }
    }
}
