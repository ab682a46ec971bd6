//! Where values come from: the defaults, the file, the environment, the flags.

use super::Flaw;
use super::table::{Setting, TABLE};
use config::{Config, ConfigError, FileFormat, Format, Map, Source, Value, ValueKind};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// What the settings are read from.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// From `--config`.
    pub file: Option<PathBuf>,
    /// The directory that paths are relative to and in which `frontrow.toml` is looked for.
    pub directory: PathBuf,
    /// The variables that begin with `FRONTROW_`.
    pub environment: BTreeMap<String, String>,
    /// The settings among the flags.
    pub flags: Flags,
}

/// The settings that were given as flags, by the setting's name.
#[derive(Clone, Debug, Default)]
pub struct Flags(pub BTreeMap<&'static str, String>);

/// Every setting's value, and what is wrong with where they came from.
pub struct Layers {
    pub values: Map<String, Value>,
    pub flaws: Vec<Flaw>,
}

/// Variables that begin like settings and are none.
const OTHERS: [&str; 4] = ["FRONTROW_CONFIG", "FRONTROW_TEST_", "FRONTROW_SIMULATION_", "FRONTROW_BENCH_"];
/// A file that is larger is no settings file.
const MOST_BYTES: u64 = 64 * 1024;

impl Layers {
    /// Lays the layers over each other.
    pub fn collect(given: &Given, own_defaults: &BTreeMap<&'static str, &'static str>) -> Self {
        let mut flaws = Vec::new();
        let layers = [
            Layer::of("the default", TABLE.iter().map(|setting| (setting.name, setting.default))),
            Layer::of("this command's default", own_defaults.iter().map(|(name, value)| (*name, *value))),
            from_file(given, &mut flaws),
            from_environment(&given.environment, &mut flaws),
            from_flags(&given.flags),
        ];
        let mut builder = Config::builder();
        for layer in layers {
            builder = builder.add_source(layer);
        }
        let values = builder.build().and_then(|config| config.cache.into_table());
        let values = values.unwrap_or_else(|error| {
            flaws.push(whole("the settings", "all together", error.to_string()));
            Map::new()
        });
        Self { values, flaws }
    }
}

/// One layer; every value knows where it comes from.
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

fn from_file(given: &Given, flaws: &mut Vec<Flaw>) -> Layer {
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
        Ok(values) => Layer(known(values, &origin, flaws)),
        Err(error) => {
            // What follows the first line quotes the file, which may have a password in it.
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
            Self::TooLarge => format!("a settings file has at most {MOST_BYTES} bytes"),
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
    file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(ReadError::Other)?;
    if text.len() as u64 > MOST_BYTES { Err(ReadError::TooLarge) } else { Ok(text) }
}

fn known(values: Map<String, Value>, origin: &str, flaws: &mut Vec<Flaw>) -> Map<String, Value> {
    let (known, unknown): (Map<_, _>, Map<_, _>) = values.into_iter().partition(|(name, _)| find(name).is_some());
    let mut names: Vec<_> = unknown.into_keys().collect();
    names.sort();
    flaws.extend(names.into_iter().map(|name| whole(&name, origin, no_such(|setting| setting.name.to_owned()))));
    // Laid over each other, lists and tables would forget where they come from.
    let plain = |value: Value| {
        if text_of(&value).is_some() { value } else { Value::new(Some(&origin.to_owned()), ValueKind::Nil) }
    };
    known.into_iter().map(|(name, value)| (name, plain(value))).collect()
}

fn from_environment(environment: &BTreeMap<String, String>, flaws: &mut Vec<Flaw>) -> Layer {
    let mut layer = Layer::default();
    let ours = environment.iter().filter(|(name, _)| !OTHERS.iter().any(|other| is_other(name, other)));
    for (variable, text) in ours {
        match TABLE.iter().find(|setting| setting.variable() == *variable) {
            Some(setting) => {
                layer.0.insert(setting.name.to_owned(), Value::new(Some(variable), text.as_str()));
            }
            None => flaws.push(whole(variable, "the environment", no_such(Setting::variable))),
        }
    }
    layer
}

fn is_other(name: &str, other: &str) -> bool {
    if other.ends_with('_') { name.starts_with(other) } else { name == other }
}

fn from_flags(flags: &Flags) -> Layer {
    let origin = |name: &str| find(name).map(|setting| format!("--{}", setting.flag()));
    let values =
        flags.0.iter().map(|(name, text)| ((*name).to_owned(), Value::new(origin(name).as_ref(), text.as_str())));
    Layer(values.collect())
}

fn find(name: &str) -> Option<&'static Setting> {
    TABLE.iter().find(|setting| setting.name == name)
}

fn no_such(name: impl Fn(&Setting) -> String) -> String {
    let names: Vec<_> = TABLE.iter().map(name).collect();
    format!("there is no such setting; take it away or write one of {}", names.join(", "))
}

fn whole(name: &str, origin: &str, instead: String) -> Flaw {
    Flaw { name: name.to_owned(), origin: origin.to_owned(), found: None, instead }
}

/// The value as it would be written in the environment; `None` for what is no plain value.
pub fn text_of(value: &Value) -> Option<String> {
    match &value.kind {
        ValueKind::String(text) => Some(text.clone()),
        ValueKind::I64(number) => Some(number.to_string()),
        ValueKind::Boolean(word) => Some(word.to_string()),
        _ => None,
    }
}
