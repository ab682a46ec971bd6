//! Passwords that many people choose, and that whoever guesses tries first.

use frontrow_domain::folded;
use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

/// Long ones, and words that shorter ones are made of; see the file.
static LISTED: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let lines = include_str!("common.txt").lines();
    lines.filter(|line| !line.starts_with("# ") && *line != "#").collect()
});

/// Different characters that a password has at least.
const FEWEST: usize = 4;

/// Whether it is in the list, or a word of the list with figures or signs at its ends, or several times such a word, or few
/// characters again and again, or a row of neighbours such as `abcdefghij`. Case, accents, spaces and figures for letters
/// (`p4$$w0rd`) make no difference.
pub(super) fn is_common(password: &str) -> bool {
    let plain: String = folded(password).chars().filter(|c| !c.is_whitespace()).collect();
    let letters = |text: &str| text.chars().map(letter).collect::<String>();
    // Figures at the ends are no letters; inside they may be.
    let dressed_up = letters(without_ends(&plain));
    plain.chars().collect::<BTreeSet<_>>().len() < FEWEST
        || is_row(&plain)
        || [&plain, &letters(&plain), &dressed_up].into_iter().any(|text| is_listed(text))
}

fn is_listed(text: &str) -> bool {
    [text, without_ends(text)].into_iter().any(|text| (1..=4).any(|times| is_word(text, times)))
}

/// Without the figures and signs before the first letter and after the last.
fn without_ends(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_alphabetic())
}

/// Whether it is a word of the list, so many times.
fn is_word(text: &str, times: usize) -> bool {
    let word = text.get(..text.len() / times).unwrap_or_default();
    LISTED.contains(word) && word.repeat(times) == text
}

/// Whether every character is the one after, or before, its neighbour.
fn is_row(text: &str) -> bool {
    let codes: Vec<i64> = text.chars().map(|c| i64::from(u32::from(c))).collect();
    [-1, 1].into_iter().any(|step| codes.windows(2).all(|pair| pair[1] - pair[0] == step))
}

/// The letter that a figure or a sign stands for.
const fn letter(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_choose_is_found_however_it_is_dressed_up() {
        for common in [
            "1234567890",
            "qwertyuiop",
            "password123",
            "Password123!",
            "PASSWORD2026",
            "p4$$w0rd2026!",
            "pass word 2026",
            "passwordpassword",
            "Dragón123456",
            "2026-sunshine",
            "ｐａｓｓｗｏｒｄ１２３",
            "iloveyou iloveyou",
            "aaaaaaaaaa",
            "1212121212",
            "abcdefghijklm",
            "zyxwvutsrq",
            "9876543210",
        ] {
            assert!(is_common(common), "{common}");
        }
        for good in [
            "correct horse battery",
            "correct horse",
            "staple battery horse",
            "wrong horse battery",
            "another password",
            "vier Pferde im Regen",
            "말 네 마리와 배터리",
            "h7Kq2-xPz9w",
            "aabbccddee11",
        ] {
            assert!(!is_common(good), "{good}");
        }
    }

    #[test]
    fn the_list_is_as_it_is_compared() {
        assert!(LISTED.len() > 4000 && LISTED.len() < 10_000);
        for word in LISTED.iter() {
            assert_eq!(folded(word), *word);
        }
    }
}
