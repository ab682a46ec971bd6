//! The names of sections and rows, which stand in labels: letters and digits of any script.

use crate::text::{composed, is_invisible};
use crate::violation::Violations;
use unicode_normalization::char::is_combining_mark;

/// Characters of a name, in NFC: 16.
pub(super) const LONGEST: usize = 16;

/// The name as it is kept and compared, in Unicode's composed form (NFC); `None` if it can't name a section or a row.
///
/// A name is 1 to [`SeatMap::MAX_NAME`](crate::SeatMap::MAX_NAME) (16) characters: letters and digits of any script,
/// with the marks that belong to them, such as the vowel signs of Thai. Spaces, `-` and other punctuation would make a
/// label ambiguous or need quoting in a CSV file. A name that a Mac has taken apart (NFD) is put together again, so one
/// name is always the same sequence of bytes.
pub fn seat_name(text: &str) -> Option<String> {
    let name = composed(text);
    is_name(&name).then(|| name.into_owned())
}

fn is_name(name: &str) -> bool {
    let in_alphabet = |letter: char| (letter.is_alphanumeric() || is_combining_mark(letter)) && !is_invisible(letter);
    (1..=LONGEST).contains(&name.chars().count())
        && !name.starts_with(is_combining_mark)
        && name.chars().all(in_alphabet)
}

impl Violations {
    /// A section's or row's name: see [`seat_name`].
    pub(super) fn check_seat_name(&mut self, text: &str, pointer: &str) {
        if seat_name(text).is_none() {
            self.add(pointer, "code", format!("1 to {LONGEST} letters or digits of any script"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    #[test]
    fn a_name_is_letters_and_digits_of_any_script() {
        for name in [
            "A",
            "1",
            "1층",
            "가구역",
            "나",
            "Élysée",
            "אולם",
            "ชั้น1",
            "हॉल",
            "二階",
            "Ⅳ",
            "가나다라마바사아자차카타파하갸냐",
        ] {
            assert_eq!(seat_name(name).as_deref(), Some(name));
        }
    }

    #[test]
    fn punctuation_spaces_invisible_and_long_names_are_refused() {
        let refused = [
            "",
            " ",
            "A ",
            "1 층",
            "나-12",
            "A,B",
            "\"A\"",
            "A/1",
            "A\n",
            "A\u{200b}",
            "A\u{200d}B",
            "\u{3164}",
            "\u{115f}",
            "A\u{fe0f}",
            "\u{301}A",
            "🎭",
            "가나다라마바사아자차카타파하갸냐더",
        ];
        for name in refused {
            assert_eq!(seat_name(name), None, "{name:?}");
        }
    }

    #[test]
    fn names_that_were_taken_apart_are_put_together() {
        for name in ["1층", "가구역", "Élysée", "가나다라마바사아자차카타파하갸냐"] {
            let apart: String = name.nfd().collect();
            assert_ne!(apart, name);
            assert_eq!(seat_name(&apart).as_deref(), Some(name));
        }
        // The sign for Ångström is the letter Å.
        assert_eq!(seat_name("\u{212b}").as_deref(), Some("\u{c5}"));
    }

    proptest! {
        #[test]
        fn a_name_stays_what_it_is(text in "\\PC{0,18}") {
            if let Some(name) = seat_name(&text) {
                prop_assert_eq!(seat_name(&name), Some(name.clone()));
                let apart: String = name.nfd().collect();
                prop_assert_eq!(seat_name(&apart), Some(name));
            }
        }
    }
}
