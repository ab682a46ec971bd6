//! Entity tags.

use super::query::plain;
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::header::{IF_MATCH, IF_NONE_MATCH};
use actix_web::{FromRequest, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use frontrow_application::port::Revision;
use sha2::{Digest, Sha256};
use std::future::{Ready, ready};

/// The tag of a body: the same for the same bytes, on every instance.
pub(crate) fn entity_tag(body: &[u8]) -> String {
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(body)[..12]))
}

/// The tag without its quotes.
pub(crate) fn bare_tag(tag: &str) -> &str {
    tag.trim_matches('"')
}

/// The tag of a body as clients send it back outside of the headers that are made for it: with its quotes or without them,
/// and with the mark of a proxy that has compressed it. `None` if it is none of ours.
pub(crate) fn quoted_tag(text: &str) -> Option<String> {
    let text = text.strip_prefix("W/").unwrap_or(text);
    let bare = text.strip_prefix('"').map_or(Some(text), |rest| rest.strip_suffix('"'))?;
    let is_ours = bare.len() == 16 && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    is_ours.then(|| format!("\"{bare}\""))
}

/// Whether the client has what has this tag.
pub(crate) fn knows(request: &HttpRequest, tag: &str) -> bool {
    let headers = request.headers().get_all(IF_NONE_MATCH).filter_map(|header| header.to_str().ok());
    headers.flat_map(|header| header.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    })
}

/// The tag of something that operators put: its revision.
pub(crate) fn revision_tag(revision: Revision) -> String {
    format!("\"{}\"", revision.0)
}

/// Which revision the client has read: `If-Match`, with the tag of one. `None` if it says nothing.
#[derive(Clone, Copy, Debug)]
pub struct IfMatch(pub Option<Revision>);

impl IfMatch {
    /// No row ever has it: what the client has read is nothing that was given out here.
    const NEVER: Revision = Revision(-1);
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = super::once(request.headers(), IF_MATCH.as_str()).map(|tag| {
            let number = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).and_then(plain);
            number.map_or(Self::NEVER, |number| Revision(number.into()))
        });
        ready(Ok(Self(read)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_comes_back_in_several_ways() {
        let tag = entity_tag(b"{}");
        assert_eq!(bare_tag(&tag).len(), 16);
        for text in [tag.clone(), format!("W/{tag}"), bare_tag(&tag).to_owned(), format!("W/{}", bare_tag(&tag))] {
            assert_eq!(quoted_tag(&text), Some(tag.clone()), "{text}");
        }
        for text in ["", "\"", "W/", "*", "\"7\"", "\"0123456789abcdef", "0123456789abcde~", "0123456789abcdef0"] {
            assert_eq!(quoted_tag(text), None, "{text}");
        }
    }
}
