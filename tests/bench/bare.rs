//! The bare server: actix-web alone, with fixed answers.

use crate::load::{Client, Requests, again, request};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{Bytes, get, resource};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::net::SocketAddr;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

/// What makes this program be that server.
pub const ARGUMENT: &str = "--bare";
/// About as long as a small answer of ours.
const HELLO: &str = concat!(
    r#"{"hello":"this answer is about as long as a small one of ours: 115 bytes, "#,
    r#"and it is always the same, byte by byte"}"#,
);
/// Headers that actix-web writes itself.
const OF_THE_SERVER: [&str; 4] = ["connection", "content-length", "date", "transfer-encoding"];

/// An answer that is always the same.
#[derive(Clone, Serialize, Deserialize)]
pub struct FixedAnswer {
    pub status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl FixedAnswer {
    /// 115 bytes.
    pub fn hello() -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { status: 200, headers, body: HELLO.to_owned() }
    }

    /// What a server answers, with the same headers and the same bytes.
    pub async fn of(address: SocketAddr, request: &[u8]) -> Result<Self> {
        let mut client = Client::connect(address).await?;
        let status = client.ask(request).await?;
        let headers = client.head()?.lines().filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
        let headers = headers.filter(|(name, _)| !OF_THE_SERVER.contains(&name.as_str())).collect();
        Ok(Self { status, headers, body: String::from_utf8(client.body().to_vec())? })
    }

    /// One of its headers.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// The server, while it runs.
pub struct Bare {
    pub address: SocketAddr,
    _child: Child,
}

impl Bare {
    /// In a process of its own, as the server that it is compared with. `/0` has the first answer, `/1` the next.
    pub async fn start(answers: &[FixedAnswer]) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut stdin = child.stdin.take().context("piped")?;
        stdin.write_all(&serde_json::to_vec(answers)?).await?;
        drop(stdin);
        let mut said = String::new();
        BufReader::new(child.stdout.take().context("piped")?).read_line(&mut said).await?;
        Ok(Self { address: said.trim().parse().context("the bare server did not start")?, _child: child })
    }
}

/// Asks for the first answer, again and again.
pub fn first_again() -> Requests {
    again(request("GET", "/0", &[], ""))
}

/// Serves until it is killed.
pub fn serve() -> Result<()> {
    let answers: Vec<FixedAnswer> = serde_json::from_reader(std::io::stdin())?;
    let answers: Vec<Prepared> = answers.into_iter().map(Prepared::of).collect::<Result<_>>()?;
    let app = move || {
        App::new().configure(|services| {
            for (n, answer) in answers.iter().cloned().enumerate() {
                let respond = move || std::future::ready(answer.response());
                services.service(resource(format!("/{n}")).route(get().to(respond)));
            }
        })
    };
    let server = HttpServer::new(app).workers(std::thread::available_parallelism()?.get()).bind("127.0.0.1:0")?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", server.addrs().first().context("no address")?)?;
    out.flush()?;
    actix_web::rt::System::new().block_on(server.run())?;
    Ok(())
}

/// Nothing is left to do but to copy it.
#[derive(Clone)]
struct Prepared {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Prepared {
    fn of(answer: FixedAnswer) -> Result<Self> {
        let headers = answer.headers.iter().map(|(name, value)| Ok((name.parse()?, value.parse()?)));
        let headers = headers.collect::<Result<_>>()?;
        Ok(Self { status: StatusCode::from_u16(answer.status)?, headers, body: answer.body.into() })
    }

    fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        if self.body.is_empty() { response.finish() } else { response.body(self.body.clone()) }
    }
}
