//! Chromium, with the page as somebody sees it who reads texts, fills fields and presses buttons.

use crate::process::Process;
use anyhow::{Context, Result, bail, ensure};
use std::future::Future;
use std::path::Path;
use std::time::Duration;
use thirtyfour::cdp::domains::network::NetworkConditions;
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities;
use thirtyfour::common::capabilities::firefox::LoggingPrefsLogLevel;
use thirtyfour::prelude::*;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

/// No condition is waited for longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at a condition.
const PACE: Duration = Duration::from_millis(50);

/// One tab.
pub struct Page {
    driver: WebDriver,
    _chromedriver: Process,
    profile: String,
}

impl Page {
    /// A browser that knows nothing, with its profile in that directory.
    pub async fn open(directory: &Path) -> Result<Self> {
        let (chromedriver, port) = start_chromedriver().await?;
        let profile = directory.join("profile").to_str().context("UTF-8")?.to_owned();
        let mut wanted = DesiredCapabilities::chrome();
        for argument in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--lang=en"] {
            wanted.add_arg(argument)?;
        }
        wanted.add_arg(&format!("--user-data-dir={profile}"))?;
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All)?;
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wanted).await;
        let driver = driver.with_context(|| format!("no Chromium:\n{}", chromedriver.output()))?;
        Ok(Self { driver, _chromedriver: chromedriver, profile })
    }

    pub async fn go(&self, address: &str) -> Result<()> {
        Ok(self.driver.goto(address).await?)
    }

    pub async fn reload(&self) -> Result<()> {
        Ok(self.driver.refresh().await?)
    }

    /// What is shown of a link, a button or a title.
    pub async fn sees(&self, text: &str) -> Result<()> {
        until(&format!("the text {text:?}"), async || Ok(self.text().await?.contains(text).then_some(()))).await
    }

    /// Waits until one of these texts is there, and says which.
    pub async fn sees_one_of(&self, texts: [&str; 2]) -> Result<usize> {
        until(&format!("one of {texts:?}"), async || {
            let shown = self.text().await?;
            Ok(texts.iter().position(|text| shown.contains(text)))
        })
        .await
    }

    /// Waits until a text is gone.
    pub async fn sees_no_more(&self, text: &str) -> Result<()> {
        until(&format!("no text {text:?}"), async || Ok((!self.text().await?.contains(text)).then_some(()))).await
    }

    /// All that is shown.
    pub async fn text(&self) -> Result<String> {
        let text = self.driver.execute("return document.body.innerText", Vec::new()).await?;
        Ok(text.convert()?)
    }

    /// Text of the first element that a selector finds.
    pub async fn text_of(&self, selector: &str) -> Result<String> {
        Ok(self.element(By::Css(selector)).await?.text().await?)
    }

    pub async fn follow(&self, link: &str) -> Result<()> {
        self.press_what(&format!("//a[contains(., '{link}')]")).await
    }

    pub async fn press(&self, button: &str) -> Result<()> {
        self.press_what(&format!("//button[contains(., '{button}')]")).await
    }

    /// Opens a section of the seat map.
    pub async fn unfold(&self, section: &str) -> Result<()> {
        self.press_what(&format!("//summary[. = '{section}']")).await
    }

    pub async fn fill(&self, label: &str, text: &str) -> Result<()> {
        let field = format!("//label[contains(., '{label}')]//input");
        Ok(self.element(By::XPath(field)).await?.send_keys(text).await?)
    }

    /// Chooses a seat as soon as it is free, with the keyboard.
    pub async fn choose(&self, label: &str) -> Result<()> {
        let seat = format!("//button[starts-with(@aria-label, '{label},') and @aria-disabled='false']");
        self.element(By::XPath(seat)).await?.send_keys(" ").await?;
        self.seat(label, "aria-pressed", true).await
    }

    /// Label of the last seat of a section that is free now.
    pub async fn last_free_seat(&self, section: &str) -> Result<Option<String>> {
        let script =
            "const free = document.querySelectorAll(`.seat[aria-disabled=false][aria-label^='${arguments[0]}-']`);
            return [...free].at(-1)?.ariaLabel.split(',')[0]";
        Ok(self.driver.execute(script, vec![section.into()]).await?.convert()?)
    }

    /// Chooses every seat that is free, as soon as one is.
    pub async fn choose_all_free(&self) -> Result<()> {
        self.element(By::Css(".seat[aria-disabled=false]")).await?;
        self.run("document.querySelectorAll('.seat[aria-disabled=false]').forEach(seat => seat.click())").await
    }

    /// Waits until an attribute of a seat says this.
    pub async fn seat(&self, label: &str, attribute: &str, value: bool) -> Result<()> {
        let seat = format!("//button[starts-with(@aria-label, '{label},') and @{attribute}='{value}']");
        self.element(By::XPath(seat)).await.map(drop)
    }

    /// Cuts the network, or mends it.
    pub async fn set_offline(&self, offline: bool) -> Result<()> {
        let conditions = NetworkConditions { offline, ..NetworkConditions::new() };
        let cdp = self.driver.cdp();
        cdp.network().enable().await?;
        Ok(cdp.network().emulate_network_conditions(conditions).await?)
    }

    /// Runs this script, in this page.
    pub async fn run(&self, script: &str) -> Result<()> {
        self.driver.execute(script, Vec::new()).await?;
        Ok(())
    }

    /// Runs this script before those of every page from now on.
    pub async fn run_first(&self, script: &str) -> Result<()> {
        self.driver.cdp().page().add_script_to_evaluate_on_new_document(script).await?;
        Ok(())
    }

    /// What a person who looks for the fault wants to see.
    pub async fn state(&self) -> String {
        let (url, text, log) = (self.driver.current_url().await, self.text().await, self.log().await);
        let url = url.map_or_else(|error| error.to_string(), |url| url.to_string());
        let text = text.unwrap_or_else(|error| error.to_string());
        // The numbers on a thousand seats tell nothing.
        let lines: Vec<_> = text.lines().filter(|line| line.parse::<u32>().is_err()).collect();
        let text = lines.join("\n");
        format!("{url} shows\n{text}\nits console has {log:#?}")
    }

    /// Fails if the page's own scripts have failed. (What the network refuses is in the log, too, and is no fault.)
    pub async fn has_no_errors(&self) -> Result<()> {
        let log = self.log().await?;
        ensure!(!log.iter().any(|line| line.contains("Uncaught") || line.contains("Error:")), "{log:#?}");
        Ok(())
    }

    async fn log(&self) -> Result<Vec<String>> {
        let log = self.driver.browser_log().await?;
        Ok(log.into_iter().map(|entry| format!("{} {}", entry.level, entry.message)).collect())
    }

    async fn press_what(&self, path: &str) -> Result<()> {
        until(path, async || {
            // A page that draws itself anew takes what was found away: the next look finds it again.
            let Ok(element) = self.driver.find(By::XPath(path)).await else { return Ok(None) };
            Ok(element.click().await.ok())
        })
        .await
    }

    async fn element(&self, by: By) -> Result<WebElement> {
        until(&format!("{by:?}"), async || Ok(self.driver.find(by.clone()).await.ok())).await
    }

    /// Ends the browser, whatever state it is in.
    pub async fn close(self) -> Result<()> {
        let quit = timeout(PATIENCE, self.driver.quit()).await;
        let left = processes_with(&self.profile)?;
        for id in &left {
            Command::new("kill").args(["-KILL", id]).status().await?;
        }
        quit.context("the browser did not quit")??;
        Ok(())
    }
}

/// It takes a port that is free for IPv6, and gives up if that is not free for IPv4: then it's tried again.
async fn start_chromedriver() -> Result<(Process, u16)> {
    const TRIES: usize = 5;
    for _ in 0..TRIES {
        let mut command = Command::new("chromedriver");
        let started = Process::start(command.arg("--port=0"), |line| {
            let port = line.split_once("started successfully on port ").map(|(_, port)| port.trim_end_matches('.'));
            if line.contains("port not available") { Some(None) } else { port?.parse::<u16>().ok().map(Some) }
        });
        if let (chromedriver, Some(port)) = started.await? {
            return Ok((chromedriver, port));
        }
    }
    bail!("chromedriver found no port, {TRIES} times")
}

/// Ids of the processes that were started with a text among their arguments.
fn processes_with(argument: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let id = entry.file_name().to_string_lossy().into_owned();
        let is_process = id.bytes().all(|byte| byte.is_ascii_digit());
        // Some end while they are looked at.
        let arguments =
            if is_process { std::fs::read(entry.path().join("cmdline")).unwrap_or_default() } else { Vec::new() };
        if String::from_utf8_lossy(&arguments).contains(argument) {
            found.push(id);
        }
    }
    Ok(found)
}

/// Looks again and again until there is something, and fails when patience is at its end.
pub async fn until<T, F: Future<Output = Result<Option<T>>>>(what: &str, mut look: impl FnMut() -> F) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!("waited {PATIENCE:?} for {what}");
        }
        sleep(PACE).await;
    }
}
