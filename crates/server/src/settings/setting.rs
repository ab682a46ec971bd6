//! What there is to know of a setting.

/// One setting.
pub struct Setting {
    /// Its name in the file, such as `database_url`: `FRONTROW_DATABASE_URL` in the environment, `--database-url` as a
    /// flag.
    pub name: &'static str,
    /// The value if nobody sets it.
    pub default: &'static str,
    /// Which values it takes, for people.
    pub takes: &'static str,
    /// Its purpose, for people.
    pub purpose: &'static str,
}

impl Setting {
    /// Its name in the environment.
    pub fn variable(&self) -> String {
        format!("FRONTROW_{}", self.name.to_uppercase())
    }

    /// Its name as a flag, without the leading dashes.
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }
}

/// The setting of that name.
pub(super) fn find(table: &'static [Setting], name: &str) -> Option<&'static Setting> {
    table.iter().find(|setting| setting.name == name)
}
