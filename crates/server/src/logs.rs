//! The log: structured, to standard error, without secrets or personal data. What it says about security can go to a file of
//! its own.

use crate::settings::{LogFormat, Settings};
use anyhow::{Context, Result, anyhow};
use std::fs::{File, OpenOptions};
use std::io::IsTerminal;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// The target of what is said about security.
const SECURITY: &str = "security";

/// Starts logging as the settings say. Call it once per process.
pub fn start(settings: &Settings) -> Result<()> {
    let file = settings.security_log_file.as_deref().map(open).transpose()?;
    let log = fmt::layer().with_writer(std::io::stderr);
    let log = match settings.log_format {
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).boxed(),
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).boxed(),
    };
    let security = file.map(|file| {
        let lines = fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
        let only = Targets::new().with_target(SECURITY, LevelFilter::INFO);
        lines.with_ansi(false).with_writer(Arc::new(file)).with_filter(only)
    });
    let filter = filter(&settings.log, security.is_some())?;
    let started = tracing_subscriber::registry().with(log.with_filter(filter)).with(security).try_init();
    started.map_err(|error| anyhow!("the log can't be started: {error}"))
}

/// What is said about security goes to its file, or else into the log, unless the setting says otherwise by name.
fn filter(setting: &str, has_file: bool) -> Result<EnvFilter> {
    let filter = if has_file { format!("{setting},{SECURITY}=off") } else { format!("{SECURITY}=info,{setting}") };
    Ok(EnvFilter::try_new(filter)?)
}

/// Lines are added at the end, each in one write, so that several processes can share a file, and somebody else can cut it
/// off.
fn open(path: &Path) -> Result<File> {
    let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    opened.with_context(|| format!("security_log_file {} can't be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_is_in_the_log_unless_it_has_a_file_or_somebody_turns_it_off() {
        let shown = |setting, has_file| filter(setting, has_file).unwrap().to_string();
        assert!(shown("warn", false).contains("security=info"));
        assert!(shown("warn", true).contains("security=off"));
        let off = shown("warn,security=off", false);
        assert!(off.contains("security=off") && !off.contains("security=info"), "{off}");
    }
}
