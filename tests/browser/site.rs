//! The page's files, from an origin of their own.

use anyhow::{Context, Result, ensure};
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a team copies.
pub const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/booking-page");

/// A static file server, until the test's runtime ends.
pub struct Site {
    pub origin: String,
}

impl Site {
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A browser opens connections on speculation and leaves them.
                tokio::spawn(async move { serve(stream).await.ok() });
            }
        });
        Ok(Self { origin })
    }
}

async fn serve(mut stream: TcpStream) -> Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        ensure!(stream.read_buf(&mut request).await? > 0 && request.len() < 16_384, "no request");
    }
    let request = String::from_utf8(request)?;
    let path = request.split(' ').nth(1).context("no path")?;
    let name = path.split('?').next().unwrap_or_default().trim_start_matches('/');
    let name = if name.is_empty() { "index.html" } else { name };
    let media_type = match Path::new(name).extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        _ => "text/plain",
    };
    let (status, body) = match tokio::fs::read(Path::new(PAGE).join(name)).await {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n", body.len());
    stream.write_all(format!("{head}Cache-Control: no-store\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    stream.write_all(&body).await?;
    Ok(())
}

#[test]
fn the_page_has_at_most_300_lines() -> Result<()> {
    let mut lines = 0;
    for entry in std::fs::read_dir(PAGE)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "md") {
            lines += std::fs::read_to_string(path)?.lines().count();
        }
    }
    ensure!((1..=300).contains(&lines), "the page has {lines} lines");
    Ok(())
}
