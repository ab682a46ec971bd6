//! What every test has: a server, a network, the page's files and a browser. It all ends with the test.

use crate::browser::Page;
use crate::proxy::Proxy;
use crate::server::Server;
use crate::site::Site;
use anyhow::{Context, Error, Result};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Builder;
use tokio::time::timeout;

/// No test takes longer.
const MAX_TIME: Duration = Duration::from_mins(3);

pub struct Stage {
    pub server: Server,
    pub network: Proxy,
    pub page: Page,
    site: Site,
}

impl Stage {
    async fn set(directory: &TempDir, mock: Option<&[&str]>) -> Result<Self> {
        let site = Site::start().await?;
        let server = match mock {
            Some(options) => Server::mock(directory.path(), options).await?,
            None => Server::demo(directory.path(), &site.origin).await?,
        };
        let network = Proxy::start(server.address).await?;
        let page = Page::open(directory.path()).await?;
        Ok(Self { server, network, page, site })
    }

    /// Opens the page there, for example at `#concerts`.
    pub async fn open(&self, hash: &str) -> Result<()> {
        self.page.go(&format!("{}/?api=http://{}{hash}", self.site.origin, self.network.address)).await
    }

    /// Opens the page at a concert's first performance, and signs up there.
    pub async fn sign_up(&self, concert: &str) -> Result<()> {
        let page = &self.page;
        self.open("").await?;
        page.follow(concert).await?;
        page.follow("on sale").await?;
        page.fill("Email", "buyer@example.com").await?;
        page.fill("Password", "correct horse battery").await?;
        page.fill("Name", "Buyer").await?;
        page.press("Sign up").await
    }
}

/// Runs a test against the demo on SQLite.
pub fn run(test: impl AsyncFnOnce(&Stage) -> Result<()>) -> Result<()> {
    run_against(None, test)
}

/// The same against the mock, with these options.
pub fn run_on_mock(options: &[&str], test: impl AsyncFnOnce(&Stage) -> Result<()>) -> Result<()> {
    run_against(Some(options), test)
}

fn run_against(mock: Option<&[&str]>, test: impl AsyncFnOnce(&Stage) -> Result<()>) -> Result<()> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let directory = tempfile::tempdir()?;
        let stage = Stage::set(&directory, mock).await?;
        let tried = timeout(MAX_TIME, Box::pin(test(&stage))).await.context("the test takes too long").flatten();
        let checked = match tried {
            Ok(()) => stage.page.has_no_errors().await,
            Err(error) => Err(explain(error, &stage).await),
        };
        let closed = stage.page.close().await;
        checked.and(closed)
    })
}

async fn explain(error: Error, stage: &Stage) -> Error {
    let state = timeout(Duration::from_secs(10), stage.page.state()).await;
    let state = state.unwrap_or_else(|_| "the browser doesn't answer".to_owned());
    error.context(format!("{state}\nthe server says:\n{}", stage.server.process.output()))
}
