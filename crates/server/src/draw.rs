//! The files of a lobby's draw. What is in them, and how anybody checks it, is said in
//! `frontrow_domain::waiting_room::published`; here they are written and read.

use crate::application::redis;
use crate::cli::{DrawAction, DrawFiles, PublishDraw};
use crate::database::open_existing_database;
use crate::installation;
use crate::operator;
use crate::refused::{Refused, unless};
use crate::settings::Settings;
use anyhow::{Context, Result};
use frontrow_adapters::sql::{Database, SqlAccounts, SqlQueues};
use frontrow_adapters::{SystemClock, UuidV7Source, sha256};
use frontrow_application::port::{NumberDispenser, QueueStore};
use frontrow_application::waiting_room::{DecideDraw, DrawError, lobby_list};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::published::{NotCheckable, PublishedDraw, PublishedGroup, list_text, ranks_text};
use frontrow_domain::waiting_room::{DrawState, Group, Phase, Queue, list_digest};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

const DRAW: &str = "draw.json";

/// Carries out a command of `frontrow draw`, on the database itself.
pub async fn work(action: DrawAction, settings: &Settings) -> Result<()> {
    crate::logs::start(settings)?;
    let database = open_existing_database(settings).await?;
    let queues = Arc::new(SqlQueues::open(&database, Arc::new(SystemClock), Arc::new(UuidV7Source)).await?);
    let done = match dispenser(&database, settings, &queues).await {
        Ok(dispenser) => {
            let accounts = SqlAccounts::new(database.clone());
            DrawCommands { queues: queues.clone(), dispenser, accounts }.work(action).await
        }
        Err(error) => Err(error),
    };
    queues.drain().await;
    database.close().await;
    done
}

/// Knows who has which number: where the installation takes them from, and nowhere else.
async fn dispenser(
    database: &Arc<Database>,
    settings: &Settings,
    queues: &Arc<SqlQueues>,
) -> Result<Arc<dyn NumberDispenser>> {
    let known = installation::known(database, settings).await?;
    let redis = redis(settings, queues, installation::mark(known.as_ref()), true).await?;
    Ok(match redis {
        Some(redis) => redis,
        None => queues.clone(),
    })
}

/// Carries out the commands of `frontrow draw`.
struct DrawCommands {
    queues: Arc<SqlQueues>,
    /// Knows who took part: that is kept where their numbers came from.
    dispenser: Arc<dyn NumberDispenser>,
    accounts: SqlAccounts,
}

impl DrawCommands {
    async fn work(&self, action: DrawAction) -> Result<()> {
        let (ids, clock) = (Arc::new(UuidV7Source), Arc::new(SystemClock));
        let decide = DecideDraw { store: self.queues.clone(), digest: sha256, ids, clock };
        match action {
            DrawAction::Publish(PublishDraw { files: DrawFiles { sale, out }, round, by }) => {
                let sale = SaleId::new(sale);
                if let (Some(round), Some(by)) = (round, by) {
                    let by = operator::named(&self.accounts, &by).await?;
                    decide.name_round(by, sale, &round).await.map_err(refused)?;
                }
                write_files(self, sale, false, &out).await
            }
            DrawAction::Value { sale, value, by } => {
                let by = operator::named(&self.accounts, &by).await?;
                decide.enter_value(by, SaleId::new(sale), &value).await.map_err(refused)?;
                Ok(writeln!(std::io::stdout(), "the ranks are drawn: reveal them with frontrow draw reveal")?)
            }
            DrawAction::Reveal(DrawFiles { sale, out }) => write_files(self, SaleId::new(sale), true, &out).await,
            DrawAction::Verify { .. } => Ok(()),
        }
    }
}

fn refused(error: DrawError) -> anyhow::Error {
    match error {
        DrawError::Store(error) => error.into(),
        refusal => Refused(refusal.to_string()).into(),
    }
}

async fn write_files(commands: &DrawCommands, sale: SaleId, reveal: bool, out: &Path) -> Result<()> {
    let queue = commands.queues.queue(sale).await?;
    let queue = queue.ok_or_else(|| Refused(format!("sale {sale} has no waiting room, or is not published")))?;
    let drawing = queue.draw.as_ref().ok_or_else(|| Refused("the sale's lobby is not drawn by lot".to_owned()))?;
    let early = match drawing.round {
        Some(_) => {
            "the ranks are not drawn yet: after the opening, enter the value of the round with frontrow draw value"
        }
        None => "the ranks are not drawn yet: reveal them after the opening",
    };
    unless(!reveal || drawing.seed.is_some(), early)?;
    fs::create_dir_all(out).with_context(|| format!("{} can't be made", out.display()))?;
    if drawing.lists.is_some() {
        let written = write_lists(&*commands.dispenser, &queue, drawing, out).await;
        if queue.phase == Phase::Closed {
            // If the numbers were forgotten already, reading them has made new keys.
            commands.dispenser.forget(sale).await?;
        }
        written?;
    }
    if let (true, Some(seed)) = (reveal, &drawing.seed) {
        for (group, of) in Group::all(queue.groups.len()).zip(&queue.groups) {
            fs::write(out.join(file("ranks", group)), ranks_text(sha256, seed, group, of.drawn))?;
        }
    }
    let published = PublishedDraw::of(&queue, drawing, sha256, reveal);
    fs::write(out.join(DRAW), format!("{}\n", serde_json::to_string_pretty(&published)?))?;
    writeln!(std::io::stdout(), "{}", out.join(DRAW).display())?;
    Ok(())
}

/// The list as it was: entries that were given up since would leave holes, so the digests have the last word.
async fn write_lists(dispenser: &dyn NumberDispenser, queue: &Queue, drawing: &DrawState, out: &Path) -> Result<()> {
    let digests = drawing.lists.iter().flatten();
    for ((group, of), known) in Group::all(queue.groups.len()).zip(&queue.groups).zip(digests) {
        let list = lobby_list(dispenser, sha256, queue.sale, group, of.drawn).await;
        let list = list.context("who was in the lobby can't be read where their numbers come from")?;
        let path = out.join(file("list", group));
        if list_digest(sha256, &list) != *known {
            let why = "the list of group {} has changed since the opening (people have joined again, or it \
                       has been forgotten since): keep the file that was published then";
            unless(path.exists(), why.replace("{}", &group.get().to_string()))?;
            continue;
        }
        fs::write(path, list_text(&list))?;
    }
    Ok(())
}

fn file(what: &str, group: Group) -> String {
    format!("{what}-{}.txt", group.get())
}

/// Computes everything again, and says what does not agree.
pub fn verify(directory: &Path, out: &mut dyn Write) -> Result<ExitCode> {
    let published = read(directory)?;
    let flaws = check(directory, &published)?;
    for flaw in &flaws {
        writeln!(out, "{flaw}")?;
    }
    if flaws.is_empty() {
        writeln!(out, "all is right")?;
        if let (Some(round), Some(value)) = (&published.round, &published.value) {
            writeln!(out, "if {round} had the value {value}: check that with its beacon, no file can prove it")?;
        }
    }
    Ok(if flaws.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(directory: &Path) -> Result<PublishedDraw, Refused> {
    let path = directory.join(DRAW);
    let text = fs::read_to_string(&path).map_err(|error| Refused(format!("{}: {error}", path.display())))?;
    serde_json::from_str(&text).map_err(|error| Refused(format!("{}: {error}", path.display())))
}

fn check(directory: &Path, published: &PublishedDraw) -> Result<Vec<String>> {
    let text = |path: PathBuf| fs::read_to_string(&path).with_context(|| path.display().to_string());
    // Before a file is missed that was not promised yet.
    if published.secret.is_none() {
        return Err(Refused(format!("{DRAW}: {}", NotCheckable::Hidden("secret"))).into());
    }
    let groups = published.groups().map(|group| {
        let list = text(directory.join(file("list", group)))?;
        Ok(PublishedGroup { list, ranks: text(directory.join(file("ranks", group)))? })
    });
    let groups = groups.collect::<Result<Vec<_>>>()?;
    Ok(published.check(&groups, sha256).map_err(|why| Refused(format!("{DRAW}: {why}")))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontrow_domain::testing::published_draw;

    fn write_draw(directory: &Path) {
        let (published, group) = published_draw(sha256);
        fs::write(directory.join("list-0.txt"), group.list).unwrap();
        fs::write(directory.join("ranks-0.txt"), group.ranks).unwrap();
        fs::write(directory.join(DRAW), serde_json::to_string(&published).unwrap()).unwrap();
    }

    fn change(directory: &Path, file: &str, from: &str, to: &str) {
        let path = directory.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has {from}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    #[test]
    fn what_was_changed_afterwards_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        write_draw(path);
        let check = || check(path, &read(path).unwrap()).unwrap();
        assert_eq!(check(), Vec::<String>::new());
        let changes = [
            (DRAW, "0707", "0708", "the secret"),
            (DRAW, "beef", "beee", "the seed"),
            ("list-0.txt", "0202", "0203", "the list"),
            ("ranks-0.txt", "1", "2", "the ranks"),
        ];
        for (file, from, to, flaw) in changes {
            write_draw(path);
            change(path, file, from, to);
            let found = check();
            assert!(found.iter().any(|found| found.starts_with(flaw)), "{file}: {found:?}");
        }
    }

    #[test]
    fn what_is_not_revealed_can_not_be_checked() {
        let directory = tempfile::tempdir().unwrap();
        write_draw(directory.path());
        let hidden = PublishedDraw { secret: None, ..read(directory.path()).unwrap() };
        assert!(check(directory.path(), &hidden).is_err());
        assert!(read(Path::new("/nowhere")).is_err());
    }

    #[test]
    fn what_no_file_can_prove_is_said() {
        let directory = tempfile::tempdir().unwrap();
        write_draw(directory.path());
        let mut said = Vec::new();
        verify(directory.path(), &mut said).unwrap();
        let said = String::from_utf8(said).unwrap();
        let note = "if a round had the value beef: check that with its beacon, no file can prove it";
        assert_eq!(said, format!("all is right\n{note}\n"));
    }
}
