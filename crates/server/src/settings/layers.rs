//! Where values come from: the defaults, the file, the credentials, the environment, the flags.

use super::flaw::Flaw;
use super::secrets::{from_credentials, read_files, refuse_passwords_in_flags, secret_of};
use super::setting::{Setting, find};
use super::value::text_of;
use config::{Config, ConfigError, FileFormat, Format, Map, Source, Value, ValueKind};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The sources that settings are read from.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// From `--config`.
    pub file: Option<PathBuf>,
    /// The directory that paths are relative to, and that may contain `frontrow.toml`.
    pub directory: PathBuf,
    /// Where the credentials are that systemd hands on, as `CREDENTIALS_DIRECTORY` says.
    pub credentials: Option<PathBuf>,
    /// The variables that begin with `FRONTROW_`.
    pub environment: BTreeMap<String, String>,
    /// The settings among the flags.
    pub flags: Flags,
}

impl Given {
    /// The settings that the file, the environment or a flag says.
    pub(super) fn names_of(&self, table: &'static [Setting]) -> impl Iterator<Item = String> {
        let mut ignored = Vec::new();
        let file = from_file(table, self, &mut ignored).0;
        let credentials = self.credentials.as_deref().map(|directory| from_credentials(directory, &mut ignored));
        let environment = from_environment(table, &self.environment, &mut ignored).0;
        let flags = self.flags.0.keys().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let layers = file.into_iter().chain(credentials.unwrap_or_default()).chain(environment);
        // A secret in a file is named by naming the file.
        layers.map(|(name, _)| name).chain(flags).map(|name| secret_of(&name).map(str::to_owned).unwrap_or(name))
    }
}

/// The settings that were given as flags, by the setting's name.
#[derive(Clone, Debug, Default)]
pub struct Flags(pub BTreeMap<&'static str, String>);

/// Every setting's value, and the mistakes in its sources.
pub struct Layers {
    pub table: &'static [Setting],
    pub values: Map<String, Value>,
    pub flaws: Vec<Flaw>,
}

/// Variables that begin like settings but aren't.
const OTHERS: [&str; 4] = ["FRONTROW_CONFIG", "FRONTROW_TEST_", "FRONTROW_SIMULATION_", "FRONTROW_BENCH_"];
/// A larger file can't be a settings file.
const MAX_BYTES: u64 = 64 * 1024;

impl Layers {
    /// Merges the layers; later ones win.
    pub fn collect(
        table: &'static [Setting],
        given: &Given,
        own_defaults: &BTreeMap<&'static str, &'static str>,
    ) -> Self {
        let mut flaws = Vec::new();
        let credentials = given.credentials.as_deref().map(|directory| from_credentials(directory, &mut flaws));
        let layers = [
            Layer::of("the default", table.iter().map(|setting| (setting.name, setting.default))),
            Layer::of("this command's default", own_defaults.iter().map(|(name, value)| (*name, *value))),
            from_file(table, given, &mut flaws),
            Layer(credentials.unwrap_or_default()),
            from_environment(table, &given.environment, &mut flaws),
            from_flags(table, &given.flags),
        ];
        // The first two are defaults.
        let set: BTreeSet<String> = layers.iter().skip(2).flat_map(|layer| layer.0.keys().cloned()).collect();
        let mut builder = Config::builder();
        for layer in layers {
            builder = builder.add_source(layer);
        }
        let values = builder.build().and_then(|config| config.cache.into_table());
        let mut values = values.unwrap_or_else(|error| {
            flaws.push(whole("the settings", "all together", error.to_string()));
            Map::new()
        });
        read_files(&mut values, |name| set.contains(name), &given.directory, &mut flaws);
        refuse_passwords_in_flags(given.flags.0.iter().map(|(name, text)| (*name, text.as_str())), &mut flaws);
        Self { table, values, flaws }
    }
}

/// One layer, in which every value knows its source.
#[derive(Clone, Debug, Default)]
struct Layer(Map<String, Value>);

impl Layer {
    fn of<'a>(origin: &str, values: impl Iterator<Item = (&'static str, &'a str)>) -> Self {
        let origin = origin.to_owned();
        Self(values.map(|(name, text)| (name.to_owned(), Value::new(Some(&origin), text))).collect())
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

fn from_file(table: &'static [Setting], given: &Given, flaws: &mut Vec<Flaw>) -> Layer {
    let named = given.file.clone().map(|path| (path, "--config"));
    let by_variable = || Some((PathBuf::from(given.environment.get("FRONTROW_CONFIG")?), "FRONTROW_CONFIG"));
    let (path, named_by) = match named.or_else(by_variable) {
        Some((path, by)) => (path, Some(by)),
        None => (PathBuf::from("frontrow.toml"), None),
    };
    let origin = path.display().to_string();
    let text = match read(&given.directory.join(&path)) {
        Ok(text) => text,
        Err(ReadError::Missing) if named_by.is_none() => return Layer::default(),
        Err(error) => {
            let by = named_by.map_or("found here".to_owned(), |by| format!("named by {by}"));
            flaws.push(whole(&origin, &by, error.instead()));
            return Layer::default();
        }
    };
    match FileFormat::Toml.parse(Some(&origin), &text) {
        Ok(values) => Layer(known(table, values, &origin, flaws)),
        Err(error) => {
            // After its first line, the message quotes the file, which may contain a password.
            let message = error.to_string();
            let first = message.lines().next().unwrap_or_default();
            flaws.push(whole(&origin, "the settings file", format!("write TOML: {first}")));
            Layer::default()
        }
    }
}

enum ReadError {
    Missing,
    TooLarge,
    Other(std::io::Error),
}

impl ReadError {
    fn instead(&self) -> String {
        match self {
            Self::Missing => "there is no such file: name one that exists, or none".to_owned(),
            Self::TooLarge => format!("a settings file has at most {MAX_BYTES} bytes"),
            Self::Other(error) => format!("it can't be read ({error}): make it a readable file of UTF-8 text"),
        }
    }
}

fn read(path: &Path) -> Result<String, ReadError> {
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => ReadError::Missing,
        _ => ReadError::Other(error),
    })?;
    let mut text = String::new();
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(ReadError::Other)?;
    if text.len() as u64 > MAX_BYTES { Err(ReadError::TooLarge) } else { Ok(text) }
}

fn known(
    table: &'static [Setting],
    values: Map<String, Value>,
    origin: &str,
    flaws: &mut Vec<Flaw>,
) -> Map<String, Value> {
    let (known, unknown): (Map<_, _>, Map<_, _>) =
        values.into_iter().partition(|(name, _)| find(table, name).is_some());
    let mut names: Vec<_> = unknown.into_keys().collect();
    names.sort();
    flaws.extend(names.into_iter().map(|name| whole(&name, origin, no_such(table, |setting| setting.name.to_owned()))));
    // Merged lists and tables would lose track of their sources.
    let plain = |value: Value| {
        if text_of(&value).is_some() { value } else { Value::new(Some(&origin.to_owned()), ValueKind::Nil) }
    };
    known.into_iter().map(|(name, value)| (name, plain(value))).collect()
}

fn from_environment(table: &'static [Setting], environment: &BTreeMap<String, String>, flaws: &mut Vec<Flaw>) -> Layer {
    let mut layer = Layer::default();
    let ours = environment.iter().filter(|(name, _)| !OTHERS.iter().any(|other| is_other(name, other)));
    for (variable, text) in ours {
        match table.iter().find(|setting| setting.variable() == *variable) {
            Some(setting) => {
                layer.0.insert(setting.name.to_owned(), Value::new(Some(variable), text.as_str()));
            }
            None => flaws.push(whole(variable, "the environment", no_such(table, Setting::variable))),
        }
    }
    layer
}

fn is_other(name: &str, other: &str) -> bool {
    if other.ends_with('_') { name.starts_with(other) } else { name == other }
}

fn from_flags(table: &'static [Setting], flags: &Flags) -> Layer {
    let origin = |name: &str| find(table, name).map(|setting| format!("--{}", setting.flag()));
    let values =
        flags.0.iter().map(|(name, text)| ((*name).to_owned(), Value::new(origin(name).as_ref(), text.as_str())));
    Layer(values.collect())
}

fn no_such(table: &[Setting], name: impl Fn(&Setting) -> String) -> String {
    let names: Vec<_> = table.iter().map(name).collect();
    format!("there is no such setting; take it away or write one of {}", names.join(", "))
}

fn whole(name: &str, origin: &str, instead: String) -> Flaw {
    Flaw { name: name.to_owned(), origin: origin.to_owned(), found: None, instead }
}
