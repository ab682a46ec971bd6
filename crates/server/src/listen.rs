//! Addresses to listen on, and the signals that end it.

use anyhow::{Context, Result};
use std::net::{SocketAddr, TcpListener};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens on the address of that setting.
pub fn listen(setting: &str, address: SocketAddr) -> Result<TcpListener> {
    let flag = setting.replace('_', "-");
    let refused = || format!("{setting} = {address}: nobody can listen there; write another address with --{flag}");
    TcpListener::bind(address).with_context(refused)
}

/// SIGTERM and SIGINT, from now on.
pub struct EndSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl EndSignals {
    /// Watches for them; they no longer end the process by themselves.
    pub fn watch() -> Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Returns when one has come.
    pub async fn come(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_use_is_named_with_what_to_write() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = listen("metrics_listen", taken.local_addr().unwrap()).unwrap_err();
        assert!(format!("{error:#}").contains("--metrics-listen"), "{error:#}");
    }
}
