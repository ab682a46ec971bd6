//! Where a venue is.

use crate::text::composed;
use crate::violation::Violations;
use serde::{Deserialize, Serialize};

/// A postal address. Its texts are for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Street and number, as on an envelope: 1 to [`Address::MAX_LINES`] lines of up to [`Address::LONGEST_LINE`] characters.
    pub street: Vec<String>,
    /// Where the country has postal codes: 1 to [`Address::LONGEST_POSTAL_CODE`] characters.
    pub postal_code: Option<String>,
    /// 1 to [`Address::LONGEST_CITY`] characters.
    pub city: String,
    /// Code of the country as in ISO 3166-1 alpha-2, such as `KR`: two capital letters.
    pub country: String,
}

impl Address {
    /// Lines of a street: 4.
    pub const MAX_LINES: usize = 4;
    /// Characters of a line: 100.
    pub const LONGEST_LINE: usize = 100;
    /// Characters of a postal code: 16.
    pub const LONGEST_POSTAL_CODE: usize = 16;
    /// Characters of a city: 100.
    pub const LONGEST_CITY: usize = 100;

    /// The address with its texts in NFC.
    pub(super) fn normalized(self) -> Self {
        let form = |text: String| composed(&text).into_owned();
        Self {
            street: self.street.into_iter().map(form).collect(),
            postal_code: self.postal_code.map(form),
            city: form(self.city),
            country: self.country,
        }
    }

    pub(super) fn check(&self, at: &str, flaws: &mut Violations) {
        flaws.check_range(self.street.len(), 1..=Self::MAX_LINES, "lines", &format!("{at}/street"));
        for (index, line) in self.street.iter().enumerate() {
            flaws.check_text(line, Self::LONGEST_LINE, &format!("{at}/street/{index}"));
        }
        if let Some(code) = &self.postal_code {
            flaws.check_text(code, Self::LONGEST_POSTAL_CODE, &format!("{at}/postal_code"));
        }
        flaws.check_text(&self.city, Self::LONGEST_CITY, &format!("{at}/city"));
        let is_country = self.country.len() == 2 && self.country.bytes().all(|c| c.is_ascii_uppercase());
        flaws.unless(is_country, &format!("{at}/country"), "code", "two capital letters, as in ISO 3166-1 alpha-2");
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{address, venue};
    use crate::violation::Invalid;

    #[test]
    fn an_address_says_everything_that_is_wrong_with_it() {
        assert_eq!(venue().address(address().build()).build().check(), Ok(()));
        let wrong =
            address().street(vec![String::new(); 5]).postal_code(" 1".to_owned()).city("").country("kr").build();
        let Err(Invalid(flaws)) = venue().address(wrong).build().check() else { panic!("the address is wrong") };
        let pointers: Vec<_> = flaws.iter().map(|flaw| flaw.pointer.as_str()).collect();
        let lines = ["", "/0", "/1", "/2", "/3", "/4"].map(|line| format!("/address/street{line}"));
        let rest = ["postal_code", "city", "country"].map(|name| format!("/address/{name}"));
        assert_eq!(pointers, [&lines[..], &rest[..]].concat());
    }

    #[test]
    fn texts_are_kept_composed() {
        let typed = address().street(vec!["e\u{301}".to_owned()]).city("e\u{301}").build();
        let kept = venue().address(typed).build().normalized().address.unwrap();
        assert_eq!((kept.street[0].as_str(), kept.city.as_str()), ("é", "é"));
    }
}
