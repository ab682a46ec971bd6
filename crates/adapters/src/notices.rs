//! What owners of accounts should hear of, where nobody sends them mail.

use frontrow_application::port::{AccountNotice, AccountNotices};

/// Writes it to the log, for whoever runs the installation.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoggedNotices;

impl AccountNotices for LoggedNotices {
    fn tell(&self, notice: &AccountNotice) {
        match notice {
            AccountNotice::RefreshTokenReused { user, session, .. } => {
                tracing::warn!(%user, %session, "a refresh token was shown that was used up: the session was ended");
            }
            AccountNotice::PasswordChanged { user, .. } => tracing::info!(%user, "a password was changed"),
            other => tracing::warn!(?other, "something happened to an account"),
        }
        metrics::counter!("frontrow_account_notices_total", "notice" => name(notice)).increment(1);
    }
}

const fn name(notice: &AccountNotice) -> &'static str {
    match notice {
        AccountNotice::RefreshTokenReused { .. } => "refresh_token_reused",
        AccountNotice::PasswordChanged { .. } => "password_changed",
        _ => "other",
    }
}
