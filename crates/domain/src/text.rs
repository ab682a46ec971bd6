//! What is true of every text that somebody types: its form, and which characters it may have.

use icu_properties::props::{
    BidiControl, CanonicalCombiningClass, DefaultIgnorableCodePoint, GeneralCategory, HangulSyllableType,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The text in Unicode's composed form (NFC), whatever it says: so one text is always the same sequence of bytes.
pub fn composed(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfc().collect()),
    }
}

/// The text as people search for it: small letters without accents, wide ones as narrow ones. Signs that are more than an
/// accent stay, such as the vowels of Thai or the voicing of kana.
pub fn folded(text: &str) -> String {
    let is_accent = |c: &char| matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}');
    text.nfkd().filter(|c| !is_accent(c)).flat_map(char::to_lowercase).nfc().collect()
}

/// What is wrong with a text for people, composed, such as a name, a title or a message; `None` if nothing is.
///
/// It has 1 to `most` characters, at least one of which can be seen. It has no control characters, none that turn the
/// direction of what is beside it (bidi controls), and no space at either end.
pub fn text_flaw(text: &str, most: usize) -> Option<String> {
    let detail =
        || format!("1 to {most} characters, one of them visible, no control characters, no space at either end");
    (!is_fine(text, most, is_control)).then(detail)
}

/// What is wrong with a longer text for people; `None` if nothing is. It is as for [`text_flaw`], and may have line feeds.
pub(crate) fn paragraphs_flaw(text: &str, most: usize) -> Option<String> {
    let detail = || {
        format!(
            "1 to {most} characters, one of them visible, no control characters but line feeds, no space at either end"
        )
    };
    (!is_fine(text, most, |c| c != '\n' && is_control(c))).then(detail)
}

fn is_fine(text: &str, most: usize, is_forbidden: impl Fn(char) -> bool) -> bool {
    let text = composed(text);
    (1..=most).contains(&text.chars().count())
        && text.chars().any(is_visible)
        && !text.chars().any(|c| is_forbidden(c) || CodePointSetData::new::<BidiControl>().contains(c))
        && text.trim().len() == text.len()
}

/// Whether it is the address of something on the web that nobody can change on the way: `https://`, a host, perhaps a port,
/// a path, a query and a fragment, in the characters of RFC 3986. The API's description has the same as a pattern.
pub(crate) fn is_https(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let is_host = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-');
    let ends = |text: &str| {
        let end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        end(text.as_bytes().first()) && end(text.as_bytes().last())
    };
    let is_port = |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|c| c.is_ascii_digit());
    host.bytes().all(is_host) && ends(host) && port.is_none_or(is_port) && rest.bytes().all(is_of_address)
}

fn is_of_address(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?#%".contains(&c)
}

/// The text as PRECIS compares and hashes secrets: its profile `OpaqueString` (RFC 8265). Every kind of space is the
/// ordinary one, and the rest is composed. `None` if it is empty or has a character that no keyboard has: a control, an
/// invisible or a private one, or one that is not assigned.
///
/// The rules for characters that depend on their neighbours are kept only for the two that join letters: the others tell
/// letters that look alike apart, and nobody reads a secret.
pub fn opaque_string(text: &str) -> Option<String> {
    let spaced = text.chars().map(|c| if category(c) == GeneralCategory::SpaceSeparator { ' ' } else { c });
    let opaque: String = spaced.nfc().collect();
    let mut before = None;
    for c in opaque.chars() {
        let joins = matches!(c, '\u{200c}' | '\u{200d}') && before.is_some_and(is_virama);
        if !joins && !is_freeform(c) {
            return None;
        }
        before = Some(c);
    }
    Some(opaque).filter(|opaque| !opaque.is_empty())
}

/// Whether it shows nothing, by Unicode's property `Default_Ignorable_Code_Point`: two texts could look the same and differ.
pub(crate) fn is_invisible(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// A control character, or one that begins a line or a paragraph.
pub(crate) fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn is_visible(c: char) -> bool {
    use GeneralCategory as Category;
    let shows_nothing =
        matches!(category(c), Category::SpaceSeparator | Category::NonspacingMark | Category::EnclosingMark);
    // The pattern of no dots of Braille is a symbol, and empty.
    !shows_nothing && is_shown(c) && c != '\u{2800}'
}

/// Whether it has a form of its own or stands beside one that has: spaces and marks do, controls and what nobody has assigned
/// don't.
fn is_shown(c: char) -> bool {
    use GeneralCategory as Category;
    let never = matches!(
        category(c),
        Category::Control
            | Category::Format
            | Category::Unassigned
            | Category::PrivateUse
            | Category::Surrogate
            | Category::LineSeparator
            | Category::ParagraphSeparator
    );
    !never && !is_invisible(c)
}

/// RFC 8264's class of characters for free-form texts.
fn is_freeform(c: char) -> bool {
    let jamo = CodePointMapData::<HangulSyllableType>::new().get(c);
    let old_jamo = [HangulSyllableType::LeadingJamo, HangulSyllableType::VowelJamo, HangulSyllableType::TrailingJamo];
    let exception = matches!(c, '\u{640}' | '\u{7fa}' | '\u{302e}' | '\u{302f}' | '\u{3031}'..='\u{3035}' | '\u{303b}');
    is_shown(c) && !old_jamo.contains(&jamo) && !exception
}

fn is_virama(c: char) -> bool {
    CodePointMapData::<CanonicalCombiningClass>::new().get(c) == CanonicalCombiningClass::Virama
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_for_people_can_be_seen() {
        for text in [
            "Kim",
            "김",
            "O'Neil & Söhne",
            "Kim\u{301}",
            "👨\u{200d}👩\u{200d}👧",
            "❤\u{fe0f}",
            "='cmd'!A1",
            "กำ",
            "می\u{200c}خواهم",
        ] {
            assert_eq!(text_flaw(text, 100), None, "{text:?}");
        }
        let unseen = [
            "",
            " ",
            "\u{a0}",
            "\u{200b}",
            "\u{2800}",
            "\u{3164}",
            "\u{feff}",
            "\u{301}",
            "\u{ad}\u{2060}",
            "\u{e000}",
        ];
        let hostile =
            ["\u{202e}evil", "a\u{2066}b", "a\u{200f}", "a\0b", "a\nb", "a\u{2028}b", "a\u{85}b", " a", "a\u{3000}"];
        for text in unseen.into_iter().chain(hostile) {
            assert!(text_flaw(text, 100).is_some(), "{text:?}");
        }
    }

    #[test]
    fn a_longer_text_may_have_paragraphs() {
        assert_eq!(paragraphs_flaw("One.\n\nTwo.", 100), None);
        for text in ["", "\n", "One.\n", "\nOne.", "a\rb", "a\tb", "a\u{2028}b", "a\n\u{202e}b", "12345678901"] {
            assert!(paragraphs_flaw(text, 10).is_some(), "{text:?}");
        }
    }

    #[test]
    fn an_address_of_a_picture_can_be_fetched_safely() {
        for text in ["https://a", "https://cdn.example:8443/a/b%20c.jpg?w=1#x", "https://1.2.3.4?x", "https://a#"] {
            assert!(is_https(text), "{text}");
        }
        for text in [
            "",
            "a",
            "https://",
            "http://a",
            "HTTPS://a",
            "javascript:alert(1)",
            "https:///a",
            "https://-a",
            "https://a.",
            "https://user@a",
            "https://a:",
            "https://a:123456",
            "https://a:80:80",
            "https://[::1]",
            "https://a/ü",
            "https://a/ b",
            "https://a/\"",
            "https://a/<",
            "https://a/\n",
        ] {
            assert!(!is_https(text), "{text:?}");
        }
    }

    #[test]
    fn what_people_search_for_has_neither_case_nor_accents() {
        for (text, search) in [
            ("Beyoncé", "beyonce"),
            ("BEYONCE\u{301}", "beyonce"),
            ("Ｌａｒｋｓ", "larks"),
            ("아이유", "아이유"),
            ("\u{110b}\u{1161}", "아"),
            ("ガ", "ガ"),
            ("กำ", "กํา"),
        ] {
            assert_eq!(folded(text), search, "{text}");
            assert_eq!(folded(search), search, "{search}");
        }
    }

    #[test]
    fn characters_are_counted_composed() {
        let apart = "e\u{301}".repeat(3);
        assert_eq!(text_flaw(&apart, 3), None);
        assert!(text_flaw(&apart, 2).is_some());
    }

    #[test]
    fn a_secret_is_the_same_on_every_keyboard() {
        for (typed, kept) in [
            ("p\u{e4}ssw\u{f6}rt-1", "pässwört-1"),
            ("pa\u{308}sswo\u{308}rt-1", "pässwört-1"),
            ("correct\u{a0}horse", "correct horse"),
            ("correct\u{3000}horse", "correct horse"),
            ("Correct Horse", "Correct Horse"),
            // Nothing is folded: a ligature, a wide letter and a small one stay.
            ("ﬁｘß", "ﬁｘß"),
            ("🦄 ₽", "🦄 ₽"),
            ("क\u{94d}\u{200d}ष", "क\u{94d}\u{200d}ष"),
            // The sign for Ångström is the letter Å.
            ("\u{212b}", "\u{c5}"),
        ] {
            assert_eq!(opaque_string(typed).as_deref(), Some(kept), "{typed:?}");
        }
        for typed in [
            "",
            "a\u{7}",
            "a\nb",
            "a\u{200b}b",
            "a\u{200d}b",
            "\u{feff}a",
            "a\u{e000}",
            "a\u{378}",
            "\u{1100}",
            "a\u{ffff}",
        ] {
            assert_eq!(opaque_string(typed), None, "{typed:?}");
        }
    }

    proptest! {
        #[test]
        fn a_form_stays_what_it_is(text in ".{0,20}") {
            let once = composed(&text);
            prop_assert_eq!(composed(&once), once.clone());
            if let Some(secret) = opaque_string(&text) {
                let apart: String = secret.nfd().collect();
                prop_assert_eq!(opaque_string(&secret), Some(secret.clone()));
                prop_assert_eq!(opaque_string(&apart), Some(secret));
            }
        }
    }
}
