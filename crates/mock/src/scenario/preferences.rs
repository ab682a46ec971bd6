//! The header `Prefer` (RFC 7240), as far as the mock understands it.

use actix_web::http::header::HeaderMap;
use frontrow_web::extract::PREFER;
use frontrow_web::problem::FieldError;
use std::fmt;
use std::time::Duration;

/// How somebody would like to be answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// With that status.
    pub code: Option<u16>,
    /// With that type of problem.
    pub kind: Option<String>,
    /// With that example.
    pub example: Option<String>,
    /// After that many seconds.
    pub wait: Option<u8>,
}

/// What is wrong with a preference.
pub type Flaw = FieldError;

impl Preferences {
    /// The longest wait.
    pub const MAX_WAIT: u8 = 30;

    /// Those in these headers. What the mock knows nothing of is ignored, as everywhere.
    pub fn of(headers: &HeaderMap) -> Result<Self, Flaw> {
        let mut preferences = Self::default();
        for header in headers.get_all(PREFER) {
            let text = header.to_str().map_err(|_| flaw("ascii", "visible ASCII characters"))?;
            for (name, value) in split(text, ',').flat_map(|preference| split(preference, ';')).map(pair) {
                preferences.add(&name, value)?;
            }
        }
        Ok(preferences)
    }

    fn add(&mut self, name: &str, value: String) -> Result<(), Flaw> {
        match name {
            "code" => {
                let code = value.parse().ok().filter(|code| (100..=599).contains(code));
                once(&mut self.code, name, code.ok_or_else(|| flaw("range", "code=100 to code=599"))?)
            }
            "wait" => {
                let wait = value.parse().ok().filter(|wait| *wait <= Self::MAX_WAIT);
                let allowed = || flaw("range", &format!("wait=0 to wait={}", Self::MAX_WAIT));
                once(&mut self.wait, name, wait.ok_or_else(allowed)?)
            }
            "type" => once(&mut self.kind, name, value),
            "example" => once(&mut self.example, name, value),
            _ => Ok(()),
        }
    }

    /// How long to wait before the answer.
    pub fn delay(&self) -> Duration {
        Duration::from_secs(self.wait.unwrap_or(0).into())
    }

    /// Whether they say which answer it is to be.
    pub fn choose(&self) -> bool {
        self.code.is_some() || self.kind.is_some() || self.example.is_some()
    }
}

/// As the header `Preference-Applied` says it.
impl fmt::Display for Preferences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = [
            self.code.map(|code| format!("code={code}")),
            self.kind.as_ref().map(|kind| format!("type={kind}")),
            self.example.as_ref().map(|example| format!("example={example}")),
        ];
        let answer: Vec<String> = answer.into_iter().flatten().collect();
        let wait = self.wait.map(|wait| format!("wait={wait}"));
        let parts: Vec<String> =
            Some(answer.join("; ")).filter(|text| !text.is_empty()).into_iter().chain(wait).collect();
        f.write_str(&parts.join(", "))
    }
}

/// A flaw of the header.
pub fn flaw(code: &str, detail: &str) -> Flaw {
    FieldError::new(format!("/headers/{PREFER}"), code, detail)
}

fn once<T>(place: &mut Option<T>, name: &str, value: T) -> Result<(), Flaw> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(flaw("duplicate", &format!("{name} once"))),
    }
}

/// The parts between separators that are not in quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

/// `Name = "value"` as its name in small letters and its value without quotes.
fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let value = value.trim();
    let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    (name.trim().to_lowercase(), bare.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn read(values: &[&str]) -> Result<Preferences, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HeaderName::from_static("prefer"), HeaderValue::from_str(value).unwrap());
        }
        Preferences::of(&headers).map_err(|flaw| flaw.detail)
    }

    #[test]
    fn preferences_are_read_as_rfc_7240_writes_them() {
        assert_eq!(read(&[]), Ok(Preferences::default()));
        assert_eq!(read(&["respond-async, handling=lenient; x=\"a,b\""]), Ok(Preferences::default()));
        let taken = Preferences { code: Some(409), kind: Some("seats-taken".into()), ..Preferences::default() };
        for text in ["code=409; type=seats-taken", "Code = 409;type=\"seats-taken\"", "type=seats-taken, code=409"] {
            assert_eq!(read(&[text]), Ok(taken.clone()), "{text}");
        }
        let slow = Preferences { wait: Some(2), ..taken };
        assert_eq!(read(&["code=409; type=seats-taken", "wait=2"]), Ok(slow.clone()));
        assert_eq!(slow.to_string(), "code=409; type=seats-taken, wait=2");
        let example = Preferences { example: Some("empty, still".into()), ..Preferences::default() };
        assert_eq!(read(&["example=\"empty, still\""]), Ok(example));
        assert_eq!(Preferences { wait: Some(0), ..Preferences::default() }.to_string(), "wait=0");
    }

    #[test]
    fn what_is_out_of_bounds_is_named() {
        for text in ["code=99", "code=600", "code=", "code", "code=4xx", "code=409; code=404"] {
            assert!(read(&[text]).unwrap_err().contains("code"), "{text}");
        }
        for text in ["wait=31", "wait=-1", "wait=1.5", "wait=", "wait=1, wait=1"] {
            assert!(read(&[text]).unwrap_err().contains("wait"), "{text}");
        }
    }
}
