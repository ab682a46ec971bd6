//! `frontrow mock`: the API without a database.

use crate::cli::Mock;
use crate::listen::EndSignals;
use crate::refused::Refused;
use anyhow::{Context, Result};
use frontrow_adapters::SystemClock;
use frontrow_mock::{MockSettings, Stage, run};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio::sync::watch;

/// Serves a mock until a signal comes.
pub async fn serve(options: Mock, out: &mut dyn Write) -> Result<()> {
    let settings = settings(&options)?;
    let mut signals = EndSignals::watch()?;
    let listener = listen(options.address)?;
    let address = listener.local_addr()?;
    let stage = Arc::new(Stage::open(settings, Arc::new(SystemClock)).await?);
    let stop = watch::Sender::new(false);
    let driver = {
        let (stage, stopped) = (Arc::clone(&stage), stop.subscribe());
        tokio::spawn(async move { stage.drive(stopped).await })
    };
    let server = run(listener, &stage)?;
    let handle = server.handle();
    let mut serving = tokio::spawn(server);
    greet(&stage, address, out)?;
    let ended = tokio::select! {
        () = signals.come() => None,
        ended = &mut serving => Some(ended),
    };
    stop.send_replace(true);
    driver.await?;
    let ended = if let Some(ended) = ended {
        ended
    } else {
        handle.stop(true).await;
        serving.await
    };
    ended?.context("the mock ended by itself")
}

fn settings(options: &Mock) -> Result<MockSettings, Refused> {
    let origins = MockSettings::checked_origins(&options.cors_origin)
        .map_err(|error| Refused(format!("--cors-origin {}: write {error}", options.cors_origin.join(" "))))?;
    Ok(MockSettings { seed: options.seed, crowd: options.crowd, origins })
}

fn listen(address: SocketAddr) -> Result<TcpListener> {
    let refusal = || {
        format!(
            "the mock can't listen on {address}: write another address with --address, such as --address 127.0.0.1:8081"
        )
    };
    TcpListener::bind(address).with_context(refusal)
}

/// What the mock has, and where it is.
fn greet(stage: &Stage, address: SocketAddr, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{}", stage.playbill())?;
    writeln!(out, "API         http://{address}/v1\nSwagger UI  http://{address}/docs")?;
    writeln!(out, "The mock    http://{address}/mock/world   nothing is kept; see docs/mock.md")?;
    if !address.ip().is_loopback() {
        writeln!(out, "WARNING     {address} can be reached from other machines: everybody there has these passwords")?;
    }
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Mock {
        Mock { seed: 16, crowd: 0, address: ([127, 0, 0, 1], 0).into(), cors_origin: Vec::new() }
    }

    #[test]
    fn origins_are_named_exactly() {
        assert!(settings(&options()).is_ok());
        let refused = |options: Mock| settings(&options).unwrap_err().0;
        let said = refused(Mock { cors_origin: vec!["*".to_owned()], ..options() });
        assert!(said.contains("--cors-origin *") && said.contains("https://"), "{said}");
    }

    #[test]
    fn an_address_in_use_says_what_to_write() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let said = format!("{:#}", listen(taken.local_addr().unwrap()).unwrap_err());
        assert!(said.contains("--address"), "{said}");
    }
}
