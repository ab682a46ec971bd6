//! What mails say. None has the name of the account in it: whoever signs up with somebody else's address could make us say
//! anything.

use crate::port::MailKind;
use frontrow_domain::MailCode;

/// The words of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    pub text: String,
}

impl Letter {
    /// With that code, if the kind has one.
    pub fn about(kind: MailKind, code: &str) -> Self {
        let minutes = MailCode::LIFETIME.as_secs() / 60;
        let (subject, text) = match kind {
            MailKind::VerifyEmail => (
                "Your code to confirm this address",
                format!(
                    "Enter this code to confirm that this address is yours:\n\n    {code}\n\n\
                     It works for {minutes} minutes, once.\n\n\
                     If you didn't sign up, ignore this mail: without the code nothing happens.\n"
                ),
            ),
            MailKind::AccountExists => (
                "You already have an account",
                "Somebody tried to sign up with this address, which has an account already. If it was you, log in \
                 instead.\n\nIf it wasn't you, ignore this mail: nothing has changed.\n"
                    .to_owned(),
            ),
        };
        Self { subject: subject.to_owned(), text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_has_a_code_if_it_is_good_for_something() {
        for kind in MailKind::ALL {
            let Letter { subject, text } = Letter::about(kind, "12345678");
            assert_eq!(text.contains("12345678"), kind.code().is_some(), "{kind:?}");
            assert!(!subject.contains("12345678"), "a subject shows on locked screens");
            assert!(subject.lines().count() == 1 && text.ends_with('\n'), "{kind:?}");
            assert!(subject.is_ascii() && text.is_ascii(), "every mail server takes it: {kind:?}");
        }
    }
}
