//! What a person's name and address look like in a password.

use frontrow_domain::{User, folded};

/// From this length on a text is found inside words, too: shorter names are parts of many.
const LONG: usize = 4;

/// Whether the password contains the person's name, their email address, or a part of either. Case, accents and what stands
/// between letters and figures make no difference.
pub(super) fn is_about(password: &str, user: &User) -> bool {
    let (password, name, email) = (folded(password), folded(&user.name), folded(user.email.as_str()));
    let local = email.rsplit_once('@').map_or(email.as_str(), |(local, _)| local);
    let words = |text: &str| text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect::<Vec<_>>();
    let wholes = [&*name, &*email, local].map(squeezed);
    let parts = wholes.into_iter().chain(words(&name)).chain(words(local));
    let (inside, of_letters) = (squeezed(&password), words_of_letters(&password));
    parts.into_iter().any(|part| match part.chars().count() {
        0 | 1 => false,
        length if length < LONG => of_letters.contains(&part),
        _ => inside.contains(&part),
    })
}

/// Its letters and figures.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn words_of_letters(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphabetic()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontrow_domain::testing;

    fn user(name: &str, email: &str) -> User {
        testing::user().name(name).email(email.parse().unwrap()).build()
    }

    #[test]
    fn a_password_has_nothing_of_its_owner() {
        let ada = user("Ada Lovelace", "a.king+tickets@example.org");
        for about in [
            "adalovelace1",
            "Lovelace engine",
            "x a.king+tickets@example.org",
            "ÁDA 1815 1816",
            "king1815king",
            "AKingTickets 99",
        ] {
            assert!(is_about(about, &ada), "{about}");
        }
        for other in ["correct horse battery", "adamant engine", "an example of rain"] {
            assert!(!is_about(other, &ada), "{other}");
        }
    }

    #[test]
    fn a_short_name_may_be_a_part_of_another_word() {
        let kim = user("Kim", "kim@example.com");
        assert!(is_about("kim1234567", &kim) && is_about("hello KIM hello", &kim));
        assert!(!is_about("kimchi and rice", &kim) && !is_about("correct horse battery", &kim));
        assert!(!is_about("correct horse battery", &user("X", "x@example.com")));
        assert!(is_about("한로로와 함께", &user("한로로와", "h@example.com")));
    }
}
