//! The bare server: actix-web alone.

use anyhow::{Context, Result};
use std::io::Write;
use std::net::SocketAddr;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// What makes this program be that server.
pub const ARGUMENT: &str = "--hello";
/// Bytes of its answer, about as many as a small answer of ours has.
const BODY: &str = r#"{"hello":"this answer is about as long as a small one of ours: 115 bytes, and it is always the same, byte by byte"}"#;

/// The server, while it runs.
pub struct Hello {
    pub address: SocketAddr,
    _child: Child,
}

impl Hello {
    /// In a process of its own, as the server that it is compared with.
    pub async fn start() -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(ARGUMENT)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut queue = String::new();
        BufReader::new(child.stdout.take().context("piped")?).read_line(&mut queue).await?;
        Ok(Self { address: queue.trim().parse().context("the bare server did not start")?, _child: child })
    }
}

/// Serves until it is killed.
pub fn serve() -> Result<()> {
    use actix_web::web::{get, resource};
    use actix_web::{App, HttpResponse, HttpServer};
    let hello = async || HttpResponse::Ok().content_type("application/json").body(BODY);
    let app = move || App::new().service(resource("/").route(get().to(hello)));
    let server = HttpServer::new(app).workers(std::thread::available_parallelism()?.get()).bind("127.0.0.1:0")?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", server.addrs().first().context("no address")?)?;
    out.flush()?;
    actix_web::rt::System::new().block_on(server.run())?;
    Ok(())
}
