//! The files of a lobby's draw: what is published of it, and how anybody checks it.
//!
//! `draw.json` has what decides; `list-0.txt` has the list of group 0 as it was at the opening, a line of 32 hexadecimal
//! digits a number, ascending; `ranks-0.txt` the rank that each of these numbers drew, in the same order.

use crate::cli::{DrawAction, DrawFiles, PublishDraw};
use crate::commands::{Refused, unless};
use crate::house::{open_existing_database, redis};
use crate::installation;
use crate::keys::hex;
use crate::operator;
use crate::settings::Settings;
use anyhow::{Context, Result, ensure};
use frontrow_adapters::sql::{Database, SqlAccounts, SqlLines};
use frontrow_adapters::{SystemClock, UuidV7Source};
use frontrow_application::port::{Clock, IdSource, LineStore, NumberDispenser, OperatorAction};
use frontrow_application::waiting_room::{DecideDraw, DrawError, lobby_list};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::{Drawing, Group, Line, Phase, QueueNumber, Ranks, commitment, list_digest, seed};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use uuid::Uuid;

/// What decides, as far as it is published yet. Bytes are hexadecimal digits.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    sale: Uuid,
    /// SHA-256 of the secret.
    commitment: String,
    /// The public randomness that was named in advance; without one the operator could have tried secrets.
    round: Option<String>,
    /// How many each group's list has.
    counts: Option<Vec<u64>>,
    /// SHA-256 of each group's list.
    lists: Option<Vec<String>>,
    secret: Option<String>,
    /// What the round came to.
    value: Option<String>,
    /// SHA-256 of secret, value, counts and lists.
    seed: Option<String>,
}

const DRAW: &str = "draw.json";

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Does what the command line says, on the database itself.
pub async fn work(action: DrawAction, settings: &Settings) -> Result<()> {
    crate::logs::start(settings)?;
    let database = open_existing_database(settings).await?;
    let lines = Arc::new(SqlLines::open(&database, Arc::new(SystemClock), Arc::new(UuidV7Source)).await?);
    let done = match dispenser(&database, settings, &lines).await {
        Ok(dispenser) => {
            let accounts = SqlAccounts::new(database.clone());
            Desk { lines: lines.clone(), dispenser, accounts }.work(action).await
        }
        Err(error) => Err(error),
    };
    lines.drain().await;
    database.close().await;
    done
}

/// Knows who has which number: where the installation takes them from, and nowhere else.
async fn dispenser(
    database: &Arc<Database>,
    settings: &Settings,
    lines: &Arc<SqlLines>,
) -> Result<Arc<dyn NumberDispenser>> {
    let known = installation::known(database, settings).await?;
    let redis = redis(settings, lines, installation::mark(known.as_ref()), true).await?;
    Ok(match redis {
        Some(redis) => redis,
        None => lines.clone(),
    })
}

/// What a command works with.
struct Desk {
    lines: Arc<SqlLines>,
    /// Who took part stands where their numbers came from.
    dispenser: Arc<dyn NumberDispenser>,
    accounts: SqlAccounts,
}

impl Desk {
    async fn work(&self, action: DrawAction) -> Result<()> {
        let decide = DecideDraw { store: self.lines.clone(), digest };
        match action {
            DrawAction::Publish(PublishDraw { files: DrawFiles { sale, out }, round, by }) => {
                let sale = SaleId::new(sale);
                if let (Some(round), Some(by)) = (round, by) {
                    let action = self.action(sale, &by, format!("draw round {round}")).await?;
                    decide.name_round(action, &round).await.map_err(refused)?;
                }
                write_files(self, sale, false, &out).await
            }
            DrawAction::Value { sale, value, by } => {
                let action = self.action(SaleId::new(sale), &by, format!("draw value {value}")).await?;
                decide.enter_value(action, &value).await.map_err(refused)?;
                Ok(writeln!(std::io::stdout(), "the ranks are drawn: reveal them with frontrow draw reveal")?)
            }
            DrawAction::Reveal(DrawFiles { sale, out }) => write_files(self, SaleId::new(sale), true, &out).await,
            DrawAction::Verify { .. } => Ok(()),
        }
    }

    async fn action(&self, sale: SaleId, by: &str, what: String) -> Result<OperatorAction> {
        let by = operator::named(&self.accounts, by).await?;
        Ok(OperatorAction { id: UuidV7Source.id(), by, at: SystemClock.now(), sale, what })
    }
}

fn refused(error: DrawError) -> anyhow::Error {
    match error {
        DrawError::Store(error) => error.into(),
        refusal => Refused(refusal.to_string()).into(),
    }
}

async fn write_files(desk: &Desk, sale: SaleId, reveal: bool, out: &Path) -> Result<()> {
    let line = desk.lines.line(sale).await?;
    let line = line.ok_or_else(|| Refused(format!("sale {sale} has no waiting room, or is not published")))?;
    let drawing = line.draw.as_ref().ok_or_else(|| Refused("the sale's lobby is not drawn by lot".to_owned()))?;
    let early = match drawing.round {
        Some(_) => {
            "the ranks are not drawn yet: after the opening, enter the value of the round with frontrow draw value"
        }
        None => "the ranks are not drawn yet: reveal them after the opening",
    };
    unless(!reveal || drawing.seed.is_some(), early)?;
    fs::create_dir_all(out).with_context(|| format!("{} can't be made", out.display()))?;
    if drawing.lists.is_some() {
        let written = write_lists(&*desk.dispenser, &line, drawing, out).await;
        if line.phase == Phase::Closed {
            // Where all was forgotten already, looking has begun it anew.
            desk.dispenser.forget(sale).await?;
        }
        written?;
    }
    if let (true, Some(seed)) = (reveal, &drawing.seed) {
        for (group, of) in Group::all(line.groups.len()).zip(&line.groups) {
            let ranks = ranks(seed, group, of.drawn);
            fs::write(out.join(format!("ranks-{}.txt", group.get())), one_a_line(ranks.iter().map(u64::to_string)))?;
        }
    }
    let published = published(&line, drawing, reveal);
    fs::write(out.join(DRAW), format!("{}\n", serde_json::to_string_pretty(&published)?))?;
    writeln!(std::io::stdout(), "{}", out.join(DRAW).display())?;
    Ok(())
}

/// The list as it was: places that were given up since would leave holes, so the digests have the last word.
async fn write_lists(dispenser: &dyn NumberDispenser, line: &Line, drawing: &Drawing, out: &Path) -> Result<()> {
    let digests = drawing.lists.iter().flatten();
    for ((group, of), known) in Group::all(line.groups.len()).zip(&line.groups).zip(digests) {
        let list = lobby_list(dispenser, digest, line.sale, group, of.drawn).await;
        let list = list.context("who was in the lobby can't be read where their numbers come from")?;
        let path = out.join(format!("list-{}.txt", group.get()));
        if list_digest(digest, &list) != *known {
            let why = "the list of group {} has changed since the opening (people have joined again, or it \
                       has been forgotten since): keep the file that was published then";
            unless(path.exists(), why.replace("{}", &group.get().to_string()))?;
            continue;
        }
        fs::write(path, one_a_line(list.iter().map(|line| hex(line))))?;
    }
    Ok(())
}

fn published(line: &Line, drawing: &Drawing, reveal: bool) -> Published {
    let known = drawing.lists.as_ref();
    Published {
        sale: line.sale.uuid(),
        commitment: hex(&commitment(digest, &drawing.secret)),
        round: drawing.round.clone(),
        counts: known.map(|_| line.groups.iter().map(|group| group.drawn).collect()),
        lists: known.map(|lists| lists.iter().map(|list| hex(list)).collect()),
        secret: reveal.then(|| hex(&drawing.secret)),
        value: drawing.value.clone().filter(|_| reveal),
        seed: drawing.seed.as_ref().filter(|_| reveal).map(|seed| hex(seed)),
    }
}

fn ranks(seed: &[u8; 32], group: Group, count: u64) -> Vec<u64> {
    let ranks = Ranks::draw(digest, seed, group, count);
    (1..=count).filter_map(QueueNumber::new).map(|number| ranks.rank(number).get()).collect()
}

/// As a file has them.
fn one_a_line(lines: impl Iterator<Item = String>) -> String {
    lines.flat_map(|line| [line, "\n".to_owned()]).collect()
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
            writeln!(out, "if {round} came to {value}: its beacon says that, no file can")?;
        }
    }
    Ok(if flaws.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(directory: &Path) -> Result<Published, Refused> {
    let path = directory.join(DRAW);
    let text = fs::read_to_string(&path).map_err(|error| Refused(format!("{}: {error}", path.display())))?;
    serde_json::from_str(&text).map_err(|error| Refused(format!("{}: {error}", path.display())))
}

fn check(directory: &Path, published: &Published) -> Result<Vec<String>> {
    let missing = |what| Refused(format!("{DRAW} has no {what}: it is not revealed yet"));
    let secret = bytes::<32>(published.secret.as_deref().ok_or_else(|| missing("secret"))?)?;
    let value = published.value.as_deref().ok_or_else(|| missing("value"))?;
    let counts = published.counts.as_deref().ok_or_else(|| missing("counts"))?;
    let lists = published.lists.as_deref().ok_or_else(|| missing("lists"))?;
    let lists = lists.iter().map(|list| bytes::<32>(list)).collect::<Result<Vec<_>>>()?;

    let mut flaws = Vec::new();
    let mut unless = |fine: bool, flaw: String| flaws.extend((!fine).then_some(flaw));
    let committed = hex(&commitment(digest, &secret)) == published.commitment;
    unless(committed, "the secret is not the one that was committed to".to_owned());
    let decides = seed(digest, &secret, value, counts, &lists);
    unless(published.seed == Some(hex(&decides)), "the seed does not follow from secret, value and lists".to_owned());
    for ((group, count), known) in Group::all(counts.len()).zip(counts).zip(&lists) {
        let list = read_list(&directory.join(format!("list-{}.txt", group.get())))?;
        let same = list.len() as u64 == *count && list_digest(digest, &list) == *known;
        unless(same, format!("the list of group {} is not the one that was drawn", group.get()));
        let path = directory.join(format!("ranks-{}.txt", group.get()));
        let written = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let drawn = one_a_line(ranks(&decides, group, *count).iter().map(u64::to_string));
        unless(written == drawn, format!("the ranks of group {} do not follow from the seed", group.get()));
    }
    Ok(flaws)
}

fn read_list(path: &Path) -> Result<Vec<[u8; 16]>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    text.lines().map(bytes::<16>).collect()
}

fn bytes<const N: usize>(digits: &str) -> Result<[u8; N]> {
    ensure!(digits.len() == 2 * N && digits.is_ascii(), "{digits:?} is not {} hexadecimal digits", 2 * N);
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * index..2 * index + 2], 16)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_draw(directory: &Path) {
        let secret = [7; 32];
        let list: Vec<[u8; 16]> = (1..=100_u8).map(|n| [n; 16]).collect();
        let lists = vec![list_digest(digest, &list)];
        let decides = seed(digest, &secret, "beef", &[100], &lists);
        let published = Published {
            sale: Uuid::from_u128(1),
            commitment: hex(&commitment(digest, &secret)),
            round: Some("a round".into()),
            counts: Some(vec![100]),
            lists: Some(lists.iter().map(|list| hex(list)).collect()),
            secret: Some(hex(&secret)),
            value: Some("beef".into()),
            seed: Some(hex(&decides)),
        };
        fs::write(directory.join("list-0.txt"), one_a_line(list.iter().map(|line| hex(line)))).unwrap();
        let drawn = one_a_line(ranks(&decides, Group::FIRST, 100).iter().map(u64::to_string));
        fs::write(directory.join("ranks-0.txt"), drawn).unwrap();
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
        let hidden = Published { secret: None, ..read(directory.path()).unwrap() };
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
        assert_eq!(said, "all is right\nif a round came to beef: its beacon says that, no file can\n");
    }
}
