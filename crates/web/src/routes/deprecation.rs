//! What clients are told of an operation that will not be there for ever.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use jiff::civil::Date;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

/// Since when an operation should not be used any more, and from when on it may be gone; in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deprecation {
    pub since: Date,
    pub sunset: Date,
}

impl Deprecation {
    /// Adds `Deprecation` (RFC 9745), `Sunset` (RFC 8594), and where to read what to use instead.
    pub fn add_to(self, headers: &mut HeaderMap) {
        let begins = |date: Date| TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
        let since = begins(self.since).map(|since| format!("@{}", since.as_second()));
        let sunset =
            begins(self.sunset).and_then(|at| rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok());
        let link = Some("</openapi.json>; rel=\"deprecation\"; type=\"application/json\"".to_owned());
        for (name, value) in [("deprecation", since), ("sunset", sunset), ("link", link)] {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::Endpoint;
    use actix_web::http::Method;
    use jiff::civil::date;
    use utoipa::openapi::Deprecated;

    /// An old way.
    #[utoipa::path(get, path = "/old", responses((status = 204, description = "Nothing.")))]
    async fn old() -> &'static str {
        ""
    }

    #[test]
    fn an_operation_that_will_go_says_so_in_its_answers_and_in_the_document() {
        let endpoint = Endpoint::new(old, __path_old);
        assert_eq!(endpoint.deprecation(), None);
        assert!(endpoint.described().unwrap().operation.deprecated.is_none());
        let endpoint = endpoint.deprecated(date(2027, 1, 1), date(2027, 7, 1));
        assert_eq!(endpoint.method(), Method::GET);
        assert!(matches!(endpoint.described().unwrap().operation.deprecated, Some(Deprecated::True)));
        let mut headers = HeaderMap::new();
        endpoint.deprecation().unwrap().add_to(&mut headers);
        assert_eq!(headers.get("Deprecation").unwrap(), "@1798761600");
        assert_eq!(headers.get("Sunset").unwrap(), "Thu, 01 Jul 2027 00:00:00 GMT");
        assert!(headers.get("Link").unwrap().to_str().unwrap().contains("rel=\"deprecation\""));
    }
}
