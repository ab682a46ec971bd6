//! Adding operators, and finding them.

use crate::cli::NewOperator;
use crate::database::open_database;
use crate::refused::Refused;
use crate::settings::Settings;
use anyhow::{Context, Result, bail};
use console::Term;
use frontrow_adapters::sql::SqlAccounts;
use frontrow_adapters::{Argon2idHasher, SystemClock, UuidV7Source, sha256};
use frontrow_application::port::AccountRepository;
use frontrow_application::{ActingOperator, AddOperator, Password, SignUp, SignUpRequest};
use frontrow_domain::Email;
use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::sync::Arc;

/// The operator with that email address, who is named on the command line with `--by`.
pub async fn named(accounts: &SqlAccounts, email: &str) -> Result<ActingOperator> {
    let address = email.parse::<Email>().map_err(|error| Refused(format!("--by: write {error}")))?;
    let found = accounts.by_email(&address).await?;
    let operator = found.and_then(|found| ActingOperator::from_account(&found.user).ok());
    Ok(operator.ok_or_else(|| Refused(format!("--by: {email} is no operator: frontrow operator add")))?)
}

/// A line that is longer is no password.
const MAX_BYTES: u64 = 4096;

/// An operator who is yet to be added; the email address and the password have been checked.
pub struct Newcomer {
    email: Email,
    name: String,
    password: Password,
}

impl Newcomer {
    /// Asks for the password: the file's first line, or what is typed twice, or the first line of standard input.
    pub fn ask(new: NewOperator) -> Result<Self> {
        let email = new.email.parse::<Email>().map_err(|error| Refused(format!("--email: write {error}")))?;
        let password = match &new.password_file {
            Some(path) => from_file(path)?,
            None if std::io::stdin().is_terminal() => from_terminal(&Term::stderr())?,
            None => first_line(std::io::stdin().lock()).context("the password can't be read from standard input")?,
        };
        let password = Password::new(password).map_err(|error| Refused(format!("the password: {error}")))?;
        Ok(Self { email, name: new.name, password })
    }

    /// Adds the operator to the database, which is made if there is none, and says so.
    pub async fn add(self, settings: &Settings, out: &mut dyn Write) -> Result<()> {
        let Self { email, name, password } = self;
        let request = SignUpRequest { email, password, name };
        let database = open_database(settings).await?;
        let add = AddOperator(SignUp {
            accounts: Arc::new(SqlAccounts::new(database.clone())),
            passwords: Arc::new(Argon2idHasher::new()),
            ids: Arc::new(UuidV7Source),
            clock: Arc::new(SystemClock),
            digest: sha256,
        });
        let added = add.run(request).await;
        database.close().await;
        let user = added?;
        tracing::info!(target: "security", event = "operator_added", operator = %user.id);
        writeln!(out, "added operator {} ({})", user.email.as_str(), user.id)?;
        Ok(())
    }
}

fn from_file(path: &Path) -> Result<String> {
    let unreadable = || format!("the password file {} can't be read", path.display());
    first_line(File::open(path).with_context(unreadable)?).with_context(unreadable)
}

fn from_terminal(terminal: &Term) -> Result<String> {
    terminal.write_str("Password: ")?;
    let password = terminal.read_secure_line()?;
    terminal.write_str("The same again: ")?;
    if terminal.read_secure_line()? != password {
        bail!("the two passwords differ");
    }
    Ok(password)
}

fn first_line(source: impl Read) -> Result<String> {
    let mut text = String::new();
    source.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{DatabaseAddress, Given};
    use frontrow_application::port::AccountRepository;
    use frontrow_domain::Role;
    use std::fs;

    #[tokio::test]
    async fn an_operator_is_added_once_and_the_password_is_not_told() {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = Settings::load(&Given { directory: "/nowhere".into(), ..Given::default() }).unwrap();
        settings.database = DatabaseAddress::File(directory.path().join("a.sqlite"));
        let newcomer = || Newcomer {
            email: "ada@example.com".parse().unwrap(),
            name: "Ada".into(),
            password: Password::new("correct horse").unwrap(),
        };
        let mut out = Vec::new();
        newcomer().add(&settings, &mut out).await.unwrap();
        let said = String::from_utf8(out).unwrap();
        assert!(said.starts_with("added operator ada@example.com (") && !said.contains("horse"), "{said}");
        let again = newcomer().add(&settings, &mut Vec::new()).await.unwrap_err();
        assert_eq!(format!("{again:#}"), "the email address has an account");
        let database = open_database(&settings).await.unwrap();
        let stored = SqlAccounts::new(database).by_email(&newcomer().email).await.unwrap().unwrap();
        assert_eq!(stored.user.role, Role::Operator);
    }

    #[test]
    fn the_password_is_the_first_line() {
        for text in ["correct horse", "correct horse\n", "correct horse\r\nmore"] {
            assert_eq!(first_line(text.as_bytes()).unwrap(), "correct horse");
        }
        assert_eq!(first_line(&b""[..]).unwrap(), "");
        assert!(first_line(&b"\xff"[..]).is_err());
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("password");
        let ask = |email: &str, password: &str| {
            fs::write(&file, password).unwrap();
            let new = NewOperator { email: email.into(), name: "Ada".into(), password_file: Some(file.clone()) };
            Newcomer::ask(new).err().map(|error| format!("{error:#}"))
        };
        assert_eq!(ask("ada@example.com", "mistral lagoon"), None);
        let short = ask("ada@example.com", "s3cret\n").unwrap();
        assert_eq!(short, "the password: 10 to 128 characters");
        assert!(ask("ada@example.com", &"s".repeat(129)).is_some());
        assert!(ask("ada", "mistral lagoon").unwrap().contains("--email"));
    }

    #[test]
    fn a_missing_password_file_is_named() {
        let new = NewOperator {
            email: "ada@example.com".into(),
            name: "Ada".into(),
            password_file: Some("/nowhere/x".into()),
        };
        assert!(format!("{:#}", Newcomer::ask(new).err().unwrap()).contains("/nowhere/x"));
    }
}
