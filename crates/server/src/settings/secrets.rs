//! Secrets from files: `NAME_file` in place of `NAME`, and the credentials that systemd hands on.

use super::flaw::Flaw;
use super::path::path;
use super::value::text_of;
use config::{Map, Value};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Settings whose values are secret, wholly or in part. Each has a sibling, `NAME_file`, which names a file whose first line
/// is the value.
pub const SECRETS: &[&str] = &["database_url", "redis_url"];
/// Settings that name a file which is secret. A credential of the name without `_file` is that file.
const SECRET_FILES: &[&str] = &["database_password_file", "keys_file", "smtp_password_file"];
/// A longer file can't be a secret's.
const MAX_BYTES: u64 = 4096;

/// The first line of a file that has a secret in it. The error says nothing of what it has.
pub fn first_line(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| error.to_string())?;
    let line = text.lines().next().filter(|line| !line.is_empty());
    line.map(str::to_owned).ok_or_else(|| "its first line is empty".to_owned())
}

/// The name of the setting that has a secret in it, if that setting names its file.
pub fn secret_of(setting: &str) -> Option<&str> {
    let secret = setting.strip_suffix("_file")?;
    SECRETS.contains(&secret).then_some(secret)
}

/// Settings that stand among the credentials in that directory, by name.
pub fn from_credentials(directory: &Path, flaws: &mut Vec<Flaw>) -> Map<String, Value> {
    let mut values = Map::new();
    for name in SECRETS {
        let file = directory.join(name);
        if !file.exists() {
            continue;
        }
        let origin = format!("the credential {name}");
        match first_line(&file) {
            Ok(line) => {
                values.insert((*name).to_owned(), Value::new(Some(&origin), line));
            }
            Err(why) => flaws.push(unusable(name, &origin, None, &why)),
        }
    }
    for name in SECRET_FILES {
        let credential = name.trim_end_matches("_file");
        let file = directory.join(credential);
        if file.exists() {
            let origin = format!("the credential {credential}");
            values.insert((*name).to_owned(), Value::new(Some(&origin), file.display().to_string()));
        }
    }
    values
}

/// Reads the secrets whose files are named, relative to that directory.
pub fn read_files(
    values: &mut Map<String, Value>,
    is_set: impl Fn(&str) -> bool,
    directory: &Path,
    flaws: &mut Vec<Flaw>,
) {
    for secret in SECRETS {
        let name = format!("{secret}_file");
        let Some(value) = values.get(&name) else { continue };
        let origin = value.origin().unwrap_or("nowhere").to_owned();
        // What can be no path is refused where all settings are read.
        let Some(text) = text_of(value).filter(|text| text != "off" && path(text).is_some()) else { continue };
        let found = Some(format!("{text:?}"));
        if is_set(secret) {
            flaws.push(unusable(&name, &origin, found, &format!("{secret} is set, too: write one of them")));
            continue;
        }
        let file: PathBuf = directory.join(&text);
        match first_line(&file) {
            Ok(line) => {
                values.insert((*secret).to_owned(), Value::new(Some(&text), line));
            }
            Err(why) => flaws.push(unusable(&name, &origin, found, &why)),
        }
    }
}

/// Everybody on the machine can read arguments.
pub fn refuse_passwords_in_flags<'a>(flags: impl Iterator<Item = (&'a str, &'a str)>, flaws: &mut Vec<Flaw>) {
    for (name, text) in flags {
        let login = text.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(login, _)| login);
        if SECRETS.contains(&name) && login.is_some_and(|login| login.contains(':')) {
            let flag = format!("--{}", name.replace('_', "-"));
            let instead = format!(
                "everybody on this machine can read a password in an argument: write the address into a file, and name it with \
                 {flag}-file, or into FRONTROW_{}",
                name.to_uppercase()
            );
            flaws.push(Flaw { name: name.to_owned(), origin: flag, found: None, instead });
        }
    }
}

fn unusable(name: &str, origin: &str, found: Option<String>, why: &str) -> Flaw {
    Flaw { name: name.to_owned(), origin: origin.to_owned(), found, instead: format!("it can't be used: {why}") }
}

#[cfg(test)]
mod tests {
    use crate::settings::{Given, Settings, TABLE, show};
    use std::fs;
    use std::path::Path;

    const ADDRESS: &str = "redis://me:s3cret@cache:6379/0";

    fn given(directory: &Path) -> Given {
        Given { directory: directory.to_owned(), ..Given::default() }
    }

    fn refusal(given: &Given) -> String {
        Settings::load(given).unwrap_err().to_string()
    }

    #[test]
    fn every_setting_that_may_have_a_password_can_stand_in_a_file() {
        let may_have_one = |takes: &str| takes.contains("PASSWORD") || takes.contains("a secret");
        for setting in TABLE.iter().filter(|setting| may_have_one(setting.takes)) {
            assert!(super::SECRETS.contains(&setting.name), "{} is not among SECRETS", setting.name);
        }
        for secret in super::SECRETS {
            assert!(TABLE.iter().any(|setting| setting.name == format!("{secret}_file")), "{secret} has no file");
        }
        for file in super::SECRET_FILES {
            assert!(TABLE.iter().any(|setting| setting.name == *file), "{file} is no setting");
        }
    }

    #[test]
    fn a_secret_is_read_from_the_file_that_is_named() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("redis"), format!("{ADDRESS}\nmore")).unwrap();
        let mut given = given(directory.path());
        given.flags.0.insert("redis_url_file", "redis".to_owned());
        let settings = Settings::load(&given).unwrap();
        assert_eq!(settings.redis.as_ref().unwrap().url(), ADDRESS);
        assert!(given.names("redis_url"));
        let mut out = Vec::new();
        show(&given, &mut out).unwrap();
        let shown = format!("{} {settings:?}", String::from_utf8(out).unwrap());
        assert!(!shown.contains("s3cret") && shown.contains("# redis\n"), "{shown}");

        given.environment.insert("FRONTROW_REDIS_URL".into(), "redis://other:6379/0".into());
        assert!(refusal(&given).contains("redis_url is set, too"), "{}", refusal(&given));
        given.environment.clear();
        fs::write(directory.path().join("redis"), "\n").unwrap();
        assert!(refusal(&given).contains("first line is empty"));
        fs::write(directory.path().join("redis"), "me:s3cret@cache").unwrap();
        assert!(!refusal(&given).contains("s3cret"), "{}", refusal(&given));
    }

    #[test]
    fn credentials_of_systemd_are_settings() {
        let directory = tempfile::tempdir().unwrap();
        let credentials = directory.path().join("credentials");
        fs::create_dir(&credentials).unwrap();
        fs::write(credentials.join("redis_url"), ADDRESS).unwrap();
        fs::write(credentials.join("keys"), "{}").unwrap();
        fs::write(credentials.join("something-else"), "?").unwrap();
        let mut given = Given { credentials: Some(credentials.clone()), ..given(directory.path()) };
        let settings = Settings::load(&given).unwrap();
        assert_eq!(settings.redis.unwrap().url(), ADDRESS);
        assert_eq!(settings.keys_file, credentials.join("keys"));
        given.environment.insert("FRONTROW_KEYS_FILE".into(), "other.json".into());
        assert_eq!(Settings::load(&given).unwrap().keys_file, Path::new("other.json"), "the environment wins");
    }

    #[test]
    fn a_password_in_an_argument_is_refused_and_not_repeated() {
        let mut given = given(Path::new("/nowhere"));
        given.flags.0.insert("database_url", "postgres://me:s3cret@db/frontrow".to_owned());
        let said = refusal(&given);
        assert!(said.contains("--database-url-file") && !said.contains("s3cret"), "{said}");
        given.flags.0.insert("database_url", "postgres://me@db/frontrow".to_owned());
        assert!(Settings::load(&given).is_ok());
    }
}
