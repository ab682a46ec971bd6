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

/// SIGTERM and SIGINT, from now on. SIGHUP, which would end a process that does not know it, is told and ignored.
pub struct EndSignals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl EndSignals {
    /// Watches for them; they no longer end the process by themselves.
    pub fn watch() -> Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Returns when one has come that ends the server.
    pub async fn come(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => tracing::warn!("SIGHUP came and is ignored: settings and keys are read at the start"),
            }
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
