//! Addresses to listen on, and the signals that stop the server.

use crate::settings::what_it_takes;
use anyhow::{Context, Result};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens on the address; `setting` is its name, for the error.
pub fn listen(setting: &str, address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).with_context(|| refusal(setting, address))
}

/// The same for an address that nobody asked for: if it is in use, any free port of the same host does.
pub fn listen_near(setting: &str, address: SocketAddr) -> Result<TcpListener> {
    match TcpListener::bind(address) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => listen(setting, SocketAddr::new(address.ip(), 0)),
        bound => bound.with_context(|| refusal(setting, address)),
    }
}

fn refusal(setting: &str, address: SocketAddr) -> String {
    let what_it_takes = what_it_takes(setting);
    let (flag, variable) = (setting.replace('_', "-"), setting.to_uppercase());
    format!(
        "{setting} = {address}: the server can't listen there; write another with --{flag}, FRONTROW_{variable} or in \
         the settings file: {what_it_takes}"
    )
}

/// SIGTERM and SIGINT.
pub struct EndSignals {
    terminate: Signal,
    interrupt: Signal,
}

/// SIGHUP, which would end a process that doesn't handle it.
pub struct HangUps(Signal);

impl EndSignals {
    /// Handles the signals from now on, so that they no longer end the process.
    pub fn watch() -> Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Returns when SIGTERM or SIGINT has come.
    pub async fn come(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

impl HangUps {
    /// Handles the signal from now on, so that it no longer ends the process.
    pub fn watch() -> Result<Self> {
        Ok(Self(signal(SignalKind::hangup())?))
    }

    /// Returns when SIGHUP has come, once for several that came meanwhile.
    pub async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
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
        let said = format!("{error:#}");
        for word in ["metrics_listen = 127.0.0.1:", "--metrics-listen", "FRONTROW_METRICS_LISTEN", "or off"] {
            assert!(said.contains(word), "{said}");
        }
    }

    #[test]
    fn an_address_that_nobody_asked_for_gives_way() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let instead = listen_near("metrics_listen", address).unwrap().local_addr().unwrap();
        assert!(instead.ip() == address.ip() && instead.port() != address.port(), "{instead}");
        drop(taken);
        assert_eq!(listen_near("metrics_listen", address).unwrap().local_addr().unwrap(), address);
    }
}
