//! `frontrow config`: the settings in force, and where they come from.

use super::layers::{Given, Layers};
use super::mask::mask_url;
use super::table::TABLE;
use super::value::text_of;
use std::collections::BTreeMap;
use std::io::{Result, Write};

/// Writes every setting as a line of the settings file, with the source of its value and with secrets masked. The
/// settings must have been checked.
pub fn show(given: &Given, out: &mut dyn Write) -> Result<()> {
    let layers = Layers::collect(TABLE, given, &BTreeMap::new());
    for setting in TABLE {
        let Some(value) = layers.values.get(setting.name) else { continue };
        let text = mask_url(&text_of(value).unwrap_or_default());
        writeln!(out, "{:<60} # {}", line(setting.name, &text), value.origin().unwrap_or_default())?;
    }
    Ok(())
}

fn line(name: &str, text: &str) -> String {
    let number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if number { format!("{name} = {text}") } else { format!("{name} = {text:?}") }
}
