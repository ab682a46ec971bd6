//! What is not protected where others than this machine reach the server.

use crate::gateway::Gateway;
use crate::mailing::MailerKind;
use crate::settings::Settings;
use std::io::Write;

/// Something that is not protected.
struct Exposure {
    /// Whether it is so with these settings.
    applies: fn(&Settings) -> bool,
    /// What it means, and what to do.
    says: &'static str,
}

/// All that can be told from the settings. Whoever adds a protection that can be turned off adds its line here.
const EXPOSURES: &[Exposure] = &[
    Exposure {
        applies: |settings| is_open(settings) && settings.proxies.are_none(),
        says: "no TLS: the API speaks plain HTTP beyond this machine, and no proxy is named that would speak TLS to people \
               (trusted_proxies is off): passwords and tokens can be read on their way",
    },
    Exposure {
        applies: |settings| settings.payment_gateway == Gateway::Sandbox,
        says: "payment_gateway is sandbox: ANYBODY CAN CHARGE A WALLET WITHOUT PAYING",
    },
    Exposure {
        applies: |settings| settings.mailer == MailerKind::Off,
        says: "no mailer: mailer is off, so nobody can verify an email address, or be told that somebody signs up with it",
    },
    Exposure {
        applies: |settings| matches!(settings.mailer, MailerKind::Log | MailerKind::File),
        says: "mails are not sent: mailer is log or file, so whoever reads there has everybody's codes",
    },
    Exposure {
        applies: |settings| !settings.verified_email_required,
        says: "sign-up is open: nobody has to verify an email address (verified_email_required is false), so one person can have \
               any number of accounts",
    },
    Exposure {
        applies: |_| true,
        says: "the documentation is public: /docs and /openapi.json, and /readyz says when the database is in trouble; let the \
               proxy keep them from the public",
    },
    Exposure {
        applies: |settings| settings.metrics_listen.is_some_and(|address| !address.ip().is_loopback()),
        says: "metrics are public: metrics_listen can be reached from other machines; keep it on loopback, or behind a firewall",
    },
];

/// What is not protected, a line each; nothing where only this machine reaches the server.
pub fn unprotected(settings: &Settings) -> Vec<&'static str> {
    let metrics = settings.metrics_listen.is_some_and(|address| !address.ip().is_loopback());
    if !is_reached(settings) && !metrics {
        return Vec::new();
    }
    EXPOSURES.iter().filter(|exposure| (exposure.applies)(settings)).map(|exposure| exposure.says).collect()
}

/// Writes what is not protected, and says whether nothing is.
pub fn check(settings: &Settings, out: &mut dyn Write) -> std::io::Result<bool> {
    let unprotected = unprotected(settings);
    for line in &unprotected {
        writeln!(out, "not protected: {line}")?;
    }
    if unprotected.is_empty() {
        writeln!(
            out,
            "{}",
            if is_reached(settings) { "everything is protected" } else { "only this machine reaches the server" }
        )?;
    }
    Ok(unprotected.is_empty())
}

fn is_open(settings: &Settings) -> bool {
    !settings.listen.ip().is_loopback()
}

/// Whether others than this machine reach the API: by themselves, or through a proxy on it.
fn is_reached(settings: &Settings) -> bool {
    is_open(settings) || !settings.proxies.are_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Given;

    fn lines(flags: &[(&'static str, &str)]) -> Vec<&'static str> {
        let mut given = Given { directory: "/nowhere".into(), ..Given::default() };
        given.flags.0.extend(flags.iter().map(|(name, text)| (*name, (*text).to_owned())));
        unprotected(&Settings::load(&given).unwrap())
    }

    fn says(flags: &[(&'static str, &str)], word: &str) -> bool {
        lines(flags).iter().any(|line| line.contains(word))
    }

    #[test]
    fn a_server_for_this_machine_alone_needs_no_protection() {
        for listen in ["127.0.0.1:80", "[::1]:80", "127.8.9.1:80"] {
            assert!(lines(&[("listen", listen)]).is_empty(), "{listen}");
        }
    }

    #[test]
    fn beyond_loopback_everything_is_named() {
        for listen in ["0.0.0.0:80", "[::]:80", "192.0.2.1:80"] {
            for word in ["no TLS", "sandbox", "no mailer", "sign-up", "/docs"] {
                assert!(says(&[("listen", listen)], word), "{listen}: {word}");
            }
            assert!(!says(&[("listen", listen)], "metrics"));
        }
        assert!(says(&[("metrics_listen", "0.0.0.0:9")], "metrics are public"));
    }

    #[test]
    fn sign_up_is_open_until_addresses_have_to_be_verified() {
        let open = [("listen", "0.0.0.0:80"), ("mailer", "file")];
        assert!(says(&open, "sign-up is open") && says(&open, "mails are not sent") && !says(&open, "no mailer"));
        let server =
            [("mailer", "smtp"), ("mail_from", "tickets@example.com"), ("smtp_server", "mail.example.com:587")];
        let sent = [&[("listen", "0.0.0.0:80"), ("verified_email_required", "true")][..], &server[..]].concat();
        for word in ["sign-up is open", "mails are not sent", "no mailer"] {
            assert!(!says(&sent, word), "{word}");
        }
    }

    #[test]
    fn a_proxy_on_this_machine_makes_others_reach_it_and_may_speak_tls() {
        let proxied = [("trusted_proxies", "127.0.0.1")];
        assert!(says(&proxied, "sandbox") && !says(&proxied, "no TLS"));
    }
}
